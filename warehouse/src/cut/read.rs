//! Reads a cut back: what the API answers from, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use wire::Day;

use super::{CUT_FORMAT, CutDocument, CutFault, CutId};
use crate::durable::{FileFault, disk};
use crate::engine::{Engine, EngineFault, Row, quoted_path};
use crate::paths::DataDir;

/// A cut in memory.
#[derive(Debug)]
pub struct Cut {
    /// What it says of itself.
    pub document: CutDocument,
    /// Names of networks.
    pub names: BTreeMap<u32, String>,
    /// The rankings by test type (`single`, `household`), window in days and hours (`all`, `peak`), in the order of rank.
    pub rankings: Rankings,
}

/// Rankings by test type, window in days and hours.
pub type Rankings = BTreeMap<(String, u32, String), Vec<RankedNetwork>>;

/// A network in a ranking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankedNetwork {
    /// Its place with both ends of its interval, and how many networks are tied with it; none if the evidence is too thin.
    pub rank: Option<Rank>,
    /// The network.
    pub asn: u32,
    /// Where most of its votes come from.
    pub country: Option<String>,
    /// Its kind, by the operator's list.
    pub kind: Option<String>,
    /// The organisation to which it belongs, by the operator's list.
    pub organisation: Option<String>,
    /// Tests in the window.
    pub tests: u64,
    /// Votes in the window.
    pub votes: u64,
    /// Days with votes.
    pub vote_days: u64,
    /// First day of its oldest block in the window.
    pub first_day: Day,
    /// What it is ranked by, in hundredths of a ms; none for household tests.
    pub score_hundredths: Option<u32>,
    /// What it is ranked by, in millionths of its votes; none for single tests.
    pub score_share_millionths: Option<u32>,
    /// Median latency increase with both ends of its interval, in hundredths of a ms; none for household tests.
    pub p50: Option<[u32; 3]>,
    /// Likewise the 95th percentile; none with too few votes.
    pub p95: Option<[u32; 3]>,
    /// Votes by grade, A+ to F.
    pub grades: [u64; 6],
    /// Share of votes at A or better with both ends of its interval, in millionths.
    pub share_millionths: [u32; 3],
    /// Grade of the middle vote.
    pub grade: String,
    /// Means in hundredths of a ms: baseline, download, upload, bidirectional; none where nothing was measured.
    pub means_hundredths: [Option<u32>; 4],
    /// Why it has no rank.
    pub unranked_reason: Option<String>,
}

/// A place in a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rank {
    /// The place.
    pub place: u64,
    /// Best end of its interval.
    pub low: u64,
    /// Worst end of its interval.
    pub high: u64,
    /// Networks that are not surely better or worse.
    pub ties: u64,
}

