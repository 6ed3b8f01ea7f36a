//! `contracts`, `grain`, `rows` and `addresses`: every file for itself, read once from end to end.

use std::cmp::Ordering;
use std::collections::HashSet;

use anyhow::Context as _;

use super::notes;
use crate::address;
use crate::cell::Cell;
use crate::compare::named;
use crate::contract::{self, Contract};
use crate::day::Day;
use crate::inputs::CsvTable;
use crate::manifest::{File, Span};
use crate::progress::Progress;
use crate::release::Release;
use crate::report::{Check, Report};
use crate::table::{Batch, Table, Values};

/// Texts that are remembered so that none is looked at twice.
const TEXTS_MOST: usize = 1 << 20;

/// Looks at every table file, and at the texts of inputs.
pub(super) fn check(release: &Release, report: &mut Report, progress: &Progress) -> anyhow::Result<()> {
    let files = &release.manifest.files;
    let bar = progress.begin("tables", files.iter().map(|file| file.bytes).sum());
    for check in [Check::Contracts, Check::Grain, Check::Rows, Check::Addresses] {
        report.looked_at(check, 0);
    }
    let mut texts = Texts::default();
    for (table, _) in contract::tables().filter(|(table, _)| is_always_there(table)) {
        if release.manifest.files_of(table).next().is_none() {
            report.found(Check::Contracts, table, "has no file in this release");
        }
    }
    own_contracts(release, report)?;
    for file in files {
        if file.is_parquet() {
            parquet(release, file, report, &mut texts);
        } else if file.path.ends_with(".csv") {
            csv(release, file, report, &mut texts)?;
        }
        bar.inc(file.bytes);
    }
    bar.finish_and_clear();
    Ok(())
}

/// Tables that grow have no file before there is a block.
fn is_always_there(table: &str) -> bool {
    !matches!(table, "blocks" | "block_parts" | "block_bins" | "block_grades" | "trends" | "results")
}

/// The release's own copies of the contracts say what the built-in ones say.
fn own_contracts(release: &Release, report: &mut Report) -> anyhow::Result<()> {
    let folder = format!("{}sql/", release.manifest.folder());
    for (table, stands_in) in contract::tables() {
        let end = format!("/{stands_in}/{table}.toml");
        let Some(file) =
            release.manifest.files.iter().find(|file| file.path.starts_with(&folder) && file.path.ends_with(&end))
        else {
            continue;
        };
        let text = release.place(file).map(std::fs::read_to_string).transpose().with_context(|| file.path.clone())?;
        let (own, built_in) = (text.and_then(|text| Contract::read(&text).ok()), contract::of(table));
        if !own.zip(built_in).is_some_and(|(own, built_in)| own.agrees(&built_in)) {
            report.found(Check::Contracts, &file.path, "is not the contract that this program knows of this table");
        }
    }
    Ok(())
}

/// The texts that were looked at.
#[derive(Default)]
struct Texts {
    seen: HashSet<String>,
}

impl Texts {
    fn look(&mut self, report: &mut Report, path: &str, column: &str, text: &str) {
        if self.seen.contains(text) {
            return;
        }
        report.looked_at(Check::Addresses, 1);
        if let Some(address) = address::find(text) {
            report.found(Check::Addresses, path, format!("{column} holds the address {address}"));
        }
        if self.seen.len() < TEXTS_MOST {
            self.seen.insert(text.to_owned());
        }
    }
}

fn csv(release: &Release, file: &File, report: &mut Report, texts: &mut Texts) -> anyhow::Result<()> {
    let Some(place) = release.place(file) else { return Ok(()) };
    let bytes = std::fs::read(place).with_context(|| file.path.clone())?;
    let table = match CsvTable::read(&bytes) {
        Ok(table) => table,
        Err(fault) => {
            report.found(Check::Inputs, &file.path, fault.to_string());
            return Ok(());
        }
    };
    for row in &table.rows {
        for (column, text) in table.header.iter().zip(row) {
            texts.look(report, &file.path, column, text);
        }
    }
    if let Some(rows) = file.rows {
        report.looked_at(Check::Rows, table.rows.len());
        if rows != table.rows.len() as u64 {
            report.found(Check::Rows, &file.path, format!("has {} rows, the manifest says {rows}", table.rows.len()));
        }
    }
    Ok(())
}

