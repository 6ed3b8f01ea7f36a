//! Reads a cut back: what the API answers from, and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use wire::Day;

use super::{CUT_FORMAT, CutDocument, CutFault, CutId, WINDOWS};
use crate::digest::Sha256;
use crate::durable::FileFault;
use crate::engine::{Engine, EngineFault, Row, quoted_path};
use crate::paths::DataDir;

/// A cut in memory.
#[derive(Debug)]
pub struct Cut {
    /// What it says of itself.
    pub document: CutDocument,
    /// Names of networks.
    pub names: BTreeMap<u32, String>,
    /// The rankings by test type (`single`, `household`) and window in days, in the order of rank.
    pub rankings: BTreeMap<(&'static str, u32), Vec<RankedNetwork>>,
}

/// A network in a ranking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankedNetwork {
    /// Its place; none if the evidence is too thin.
    pub rank: Option<u64>,
    /// The network.
    pub asn: u32,
    /// Where most of its votes come from.
    pub country: Option<String>,
    /// Tests in the window.
    pub tests: u64,
    /// Votes in the window.
    pub votes: u64,
    /// Days with votes.
    pub vote_days: u64,
    /// First day of its oldest block in the window.
    pub first_day: Day,
    /// Median latency increase with both ends of its interval, in hundredths of a ms; none for household tests.
    pub p50: Option<[u32; 3]>,
    /// Votes by grade, A+ to F.
    pub grades: [u64; 6],
    /// Share of votes at A or better, in millionths.
    pub share_a_or_better_millionths: u64,
    /// Grade of the middle vote.
    pub grade: String,
    /// Why it has no rank.
    pub unranked_reason: Option<String>,
}

impl Cut {
    /// Reads the current cut and checks every byte of it; `None` if none was made yet.
    ///
    /// # Errors
    /// [`CutFault`] if it is damaged.
    pub fn current(engine: &Engine, dir: &DataDir) -> Result<Option<Self>, CutFault> {
        current_id(dir)?.map(|id| Self::load(engine, dir, id)).transpose()
    }

    fn load(engine: &Engine, dir: &DataDir, id: CutId) -> Result<Self, CutFault> {
        let document = read_document(dir, id)?;
        let root = path_of(dir, id);
        for file in &document.files {
            let path = root.join(&file.path);
            let bytes = fs::read(&path).map_err(FileFault::when("read", &path))?;
            if Sha256::of(&bytes) != file.sha256 {
                return Err(CutFault::Damaged(path));
            }
        }
        let mut rankings = BTreeMap::new();
        for window in WINDOWS {
            for test_type in ["single", "household"] {
                let rows = read_ranking(engine, &root.join(format!("rankings/{test_type}-{window}.parquet")))?;
                rankings.insert((test_type, window), rows);
            }
        }
        let names = read_names(engine, &root.join("inputs/asn_names.csv"))?;
        Ok(Self { document, names, rankings })
    }
}

/// The id that `CURRENT` names.
pub(super) fn current_id(dir: &DataDir) -> Result<Option<CutId>, CutFault> {
    let path = dir.public().join("CURRENT");
    match fs::read_to_string(&path) {
        Ok(text) => text.trim_end().parse().map(Some).map_err(|_| CutFault::Damaged(path)),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(FileFault::when("read", &path)(source).into()),
    }
}

/// What a cut says of itself.
pub(super) fn read_document(dir: &DataDir, id: CutId) -> Result<CutDocument, CutFault> {
    let path = path_of(dir, id).join("cut.json");
    let bytes = fs::read(&path).map_err(FileFault::when("read", &path))?;
    let document: CutDocument =
        serde_json::from_slice(&bytes).map_err(|source| CutFault::Unreadable { path: path.clone(), source })?;
    if document.id != id || document.format != CUT_FORMAT { Err(CutFault::Damaged(path)) } else { Ok(document) }
}

fn path_of(dir: &DataDir, id: CutId) -> PathBuf {
    dir.public().join("cuts").join(id.to_string())
}

fn read_ranking(engine: &Engine, path: &Path) -> Result<Vec<RankedNetwork>, EngineFault> {
    let sql = format!("SELECT * FROM read_parquet({}) ORDER BY rank NULLS LAST, asn", quoted_path(path)?);
    engine.query("reading a ranking", &sql, &[], |row| {
        let grade = |name| row.u64(name);
        Ok(RankedNetwork {
            rank: row.maybe_int("rank")?.map(|rank| u64::try_from(rank).unwrap_or(0)),
            asn: row.u32("asn")?,
            country: row.maybe_text("country")?,
            tests: row.u64("tests")?,
            votes: row.u64("votes")?,
            vote_days: row.u64("vote_days")?,
            first_day: row.day("first_day")?,
            p50: read_p50(row)?,
            grades: [
                grade("votes_a_plus")?,
                grade("votes_a")?,
                grade("votes_b")?,
                grade("votes_c")?,
                grade("votes_d")?,
                grade("votes_f")?,
            ],
            share_a_or_better_millionths: row.u64("share_a_or_better_millionths")?,
            grade: row.text("grade")?,
            unranked_reason: row.maybe_text("unranked_reason")?,
        })
    })
}

/// Household tests measure no latency: their rankings lack these columns.
fn read_p50(row: &Row<'_>) -> Result<Option<[u32; 3]>, EngineFault> {
    if !row.has("p50_hundredths") {
        return Ok(None);
    }
    Ok(Some([row.u32("p50_hundredths")?, row.u32("p50_low_hundredths")?, row.u32("p50_high_hundredths")?]))
}

fn read_names(engine: &Engine, path: &Path) -> Result<BTreeMap<u32, String>, EngineFault> {
    let sql = format!(
        "SELECT asn, name FROM read_csv({}, header = true, quote = '\"', escape = '\"', \
         columns = {{'asn': 'UINTEGER', 'name': 'VARCHAR'}})",
        quoted_path(path)?
    );
    let names =
        engine.query("reading the networks' names", &sql, &[], |row| Ok((row.u32("asn")?, row.text("name")?)))?;
    Ok(names.into_iter().collect())
}
