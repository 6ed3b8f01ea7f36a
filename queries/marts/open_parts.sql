-- Tests and votes of each network on each day by the client's country and the hours, with sums over the votes of what
-- means are made of. Not published as they are: see part_places.
SELECT
    counts_on,
    asn,
    test_type,
    country,
    hours,
    CAST(count(*) AS BIGINT) AS tests,
    CAST(count(*) FILTER (WHERE vote_month) AS BIGINT) AS votes,
    CAST(count(baseline) FILTER (WHERE vote_month) AS BIGINT) AS baseline_votes,
    CAST(coalesce(sum(baseline) FILTER (WHERE vote_month), 0) AS BIGINT) AS baseline_sum,
    CAST(coalesce(sum(download_increase) FILTER (WHERE vote_month), 0) AS BIGINT) AS download_sum,
    CAST(coalesce(sum(upload_increase) FILTER (WHERE vote_month), 0) AS BIGINT) AS upload_sum,
    CAST(count(bidirectional_increase) FILTER (WHERE vote_month) AS BIGINT) AS bidirectional_votes,
    CAST(coalesce(sum(bidirectional_increase) FILTER (WHERE vote_month), 0) AS BIGINT) AS bidirectional_sum
FROM counted_results
GROUP BY counts_on, asn, test_type, country, hours
