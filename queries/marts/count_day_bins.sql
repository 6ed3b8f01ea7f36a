-- Votes of each network on each day by the bin of each latency increase. The lake holds the bins: they were looked up
-- once, on integers, when the result was sealed.
SELECT counts_on, asn, test_type, 'working' AS quantity, ranked_bin AS bin, CAST(count(*) AS BIGINT) AS votes
FROM counted_results
WHERE vote_month AND ranked_bin IS NOT NULL
GROUP BY counts_on, asn, test_type, ranked_bin
UNION ALL
SELECT counts_on, asn, test_type, 'download' AS quantity, download_bin AS bin, CAST(count(*) AS BIGINT) AS votes
FROM counted_results
WHERE vote_month AND download_bin IS NOT NULL
GROUP BY counts_on, asn, test_type, download_bin
UNION ALL
SELECT counts_on, asn, test_type, 'upload' AS quantity, upload_bin AS bin, CAST(count(*) AS BIGINT) AS votes
FROM counted_results
WHERE vote_month AND upload_bin IS NOT NULL
GROUP BY counts_on, asn, test_type, upload_bin
UNION ALL
SELECT counts_on, asn, test_type, 'bidirectional' AS quantity, bidirectional_bin AS bin, CAST(count(*) AS BIGINT) AS votes
FROM counted_results
WHERE vote_month AND bidirectional_bin IS NOT NULL
GROUP BY counts_on, asn, test_type, bidirectional_bin
