-- Networks by the share of household votes whose client reported an overall grade of A or better: the household test
-- measures no latency, so grades are all there is. Over the blocks whose last day lies in the window.
WITH networks AS (
    SELECT
        asn,
        CAST(sum(tests) AS BIGINT) AS tests,
        CAST(sum(votes) AS BIGINT) AS votes,
        CAST(sum(vote_days) AS BIGINT) AS vote_days,
        CAST(count(*) AS BIGINT) AS blocks,
        min(first_day) AS first_day
    FROM blocks
    WHERE test_type = 'household'
        AND last_day > CAST($last_day AS DATE) - CAST($window_days AS INTEGER) AND last_day <= CAST($last_day AS DATE)
    GROUP BY asn
    -- Fewer votes say nothing about a network: it is not even listed.
    HAVING sum(votes) >= $listed_votes
),
in_grades AS (
    SELECT asn, grade, CAST(sum(votes) AS BIGINT) AS votes
    FROM block_grades
    WHERE test_type = 'household' AND policy = 'reported'
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
    INNER JOIN grades AS g ON g.asn = n.asn
    LEFT JOIN homes AS h ON h.asn = n.asn AND h.place = 1
)
SELECT
    CASE
        WHEN unranked_reason IS NULL
            THEN CAST(row_number() OVER (
                PARTITION BY unranked_reason IS NULL
                ORDER BY share_a_or_better_millionths DESC, asn
            ) AS BIGINT)
    END AS rank,
    asn,
    country,
    tests,
    votes,
    vote_days,
    blocks,
    first_day,
    votes_a_plus,
    votes_a,
    votes_b,
    votes_c,
    votes_d,
    votes_f,
    share_a_or_better_millionths,
    -- The grade that the middle vote reported.
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
