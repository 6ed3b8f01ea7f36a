-- The valid results that count on the days asked for: the one scan of the lake from which those days' counts are made.
SELECT
    counts_on,
    asn,
    test_type,
    country,
    vote_month,
    baseline,
    working_increase,
    ranked_bin,
    download_bin,
    upload_bin,
    bidirectional_bin,
    grade_overall
FROM valid_results
WHERE is_valid AND counts_on >= CAST($from_day AS DATE) AND counts_on <= CAST($to_day AS DATE)
