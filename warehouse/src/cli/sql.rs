//! `warehouse sql`: one statement, or a shell that reads statements, over `analytics.duckdb`.
//!
//! It is this process that reads, so an answer of any size passes through it piece by piece, and no thread of the server
//! works for it. First the server is asked to bring the file up to date, so that what was acknowledged a few seconds ago is there.

mod answer;

mod printed;

mod reader;

mod shell;

mod splitter;

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::{Args, ValueEnum};

use self::answer::{Answer, Failure, is_broken_pipe};
use self::reader::Reader;
use super::keep;
use crate::analytics::Place;
use crate::config::Config;
use crate::durable::disk::temporary_name;
use crate::export::RowFormat;
use crate::keeper::Task;

/// What is asked, and how it is answered.
#[derive(Debug, Args)]
pub(super) struct Ask {
    /// A SELECT, DESCRIBE, SUMMARIZE, SHOW or EXPLAIN; without one, statements are read from the terminal or from the input.
    statement: Option<String>,
    /// How rows are written.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write the rows of the statement to this file.
    #[arg(long, value_name = "FILE", requires = "statement")]
    out: Option<PathBuf>,
    /// Read the file as it was published last, without asking the server for a newer one.
    #[arg(long)]
    as_published: bool,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people; the first thousand rows.
    Table,
    /// Comma-separated values with a line of names, as the API writes them.
    Csv,
    /// An array of objects.
    Json,
    /// A file of Parquet: with --out, or into a pipe.
    Parquet,
}

impl Format {
    /// The format of rows in pieces; none for people.
    fn of_rows(self) -> Option<RowFormat> {
        match self {
            Self::Table => None,
            Self::Csv => Some(RowFormat::Csv),
            Self::Json => Some(RowFormat::Json),
            Self::Parquet => Some(RowFormat::Parquet),
        }
    }
}

/// Answers.
pub(super) fn run(config: Config, ask: Ask) -> anyhow::Result<()> {
    let Ask { statement, format, out, as_published } = ask;
    if format == Format::Parquet && out.is_none() {
        ensure!(statement.is_some(), "--format parquet takes one statement");
        ensure!(!io::stdout().is_terminal(), "a terminal cannot show Parquet: say --out FILE, or pipe it on");
    }
    let place = Place::of(&config)?;
    if !as_published {
        bring_up(config, &place.path)?;
    }
    let reader = Reader::open(&place)?;
    let done = match (statement, out) {
        (Some(statement), Some(out)) => to_file(&reader, &statement, format, &out),
        (Some(statement), None) => reader.answer(&statement, format, io::stdout()).map_err(Into::into),
        (None, _) => shell::run(reader, format),
    };
    match done {
        // Whoever read the rows has enough.
        Err(fault) if is_broken_pipe(&fault) => Ok(()),
        done => done,
    }
}

/// Has the file brought up to date. An analyst who may not ask the server reads the file as it is.
fn bring_up(config: Config, path: &Path) -> anyhow::Result<()> {
    match keep::done(config, Task::Analytics) {
        Ok(_) => Ok(()),
        Err(fault) if path.is_file() => {
            eprintln!("note: reading the file as it was published last: {fault:#}");
            Ok(())
        }
        Err(fault) => Err(fault.context("there is no analytics.duckdb yet, and it could not be made")),
    }
}

/// Writes the rows into a file, which has its name only when it is whole.
fn to_file(reader: &Reader, statement: &str, format: Format, out: &Path) -> anyhow::Result<()> {
    let temporary = temporary_name(out);
    let file = File::create(&temporary).with_context(|| format!("cannot write {}", out.display()))?;
    let done = reader.answer(statement, format, BufWriter::new(file));
    if let Err(fault) = done {
        // What is there of it is of no use to anybody.
        drop(std::fs::remove_file(&temporary));
        bail!(fault);
    }
    std::fs::rename(&temporary, out).with_context(|| format!("cannot write {}", out.display()))
}
