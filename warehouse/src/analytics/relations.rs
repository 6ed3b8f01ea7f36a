//! What the file holds, and where each relation comes from.

use super::{AnalyticsFault, Source};
use crate::catalog::{self, Contract, Query};
use crate::engine::{EngineFault, quoted, quoted_path};
use crate::paths::DataDir;

/// Where a relation comes from, and whether it is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Copied from the marts: counts, far fewer than results.
    Marts,
    /// Copied from the current release: a row for each network and window, at most.
    Cut,
    /// Copied from a CSV of the current release's inputs.
    Input,
    /// A view over the files of the current release: they grow with every day.
    CutFiles,
    /// A view over the files of the lake.
    LakeFiles,
    /// One row about the file.
    File,
}

/// Every relation of the file; its name is that of the query.
pub const RELATIONS: &[(Query, Origin)] = &[
    (catalog::META, Origin::File),
    (catalog::RESULTS, Origin::LakeFiles),
    (catalog::DAILY, Origin::Marts),
    (catalog::DAILY_EXCLUSIONS, Origin::Marts),
    (catalog::ACCOUNTS, Origin::Marts),
    (catalog::BLOCKS, Origin::CutFiles),
    (catalog::BLOCK_PARTS, Origin::CutFiles),
    (catalog::BLOCK_BINS, Origin::CutFiles),
    (catalog::BLOCK_GRADES, Origin::CutFiles),
    (catalog::BLOCK_AGENTS, Origin::Marts),
    (catalog::RANKINGS, Origin::Cut),
    (catalog::RANKINGS_BY_POLICY, Origin::Cut),
    (catalog::LATENCIES, Origin::Cut),
    (catalog::HISTOGRAMS, Origin::Cut),
    (catalog::AREAS, Origin::Cut),
    (catalog::TRENDS, Origin::CutFiles),
    (catalog::ASN_SOURCES, Origin::Cut),
    (catalog::ASN_PROVENANCE, Origin::Cut),
    (catalog::COVERAGE, Origin::Cut),
    (catalog::BINS, Origin::Marts),
    (catalog::POLICY_GRADES, Origin::Marts),
    (catalog::CRITICAL_VALUES, Origin::Marts),
    (catalog::COUNTRY_OFFSETS, Origin::Marts),
    (catalog::PARAMETERS, Origin::Input),
    (catalog::FRAMES, Origin::Input),
    (catalog::FRAME_DAYS, Origin::Input),
    (catalog::SERIES, Origin::Input),
    (catalog::ASN_NAMES, Origin::Input),
    (catalog::ASN_KINDS, Origin::Input),
    (catalog::ASN_ORGANISATIONS, Origin::Input),
];

/// Memory for reading an input, in bytes.
const CSV_BUFFER_BYTES: u32 = 1_000_000;

/// Longest line of an input, in bytes.
const CSV_LINE_BYTES: u32 = 100_000;

impl Origin {
    /// True if the relation is a view.
    #[must_use]
    pub fn is_view(self) -> bool {
        matches!(self, Self::CutFiles | Self::LakeFiles)
    }
}

/// The rows of a relation whose files the release or the lake has, as a SELECT with the columns of its contract.
pub(super) fn rows_of_files(
    source: &Source<'_>,
    dir: &DataDir,
    query: Query,
    origin: Origin,
) -> Result<String, AnalyticsFault> {
    let contract = query.contract().map_err(|_| AnalyticsFault::Contract(query.name))?;
    let from = match origin {
        Origin::LakeFiles => of_lake(source, dir)?,
        Origin::Input => of_input(source, dir, query, &contract)?,
        _ => of_cut(source, dir, query)?,
    };
    Ok(from.map_or_else(|| no_rows(&contract), |from| format!("SELECT {} FROM {from}", names(&contract))))
}

/// The files that the marts' manifest names. Their folders tell the day, so that a question about some days opens no others.
fn of_lake(source: &Source<'_>, dir: &DataDir) -> Result<Option<String>, EngineFault> {
    let paths = crate::lake::paths::LakePaths::in_data_dir(dir.root());
    let files = source.marts.snapshot().map_or(&[][..], |snapshot| &snapshot.files);
    let files: Vec<String> =
        files.iter().map(|file| quoted_path(&paths.result(&file.path))).collect::<Result<_, _>>()?;
    let days = "hive_partitioning = true, hive_types = {'test_date': 'DATE'}";
    Ok((!files.is_empty()).then(|| format!("read_parquet([{}], {days})", files.join(", "))))
}

fn of_cut(source: &Source<'_>, dir: &DataDir, query: Query) -> Result<Option<String>, EngineFault> {
    let Some(cut) = source.cut else { return Ok(None) };
    let files = cut.files_of(query.relation()).map(|file| quoted_path(&file.locate(&dir.public())));
    let files: Vec<String> = files.collect::<Result<_, _>>()?;
    Ok((!files.is_empty()).then(|| format!("read_parquet([{}], hive_partitioning = false)", files.join(", "))))
}

fn of_input(
    source: &Source<'_>,
    dir: &DataDir,
    query: Query,
    contract: &Contract,
) -> Result<Option<String>, EngineFault> {
    let Some(cut) = source.cut else { return Ok(None) };
    let Some(file) = cut.files_of(query.relation()).next() else { return Ok(None) };
    let path = quoted_path(&file.locate(&dir.public()))?;
    let types: Vec<String> =
        contract.columns.iter().map(|column| format!("{}: {}", quoted(&column.name), quoted(&column.r#type))).collect();
    Ok(Some(format!(
        "read_csv({path}, header = true, quote = '\"', escape = '\"', delim = ',', buffer_size = {CSV_BUFFER_BYTES}, \
         max_line_size = {CSV_LINE_BYTES}, columns = {{{}}})",
        types.join(", ")
    )))
}

/// A relation of which there is no file yet.
fn no_rows(contract: &Contract) -> String {
    let columns =
        contract.columns.iter().map(|column| format!("CAST(NULL AS {}) AS \"{}\"", column.r#type, column.name));
    format!("SELECT {} WHERE false", columns.collect::<Vec<_>>().join(", "))
}

fn names(contract: &Contract) -> String {
    contract.columns.iter().map(|column| format!("\"{}\"", column.name)).collect::<Vec<_>>().join(", ")
}
