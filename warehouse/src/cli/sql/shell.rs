//! The shell: statements from a terminal, with a line that can be edited, or from a pipe.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Context as _, bail};
use clap::ValueEnum as _;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;

use super::splitter::Splitter;
use super::{Format, Reader, is_broken_pipe};
use crate::engine::quoted;

const HELP: &str = "\
Statements end with a semicolon and may go over several lines. They can only read.
.tables           the tables and views, and what a row of each is
.schema NAME      the columns of one of them: type, meaning and unit
.format FORMAT    table, csv or json
.refresh          read the file that was published last
.quit             leave, as Ctrl-D does";

/// Reads and answers until the end.
pub(super) fn run(reader: Reader, format: Format) -> anyhow::Result<()> {
    let mut shell = Shell { reader, format, splitter: Splitter::default() };
    if io::stdin().is_terminal() { shell.talk() } else { shell.follow() }
}

struct Shell {
    reader: Reader,
    format: Format,
    splitter: Splitter,
}

/// Whether there is more to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Line,
    End,
}

impl Shell {
    /// With somebody at a terminal: an error is said, and the next statement may come.
    fn talk(&mut self) -> anyhow::Result<()> {
        let mut editor = DefaultEditor::new().context("the terminal cannot be used")?;
        println!("analytics.duckdb, to be read; .help says more, .quit or Ctrl-D leaves.");
        loop {
            let prompt = if self.splitter.is_empty() { "sql> " } else { "  -> " };
            let line = match editor.readline(prompt) {
                Ok(line) => line,
                Err(ReadlineError::Interrupted) => {
                    self.splitter = Splitter::default();
                    continue;
                }
                Err(ReadlineError::Eof) => return Ok(()),
                Err(fault) => return Err(fault).context("the terminal cannot be read"),
            };
            if !line.trim().is_empty() {
                // Without a history there is still a shell.
                let _ = editor.add_history_entry(line.as_str());
            }
            match self.line(&line) {
                Ok(Next::Line) => {}
                Ok(Next::End) => return Ok(()),
                Err(fault) if is_broken_pipe(&fault) => return Ok(()),
                Err(fault) => eprintln!("error: {fault:#}"),
            }
        }
    }

    /// With a script: the first error ends it.
    fn follow(&mut self) -> anyhow::Result<()> {
        for line in io::stdin().lock().lines() {
            let line = line.context("the input cannot be read")?;
            if self.line(&line)? == Next::End {
                return Ok(());
            }
        }
        self.splitter.rest().map_or(Ok(()), |statement| self.answer(&statement))
    }

    fn line(&mut self, line: &str) -> anyhow::Result<Next> {
        if self.splitter.is_empty() && line.trim_start().starts_with('.') {
            return self.command(line.trim());
        }
        for statement in self.splitter.line(line) {
            self.answer(&statement)?;
        }
        Ok(Next::Line)
    }

    fn answer(&self, statement: &str) -> anyhow::Result<()> {
        Ok(self.reader.answer(statement, self.format, io::stdout())?)
    }

    fn command(&mut self, line: &str) -> anyhow::Result<Next> {
        let mut words = line.trim_end_matches(';').split_whitespace();
        match (words.next().unwrap_or_default(), words.next()) {
            (".quit" | ".exit", None) => return Ok(Next::End),
            (".help", None) => say(HELP)?,
            (".tables", None) => self.tables()?,
            (".schema", Some(name)) => self.schema(name)?,
            (".refresh", None) => self.reader.reopen()?,
            (".format", Some(name)) => match Format::from_str(name, true) {
                Ok(Format::Parquet) | Err(_) => bail!("there is no format {name} here: table, csv or json"),
                Ok(format) => self.format = format,
            },
            _ => bail!("there is no command {line}; .help names them"),
        }
        Ok(Next::Line)
    }

    fn tables(&self) -> anyhow::Result<()> {
        let sql = "SELECT name, comment FROM (
                SELECT table_name AS name, comment FROM duckdb_tables() WHERE NOT internal
                UNION ALL SELECT view_name AS name, comment FROM duckdb_views() WHERE NOT internal
            ) ORDER BY name";
        print_columns(["name", "a row is"], &self.reader.texts(sql, ["name", "comment"])?)
    }

    fn schema(&self, name: &str) -> anyhow::Result<()> {
        let sql = format!(
            "SELECT column_name, data_type, comment FROM duckdb_columns()
             WHERE NOT internal AND table_name = {} ORDER BY column_index",
            quoted(name)
        );
        let columns = self.reader.texts(&sql, ["column_name", "data_type", "comment"])?;
        if columns.is_empty() {
            bail!("there is no table {name}; .tables names them");
        }
        print_columns(["column", "type", "meaning (unit)"], &columns)
    }
}

fn print_columns<const N: usize>(names: [&str; N], rows: &[[String; N]]) -> anyhow::Result<()> {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(names);
    for row in rows {
        table.add_row(row);
    }
    say(&table.to_string())
}

fn say(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout(), "{text}")?)
}
