//! The files that are a release's own: rankings, provenance and inputs, each whole, written into a hidden directory.

use std::fs::{self, File};
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use super::{CutFault, CutFile, CutId, DATASET, LICENCE, METHOD_VERSION, SCHEMA_VERSION};
use crate::catalog::{self, Query};
use crate::digest::Sha256;
use crate::durable::disk::Written;
use crate::durable::{self, FileFault, PUBLIC_MODE, disk};
use crate::engine::{Engine, quoted_path};
use crate::export::{Layout, TableFile};

/// The Parquet files of a release that are its own: their folder and the relations, in the order in which data flows. A file
/// holds its relation whole, sorted by its contract's grain. Blocks and trends are in [`super::months`].
const TABLES: [(&str, &[Query]); 2] = [
    (
        "rankings",
        &[catalog::RANKINGS, catalog::RANKINGS_BY_POLICY, catalog::LATENCIES, catalog::HISTOGRAMS, catalog::AREAS],
    ),
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

/// Pieces of a few thousand rows that the engine may be ahead of the file.
const PIECES_AHEAD: usize = 32;

/// A release's folder while it is being written.
pub(super) struct Own<'a> {
    pub(super) engine: &'a Engine,
    /// Where its files lie until they are whole.
    pub(super) making: &'a Path,
    /// The name that it will have.
    pub(super) id: CutId,
}

impl Own<'_> {
    /// Writes all tables and inputs; gives them by path.
    pub(super) fn write(&self) -> Result<Vec<CutFile>, CutFault> {
        let mut files = Vec::new();
        for (folder, queries) in TABLES {
            make_directory(&self.making.join(folder))?;
            for query in queries {
                let relation = query.relation();
                let rows = if *query == catalog::COVERAGE {
                    query.sql.to_owned()
                } else {
                    format!("SELECT * FROM {relation}")
                };
                let name = format!("{folder}/{relation}.parquet");
                let path = self.making.join(&name);
                let (rows, _) = write_parquet(self.engine, *query, &rows, Some(self.id), &path)?;
                files.push(self.file(&name, Some((relation, rows)))?);
            }
        }
        make_directory(&self.making.join("inputs/policies"))?;
        for (table, order) in INPUTS {
            let rows = format!("SELECT * FROM {table} ORDER BY {order}");
            let name = format!("inputs/{table}.csv");
            let rows = copy(self.engine, table, &rows, "FORMAT csv, HEADER", &self.making.join(&name))?;
            files.push(self.file(&name, Some((table, rows)))?);
        }
        files.push(self.csv("inputs/bins.csv", "bins", catalog::BINS_CSV)?);
        files.push(self.csv("inputs/rate_bins.csv", "rate_bins", catalog::RATE_BINS_CSV)?);
        for (name, csv) in catalog::POLICIES {
            files.push(self.csv(&format!("inputs/policies/{name}.csv"), "policies", csv)?);
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// Writes a table that is a text of the program.
    fn csv(&self, name: &str, table: &str, text: &str) -> Result<CutFile, CutFault> {
        write(&self.making.join(name), text.as_bytes())?;
        self.file(name, Some((table, text.lines().skip(1).count() as u64)))
    }

    /// Describes a file that was written.
    fn file(&self, name: &str, table: Option<(&str, u64)>) -> Result<CutFile, CutFault> {
        let written = disk::measure(&self.making.join(name))?;
        Ok(CutFile::own(self.id, name, &written, table))
    }
}

pub(super) fn make_directory(path: &Path) -> Result<(), FileFault> {
    fs::create_dir_all(path).map_err(FileFault::when("make directory", path))
}

/// Writes rows with the columns of a query as Parquet, in an order that makes equal rows equal bytes: the grain of its
/// contract, or that of the results. `release` is the release that the file belongs to, unless releases share it. Gives the
/// number of rows and the file's measure.
pub(super) fn write_parquet(
    engine: &Engine,
    query: Query,
    rows: &str,
    release: Option<CutId>,
    path: &Path,
) -> Result<(u64, Written), CutFault> {
    let contract = query.contract().map_err(|_| CutFault::Contract(query.name))?;
    let names: Vec<&str> = contract.columns.iter().map(|column| column.name.as_str()).collect();
    let grain: Vec<&str> = contract.grain.iter().map(String::as_str).collect();
    let layout = if query == catalog::PUBLIC_RESULTS { Layout::Results } else { Layout::Plain };
    let sql = layout.statement(rows, &grain);
    let mut notes = vec![
        ("dataset", DATASET.to_owned()),
        ("schema_version", SCHEMA_VERSION.to_string()),
        ("licence", LICENCE.to_owned()),
        ("method", METHOD_VERSION.to_owned()),
        ("table", query.relation().to_owned()),
        ("statement_sha256", Sha256::of(query.sql.as_bytes()).to_string()),
    ];
    notes.extend(release.map(|id| ("release", id.to_string())));
    // The file is written while the engine sorts on.
    let (pieces, received) = mpsc::sync_channel(PIECES_AHEAD);
    let (read, written) = thread::scope(|scope| {
        let writing = scope.spawn(|| TableFile::write_all(path, layout, &names, &notes, received));
        let read = engine.stream(&format!("writing {}", query.name), &sql, |rows| -> Result<(), CutFault> {
            // Of a writer that gave up nobody takes pieces any more; it says why.
            let _ = pieces.send(rows);
            Ok(())
        });
        drop(pieces);
        (read, writing.join())
    });
    let written = written.unwrap_or_else(|panic| resume_unwind(panic))?;
    read?;
    written.ok_or(CutFault::Contract(query.name))
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
