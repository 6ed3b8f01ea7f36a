-- The ranking of each test type, window and hours. Single tests are ranked by the shrunken mean of ln(1 + ms); household
-- tests, which measure no latency, by the shrunken share of votes whose client reported an overall grade of A or better.
WITH ranked_by AS (
    SELECT 'single' AS test_type, 'ms' AS ranking, default_policy AS policy
    FROM parameters
    UNION ALL
    SELECT 'household' AS test_type, 'reported' AS ranking, 'reported' AS policy
)
SELECT
    n.test_type,
    f.window_days,
    n.hours,
    r.rank,
    r.rank_low,
    r.rank_high,
    r.ties,
    n.asn,
    n.country,
    n.kind,
    n.organisation,
    n.tests,
    n.votes,
    n.vote_days,
    n.blocks,
    n.first_day,
    s.score_hundredths,
    CASE WHEN s.ranking <> 'ms' THEN 1000000 - s.score_millionths END AS score_share_millionths,
    q.p50_hundredths,
    q.p50_low_hundredths,
    q.p50_high_hundredths,
    q.p95_hundredths,
    q.p95_low_hundredths,
    q.p95_high_hundredths,
    q.zero_votes,
    q.fullest_bin_votes,
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
    a.mean_bidirectional_hundredths,
    n.unranked_reason
FROM networks AS n
INNER JOIN frames AS f ON f.frame = n.frame
INNER JOIN ranked_by AS b ON b.test_type = n.test_type
INNER JOIN scores AS s
    ON s.frame = n.frame AND s.test_type = n.test_type AND s.hours = n.hours AND s.ranking = b.ranking AND s.asn = n.asn
INNER JOIN averages AS a ON a.frame = n.frame AND a.test_type = n.test_type AND a.hours = n.hours AND a.subject = n.subject
INNER JOIN grade_shares AS g
    ON g.frame = n.frame AND g.test_type = n.test_type AND g.hours = n.hours AND g.subject = n.subject
    AND g.policy = b.policy
LEFT JOIN quantiles AS q
    ON q.frame = n.frame AND q.test_type = n.test_type AND q.hours = n.hours AND q.subject = n.subject AND q.quantity = 'working'
LEFT JOIN rank_intervals AS r
    ON r.frame = n.frame AND r.test_type = n.test_type AND r.hours = n.hours AND r.ranking = b.ranking AND r.asn = n.asn
