-- Tests, votes and plain means of each subject in each window. Means are for pages that always showed them: a few slow
-- tests move them far, so nothing is ranked by them.
WITH in_frames AS (
    SELECT
        f.frame,
        b.test_type,
        b.asn,
        b.country,
        b.hours,
        b.tests,
        b.votes,
        b.baseline_votes,
        b.baseline_sum,
        b.download_sum,
        b.upload_sum,
        b.bidirectional_votes,
        b.bidirectional_sum
    FROM block_parts AS b
    INNER JOIN frame_days AS f ON f.day = b.last_day
    WHERE f.kind = 'window'
),
by_hours AS (
    SELECT
        frame, test_type, asn, country, 'all' AS hours, tests, votes,
        baseline_votes, baseline_sum, download_sum, upload_sum, bidirectional_votes, bidirectional_sum
    FROM in_frames
    UNION ALL
    SELECT
        frame, test_type, asn, country, hours, tests, votes,
        baseline_votes, baseline_sum, download_sum, upload_sum, bidirectional_votes, bidirectional_sum
    FROM in_frames
    WHERE hours <> 'unsplit'
),
by_subject AS (
    SELECT
        frame, test_type, concat('AS', CAST(asn AS VARCHAR)) AS subject, asn, hours, tests, votes,
        baseline_votes, baseline_sum, download_sum, upload_sum, bidirectional_votes, bidirectional_sum
    FROM by_hours
    UNION ALL
    SELECT
        frame, test_type, country AS subject, asn, hours, tests, votes,
        baseline_votes, baseline_sum, download_sum, upload_sum, bidirectional_votes, bidirectional_sum
    FROM by_hours
    WHERE country IS NOT NULL
    UNION ALL
    SELECT
        frame, test_type, 'world' AS subject, asn, hours, tests, votes,
        baseline_votes, baseline_sum, download_sum, upload_sum, bidirectional_votes, bidirectional_sum
    FROM by_hours
),
summed AS (
    SELECT
        frame,
        test_type,
        subject,
        hours,
        CAST(count(DISTINCT asn) AS BIGINT) AS networks,
        CAST(sum(tests) AS BIGINT) AS tests,
        CAST(sum(votes) AS BIGINT) AS votes,
        CAST(sum(baseline_votes) AS DOUBLE) AS baseline_votes,
        CAST(sum(baseline_sum) AS DOUBLE) AS baseline_sum,
        CAST(sum(download_sum) AS DOUBLE) AS download_sum,
        CAST(sum(upload_sum) AS DOUBLE) AS upload_sum,
        CAST(sum(bidirectional_votes) AS DOUBLE) AS bidirectional_votes,
        CAST(sum(bidirectional_sum) AS DOUBLE) AS bidirectional_sum
    FROM by_subject
    GROUP BY frame, test_type, subject, hours
)
SELECT
    frame,
    test_type,
    subject,
    hours,
    networks,
    tests,
    votes,
    CASE WHEN baseline_votes > 0 THEN CAST(floor(baseline_sum / baseline_votes + 0.5) AS BIGINT) END AS mean_baseline_hundredths,
    -- Household tests measure no increase.
    CASE WHEN test_type = 'single' THEN CAST(floor(download_sum / votes + 0.5) AS BIGINT) END AS mean_download_hundredths,
    CASE WHEN test_type = 'single' THEN CAST(floor(upload_sum / votes + 0.5) AS BIGINT) END AS mean_upload_hundredths,
    CASE WHEN bidirectional_votes > 0 THEN CAST(floor(bidirectional_sum / bidirectional_votes + 0.5) AS BIGINT) END AS mean_bidirectional_hundredths
FROM summed
