-- A block holds at least ten votes, and its parts hold exactly its votes: by the bins of the ranked quantity for single
-- tests, by reported grade for household tests, by country for both.
WITH by_bin AS (
    SELECT asn, test_type, first_day, sum(votes) AS votes
    FROM block_bins
    WHERE quantity = 'working'
    GROUP BY asn, test_type, first_day
),
by_grade AS (
    SELECT asn, test_type, first_day, sum(votes) AS votes
    FROM block_grades
    WHERE policy = 'reported'
    GROUP BY asn, test_type, first_day
),
by_country AS (
    SELECT asn, test_type, first_day, sum(votes) AS votes, min(votes) AS smallest
    FROM block_countries
    GROUP BY asn, test_type, first_day
)
SELECT b.asn, b.test_type, b.first_day, b.votes
FROM blocks AS b
LEFT JOIN by_bin AS i ON i.asn = b.asn AND i.test_type = b.test_type AND i.first_day = b.first_day
LEFT JOIN by_grade AS g ON g.asn = b.asn AND g.test_type = b.test_type AND g.first_day = b.first_day
LEFT JOIN by_country AS c ON c.asn = b.asn AND c.test_type = b.test_type AND c.first_day = b.first_day
WHERE b.votes < $block_votes
    OR b.tests < b.votes
    OR c.votes IS NULL OR c.votes <> b.votes OR c.smallest < $block_votes
    OR (b.test_type = 'single' AND (i.votes IS NULL OR i.votes <> b.votes))
    OR (b.test_type = 'household' AND (g.votes IS NULL OR g.votes <> b.votes))
