//! The rows of the benchmark: one table to read, one file to compare.

use std::path::Path;

use anyhow::Context as _;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use serde::{Deserialize, Serialize};

/// One measured figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What was measured: the part's name, then what of it.
    pub name: String,
    /// The figure.
    pub figure: f64,
    /// Its unit.
    pub unit: String,
    /// What it is compared with, if there is something.
    pub peer: Option<String>,
    /// The peer's figure, from the same run unless `peer` says otherwise.
    pub peer_figure: Option<f64>,
    /// The figure divided by the peer's.
    pub ratio: Option<f64>,
    /// What it must reach, if that was set.
    pub goal: Option<Goal>,
    /// Whether it does.
    pub met: Option<bool>,
}

/// What a figure must reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// This much or more.
    AtLeast(f64),
    /// This much or less.
    AtMost(f64),
}

impl Row {
    /// A figure by itself.
    #[must_use]
    pub fn new(name: &str, figure: f64, unit: &str) -> Self {
        let (name, unit) = (name.to_owned(), unit.to_owned());
        Self { name, figure, unit, peer: None, peer_figure: None, ratio: None, goal: None, met: None }
    }

    /// The figure held against a goal.
    #[must_use]
    pub fn with_goal(self, goal: Goal) -> Self {
        let met = match goal {
            Goal::AtLeast(least) => self.figure >= least,
            Goal::AtMost(most) => self.figure <= most,
        };
        Self { goal: Some(goal), met: Some(met), ..self }
    }

    /// The figure beside a peer's.
    #[must_use]
    pub fn with_peer(self, peer: &str, figure: f64) -> Self {
        Self { peer: Some(peer.to_owned()), peer_figure: Some(figure), ratio: Some(self.figure / figure), ..self }
    }
}

/// Prints the rows as a table.
pub fn print(rows: &[Row]) {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    table.set_header(["name", "figure", "unit", "goal", "met", "peer", "peer's figure", "ratio"]);
    for row in rows {
        let goal = match row.goal {
            Some(Goal::AtLeast(least)) => format!("≥ {}", number(least)),
            Some(Goal::AtMost(most)) => format!("≤ {}", number(most)),
            None => String::new(),
        };
        let met = row.met.map_or("", |met| if met { "yes" } else { "NO" });
        table.add_row([
            row.name.clone(),
            number(row.figure),
            row.unit.clone(),
            goal,
            met.to_owned(),
            row.peer.clone().unwrap_or_default(),
            row.peer_figure.map(number).unwrap_or_default(),
            row.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
        ]);
    }
    for column in [1, 3, 6, 7] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    println!("{table}");
}

/// Three digits and separators: nothing measured here is known better.
fn number(value: f64) -> String {
    if value.abs() < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Writes the rows into a JSON file; rows of other names that stand there from a run of another part stay.
///
/// # Errors
/// If the file cannot be written, or what stands there is no such file.
pub fn write(path: &Path, rows: &[Row]) -> anyhow::Result<()> {
    let mut all: Vec<Row> = match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("reading {}", path.display()))?,
        Err(_) => Vec::new(),
    };
    all.retain(|old| rows.iter().all(|row| row.name != old.name));
    all.extend_from_slice(rows);
    let json = serde_json::to_vec_pretty(&all).context("writing the rows as JSON")?;
    std::fs::write(path, json).with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aim: goals are held in the right direction, and a part's run replaces its own rows only.
    #[test]
    fn rows_are_judged_and_kept() {
        assert_eq!(Row::new("a", 2.0, "s").with_goal(Goal::AtMost(1.0)).met, Some(false));
        assert_eq!(Row::new("a", 2.0, "s").with_goal(Goal::AtLeast(1.0)).met, Some(true));
        assert_eq!(number(1_234_567.8), "1,234,568");
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bench.json");
        write(&path, &[Row::new("a", 1.0, "s"), Row::new("b", 1.0, "s")]).unwrap();
        write(&path, &[Row::new("b", 2.0, "s").with_peer("c", 4.0)]).unwrap();
        let rows: Vec<Row> = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let figures: Vec<(&str, f64)> = rows.iter().map(|row| (row.name.as_str(), row.figure)).collect();
        assert_eq!(figures, [("a", 1.0), ("b", 2.0)]);
        assert_eq!(rows[1].ratio, Some(0.5));
    }
}
