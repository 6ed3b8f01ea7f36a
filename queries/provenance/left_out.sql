-- Where each ranked network would stand without one of its agents, everything else as it is: its score is made of the other
-- agents' votes, shrunk in the same way; the spread of its votes is taken to be the same. Nothing is left of a network
-- with a single agent: no row.
WITH by_agent AS (
    SELECT
        a.frame,
        a.test_type,
        a.asn,
        a.agent,
        CAST(sum(a.votes) AS BIGINT) AS votes,
        -- ln(1 + ms) for single tests, 1,000,000 for each household vote below A.
        CAST(sum(a.votes * CASE
            WHEN a.test_type = 'single' THEN CAST(b.mid_ln_millionths AS BIGINT)
            WHEN a.outcome <= 2 THEN 0
            ELSE 1000000
        END) AS BIGINT) AS value_sum
    FROM frame_agents AS a
    INNER JOIN bins AS b ON b.bin = a.outcome
    GROUP BY a.frame, a.test_type, a.asn, a.agent
),
totals AS (
    SELECT frame, test_type, asn, CAST(sum(votes) AS BIGINT) AS votes, CAST(sum(value_sum) AS BIGINT) AS value_sum
    FROM by_agent
    GROUP BY frame, test_type, asn
),
rests AS (
    SELECT
        p.contest,
        p.frame,
        p.test_type,
        p.asn,
        a.agent,
        p.score_millionths AS score_with,
        t.votes - a.votes AS votes,
        CAST(t.value_sum - a.value_sum AS DOUBLE) / (t.votes - a.votes) AS own,
        CAST(r.mean_millionths AS DOUBLE) AS centre,
        CAST(r.between_e12 AS DOUBLE) AS between_networks,
        CASE
            WHEN p.ranking = 'ms' THEN CAST(m.variance_e12 AS DOUBLE) * m.votes / (t.votes - a.votes)
            ELSE greatest(0, CAST(r.mean_millionths * (1000000 - r.mean_millionths) - r.between_e12 AS DOUBLE)) / (t.votes - a.votes)
        END AS sampling
    FROM places AS p
    INNER JOIN by_agent AS a ON a.frame = p.frame AND a.test_type = p.test_type AND a.asn = p.asn
    INNER JOIN totals AS t ON t.frame = p.frame AND t.test_type = p.test_type AND t.asn = p.asn
    INNER JOIN measures AS m
        ON m.frame = p.frame AND m.test_type = p.test_type AND m.hours = p.hours AND m.ranking = p.ranking AND m.asn = p.asn
    INNER JOIN priors AS r
        ON r.frame = p.frame AND r.test_type = p.test_type AND r.hours = p.hours AND r.ranking = p.ranking
    WHERE p.hours = 'all'
        AND ((p.test_type = 'single' AND p.ranking = 'ms') OR (p.test_type = 'household' AND p.ranking = 'reported'))
        AND t.votes > a.votes
),
rescored AS (
    SELECT
        contest,
        frame,
        test_type,
        asn,
        agent,
        votes,
        score_with,
        CAST(floor(CASE
            WHEN between_networks IS NULL OR between_networks + sampling = 0 THEN own
            ELSE centre + between_networks / (between_networks + sampling) * (own - centre)
        END + 0.5) AS BIGINT) AS score_without
    FROM rests
),
-- Ranked networks and networks without an agent in one line: how many ranked ones stand before each.
line AS (
    SELECT contest, score_millionths AS score, 1 AS is_ranked, asn, '' AS agent
    FROM places
    UNION ALL
    SELECT contest, score_without AS score, 0 AS is_ranked, asn, agent
    FROM rescored
    UNION ALL
    SELECT contest, score_with AS score, 0 AS is_ranked, asn, '*' AS agent
    FROM rescored
    GROUP BY contest, score_with, asn
),
counted AS (
    SELECT
        contest,
        asn,
        agent,
        CAST(sum(is_ranked) OVER (
            PARTITION BY contest ORDER BY score, is_ranked, asn, agent ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS BIGINT) AS before
    FROM line
)
SELECT
    r.frame,
    r.test_type,
    r.asn,
    r.agent,
    r.votes,
    r.score_without AS score_millionths,
    -- Its own place in the line does not count.
    abs(w.before - CASE WHEN r.score_with < r.score_without THEN 1 ELSE 0 END - o.before) AS places_shift
FROM rescored AS r
INNER JOIN counted AS w ON w.contest = r.contest AND w.asn = r.asn AND w.agent = r.agent
INNER JOIN counted AS o ON o.contest = r.contest AND o.asn = r.asn AND o.agent = '*'
