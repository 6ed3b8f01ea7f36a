-- Every result of the lake with each reason for which rankings leave it out, and the day on which it counts.
-- Nothing is dropped here: whoever counts says `WHERE is_valid`, and the reasons stay countable.
SELECT
    r.test_date,
    r.test_type,
    r.asn,
    r.agent,
    r.country,
    -- The evening is when lines are full: 19 to 23 h by the standard time of the client's country. A test of an unknown
    -- country is not known to be of the evening.
    CASE
        WHEN (CAST(extract(hour FROM r.tested_hour) AS INTEGER) * 60 + o.offset_minutes + 1440) % 1440 BETWEEN 1140 AND 1379
            THEN 'peak'
        ELSE 'off_peak'
    END AS hours,
    r.ip_version,
    r.vote_day,
    r.vote_month,
    r.baseline,
    r.working_increase,
    r.download_increase,
    r.upload_increase,
    r.bidirectional_increase,
    r.ranked_bin,
    r.download_bin,
    r.upload_bin,
    r.bidirectional_bin,
    r.download_rate,
    r.upload_rate,
    r.grade_overall,
    -- The operator took the agent's results of this day back (`warehouse withdraw`).
    w.agent IS NOT NULL AS is_withdrawn,
    -- The address belonged to no known network, so there is nothing to rank.
    r.asn IS NULL AS is_without_asn,
    -- The agent may not speak for this network; `warehouse agents bind` within 90 days of the test releases the row.
    -- (Later it would count in a block long after its own month has gone from the lake.)
    r.asn IS NOT NULL AND r.agent <> 'direct' AND r.agent NOT LIKE 'import-%' AND b.bound_at IS NULL AS is_foreign_asn,
    -- The test lacks the quantity by which its type is ranked, so it cannot be compared.
    CASE r.test_type WHEN 'single' THEN r.working_increase IS NULL ELSE r.grade_overall IS NULL END AS is_unmeasured,
    w.agent IS NULL
        AND r.asn IS NOT NULL
        AND (r.agent = 'direct' OR r.agent LIKE 'import-%' OR b.bound_at IS NOT NULL)
        AND CASE r.test_type WHEN 'single' THEN r.working_increase IS NOT NULL ELSE r.grade_overall IS NOT NULL END
        AS is_valid,
    -- A result counts on its own day if it was here, and its agent bound, before that day closed 24 hours after its end.
    -- Otherwise it counts on the day on which both were true, so that a closed day never changes.
    CASE
        WHEN r.arrived_hour < CAST(r.test_date AS TIMESTAMP) + INTERVAL '2' DAY
            AND (b.bound_at IS NULL OR b.bound_at < CAST(r.test_date AS TIMESTAMP) + INTERVAL '2' DAY)
            THEN r.test_date
        WHEN b.bound_at > r.arrived_hour THEN CAST(b.bound_at AS DATE)
        ELSE CAST(r.arrived_hour AS DATE)
    END AS counts_on
FROM results AS r
LEFT JOIN bindings AS b
    ON b.agent = r.agent AND b.asn = r.asn AND b.bound_at < CAST(r.test_date AS TIMESTAMP) + INTERVAL '91' DAY
LEFT JOIN withdrawn_days AS w ON w.agent = r.agent AND w.test_date = r.test_date
LEFT JOIN country_offsets AS o ON o.country = r.country
