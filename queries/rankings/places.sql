-- The place of each ranked network in each ranking. Scores are rounded before they are compared; equal ones stand in the
-- order of their numbers. A contest is one ranking of one window: networks are compared within it.
SELECT
    s.frame,
    s.test_type,
    s.hours,
    s.ranking,
    s.asn,
    s.score_millionths,
    s.score_variance_e12,
    CAST(dense_rank() OVER (ORDER BY s.frame, s.test_type, s.hours, s.ranking) AS BIGINT) AS contest,
    CAST(row_number() OVER (
        PARTITION BY s.frame, s.test_type, s.hours, s.ranking
        ORDER BY coalesce(s.score_hundredths, s.score_millionths), s.asn
    ) AS BIGINT) AS rank,
    CAST(count(*) OVER (PARTITION BY s.frame, s.test_type, s.hours, s.ranking) AS BIGINT) AS networks
FROM scores AS s
INNER JOIN networks AS n ON n.frame = s.frame AND n.test_type = s.test_type AND n.hours = s.hours AND n.asn = s.asn
WHERE n.unranked_reason IS NULL
