//! What a release says to people: README, dictionary, citation and licence.

use std::fmt::Write as _;

use super::{Described, REPOSITORY, Snippet, TITLE};
use crate::cut::{METHOD_VERSION, SCHEMA_VERSION};

impl Described<'_> {
    pub(super) fn readme(&self) -> String {
        let document = self.document;
        let id = document.id;
        let rows: u64 = self.files_of("results").iter().filter_map(|file| file.rows).sum();
        let mut code = String::new();
        for Snippet { tool, language, lines, after } in self.snippets() {
            // Writing to a text cannot fail.
            let _ = write!(code, "## {tool}\n```{language}\n{lines}```\n{after}");
        }
        format!(
            "# {TITLE}, release {id}\n\n\
             {rows} results up to {last_day}, in blocks of at least ten votes. Immutable: a correction is a new release, and\n\
             `CHANGES.json` says what differs. The same tables are what the rankings API and pages answer from.\n\n\
             | file | what |\n|---|---|\n\
             | `manifest.json` | every file with size, SHA-256, rows and days |\n\
             | `SHA256SUMS` | the same for `sha256sum -c SHA256SUMS`, in this folder of any mirror |\n\
             | `DATA_DICTIONARY.md` | every table and column with unit and meaning |\n\
             | `views.sql` | every table as a view of DuckDB, in one paste |\n\
             | `sql/` | the statements that made each table; `rankings/` and `trends/` run over this release as they stand |\n\
             | `datapackage.json`, `croissant.json` | the same for programs |\n\
             | `publication.json` | when it was made, and how complete agents' results were then |\n\n\
             Rows carry no address, hour, country, agent or client. They are not anonymous: who knows a test's own numbers and day\n\
             may find its row.\n\n\
             {code}\n\
             Licence: CC BY 4.0; name \"Bufferlake\" and the release. Method {METHOD_VERSION}: {REPOSITORY}/blob/main/docs/methodology.md\n",
            last_day = document.last_day,
        )
    }

    pub(super) fn dictionary(&self) -> String {
        let mut text = format!(
            "# Data dictionary of release {}\n\nVersion {SCHEMA_VERSION} of the public columns. Nulls stand for \"not measured\" \
             or \"not known\", never for 0.\n",
            self.document.id
        );
        for (table, contract) in &self.tables {
            let files = self.files_of(table);
            let rows: u64 = files.iter().filter_map(|file| file.rows).sum();
            let grain = if contract.grain.is_empty() { "none".to_owned() } else { contract.grain.join(", ") };
            // Writing to a text cannot fail.
            let _ = write!(
                text,
                "\n## {table}\n{} {rows} rows in {} files. What makes a row unique: {grain}.\n\n\
                 | column | type | unit | meaning |\n|---|---|---|---|\n",
                contract.about,
                files.len(),
            );
            for column in &contract.columns {
                let _ =
                    writeln!(text, "| `{}` | {} | {} | {} |", column.name, column.r#type, column.unit, column.meaning);
            }
        }
        text
    }

    pub(super) fn citation(&self) -> String {
        let id = self.document.id;
        format!(
            "cff-version: 1.2.0\nmessage: If you use this dataset, please cite it as below.\ntype: dataset\n\
             title: \"{TITLE}\"\nversion: \"{id}\"\ndate-released: {}\nlicense: CC-BY-4.0\n\
             repository-code: {REPOSITORY}\nauthors:\n  - name: Bufferlake\n",
            self.document.last_day
        )
    }
}

/// The licence, as the documentation says it.
pub(super) fn licence() -> String {
    let text = include_str!("../../../../docs/dataset-licence.md");
    text.replace("[deploy/asn](../deploy/asn/README.md)", &format!("{REPOSITORY}/tree/main/deploy/asn"))
}
