//! Results in the record's schema: a Parquet or CSV file, staged in DuckDB so that pages of it can be read in order.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use wire::{Epoch, Record};

use super::{ImportFault, Source, SourceRow};
use crate::engine::{Engine, Param, Settings, quoted_path};

/// A column of the record: its name, and how a text becomes its JSON on the wire.
struct Column {
    name: &'static str,
    /// SQL over `value`, a text that is not null.
    parse: &'static str,
    required: bool,
}

const INTEGER: &str = "TRY_CAST(value AS UINTEGER)";
const TEXT: &str = "CAST(value AS VARCHAR)";
const BOOLEAN: &str = "TRY_CAST(value AS BOOLEAN)";
/// Whole hours or days since 1970, or a moment or day as text; UTC.
const HOUR: &str =
    "coalesce(TRY_CAST(value AS UINTEGER), CAST(floor(epoch(TRY_CAST(value AS TIMESTAMP)) / 3600) AS UINTEGER))";
const DAY: &str = "coalesce(TRY_CAST(value AS UINTEGER), CAST(epoch(TRY_CAST(value AS DATE)) / 86400 AS UINTEGER))";

const fn required(name: &'static str, parse: &'static str) -> Column {
    Column { name, parse, required: true }
}

const fn optional(name: &'static str, parse: &'static str) -> Column {
    Column { name, parse, required: false }
}

/// What is read, in the order of the record's fields.
const COLUMNS: [Column; 26] = [
    required("tested_hour", HOUR),
    required("test_type", TEXT),
    required("asn", INTEGER),
    required("asn_outcome", TEXT),
    optional("country", TEXT),
    required("ip_version", INTEGER),
    optional("vote_day", BOOLEAN),
    optional("vote_month", BOOLEAN),
    optional("baseline", INTEGER),
    optional("download_increase", INTEGER),
    optional("upload_increase", INTEGER),
    optional("bidirectional_increase", INTEGER),
    optional("download_rate", INTEGER),
    optional("upload_rate", INTEGER),
    optional("grade_overall", TEXT),
    optional("grade_download", TEXT),
    optional("grade_upload", TEXT),
    optional("grade_bidirectional", TEXT),
    optional("grade_gaming", TEXT),
    optional("grade_video_call", TEXT),
    optional("grade_streaming", TEXT),
    optional("grade_background", TEXT),
    optional("duration_s", INTEGER),
    optional("client_version_major", INTEGER),
    optional("client_version_minor", INTEGER),
    optional("client_version_patch", INTEGER),
];

/// Written beside the record's columns by a lake; read or left out here.
const LAST_COLUMN: Column = optional("asn_database_day", DAY);

/// Columns that a lake adds: they say how its rows came there, not what was measured.
const LAKE_ONLY: [&str; 12] = [
    "test_date",
    "agent",
    "epoch",
    "seq",
    "arrived_hour",
    "seal",
    "working_increase",
    "download_bin",
    "upload_bin",
    "bidirectional_bin",
    "ranked_bin",
    "baseline_bin",
];

/// A file of results, staged.
pub struct TableSource {
    engine: Engine,
    staged: PathBuf,
    epoch: Epoch,
    rows: u64,
}

impl TableSource {
    /// Stages a file in the directory `cache`; what is staged goes when this is dropped.
    ///
    /// # Errors
    /// [`ImportFault`] if it is no table of records.
    pub fn open(file: &Path, cache: &Path, memory_mib: u32) -> Result<Self, ImportFault> {
        let unreadable = |source| ImportFault::File { path: file.to_owned(), source };
        let file = &std::fs::canonicalize(file).map_err(unreadable)?;
        let epoch = epoch_of(file).map_err(unreadable)?;
        let reader = match file.extension().and_then(|ending| ending.to_str()) {
            Some("parquet") => format!("read_parquet({})", quoted_path(file)?),
            Some("csv") => format!("read_csv({}, header = true, all_varchar = true)", quoted_path(file)?),
            _ => return Err(ImportFault::Kind(file.clone())),
        };
        std::fs::create_dir_all(cache).map_err(unreadable)?;
        let staged = cache.join(format!("import-{}.duckdb", std::process::id()));
        let beside = file.parent().map(Path::to_owned).unwrap_or_default();
        let settings = Settings {
            memory_mib,
            threads: 1,
            directories: vec![cache.to_owned(), beside],
            spill_dir: cache.to_owned(),
        };
        // One that an earlier process of the same number left.
        remove(&staged);
        let engine = Engine::open(&staged, &settings)?;
        let mut source = Self { engine, staged, epoch, rows: 0 };
        let names = source.engine.query(
            "reading the columns",
            &format!("SELECT column_name FROM (DESCRIBE SELECT * FROM {reader})"),
            &[],
            |row| row.text("column_name"),
        )?;
        let names: BTreeSet<String> = names.into_iter().collect();
        check(&names).map_err(|fault| ImportFault::Columns { path: file.clone(), fault })?;
        source.engine.run("staging the file", &stage(&names, &reader))?;
        let rows =
            source.engine.query("counting rows", "SELECT count(*) AS rows FROM staged", &[], |row| row.u64("rows"))?;
        source.rows = rows.first().copied().unwrap_or(0);
        Ok(source)
    }
}

