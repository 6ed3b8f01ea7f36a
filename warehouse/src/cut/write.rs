//! Makes a cut: every file written, fsynced and named inside a hidden directory, then one rename, then `CURRENT`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use wire::{Asn, Hour};

use super::months::Months;
use super::read::read_document;
use super::{
    AgentAccount, CUT_FORMAT, CutDocument, CutFault, CutFile, CutId, Evidence, LICENCE, METHOD_VERSION, WINDOWS,
};
use crate::catalog::{self, Query};
use crate::digest::Sha256;
use crate::durable::{self, FileFault, PUBLIC_MODE};
use crate::engine::{Engine, quoted_path};
use crate::inputs::Inputs;
use crate::lake::paths::TestDate;
use crate::marts::{Basis, Marts};
use crate::paths::DataDir;

/// What a cut is made of, beside the marts.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The last closed day.
    pub last_day: TestDate,
    /// What it takes to be ranked.
    pub evidence: Evidence,
    /// Names of networks; those that have no block are left out.
    pub names: BTreeMap<Asn, String>,
    /// The operator's lists.
    pub inputs: Inputs,
    /// How complete agents' results are.
    pub agents: Vec<AgentAccount>,
    /// Hour of its making.
    pub hour: Hour,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The current cut.
    pub id: CutId,
    /// False if the current cut says the same already.
    pub is_new: bool,
}

/// The Parquet files of a cut that are its own: their folder and the relations, in the order in which data flows. A file
/// holds its relation whole, sorted by its contract's grain. Blocks and trends are in [`super::months`].
const TABLES: [(&str, &[Query]); 2] = [
    ("rankings", &[catalog::RANKINGS, catalog::RANKINGS_BY_POLICY, catalog::LATENCIES, catalog::AREAS]),
    ("provenance", &[catalog::ASN_SOURCES, catalog::ASN_PROVENANCE, catalog::COVERAGE]),
];

/// The inputs of a cut that are tables, each a CSV, and the order of its lines.
const INPUTS: [(&str, &str); 9] = [
    ("parameters", "last_day"),
    ("frames", "kind, first_day, window_days"),
    ("frame_days", "kind, frame, day"),
    ("series", "series"),
    ("critical_values", "networks"),
    ("country_offsets", "country"),
    ("asn_names", "asn"),
    ("asn_kinds", "asn"),
    ("asn_organisations", "asn"),
];

/// Makes the cut of what the marts hold, unless the current one says the same.
///
/// # Errors
/// [`CutFault`]; the current cut then stays.
pub fn publish(marts: &mut Marts, dir: &DataDir, plan: &Plan) -> Result<Published, CutFault> {
    let cuts = dir.public().join("cuts");
    make_directory(&cuts)?;
    let making = cuts.join(".making");
    remove_tree(&making)?;
    let before = last_published(marts, dir, plan.last_day)?;
    let basis = Basis {
        last_day: plan.last_day.day(),
        evidence: plan.evidence,
        names: plan.names.clone(),
        inputs: plan.inputs.clone(),
    };
    marts.with_figures(&basis, before.is_none(), |engine, oldest| {
        let months = Months {
            engine,
            public: &dir.public(),
            making: &making,
            before: before.as_ref(),
            oldest: oldest.and_then(TestDate::of),
            last_day: plan.last_day,
        };
        make_directory(&making)?;
        let mut files = months.files()?;
        files.extend(write_files(engine, &making)?);
        let published = name(dir, describe(plan, files)?, &making)?;
        Ok((published, published.id.to_string()))
    })
}

