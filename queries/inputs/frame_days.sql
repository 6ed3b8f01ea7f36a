-- The days of each range of the current release.
SELECT
    frame,
    kind,
    day
FROM frame_days
