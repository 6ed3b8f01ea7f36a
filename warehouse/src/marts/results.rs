//! The relation `results`: rows of some files of the lake, as the SQL of `queries/` reads them.

use crate::engine::{EngineFault, quoted_path};
use crate::lake::manifest::FileEntry;
use crate::lake::paths::LakePaths;
use crate::lake::schema::COLUMNS;

/// Makes `results` the rows of these files that came in after a seal.
pub(super) fn of_files(paths: &LakePaths, files: &[&FileEntry], after_seal: u64) -> Result<String, EngineFault> {
    if files.is_empty() {
        return Ok(no_results());
    }
    let list: Vec<String> =
        files.iter().map(|file| quoted_path(&paths.result(&file.path))).collect::<Result<_, _>>()?;
    // A merged file can hold rows of older seals. `test_date` stands in the files, so the folders' names are not read.
    Ok(format!(
        "CREATE OR REPLACE TEMP VIEW results AS SELECT * FROM read_parquet([{}], hive_partitioning = false) \
         WHERE seal > {after_seal}",
        list.join(", ")
    ))
}

/// Makes `results` a relation without rows.
pub(super) fn no_results() -> String {
    let columns: Vec<String> =
        COLUMNS.iter().map(|column| format!("CAST(NULL AS {}) AS {}", column.sql_type, column.name)).collect();
    format!("CREATE OR REPLACE TEMP VIEW results AS SELECT {} WHERE false", columns.join(", "))
}
