//! Reads a cut back: what the API answers from, and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

use serde::Deserialize;

use super::{CUT_FORMAT, CutDocument, CutFault, CutId};
use crate::catalog::{self, Query};
use crate::durable::{FileFault, disk};
use crate::engine::{Engine, quoted_path};
use crate::export::{Book, Sheet};
use crate::paths::DataDir;

/// Relations of a cut that statements of the API read.
const PUBLISHED: [Query; 8] = [
    catalog::RANKINGS,
    catalog::RANKINGS_BY_POLICY,
    catalog::LATENCIES,
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
    /// Networks by mode, window in days and hours, such as `single/30/all`, in the order of their numbers.
    pub rankings: Book,
    /// The same networks in the same order by mode, window, hours and policy.
    pub grades: Book,
    /// Latency increases by subject.
    pub latencies: Book,
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
        let relations = relations(dir, &document)?;
        let book = |query, columns: &[&str]| read_book(engine, &relations, query, columns);
        Ok(Self {
            rankings: book(catalog::API_RANKINGS, &["mode", "window_days", "hours"])?,
            grades: book(catalog::API_GRADES, &["mode", "window_days", "hours", "policy"])?,
            latencies: book(catalog::API_LATENCIES, &["subject"])?,
            areas: book(catalog::API_AREAS, &["subject"])?,
            trends: book(catalog::API_TRENDS, &["subject"])?,
            provenance: book(catalog::API_PROVENANCE, &["asn"])?,
            sources: book(catalog::API_SOURCES, &["asn"])?,
            coverage: book(catalog::API_COVERAGE, &[])?,
            document,
        })
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

/// The relations that statements of the API read, as the beginning of a statement: the files of the cut under their names.
fn relations(dir: &DataDir, document: &CutDocument) -> Result<String, CutFault> {
    let mut relations = Vec::new();
    for query in PUBLISHED {
        let paths = document.files_of(query.relation()).map(|file| document.locate(&dir.public(), file));
        let paths = paths.map(|path| quoted_path(&path)).collect::<Result<Vec<_>, _>>()?;
        let rows = if paths.is_empty() {
            no_rows(query)?
        } else {
            format!("SELECT * FROM read_parquet([{}], hive_partitioning = false)", paths.join(", "))
        };
        relations.push(format!("{} AS ({rows})", query.relation()));
    }
    let inputs = path_of(dir, document.id).join("inputs");
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
