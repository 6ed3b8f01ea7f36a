-- The blocks of a network and test type follow one another: no day belongs to two of them.
SELECT asn, test_type, first_day, last_day, day_before
FROM (
    SELECT
        asn,
        test_type,
        first_day,
        last_day,
        lag(last_day) OVER (PARTITION BY asn, test_type ORDER BY first_day) AS day_before
    FROM blocks
) AS in_order
WHERE first_day <= day_before OR last_day < first_day
