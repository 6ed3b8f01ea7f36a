//! Empties the write-ahead log: pages as they were before an erasure are in it.
//!
//! It cannot be done while anybody reads pages out of the log. The writer does not wait for that: it tries again, ever more
//! rarely.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::store::damage::files;
use crate::store::schema::BUSY_TIMEOUT;

/// Pause after the first try that met a reader; it doubles from try to try.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// Longest pause between two tries.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// Most askers that wait at once; one more waits in vain and is told that it is not done.
const MAX_ASKERS: usize = 64;

/// Whether the log must be cut, and who waits for it.
#[derive(Debug)]
pub(super) struct LogCut {
    due: Option<Due>,
    askers: Vec<oneshot::Sender<()>>,
    /// Something was erased: damaged databases that were set aside hold it, too.
    erased: bool,
}

#[derive(Debug)]
struct Due {
    at: Instant,
    pause: Duration,
}

impl LogCut {
    /// Due from the start: the program may have ended in the middle of an erasure.
    pub(super) fn due() -> Self {
        Self { due: Some(Due { at: Instant::now(), pause: FIRST_PAUSE }), askers: Vec::new(), erased: false }
    }

    /// Asks for it, from the next commit on.
    pub(super) fn ask(&mut self, asker: oneshot::Sender<()>) {
        self.askers.retain(|asker| !asker.is_closed());
        if self.askers.len() < MAX_ASKERS {
            self.askers.push(asker);
        }
        self.due = Some(Due { at: Instant::now(), pause: FIRST_PAUSE });
        self.erased = true;
    }

    /// How long the writer may rest, at most `longest`.
    pub(super) fn rest(&self, longest: Duration) -> Duration {
        self.due.as_ref().map_or(longest, |due| due.at.saturating_duration_since(Instant::now()).min(longest))
    }

    /// Cuts the log if it is time; call it outside of a transaction.
    pub(super) fn cut_if_due(&mut self, connection: &Connection, path: &Path) {
        let Some(due) = &self.due else { return };
        if Instant::now() < due.at {
            return;
        }
        if cut(connection) && (!self.erased || files::forget_all(path).is_ok()) {
            (self.due, self.erased) = (None, false);
            for asker in self.askers.drain(..) {
                let _ = asker.send(());
            }
        } else {
            self.due = Some(Due { at: Instant::now() + due.pause, pause: (due.pause * 2).min(MAX_PAUSE) });
        }
    }
}

/// True if the log is empty now.
fn cut(connection: &Connection) -> bool {
    let cut = || -> rusqlite::Result<bool> {
        // Nobody's result waits for a reader to finish.
        connection.busy_timeout(Duration::ZERO)?;
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0).map(|busy| !busy))
    };
    let done = cut();
    let _ = connection.busy_timeout(BUSY_TIMEOUT);
    done.unwrap_or(false)
}
