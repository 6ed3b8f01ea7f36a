-- Version 4: how damage is noticed, and how much was lost by it.

-- Over all of the row but alarm and key_check (store/checksum.rs): a row that does not fit its checksum is not believed.
ALTER TABLE identity ADD COLUMN checksum INTEGER;
-- Number of migrations that were applied, beside `user_version`, which lies unprotected in the file's first bytes.
ALTER TABLE identity ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
-- Batches below this number may have been lost by damage: if the warehouse asks for one, it goes out empty.
ALTER TABLE identity ADD COLUMN lost_below INTEGER NOT NULL DEFAULT 1;
-- Rises with every transaction of the writer: tells whether the main file or the write-ahead log is newer.
ALTER TABLE identity ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
-- A keyed hash of nothing under `local.key`: tells whether votes and answers were made under the key that lies there now.
ALTER TABLE identity ADD COLUMN key_check BLOB;

-- Over number and record; null in rows of older versions.
ALTER TABLE outbox ADD COLUMN checksum INTEGER;

-- 1 if its bytes were made anew, without records, after others may have reached the warehouse.
ALTER TABLE batches ADD COLUMN remade INTEGER NOT NULL DEFAULT 0;
-- What is known of each batch, in a place of its own: how much is lost with a batch that cannot be read any more.
CREATE INDEX batches_known ON batches (seq, records, offered);

-- Damage that was found since this database was born, by part of it (store::damage::Part).
CREATE TABLE damage (
    part   TEXT PRIMARY KEY,
    times  INTEGER NOT NULL,
    -- Rows that are lost, as far as they can be counted; 0 if all was mended.
    lost   INTEGER NOT NULL,
    last_s INTEGER NOT NULL,
    -- Name of the file that was set aside last, in the data directory.
    file   TEXT
) STRICT, WITHOUT ROWID;