impl Cut {
    /// Reads the current cut and checks every byte of it; `None` if none was made yet by a program that knows this form.
    /// Files that it shares with a cut that was read before are not read again.
    ///
    /// # Errors
    /// [`CutFault`] if it is damaged.
    pub fn current(engine: &Engine, dir: &DataDir, before: Option<&Self>) -> Result<Option<Self>, CutFault> {
        let Some(id) = current_id(dir)? else { return Ok(None) };
        match Self::load(engine, dir, id, before) {
            Ok(cut) => Ok(Some(cut)),
            Err(fault @ CutFault::OtherFormat(_)) => {
                tracing::warn!(cut = %id, error = %fault, "the public cut cannot be served");
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }

    fn load(engine: &Engine, dir: &DataDir, id: CutId, before: Option<&Self>) -> Result<Self, CutFault> {
        let document = read_document(dir, id)?;
        let shared = before.map_or(&[][..], |before| &before.document.files).iter().filter(|file| file.part.is_some());
        let known: BTreeSet<&str> = shared.map(|file| file.path.as_str()).collect();
        for file in document.files.iter().filter(|file| !known.contains(file.path.as_str())) {
            let path = document.locate(&dir.public(), file);
            if disk::measure(&path)?.sha256 != file.sha256 {
                return Err(CutFault::Damaged(path));
            }
        }
        let root = path_of(dir, id);
        let rankings = read_rankings(engine, &root.join("rankings/rankings.parquet"))?;
        let names = read_names(&root.join("inputs/asn_names.csv"))?;
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
    let unreadable = |source| CutFault::Unreadable { path: path.clone(), source };
    // Only the document's own version knows its fields.
    let Format { format } = serde_json::from_slice(&bytes).map_err(unreadable)?;
    if format != CUT_FORMAT {
        return Err(CutFault::OtherFormat(path));
    }
    let document: CutDocument = serde_json::from_slice(&bytes).map_err(unreadable)?;
    if document.id == id { Ok(document) } else { Err(CutFault::Damaged(path)) }
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

fn path_of(dir: &DataDir, id: CutId) -> PathBuf {
    dir.public().join("cuts").join(id.to_string())
}

fn read_rankings(engine: &Engine, path: &Path) -> Result<Rankings, EngineFault> {
    let sql = format!(
        "SELECT * FROM read_parquet({}) ORDER BY test_type, window_days, hours, rank NULLS LAST, asn",
        quoted_path(path)?
    );
    let mut rankings = Rankings::new();
    engine.query("reading the rankings", &sql, &[], |row| {
        let key = (row.text("test_type")?, row.u32("window_days")?, row.text("hours")?);
        rankings.entry(key).or_default().push(read_network(row)?);
        Ok(())
    })?;
    Ok(rankings)
}

fn read_network(row: &Row<'_>) -> Result<RankedNetwork, EngineFault> {
    let rank = match row.maybe_int("rank")? {
        None => None,
        Some(_) => Some(Rank {
            place: row.u64("rank")?,
            low: row.u64("rank_low")?,
            high: row.u64("rank_high")?,
            ties: row.u64("ties")?,
        }),
    };
    Ok(RankedNetwork {
        rank,
        asn: row.u32("asn")?,
        country: row.maybe_text("country")?,
        kind: row.maybe_text("kind")?,
        organisation: row.maybe_text("organisation")?,
        tests: row.u64("tests")?,
        votes: row.u64("votes")?,
        vote_days: row.u64("vote_days")?,
        first_day: row.day("first_day")?,
        score_hundredths: row.maybe_u32("score_hundredths")?,
        score_share_millionths: row.maybe_u32("score_share_millionths")?,
        p50: read_three(row, ["p50_hundredths", "p50_low_hundredths", "p50_high_hundredths"])?,
        p95: read_three(row, ["p95_hundredths", "p95_low_hundredths", "p95_high_hundredths"])?,
        grades: [
            row.u64("votes_a_plus")?,
            row.u64("votes_a")?,
            row.u64("votes_b")?,
            row.u64("votes_c")?,
            row.u64("votes_d")?,
            row.u64("votes_f")?,
        ],
        share_millionths: [
            row.u32("share_millionths")?,
            row.u32("share_low_millionths")?,
            row.u32("share_high_millionths")?,
        ],
        grade: row.text("grade")?,
        means_hundredths: [
            row.maybe_u32("mean_baseline_hundredths")?,
            row.maybe_u32("mean_download_hundredths")?,
            row.maybe_u32("mean_upload_hundredths")?,
            row.maybe_u32("mean_bidirectional_hundredths")?,
        ],
        unranked_reason: row.maybe_text("unranked_reason")?,
    })
}

/// A figure with both ends of its interval; none if the figure is.
fn read_three(row: &Row<'_>, names: [&str; 3]) -> Result<Option<[u32; 3]>, EngineFault> {
    if row.maybe_int(names[0])?.is_none() {
        return Ok(None);
    }
    Ok(Some([row.u32(names[0])?, row.u32(names[1])?, row.u32(names[2])?]))
}

fn read_names(path: &Path) -> Result<BTreeMap<u32, String>, CutFault> {
    let bytes = fs::read(path).map_err(FileFault::when("read", path))?;
    let lines = csv::Reader::from_reader(bytes.as_slice()).into_deserialize();
    lines.collect::<Result<_, csv::Error>>().map_err(|_| CutFault::Damaged(path.to_owned()))
}
