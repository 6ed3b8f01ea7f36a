-- The order of networks by the shrunken share of votes at A or better under each policy, and how far it moves a network from
-- its place in `rankings`: a network that stands high under one policy and low under another is near a threshold.
WITH usual AS (
    SELECT frame, test_type, hours, asn, rank
    FROM rank_intervals
    WHERE (test_type = 'single' AND ranking = 'ms') OR (test_type = 'household' AND ranking = 'reported')
)
SELECT
    n.test_type,
    f.window_days,
    n.hours,
    g.policy,
    r.rank,
    r.rank_low,
    r.rank_high,
    r.ties,
    r.rank - u.rank AS places_moved,
    n.asn,
    g.votes,
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
    1000000 - s.score_millionths AS score_share_millionths,
    n.unranked_reason
FROM networks AS n
INNER JOIN frames AS f ON f.frame = n.frame
INNER JOIN grade_shares AS g
    ON g.frame = n.frame AND g.test_type = n.test_type AND g.hours = n.hours AND g.subject = n.subject
INNER JOIN scores AS s
    ON s.frame = n.frame AND s.test_type = n.test_type AND s.hours = n.hours AND s.ranking = g.policy AND s.asn = n.asn
LEFT JOIN rank_intervals AS r
    ON r.frame = n.frame AND r.test_type = n.test_type AND r.hours = n.hours AND r.ranking = g.policy AND r.asn = n.asn
LEFT JOIN usual AS u ON u.frame = n.frame AND u.test_type = n.test_type AND u.hours = n.hours AND u.asn = n.asn
