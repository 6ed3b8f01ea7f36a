//! `views.sql`: every table of the release as a view, in one paste. Globs do not work over HTTP, so files are listed.

use super::Described;
use crate::catalog::Contract;
use crate::cut::CutFile;
use crate::engine::quoted;

impl Described<'_> {
    pub(super) fn views(&self) -> String {
        let place = if self.base.is_some() {
            "Paste it into DuckDB 1.0 or later, anywhere: files are read over HTTP, and only what a query needs."
        } else {
            "Start DuckDB 1.0 or later in this folder, then: .read views.sql"
        };
        let head = format!("-- Every table of release {} as a view.\n-- {place}\n", self.document.id);
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
            let list = files.iter().map(|file| format!("    {}", quoted(&self.url(file))));
            let list = list.collect::<Vec<_>>().join(",\n");
            format!("SELECT * FROM read_parquet([\n{list}\n], hive_partitioning = false)")
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
        format!("SELECT {policy}* FROM read_csv({}, header = true, columns = {{{types}}})", quoted(&self.url(file)))
    }
}
