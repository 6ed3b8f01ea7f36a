-- Votes of each network on each day by the client's country. Not published: see close_block_countries.
SELECT counts_on, asn, test_type, country, CAST(count(*) AS BIGINT) AS votes
FROM counted_results
WHERE vote_month
GROUP BY counts_on, asn, test_type, country
