-- The ranges of days of the current release.
SELECT
    frame,
    kind,
    window_days,
    first_day,
    last_day
FROM frames
