-- By what the current release was made.
SELECT
    last_day,
    listed_votes,
    ranked_votes,
    ranked_days,
    p95_votes,
    default_policy
FROM parameters
