-- Months, and the days of the longest window, of every network, country and the world, and what changed from one to the next.
SELECT
    t.kind AS period,
    t.frame AS label,
    t.test_type AS mode,
    t.subject,
    t.first_day,
    t.last_day,
    t.votes,
    CAST(t.p50_hundredths AS DOUBLE) / 100 AS p50_ms,
    CAST(t.p50_low_hundredths AS DOUBLE) / 100 AS p50_low_ms,
    CAST(t.p50_high_hundredths AS DOUBLE) / 100 AS p50_high_ms,
    t.votes_a_plus,
    t.votes_a,
    t.votes_b,
    t.votes_c,
    t.votes_d,
    t.votes_f,
    CAST(t.share_millionths AS DOUBLE) / 1000000 AS share_a_or_better,
    CAST(t.share_low_millionths AS DOUBLE) / 1000000 AS share_low,
    CAST(t.share_high_millionths AS DOUBLE) / 1000000 AS share_high,
    t.last_day_before,
    CAST(t.p50_change_hundredths AS DOUBLE) / 100 AS p50_change_ms,
    CAST(t.p50_change_low_hundredths AS DOUBLE) / 100 AS p50_change_low_ms,
    CAST(t.p50_change_high_hundredths AS DOUBLE) / 100 AS p50_change_high_ms,
    CAST(t.share_change_millionths AS DOUBLE) / 1000000 AS share_change,
    CAST(t.share_change_low_millionths AS DOUBLE) / 1000000 AS share_change_low,
    CAST(t.share_change_high_millionths AS DOUBLE) / 1000000 AS share_change_high,
    t.change
FROM trends AS t
CROSS JOIN parameters AS p
-- Longer ago a month says as much, and its rows are fewer.
WHERE t.kind = 'month' OR t.last_day > p.last_day - 90
