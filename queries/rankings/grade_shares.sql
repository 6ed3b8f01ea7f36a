-- Votes of each subject by letter grade under each policy, and the share at A or better with its Wilson 95 % interval
-- (Wilson, Journal of the American Statistical Association 22, 1927): with k of n votes, z = 1.96 and p = k / n,
-- (p + z²/2n ± z √(p (1 - p)/n + z²/4n²)) / (1 + z²/n). In millionths.
WITH counted AS (
    SELECT
        frame,
        test_type,
        subject,
        hours,
        policy,
        CAST(sum(votes) AS BIGINT) AS votes,
        CAST(coalesce(sum(votes) FILTER (WHERE grade = 'A+'), 0) AS BIGINT) AS votes_a_plus,
        CAST(coalesce(sum(votes) FILTER (WHERE grade = 'A'), 0) AS BIGINT) AS votes_a,
        CAST(coalesce(sum(votes) FILTER (WHERE grade = 'B'), 0) AS BIGINT) AS votes_b,
        CAST(coalesce(sum(votes) FILTER (WHERE grade = 'C'), 0) AS BIGINT) AS votes_c,
        CAST(coalesce(sum(votes) FILTER (WHERE grade = 'D'), 0) AS BIGINT) AS votes_d,
        CAST(coalesce(sum(votes) FILTER (WHERE grade = 'F'), 0) AS BIGINT) AS votes_f
    FROM subject_grades
    GROUP BY frame, test_type, subject, hours, policy
),
shares AS (
    SELECT
        frame,
        test_type,
        subject,
        hours,
        policy,
        CAST(votes AS DOUBLE) AS n,
        CAST(votes_a_plus + votes_a AS DOUBLE) / CAST(votes AS DOUBLE) AS share
    FROM counted
)
SELECT
    c.frame,
    c.test_type,
    c.subject,
    c.hours,
    c.policy,
    c.votes,
    c.votes_a_plus,
    c.votes_a,
    c.votes_b,
    c.votes_c,
    c.votes_d,
    c.votes_f,
    CAST(floor(1000000 * s.share + 0.5) AS BIGINT) AS share_millionths,
    CAST(floor(1000000 * greatest(0.0,
        (s.share + 1.9208 / s.n - 1.96 * sqrt(s.share * (1 - s.share) / s.n + 0.9604 / (s.n * s.n))) / (1 + 3.8416 / s.n)
    ) + 0.5) AS BIGINT) AS share_low_millionths,
    CAST(floor(1000000 * least(1.0,
        (s.share + 1.9208 / s.n + 1.96 * sqrt(s.share * (1 - s.share) / s.n + 0.9604 / (s.n * s.n))) / (1 + 3.8416 / s.n)
    ) + 0.5) AS BIGINT) AS share_high_millionths,
    -- The grade of the middle vote, so that a policy's rule for the baseline has its say.
    CASE
        WHEN 2 * c.votes_a_plus >= c.votes THEN 'A+'
        WHEN 2 * (c.votes_a_plus + c.votes_a) >= c.votes THEN 'A'
        WHEN 2 * (c.votes_a_plus + c.votes_a + c.votes_b) >= c.votes THEN 'B'
        WHEN 2 * (c.votes_a_plus + c.votes_a + c.votes_b + c.votes_c) >= c.votes THEN 'C'
        WHEN 2 * (c.votes_a_plus + c.votes_a + c.votes_b + c.votes_c + c.votes_d) >= c.votes THEN 'D'
        ELSE 'F'
    END AS grade
FROM counted AS c
INNER JOIN shares AS s
    ON s.frame = c.frame AND s.test_type = c.test_type AND s.subject = c.subject AND s.hours = c.hours AND s.policy = c.policy
