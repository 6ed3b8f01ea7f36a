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
    SELECT
        p.contest,
        p.rank,
        floor(CAST(p.rank - 1 AS DOUBLE) / 64) AS stretch,
        CAST(p.score_millionths AS DOUBLE) AS score,
        c.z * c.z * p.score_variance_e12 AS variance
    FROM places AS p
    INNER JOIN critical AS c ON c.contest = p.contest
),
-- Not every network against every other, which would be N² pairs: first against stretches of 64 neighbours as a whole.
stretches AS (
    SELECT
        contest,
        stretch,
        CAST(count(*) AS BIGINT) AS networks,
        min(score) AS least_score,
        max(score) AS most_score,
        min(variance) AS least_variance,
        max(variance) AS most_variance
    FROM compared
    GROUP BY contest, stretch
),
faced AS (
    SELECT
        a.contest,
        a.rank,
        a.score,
        a.variance,
        s.stretch,
        s.networks,
        -- Its nearest network is far enough away even with the largest variance: so are all.
        s.most_score < a.score
            AND (a.score - s.most_score) * (a.score - s.most_score) > a.variance + s.most_variance AS all_better,
        s.least_score > a.score
            AND (a.score - s.least_score) * (a.score - s.least_score) > a.variance + s.most_variance AS all_worse,
        -- Its farthest network is too near even with the smallest variance: so are all.
        greatest(
            (a.score - s.least_score) * (a.score - s.least_score), (a.score - s.most_score) * (a.score - s.most_score)
        ) <= a.variance + s.least_variance AS all_tied
    FROM compared AS a
    INNER JOIN stretches AS s ON s.contest = a.contest
),
counts AS (
    SELECT
        contest,
        rank,
        CASE WHEN all_better THEN networks ELSE 0 END AS better,
        CASE WHEN all_worse THEN networks ELSE 0 END AS worse
    FROM faced
    WHERE all_better OR all_worse
    UNION ALL
    -- The stretches between: one network against another.
    SELECT
        f.contest,
        f.rank,
        CAST(CASE WHEN b.score < f.score THEN 1 ELSE 0 END AS BIGINT) AS better,
        CAST(CASE WHEN b.score > f.score THEN 1 ELSE 0 END AS BIGINT) AS worse
    FROM faced AS f
    INNER JOIN compared AS b ON b.contest = f.contest AND b.stretch = f.stretch
    WHERE NOT f.all_better AND NOT f.all_worse AND NOT f.all_tied
        AND (f.score - b.score) * (f.score - b.score) > f.variance + b.variance
),
counted AS (
    SELECT contest, rank, CAST(sum(better) AS BIGINT) AS better, CAST(sum(worse) AS BIGINT) AS worse
    FROM counts
    GROUP BY contest, rank
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
