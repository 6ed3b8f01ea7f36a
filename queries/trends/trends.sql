-- Each period of each subject and what changed since its period before: in the median for single tests, in the share at A
-- or better for household tests. The interval of a change comes from those of both periods: below it by
-- √((now - its low)² + (the high before - before)²), above it likewise (Newcombe, Statistics in Medicine 17, 1998, method
-- 10, for shares; Zou and Donner, Statistics in Medicine 27, 2008, for any two figures). It is a change for better or worse
-- if the interval does not hold 0.
WITH followed AS (
    SELECT
        kind,
        frame,
        test_type,
        subject,
        lag(last_day) OVER one_subject AS last_day_before,
        CAST(p50_hundredths AS DOUBLE) AS p50,
        CAST(p50_low_hundredths AS DOUBLE) AS p50_low,
        CAST(p50_high_hundredths AS DOUBLE) AS p50_high,
        CAST(lag(p50_hundredths) OVER one_subject AS DOUBLE) AS p50_before,
        CAST(lag(p50_low_hundredths) OVER one_subject AS DOUBLE) AS p50_low_before,
        CAST(lag(p50_high_hundredths) OVER one_subject AS DOUBLE) AS p50_high_before,
        CAST(share_millionths AS DOUBLE) AS share,
        CAST(share_low_millionths AS DOUBLE) AS share_low,
        CAST(share_high_millionths AS DOUBLE) AS share_high,
        CAST(lag(share_millionths) OVER one_subject AS DOUBLE) AS share_before,
        CAST(lag(share_low_millionths) OVER one_subject AS DOUBLE) AS share_low_before,
        CAST(lag(share_high_millionths) OVER one_subject AS DOUBLE) AS share_high_before
    FROM periods
    WINDOW one_subject AS (PARTITION BY kind, test_type, subject ORDER BY last_day)
),
changes AS (
    SELECT
        kind,
        frame,
        test_type,
        subject,
        last_day_before,
        CAST(p50 - p50_before AS BIGINT) AS p50_change,
        CAST(floor(p50 - p50_before - sqrt(
            (p50 - p50_low) * (p50 - p50_low) + (p50_high_before - p50_before) * (p50_high_before - p50_before)
        )) AS BIGINT) AS p50_change_low,
        CAST(ceil(p50 - p50_before + sqrt(
            (p50_high - p50) * (p50_high - p50) + (p50_before - p50_low_before) * (p50_before - p50_low_before)
        )) AS BIGINT) AS p50_change_high,
        CAST(share - share_before AS BIGINT) AS share_change,
        CAST(floor(share - share_before - sqrt(
            (share - share_low) * (share - share_low) + (share_high_before - share_before) * (share_high_before - share_before)
        )) AS BIGINT) AS share_change_low,
        CAST(ceil(share - share_before + sqrt(
            (share_high - share) * (share_high - share) + (share_before - share_low_before) * (share_before - share_low_before)
        )) AS BIGINT) AS share_change_high
    FROM followed
)
SELECT
    p.kind,
    p.frame,
    p.test_type,
    p.subject,
    p.first_day,
    p.last_day,
    p.votes,
    p.p50_hundredths,
    p.p50_low_hundredths,
    p.p50_high_hundredths,
    p.votes_a_plus,
    p.votes_a,
    p.votes_b,
    p.votes_c,
    p.votes_d,
    p.votes_f,
    p.share_millionths,
    p.share_low_millionths,
    p.share_high_millionths,
    c.last_day_before,
    c.p50_change AS p50_change_hundredths,
    c.p50_change_low AS p50_change_low_hundredths,
    c.p50_change_high AS p50_change_high_hundredths,
    c.share_change AS share_change_millionths,
    c.share_change_low AS share_change_low_millionths,
    c.share_change_high AS share_change_high_millionths,
    CASE
        WHEN c.last_day_before IS NULL THEN NULL
        WHEN p.test_type = 'single' AND c.p50_change_high < 0 THEN 'better'
        WHEN p.test_type = 'single' AND c.p50_change_low > 0 THEN 'worse'
        WHEN p.test_type = 'household' AND c.share_change_low > 0 THEN 'better'
        WHEN p.test_type = 'household' AND c.share_change_high < 0 THEN 'worse'
        ELSE 'no clear change'
    END AS change
FROM periods AS p
INNER JOIN changes AS c
    ON c.kind = p.kind AND c.frame = p.frame AND c.test_type = p.test_type AND c.subject = p.subject
