//! Reads a cut back: what the API answers from, and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::latest::Format;
use super::{CutDocument, CutFault, CutId, Latest, MANIFEST_FORMAT, Publication};
use crate::catalog::{self, Query};
use crate::digest::Sha256;
use crate::durable::{FileFault, disk};
use crate::engine::{Engine, quoted_path};
use crate::export::{Book, Sheet};
use crate::paths::DataDir;

/// Relations of a cut that statements of the API read.
const PUBLISHED: [Query; 9] = [
    catalog::RANKINGS,
    catalog::RANKINGS_BY_POLICY,
    catalog::LATENCIES,
    catalog::HISTOGRAMS,
    catalog::AREAS,
    catalog::TRENDS,
    catalog::ASN_SOURCES,
    catalog::ASN_PROVENANCE,
    catalog::COVERAGE,
];

/// Inputs that they read, and their columns.
const INPUTS: [(&str, &str); 2] = [
    ("asn_names", "{'asn': 'UINTEGER', 'name': 'VARCHAR'}"),
    (
        "parameters",
        "{'last_day': 'DATE', 'listed_votes': 'BIGINT', 'ranked_votes': 'BIGINT', 'ranked_days': 'BIGINT', \
          'p95_votes': 'BIGINT', 'default_policy': 'VARCHAR'}",
    ),
];

/// Memory for reading an input.
const CSV_BUFFER_BYTES: u32 = 1_000_000;

/// Longest line of an input.
const CSV_LINE_BYTES: u32 = 100_000;

/// A cut in memory: the sheets of `queries/api/`, each made once when the cut is read.
#[derive(Debug)]
pub struct Cut {
    /// What it says of itself.
    pub document: CutDocument,
    /// What is of the moment of its making.
    pub publication: Publication,
    /// Networks by mode, window in days and hours, such as `single/30/all`, in the order of their numbers.
    pub rankings: Book,
    /// The same networks in the same order by mode, window, hours and policy.
    pub grades: Book,
    /// Latency increases by subject.
    pub latencies: Book,
    /// How votes spread over latency increases, by subject.
    pub histograms: Book,
    /// Countries and the world by subject.
    pub areas: Book,
    /// Trends by subject.
    pub trends: Book,
    /// How much hangs on one source, by network.
    pub provenance: Book,
    /// Sources by network.
    pub sources: Book,
    /// What became of results, by day.
    pub coverage: Book,
}

