-- Votes of each series by subject and bin. A subject is a network (`AS64500`), a country (`DE`: clients in it, of whatever
-- network) or the world; country and world are sums of the same blocks.
WITH in_countries AS (
    SELECT series, country, bin, CAST(sum(votes) AS BIGINT) AS votes
    FROM frame_bins
    GROUP BY series, country, bin
)
SELECT series, concat('AS', CAST(asn AS VARCHAR)) AS subject, bin, CAST(sum(votes) AS BIGINT) AS votes
FROM frame_bins
GROUP BY series, asn, bin
UNION ALL
SELECT series, country AS subject, bin, votes
FROM in_countries
-- Clients of unknown country count for their network and the world.
WHERE country IS NOT NULL
UNION ALL
SELECT series, 'world' AS subject, bin, CAST(sum(votes) AS BIGINT) AS votes
FROM in_countries
GROUP BY series, bin
