//! Every statement of `queries/` gives exactly the columns that its contract promises.

use super::*;
use crate::catalog::{self, Contract};

fn literal(sql_type: &str) -> &'static str {
    match sql_type {
        "DATE" => "DATE '2026-11-24'",
        "TIMESTAMP" => "TIMESTAMP '2026-11-24 00:00:00'",
        "VARCHAR" => "'dslreports'",
        _ => "1",
    }
}

/// Puts a value of the promised type in the place of each parameter; DESCRIBE takes none.
fn with_values(sql: &str, contract: &Contract) -> String {
    let mut names: Vec<_> = contract.parameters.iter().collect();
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    names.into_iter().fold(sql.to_owned(), |sql, (name, parameter)| {
        assert!(sql.contains(&format!("${name}")), "the statement does not use its parameter {name}");
        sql.replace(&format!("${name}"), literal(&parameter.r#type))
    })
}

/// Aim: names, order and types of the columns, and every parameter, are as the contract says; the grain is made of them.
#[test]
fn statements_keep_their_contracts() {
    let house = House::new();
    let marts = house.marts();
    let engine = marts.engine();
    for query in catalog::ALL {
        let contract = query.contract().unwrap_or_else(|fault| panic!("{}: {fault}", query.name));
        let sql = with_values(query.sql, &contract);
        assert!(!sql.contains('$'), "{}: a parameter stands in no contract", query.name);
        let describe = format!("SELECT column_name, column_type FROM (DESCRIBE {sql})");
        let read = |row: &crate::engine::Row<'_>| Ok((row.text("column_name")?, row.text("column_type")?));
        let found = engine.query(query.name, &describe, &[], read).unwrap_or_else(|fault| panic!("{fault:?}"));
        let promised: Vec<_> =
            contract.columns.iter().map(|column| (column.name.clone(), column.r#type.clone())).collect();
        assert_eq!(found, promised, "{}", query.name);
        assert!(
            contract.grain.iter().all(|name| contract.columns.iter().any(|column| column.name == *name)),
            "{}",
            query.name
        );
        // Later statements read what this one makes; the marts have some of these relations as tables.
        let exists = format!("SELECT 1 FROM {}", query.relation());
        if !query.name.starts_with("checks/") && engine.run("test", &exists).is_err() {
            engine.run("test", &format!("CREATE TEMP VIEW {} AS {sql}", query.relation())).unwrap();
        }
    }
}

/// Aim: the contract of the lake's results names every column of the lake, in its type, and no other.
#[test]
fn the_lake_keeps_its_contract() {
    let contract = catalog::RESULTS.contract().unwrap();
    let promised: Vec<_> =
        contract.columns.iter().map(|column| (column.name.as_str(), column.r#type.as_str())).collect();
    let held: Vec<_> = crate::lake::schema::COLUMNS.iter().map(|column| (column.name, column.sql_type)).collect();
    assert_eq!(promised, held);
}
