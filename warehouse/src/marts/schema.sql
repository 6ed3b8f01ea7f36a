-- The cache's tables. Nothing here is a source: deleted, it is made again from the lake.
-- Columns of a table that a query of queries/marts fills are those of its contract, in the same order.
CREATE TABLE state (
    manifest VARCHAR,
    last_seal BIGINT NOT NULL,
    closed_through DATE,
    reopened BOOLEAN NOT NULL,
    resume VARCHAR,
    statements VARCHAR NOT NULL
);
CREATE TABLE bins (
    bin USMALLINT NOT NULL,
    lower_hundredths UINTEGER NOT NULL,
    upper_hundredths UINTEGER NOT NULL,
    mid_hundredths UINTEGER NOT NULL,
    mid_ln_millionths UINTEGER NOT NULL
);
CREATE TABLE policies (
    policy VARCHAR NOT NULL,
    grade VARCHAR NOT NULL,
    increase_below_hundredths UINTEGER,
    baseline_below_hundredths UINTEGER
);
CREATE TABLE bindings (agent VARCHAR NOT NULL, asn UINTEGER NOT NULL, bound_at TIMESTAMP NOT NULL);
CREATE TABLE withdrawn_days (agent VARCHAR NOT NULL, test_date DATE NOT NULL);
CREATE TABLE resume (asn UINTEGER NOT NULL, test_type VARCHAR NOT NULL, next_day DATE NOT NULL);
CREATE TABLE daily_parts (
    test_date DATE NOT NULL,
    asn UINTEGER,
    test_type VARCHAR NOT NULL,
    agent VARCHAR NOT NULL,
    tests BIGINT NOT NULL,
    votes BIGINT NOT NULL,
    unmeasured BIGINT NOT NULL
);
CREATE TABLE open_days (
    counts_on DATE NOT NULL,
    asn UINTEGER NOT NULL,
    test_type VARCHAR NOT NULL,
    tests BIGINT NOT NULL,
    votes BIGINT NOT NULL
);
CREATE TABLE open_bins (
    counts_on DATE NOT NULL,
    asn UINTEGER NOT NULL,
    test_type VARCHAR NOT NULL,
    quantity VARCHAR NOT NULL,
    bin USMALLINT NOT NULL,
    votes BIGINT NOT NULL
);
CREATE TABLE open_grades (
    counts_on DATE NOT NULL,
    asn UINTEGER NOT NULL,
    test_type VARCHAR NOT NULL,
    policy VARCHAR NOT NULL,
    grade VARCHAR NOT NULL,
    votes BIGINT NOT NULL
);
CREATE TABLE open_countries (
    counts_on DATE NOT NULL,
    asn UINTEGER NOT NULL,
    test_type VARCHAR NOT NULL,
    country VARCHAR,
    votes BIGINT NOT NULL
);
CREATE TABLE closing_days (
    asn UINTEGER NOT NULL,
    test_type VARCHAR NOT NULL,
    counts_on DATE NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL
);
CREATE TABLE blocks (
    asn UINTEGER NOT NULL,
    test_type VARCHAR NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    tests BIGINT NOT NULL,
    votes BIGINT NOT NULL,
    vote_days BIGINT NOT NULL
);
CREATE TABLE block_bins (
    asn UINTEGER NOT NULL,
    test_type VARCHAR NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    quantity VARCHAR NOT NULL,
    bin USMALLINT NOT NULL,
    votes BIGINT NOT NULL
);
CREATE TABLE block_grades (
    asn UINTEGER NOT NULL,
    test_type VARCHAR NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    policy VARCHAR NOT NULL,
    grade VARCHAR NOT NULL,
    votes BIGINT NOT NULL
);
CREATE TABLE block_countries (
    asn UINTEGER NOT NULL,
    test_type VARCHAR NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    country VARCHAR,
    votes BIGINT NOT NULL
);
