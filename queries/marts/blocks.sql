-- Blocks that close now: `closing_days` says which open days make one block.
SELECT
    o.asn,
    o.test_type,
    c.first_day,
    c.last_day,
    CAST(sum(o.tests) AS BIGINT) AS tests,
    CAST(sum(o.votes) AS BIGINT) AS votes,
    CAST(count(DISTINCT CASE WHEN o.votes > 0 THEN o.counts_on END) AS BIGINT) AS vote_days
FROM open_parts AS o
INNER JOIN closing_days AS c ON c.asn = o.asn AND c.test_type = o.test_type AND c.counts_on = o.counts_on
GROUP BY o.asn, o.test_type, c.first_day, c.last_day
