-- Countries and the world in each window: sums of the parts of blocks whose clients are there, whatever their network.
WITH usual AS (
    SELECT 'single' AS test_type, default_policy AS policy
    FROM parameters
    UNION ALL
    SELECT 'household' AS test_type, 'reported' AS policy
)
SELECT
    a.test_type,
    f.window_days,
    a.hours,
    a.subject,
    a.networks,
    a.tests,
    a.votes,
    q.p50_hundredths,
    q.p50_low_hundredths,
    q.p50_high_hundredths,
    q.p95_hundredths,
    q.p95_low_hundredths,
    q.p95_high_hundredths,
    q.zero_votes,
    g.policy,
    g.grade,
    g.votes_a_plus,
    g.votes_a,
    g.votes_b,
    g.votes_c,
    g.votes_d,
    g.votes_f,
    g.share_millionths,
    g.share_low_millionths,
    g.share_high_millionths,
    a.mean_baseline_hundredths,
    a.mean_download_hundredths,
    a.mean_upload_hundredths,
    a.mean_bidirectional_hundredths
FROM averages AS a
INNER JOIN frames AS f ON f.frame = a.frame
INNER JOIN usual AS u ON u.test_type = a.test_type
INNER JOIN grade_shares AS g
    ON g.frame = a.frame AND g.test_type = a.test_type AND g.hours = a.hours AND g.subject = a.subject AND g.policy = u.policy
LEFT JOIN quantiles AS q
    ON q.frame = a.frame AND q.test_type = a.test_type AND q.hours = a.hours AND q.subject = a.subject AND q.quantity = 'working'
-- Networks stand in `rankings`; a country's code has two letters.
WHERE a.subject = 'world' OR char_length(a.subject) = 2
