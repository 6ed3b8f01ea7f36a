-- Votes of each frame (a window, a month or a day) by network, country, hours, quantity and bin: a block is in a frame if
-- its last day is. Months and days serve trends, which follow the ranked quantity only.
SELECT
    f.frame,
    b.test_type,
    b.asn,
    b.country,
    b.hours,
    b.quantity,
    b.bin,
    CAST(sum(b.votes) AS BIGINT) AS votes
FROM block_bins AS b
INNER JOIN frame_days AS f ON f.day = b.last_day
WHERE f.kind = 'window' OR b.quantity = 'working'
GROUP BY f.frame, b.test_type, b.asn, b.country, b.hours, b.quantity, b.bin
