-- Each listed network's measure, shrunk towards the mean of all by as much as chance may have moved it (empirical Bayes;
-- Efron and Morris, Journal of the American Statistical Association 70, 1975): score = mean + w (value - mean) with
-- w = between / (between + sampling). For shares the sampling variance is the beta-binomial one, (μ (1 - μ) - between) / n,
-- which is never 0 for a network whose votes all say the same.
WITH weighed AS (
    SELECT
        m.frame,
        m.test_type,
        m.hours,
        m.ranking,
        m.asn,
        m.votes,
        CAST(m.value_millionths AS DOUBLE) AS own,
        CAST(p.mean_millionths AS DOUBLE) AS centre,
        CAST(p.between_e12 AS DOUBLE) AS between_networks,
        CAST(p.mean_millionths * (1000000 - p.mean_millionths) AS DOUBLE) AS binomial,
        CASE
            WHEN m.ranking = 'ms' THEN CAST(m.variance_e12 AS DOUBLE)
            ELSE greatest(0, CAST(p.mean_millionths * (1000000 - p.mean_millionths) - p.between_e12 AS DOUBLE)) / m.votes
        END AS sampling
    FROM measures AS m
    INNER JOIN priors AS p
        ON p.frame = m.frame AND p.test_type = m.test_type AND p.hours = m.hours AND p.ranking = m.ranking
),
weights AS (
    SELECT
        frame,
        test_type,
        hours,
        ranking,
        asn,
        votes,
        own,
        centre,
        between_networks,
        binomial,
        sampling,
        -- One network alone is not shrunk, nor is one that chance cannot have moved.
        CASE
            WHEN between_networks IS NULL OR between_networks + sampling = 0 THEN CAST(1 AS DOUBLE)
            ELSE between_networks / (between_networks + sampling)
        END AS weight
    FROM weighed
),
shrunk AS (
    SELECT
        frame,
        test_type,
        hours,
        ranking,
        asn,
        votes,
        CAST(floor(centre + weight * (own - centre) + 0.5) AS BIGINT) AS score_millionths,
        between_networks,
        binomial,
        weight * sampling AS normal_variance
    FROM weights
),
-- Between which bins' middles a score lies: ln(1 + ms) is turned back into ms on the straight line between them.
ladder AS (
    SELECT
        CAST(bin AS BIGINT) AS bin,
        CAST(mid_hundredths AS DOUBLE) AS mid,
        CAST(mid_ln_millionths AS BIGINT) AS ln_from,
        CAST(lead(mid_hundredths) OVER (ORDER BY bin) AS DOUBLE) AS mid_next,
        CAST(lead(mid_ln_millionths) OVER (ORDER BY bin) AS BIGINT) AS ln_next
    FROM bins
),
-- Bins and scores in one line: a score stands behind the last bin that begins at or before it.
line AS (
    SELECT ln_from AS ln, bin
    FROM ladder
    UNION ALL
    SELECT DISTINCT score_millionths AS ln, CAST(NULL AS BIGINT) AS bin
    FROM shrunk
    WHERE ranking = 'ms'
),
steps AS (
    SELECT
        ln,
        bin,
        max(bin) OVER (ORDER BY ln, CASE WHEN bin IS NULL THEN 1 ELSE 0 END, bin ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS bin_before
    FROM line
),
in_ms AS (
    SELECT
        s.ln AS score_millionths,
        CAST(floor(CASE
            WHEN l.ln_next IS NULL THEN l.mid
            ELSE l.mid + CAST(s.ln - l.ln_from AS DOUBLE) * (l.mid_next - l.mid) / (l.ln_next - l.ln_from)
        END + 0.5) AS BIGINT) AS score_hundredths
    FROM steps AS s
    INNER JOIN ladder AS l ON l.bin = s.bin_before
    WHERE s.bin IS NULL
)
SELECT
    s.frame,
    s.test_type,
    s.hours,
    s.ranking,
    s.asn,
    s.votes,
    s.score_millionths,
    CASE
        WHEN s.ranking = 'ms' THEN CAST(floor(s.normal_variance + 0.5) AS BIGINT)
        WHEN s.between_networks > 0
            -- The variance of the beta distribution that the votes make of the prior: m (1 - m) / (n + 1 + a + b).
            THEN CAST(floor(CAST(s.score_millionths * (1000000 - s.score_millionths) AS DOUBLE) / (s.votes + s.binomial / s.between_networks) + 0.5) AS BIGINT)
        ELSE 0
    END AS score_variance_e12,
    m.score_hundredths
FROM shrunk AS s
LEFT JOIN in_ms AS m ON m.score_millionths = CASE WHEN s.ranking = 'ms' THEN s.score_millionths END
