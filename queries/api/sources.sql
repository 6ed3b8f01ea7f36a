-- Who sent the votes of each listed network, as the warehouse states it.
SELECT
    s.test_type AS mode,
    s.window_days,
    s.asn,
    s.agent,
    s.votes_in_tens,
    CAST(s.p50_hundredths AS DOUBLE) / 100 AS p50_ms,
    CAST(s.p50_low_hundredths AS DOUBLE) / 100 AS p50_low_ms,
    CAST(s.p50_high_hundredths AS DOUBLE) / 100 AS p50_high_ms,
    CAST(s.share_percent AS DOUBLE) / 100 AS share_a_or_better,
    CAST(s.share_low_percent AS DOUBLE) / 100 AS share_low,
    CAST(s.share_high_percent AS DOUBLE) / 100 AS share_high
FROM asn_sources AS s
