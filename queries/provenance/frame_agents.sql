-- Votes of each window by network, who sent them and what came out. Never published.
SELECT
    f.frame,
    b.test_type,
    b.asn,
    b.agent,
    b.outcome,
    CAST(sum(b.votes) AS BIGINT) AS votes
FROM block_agents AS b
INNER JOIN frame_days AS f ON f.day = b.last_day
WHERE f.kind = 'window'
GROUP BY f.frame, b.test_type, b.asn, b.agent, b.outcome
