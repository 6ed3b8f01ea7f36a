-- Version 5: what a batch reports as dropped survives its bytes.

-- Records that the batch itself reports as dropped (their reasons are in its bytes); 0 in rows of older versions.
ALTER TABLE batches ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;
DROP INDEX batches_known;
CREATE INDEX batches_known ON batches (seq, records, dropped);
