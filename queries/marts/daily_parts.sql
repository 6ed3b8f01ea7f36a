-- What newly sealed results add to the live counts. Bindings and withdrawals are applied when `daily` is read, because
-- they may change after the result came.
SELECT
    test_date,
    -- The day on which it would count if its agent were bound: its own, or the day of its arrival if that day was closed.
    CASE
        WHEN arrived_hour < CAST(test_date AS TIMESTAMP) + INTERVAL '2' DAY THEN test_date
        ELSE CAST(arrived_hour AS DATE)
    END AS came_on,
    asn,
    test_type,
    agent,
    CAST(count(*) AS BIGINT) AS tests,
    CAST(count(*) FILTER (WHERE vote_month) AS BIGINT) AS votes,
    CAST(count(*) FILTER (WHERE CASE test_type WHEN 'single' THEN working_increase IS NULL ELSE grade_overall IS NULL END) AS BIGINT) AS unmeasured
FROM results
GROUP BY 1, 2, asn, test_type, agent
