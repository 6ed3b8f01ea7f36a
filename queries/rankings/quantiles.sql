-- Median and 95th percentile of each subject's latency increases, with 95 % intervals between order statistics.
-- With n votes, the p-quantile is the middle of the bin that the (n p)th vote reaches; the votes at places
-- n p - 1.96 √(n p (1 - p)) and n p + 1.96 √(n p (1 - p)) + 1, rounded outwards, hold the true quantile between them with
-- about 95 % confidence, whatever the distribution (David and Nagaraja, Order Statistics, 3rd ed., section 7.1). The
-- interval runs from the lower edge of the one's bin to the upper edge of the other's. Counts are integers and square
-- roots are exact in IEEE 754: every engine agrees.
WITH totals AS (
    SELECT frame, test_type, subject, hours, quantity, CAST(sum(votes) AS BIGINT) AS all_votes
    FROM subject_bins
    GROUP BY frame, test_type, subject, hours, quantity
),
reached AS (
    SELECT
        frame,
        test_type,
        subject,
        hours,
        quantity,
        bin,
        votes,
        CAST(sum(votes) OVER (
            PARTITION BY frame, test_type, subject, hours, quantity ORDER BY bin ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS BIGINT) AS reached
    FROM subject_bins
),
-- Edges rise with the bins: the least one among the bins that reach a place is that of the bin in which the place lies.
found AS (
    SELECT
        r.frame,
        r.test_type,
        r.subject,
        r.hours,
        r.quantity,
        t.all_votes AS votes,
        CAST(coalesce(sum(r.votes) FILTER (WHERE r.bin = 0), 0) AS BIGINT) AS zero_votes,
        max(r.votes) AS fullest_bin_votes,
        min(b.mid_hundredths) FILTER (WHERE 2 * r.reached >= t.all_votes) AS p50,
        min(b.lower_hundredths) FILTER (WHERE r.reached >= greatest(1, floor((t.all_votes - 1.96 * sqrt(t.all_votes)) / 2))) AS p50_low,
        min(b.upper_hundredths) FILTER (WHERE r.reached >= least(t.all_votes, ceil((t.all_votes + 1.96 * sqrt(t.all_votes)) / 2) + 1)) AS p50_high,
        min(b.mid_hundredths) FILTER (WHERE 100 * r.reached >= 95 * t.all_votes) AS p95,
        min(b.lower_hundredths) FILTER (WHERE r.reached >= floor(CAST(95 * t.all_votes AS DOUBLE) / 100 - 1.96 * sqrt(CAST(475 * t.all_votes AS DOUBLE) / 10000))) AS p95_low,
        min(b.upper_hundredths) FILTER (WHERE r.reached >= least(t.all_votes, ceil(CAST(95 * t.all_votes AS DOUBLE) / 100 + 1.96 * sqrt(CAST(475 * t.all_votes AS DOUBLE) / 10000)) + 1)) AS p95_high
    FROM reached AS r
    INNER JOIN bins AS b ON b.bin = r.bin
    INNER JOIN totals AS t
        ON t.frame = r.frame AND t.test_type = r.test_type AND t.subject = r.subject AND t.hours = r.hours AND t.quantity = r.quantity
    GROUP BY r.frame, r.test_type, r.subject, r.hours, r.quantity, t.all_votes
)
SELECT
    f.frame,
    f.test_type,
    f.subject,
    f.hours,
    f.quantity,
    f.votes,
    f.zero_votes,
    f.fullest_bin_votes,
    CAST(f.p50 AS BIGINT) AS p50_hundredths,
    CAST(f.p50_low AS BIGINT) AS p50_low_hundredths,
    CAST(f.p50_high AS BIGINT) - 1 AS p50_high_hundredths,
    -- The upper end of a 95th percentile needs votes beyond it.
    CASE WHEN f.votes >= p.p95_votes THEN CAST(f.p95 AS BIGINT) END AS p95_hundredths,
    CASE WHEN f.votes >= p.p95_votes THEN CAST(f.p95_low AS BIGINT) END AS p95_low_hundredths,
    CASE WHEN f.votes >= p.p95_votes THEN CAST(f.p95_high AS BIGINT) - 1 END AS p95_high_hundredths
FROM found AS f
CROSS JOIN parameters AS p
