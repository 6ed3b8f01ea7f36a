-- The bins in which rates are published.
SELECT
    bin,
    lower_hundredths,
    upper_hundredths
FROM rate_bins
