-- Votes of each series by subject and bin. A block is in a frame (a window, a month or a day) if its last day is. A series is
-- a frame with a test type, hours and a quantity: windows have all hours and beside them, for the ranked quantity, the peak
-- and off-peak hours of those parts of blocks that could be divided; months and days have the ranked quantity. A subject is a
-- network, a country (clients in it, of whatever network) or the world; country and world are sums of the same blocks.
-- Numbers stand for words in the many rows that follow: the series' own, and for a subject the network's own, 0 for the
-- world, and for a country the codes of its letters below zero: -(256 first + second).
WITH in_networks AS (
    SELECT s.series, b.asn, b.country, b.bin, CAST(sum(b.votes) AS BIGINT) AS votes
    FROM block_bins AS b
    INNER JOIN frame_days AS f ON f.day = b.last_day
    INNER JOIN series AS s
        ON s.frame = f.frame AND s.test_type = b.test_type AND s.quantity = b.quantity AND (s.hours = 'all' OR s.hours = b.hours)
    GROUP BY s.series, b.asn, b.country, b.bin
),
in_countries AS (
    SELECT series, country, bin, CAST(sum(votes) AS BIGINT) AS votes
    FROM in_networks
    GROUP BY series, country, bin
)
SELECT series, CAST(asn AS BIGINT) AS subject_number, bin, CAST(sum(votes) AS BIGINT) AS votes
FROM in_networks
GROUP BY series, asn, bin
UNION ALL
SELECT
    series,
    -(256 * CAST(ascii(substr(country, 1, 1)) AS BIGINT) + CAST(ascii(substr(country, 2, 1)) AS BIGINT)) AS subject_number,
    bin,
    votes
FROM in_countries
-- Clients of unknown country count for their network and the world.
WHERE country IS NOT NULL
UNION ALL
SELECT series, CAST(0 AS BIGINT) AS subject_number, bin, CAST(sum(votes) AS BIGINT) AS votes
FROM in_countries
GROUP BY series, bin
