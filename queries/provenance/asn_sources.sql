-- Who measured each listed network, and what each says of it. The warehouse's statement: agents do not stand in blocks, so
-- this cannot be recomputed from what is published. Sources of fewer than ten votes are left out, votes go in tens, and
-- shares in whole percents of a hundred votes or more, so that no count of a few can be found by subtraction.
SELECT
    s.test_type,
    f.window_days,
    s.asn,
    s.source AS agent,
    CAST(10 * floor(CAST(s.votes AS DOUBLE) / 10) AS BIGINT) AS votes_in_tens,
    s.p50_hundredths,
    s.p50_low_hundredths,
    s.p50_high_hundredths,
    CASE WHEN s.votes >= 100 THEN s.share_percent END AS share_percent,
    CASE WHEN s.votes >= 100 THEN s.share_low_percent END AS share_low_percent,
    CASE WHEN s.votes >= 100 THEN s.share_high_percent END AS share_high_percent
FROM source_figures AS s
INNER JOIN frames AS f ON f.frame = s.frame
WHERE s.source <> '*' AND s.votes >= 10
