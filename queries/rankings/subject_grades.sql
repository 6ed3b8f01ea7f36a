-- Votes of each frame by subject, hours, policy and letter grade; subjects are those of subject_bins. Windows have the peak
-- and off-peak hours beside all hours.
WITH by_hours AS (
    SELECT frame, test_type, asn, country, 'all' AS hours, policy, grade, votes
    FROM frame_grades
    UNION ALL
    SELECT b.frame, b.test_type, b.asn, b.country, b.hours, b.policy, b.grade, b.votes
    FROM frame_grades AS b
    INNER JOIN frames AS f ON f.frame = b.frame
    WHERE f.kind = 'window' AND b.hours <> 'unsplit'
),
in_countries AS (
    SELECT frame, test_type, country, hours, policy, grade, CAST(sum(votes) AS BIGINT) AS votes
    FROM by_hours
    GROUP BY frame, test_type, country, hours, policy, grade
)
SELECT frame, test_type, concat('AS', CAST(asn AS VARCHAR)) AS subject, hours, policy, grade, CAST(sum(votes) AS BIGINT) AS votes
FROM by_hours
GROUP BY frame, test_type, asn, hours, policy, grade
UNION ALL
SELECT frame, test_type, country AS subject, hours, policy, grade, votes
FROM in_countries
WHERE country IS NOT NULL
UNION ALL
SELECT frame, test_type, 'world' AS subject, hours, policy, grade, CAST(sum(votes) AS BIGINT) AS votes
FROM in_countries
GROUP BY frame, test_type, hours, policy, grade
