-- How many standard errors make two networks surely different.
SELECT
    networks,
    z_millionths
FROM critical_values
