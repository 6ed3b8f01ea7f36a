-- Version 3: which databases of the old system were imported, and how far.

CREATE TABLE imports (
    -- Its rows are in `history` under local_ids of their own: row - (number << 40), below every result of ours.
    number     INTEGER PRIMARY KEY,
    -- The whole path of the file.
    path       TEXT NOT NULL,
    -- The last row that was looked at, and its timestamp as it stands there, which tells another file at the same path.
    last_row   INTEGER NOT NULL,
    last_timestamp TEXT,
    -- Rows before last_row that were received from this moment on (Unix milliseconds) are done, also if they were
    -- erased or evicted since. Older ones had no place in the history.
    done_from_ms INTEGER NOT NULL,
    -- Results that were taken, in all runs.
    taken      INTEGER NOT NULL,
    -- When the last run came to the end; null if it broke off.
    finished_s INTEGER
) STRICT;
