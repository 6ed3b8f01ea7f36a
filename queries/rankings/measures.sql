-- What each listed network is compared by, in each ranking, as a mean of its votes and that mean's sampling variance; lower
-- is better. `ms`: the mean of ln(1 + working-latency increase in ms), in millionths. Each policy: the share of votes
-- below A, in millionths; its variance is p (1 - p) / (n - 1). Variances are in millionths squared.
WITH listed AS (
    SELECT n.frame, n.test_type, n.hours, n.asn, n.subject, s.series
    FROM networks AS n
    INNER JOIN series AS s
        ON s.frame = n.frame AND s.test_type = n.test_type AND s.hours = n.hours AND s.quantity = 'working'
),
sums AS (
    SELECT
        n.series,
        n.asn,
        n.subject,
        CAST(sum(v.votes) AS BIGINT) AS votes,
        CAST(sum(v.votes * CAST(b.mid_ln_millionths AS BIGINT)) AS BIGINT) AS ln_sum
    FROM listed AS n
    INNER JOIN subject_bins AS v ON v.series = n.series AND v.subject = n.subject
    INNER JOIN bins AS b ON b.bin = v.bin
    GROUP BY n.series, n.asn, n.subject
),
means AS (
    SELECT
        series,
        asn,
        subject,
        votes,
        CAST(floor(CAST(ln_sum AS DOUBLE) / votes + 0.5) AS BIGINT) AS mean_millionths,
        -- Near the mean, so that squares stay small: in ten-thousandths.
        CAST(floor(CAST(ln_sum AS DOUBLE) / (100 * votes) + 0.5) AS BIGINT) AS centre
    FROM sums
),
coarse_bins AS (
    SELECT bin, CAST(floor((CAST(mid_ln_millionths AS DOUBLE) + 50) / 100) AS BIGINT) AS mid_ln_ten_thousandths
    FROM bins
),
deviations AS (
    SELECT
        m.series,
        m.asn,
        m.votes,
        m.mean_millionths,
        CAST(sum(v.votes * (b.mid_ln_ten_thousandths - m.centre)) AS DOUBLE) AS deviations,
        CAST(sum(v.votes * (b.mid_ln_ten_thousandths - m.centre) * (b.mid_ln_ten_thousandths - m.centre)) AS DOUBLE) AS squares
    FROM means AS m
    INNER JOIN subject_bins AS v ON v.series = m.series AND v.subject = m.subject
    INNER JOIN coarse_bins AS b ON b.bin = v.bin
    GROUP BY m.series, m.asn, m.votes, m.mean_millionths
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
