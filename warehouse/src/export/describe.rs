//! What a release says of itself, all of it from its manifest and the contracts: for people, for DuckDB, and in the forms
//! of Data Package, Croissant and the Citation File Format. The same manifest makes the same bytes.

mod croissant;

mod datapackage;

mod snippets;

mod views;

mod words;

pub use snippets::Snippet;

use crate::catalog::{self, Contract};
use crate::cut::{CutDocument, CutFile};

/// Where the repository is.
pub(crate) const REPOSITORY: &str = "https://github.com/bufferlake/bufferlake";

/// What the dataset is, in a sentence.
const ABOUT: &str = "Results of bufferbloat tests at internet providers, without addresses, and the ranking of networks that is \
     made of them: latency under load by network, day and bin, in blocks of at least ten votes.";

/// Name of the dataset for people.
const TITLE: &str = "Bufferlake: latency under load of internet access networks";

/// A release that is described.
pub struct Described<'a> {
    document: &'a CutDocument,
    tables: Vec<(&'static str, Contract)>,
    /// Where the public directory is served, with a slash at its end; none if nobody said so.
    base: Option<String>,
}

impl<'a> Described<'a> {
    /// Describes a release of which all tables are written. `public_url` is where the public directory is served.
    ///
    /// # Errors
    /// If a contract's file is no contract, which a test excludes.
    pub fn new(document: &'a CutDocument, public_url: Option<&str>) -> Result<Self, toml::de::Error> {
        let base = public_url.map(|url| format!("{}/", url.trim_end_matches('/')));
        Ok(Self { document, tables: catalog::published_tables()?, base })
    }

    /// The files, by their names in the release's folder. `changes` is what differs from the release before.
    ///
    /// # Errors
    /// If JSON cannot be written, which a test excludes.
    pub fn files(&self, changes: &serde_json::Value) -> Result<Vec<(String, String)>, serde_json::Error> {
        let mut files = vec![
            ("README.md".to_owned(), self.readme()),
            ("DATA_DICTIONARY.md".to_owned(), self.dictionary()),
            ("CITATION.cff".to_owned(), self.citation()),
            ("LICENSE".to_owned(), words::licence()),
            ("CHANGES.json".to_owned(), pretty(changes)?),
            ("views.sql".to_owned(), self.views()),
            ("datapackage.json".to_owned(), pretty(&self.datapackage())?),
            ("croissant.json".to_owned(), pretty(&self.croissant())?),
        ];
        for (name, contract) in &self.tables {
            files.push((format!("schemas/{name}.json"), pretty(&datapackage::schema(contract))?));
        }
        let made = |name: &str| !name.starts_with("api/") && !name.starts_with("checks/");
        for query in catalog::ALL.iter().filter(|query| made(query.name)) {
            files.push((format!("sql/{}.sql", query.name), query.sql.to_owned()));
            files.push((format!("sql/{}.toml", query.name), query.contract_text().to_owned()));
        }
        Ok(files)
    }

    /// The files of a table.
    fn files_of(&self, table: &str) -> Vec<&CutFile> {
        self.document.files_of(table).collect()
    }

    /// The path of a file for someone who is in the release's folder.
    fn inside(&self, file: &CutFile) -> String {
        let own = format!("releases/{}/", self.document.id);
        file.path.strip_prefix(&own).map_or_else(|| format!("../../{}", file.path), str::to_owned)
    }

    /// Where a file is: in the folder if it is the release's own, else where the public directory is served.
    fn path(&self, file: &CutFile) -> String {
        match &self.base {
            Some(base) if file.is_shared() => format!("{base}{}", file.path),
            _ => self.inside(file),
        }
    }

    /// A name for a file that no other file of the release has.
    fn name(file: &CutFile) -> String {
        let stem = file.path.rsplit('/').next().unwrap_or_default();
        let stem = stem.split_once('.').map_or(stem, |(stem, _)| stem);
        match (&file.table, &file.month) {
            (Some(table), Some(month)) => format!("{table}-{month}-{}", stem.chars().take(12).collect::<String>()),
            (Some(table), None) if table != stem => format!("{table}-{stem}"),
            _ => stem.to_owned(),
        }
    }
}

/// JSON with a line's end at its end.
fn pretty(value: &serde_json::Value) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// Attributions that the licence of ASN data asks for.
const SOURCES: [(&str, &str); 4] = [
    ("ip-location-db/asn", "https://github.com/sapics/ip-location-db"),
    ("RouteViews", "https://www.routeviews.org"),
    ("DB-IP", "https://db-ip.com"),
    ("NRO", "https://www.nro.net"),
];
