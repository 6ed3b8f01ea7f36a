-- The valid results that count on the days asked for: the one scan of the lake from which those days' counts are made.
SELECT
    v.counts_on,
    v.asn,
    v.test_type,
    v.country,
    v.hours,
    v.agent,
    v.vote_month,
    v.baseline,
    v.working_increase,
    v.download_increase,
    v.upload_increase,
    v.bidirectional_increase,
    v.ranked_bin,
    v.download_bin,
    v.upload_bin,
    v.bidirectional_bin,
    v.grade_overall
FROM valid_results AS v
-- Where months were dropped, what counts earlier lies in a block that went with them.
LEFT JOIN resume AS s ON s.asn = v.asn AND s.test_type = v.test_type
WHERE v.is_valid
    AND v.counts_on >= CAST($from_day AS DATE) AND v.counts_on <= CAST($to_day AS DATE)
    AND (s.next_day IS NULL OR v.counts_on >= s.next_day)