impl Drop for TableSource {
    fn drop(&mut self) {
        remove(&self.staged);
    }
}

fn remove(staged: &Path) {
    for path in [staged.to_owned(), staged.with_extension("duckdb.wal")] {
        let _ = std::fs::remove_file(path);
    }
}

impl Source for TableSource {
    fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    fn page(&self, after: u64, limit: usize) -> Result<Vec<SourceRow>, ImportFault> {
        let until = after.saturating_add(limit as u64);
        let whole = |number: u64| Param::Int(i64::try_from(number).unwrap_or(i64::MAX));
        let rows = self.engine.query(
            "reading staged rows",
            "SELECT rowid + 1 AS number, fault, record FROM staged WHERE rowid >= $after AND rowid < $until ORDER BY rowid",
            &[("after", whole(after)), ("until", whole(until))],
            |row| Ok((row.u64("number")?, row.maybe_text("fault")?, row.text("record")?)),
        )?;
        Ok(rows
            .into_iter()
            .map(|(number, fault, record)| {
                let record = match fault {
                    Some(column) => Err(format!("{column} holds a value of another kind")),
                    None => serde_json::from_str::<Record>(&record).map_err(|fault| fault.to_string()),
                };
                SourceRow { number, record }
            })
            .collect())
    }
}

/// The first 53 bits of the content's digest: the same file is the same import, wherever it lies.
fn epoch_of(file: &Path) -> std::io::Result<Epoch> {
    let mut hasher = Sha256::new();
    std::io::copy(&mut std::fs::File::open(file)?, &mut HashWriter(&mut hasher))?;
    let digest: [u8; 32] = hasher.finalize().into();
    let (eighths, _) = digest.as_chunks::<8>();
    Ok(Epoch::from_random_bits(eighths.first().copied().map_or(0, u64::from_be_bytes)))
}

struct HashWriter<'a>(&'a mut Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn all() -> impl Iterator<Item = &'static Column> {
    COLUMNS.iter().chain([&LAST_COLUMN])
}

fn check(names: &BTreeSet<String>) -> Result<(), String> {
    let missing: Vec<_> = all().filter(|c| c.required && !names.contains(c.name)).map(|c| c.name).collect();
    if !missing.is_empty() {
        return Err(format!("these columns are missing: {}", missing.join(", ")));
    }
    let known: BTreeSet<&str> = all().map(|c| c.name).chain(LAKE_ONLY).collect();
    let unknown: Vec<_> = names.iter().map(String::as_str).filter(|name| !known.contains(name)).collect();
    if unknown.is_empty() { Ok(()) } else { Err(format!("these columns are unknown: {}", unknown.join(", "))) }
}

/// The statement that stages the file: each row as the JSON that travels on the wire, and the first column whose value
/// is of another kind.
fn stage(names: &BTreeSet<String>, reader: &str) -> String {
    let there = |column: &&Column| names.contains(column.name);
    let text = |c: &Column| format!("nullif(trim(CAST({0} AS VARCHAR)), '') AS {0}", c.name);
    let texts: Vec<_> = all().filter(there).map(text).collect();
    let parsed = |column: &Column| column.parse.replace("value", column.name);
    let fault =
        |c: &Column| format!("WHEN {} IS NOT NULL AND {} IS NULL THEN '{0}'", c.name, parsed(c)).replace("{0}", c.name);
    let faults: Vec<_> = all().filter(there).map(fault).collect();
    let member = |c: &Column| {
        let fallback = if c.parse == BOOLEAN { "false" } else { "NULL" };
        let value =
            if names.contains(c.name) { format!("coalesce({}, {fallback})", parsed(c)) } else { fallback.to_owned() };
        format!("'{}', {value}", c.name)
    };
    let versions = ["client_version_major", "client_version_minor", "client_version_patch"];
    let members: Vec<_> = all().filter(|c| !versions.contains(&c.name)).map(member).collect();
    let version = if versions.iter().all(|name| names.contains(*name)) {
        format!(
            "CASE WHEN {0} IS NULL THEN NULL ELSE json_array({1}) END",
            versions[0],
            versions.map(|name| INTEGER.replace("value", name)).join(", ")
        )
    } else {
        "NULL".to_owned()
    };
    format!(
        "CREATE TABLE staged AS
         SELECT CASE {} END AS fault,
                CAST(json_object({}, 'client_version', {version}) AS VARCHAR) AS record
         FROM (SELECT {} FROM {reader})",
        faults.join(" "),
        members.join(", "),
        texts.join(", "),
    )
}
