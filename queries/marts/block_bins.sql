-- The parts of the blocks that close now by quantity and bin.
SELECT
    o.asn,
    o.test_type,
    p.first_day,
    p.last_day,
    p.part_country AS country,
    p.part_hours AS hours,
    o.quantity,
    o.bin,
    CAST(sum(o.votes) AS BIGINT) AS votes
FROM open_bins AS o
INNER JOIN part_places AS p
    ON p.asn = o.asn AND p.test_type = o.test_type AND p.counts_on = o.counts_on AND p.hours = o.hours
    AND p.country IS NOT DISTINCT FROM o.country
GROUP BY o.asn, o.test_type, p.first_day, p.last_day, p.part_country, p.part_hours, o.quantity, o.bin
