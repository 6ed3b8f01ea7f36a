-- What came of each agent's batches, as the lake's manifest says it.
SELECT
    agent,
    epoch,
    what,
    reason,
    count
FROM accounts
