-- Every result that a published block counts, and no other: for each network, type and block there are as many rows here as
-- the block has tests. `file_days` are the days that the blocks of the file that is written cover, by network and type; what
-- counts on one of them counts in one of these blocks. Latencies and rates are told by their bins,
-- and what would tell more of a client is left out: hour, country, baseline, duration, client, agent.
SELECT
    v.test_date,
    v.test_type,
    v.asn,
    v.ip_version,
    v.vote_day,
    v.vote_month,
    v.download_bin,
    v.upload_bin,
    v.bidirectional_bin,
    v.ranked_bin,
    d.bin AS download_rate_bin,
    u.bin AS upload_rate_bin,
    -- The grade of the default policy, no better than that of the baseline; household tests measure no latency.
    CASE
        WHEN v.test_type = 'household' THEN v.grade_overall
        WHEN v.working_increase < p.increase_a_plus AND (p.baseline_a_plus IS NULL OR v.baseline < p.baseline_a_plus) THEN 'A+'
        WHEN v.working_increase < p.increase_a AND (p.baseline_a IS NULL OR v.baseline < p.baseline_a) THEN 'A'
        WHEN v.working_increase < p.increase_b AND (p.baseline_b IS NULL OR v.baseline < p.baseline_b) THEN 'B'
        WHEN v.working_increase < p.increase_c AND (p.baseline_c IS NULL OR v.baseline < p.baseline_c) THEN 'C'
        WHEN v.working_increase < p.increase_d AND (p.baseline_d IS NULL OR v.baseline < p.baseline_d) THEN 'D'
        ELSE 'F'
    END AS grade
FROM valid_results AS v
INNER JOIN file_days AS b
    ON b.asn = v.asn AND b.test_type = v.test_type AND v.counts_on >= b.first_day AND v.counts_on <= b.last_day
CROSS JOIN parameters AS g
INNER JOIN policy_thresholds AS p ON p.policy = g.default_policy
LEFT JOIN rates AS d ON d.rate = v.download_rate
LEFT JOIN rates AS u ON u.rate = v.upload_rate
WHERE v.is_valid
