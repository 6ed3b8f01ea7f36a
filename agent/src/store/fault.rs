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
}
