-- Every latency increase of every listed network, country and the world in each window over all hours, and the working
-- increase in the peak and off-peak hours.
SELECT
    q.test_type,
    f.window_days,
    q.hours,
    q.subject,
    q.quantity,
    q.votes,
    q.zero_votes,
    q.fullest_bin_votes,
    q.p50_hundredths,
    q.p50_low_hundredths,
    q.p50_high_hundredths,
    q.p95_hundredths,
    q.p95_low_hundredths,
    q.p95_high_hundredths
FROM quantiles AS q
CROSS JOIN parameters AS p
INNER JOIN frames AS f ON f.frame = q.frame
-- Fewer votes say nothing: see networks.
WHERE f.kind = 'window' AND q.votes >= p.listed_votes
