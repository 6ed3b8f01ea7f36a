-- Where each network's blocks go on when old months are dropped. Results of dropped days can count up to
-- 91 days later (late arrival or binding), so the blocks that stay begin where that is over: at $first_block or later.
-- Until then the days hold only a part of what counted on them, and are left out of every rebuild.
WITH known AS (
    SELECT asn, test_type, min(first_day) FILTER (WHERE first_day >= CAST($first_block AS DATE)) AS kept, max(last_day) AS last_day
    FROM blocks
    GROUP BY asn, test_type
    UNION ALL
    SELECT asn, test_type, NULL AS kept, NULL AS last_day
    FROM waiting_parts
    UNION ALL
    SELECT asn, test_type, NULL AS kept, next_day - 1 AS last_day
    FROM resume
)
SELECT
    asn,
    test_type,
    coalesce(min(kept), greatest(max(last_day) + 1, CAST($first_block AS DATE)), CAST($first_block AS DATE)) AS next_day
FROM known
GROUP BY asn, test_type
ORDER BY asn, test_type
