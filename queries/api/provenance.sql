-- How much the figures of each listed network hang on one source, as the warehouse states it.
SELECT
    v.test_type AS mode,
    v.window_days,
    v.asn,
    v.sources,
    v.largest_source,
    CAST(v.largest_share_percent AS DOUBLE) / 100 AS largest_share,
    v.is_single_source,
    CAST(v.direct_difference_hundredths AS DOUBLE) / 100 AS direct_difference_ms,
    CAST(v.direct_difference_low_hundredths AS DOUBLE) / 100 AS direct_difference_low_ms,
    CAST(v.direct_difference_high_hundredths AS DOUBLE) / 100 AS direct_difference_high_ms,
    CAST(v.direct_difference_percent AS DOUBLE) / 100 AS direct_difference_share,
    CAST(v.direct_difference_low_percent AS DOUBLE) / 100 AS direct_difference_share_low,
    CAST(v.direct_difference_high_percent AS DOUBLE) / 100 AS direct_difference_share_high,
    v.places_shift,
    v.hangs_on_one
FROM asn_provenance AS v
