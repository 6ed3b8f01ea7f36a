-- Each subject in each period: a block of a network, a day of a country or of the world (the blocks that ended on it), and
-- for all of them a calendar month. Grades are those of the default policy, for household tests the reported ones.
-- A network's block can be longer than the day on which it ended.
WITH block_days AS (
    SELECT 'day' AS kind, test_type, concat('AS', CAST(asn AS VARCHAR)) AS subject, first_day, last_day
    FROM blocks
)
SELECT
    f.kind,
    f.frame,
    g.test_type,
    g.subject,
    coalesce(b.first_day, f.first_day) AS first_day,
    f.last_day,
    g.votes,
    q.p50_hundredths,
    q.p50_low_hundredths,
    q.p50_high_hundredths,
    g.votes_a_plus,
    g.votes_a,
    g.votes_b,
    g.votes_c,
    g.votes_d,
    g.votes_f,
    g.share_millionths,
    g.share_low_millionths,
    g.share_high_millionths
FROM grade_shares AS g
CROSS JOIN parameters AS p
INNER JOIN frames AS f ON f.frame = g.frame
LEFT JOIN quantiles AS q
    ON q.frame = g.frame AND q.test_type = g.test_type AND q.subject = g.subject AND q.hours = g.hours AND q.quantity = 'working'
LEFT JOIN block_days AS b
    ON b.kind = f.kind AND b.last_day = f.last_day AND b.test_type = g.test_type AND b.subject = g.subject
WHERE f.kind <> 'window'
    AND g.hours = 'all'
    AND g.policy = CASE WHEN g.test_type = 'single' THEN p.default_policy ELSE 'reported' END
