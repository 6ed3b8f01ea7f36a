//! Rows for people: as many as somebody may read.

use std::io::{self, Write};

use comfy_table::Table;
use comfy_table::presets::NOTHING;

use crate::export::{ExportFault, Sheet};

/// Most rows of a table for people.
const MOST_ROWS: usize = 1_000;

/// A table that fills up.
#[derive(Default)]
pub(super) struct Printed {
    table: Option<Table>,
    rows: usize,
    left_out: bool,
}

impl Printed {
    /// Takes rows as long as there is room.
    pub(super) fn take(&mut self, rows: &Sheet) -> Result<(), ExportFault> {
        let table = self.table.get_or_insert_with(|| {
            let mut table = Table::new();
            table.load_preset(NOTHING).set_header(rows.names());
            table
        });
        let room = MOST_ROWS - self.rows;
        self.left_out |= rows.rows() > room;
        let shown = rows.slice(0..room);
        for cells in shown.texts()? {
            table.add_row(cells);
        }
        self.rows += shown.rows();
        Ok(())
    }

    /// True if there is no room for what comes.
    pub(super) fn is_full(&self) -> bool {
        self.left_out
    }

    /// Prints it, and says if there is more.
    pub(super) fn print(&self, sink: &mut impl Write) -> io::Result<()> {
        if let Some(table) = &self.table {
            writeln!(sink, "{table}")?;
        }
        if self.left_out {
            eprintln!("note: these are the first {MOST_ROWS} rows; --format csv, json or parquet gives all");
        }
        Ok(())
    }
}
