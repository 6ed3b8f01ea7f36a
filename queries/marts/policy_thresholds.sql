-- The policies' files side by side: one row a policy, one column a threshold, so that grading is a join of a few rows.
SELECT
    policy,
    max(increase_below_hundredths) FILTER (WHERE grade = 'A+') AS increase_a_plus,
    max(increase_below_hundredths) FILTER (WHERE grade = 'A') AS increase_a,
    max(increase_below_hundredths) FILTER (WHERE grade = 'B') AS increase_b,
    max(increase_below_hundredths) FILTER (WHERE grade = 'C') AS increase_c,
    max(increase_below_hundredths) FILTER (WHERE grade = 'D') AS increase_d,
    max(baseline_below_hundredths) FILTER (WHERE grade = 'A+') AS baseline_a_plus,
    max(baseline_below_hundredths) FILTER (WHERE grade = 'A') AS baseline_a,
    max(baseline_below_hundredths) FILTER (WHERE grade = 'B') AS baseline_b,
    max(baseline_below_hundredths) FILTER (WHERE grade = 'C') AS baseline_c,
    max(baseline_below_hundredths) FILTER (WHERE grade = 'D') AS baseline_d
FROM policies
GROUP BY policy
