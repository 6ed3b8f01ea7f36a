//! `bufferlake-verify`: a researcher's own check of a release, which shares no code with the program that made it.
//!
//! ```text
//! source      a directory or a server; each file is read once from there
//! release     latest.json, manifest.json, and every file with its digest
//! table       Parquet as Polars reads it; the only place that knows Polars
//! checks      one after the other: files, contracts, blocks, results; what fails is told and not hidden by what follows
//! sums        blocks added up, month by month, for windows, days and months
//! formulas    docs/methodology.md once more
//! figures     rankings, latencies, histograms, areas and trends as they follow from that; `compare` holds every value against them
//! report      what held and what did not
//! ```

pub mod address;
pub mod cell;
pub mod checks;
pub mod cli;
pub mod compare;
pub mod contract;
pub mod counts;
pub mod day;
pub mod figures;
pub mod formulas;
pub mod inputs;
pub mod manifest;
pub mod progress;
pub mod release;
pub mod report;
pub mod rows;
pub mod source;
pub mod subject;
pub mod sums;
pub mod table;
pub mod words;
