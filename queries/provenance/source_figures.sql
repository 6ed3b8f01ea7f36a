-- What each source says of a network: the median of single tests and the share of household votes at A or better, with
-- the intervals of quantiles and grade_shares, the latter in whole percents, rounded outwards.
WITH reached AS (
    SELECT
        frame,
        test_type,
        asn,
        source,
        outcome,
        votes,
        CAST(sum(votes) OVER (
            PARTITION BY frame, test_type, asn, source ORDER BY outcome ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS BIGINT) AS reached,
        CAST(sum(votes) OVER (PARTITION BY frame, test_type, asn, source) AS BIGINT) AS all_votes
    FROM source_votes
),
found AS (
    SELECT
        frame,
        test_type,
        asn,
        source,
        all_votes AS votes,
        min(b.mid_hundredths) FILTER (WHERE 2 * reached >= all_votes) AS p50,
        min(b.lower_hundredths) FILTER (WHERE reached >= greatest(1, floor((all_votes - 1.96 * sqrt(all_votes)) / 2))) AS p50_low,
        min(b.upper_hundredths) FILTER (WHERE reached >= least(all_votes, ceil((all_votes + 1.96 * sqrt(all_votes)) / 2) + 1)) AS p50_high,
        CAST(all_votes AS DOUBLE) AS n,
        CAST(coalesce(sum(votes) FILTER (WHERE outcome <= 2), 0) AS DOUBLE) / CAST(all_votes AS DOUBLE) AS share
    FROM reached
    INNER JOIN bins AS b ON b.bin = outcome
    GROUP BY frame, test_type, asn, source, all_votes
),
-- A single source says what its network does.
sole AS (
    SELECT frame, test_type, asn, min(agent) AS source
    FROM frame_agents
    GROUP BY frame, test_type, asn
    HAVING min(agent) = max(agent)
),
said AS (
    SELECT frame, test_type, asn, source, votes, p50, p50_low, CAST(p50_high AS BIGINT) - 1 AS p50_high, n, share
    FROM found
    UNION ALL
    SELECT
        s.frame,
        s.test_type,
        s.asn,
        s.source,
        n.votes,
        q.p50_hundredths AS p50,
        q.p50_low_hundredths AS p50_low,
        q.p50_high_hundredths AS p50_high,
        CAST(n.votes AS DOUBLE) AS n,
        CAST(g.votes_a_plus + g.votes_a AS DOUBLE) / CAST(g.votes AS DOUBLE) AS share
    FROM sole AS s
    INNER JOIN networks AS n ON n.frame = s.frame AND n.test_type = s.test_type AND n.asn = s.asn AND n.hours = 'all'
    LEFT JOIN quantiles AS q
        ON q.frame = n.frame AND q.test_type = n.test_type AND q.subject = n.subject AND q.hours = 'all' AND q.quantity = 'working'
    LEFT JOIN grade_shares AS g
        ON g.frame = n.frame AND g.test_type = n.test_type AND g.subject = n.subject AND g.hours = 'all' AND g.policy = 'reported'
)
SELECT
    f.frame,
    f.test_type,
    f.asn,
    f.source,
    f.votes,
    -- Household tests measure no latency: their outcomes are places of grades.
    CASE WHEN f.test_type = 'single' THEN CAST(f.p50 AS BIGINT) END AS p50_hundredths,
    CASE WHEN f.test_type = 'single' THEN CAST(f.p50_low AS BIGINT) END AS p50_low_hundredths,
    CASE WHEN f.test_type = 'single' THEN f.p50_high END AS p50_high_hundredths,
    CASE WHEN f.test_type = 'household' THEN CAST(floor(100 * f.share + 0.5) AS BIGINT) END AS share_percent,
    CASE
        WHEN f.test_type = 'household'
            THEN CAST(floor(100 * greatest(0.0,
                (f.share + 1.9208 / f.n - 1.96 * sqrt(f.share * (1 - f.share) / f.n + 0.9604 / (f.n * f.n))) / (1 + 3.8416 / f.n)
            )) AS BIGINT)
    END AS share_low_percent,
    CASE
        WHEN f.test_type = 'household'
            THEN CAST(ceil(100 * least(1.0,
                (f.share + 1.9208 / f.n + 1.96 * sqrt(f.share * (1 - f.share) / f.n + 0.9604 / (f.n * f.n))) / (1 + 3.8416 / f.n)
            )) AS BIGINT)
    END AS share_high_percent
FROM said AS f
