-- Tests and votes of each network on each day on which they count.
SELECT
    counts_on,
    asn,
    test_type,
    CAST(count(*) AS BIGINT) AS tests,
    CAST(count(*) FILTER (WHERE vote_month) AS BIGINT) AS votes
FROM counted_results
GROUP BY counts_on, asn, test_type
