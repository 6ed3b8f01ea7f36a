-- Into which part of its block each closing count goes. A block is divided by country and then by hours, into parts of
-- which each holds as many votes as a block must: a country with fewer joins the country of most votes (ties by code,
-- unknown last), and a country's votes are divided by hours only if both halves have enough. The parts do not overlap, so
-- that nothing can be found by subtracting one from another.
WITH counted AS (
    SELECT o.asn, o.test_type, c.first_day, c.last_day, o.country, o.hours, CAST(sum(o.votes) AS BIGINT) AS votes
    FROM open_parts AS o
    INNER JOIN closing_days AS c ON c.asn = o.asn AND c.test_type = o.test_type AND c.counts_on = o.counts_on
    GROUP BY o.asn, o.test_type, c.first_day, c.last_day, o.country, o.hours
),
in_countries AS (
    SELECT asn, test_type, first_day, country, CAST(sum(votes) AS BIGINT) AS votes
    FROM counted
    GROUP BY asn, test_type, first_day, country
),
in_order AS (
    SELECT
        asn,
        test_type,
        first_day,
        country,
        votes,
        row_number() OVER (
            PARTITION BY asn, test_type, first_day
            ORDER BY votes DESC, CASE WHEN country IS NULL THEN 1 ELSE 0 END, country
        ) AS place
    FROM in_countries
),
in_parts AS (
    SELECT
        o.asn,
        o.test_type,
        o.first_day,
        o.country,
        CASE WHEN o.votes >= $block_votes THEN o.country ELSE l.country END AS part_country
    FROM in_order AS o
    INNER JOIN in_order AS l ON l.asn = o.asn AND l.test_type = o.test_type AND l.first_day = o.first_day AND l.place = 1
),
by_country AS (
    SELECT c.asn, c.test_type, c.first_day, c.last_day, c.country, c.hours, p.part_country, c.votes
    FROM counted AS c
    INNER JOIN in_parts AS p
        ON p.asn = c.asn AND p.test_type = c.test_type AND p.first_day = c.first_day
        AND p.country IS NOT DISTINCT FROM c.country
),
halves AS (
    SELECT
        asn,
        test_type,
        first_day,
        last_day,
        country,
        hours,
        part_country,
        sum(votes) FILTER (WHERE hours = 'peak') OVER (PARTITION BY asn, test_type, first_day, part_country) AS peak_votes,
        sum(votes) FILTER (WHERE hours = 'off_peak') OVER (PARTITION BY asn, test_type, first_day, part_country) AS off_peak_votes
    FROM by_country
)
SELECT
    h.asn,
    h.test_type,
    c.counts_on,
    h.first_day,
    h.last_day,
    h.country,
    h.hours,
    h.part_country,
    CASE
        WHEN coalesce(h.peak_votes, 0) >= $block_votes AND coalesce(h.off_peak_votes, 0) >= $block_votes THEN h.hours
        ELSE 'unsplit'
    END AS part_hours
FROM halves AS h
-- A block can hold several days.
INNER JOIN closing_days AS c ON c.asn = h.asn AND c.test_type = h.test_type AND c.first_day = h.first_day
