-- The parts of the blocks that close now: each holds as many votes as a block must (see part_places). A sum over fewer
-- votes would tell the value of a single test: it is left out, with its votes.
SELECT
    o.asn,
    o.test_type,
    p.first_day,
    p.last_day,
    p.part_country AS country,
    p.part_hours AS hours,
    CAST(sum(o.tests) AS BIGINT) AS tests,
    CAST(sum(o.votes) AS BIGINT) AS votes,
    CAST(CASE WHEN sum(o.baseline_votes) >= $block_votes THEN sum(o.baseline_votes) ELSE 0 END AS BIGINT) AS baseline_votes,
    CAST(CASE WHEN sum(o.baseline_votes) >= $block_votes THEN sum(o.baseline_sum) ELSE 0 END AS BIGINT) AS baseline_sum,
    CAST(sum(o.download_sum) AS BIGINT) AS download_sum,
    CAST(sum(o.upload_sum) AS BIGINT) AS upload_sum,
    CAST(CASE WHEN sum(o.bidirectional_votes) >= $block_votes THEN sum(o.bidirectional_votes) ELSE 0 END AS BIGINT) AS bidirectional_votes,
    CAST(CASE WHEN sum(o.bidirectional_votes) >= $block_votes THEN sum(o.bidirectional_sum) ELSE 0 END AS BIGINT) AS bidirectional_sum
FROM open_parts AS o
INNER JOIN part_places AS p
    ON p.asn = o.asn AND p.test_type = o.test_type AND p.counts_on = o.counts_on AND p.hours = o.hours
    AND p.country IS NOT DISTINCT FROM o.country
GROUP BY o.asn, o.test_type, p.first_day, p.last_day, p.part_country, p.part_hours
