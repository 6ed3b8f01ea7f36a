-- What each listed network is compared by, in each ranking, as a mean of its votes and that mean's sampling variance; lower
-- is better. `ms`: the mean of ln(1 + working-latency increase in ms), in millionths. Each policy: the share of votes
-- below A, in millionths; its variance is p (1 - p) / (n - 1). Variances are in millionths squared.
WITH sums AS (
    SELECT
        n.frame,
        n.test_type,
        n.hours,
        n.asn,
        CAST(sum(s.votes) AS BIGINT) AS votes,
        CAST(sum(s.votes * CAST(b.mid_ln_millionths AS BIGINT)) AS BIGINT) AS ln_sum
    FROM networks AS n
    INNER JOIN subject_bins AS s
        ON s.frame = n.frame AND s.test_type = n.test_type AND s.hours = n.hours AND s.subject = n.subject
    INNER JOIN bins AS b ON b.bin = s.bin
    WHERE s.quantity = 'working'
    GROUP BY n.frame, n.test_type, n.hours, n.asn
),
means AS (
    SELECT
        frame,
        test_type,
        hours,
        asn,
        concat('AS', CAST(asn AS VARCHAR)) AS subject,
        votes,
        ln_sum,
        CAST(floor(CAST(ln_sum AS DOUBLE) / votes + 0.5) AS BIGINT) AS mean_millionths,
        -- Near the mean, so that squares stay small: in ten-thousandths.
        CAST(floor(CAST(ln_sum AS DOUBLE) / (100 * votes) + 0.5) AS BIGINT) AS centre
    FROM sums
),
spreads AS (
    SELECT
        m.frame,
        m.test_type,
        m.hours,
        m.asn,
        m.votes,
        m.mean_millionths,
        CAST(sum(s.votes * (b.mid_ln_ten_thousandths - m.centre)) AS DOUBLE) AS deviations,
        CAST(sum(s.votes * (b.mid_ln_ten_thousandths - m.centre) * (b.mid_ln_ten_thousandths - m.centre)) AS DOUBLE) AS squares
    FROM means AS m
    INNER JOIN subject_bins AS s
        ON s.frame = m.frame AND s.test_type = m.test_type AND s.hours = m.hours AND s.subject = m.subject
    INNER JOIN (SELECT bin, CAST(floor((CAST(mid_ln_millionths AS DOUBLE) + 50) / 100) AS BIGINT) AS mid_ln_ten_thousandths FROM bins) AS b
        ON b.bin = s.bin
    WHERE s.quantity = 'working'
    GROUP BY m.frame, m.test_type, m.hours, m.asn, m.votes, m.mean_millionths
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
