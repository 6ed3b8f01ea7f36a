-- Votes of each network on each day, country and hours by letter grade: under each named policy for single tests, and as
-- clients reported it for household tests, which measure no latency. A single test's grade is that of its ranked latency
-- increase, but no better than that of its baseline.
WITH graded AS (
    SELECT
        r.counts_on,
        r.asn,
        r.test_type,
        r.country,
        r.hours,
        p.policy,
        CASE
            WHEN r.working_increase < p.increase_a_plus AND (p.baseline_a_plus IS NULL OR r.baseline < p.baseline_a_plus) THEN 'A+'
            WHEN r.working_increase < p.increase_a AND (p.baseline_a IS NULL OR r.baseline < p.baseline_a) THEN 'A'
            WHEN r.working_increase < p.increase_b AND (p.baseline_b IS NULL OR r.baseline < p.baseline_b) THEN 'B'
            WHEN r.working_increase < p.increase_c AND (p.baseline_c IS NULL OR r.baseline < p.baseline_c) THEN 'C'
            WHEN r.working_increase < p.increase_d AND (p.baseline_d IS NULL OR r.baseline < p.baseline_d) THEN 'D'
            ELSE 'F'
        END AS grade
    FROM counted_results AS r
    CROSS JOIN policy_thresholds AS p
    WHERE r.vote_month AND r.test_type = 'single'
    UNION ALL
    SELECT counts_on, asn, test_type, country, hours, 'reported' AS policy, grade_overall AS grade
    FROM counted_results
    WHERE vote_month AND test_type = 'household'
)
SELECT counts_on, asn, test_type, country, hours, policy, grade, CAST(count(*) AS BIGINT) AS votes
FROM graded
GROUP BY counts_on, asn, test_type, country, hours, policy, grade
