-- Votes of each series by network, country and bin: a block is in a frame (a window, a month or a day) if its last day is. A
-- series is a frame with a test type, hours and a quantity; its number stands for these four words in the many rows that
-- follow. Windows have all hours and beside them, for the ranked quantity, the peak and off-peak hours of those parts of
-- blocks that could be divided; months and days have the ranked quantity.
SELECT
    s.series,
    b.asn,
    b.country,
    b.bin,
    CAST(sum(b.votes) AS BIGINT) AS votes
FROM block_bins AS b
INNER JOIN frame_days AS f ON f.day = b.last_day
INNER JOIN series AS s
    ON s.frame = f.frame AND s.test_type = b.test_type AND s.quantity = b.quantity AND (s.hours = 'all' OR s.hours = b.hours)
GROUP BY s.series, b.asn, b.country, b.bin
