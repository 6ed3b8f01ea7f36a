//! The table of single results: for each month of files, network and kind of test it adds up to the blocks.

use super::recompute::researcher;
use super::*;

/// What results say and what blocks say, in the same columns.
const SUMS: [(&str, &str); 3] = [
    (
        "SELECT month, asn, test_type, count(*)::BIGINT AS tests, count(*) FILTER (WHERE vote_month)::BIGINT AS votes
         FROM results GROUP BY ALL",
        "SELECT month, asn, test_type, sum(tests)::BIGINT AS tests, sum(votes)::BIGINT AS votes FROM blocks GROUP BY ALL",
    ),
    (
        "SELECT month, asn, quantity, bin, count(*)::BIGINT AS votes FROM (
             UNPIVOT (SELECT month, asn, ranked_bin AS working, download_bin AS download, upload_bin AS upload,
                      bidirectional_bin AS bidirectional FROM results WHERE vote_month)
             ON working, download, upload, bidirectional INTO NAME quantity VALUE bin
         ) GROUP BY ALL",
        "SELECT month, asn, quantity, bin, sum(votes)::BIGINT AS votes FROM block_bins GROUP BY ALL",
    ),
    (
        "SELECT month, asn, test_type, grade, count(*)::BIGINT AS votes FROM results WHERE vote_month GROUP BY ALL",
        "SELECT month, asn, test_type, grade, sum(votes)::BIGINT AS votes FROM block_grades
         WHERE policy IN ('dslreports', 'reported') GROUP BY ALL",
    ),
];

/// Fails unless the results of a release add up to its blocks, file month by file month.
pub(super) fn require_sums(house: &House, document: &CutDocument) {
    let engine = researcher(house, document);
    let files = |table: &str, month: &str| {
        let of_month = document.files_of(table).filter(|file| file.month.as_deref() == Some(month));
        let paths: Vec<String> =
            of_month.map(|file| crate::engine::quoted_path(&file.locate(&house.dir.public())).unwrap()).collect();
        (!paths.is_empty()).then(|| {
            let list = paths.join(", ");
            format!("SELECT '{month}' AS month, * FROM read_parquet([{list}], hive_partitioning = false)")
        })
    };
    let months: BTreeSet<&str> = document.files.iter().filter_map(|file| file.month.as_deref()).collect();
    for table in ["results", "blocks", "block_bins", "block_grades"] {
        let rows: Vec<String> = months.iter().filter_map(|month| files(table, month)).collect();
        if rows.is_empty() {
            let count = document.files_of(table).count();
            assert_eq!(count, 0);
            return;
        }
        engine.run("test", &format!("CREATE OR REPLACE TABLE {table} AS {}", rows.join(" UNION ALL "))).unwrap();
    }
    for (results, blocks) in SUMS {
        for (one, other) in [(results, blocks), (blocks, results)] {
            let missing = engine.table("test", &format!("({one}) EXCEPT ALL ({other})")).unwrap();
            assert!(missing.rows.is_empty(), "{one}: {:?}", missing.rows[0]);
        }
    }
    let promised: u64 = document.files_of("results").filter_map(|file| file.rows).sum();
    let found = engine.query("test", "SELECT count(*) AS n FROM results", &[], |row| row.u64("n")).unwrap();
    assert_eq!(found, [promised]);
}

/// Aim: late results, results that a binding released, and withdrawn ones: each is in the release exactly if a block counts it,
/// in the month in which that block ended; months that nothing touched keep path and bytes.
#[test]
fn results_follow_their_blocks() {
    let house = House::new();
    let first = Day(LAST.0 - 70);
    let mut rights =
        rights(&[("provider", 64_500, Hour(0)), ("provider", 64_502, Hour(0)), ("forger", 64_500, Hour(0))]);
    let of =
        |asn, day: Day, count| (0..count).map(|number| vote(asn, number, day.first_hour(), 700)).collect::<Vec<_>>();
    for ago in (0..=70).rev().step_by(2) {
        let (day, seq) = (Day(LAST.0 - ago), u64::from(71 - ago));
        // A block each day; a block in about a week; and a network that nobody may speak for yet.
        house.seal("provider", 10 * seq, day.first_hour(), [of(64_500, day, 12), of(64_502, day, 3)].concat());
        house.seal("provider", 10 * seq + 1, day.first_hour(), of(64_501, day, 4));
        // A month late.
        house.seal("forger", seq, day.plus(31).first_hour(), of(64_500, day, 2));
    }
    let mut marts = house.marts();
    let mut release = |last: Day, rights: &Rights| {
        marts.refresh(&house.lake, rights).unwrap();
        house.close(&mut marts, last);
        let plan = Plan { last_day: TestDate::of(last).unwrap(), ..plan() };
        let id = publish(&mut marts, &house.lake, &house.dir, &plan).unwrap().id;
        let (document, _) = read::read_manifest(&house.dir.public(), id).unwrap();
        require_sums(&house, &document);
        document
    };
    let results = |document: &CutDocument| document.files_of("results").filter_map(|file| file.rows).sum::<u64>();
    let before = release(Day(LAST.0 - 30), &rights);
    assert!(results(&before) > 0);
    let after = release(Day(LAST.0 - 4), &rights);
    let shared = after.files_of("results").filter(|file| before.files.contains(file)).count();
    assert!(shared > 0, "no month stayed as it was");

    rights.bindings.insert((AgentId::parse("provider").unwrap(), Asn::new(64_501).unwrap()), LAST.first_hour());
    let bound = release(LAST, &rights);
    let engine = researcher(&house, &bound);
    let rows = engine.query(
        "test",
        "SELECT count(*) AS n, min(test_date) AS day FROM results WHERE asn = 64501",
        &[],
        |row| Ok((row.u64("n")?, row.maybe_day("day")?)),
    );
    assert_eq!(rows.unwrap(), [(4 * 36, Some(first))], "what a binding releases counts in a block of its day");

    rights.withdrawn.extend((0..=70).map(|back| (AgentId::parse("forger").unwrap(), Day(LAST.0 - back))));
    let withdrawn = release(LAST, &rights);
    assert_eq!(withdrawn.id.edition, 2);
    assert!(results(&withdrawn) < results(&bound));
    let columns = "SELECT string_agg(column_name, ' ' ORDER BY column_index) AS names FROM duckdb_columns() WHERE table_name = 'results'";
    let columns = researcher(&house, &withdrawn).query("test", columns, &[], |row| row.text("names")).unwrap();
    let contract = catalog::PUBLIC_RESULTS.contract().unwrap();
    let promised: Vec<String> = contract.columns.iter().map(|column| column.name.clone()).collect();
    assert_eq!(columns, [promised.join(" ")]);
}
