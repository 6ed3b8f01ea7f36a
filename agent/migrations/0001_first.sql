-- The agent's database, version 1. Addresses are in `history` only; `outbox` and `batches` hold what may leave.

-- One row: who this database is. The epoch is born with it; sequence numbers of two databases never mix.
CREATE TABLE identity (
    one           INTEGER PRIMARY KEY CHECK (one = 1),
    epoch         INTEGER NOT NULL,
    -- Number of the next batch to seal, and of the next result to take.
    next_seq      INTEGER NOT NULL,
    next_local_id INTEGER NOT NULL,
    -- The agent id inside this epoch's sealed batches; null before the first.
    agent         TEXT,
    -- Why uploading stopped until a human acts (JSON), and since when in Unix seconds.
    alarm         TEXT,
    alarm_since_s INTEGER
) STRICT;

-- Tests as the support desk sees them: with the address, and with the client's own numbers. Capped, newest kept.
CREATE TABLE history (
    local_id        INTEGER PRIMARY KEY,
    test_id         TEXT NOT NULL,
    received_ms     INTEGER NOT NULL,
    -- 16 bytes in network order (IPv4 as ::ffff:a.b.c.d), so that any prefix is one range.
    client_ip       BLOB NOT NULL,
    user_agent      TEXT,
    test_type       TEXT NOT NULL,
    download_mbps   REAL,
    upload_mbps     REAL,
    baseline_latency_ms               REAL,
    download_latency_increase_ms      REAL,
    upload_latency_increase_ms        REAL,
    bidirectional_latency_increase_ms REAL,
    overall_grade       TEXT,
    download_grade      TEXT,
    upload_grade        TEXT,
    bidirectional_grade TEXT,
    household_score     REAL,
    alex_grade          TEXT,
    sarah_grade         TEXT,
    jake_grade          TEXT,
    computer_grade      TEXT,
    test_duration_s     REAL,
    asn                 INTEGER,
    asn_name            TEXT,
    country_code        TEXT,
    test_server_name    TEXT
) STRICT;

CREATE INDEX history_by_client ON history (client_ip, local_id);

-- Records (JSON, IP-free) that wait for sealing. local_id leads back to history until then, so that an erased
-- customer's unsealed records can go too; sealing deletes the row, and with it the link.
CREATE TABLE outbox (
    local_id   INTEGER PRIMARY KEY,
    tested_hour INTEGER NOT NULL,
    record     BLOB NOT NULL
) STRICT;

-- Sealed batches of this epoch: the compressed bytes that are signed and sent, never made anew.
CREATE TABLE batches (
    seq       INTEGER PRIMARY KEY,
    body      BLOB NOT NULL,
    records   INTEGER NOT NULL,
    sealed_s  INTEGER NOT NULL,
    -- 1 once it may have reached the warehouse: from then on its bytes must not change.
    offered   INTEGER NOT NULL DEFAULT 0,
    -- When the warehouse acknowledged it; kept for a while in case the warehouse is restored from a backup.
    settled_s INTEGER
) STRICT;

CREATE INDEX batches_waiting ON batches (seq) WHERE settled_s IS NULL;

-- Those that the cap may still empty, so that they are found behind thousands that it has emptied.
CREATE INDEX batches_untouched ON batches (seq) WHERE settled_s IS NULL AND offered = 0 AND records > 0;

-- What will not be sent any more and a human may want to look at: refused batches, the outbox of a restored database.
CREATE TABLE set_aside (
    id      INTEGER PRIMARY KEY,
    epoch   INTEGER NOT NULL,
    seq     INTEGER,
    body    BLOB NOT NULL,
    records INTEGER NOT NULL,
    reason  TEXT NOT NULL,
    at_s    INTEGER NOT NULL
) STRICT;

-- Records given up since the last sealed batch, by wire::DropReason; the next batch reports them.
CREATE TABLE drops (
    reason  TEXT PRIMARY KEY,
    records INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Keyed hashes of clients with their test type (never of anything that leaves), and the days of their last valid test
-- and last vote. A client has a row for each day on which it tested; the last one is in force. Written in order, pruned
-- from the front after 31 days; the index over the clients is in memory, because random keys would touch a page per
-- request.
CREATE TABLE votes (
    id         INTEGER PRIMARY KEY,
    client     INTEGER NOT NULL,
    tested_day INTEGER NOT NULL,
    voted_day  INTEGER NOT NULL
) STRICT;

-- First answers to give again when a client repeats itself within ten minutes. Written in order, pruned from the
-- front; the index over the keys is in memory, because random keys would touch a page per request.
CREATE TABLE answers (
    id         INTEGER PRIMARY KEY,
    key        BLOB NOT NULL,
    client     BLOB NOT NULL,
    local_id   INTEGER NOT NULL,
    received_s INTEGER NOT NULL
) STRICT;
