//! Contracts as comments, which every shell and notebook can show.

use super::{AnalyticsFault, Origin};
use crate::catalog::{Column, Contract, Query};
use crate::engine::quoted;

/// What the comment on a column says: meaning and unit.
#[must_use]
pub(super) fn of_column(column: &Column) -> String {
    format!("{} ({})", column.meaning, column.unit)
}

/// Statements that put a relation's contract on it and on its columns.
pub(super) fn statements(database: &str, query: Query, origin: Origin) -> Result<String, AnalyticsFault> {
    let contract: Contract = query.contract().map_err(|_| AnalyticsFault::Contract(query.name))?;
    let relation = format!("{database}.{}", query.relation());
    let kind = if origin.is_view() { "VIEW" } else { "TABLE" };
    let mut statements = format!("COMMENT ON {kind} {relation} IS {};", quoted(&contract.about));
    for column in &contract.columns {
        let comment = quoted(&of_column(column));
        statements.push_str(&format!("COMMENT ON COLUMN {relation}.\"{}\" IS {comment};", column.name));
    }
    Ok(statements)
}
