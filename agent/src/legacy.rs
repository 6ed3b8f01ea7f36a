//! The history of the old system, a Python program with one SQLite table `test_results`.
//!
//! Its results come into the history and nowhere else: they are never uploaded and give no votes, because nobody knows
//! what was sent from there already. The old file is only read.

mod import;
mod row;
mod source;

pub use import::{Done, Importer, Plan, undo};
pub use row::Left;
pub use source::{Source, SourceFault};
