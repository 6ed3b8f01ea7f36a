-- Votes of each frame by subject, hours, policy and letter grade; subjects and hours are those of subject_bins.
WITH by_hours AS (
    SELECT frame, test_type, asn, country, 'all' AS hours, policy, grade, votes
    FROM frame_grades
    UNION ALL
    SELECT b.frame, b.test_type, b.asn, b.country, b.hours, b.policy, b.grade, b.votes
    FROM frame_grades AS b
    INNER JOIN frames AS f ON f.frame = b.frame
    WHERE f.kind = 'window' AND b.hours <> 'unsplit'
)
SELECT frame, test_type, concat('AS', CAST(asn AS VARCHAR)) AS subject, hours, policy, grade, CAST(sum(votes) AS BIGINT) AS votes
FROM by_hours
GROUP BY frame, test_type, asn, hours, policy, grade
UNION ALL
SELECT frame, test_type, country AS subject, hours, policy, grade, CAST(sum(votes) AS BIGINT) AS votes
FROM by_hours
-- Clients of unknown country count for their network and the world.
WHERE country IS NOT NULL
GROUP BY frame, test_type, country, hours, policy, grade
UNION ALL
SELECT frame, test_type, 'world' AS subject, hours, policy, grade, CAST(sum(votes) AS BIGINT) AS votes
FROM by_hours
GROUP BY frame, test_type, hours, policy, grade
