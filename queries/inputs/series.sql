-- What is counted in each range of the current release.
SELECT
    series,
    frame,
    test_type,
    hours,
    quantity
FROM series
