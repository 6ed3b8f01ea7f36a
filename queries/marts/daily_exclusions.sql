-- What became of every result by the day on which it came in time, or else arrived: counted, or left out for which reason.
-- Quarantined records never reach the lake: their counts stand with each agent's marks.
WITH reasons AS (
    SELECT
        p.came_on,
        p.test_type,
        p.tests,
        p.unmeasured,
        CASE
            WHEN w.agent IS NOT NULL THEN 'withdrawn'
            WHEN p.asn IS NULL THEN 'no_asn'
            WHEN p.agent <> 'direct' AND p.agent NOT LIKE 'import-%' AND b.bound_at IS NULL THEN 'foreign_asn'
        END AS reason
    FROM daily_parts AS p
    LEFT JOIN bindings AS b
        ON b.agent = p.agent AND b.asn = p.asn AND b.bound_at < CAST(p.test_date AS TIMESTAMP) + INTERVAL '91' DAY
    LEFT JOIN withdrawn_days AS w ON w.agent = p.agent AND w.test_date = p.test_date
)
SELECT came_on, test_type, coalesce(reason, 'counted') AS reason, CAST(sum(tests - CASE WHEN reason IS NULL THEN unmeasured ELSE 0 END) AS BIGINT) AS tests
FROM reasons
GROUP BY came_on, test_type, coalesce(reason, 'counted')
UNION ALL
-- Only results that nothing else leaves out.
SELECT came_on, test_type, 'unmeasured' AS reason, CAST(sum(unmeasured) AS BIGINT) AS tests
FROM reasons
WHERE reason IS NULL AND unmeasured > 0
GROUP BY came_on, test_type
