-- What newly sealed results add to the live counts. Bindings and withdrawals are applied when `daily` is read, because
-- they may change after the result came.
SELECT
    test_date,
    asn,
    test_type,
    agent,
    CAST(count(*) AS BIGINT) AS tests,
    CAST(count(*) FILTER (WHERE vote_month) AS BIGINT) AS votes,
    CAST(count(*) FILTER (WHERE CASE test_type WHEN 'single' THEN working_increase IS NULL ELSE grade_overall IS NULL END) AS BIGINT) AS unmeasured
FROM results
GROUP BY test_date, asn, test_type, agent
