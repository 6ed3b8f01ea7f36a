//! Answers of any size, a piece at a time.

use duckdb::arrow::record_batch::RecordBatch;

use super::{Engine, EngineFault, failed};

impl Engine {
    /// Runs a query and gives its rows in pieces of a few thousand, of which only one is in memory. The first piece has no
    /// rows: it tells the columns.
    ///
    /// # Errors
    /// [`EngineFault::Statement`], also half way; or what `take` gives, which ends it.
    pub fn stream<E: From<EngineFault>>(
        &self,
        what: &str,
        sql: &str,
        mut take: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let fault = |source| E::from(failed(what, source));
        let mut statement = self.connection.prepare(sql).map_err(fault)?;
        // The iterator that this gives would panic where a row cannot be made; the statement's own steps say why instead.
        let schema = statement.stream_arrow([]).map_err(fault)?.get_schema();
        take(RecordBatch::new_empty(schema))?;
        while let Some(rows) = statement.step().map_err(fault)? {
            take(RecordBatch::from(&rows))?;
        }
        Ok(())
    }
}
