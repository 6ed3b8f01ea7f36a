-- The cache's tables beside those that queries fill, which are made from the contracts. Nothing here is a source: deleted,
-- it is made again from the lake.
CREATE TABLE state (
    manifest VARCHAR,
    last_seal BIGINT NOT NULL,
    closed_through DATE,
    reopened BOOLEAN NOT NULL,
    resume VARCHAR,
    published VARCHAR,
    published_day DATE,
    released VARCHAR,
    released_day DATE,
    offsets VARCHAR,
    statements VARCHAR NOT NULL
);
CREATE TABLE bindings (agent VARCHAR NOT NULL, asn UINTEGER NOT NULL, bound_at TIMESTAMP NOT NULL);
CREATE TABLE withdrawn_days (agent VARCHAR NOT NULL, test_date DATE NOT NULL);
CREATE TABLE resume (asn UINTEGER NOT NULL, test_type VARCHAR NOT NULL, next_day DATE NOT NULL);
-- Of each agent's epoch: results held, dropped and quarantined (with the reason), batches, and batches that never came.
CREATE TABLE accounts (
    agent VARCHAR NOT NULL,
    epoch BIGINT NOT NULL,
    what VARCHAR NOT NULL,
    reason VARCHAR,
    count BIGINT NOT NULL
);
CREATE TABLE closing_days (
    asn UINTEGER NOT NULL,
    test_type VARCHAR NOT NULL,
    counts_on DATE NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL
);
-- The days that a network's blocks of the file of results that is being written cover: they follow each other without a gap.
CREATE TABLE file_days (asn UINTEGER NOT NULL, test_type VARCHAR NOT NULL, first_day DATE NOT NULL, last_day DATE NOT NULL);
-- Inputs: data of the program, of the operator and of the cut, published with every cut.
CREATE TABLE bins (
    bin USMALLINT NOT NULL,
    lower_hundredths UINTEGER NOT NULL,
    upper_hundredths UINTEGER NOT NULL,
    mid_hundredths UINTEGER NOT NULL,
    mid_ln_millionths UINTEGER NOT NULL
);
CREATE TABLE rate_bins (bin USMALLINT NOT NULL, lower_hundredths UINTEGER NOT NULL, upper_hundredths UINTEGER NOT NULL);
-- Every rate that a record can hold, in hundredths of a Mbit/s, and its bin: a join by equality instead of by range.
CREATE TABLE rates (rate UINTEGER NOT NULL, bin USMALLINT NOT NULL);
CREATE TABLE policies (
    policy VARCHAR NOT NULL,
    grade VARCHAR NOT NULL,
    increase_below_hundredths UINTEGER,
    baseline_below_hundredths UINTEGER
);
CREATE TABLE critical_values (networks BIGINT NOT NULL, z_millionths BIGINT NOT NULL);
CREATE TABLE country_offsets (country VARCHAR NOT NULL, offset_minutes INTEGER NOT NULL);
CREATE TABLE asn_names (asn UINTEGER NOT NULL, name VARCHAR NOT NULL);
CREATE TABLE asn_kinds (asn UINTEGER NOT NULL, kind VARCHAR NOT NULL);
CREATE TABLE asn_organisations (asn UINTEGER NOT NULL, organisation VARCHAR NOT NULL);
CREATE TABLE parameters (
    last_day DATE NOT NULL,
    listed_votes BIGINT NOT NULL,
    ranked_votes BIGINT NOT NULL,
    ranked_days BIGINT NOT NULL,
    p95_votes BIGINT NOT NULL,
    default_policy VARCHAR NOT NULL
);
CREATE TABLE frames (
    frame VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    window_days BIGINT,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL
);
CREATE TABLE frame_days (frame VARCHAR NOT NULL, kind VARCHAR NOT NULL, day DATE NOT NULL);
CREATE TABLE series (
    series UINTEGER NOT NULL,
    frame VARCHAR NOT NULL,
    test_type VARCHAR NOT NULL,
    hours VARCHAR NOT NULL,
    quantity VARCHAR NOT NULL
);
