-- How the votes of every listed network, country and the world spread over each latency increase: the rows of latencies, in coarse
-- bins, so that a page can draw them. Each column is named after its lower edge in ms; it begins with the bin of bins.csv whose
-- lower edge is nearest to that, and every threshold of a policy is met exactly.
WITH coarse_bins AS (
    SELECT
        bin,
        CASE
            WHEN lower_hundredths < 500 THEN 0
            WHEN lower_hundredths < 997 THEN 5
            WHEN lower_hundredths < 1498 THEN 10
            WHEN lower_hundredths < 2008 THEN 15
            WHEN lower_hundredths < 2500 THEN 20
            WHEN lower_hundredths < 3000 THEN 25
            WHEN lower_hundredths < 4030 THEN 30
            WHEN lower_hundredths < 5000 THEN 40
            WHEN lower_hundredths < 6000 THEN 50
            WHEN lower_hundredths < 7500 THEN 60
            WHEN lower_hundredths < 10000 THEN 75
            WHEN lower_hundredths < 15000 THEN 100
            WHEN lower_hundredths < 20000 THEN 150
            WHEN lower_hundredths < 29708 THEN 200
            WHEN lower_hundredths < 40000 THEN 300
            WHEN lower_hundredths < 59427 THEN 400
            WHEN lower_hundredths < 99432 THEN 600
            ELSE 1000
        END AS from_ms
    FROM bins
),
in_coarse_bins AS (
    SELECT v.series, v.subject_number, c.from_ms, CAST(sum(v.votes) AS BIGINT) AS votes
    FROM subject_bins AS v
    INNER JOIN series AS s ON s.series = v.series
    INNER JOIN frames AS f ON f.frame = s.frame
    INNER JOIN coarse_bins AS c ON c.bin = v.bin
    WHERE f.kind = 'window'
    GROUP BY v.series, v.subject_number, c.from_ms
),
counted AS (
    SELECT
        series,
        subject_number,
        CAST(sum(votes) AS BIGINT) AS votes,
        CAST(coalesce(sum(votes) FILTER (WHERE from_ms = 0), 0) AS BIGINT) AS votes_from_0,
        CAST(coalesce(sum(votes) FILTER (WHERE from_ms = 5), 0) AS BIGINT) AS votes_from_5,
        CAST(coalesce(sum(votes) FILTER (WHERE from_ms = 10), 0) AS BIGINT) AS votes_from_10,
        CAST(coalesce(sum(votes) FILTER (WHERE from_ms = 15), 0) AS BIGINT) AS votes_from_15,
        CAST(coalesce(sum(votes) FILTER (WHERE from_ms = 20), 0) AS BIGINT) AS votes_from_20,
        CAST(coalesce(sum(votes) FILTER (WHERE from_ms = 25), 0) AS BIGINT) AS votes_from_25,
        CAST(coalesce(sum(votes) FILTER (WHERE from_ms = 30), 0) AS BIGINT) AS votes_from_30,
        CAST(coalesce(sum(votes) FILTER (WHERE from_ms = 40), 0) AS BIGINT) AS votes_from_40,
        CAST(coalesce(sum(votes) FILTER (WHERE from_ms = 50), 0) AS BIGINT) AS votes_from_50,
        CAST(coalesce(sum(votes) FILTER (WHERE from_ms = 60), 0) AS BIGINT) AS votes_from_60,
        CAST(coalesce(sum(votes) FILTER (WHERE from_ms = 75), 0) AS BIGINT) AS votes_from_75,
        CAST(coalesce(sum(votes) FILTER (WHERE from_ms = 100), 0) AS BIGINT) AS votes_from_100,
        CAST(coalesce(sum(votes) FILTER (WHERE from_ms = 150), 0) AS BIGINT) AS votes_from_150,
        CAST(coalesce(sum(votes) FILTER (WHERE from_ms = 200), 0) AS BIGINT) AS votes_from_200,
        CAST(coalesce(sum(votes) FILTER (WHERE from_ms = 300), 0) AS BIGINT) AS votes_from_300,
        CAST(coalesce(sum(votes) FILTER (WHERE from_ms = 400), 0) AS BIGINT) AS votes_from_400,
        CAST(coalesce(sum(votes) FILTER (WHERE from_ms = 600), 0) AS BIGINT) AS votes_from_600,
        CAST(coalesce(sum(votes) FILTER (WHERE from_ms = 1000), 0) AS BIGINT) AS votes_from_1000
    FROM in_coarse_bins
    GROUP BY series, subject_number
)
SELECT
    s.test_type,
    f.window_days,
    s.hours,
    CASE
        WHEN c.subject_number > 0 THEN concat('AS', CAST(c.subject_number AS VARCHAR))
        WHEN c.subject_number = 0 THEN 'world'
        -- A country's letters: subject_bins.
        ELSE concat(
            chr(CAST(floor(CAST(-c.subject_number AS DOUBLE) / 256) AS INTEGER)),
            chr(CAST(-c.subject_number - 256 * floor(CAST(-c.subject_number AS DOUBLE) / 256) AS INTEGER))
        )
    END AS subject,
    s.quantity,
    c.votes,
    c.votes_from_0,
    c.votes_from_5,
    c.votes_from_10,
    c.votes_from_15,
    c.votes_from_20,
    c.votes_from_25,
    c.votes_from_30,
    c.votes_from_40,
    c.votes_from_50,
    c.votes_from_60,
    c.votes_from_75,
    c.votes_from_100,
    c.votes_from_150,
    c.votes_from_200,
    c.votes_from_300,
    c.votes_from_400,
    c.votes_from_600,
    c.votes_from_1000
FROM counted AS c
CROSS JOIN parameters AS p
INNER JOIN series AS s ON s.series = c.series
INNER JOIN frames AS f ON f.frame = s.frame
-- Fewer votes say nothing: see networks.
WHERE c.votes >= p.listed_votes