fn parquet(release: &Release, file: &File, report: &mut Report, texts: &mut Texts) {
    report.looked_at(Check::Contracts, 1);
    let Some(contract) = file.table.as_deref().and_then(contract::of) else {
        report.found(Check::Contracts, &file.path, "holds no table of which there is a contract");
        return;
    };
    let Some(place) = release.place(file) else { return };
    let table = match Table::open(place) {
        Ok(table) => table,
        Err(fault) => return report.found(Check::Contracts, &file.path, fault.to_string()),
    };
    let expected: Vec<(String, &str)> =
        contract.columns.iter().map(|column| (column.name.clone(), column.sql_type.as_str())).collect();
    if table.columns != expected {
        return report.found(Check::Contracts, &file.path, difference(&table.columns, &expected));
    }
    let notes = table.notes();
    notes::check(release, file, &notes, report);
    // What Arrow says of types is encoded, and no text of ours.
    let texts_of_notes = notes.iter().filter(|(key, _)| *key != "ARROW:schema");
    for (key, value) in texts_of_notes {
        texts.look(report, &file.path, &format!("its note {key}"), value);
    }
    texts.look(report, &file.path, "the program that wrote it", table.created_by().unwrap_or_default());
    if file.rows != Some(table.rows as u64) {
        let told = file.rows.map_or("nothing".to_owned(), |rows| rows.to_string());
        report.found(Check::Rows, &file.path, format!("has {} rows, the manifest says {told}", table.rows));
    }
    let mut walk = Walk { file, contract: &contract, order: contract.order(), last: None, texts };
    for batch in table.batches() {
        match batch {
            Ok(batch) => walk.batch(&batch, report),
            Err(fault) => return report.found(Check::Contracts, &file.path, fault.to_string()),
        }
    }
}

/// How the columns of a file differ from those of its contract.
fn difference(found: &[(String, &'static str)], expected: &[(String, &str)]) -> String {
    if let Some((name, _)) = found.iter().find(|(name, _)| expected.iter().all(|(other, _)| other != name)) {
        return format!("has the column {name}, which its contract does not have");
    }
    if let Some((name, _)) = expected.iter().find(|(name, _)| found.iter().all(|(other, _)| other != name)) {
        return format!("lacks the column {name} of its contract");
    }
    let wrong = found.iter().zip(expected).find(|(found, expected)| found != expected);
    match wrong {
        Some(((name, of), (other, wanted))) if name == other => {
            format!("has the column {name} as {of} and not as {wanted}")
        }
        _ => "has the columns of its contract in another order".to_owned(),
    }
}

/// A walk through the rows of a file.
struct Walk<'a> {
    file: &'a File,
    contract: &'a Contract,
    /// Places of the columns by which rows are sorted.
    order: Vec<usize>,
    /// The row before in these columns, across batches.
    last: Option<Vec<Cell<'static>>>,
    texts: &'a mut Texts,
}

impl Walk<'_> {
    fn batch(&mut self, batch: &Batch, report: &mut Report) {
        report.looked_at(Check::Rows, batch.rows);
        report.looked_at(Check::Grain, batch.rows);
        let order: Vec<&Values> = self.order.iter().filter_map(|place| batch.column(*place)).collect();
        let mut last = self.last.take();
        for row in 0..batch.rows {
            let step = match (&last, row) {
                (Some(last), 0) => {
                    order.iter().zip(last).map(|(column, last)| last.cmp(&column.cell(0))).find(|order| order.is_ne())
                }
                (None, 0) => Some(Ordering::Less),
                _ => order.iter().map(|column| column.cell(row - 1).cmp(&column.cell(row))).find(|order| order.is_ne()),
            };
            let wrong = match step {
                Some(Ordering::Greater) => "does not stand in the order of the grain",
                None if !self.contract.grain.is_empty() => "stands twice",
                _ => continue,
            };
            let name = named(self.contract, &self.order, &batch.row(row));
            report.found(Check::Grain, &self.file.path, format!("{name} {wrong}"));
        }
        if let Some(row) = batch.rows.checked_sub(1) {
            last = Some(order.iter().map(|column| column.cell(row).into_owned()).collect());
        }
        self.last = last;
        for (place, column) in self.contract.columns.iter().enumerate() {
            let Some(values) = batch.column(place) else { continue };
            match column.sql_type.as_str() {
                "VARCHAR" => self.texts(batch, &column.name, values, report),
                "DATE" => self.days(batch, &column.name, values, report),
                _ => {}
            }
        }
    }

    fn texts(&mut self, batch: &Batch, column: &str, values: &Values, report: &mut Report) {
        let mut before = None;
        for text in (0..batch.rows).filter_map(|row| values.text(row)) {
            if before != Some(text) {
                self.texts.look(report, &self.file.path, column, text);
                before = Some(text);
            }
        }
    }

    /// Blocks, parts and trends lie in the file of their last day; a result was not taken after it.
    fn days(&self, batch: &Batch, column: &str, values: &Values, report: &mut Report) {
        let (Some([first, last]), Some(_)) = (self.file.days(), self.file.span) else { return };
        let is_inside = |day: Day| match column {
            "last_day" if self.file.span == Some(Span::RunningMonth) => day <= last,
            "last_day" => (first..=last).contains(&day),
            _ => day <= last,
        };
        for row in 0..batch.rows {
            let day = values.int(row).and_then(|day| i32::try_from(day).ok()).map(Day);
            if day.is_some_and(|day| !is_inside(day)) || (day.is_none() && column == "last_day") {
                let day = day.map_or("null".to_owned(), |day| day.to_string());
                let what =
                    format!("row {}: {column} is {day}, the file is of {first} to {last}", batch.first + row + 1);
                report.found(Check::Rows, &self.file.path, what);
            }
        }
    }
}
