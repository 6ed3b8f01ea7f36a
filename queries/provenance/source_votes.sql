-- Votes by source and outcome of each listed network that has several sources: each agent (`direct` is the warehouse itself),
-- and where there are several agents beside `direct`, `*` for these together. A single source says what its network does.
WITH several AS (
    SELECT
        a.frame,
        a.test_type,
        a.asn,
        min(a.agent) FILTER (WHERE a.agent <> 'direct') <> max(a.agent) FILTER (WHERE a.agent <> 'direct') AS has_agents
    FROM frame_agents AS a
    INNER JOIN networks AS n ON n.frame = a.frame AND n.test_type = a.test_type AND n.asn = a.asn AND n.hours = 'all'
    GROUP BY a.frame, a.test_type, a.asn
    HAVING min(a.agent) <> max(a.agent)
)
SELECT a.frame, a.test_type, a.asn, a.agent AS source, a.outcome, a.votes
FROM frame_agents AS a
INNER JOIN several AS s ON s.frame = a.frame AND s.test_type = a.test_type AND s.asn = a.asn
UNION ALL
SELECT a.frame, a.test_type, a.asn, '*' AS source, a.outcome, CAST(sum(a.votes) AS BIGINT) AS votes
FROM frame_agents AS a
INNER JOIN several AS s ON s.frame = a.frame AND s.test_type = a.test_type AND s.asn = a.asn
WHERE a.agent <> 'direct' AND s.has_agents
GROUP BY a.frame, a.test_type, a.asn, a.outcome
