-- Live counts of every acknowledged result by test day, network, type and agent, with what rankings leave out and why.
-- Not public: open days change until they close.
SELECT
    p.test_date,
    p.asn,
    p.test_type,
    p.agent,
    CAST(sum(p.tests) AS BIGINT) AS tests,
    CAST(sum(p.votes) AS BIGINT) AS votes,
    CAST(sum(p.unmeasured) AS BIGINT) AS unmeasured,
    CASE
        WHEN max(w.agent) IS NOT NULL THEN 'withdrawn'
        WHEN p.asn IS NULL THEN 'no_asn'
        WHEN p.agent <> 'direct' AND p.agent NOT LIKE 'import-%' AND max(b.bound_at) IS NULL THEN 'foreign_asn'
    END AS excluded_reason
FROM daily_parts AS p
LEFT JOIN bindings AS b
    ON b.agent = p.agent AND b.asn = p.asn AND b.bound_at < CAST(p.test_date AS TIMESTAMP) + INTERVAL '91' DAY
LEFT JOIN withdrawn_days AS w ON w.agent = p.agent AND w.test_date = p.test_date
GROUP BY p.test_date, p.asn, p.test_type, p.agent
