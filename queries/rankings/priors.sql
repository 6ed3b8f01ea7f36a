-- What is known of a network before its votes are seen, in each ranking: the mean of the listed networks, and how much
-- networks differ beyond what chance makes of so few votes: the variance of their means less the mean of the sampling
-- variances (method of moments; Morris, Journal of the American Statistical Association 78, 1983).
WITH compared AS (
    SELECT m.frame, m.test_type, m.hours, m.ranking, m.value_millionths, m.variance_e12
    FROM measures AS m
    INNER JOIN networks AS n ON n.frame = m.frame AND n.test_type = m.test_type AND n.hours = m.hours AND n.asn = m.asn
    -- Hosting networks are listed apart: they are no measure for homes.
    WHERE n.kind IS NULL OR n.kind <> 'hosting'
),
means AS (
    SELECT
        frame,
        test_type,
        hours,
        ranking,
        CAST(count(*) AS BIGINT) AS networks,
        CAST(floor(CAST(sum(value_millionths) AS DOUBLE) / count(*) + 0.5) AS BIGINT) AS mean_millionths
    FROM compared
    GROUP BY frame, test_type, hours, ranking
)
SELECT
    m.frame,
    m.test_type,
    m.hours,
    m.ranking,
    m.networks,
    m.mean_millionths,
    CASE
        WHEN m.networks > 1
            THEN CAST(floor(greatest(0,
                CAST(sum((c.value_millionths - m.mean_millionths) * (c.value_millionths - m.mean_millionths)) AS DOUBLE) / (m.networks - 1)
                - CAST(sum(c.variance_e12) AS DOUBLE) / m.networks
            ) + 0.5) AS BIGINT)
    END AS between_e12
FROM means AS m
INNER JOIN compared AS c ON c.frame = m.frame AND c.test_type = m.test_type AND c.hours = m.hours AND c.ranking = m.ranking
GROUP BY m.frame, m.test_type, m.hours, m.ranking, m.networks, m.mean_millionths
