//! The relation `results`: rows of some files of the lake, as the SQL of `queries/` reads them.

use wire::Day;

use super::close::may_count;
use crate::engine::{Engine, EngineFault, Param, quoted_path};
use crate::lake::manifest::{FileEntry, Snapshot};
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

/// Makes `file_days` the days that the blocks cover that ended on these days, and `results` the rows of the files that may
/// hold what they count: of their days, and of earlier ones what came late. Gives the number of results that they count.
pub(crate) fn of_blocks(
    engine: &Engine,
    paths: &LakePaths,
    snapshot: &Snapshot,
    first: Day,
    last: Day,
) -> Result<u64, EngineFault> {
    engine.run("forgetting the blocks before", "DELETE FROM file_days")?;
    // One row for all blocks of a network: a join with each of them would make a pair of every result and every block.
    let blocks = "INSERT INTO file_days SELECT asn, test_type, min(first_day), max(last_day) FROM blocks \
                  WHERE last_day BETWEEN $first AND $last GROUP BY asn, test_type";
    engine.execute("naming the blocks", blocks, &[("first", Param::Day(first)), ("last", Param::Day(last))])?;
    let tests = tests_between(engine, first, last)?;
    let begin = "SELECT min(first_day) AS day FROM file_days";
    let begin = engine.query("looking for the first day", begin, &[], |row| row.maybe_day("day"))?;
    let begin = begin.into_iter().flatten().next().unwrap_or(first);
    // What a binding released counts on its day, whenever it was taken.
    let bound = "SELECT count(*) AS found FROM bindings AS b INNER JOIN file_days AS f ON f.asn = b.asn \
                 AND CAST(b.bound_at AS DATE) >= f.first_day AND CAST(b.bound_at AS DATE) <= f.last_day";
    let late_binding = engine.query("looking for late bindings", bound, &[], |row| row.int("found"))? != [0];
    let files: Vec<&FileEntry> =
        snapshot.files.iter().filter(|file| may_count(file, begin, last, late_binding)).collect();
    engine.run("naming the blocks' results", &of_files(paths, &files, 0)?)?;
    Ok(tests)
}

/// How many results the blocks count that ended on these days.
pub(crate) fn tests_between(engine: &Engine, first: Day, last: Day) -> Result<u64, EngineFault> {
    let tests =
        "SELECT CAST(coalesce(sum(tests), 0) AS BIGINT) AS tests FROM blocks WHERE last_day BETWEEN $first AND $last";
    let days = [("first", Param::Day(first)), ("last", Param::Day(last))];
    Ok(engine.query("counting results", tests, &days, |row| row.u64("tests"))?.first().copied().unwrap_or(0))
}
