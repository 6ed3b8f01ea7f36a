-- A block holds at least ten votes, and so does each part of it; its parts hold exactly its tests and votes, and every
-- part exactly its votes by the bins of the ranked quantity (single tests) and by grade under each policy. The agents'
-- votes add up to the block's, and no sum is told of fewer than ten votes. Only blocks that ended after $since_day are
-- looked at: older ones were, before the cut that published them, and do not change.
WITH by_bin AS (
    SELECT asn, test_type, first_day, coalesce(country, '') AS country, hours, sum(votes) AS votes
    FROM block_bins
    WHERE quantity = 'working' AND last_day > CAST($since_day AS DATE)
    GROUP BY asn, test_type, first_day, country, hours
),
by_policy AS (
    SELECT asn, test_type, first_day, coalesce(country, '') AS country, hours, policy, sum(votes) AS votes
    FROM block_grades
    WHERE last_day > CAST($since_day AS DATE)
    GROUP BY asn, test_type, first_day, country, hours, policy
),
by_grade AS (
    SELECT asn, test_type, first_day, country, hours, min(votes) AS fewest, max(votes) AS most, count(*) AS policies
    FROM by_policy
    GROUP BY asn, test_type, first_day, country, hours
),
by_part AS (
    SELECT
        p.asn,
        p.test_type,
        p.first_day,
        sum(p.tests) AS tests,
        sum(p.votes) AS votes,
        min(p.votes) AS smallest,
        count(*) FILTER (
            WHERE g.fewest IS NULL OR g.fewest <> p.votes OR g.most <> p.votes
                OR g.policies <> CASE WHEN p.test_type = 'single' THEN n.policies ELSE 1 END
                OR (p.test_type = 'single' AND (i.votes IS NULL OR i.votes <> p.votes))
                OR p.baseline_votes BETWEEN 1 AND $block_votes - 1
                OR p.bidirectional_votes BETWEEN 1 AND $block_votes - 1
        ) AS broken
    FROM block_parts AS p
    CROSS JOIN (SELECT count(*) AS policies FROM policy_thresholds) AS n
    LEFT JOIN by_bin AS i
        ON i.asn = p.asn AND i.test_type = p.test_type AND i.first_day = p.first_day
        AND i.country = coalesce(p.country, '') AND i.hours = p.hours
    LEFT JOIN by_grade AS g
        ON g.asn = p.asn AND g.test_type = p.test_type AND g.first_day = p.first_day
        AND g.country = coalesce(p.country, '') AND g.hours = p.hours
    WHERE p.last_day > CAST($since_day AS DATE)
    GROUP BY p.asn, p.test_type, p.first_day
),
by_agent AS (
    SELECT asn, test_type, first_day, sum(votes) AS votes
    FROM block_agents
    WHERE last_day > CAST($since_day AS DATE)
    GROUP BY asn, test_type, first_day
)
SELECT b.asn, b.test_type, b.first_day, b.votes
FROM blocks AS b
LEFT JOIN by_part AS p ON p.asn = b.asn AND p.test_type = b.test_type AND p.first_day = b.first_day
LEFT JOIN by_agent AS a ON a.asn = b.asn AND a.test_type = b.test_type AND a.first_day = b.first_day
WHERE b.last_day > CAST($since_day AS DATE)
    AND (
        b.votes < $block_votes
        OR b.tests < b.votes
        OR p.votes IS NULL OR p.votes <> b.votes OR p.tests <> b.tests OR p.smallest < $block_votes OR p.broken > 0
        OR a.votes IS NULL OR a.votes <> b.votes
    )
