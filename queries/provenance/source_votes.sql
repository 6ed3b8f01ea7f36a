-- Votes of each listed network by source and outcome: each agent (`direct` is the warehouse itself), and `*` for all agents
-- but `direct` together.
SELECT a.frame, a.test_type, a.asn, a.agent AS source, a.outcome, a.votes
FROM frame_agents AS a
INNER JOIN networks AS n ON n.frame = a.frame AND n.test_type = a.test_type AND n.asn = a.asn AND n.hours = 'all'
UNION ALL
SELECT a.frame, a.test_type, a.asn, '*' AS source, a.outcome, CAST(sum(a.votes) AS BIGINT) AS votes
FROM frame_agents AS a
INNER JOIN networks AS n ON n.frame = a.frame AND n.test_type = a.test_type AND n.asn = a.asn AND n.hours = 'all'
WHERE a.agent <> 'direct'
GROUP BY a.frame, a.test_type, a.asn, a.outcome
