//! `views.sql`: every table of the release as a view, in one paste. Globs do not work over HTTP, so files are listed; where they
//! are is a variable, so that the same text serves every copy.

use super::Described;
use crate::catalog::Contract;
use crate::cut::CutFile;
use crate::engine::quoted;

/// Where the public directory is for someone who is in the release's folder.
const RELATIVE: &str = "../../";

/// The month of a file's folder as a column: by it files are left out before anything is asked of them, by a day only after the
/// end of each was read.
const MONTHS: &str = "hive_partitioning = true, hive_types = {'month': VARCHAR}";

impl Described<'_> {
    pub(super) fn views(&self) -> String {
        let id = self.document.id;
        let base = self.base.as_deref().unwrap_or(RELATIVE);
        let place = match &self.base {
            Some(_) => {
                "Paste it into DuckDB 1.1 or later, anywhere: files are read over HTTP, and only what a query needs."
            }
            None => "Start DuckDB 1.1 or later in this folder, then: .read views.sql",
        };
        let head = format!(
            "-- Every table of release {id} as a view.\n-- {place}\n\
             -- Another copy, on a disk or a server: SET VARIABLE bufferlake = 'https://data.example.org/data/v1/' before a query.\n\
             -- Over HTTP: SET enable_http_metadata_cache = true spares questions, since files never change.\n\
             -- `month` is that of a file's folder: choose by it, and only its files are opened.\n\n\
             CREATE OR REPLACE MACRO bufferlake(path) AS coalesce(getvariable('bufferlake'), {}) || path;\n",
            quoted(base)
        );
        let views = self.tables.iter().map(|(table, contract)| self.view(table, contract));
        head + &views.collect::<String>()
    }

    fn view(&self, table: &str, contract: &Contract) -> String {
        let files = self.files_of(table);
        let rows = if files.is_empty() {
            let columns =
                contract.columns.iter().map(|column| format!("CAST(NULL AS {}) AS {}", column.r#type, column.name));
            format!("SELECT {} WHERE false", columns.collect::<Vec<_>>().join(", "))
        } else if files.iter().all(|file| file.path.ends_with(".csv")) {
            let rows = files.iter().map(|file| self.csv(table, contract, file));
            rows.collect::<Vec<_>>().join("\n    UNION ALL ")
        } else {
            let list = files.iter().map(|file| format!("    {}", place(file)));
            let list = list.collect::<Vec<_>>().join(",\n");
            let months = if files.iter().all(|file| file.is_shared()) { MONTHS } else { "hive_partitioning = false" };
            format!("SELECT * FROM read_parquet([\n{list}\n], {months})")
        };
        format!("\n-- {}\nCREATE OR REPLACE VIEW {table} AS {rows};\n", contract.about)
    }

    fn csv(&self, table: &str, contract: &Contract, file: &CutFile) -> String {
        let types = contract.columns.iter().map(|column| format!("'{}': '{}'", column.name, column.r#type));
        let types = types.collect::<Vec<_>>().join(", ");
        // A policy is a file; its name is a column of the view.
        let policy = match Self::name(file).strip_prefix(&format!("{table}-")) {
            Some(name) => format!("{} AS policy, ", quoted(name)),
            None => String::new(),
        };
        format!("SELECT {policy}* FROM read_csv({}, header = true, columns = {{{types}}})", place(file))
    }
}

/// Where a file is, as an expression.
fn place(file: &CutFile) -> String {
    format!("bufferlake({})", quoted(&file.path))
}
