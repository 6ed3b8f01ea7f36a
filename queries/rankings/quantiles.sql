-- Median and 95th percentile of each subject's latency increases, with 95 % intervals between order statistics.
-- With n votes, the p-quantile is the middle of the bin that the (n p)th vote reaches; the votes at places
-- n p - 1.96 √(n p (1 - p)) and n p + 1.96 √(n p (1 - p)) + 1, rounded outwards, hold the true quantile between them with
-- about 95 % confidence, whatever the distribution (David and Nagaraja, Order Statistics, 3rd ed., section 7.1). The
-- interval runs from the lower edge of the one's bin to the upper edge of the other's. Counts are integers and square
-- roots are exact in IEEE 754: every engine agrees.
WITH totals AS (
    SELECT series, subject_number, CAST(sum(votes) AS BIGINT) AS votes
    FROM subject_bins
    GROUP BY series, subject_number
),
-- The places that are looked for.
places AS (
    SELECT
        series,
        subject_number,
        votes,
        greatest(1, floor((votes - 1.96 * sqrt(votes)) / 2)) AS p50_low,
        least(votes, ceil((votes + 1.96 * sqrt(votes)) / 2) + 1) AS p50_high,
        floor(CAST(95 * votes AS DOUBLE) / 100 - 1.96 * sqrt(CAST(475 * votes AS DOUBLE) / 10000)) AS p95_low,
        least(votes, ceil(CAST(95 * votes AS DOUBLE) / 100 + 1.96 * sqrt(CAST(475 * votes AS DOUBLE) / 10000)) + 1) AS p95_high
    FROM totals
),
reached AS (
    SELECT
        series,
        subject_number,
        bin,
        votes,
        CAST(sum(votes) OVER (
            PARTITION BY series, subject_number ORDER BY bin ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS BIGINT) AS reached
    FROM subject_bins
),
-- The bins in which they lie.
found AS (
    SELECT
        p.series,
        p.subject_number,
        p.votes,
        CAST(coalesce(sum(r.votes) FILTER (WHERE r.bin = 0), 0) AS BIGINT) AS zero_votes,
        max(r.votes) AS fullest_bin_votes,
        min(r.bin) FILTER (WHERE 2 * r.reached >= p.votes) AS p50_bin,
        min(r.bin) FILTER (WHERE r.reached >= p.p50_low) AS p50_low_bin,
        min(r.bin) FILTER (WHERE r.reached >= p.p50_high) AS p50_high_bin,
        min(r.bin) FILTER (WHERE 100 * r.reached >= 95 * p.votes) AS p95_bin,
        min(r.bin) FILTER (WHERE r.reached >= p.p95_low) AS p95_low_bin,
        min(r.bin) FILTER (WHERE r.reached >= p.p95_high) AS p95_high_bin
    FROM reached AS r
    INNER JOIN places AS p ON p.series = r.series AND p.subject_number = r.subject_number
    GROUP BY p.series, p.subject_number, p.votes
)
SELECT
    s.frame,
    s.test_type,
    CASE
        WHEN f.subject_number > 0 THEN concat('AS', CAST(f.subject_number AS VARCHAR))
        WHEN f.subject_number = 0 THEN 'world'
        -- A country's letters: subject_bins.
        ELSE concat(
            chr(CAST(floor(CAST(-f.subject_number AS DOUBLE) / 256) AS INTEGER)),
            chr(CAST(-f.subject_number - 256 * floor(CAST(-f.subject_number AS DOUBLE) / 256) AS INTEGER))
        )
    END AS subject,
    s.hours,
    s.quantity,
    f.votes,
    f.zero_votes,
    f.fullest_bin_votes,
    CAST(m.mid_hundredths AS BIGINT) AS p50_hundredths,
    CAST(l.lower_hundredths AS BIGINT) AS p50_low_hundredths,
    CAST(h.upper_hundredths AS BIGINT) - 1 AS p50_high_hundredths,
    -- The upper end of a 95th percentile needs votes beyond it.
    CASE WHEN f.votes >= p.p95_votes THEN CAST(m95.mid_hundredths AS BIGINT) END AS p95_hundredths,
    CASE WHEN f.votes >= p.p95_votes THEN CAST(l95.lower_hundredths AS BIGINT) END AS p95_low_hundredths,
    CASE WHEN f.votes >= p.p95_votes THEN CAST(h95.upper_hundredths AS BIGINT) - 1 END AS p95_high_hundredths
FROM found AS f
CROSS JOIN parameters AS p
INNER JOIN series AS s ON s.series = f.series
INNER JOIN bins AS m ON m.bin = f.p50_bin
INNER JOIN bins AS l ON l.bin = f.p50_low_bin
INNER JOIN bins AS h ON h.bin = f.p50_high_bin
INNER JOIN bins AS m95 ON m95.bin = f.p95_bin
INNER JOIN bins AS l95 ON l95.bin = f.p95_low_bin
INNER JOIN bins AS h95 ON h95.bin = f.p95_high_bin
