-- Every latency increase of listed networks, countries and the world.
SELECT
    l.test_type AS mode,
    l.window_days,
    l.hours,
    l.subject,
    l.quantity,
    l.votes,
    l.zero_votes,
    l.fullest_bin_votes,
    CAST(l.p50_hundredths AS DOUBLE) / 100 AS p50_ms,
    CAST(l.p50_low_hundredths AS DOUBLE) / 100 AS p50_low_ms,
    CAST(l.p50_high_hundredths AS DOUBLE) / 100 AS p50_high_ms,
    CAST(l.p95_hundredths AS DOUBLE) / 100 AS p95_ms,
    CAST(l.p95_low_hundredths AS DOUBLE) / 100 AS p95_low_ms,
    CAST(l.p95_high_hundredths AS DOUBLE) / 100 AS p95_high_ms
FROM latencies AS l
