//! What a release says to people: README, dictionary, citation and licence.

use std::fmt::Write as _;

use super::{Described, REPOSITORY, TITLE};
use crate::cut::{METHOD_VERSION, SCHEMA_VERSION};

impl Described<'_> {
    pub(super) fn readme(&self) -> String {
        let document = self.document;
        let id = document.id;
        let rows: u64 = self.files_of("results").iter().filter_map(|file| file.rows).sum();
        let base = self.base.clone().unwrap_or_else(|| "../../".to_owned());
        let (open, run) = if self.base.is_some() {
            (format!("urllib.request.urlopen(base + \"releases/{id}/manifest.json\")"), format!("{base}releases/{id}/"))
        } else {
            ("open(\"manifest.json\")".to_owned(), String::new())
        };
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
             ## DuckDB\n```sql\n\
             SET VARIABLE results = (\n    SELECT list('{base}' || file.path)\n    \
             FROM (SELECT unnest(files) AS file FROM read_json('{run}manifest.json'))\n    \
             WHERE file.\"table\" = 'results'\n);\n\
             SELECT asn, count(*) AS tests FROM read_parquet(getvariable('results'), hive_partitioning = false)\n\
             GROUP BY asn ORDER BY tests DESC, asn LIMIT 10;\n```\n\
             `views.sql` has all tables: paste it, or `.read views.sql` in this folder.\n\n\
             ## Polars\n```python\nimport json, urllib.request\nimport polars as pl\n\nbase = \"{base}\"\n\
             manifest = json.load({open})\n\
             results = pl.scan_parquet([base + file[\"path\"] for file in manifest[\"files\"] if file.get(\"table\") == \"results\"])\n\
             print(results.group_by(\"asn\").len().sort(\"len\", descending=True).head(10).collect())\n```\n\
             ## pandas\n```python\nimport json, urllib.request\nimport pandas as pd\n\nbase = \"{base}\"\n\
             manifest = json.load({open})\n\
             rankings = [base + file[\"path\"] for file in manifest[\"files\"] if file.get(\"table\") == \"rankings\"]\n\
             print(pd.concat(pd.read_parquet(path) for path in rankings).head(10))\n```\n\
             ## R\n```r\nlibrary(duckdb)\nlibrary(jsonlite)\nbase <- \"{base}\"\n\
             files <- fromJSON({manifest})$files\n\
             paths <- paste0(base, files$path[which(files$table == \"results\")])\n\
             db <- dbConnect(duckdb())\n\
             dbGetQuery(db, sprintf(\"SELECT asn, count(*) AS tests FROM read_parquet([%s]) GROUP BY asn ORDER BY tests DESC LIMIT 10\",\n\
             \x20                      paste0(\"'\", paths, \"'\", collapse = \", \")))\n```\n\n\
             Licence: CC BY 4.0; name \"Bufferlake\" and the release. Method {METHOD_VERSION}: {REPOSITORY}/blob/main/docs/methodology.md\n",
            last_day = document.last_day,
            manifest = if self.base.is_some() {
                format!("paste0(base, \"releases/{id}/manifest.json\")")
            } else {
                "\"manifest.json\"".to_owned()
            },
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
