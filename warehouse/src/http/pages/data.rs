//! `/data`: the releases: what there is, how large, how to prove it, how to cite it, and lines to copy that open it.

use std::collections::BTreeMap;

use askama::Template;

use super::Pages;
use super::figures::{count, date, whole};
use super::frame::{Frame, JsonLd};
use super::trouble::Trouble;
use super::visit::{Reply, Visit};
use crate::catalog;
use crate::cut::{Cut, CutDocument, Index, IndexEntry, Status};
use crate::export::{Described, REPOSITORY, Snippet};
use crate::shelf::{Found, Shelf};

/// The page.
pub(super) const PATH: &str = "/data";

/// Releases that are listed; `index.json` has all of them.
const MAX_RELEASES: usize = 60;

#[derive(Template)]
#[template(path = "data.html")]
struct DataPage {
    frame: Frame,
    /// None before the first cut.
    release: Option<Release>,
    releases: Vec<Line>,
    /// How many there are beside those that are listed.
    others: usize,
}

/// The release that is shown.
struct Release {
    id: String,
    /// Its folder, inside of the site.
    folder: String,
    results: String,
    size: String,
    tables: Vec<Table>,
    citation: String,
    bibtex: String,
    snippets: Vec<Snippet>,
    /// Whether the lines say where the release is served, or want its folder.
    is_served: bool,
}

/// A table of the release.
struct Table {
    name: &'static str,
    about: String,
    rows: String,
    files: String,
    size: String,
}

/// A release in the list.
struct Line {
    id: String,
    last_day: String,
    results: String,
    size: String,
    sha256: String,
    /// Why it is gone, if it is.
    removed: Option<String>,
}

/// Draws the page.
pub(super) fn draw(visit: &Visit<'_>) -> Result<Reply, Trouble> {
    let description = "Every release of the dataset as Parquet, free to use: sizes, checksums, licence, citation, and lines to \
                       copy for DuckDB, Polars, pandas and R.";
    let mut frame = Frame::of(visit, "The data, to take away", description);
    let release = visit.cut.map(|cut| release(visit.pages, cut)).transpose()?;
    if let Some(cut) = visit.cut {
        frame.about = Some(JsonLd::new(described(&cut.document, Some(&visit.pages.files_url()))?.croissant()));
    }
    let shelf = visit.pages.shelf.borrow().clone();
    let all = shelf.index().map_or_else(Vec::new, |(Index { releases, .. }, _)| releases);
    let releases: Vec<Line> = all.iter().take(MAX_RELEASES).map(|entry| line(&shelf, entry)).collect();
    let others = all.len() - releases.len();
    DataPage { frame, release, releases, others }.render().map(Reply::Html).map_err(|error| Trouble::not_drawn(&error))
}

impl Pages {
    /// Where the files of the releases are served; a path if nobody said where the site is reached.
    fn files_url(&self) -> String {
        self.files_url.as_ref().map_or_else(|| self.whole("/data/v1"), |url| url.to_string())
    }
}

fn described<'a>(document: &'a CutDocument, url: Option<&str>) -> Result<Described<'a>, Trouble> {
    Described::new(document, url).map_err(|fault| Trouble::not_drawn(&fault))
}

fn release(pages: &Pages, cut: &Cut) -> Result<Release, Trouble> {
    let document = &cut.document;
    let id = document.id.to_string();
    let url = Some(pages.files_url()).filter(|url| url.contains("://"));
    let rows = |table: &str| document.files_of(table).filter_map(|file| file.rows).sum::<u64>();
    let page = pages.whole(PATH);
    let page = if page.contains("://") { page } else { REPOSITORY.to_owned() };
    let (year, licence) = (document.last_day.date().year(), &document.licence);
    Ok(Release {
        folder: format!("/data/v1/releases/{id}"),
        results: whole(signed(rows("results"))),
        size: size(document.bytes()),
        tables: tables(document)?,
        citation: format!(
            "Bufferlake ({year}). Latency under load of internet access networks, release {id}. {page} ({licence})."
        ),
        bibtex: format!(
            "@misc{{bufferlake-{id},\n  title = {{Bufferlake: latency under load of internet access networks}},\n  \
             author = {{{{Bufferlake}}}},\n  year = {{{year}}},\n  version = {{{id}}},\n  url = {{{page}}},\n  \
             note = {{{licence}}}\n}}"
        ),
        snippets: described(document, url.as_deref())?.snippets().into(),
        is_served: url.is_some(),
        id,
    })
}

/// The tables that the release has, in the order of its dictionary.
fn tables(document: &CutDocument) -> Result<Vec<Table>, Trouble> {
    let mut sums: BTreeMap<&str, (i64, u64, u64)> = BTreeMap::new();
    for file in &document.files {
        if let Some(table) = &file.table {
            let sum = sums.entry(table).or_default();
            *sum = (sum.0 + 1, sum.1 + file.rows.unwrap_or(0), sum.2 + file.bytes);
        }
    }
    let contracts = catalog::published_tables().map_err(|fault| Trouble::not_drawn(&fault))?;
    let tables = contracts.into_iter().filter_map(|(name, contract)| {
        let (files, rows, bytes) = *sums.get(name)?;
        let (rows, files) = (whole(signed(rows)), count(files, "file"));
        Some(Table { name, about: contract.about, rows, files, size: size(bytes) })
    });
    Ok(tables.collect())
}

fn line(shelf: &Shelf, entry: &IndexEntry) -> Line {
    let removed = match (entry.status, shelf.find(&entry.manifest)) {
        (Status::Removed, Found::Removed(stone)) => {
            Some(format!("Removed on {}: {}", date(stone.removed), stone.reason))
        }
        (Status::Removed, _) => Some("Removed".to_owned()),
        (Status::Available, _) => None,
    };
    Line {
        id: entry.release.to_string(),
        last_day: date(entry.last_day),
        results: whole(signed(entry.results)),
        size: size(entry.bytes),
        sha256: entry.sha256.to_string(),
        removed,
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A size: `340 kB`, `12.3 MB`, as a disk's maker counts.
fn size(bytes: u64) -> String {
    let of = |unit: u64| format!("{}.{}", whole(signed(bytes / unit)), bytes % unit / (unit / 10));
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", of(1_000_000)),
        _ => format!("{} GB", of(1_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Aim: sizes are said in the unit in which they are small numbers.
    #[test]
    fn sizes_are_short() {
        let texts = [0, 999, 1_000, 999_999, 1_000_000, 12_345_678, 2_600_000_000, u64::MAX].map(size);
        assert_eq!(texts[..4], ["0 bytes", "999 bytes", "1 kB", "999 kB"]);
        assert_eq!(texts[4..7], ["1.0 MB", "12.3 MB", "2.6 GB"]);
        assert_eq!(texts[7], "18,446,744,073.7 GB");
    }
}
