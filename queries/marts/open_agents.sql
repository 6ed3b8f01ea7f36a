-- Votes of each network on each day by who sent them and what came out: the bin of the ranked increase for single tests,
-- the place of the reported grade (A+ is 1, F is 6) for household tests. Never published: provenance is made of it.
SELECT
    counts_on,
    asn,
    test_type,
    agent,
    CASE
        WHEN test_type = 'single' THEN CAST(ranked_bin AS BIGINT)
        WHEN grade_overall = 'A+' THEN 1
        WHEN grade_overall = 'A' THEN 2
        WHEN grade_overall = 'B' THEN 3
        WHEN grade_overall = 'C' THEN 4
        WHEN grade_overall = 'D' THEN 5
        ELSE 6
    END AS outcome,
    CAST(count(*) AS BIGINT) AS votes
FROM counted_results
WHERE vote_month
GROUP BY 1, 2, 3, 4, 5
