-- How many results came on each of the last 90 closed days, and what became of them. The warehouse's statement, in tens.
SELECT
    d.came_on AS day,
    d.test_type,
    d.reason,
    CAST(10 * floor(CAST(d.tests AS DOUBLE) / 10) AS BIGINT) AS tests_in_tens
FROM daily_exclusions AS d
CROSS JOIN parameters AS p
WHERE d.came_on <= p.last_day AND d.came_on > p.last_day - 90
