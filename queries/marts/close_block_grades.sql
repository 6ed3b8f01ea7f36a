-- The blocks that close now by policy and letter grade.
SELECT
    o.asn,
    o.test_type,
    c.first_day,
    c.last_day,
    o.policy,
    o.grade,
    CAST(sum(o.votes) AS BIGINT) AS votes
FROM open_grades AS o
INNER JOIN closing_days AS c ON c.asn = o.asn AND c.test_type = o.test_type AND c.counts_on = o.counts_on
GROUP BY o.asn, o.test_type, c.first_day, c.last_day, o.policy, o.grade