impl Cut {
    /// Reads the current cut and checks every byte of it; `None` if none was made yet by a program that knows this form.
    /// Files that it shares with a cut that was read before are not read again.
    ///
    /// # Errors
    /// [`CutFault`] if it is damaged.
    pub fn current(engine: &Engine, dir: &DataDir, before: Option<&Self>) -> Result<Option<Self>, CutFault> {
        let Some(latest) = Latest::read(&dir.public())? else { return Ok(None) };
        match Self::load(engine, dir, &latest, before) {
            Ok(cut) => Ok(Some(cut)),
            Err(fault @ CutFault::OtherFormat(_)) => {
                tracing::warn!(cut = %latest.release, error = %fault, "the public cut cannot be served");
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }

    fn load(engine: &Engine, dir: &DataDir, latest: &Latest, before: Option<&Self>) -> Result<Self, CutFault> {
        let public = dir.public();
        let (document, sha256) = read_manifest(&public, latest.release)?;
        if sha256 != latest.sha256 {
            return Err(CutFault::Damaged(path_of(&public, latest.release).join("manifest.json")));
        }
        let shared = before.map_or(&[][..], |before| &before.document.files).iter().filter(|file| file.is_shared());
        let known: BTreeSet<&str> = shared.map(|file| file.path.as_str()).collect();
        for file in document.files.iter().filter(|file| !known.contains(file.path.as_str())) {
            let path = file.locate(&public);
            if disk::measure(&path)?.sha256 != file.sha256 {
                return Err(CutFault::Damaged(path));
            }
        }
        let relations = relations(&public, &document)?;
        let book = |query, columns: &[&str]| read_book(engine, &relations, query, columns);
        Ok(Self {
            rankings: book(catalog::API_RANKINGS, &["mode", "window_days", "hours"])?,
            grades: book(catalog::API_GRADES, &["mode", "window_days", "hours", "policy"])?,
            latencies: book(catalog::API_LATENCIES, &["subject"])?,
            histograms: book(catalog::API_HISTOGRAMS, &["subject"])?,
            areas: book(catalog::API_AREAS, &["subject"])?,
            trends: book(catalog::API_TRENDS, &["subject"])?,
            provenance: book(catalog::API_PROVENANCE, &["asn"])?,
            sources: book(catalog::API_SOURCES, &["asn"])?,
            coverage: book(catalog::API_COVERAGE, &[])?,
            publication: read_publication(&public, latest.release)?,
            document,
        })
    }
}

/// What a release says of itself, and the digest of these bytes.
pub(super) fn read_manifest(public: &Path, id: CutId) -> Result<(CutDocument, Sha256), CutFault> {
    let path = path_of(public, id).join("manifest.json");
    let bytes = fs::read(&path).map_err(FileFault::when("read", &path))?;
    let unreadable = |source| CutFault::Unreadable { path: path.clone(), source };
    // Only the document's own version knows its fields.
    let Format { format } = serde_json::from_slice(&bytes).map_err(unreadable)?;
    if format != MANIFEST_FORMAT {
        return Err(CutFault::OtherFormat(path));
    }
    let document: CutDocument = serde_json::from_slice(&bytes).map_err(unreadable)?;
    if document.id == id { Ok((document, Sha256::of(&bytes))) } else { Err(CutFault::Damaged(path)) }
}

pub(super) fn read_publication(public: &Path, id: CutId) -> Result<Publication, CutFault> {
    let path = path_of(public, id).join("publication.json");
    let bytes = fs::read(&path).map_err(FileFault::when("read", &path))?;
    serde_json::from_slice(&bytes).map_err(|source| CutFault::Unreadable { path, source })
}

/// The folder of a release.
pub(super) fn path_of(public: &Path, id: CutId) -> PathBuf {
    public.join("releases").join(id.to_string())
}

/// The relations that statements of the API read, as the beginning of a statement: the files of the cut under their names.
fn relations(public: &Path, document: &CutDocument) -> Result<String, CutFault> {
    let mut relations = Vec::new();
    for query in PUBLISHED {
        let paths = document.files_of(query.relation()).map(|file| file.locate(public));
        let paths = paths.map(|path| quoted_path(&path)).collect::<Result<Vec<_>, _>>()?;
        let rows = if paths.is_empty() {
            no_rows(query)?
        } else {
            format!("SELECT * FROM read_parquet([{}], hive_partitioning = false)", paths.join(", "))
        };
        relations.push(format!("{} AS ({rows})", query.relation()));
    }
    let inputs = path_of(public, document.id).join("inputs");
    for (name, types) in INPUTS {
        let path = quoted_path(&inputs.join(format!("{name}.csv")))?;
        relations.push(format!(
            "{name} AS (SELECT * FROM read_csv({path}, header = true, quote = '\"', escape = '\"', delim = ',', \
             buffer_size = {CSV_BUFFER_BYTES}, max_line_size = {CSV_LINE_BYTES}, columns = {types}))"
        ));
    }
    Ok(relations.join(", "))
}

/// A relation of which the cut has no file yet.
fn no_rows(query: Query) -> Result<String, CutFault> {
    let contract = query.contract().map_err(|_| CutFault::Contract(query.name))?;
    let columns = contract.columns.iter().map(|column| format!("CAST(NULL AS {}) AS {}", column.r#type, column.name));
    Ok(format!("SELECT {} WHERE false", columns.collect::<Vec<_>>().join(", ")))
}

fn read_book(engine: &Engine, relations: &str, query: Query, columns: &[&str]) -> Result<Book, CutFault> {
    let contract = query.contract().map_err(|_| CutFault::Contract(query.name))?;
    let sql = format!("WITH {relations} SELECT * FROM ({}) ORDER BY {}", query.sql, contract.grain.join(", "));
    let sheet = Sheet::new(engine.columns(query.name, &sql)?);
    Ok(Book::new(sheet, columns))
}
