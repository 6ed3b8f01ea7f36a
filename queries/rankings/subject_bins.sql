-- Votes of each frame by subject, hours, quantity and bin. A subject is a network (`AS64500`), a country (`DE`: clients in
-- it, of whatever network) or the world; country and world are sums of the same blocks. Windows have the peak and the
-- off-peak hours beside all hours: of those parts of blocks that could be divided.
WITH by_hours AS (
    SELECT frame, test_type, asn, country, 'all' AS hours, quantity, bin, votes
    FROM frame_bins
    UNION ALL
    SELECT b.frame, b.test_type, b.asn, b.country, b.hours, b.quantity, b.bin, b.votes
    FROM frame_bins AS b
    INNER JOIN frames AS f ON f.frame = b.frame
    WHERE f.kind = 'window' AND b.hours <> 'unsplit'
)
SELECT frame, test_type, concat('AS', CAST(asn AS VARCHAR)) AS subject, hours, quantity, bin, CAST(sum(votes) AS BIGINT) AS votes
FROM by_hours
GROUP BY frame, test_type, asn, hours, quantity, bin
UNION ALL
SELECT frame, test_type, country AS subject, hours, quantity, bin, CAST(sum(votes) AS BIGINT) AS votes
FROM by_hours
-- Clients of unknown country count for their network and the world.
WHERE country IS NOT NULL
GROUP BY frame, test_type, country, hours, quantity, bin
UNION ALL
SELECT frame, test_type, 'world' AS subject, hours, quantity, bin, CAST(sum(votes) AS BIGINT) AS votes
FROM by_hours
GROUP BY frame, test_type, hours, quantity, bin
