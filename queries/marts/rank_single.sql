-- Networks by the median latency increase of their single tests' votes, over the blocks whose last day lies in the window.
-- The median is the middle of its bin; its interval runs from the lower edge of one order statistic's bin to the upper
-- edge of another's: with n votes, the ones at places (n - 1.96 √n) / 2 and (n + 1.96 √n) / 2 + 1, rounded outwards, hold
-- the true median between them with at least 95 % confidence, whatever the distribution (David & Nagaraja, Order
-- Statistics, 3rd ed., section 7.1). Counts are integers and square roots are exact in IEEE 754: every engine agrees.
WITH networks AS (
    SELECT
        asn,
        CAST(sum(tests) AS BIGINT) AS tests,
        CAST(sum(votes) AS BIGINT) AS votes,
        CAST(sum(vote_days) AS BIGINT) AS vote_days,
        CAST(count(*) AS BIGINT) AS blocks,
        min(first_day) AS first_day
    FROM blocks
    WHERE test_type = 'single'
        AND last_day > CAST($last_day AS DATE) - CAST($window_days AS INTEGER) AND last_day <= CAST($last_day AS DATE)
    GROUP BY asn
    -- Fewer votes say nothing about a network: it is not even listed.
    HAVING sum(votes) >= $listed_votes
),
in_bins AS (
    SELECT asn, bin, CAST(sum(votes) AS BIGINT) AS votes
    FROM block_bins
    WHERE test_type = 'single' AND quantity = 'working'
        AND last_day > CAST($last_day AS DATE) - CAST($window_days AS INTEGER) AND last_day <= CAST($last_day AS DATE)
    GROUP BY asn, bin
),
bins_reached AS (
    SELECT asn, bin, votes, sum(votes) OVER (PARTITION BY asn ORDER BY bin ROWS UNBOUNDED PRECEDING) AS reached
    FROM in_bins
),
medians AS (
    SELECT
        n.asn,
        min(r.bin) FILTER (WHERE 2 * r.reached >= n.votes) AS p50_bin,
        min(r.bin) FILTER (WHERE r.reached >= greatest(1, floor((n.votes - 1.96 * sqrt(n.votes)) / 2))) AS low_bin,
        min(r.bin) FILTER (WHERE r.reached >= least(n.votes, ceil((n.votes + 1.96 * sqrt(n.votes)) / 2) + 1)) AS high_bin,
        CAST(coalesce(sum(r.votes) FILTER (WHERE r.bin = 0), 0) AS BIGINT) AS zero_votes
    FROM networks AS n
    INNER JOIN bins_reached AS r ON r.asn = n.asn
    GROUP BY n.asn
),
in_grades AS (
    SELECT asn, grade, CAST(sum(votes) AS BIGINT) AS votes
    FROM block_grades
    WHERE test_type = 'single' AND policy = $policy
        AND last_day > CAST($last_day AS DATE) - CAST($window_days AS INTEGER) AND last_day <= CAST($last_day AS DATE)
    GROUP BY asn, grade
),
grades AS (
    SELECT
        asn,
        CAST(coalesce(sum(votes) FILTER (WHERE grade = 'A+'), 0) AS BIGINT) AS votes_a_plus,
        CAST(coalesce(sum(votes) FILTER (WHERE grade = 'A'), 0) AS BIGINT) AS votes_a,
        CAST(coalesce(sum(votes) FILTER (WHERE grade = 'B'), 0) AS BIGINT) AS votes_b,
        CAST(coalesce(sum(votes) FILTER (WHERE grade = 'C'), 0) AS BIGINT) AS votes_c,
        CAST(coalesce(sum(votes) FILTER (WHERE grade = 'D'), 0) AS BIGINT) AS votes_d,
        CAST(coalesce(sum(votes) FILTER (WHERE grade = 'F'), 0) AS BIGINT) AS votes_f
    FROM in_grades
    GROUP BY asn
),
in_countries AS (
    SELECT asn, country, sum(votes) AS votes
    FROM block_countries
    WHERE country IS NOT NULL
        AND last_day > CAST($last_day AS DATE) - CAST($window_days AS INTEGER) AND last_day <= CAST($last_day AS DATE)
    GROUP BY asn, country
),
-- A network's home is the country of most of its votes of both types (ties by code).
homes AS (
    SELECT asn, country, row_number() OVER (PARTITION BY asn ORDER BY votes DESC, country) AS place
    FROM in_countries
),
measured AS (
    SELECT
        n.asn,
        h.country,
        n.tests,
        n.votes,
        n.vote_days,
        n.blocks,
        n.first_day,
        p.mid_hundredths AS p50_hundredths,
        l.lower_hundredths AS p50_low_hundredths,
        u.upper_hundredths - 1 AS p50_high_hundredths,
        m.zero_votes,
        g.votes_a_plus,
        g.votes_a,
        g.votes_b,
        g.votes_c,
        g.votes_d,
        g.votes_f,
        -- In millionths, rounded half up before anything is ranked by it.
        CAST(floor((2000000 * (g.votes_a_plus + g.votes_a) + n.votes) / (2 * n.votes)) AS BIGINT) AS share_a_or_better_millionths,
        CASE
            WHEN n.votes < $ranked_votes THEN 'votes_below_gate'
            WHEN n.vote_days < $ranked_days THEN 'days_below_gate'
        END AS unranked_reason
    FROM networks AS n
    INNER JOIN medians AS m ON m.asn = n.asn
    INNER JOIN bins AS p ON p.bin = m.p50_bin
    INNER JOIN bins AS l ON l.bin = m.low_bin
    INNER JOIN bins AS u ON u.bin = m.high_bin
    INNER JOIN grades AS g ON g.asn = n.asn
    LEFT JOIN homes AS h ON h.asn = n.asn AND h.place = 1
)
SELECT
    CASE
        WHEN unranked_reason IS NULL
            THEN CAST(row_number() OVER (
                PARTITION BY unranked_reason IS NULL
                ORDER BY p50_hundredths, share_a_or_better_millionths DESC, asn
            ) AS BIGINT)
    END AS rank,
    asn,
    country,
    tests,
    votes,
    vote_days,
    blocks,
    first_day,
    p50_hundredths,
    p50_low_hundredths,
    p50_high_hundredths,
    zero_votes,
    votes_a_plus,
    votes_a,
    votes_b,
    votes_c,
    votes_d,
    votes_f,
    share_a_or_better_millionths,
    -- The grade of the middle vote, so that a policy's rule for the baseline has its say.
    CASE
        WHEN 2 * votes_a_plus >= votes THEN 'A+'
        WHEN 2 * (votes_a_plus + votes_a) >= votes THEN 'A'
        WHEN 2 * (votes_a_plus + votes_a + votes_b) >= votes THEN 'B'
        WHEN 2 * (votes_a_plus + votes_a + votes_b + votes_c) >= votes THEN 'C'
        WHEN 2 * (votes_a_plus + votes_a + votes_b + votes_c + votes_d) >= votes THEN 'D'
        ELSE 'F'
    END AS grade,
    unranked_reason
FROM measured
ORDER BY rank NULLS LAST, asn
