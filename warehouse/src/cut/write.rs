//! Makes a cut: every file written, fsynced and named inside a hidden directory, then one rename, then `CURRENT`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use wire::{Asn, Hour};

use super::read::read_document;
use super::{CUT_FORMAT, CutDocument, CutFault, CutFile, CutId, LICENCE, METHOD_VERSION, WINDOWS};
use crate::catalog::{self, Query};
use crate::digest::Sha256;
use crate::durable::{self, FileFault, PUBLIC_MODE};
use crate::engine::{Engine, Param, quoted_path};
use crate::lake::paths::TestDate;
use crate::marts::Marts;
use crate::paths::DataDir;

/// What it takes to stand in a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Votes from which a network is listed.
    pub listed_votes: u32,
    /// Votes from which a network is ranked.
    pub ranked_votes: u32,
    /// Days with votes from which a network is ranked.
    pub ranked_days: u32,
}

/// What a cut is made of, beside the marts.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The last closed day.
    pub last_day: TestDate,
    /// What it takes to be ranked.
    pub evidence: Evidence,
    /// Names of networks; those that the cut does not mention are left out.
    pub names: BTreeMap<Asn, String>,
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

/// Blocks of a cut: the table of the marts, and the order in which its rows stand.
const BLOCKS: [(&str, &str); 4] = [
    ("blocks", "asn, test_type, first_day"),
    ("block_bins", "asn, test_type, first_day, quantity, bin"),
    ("block_grades", "asn, test_type, first_day, policy, grade"),
    ("block_countries", "asn, test_type, first_day, country"),
];

/// Makes the cut of what the marts hold, unless the current one says the same.
///
/// # Errors
/// [`CutFault`]; the current cut then stays.
pub fn publish(marts: &Marts, dir: &DataDir, plan: &Plan) -> Result<Published, CutFault> {
    let cuts = dir.public().join("cuts");
    fs::create_dir_all(&cuts).map_err(FileFault::when("make directory", &cuts))?;
    let making = cuts.join(".making");
    remove_tree(&making)?;
    let files = write_files(marts.engine(), &making, plan)?;
    let mut document = describe(plan, files)?;
    if let Some(newest) = newest_of_day(&cuts, plan.last_day)? {
        if read_document(dir, newest)?.content == document.content {
            remove_tree(&making)?;
            return switch(dir, newest);
        }
        document.id.edition = newest.edition + 1;
    }
    let path = making.join("cut.json");
    let unreadable = |source| CutFault::Unreadable { path: path.clone(), source };
    let text = serde_json::to_vec_pretty(&document).map_err(unreadable)?;
    durable::replace(&path, &text, PUBLIC_MODE).map_err(FileFault::when("write", &path))?;
    let path = cuts.join(document.id.to_string());
    fs::rename(&making, &path).map_err(FileFault::when("name", &path))?;
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

fn write_files(engine: &Engine, making: &Path, plan: &Plan) -> Result<Vec<CutFile>, CutFault> {
    for folder in ["blocks", "rankings", "inputs/policies"] {
        let path = making.join(folder);
        fs::create_dir_all(&path).map_err(FileFault::when("make directory", &path))?;
    }
    let last_day = Param::Day(plan.last_day.day());
    let longest = i64::from(WINDOWS.into_iter().max().unwrap_or_default());
    for (table, order) in BLOCKS {
        let sql = format!(
            "SELECT * FROM {table} WHERE last_day > $last_day - CAST($window_days AS INTEGER) AND last_day <= $last_day \
             ORDER BY {order}"
        );
        let params = [("last_day", last_day.clone()), ("window_days", Param::Int(longest))];
        copy(engine, table, &sql, &params, &making.join(format!("blocks/{table}.parquet")))?;
    }
    for window in WINDOWS {
        for (name, query) in [("single", catalog::RANK_SINGLE), ("household", catalog::RANK_HOUSEHOLD)] {
            let path = making.join(format!("rankings/{name}-{window}.parquet"));
            copy(engine, query.name, query.sql, &ranking_params(query, plan, window), &path)?;
        }
    }
    write(&making.join("inputs/bins.csv"), catalog::BINS_CSV.as_bytes())?;
    for (name, csv) in catalog::POLICIES {
        write(&making.join(format!("inputs/policies/{name}.csv")), csv.as_bytes())?;
    }
    write(&making.join("inputs/asn_names.csv"), &names_csv(engine, plan)?)?;
    let mut files = Vec::new();
    collect(making, making, &mut files)?;
    files.sort_by(|a: &CutFile, b: &CutFile| a.path.cmp(&b.path));
    Ok(files)
}

/// The parameters of a ranking.
fn ranking_params(query: Query, plan: &Plan, window: u32) -> Vec<(&'static str, Param)> {
    let Evidence { listed_votes, ranked_votes, ranked_days } = plan.evidence;
    query.bind(&[
        ("last_day", Param::Day(plan.last_day.day())),
        ("window_days", window.into()),
        ("listed_votes", listed_votes.into()),
        ("ranked_votes", ranked_votes.into()),
        ("ranked_days", ranked_days.into()),
        ("policy", catalog::DEFAULT_POLICY.into()),
    ])
}

/// Writes the rows of a statement as Parquet. Its ORDER BY makes equal rows equal bytes.
fn copy(engine: &Engine, what: &str, sql: &str, params: &[(&str, Param)], path: &Path) -> Result<(), CutFault> {
    let copy =
        format!("COPY ({sql}) TO {} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)", quoted_path(path)?);
    engine.execute(&format!("writing {what}"), &copy, params)?;
    // The engine does not fsync what it copies.
    let sync = File::open(path).and_then(|file| file.sync_all());
    sync.map_err(FileFault::when("sync", path))?;
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), FileFault> {
    durable::replace(path, bytes, PUBLIC_MODE).map_err(FileFault::when("write", path))
}

/// Names of the networks that have blocks.
fn names_csv(engine: &Engine, plan: &Plan) -> Result<Vec<u8>, CutFault> {
    let sql = "SELECT DISTINCT asn FROM blocks ORDER BY asn";
    let networks = engine.query("listing the networks", sql, &[], |row| row.u32("asn"))?;
    let mut csv = String::from("asn,name\n");
    for asn in networks {
        if let Some(name) = Asn::new(asn).and_then(|asn| plan.names.get(&asn)) {
            csv.push_str(&format!("{asn},\"{}\"\n", name.replace('"', "\"\"")));
        }
    }
    Ok(csv.into_bytes())
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
        files.push(CutFile { path: name, bytes: bytes.len() as u64, sha256: Sha256::of(&bytes) });
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
        files,
    };
    let bytes = serde_json::to_vec(&document)
        .map_err(|source| CutFault::Unreadable { path: PathBuf::from("cut.json"), source })?;
    document.content = Sha256::of(&bytes);
    document.generated_at = moment;
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
