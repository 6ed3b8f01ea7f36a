-- Who measured each listed network, and what each says of it. The warehouse's statement: agents do not stand in blocks, so
-- this cannot be recomputed from what is published. Sources of fewer than ten votes are left out, votes go in tens, and
-- shares in whole percents of a hundred votes or more, so that no count of a few can be found by subtraction. Where all others
-- together have fewer than ten, the network's own votes stand in the source's place: they bound its votes from above, and the
-- windows of many days would tell the others' few votes one by one.
SELECT
    s.test_type,
    f.window_days,
    s.asn,
    s.source AS agent,
    CAST(10 * floor(CAST(CASE WHEN n.votes - s.votes < 10 THEN n.votes ELSE s.votes END AS DOUBLE) / 10) AS BIGINT) AS votes_in_tens,
    s.p50_hundredths,
    s.p50_low_hundredths,
    s.p50_high_hundredths,
    CASE WHEN s.votes >= 100 THEN s.share_percent END AS share_percent,
    CASE WHEN s.votes >= 100 THEN s.share_low_percent END AS share_low_percent,
    CASE WHEN s.votes >= 100 THEN s.share_high_percent END AS share_high_percent
FROM source_figures AS s
INNER JOIN frames AS f ON f.frame = s.frame
INNER JOIN networks AS n ON n.frame = s.frame AND n.test_type = s.test_type AND n.asn = s.asn AND n.hours = 'all'
WHERE s.source <> '*' AND s.votes >= 10
