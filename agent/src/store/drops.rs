//! Records given up, counted by reason until the next sealed batch reports them.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use wire::DropReason;

use super::StoreFault;

/// Adds to a count.
pub(super) fn add(connection: &Connection, reason: DropReason, records: u64) -> Result<(), StoreFault> {
    if records == 0 {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(
        "INSERT INTO drops (reason, records) VALUES (?1, ?2)
         ON CONFLICT (reason) DO UPDATE SET records = records + excluded.records",
    )?;
    statement.execute(params![name(reason), records])?;
    Ok(())
}

/// The counts that no sealed batch has reported yet.
///
/// # Errors
/// [`StoreFault`] if they cannot be read.
pub fn read(connection: &Connection) -> Result<BTreeMap<DropReason, u64>, StoreFault> {
    let mut statement = connection.prepare_cached("SELECT reason, records FROM drops")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, u64>(1)?)))?;
    let mut drops = BTreeMap::new();
    for row in rows {
        let (reason, records) = row?;
        if let Some(reason) = parse(&reason) {
            drops.insert(reason, records);
        }
    }
    Ok(drops)
}

/// Takes the counts for a batch that reports them.
pub(super) fn take(connection: &Connection) -> Result<BTreeMap<DropReason, u64>, StoreFault> {
    let drops = read(connection)?;
    if !drops.is_empty() {
        connection.prepare_cached("DELETE FROM drops")?.execute([])?;
    }
    Ok(drops)
}

/// The reason's name on the wire, so that the two never differ.
fn name(reason: DropReason) -> String {
    match serde_json::to_value(reason) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

fn parse(name: &str) -> Option<DropReason> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}
