-- Standard times by which peak hours are told.
SELECT
    country,
    offset_minutes
FROM country_offsets
