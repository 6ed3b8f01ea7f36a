-- Votes of each frame (a window, a month or a day) by network, country, hours, policy and letter grade.
SELECT
    f.frame,
    b.test_type,
    b.asn,
    b.country,
    b.hours,
    b.policy,
    b.grade,
    CAST(sum(b.votes) AS BIGINT) AS votes
FROM block_grades AS b
INNER JOIN frame_days AS f ON f.day = b.last_day
GROUP BY f.frame, b.test_type, b.asn, b.country, b.hours, b.policy, b.grade
