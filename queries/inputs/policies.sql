-- The thresholds of each named policy.
SELECT
    policy,
    grade,
    increase_below_hundredths,
    baseline_below_hundredths
FROM policies