/// The cut whose files the next one can name again.
fn last_published(marts: &Marts, dir: &DataDir, last_day: TestDate) -> Result<Option<CutDocument>, CutFault> {
    let Some(since) = marts.published().filter(|since| since.day <= last_day.day()) else { return Ok(None) };
    let Ok(id) = since.name.parse::<CutId>() else { return Ok(None) };
    match read_document(dir, id) {
        // The marts may remember a day more than its name: what counts is the day of both.
        Ok(document) if document.last_day.day() == since.day => Ok(Some(document)),
        Ok(_) | Err(CutFault::OtherFormat(_)) => Ok(None),
        Err(CutFault::File(fault)) if fault.is_not_found() => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Gives what was written its name, unless there is such a cut already, and makes it the current one.
fn name(dir: &DataDir, mut document: CutDocument, making: &Path) -> Result<Published, CutFault> {
    let cuts = dir.public().join("cuts");
    if let Some(newest) = newest_of_day(&cuts, document.last_day)? {
        let same = match read_document(dir, newest) {
            Ok(before) => before.content == document.content,
            Err(CutFault::OtherFormat(_)) => false,
            Err(fault) => return Err(fault),
        };
        if same {
            remove_tree(making)?;
            return switch(dir, newest);
        }
        document.id.edition = newest.edition + 1;
    }
    let path = making.join("cut.json");
    let unreadable = |source| CutFault::Unreadable { path: path.clone(), source };
    let text = serde_json::to_vec_pretty(&document).map_err(unreadable)?;
    durable::replace(&path, &text, PUBLIC_MODE).map_err(FileFault::when("write", &path))?;
    let path = cuts.join(document.id.to_string());
    fs::rename(making, &path).map_err(FileFault::when("name", &path))?;
    durable::sync_directory(&cuts).map_err(FileFault::when("sync", &cuts))?;
    switch(dir, document.id)
}

/// Makes this cut the current one.
fn switch(dir: &DataDir, id: CutId) -> Result<Published, CutFault> {
    if super::read::current_id(dir)? == Some(id) {
        return Ok(Published { id, is_new: false });
    }
    let current = dir.public().join("CURRENT");
    durable::replace(&current, format!("{id}\n").as_bytes(), PUBLIC_MODE)
        .map_err(FileFault::when("replace", &current))?;
    Ok(Published { id, is_new: true })
}

/// Writes the files that are this cut's own.
fn write_files(engine: &Engine, making: &Path) -> Result<Vec<CutFile>, CutFault> {
    for (folder, queries) in TABLES {
        make_directory(&making.join(folder))?;
        for query in queries {
            let relation = query.relation();
            let rows =
                if *query == catalog::COVERAGE { query.sql.to_owned() } else { format!("SELECT * FROM {relation}") };
            copy_parquet(engine, *query, &rows, &making.join(format!("{folder}/{relation}.parquet")))?;
        }
    }
    make_directory(&making.join("inputs/policies"))?;
    for (table, order) in INPUTS {
        let rows = format!("SELECT * FROM {table} ORDER BY {order}");
        copy(engine, table, &rows, "FORMAT csv, HEADER", &making.join(format!("inputs/{table}.csv")))?;
    }
    write(&making.join("inputs/bins.csv"), catalog::BINS_CSV.as_bytes())?;
    for (name, csv) in catalog::POLICIES {
        write(&making.join(format!("inputs/policies/{name}.csv")), csv.as_bytes())?;
    }
    let mut files = Vec::new();
    collect(making, making, &mut files)?;
    files.sort_by(|a: &CutFile, b: &CutFile| a.path.cmp(&b.path));
    Ok(files)
}

pub(super) fn make_directory(path: &Path) -> Result<(), FileFault> {
    fs::create_dir_all(path).map_err(FileFault::when("make directory", path))
}

/// Writes rows with the columns of a query as Parquet, sorted by the grain of its contract, which makes equal rows equal
/// bytes. Gives their number.
pub(super) fn copy_parquet(engine: &Engine, query: Query, rows: &str, path: &Path) -> Result<u64, CutFault> {
    let contract = query.contract().map_err(|_| CutFault::Contract(query.name))?;
    let order: Vec<String> = contract.grain.iter().map(|column| format!("{column} NULLS LAST")).collect();
    let rows = format!("SELECT * FROM ({rows}) ORDER BY {}", order.join(", "));
    copy(engine, query.name, &rows, "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880", path)
}

fn copy(engine: &Engine, what: &str, rows: &str, form: &str, path: &Path) -> Result<u64, CutFault> {
    let statement = format!("COPY ({rows}) TO {} ({form})", quoted_path(path)?);
    let rows = engine.execute(&format!("writing {what}"), &statement, &[])?;
    // The engine does not fsync what it copies.
    let sync = File::open(path).and_then(|file| file.sync_all());
    sync.map_err(FileFault::when("sync", path))?;
    Ok(rows as u64)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), FileFault> {
    durable::replace(path, bytes, PUBLIC_MODE).map_err(FileFault::when("write", path))
}

/// Every file below a directory, measured; the directories are made to last on the way.
fn collect(root: &Path, directory: &Path, files: &mut Vec<CutFile>) -> Result<(), FileFault> {
    let list = || fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>();
    for path in list().map_err(FileFault::when("list", directory))? {
        if path.is_dir() {
            collect(root, &path, files)?;
            continue;
        }
        let bytes = fs::read(&path).map_err(FileFault::when("read", &path))?;
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        files.push(CutFile { path: name, bytes: bytes.len() as u64, sha256: Sha256::of(&bytes), part: None });
    }
    durable::sync_directory(directory).map_err(FileFault::when("sync", directory))
}

fn describe(plan: &Plan, files: Vec<CutFile>) -> Result<CutDocument, CutFault> {
    let moment = jiff::Timestamp::from_second(plan.hour.unix_s()).map_or_else(|_| String::new(), |at| at.to_string());
    let mut document = CutDocument {
        format: CUT_FORMAT,
        id: CutId { day: plan.last_day, edition: 1 },
        last_day: plan.last_day,
        generated_at: String::new(),
        method: METHOD_VERSION.to_owned(),
        windows: WINDOWS.to_vec(),
        policy: catalog::DEFAULT_POLICY.to_owned(),
        evidence: plan.evidence,
        licence: LICENCE.to_owned(),
        content: Sha256::of(&[]),
        agents: Vec::new(),
        files,
    };
    let bytes = serde_json::to_vec(&document)
        .map_err(|source| CutFault::Unreadable { path: PathBuf::from("cut.json"), source })?;
    document.content = Sha256::of(&bytes);
    document.generated_at = moment;
    document.agents.clone_from(&plan.agents);
    Ok(document)
}

/// The newest edition of a day's cut that lies there, whether it was made current or not.
fn newest_of_day(cuts: &Path, day: TestDate) -> Result<Option<CutId>, FileFault> {
    let list = || fs::read_dir(cuts)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>();
    let names = list().map_err(FileFault::when("list", cuts))?;
    let ids = names.iter().filter_map(|name| name.to_str()?.parse::<CutId>().ok());
    Ok(ids.filter(|id| id.day == day).max())
}

fn remove_tree(path: &Path) -> Result<(), FileFault> {
    match fs::remove_dir_all(path) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(FileFault::when("remove", path)(fault)),
        _ => Ok(()),
    }
}
