-- What each listed network is compared by, in each ranking, as a mean of its votes and that mean's sampling variance; lower
-- is better. `ms`: the mean of ln(1 + working-latency increase in ms), in millionths. Each policy: the share of votes
-- below A, in millionths; its variance is p (1 - p) / (n - 1). Variances are in millionths squared.
WITH listed AS (
    SELECT n.frame, n.test_type, n.hours, n.asn, s.series
    FROM networks AS n
    INNER JOIN series AS s
        ON s.frame = n.frame AND s.test_type = n.test_type AND s.hours = n.hours AND s.quantity = 'working'
),
logarithms AS (
    SELECT
        bin,
        CAST(mid_ln_millionths AS BIGINT) AS millionths,
        -- Coarser for squares, which a BIGINT then holds for a hundred million votes.
        CAST(floor((CAST(mid_ln_millionths AS DOUBLE) + 50) / 100) AS BIGINT) AS ten_thousandths
    FROM bins
),
sums AS (
    SELECT
        n.series,
        n.asn,
        CAST(sum(v.votes) AS BIGINT) AS votes,
        CAST(sum(v.votes * l.millionths) AS BIGINT) AS ln_sum,
        CAST(sum(v.votes * l.ten_thousandths) AS BIGINT) AS coarse_sum,
        CAST(sum(v.votes * l.ten_thousandths * l.ten_thousandths) AS BIGINT) AS square_sum
    FROM listed AS n
    INNER JOIN subject_bins AS v ON v.series = n.series AND v.subject_number = n.asn
    INNER JOIN logarithms AS l ON l.bin = v.bin
    GROUP BY n.series, n.asn
),
means AS (
    SELECT
        series,
        asn,
        votes,
        coarse_sum,
        square_sum,
        CAST(floor(CAST(ln_sum AS DOUBLE) / votes + 0.5) AS BIGINT) AS mean_millionths,
        CAST(floor(CAST(ln_sum AS DOUBLE) / (100 * votes) + 0.5) AS BIGINT) AS centre
    FROM sums
),
-- Around the mean, still in integers, so that what becomes a DOUBLE is small.
deviations AS (
    SELECT
        series,
        asn,
        votes,
        mean_millionths,
        CAST(coarse_sum - centre * votes AS DOUBLE) AS deviations,
        CAST(square_sum - 2 * centre * coarse_sum + centre * centre * votes AS DOUBLE) AS squares
    FROM means
),
spreads AS (
    SELECT s.frame, s.test_type, s.hours, d.asn, d.votes, d.mean_millionths, d.deviations, d.squares
    FROM deviations AS d
    INNER JOIN series AS s ON s.series = d.series
)
SELECT
    frame,
    test_type,
    hours,
    'ms' AS ranking,
    asn,
    votes,
    mean_millionths AS value_millionths,
    -- The variance of the votes, divided by their number; a ten-thousandth squared is 10,000 millionths squared.
    CAST(floor(10000 * greatest(0, squares - deviations * deviations / votes) / greatest(1, votes - 1) / votes + 0.5) AS BIGINT) AS variance_e12
FROM spreads
UNION ALL
SELECT
    n.frame,
    n.test_type,
    n.hours,
    s.policy AS ranking,
    n.asn,
    s.votes,
    1000000 - s.share_millionths AS value_millionths,
    CAST(floor(CAST(s.share_millionths * (1000000 - s.share_millionths) AS DOUBLE) / greatest(1, s.votes - 1) + 0.5) AS BIGINT) AS variance_e12
FROM networks AS n
INNER JOIN grade_shares AS s
    ON s.frame = n.frame AND s.test_type = n.test_type AND s.hours = n.hours AND s.subject = n.subject
