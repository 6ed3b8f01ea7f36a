-- What became of the results of each closed day, as the warehouse states it.
SELECT
    c.day,
    c.test_type AS mode,
    c.reason,
    c.tests_in_tens
FROM coverage AS c
