-- Networks with enough votes to be listed in a window, over all hours or in the peak hours, and why one has no rank.
-- Each stands for itself: a network can have a rank over all hours and too few votes in the evening.
WITH by_block AS (
    SELECT f.frame, b.test_type, b.asn, 'all' AS hours, b.tests, b.votes, b.vote_days, b.first_day
    FROM blocks AS b
    INNER JOIN frame_days AS f ON f.day = b.last_day
    WHERE f.kind = 'window'
    UNION ALL
    -- A block that could be divided stands for one day at least.
    SELECT f.frame, b.test_type, b.asn, b.hours, sum(b.tests) AS tests, sum(b.votes) AS votes, 1 AS vote_days, b.first_day
    FROM block_parts AS b
    INNER JOIN frame_days AS f ON f.day = b.last_day
    WHERE f.kind = 'window' AND b.hours = 'peak'
    GROUP BY f.frame, b.test_type, b.asn, b.hours, b.first_day
),
summed AS (
    SELECT
        frame,
        test_type,
        asn,
        hours,
        CAST(sum(tests) AS BIGINT) AS tests,
        CAST(sum(votes) AS BIGINT) AS votes,
        CAST(sum(vote_days) AS BIGINT) AS vote_days,
        CAST(count(*) AS BIGINT) AS blocks,
        min(first_day) AS first_day
    FROM by_block
    GROUP BY frame, test_type, asn, hours
),
in_countries AS (
    SELECT f.frame, b.asn, b.country, sum(b.votes) AS votes
    FROM block_parts AS b
    INNER JOIN frame_days AS f ON f.day = b.last_day
    WHERE f.kind = 'window' AND b.country IS NOT NULL
    GROUP BY f.frame, b.asn, b.country
),
-- A network's home is the country of most of its votes of both types (ties by code).
homes AS (
    SELECT frame, asn, country, row_number() OVER (PARTITION BY frame, asn ORDER BY votes DESC, country) AS place
    FROM in_countries
)
SELECT
    s.frame,
    s.test_type,
    s.hours,
    s.asn,
    concat('AS', CAST(s.asn AS VARCHAR)) AS subject,
    h.country,
    k.kind,
    o.organisation,
    s.tests,
    s.votes,
    s.vote_days,
    s.blocks,
    s.first_day,
    CASE
        -- Its clients are servers, not homes.
        WHEN k.kind = 'hosting' THEN 'hosting_network'
        -- Too few votes for a place that means something.
        WHEN s.votes < p.ranked_votes THEN 'votes_below_gate'
        -- One bad evening is no network.
        WHEN s.vote_days < p.ranked_days THEN 'days_below_gate'
    END AS unranked_reason
FROM summed AS s
CROSS JOIN parameters AS p
LEFT JOIN homes AS h ON h.frame = s.frame AND h.asn = s.asn AND h.place = 1
LEFT JOIN asn_kinds AS k ON k.asn = s.asn
LEFT JOIN asn_organisations AS o ON o.asn = s.asn
-- Fewer votes say nothing about a network: it is not even listed.
WHERE s.votes >= p.listed_votes
