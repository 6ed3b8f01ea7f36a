-- Votes of each network on each day, country and hours by the bin of each latency increase. The lake holds the bins: they
-- were looked up once, on integers, when the result was sealed.
SELECT counts_on, asn, test_type, country, hours, 'working' AS quantity, ranked_bin AS bin, CAST(count(*) AS BIGINT) AS votes
FROM counted_results
WHERE vote_month AND ranked_bin IS NOT NULL
GROUP BY counts_on, asn, test_type, country, hours, ranked_bin
UNION ALL
SELECT counts_on, asn, test_type, country, hours, 'download' AS quantity, download_bin AS bin, CAST(count(*) AS BIGINT) AS votes
FROM counted_results
WHERE vote_month AND download_bin IS NOT NULL
GROUP BY counts_on, asn, test_type, country, hours, download_bin
UNION ALL
SELECT counts_on, asn, test_type, country, hours, 'upload' AS quantity, upload_bin AS bin, CAST(count(*) AS BIGINT) AS votes
FROM counted_results
WHERE vote_month AND upload_bin IS NOT NULL
GROUP BY counts_on, asn, test_type, country, hours, upload_bin
UNION ALL
SELECT counts_on, asn, test_type, country, hours, 'bidirectional' AS quantity, bidirectional_bin AS bin, CAST(count(*) AS BIGINT) AS votes
FROM counted_results
WHERE vote_month AND bidirectional_bin IS NOT NULL
GROUP BY counts_on, asn, test_type, country, hours, bidirectional_bin
