-- How much a listed network's figures hang on one source: the provider that is measured runs the agent that counts, and this
-- is how a reader sees it. The warehouse's statement, like asn_sources.
WITH sources AS (
    SELECT
        frame,
        test_type,
        asn,
        CAST(count(*) FILTER (WHERE votes >= 10) AS BIGINT) AS sources,
        max(votes) AS largest_votes,
        -- In tens, and the others' few not told apart, as in asn_sources.
        10 * floor(CAST(CASE WHEN sum(votes) - max(votes) < 10 THEN sum(votes) ELSE max(votes) END AS DOUBLE) / 10) AS largest_votes_in_tens,
        CAST(sum(votes) AS BIGINT) AS votes
    FROM source_figures
    WHERE source <> '*'
    GROUP BY frame, test_type, asn
),
largest AS (
    SELECT frame, test_type, asn, source, row_number() OVER (PARTITION BY frame, test_type, asn ORDER BY votes DESC, source) AS place
    FROM source_figures
    WHERE source <> '*'
),
-- All agents together: `*`, or the only one.
agents AS (
    SELECT
        frame,
        test_type,
        asn,
        source,
        votes,
        p50_hundredths,
        p50_low_hundredths,
        p50_high_hundredths,
        share_percent,
        share_low_percent,
        share_high_percent,
        row_number() OVER (PARTITION BY frame, test_type, asn ORDER BY CASE WHEN source = '*' THEN 0 ELSE 1 END, source) AS place
    FROM source_figures
    WHERE source <> 'direct'
),
-- The warehouse's own tests against those of all agents.
compared AS (
    SELECT
        d.frame,
        d.test_type,
        d.asn,
        CAST(d.p50_hundredths AS DOUBLE) AS p50,
        CAST(d.p50_low_hundredths AS DOUBLE) AS p50_low,
        CAST(d.p50_high_hundredths AS DOUBLE) AS p50_high,
        CAST(a.p50_hundredths AS DOUBLE) AS p50_agents,
        CAST(a.p50_low_hundredths AS DOUBLE) AS p50_low_agents,
        CAST(a.p50_high_hundredths AS DOUBLE) AS p50_high_agents,
        CAST(d.share_percent AS DOUBLE) AS share,
        CAST(d.share_low_percent AS DOUBLE) AS share_low,
        CAST(d.share_high_percent AS DOUBLE) AS share_high,
        CAST(a.share_percent AS DOUBLE) AS share_agents,
        CAST(a.share_low_percent AS DOUBLE) AS share_low_agents,
        CAST(a.share_high_percent AS DOUBLE) AS share_high_agents
    FROM source_figures AS d
    INNER JOIN agents AS a ON a.frame = d.frame AND a.test_type = d.test_type AND a.asn = d.asn AND a.place = 1
    WHERE d.source = 'direct'
        AND ((d.test_type = 'single' AND d.votes >= 10 AND a.votes >= 10) OR (d.votes >= 100 AND a.votes >= 100))
),
without AS (
    SELECT frame, test_type, asn, max(places_shift) AS places_shift
    FROM left_out
    GROUP BY frame, test_type, asn
)
SELECT
    s.test_type,
    f.window_days,
    s.asn,
    s.sources,
    CASE WHEN s.largest_votes >= 10 THEN l.source END AS largest_source,
    CAST(floor(100 * s.largest_votes_in_tens / s.votes) AS BIGINT) AS largest_share_percent,
    s.sources < 2 AS is_single_source,
    CAST(c.p50 - c.p50_agents AS BIGINT) AS direct_difference_hundredths,
    CAST(floor(c.p50 - c.p50_agents - sqrt(
        (c.p50 - c.p50_low) * (c.p50 - c.p50_low) + (c.p50_high_agents - c.p50_agents) * (c.p50_high_agents - c.p50_agents)
    )) AS BIGINT) AS direct_difference_low_hundredths,
    CAST(ceil(c.p50 - c.p50_agents + sqrt(
        (c.p50_high - c.p50) * (c.p50_high - c.p50) + (c.p50_agents - c.p50_low_agents) * (c.p50_agents - c.p50_low_agents)
    )) AS BIGINT) AS direct_difference_high_hundredths,
    -- Household tests: from a hundred votes of each, as in asn_sources.
    CAST(c.share - c.share_agents AS BIGINT) AS direct_difference_percent,
    CAST(floor(c.share - c.share_agents - sqrt(
        (c.share - c.share_low) * (c.share - c.share_low) + (c.share_high_agents - c.share_agents) * (c.share_high_agents - c.share_agents)
    )) AS BIGINT) AS direct_difference_low_percent,
    CAST(ceil(c.share - c.share_agents + sqrt(
        (c.share_high - c.share) * (c.share_high - c.share) + (c.share_agents - c.share_low_agents) * (c.share_agents - c.share_low_agents)
    )) AS BIGINT) AS direct_difference_high_percent,
    w.places_shift,
    -- Without some one agent, the network would not be ranked.
    s.votes - s.largest_votes < p.ranked_votes AS hangs_on_one
FROM sources AS s
CROSS JOIN parameters AS p
INNER JOIN frames AS f ON f.frame = s.frame
INNER JOIN largest AS l ON l.frame = s.frame AND l.test_type = s.test_type AND l.asn = s.asn AND l.place = 1
LEFT JOIN compared AS c ON c.frame = s.frame AND c.test_type = s.test_type AND c.asn = s.asn
LEFT JOIN without AS w ON w.frame = s.frame AND w.test_type = s.test_type AND w.asn = s.asn
