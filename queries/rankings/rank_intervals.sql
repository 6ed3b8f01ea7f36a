-- Between which places a network's true place lies, with 95 % confidence for all its comparisons together: two networks are
-- surely different if their scores differ by more than z √(s² + s²), with z = Φ⁻¹(1 - 0.025 / (N - 1)) for N networks
-- (Bonferroni; Goldstein and Spiegelhalter, Journal of the Royal Statistical Society A 159, 1996). z is looked up for the
-- next larger N that `critical_values` holds. Tied are those that are not surely different.
WITH sizes AS (
    SELECT contest, max(networks) AS networks
    FROM places
    GROUP BY contest
),
critical AS (
    SELECT s.contest, CAST(min(c.z_millionths) AS DOUBLE) / 1000000 AS z
    FROM sizes AS s
    INNER JOIN critical_values AS c ON c.networks >= s.networks
    GROUP BY s.contest
),
compared AS (
    SELECT p.contest, p.rank, CAST(p.score_millionths AS DOUBLE) AS score, c.z * c.z * p.score_variance_e12 AS variance
    FROM places AS p
    INNER JOIN critical AS c ON c.contest = p.contest
),
-- Every network against every other: N² pairs, so nothing but numbers here.
counted AS (
    SELECT
        a.contest,
        a.rank,
        count(*) FILTER (WHERE b.score < a.score) AS better,
        count(*) FILTER (WHERE b.score > a.score) AS worse
    FROM compared AS a
    INNER JOIN compared AS b ON b.contest = a.contest
    WHERE (a.score - b.score) * (a.score - b.score) > a.variance + b.variance
    GROUP BY a.contest, a.rank
)
SELECT
    p.frame,
    p.test_type,
    p.hours,
    p.ranking,
    p.asn,
    p.rank,
    CAST(1 + coalesce(c.better, 0) AS BIGINT) AS rank_low,
    CAST(p.networks - coalesce(c.worse, 0) AS BIGINT) AS rank_high,
    CAST(p.networks - 1 - coalesce(c.better, 0) - coalesce(c.worse, 0) AS BIGINT) AS ties
FROM places AS p
LEFT JOIN counted AS c ON c.contest = p.contest AND c.rank = p.rank
