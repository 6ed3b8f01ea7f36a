-- A vote is a test that has the ranked quantity: no group can hold more votes than measured tests.
SELECT test_date, asn, test_type, agent, tests, votes, unmeasured
FROM daily
WHERE votes < 0 OR unmeasured < 0 OR votes + unmeasured > tests
