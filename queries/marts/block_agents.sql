-- The blocks that close now by who sent the votes and what came out. Never published: provenance is made of it.
SELECT
    o.asn,
    o.test_type,
    c.first_day,
    c.last_day,
    o.agent,
    o.outcome,
    CAST(sum(o.votes) AS BIGINT) AS votes
FROM open_agents AS o
INNER JOIN closing_days AS c ON c.asn = o.asn AND c.test_type = o.test_type AND c.counts_on = o.counts_on
GROUP BY o.asn, o.test_type, c.first_day, c.last_day, o.agent, o.outcome
