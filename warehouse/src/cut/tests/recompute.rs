//! What a cut says of networks, countries and the world comes out of its blocks and inputs alone, by the statements as they
//! stand.

use std::collections::BTreeMap;

use super::*;
use crate::catalog;
use crate::engine::{Engine, Settings, quoted_path};

/// Columns of inputs whose types a reader cannot tell from the text, as the README of the queries says.
const TYPES: [(&str, &str); 4] = [
    ("frames", ", types = {'window_days': 'BIGINT'}"),
    ("series", ", types = {'series': 'UINTEGER'}"),
    ("asn_kinds", ", types = {'asn': 'UINTEGER', 'kind': 'VARCHAR'}"),
    ("asn_organisations", ", types = {'asn': 'UINTEGER', 'organisation': 'VARCHAR'}"),
];

/// A database of a researcher's own: inputs and blocks under their names, the cut's figures as `published_<name>`.
pub(super) fn researcher(house: &House, document: &CutDocument) -> Engine {
    let public = house.dir.public();
    let directories = vec![public.clone()];
    let settings = Settings { memory_mib: 256, threads: 1, directories, spill_dir: public.join("spill") };
    let database = house.dir.root().join("researcher.duckdb");
    for left in [database.clone(), database.with_extension("duckdb.wal")] {
        let _ = fs::remove_file(left);
    }
    let engine = Engine::open(&database, &settings).unwrap();
    let make = |name: &str, rows: &str| engine.run(name, &format!("CREATE TABLE {name} AS FROM {rows}")).unwrap();
    let mut shared: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in &document.files {
        let path = file.locate(&public);
        let quoted = quoted_path(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let table = file.table.as_deref().unwrap_or_default();
        if file.is_shared() {
            shared.entry(table).or_default().push(quoted);
        } else if name != table {
            // Policies: a file each.
        } else if file.path.ends_with(".csv") {
            let types = TYPES.iter().find(|(table, _)| *table == name).map_or("", |(_, types)| types);
            make(name, &format!("read_csv({quoted}, buffer_size = 1000000, max_line_size = 100000{types})"));
        } else {
            make(&format!("published_{name}"), &format!("read_parquet({quoted})"));
        }
    }
    for (table, files) in shared {
        let name = if table == "trends" { "published_trends" } else { table };
        make(name, &format!("read_parquet([{}], hive_partitioning = false)", files.join(", ")));
    }
    engine
}

/// Aim: rankings, orders under policies, latencies, histograms, areas and trends are recomputed to the last row from blocks and inputs,
/// with networks of all kinds: ranked, listed, hosting, in two countries, with peak hours of their own.
#[test]
fn figures_come_out_of_blocks_and_inputs() {
    let house = house();
    let mut records = Vec::new();
    for network in 0..6 {
        for back in 0..40 {
            let evening =
                |number: u32| Day(LAST.0 - back).first_hour().0 + if number.is_multiple_of(2) { 19 } else { 9 };
            let vote =
                |number: u32| vote(64_510 + network, number, Hour(evening(number)), 100 * (network + number + 1));
            records.extend((0..75 - 12 * network).map(vote));
        }
        records.extend(household(64_510 + network, 20 + network));
    }
    let mut marts = house.marts();
    let mut rights = bound();
    for network in 0..6 {
        rights.bindings.insert((AgentId::parse("provider").unwrap(), Asn::new(64_510 + network).unwrap()), Hour(0));
    }
    house.seal("provider", 2, Day(LAST.0 - 40).first_hour(), records);
    marts.refresh(&house.lake, &rights).unwrap();
    house.close(&mut marts, LAST);
    let mut plan = plan();
    plan.inputs.kinds.insert(Asn::new(64_512).unwrap(), "hosting".to_owned());
    let published = publish(&mut marts, &house.lake, &house.dir, &plan).unwrap();
    drop(marts);

    let (document, _) = read::read_manifest(&house.dir.public(), published.id).unwrap();
    let engine = researcher(&house, &document);
    let mut compared = Vec::new();
    for query in catalog::ALL {
        if !query.name.starts_with("rankings/") && !query.name.starts_with("trends/") {
            continue;
        }
        let name = query.relation();
        engine.run(query.name, &format!("CREATE TABLE {name} AS {}", query.sql)).unwrap();
        let found = format!("SELECT * FROM duckdb_tables() WHERE table_name = 'published_{name}'");
        if engine.table(name, &found).unwrap().rows.is_empty() {
            continue;
        }
        for (one, other) in
            [(name.to_owned(), format!("published_{name}")), (format!("published_{name}"), name.to_owned())]
        {
            let missing = engine.table(name, &format!("FROM {one} EXCEPT ALL FROM {other}")).unwrap();
            assert!(missing.rows.is_empty(), "{one} has what {other} has not: {:?}", missing.rows[0]);
        }
        assert!(!engine.table(name, &format!("FROM {name}")).unwrap().rows.is_empty(), "{name} is empty");
        compared.push(name);
    }
    assert_eq!(compared, ["rankings", "rankings_by_policy", "latencies", "histograms", "areas", "trends"]);
    let reasons = "SELECT count(DISTINCT coalesce(unranked_reason, hours)) AS n FROM rankings";
    let reasons = engine.query("test", reasons, &[], |row| row.int("n")).unwrap();
    assert_eq!(reasons, [4], "ranked over all hours and in the evening, hosting, and too few votes");
}
