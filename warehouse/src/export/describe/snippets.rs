//! Lines to copy that open a release in the tools that people have.

use super::Described;

/// Lines for one tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// Its name.
    pub tool: &'static str,
    /// The language of the lines, as Markdown names it.
    pub language: &'static str,
    /// The lines, each with its end.
    pub lines: String,
    /// What the README says behind them.
    pub after: &'static str,
}

impl Described<'_> {
    /// Lines that count results by network, or look at the ranking: where the release is served, or for someone who is in its
    /// folder if nobody said where that is.
    #[must_use]
    pub fn snippets(&self) -> [Snippet; 4] {
        let id = self.document.id;
        let base = self.base.as_deref().unwrap_or("../../");
        let run = self.base.as_ref().map_or_else(String::new, |base| format!("{base}releases/{id}/"));
        let (open, manifest) = if self.base.is_some() {
            (
                format!("urllib.request.urlopen(base + \"releases/{id}/manifest.json\")"),
                format!("paste0(base, \"releases/{id}/manifest.json\")"),
            )
        } else {
            ("open(\"manifest.json\")".to_owned(), "\"manifest.json\"".to_owned())
        };
        let duckdb = format!(
            "SET VARIABLE results = (\n    SELECT list('{base}' || file.path)\n    \
             FROM (SELECT unnest(files) AS file FROM read_json('{run}manifest.json'))\n    \
             WHERE file.\"table\" = 'results'\n);\n\
             SELECT asn, count(*) AS tests FROM read_parquet(getvariable('results'), hive_partitioning = false)\n\
             GROUP BY asn ORDER BY tests DESC, asn LIMIT 10;\n"
        );
        let polars = format!(
            "import json, urllib.request\nimport polars as pl\n\nbase = \"{base}\"\nmanifest = json.load({open})\n\
             results = pl.scan_parquet([base + file[\"path\"] for file in manifest[\"files\"] if file.get(\"table\") == \"results\"])\n\
             print(results.group_by(\"asn\").len().sort(\"len\", descending=True).head(10).collect())\n"
        );
        let pandas = format!(
            "import json, urllib.request\nimport pandas as pd\n\nbase = \"{base}\"\nmanifest = json.load({open})\n\
             rankings = [base + file[\"path\"] for file in manifest[\"files\"] if file.get(\"table\") == \"rankings\"]\n\
             print(pd.concat(pd.read_parquet(path) for path in rankings).head(10))\n"
        );
        let r = format!(
            "library(duckdb)\nlibrary(jsonlite)\nbase <- \"{base}\"\nfiles <- fromJSON({manifest})$files\n\
             paths <- paste0(base, files$path[which(files$table == \"results\")])\ndb <- dbConnect(duckdb())\n\
             dbGetQuery(db, sprintf(\"SELECT asn, count(*) AS tests FROM read_parquet([%s]) GROUP BY asn ORDER BY tests DESC LIMIT 10\",\n\
             \x20                      paste0(\"'\", paths, \"'\", collapse = \", \")))\n"
        );
        let views = "`views.sql` has all tables: paste it, or `.read views.sql` in this folder.\n\n";
        [
            Snippet { tool: "DuckDB", language: "sql", lines: duckdb, after: views },
            Snippet { tool: "Polars", language: "python", lines: polars, after: "" },
            Snippet { tool: "pandas", language: "python", lines: pandas, after: "" },
            Snippet { tool: "R", language: "r", lines: r, after: "" },
        ]
    }
}
