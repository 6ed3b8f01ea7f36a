//! What can go wrong between the agent and its database.

/// Why the database did not do what was asked. No variant carries a value of a row.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreFault {
    /// SQLite refused: full or read-only disk, damage, a lock.
    #[error("the agent's database did not take the operation")]
    Sqlite(#[from] rusqlite::Error),
    /// The file cannot be made.
    #[error("the agent's database cannot be made")]
    Create(#[source] std::io::Error),
    /// The file was written by another version.
    #[error("the agent's database has version {found}; this program knows version {known}")]
    Version {
        /// Version of the file.
        found: usize,
        /// Version of this program.
        known: usize,
    },
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers for a new epoch")]
    Random(#[source] getrandom::Error),
    /// A batch could not be written or compressed.
    #[error("a batch could not be sealed")]
    Seal(#[source] std::io::Error),
    /// The body of a delivery could not be written.
    #[error("the delivery to the provider's own system could not be written")]
    Body(#[source] serde_json::Error),
    /// The transaction in which the work was done could not be committed; it was rolled back for all who shared it.
    #[error("the transaction was not committed")]
    NotCommitted,
    /// More requests wait for the disk than the queue holds.
    #[error("too many requests wait for the disk")]
    Overloaded,
    /// The writer thread could not be started.
    #[error("the database's writer thread could not be started")]
    Thread(#[source] std::io::Error),
    /// The writer has ended, or did not answer in time.
    #[error("the database's writer does not answer")]
    WriterGone,
    /// A look-up took too long and was broken off.
    #[error("the look-up took too long")]
    TooSlow,
    /// A look-up's thread ended by a fault of its own.
    #[error("the look-up ended by a fault")]
    ReaderGone,
    /// The database is closed; it is tried again in a moment.
    #[error("the agent's database is closed")]
    Closed,
    /// What was read is not what was written.
    #[error("{0} in the agent's database is damaged")]
    Damaged(&'static str),
    /// The database's file was moved, removed or replaced under the running agent.
    #[error("the agent's database was moved away or replaced while it was open")]
    Moved,
    /// A file beside the database cannot be read or written.
    #[error("{doing} {}", .path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: std::path::PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// What helps against a fault of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// The same connection may work again: the disk is full, or somebody holds a lock.
    Wait,
    /// A new connection may work: the disk was read-only, was gone, or did not do what it was told.
    Reopen,
    /// The file must be checked, and mended or replaced.
    Check,
}

impl StoreFault {
    /// True if what was read is not what was written.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        self.remedy() == Remedy::Check
    }

    /// The fault, of rows whose numbers the writer gave itself: that one is taken is damage.
    pub(super) fn of_own_rows(self) -> Self {
        match self {
            Self::Sqlite(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {
                Self::Damaged("identity")
            }
            other => other,
        }
    }

    /// The fault and all its causes in one line.
    pub(super) fn with_causes(&self) -> String {
        let mut words = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            words.push_str(": ");
            words.push_str(&error.to_string());
            cause = error.source();
        }
        words
    }

    pub(super) fn remedy(&self) -> Remedy {
        use rusqlite::{Error, ErrorCode};
        match self {
            Self::Damaged(_) => Remedy::Check,
            Self::Closed | Self::Moved | Self::Create(_) | Self::File { .. } => Remedy::Reopen,
            Self::Sqlite(error) => match error {
                Error::SqliteFailure(failure, _) => match failure.code {
                    ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Remedy::Check,
                    ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::SystemIoFailure => Remedy::Reopen,
                    _ => Remedy::Wait,
                },
                Error::FromSqlConversionFailure(..)
                | Error::IntegralValueOutOfRange(..)
                | Error::InvalidColumnType(..)
                | Error::Utf8Error(..) => Remedy::Check,
                _ => Remedy::Wait,
            },
            _ => Remedy::Wait,
        }
    }
}
