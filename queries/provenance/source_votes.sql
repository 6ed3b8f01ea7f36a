-- Votes of each listed network by source and outcome: each agent (`direct` is the warehouse itself), and where there are
-- several agents beside `direct`, `*` for these together.
WITH listed AS (
    SELECT a.frame, a.test_type, a.asn, a.agent, a.outcome, a.votes
    FROM frame_agents AS a
    INNER JOIN networks AS n ON n.frame = a.frame AND n.test_type = a.test_type AND n.asn = a.asn AND n.hours = 'all'
),
several AS (
    SELECT frame, test_type, asn
    FROM listed
    WHERE agent <> 'direct'
    GROUP BY frame, test_type, asn
    HAVING min(agent) <> max(agent)
)
SELECT frame, test_type, asn, agent AS source, outcome, votes
FROM listed
UNION ALL
SELECT l.frame, l.test_type, l.asn, '*' AS source, l.outcome, CAST(sum(l.votes) AS BIGINT) AS votes
FROM listed AS l
INNER JOIN several AS s ON s.frame = l.frame AND s.test_type = l.test_type AND s.asn = l.asn
WHERE l.agent <> 'direct'
GROUP BY l.frame, l.test_type, l.asn, l.outcome
