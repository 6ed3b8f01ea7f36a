-- The blocks that close now by country: split only where each part, the unknown one too, holds as many votes as a block
-- must; otherwise all votes of the block stand under the country of most of them (ties by code).
WITH parts AS (
    SELECT o.asn, o.test_type, c.first_day, c.last_day, o.country, CAST(sum(o.votes) AS BIGINT) AS votes
    FROM open_countries AS o
    INNER JOIN closing_days AS c ON c.asn = o.asn AND c.test_type = o.test_type AND c.counts_on = o.counts_on
    GROUP BY o.asn, o.test_type, c.first_day, c.last_day, o.country
),
placed AS (
    SELECT
        asn,
        test_type,
        first_day,
        last_day,
        country,
        votes,
        min(votes) OVER (PARTITION BY asn, test_type, first_day) AS smallest,
        CAST(sum(votes) OVER (PARTITION BY asn, test_type, first_day) AS BIGINT) AS all_votes,
        row_number() OVER (
            PARTITION BY asn, test_type, first_day
            ORDER BY CASE WHEN country IS NULL THEN 1 ELSE 0 END, votes DESC, country
        ) AS place
    FROM parts
)
SELECT
    asn,
    test_type,
    first_day,
    last_day,
    country,
    CASE WHEN smallest >= $block_votes THEN votes ELSE all_votes END AS votes
FROM placed
WHERE smallest >= $block_votes OR place = 1
