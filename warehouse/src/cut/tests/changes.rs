//! What a release says has changed is what has.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::*;
use crate::engine::{Engine, Settings, quoted_path};
use crate::marts::Marts;
use crate::withdrawals::Withdrawal;

/// Rows that only one of two releases has, by table and month: new ones and old ones.
type Differences = BTreeMap<(String, String), [u64; 2]>;

/// The rows themselves, compared both ways by EXCEPT ALL over whole partitions.
fn differences(engine: &Engine, public: &Path, before: &CutDocument, after: &CutDocument) -> Differences {
    let partitions = |document: &CutDocument| {
        let mut partitions: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for file in &document.files {
            let (Some(table), Some(month)) = (file.table.clone(), file.month.clone()) else { continue };
            let path = quoted_path(&file.locate(public)).unwrap();
            let rows = format!("SELECT * FROM read_parquet({path}, hive_partitioning = false)");
            partitions.entry((table, month)).or_default().push(rows);
        }
        partitions
    };
    let (mut old, new) = (partitions(before), partitions(after));
    let mut found = Differences::new();
    let mut count = |key, these: Option<&Vec<String>>, those: Option<&Vec<String>>, at: usize| {
        let Some(these) = these else { return };
        let these = these.join(" UNION ALL ");
        let except = those.map_or_else(String::new, |those| format!("EXCEPT ALL ({})", those.join(" UNION ALL ")));
        let sql = format!("SELECT count(*) AS rows FROM (({these}) {except})");
        let rows = engine.query("test", &sql, &[], |row| row.u64("rows")).unwrap();
        if rows[0] > 0 {
            found.entry(key).or_insert([0; 2])[at] = rows[0];
        }
    };
    for (key, rows) in &new {
        let those = old.remove(key);
        count(key.clone(), Some(rows), those.as_ref(), 0);
        count(key.clone(), those.as_ref(), Some(rows), 1);
    }
    for (key, rows) in &old {
        count(key.clone(), Some(rows), None, 1);
    }
    found
}

fn said(house: &House, id: CutId) -> Value {
    let path = read::path_of(&house.dir.public(), id).join("CHANGES.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Fails unless a release's `CHANGES.json` counts what differs from the release before. Gives the number of partitions.
pub(super) fn require_counts(house: &House, before: &CutDocument, after: &CutDocument) -> u32 {
    let changes = said(house, after.id);
    assert_eq!(changes["previous"], before.id.to_string());
    let mut counted = Differences::new();
    for change in changes["partitions"].as_array().unwrap() {
        let count = |name: &str| change[name].as_u64().unwrap();
        let key = (change["table"].as_str().unwrap().to_owned(), change["month"].as_str().unwrap().to_owned());
        let corrected = count("corrected");
        let rows = [count("added") + corrected, count("withdrawn") + corrected];
        assert!(counted.insert(key, rows).is_none(), "{change} stands twice");
        assert!(!change["why"].as_array().unwrap().is_empty(), "{change}");
    }
    let public = house.dir.public();
    let settings =
        Settings { memory_mib: 256, threads: 1, directories: vec![public.clone()], spill_dir: public.join("spill") };
    let engine = Engine::open(&house.dir.root().join("differences.duckdb"), &settings).unwrap();
    assert_eq!(counted, differences(&engine, &public, before, after), "of {}", after.id);
    u32::try_from(counted.len()).unwrap()
}

/// The reasons of each table, over all of its months.
fn reasons(changes: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut reasons: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for change in changes["partitions"].as_array().unwrap() {
        let why = change["why"].as_array().unwrap().iter().map(|reason| reason.as_str().unwrap().to_owned());
        reasons.entry(change["table"].as_str().unwrap().to_owned()).or_default().extend(why);
    }
    reasons
}

fn cut_of(house: &House, marts: &mut Marts, rights: &Rights, plan: &Plan) -> CutDocument {
    marts.refresh(&house.lake, rights).unwrap();
    house.close(marts, plan.last_day.day());
    let published = publish(marts, &house.lake, &house.dir, plan).unwrap();
    assert!(published.is_new);
    read::read_manifest(&house.dir.public(), published.id).unwrap().0
}

/// Aim: each kind of change is named: new days, a withdrawal, another right; what is the same is not
/// listed.
#[test]
fn a_release_says_why_it_differs() {
    let house = house();
    let mut marts = house.marts();
    let provider = || AgentId::parse("provider").unwrap();
    let only = |reason: &str| Some(BTreeSet::from([reason.to_owned()]));
    let of_blocks = |id: CutId| reasons(&said(&house, id)).remove("blocks");
    let first = cut_of(&house, &mut marts, &bound(), &plan());
    assert!(said(&house, first.id)["previous"].is_null());
    assert_eq!(of_blocks(first.id), only("first_release"));

    let mut lists = plan();
    lists.inputs.kinds.insert(Asn::new(64_501).unwrap(), "hosting".to_owned());
    let second = cut_of(&house, &mut marts, &bound(), &lists);
    assert_eq!(of_blocks(second.id), None, "another list changes no block");
    require_counts(&house, &first, &second);

    let day = TestDate::of(LAST).unwrap();
    let withdrawal = Withdrawal { agent: provider(), from: day, to: day, said_at: Hour(lists.hour.0 + 1) };
    let mut rights = Rights { withdrawn: BTreeSet::from([(provider(), LAST)]), ..bound() };
    let plan = Plan { withdrawals: vec![withdrawal], hour: Hour(lists.hour.0 + 2), ..lists };
    let third = cut_of(&house, &mut marts, &rights, &plan);
    assert_eq!(of_blocks(third.id), only("withdrawal"));
    assert_eq!(said(&house, third.id)["withdrawals"][0]["agent"], "provider");
    require_counts(&house, &second, &third);

    // That withdrawal is older than the release with which this one is compared.
    rights.bindings.remove(&(provider(), Asn::new(64_502).unwrap()));
    let fourth = cut_of(&house, &mut marts, &rights, &plan);
    assert_eq!(of_blocks(fourth.id), only("rights"));
    require_counts(&house, &third, &fourth);

    house.seal("provider", 2, Day(LAST.0 + 1).first_hour(), next_day());
    let plan = Plan { last_day: day.plus(1).unwrap(), ..plan };
    let fifth = cut_of(&house, &mut marts, &rights, &plan);
    assert_eq!(of_blocks(fifth.id), only("days_closed"));
    require_counts(&house, &fourth, &fifth);
}

fn next_day() -> Vec<Record> {
    (0..40).map(|number| vote(64_500, number, Day(LAST.0 + 1).first_hour(), 300)).collect()
}
