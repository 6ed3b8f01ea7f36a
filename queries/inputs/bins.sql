-- The bins in which latency increases are counted.
SELECT
    bin,
    lower_hundredths,
    upper_hundredths,
    mid_hundredths,
    mid_ln_millionths
FROM bins
