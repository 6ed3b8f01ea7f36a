-- Version 2: what the support desk and the provider's own systems need. All of it stays at the provider.

-- Results of one client, newest first without sorting.
DROP INDEX history_by_client;
CREATE INDEX history_by_client ON history (client_ip, received_ms);

-- Results of a time.
CREATE INDEX history_by_time ON history (received_ms);

-- Deliveries to the provider's own system that wait, and those that were set aside. They hold the address.
CREATE TABLE webhooks (
    -- The result's number: never given twice, so that a late answer settles no other delivery.
    local_id      INTEGER PRIMARY KEY,
    -- `webhook-id`: the same at every attempt, so that a receiver tells a repetition.
    message_id    TEXT NOT NULL,
    -- As in `history`, so that an erasure finds it.
    client_ip     BLOB NOT NULL,
    -- The exact bytes that are signed and sent.
    body          BLOB NOT NULL,
    queued_s      INTEGER NOT NULL,
    -- Attempts that failed after this moment are the last ones.
    tried_until_s INTEGER NOT NULL,
    attempts      INTEGER NOT NULL DEFAULT 0,
    next_try_ms   INTEGER NOT NULL,
    last_fault    TEXT,
    -- When it was given up; a human may send it again or drop it.
    aside_s       INTEGER
) STRICT;

CREATE INDEX webhooks_due ON webhooks (next_try_ms) WHERE aside_s IS NULL;
CREATE INDEX webhooks_overdue ON webhooks (tried_until_s) WHERE aside_s IS NULL;
CREATE INDEX webhooks_aside ON webhooks (aside_s) WHERE aside_s IS NOT NULL;
CREATE INDEX webhooks_by_client ON webhooks (client_ip);

-- One row: how much lies in `webhooks`, true whoever deletes there, and what was given up to hold its bounds.
CREATE TABLE webhook_counts (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    waiting      INTEGER NOT NULL,
    aside        INTEGER NOT NULL,
    -- Bodies, and what a row needs beside its body.
    bytes        INTEGER NOT NULL,
    dropped_full INTEGER NOT NULL,
    dropped_old  INTEGER NOT NULL
) STRICT;

INSERT INTO webhook_counts VALUES (1, 0, 0, 0, 0, 0);

CREATE TRIGGER webhooks_come AFTER INSERT ON webhooks BEGIN
    UPDATE webhook_counts SET
        waiting = waiting + (NEW.aside_s IS NULL),
        aside = aside + (NEW.aside_s IS NOT NULL),
        bytes = bytes + length(NEW.body) + 256;
END;

CREATE TRIGGER webhooks_go AFTER DELETE ON webhooks BEGIN
    UPDATE webhook_counts SET
        waiting = waiting - (OLD.aside_s IS NULL),
        aside = aside - (OLD.aside_s IS NOT NULL),
        bytes = bytes - length(OLD.body) - 256;
END;

CREATE TRIGGER webhooks_change AFTER UPDATE OF aside_s ON webhooks BEGIN
    UPDATE webhook_counts SET
        waiting = waiting + (NEW.aside_s IS NULL) - (OLD.aside_s IS NULL),
        aside = aside + (NEW.aside_s IS NOT NULL) - (OLD.aside_s IS NOT NULL);
END;

-- Who looked at what: sign-ins, look-ups, erasures, and who was refused. An erased client's address goes from here, too.
-- Capped, newest kept.
CREATE TABLE audit (
    id        INTEGER PRIMARY KEY,
    at_ms     INTEGER NOT NULL,
    -- store::audit::Action.
    action    TEXT NOT NULL,
    -- By which way the caller came: `api`, `page`, `command`.
    via       TEXT NOT NULL,
    -- Whence the caller came, as in `history`; null for a command, or erased.
    caller_ip BLOB,
    -- The address or the first address of the prefix that was asked for, as in `history`; null if none was, or erased.
    client_ip BLOB,
    -- Length of the prefix in bits of the 128; null with client_ip.
    prefix_bits INTEGER,
    -- Rows that were found or erased.
    rows      INTEGER
) STRICT;

CREATE INDEX audit_by_client ON audit (client_ip) WHERE client_ip IS NOT NULL;

-- Refusals have a cap of their own, so that a flood of them pushes nothing else out.
CREATE INDEX audit_refused ON audit (id) WHERE action = 'refused';
