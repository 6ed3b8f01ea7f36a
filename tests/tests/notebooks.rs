//! The notebooks, executed as an analyst executes them: `tests/notebooks/run.py` runs each over a small release and looks at
//! its figures.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use bufferlake_tests::asn_data;
use bufferlake_tests::harness::{Scratch, Warehouse, WarehouseOptions, python};
use bufferlake_tests::past::{self, Past};
use intake::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

/// Days of the release: two whole months at least.
const DAYS: u32 = 70;

/// Results in them: enough for some dozen networks with a rank.
const RESULTS: u32 = 120_000;

/// What the notebooks are told.
struct Told {
    release: String,
    analytics: Option<PathBuf>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../notebooks")
}

/// Every notebook, by name.
fn notebooks() -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder()).context("listing the notebooks")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "ipynb") {
            found.push(path);
        }
    }
    found.sort();
    ensure!(found.len() >= 5, "there are {} notebooks only", found.len());
    Ok(found)
}

/// Executes notebooks; gives what they print. What is wrong with them is the error.
fn execute(scratch: &Scratch, told: &Told, notebooks: &[PathBuf]) -> anyhow::Result<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("notebooks/run.py");
    let mut command = Command::new(python()?);
    command.arg(script).arg(scratch.path()).args(notebooks);
    command.env("BUFFERLAKE_RELEASE", &told.release).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("IPYTHONDIR", scratch.join("ipython")).env_remove("BUFFERLAKE_ANALYTICS");
    if let Some(path) = &told.analytics {
        command.env("BUFFERLAKE_ANALYTICS", path);
    }
    let output = command.output().context("starting the notebooks")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(said)
}

/// A warehouse with a past, in which one agent was cut off for some days, and its release.
fn release(scratch: &Scratch) -> anyhow::Result<Warehouse> {
    let dir = scratch.join("warehouse");
    let past = Past {
        dir: dir.clone(),
        days: DAYS,
        results: RESULTS,
        providers: 12,
        seed: 17,
        asn_database: vec![asn_data::excerpt_mmdb(scratch.path())?],
        cut_off_days: 4,
    };
    past::happen(&past, SystemClock.hour(), |_| {})?;
    let mut options = WarehouseOptions::new(dir);
    options.more = format!("[asn]\ndatabase = {:?}\n", past.asn_database);
    let warehouse = Warehouse::start(options)?;
    warehouse.command(&["publish"])?;
    warehouse.command(&["analytics"])?;
    Ok(warehouse)
}

// Aim: every notebook runs from top to bottom over a directory and over HTTP, with figures whose axes say what they show, in
// colours that everybody can tell apart; late results and client versions are seen, and what needs `analytics.duckdb` says so
// where there is none.
#[test]
fn every_notebook_runs() -> anyhow::Result<()> {
    let scratch = Scratch::new("notebooks")?;
    let warehouse = release(&scratch)?;
    let all = notebooks()?;
    let analytics = warehouse.dir().join("analytics/analytics.duckdb");
    let public = warehouse.dir().join("public").display().to_string();
    let said = execute(&scratch, &Told { release: public, analytics: Some(analytics) }, &all)?;
    println!("{said}");
    ensure!(!said.contains("Skipped") && said.contains("'1.1.0'"), "client versions are not told: {said}");
    ensure!(!said.contains("At most 0 tests were outstanding"), "the agent that was cut off is not seen: {said}");

    let over_http = format!("http://{}/data/v1", warehouse.address());
    let said = execute(&scratch, &Told { release: over_http, analytics: None }, &all)?;
    ensure!(said.contains("Skipped: client versions"), "{said}");
    Ok(())
}

// Aim: what is committed is text to read and nothing that a run left behind: no output, no count, no trace of a machine.
#[test]
fn notebooks_are_committed_without_outputs() -> anyhow::Result<()> {
    for path in notebooks()? {
        let notebook: Value = serde_json::from_slice(&fs::read(&path)?).with_context(|| path.display().to_string())?;
        let faults = leftovers(&notebook);
        ensure!(faults.is_empty(), "{}: {}", path.display(), faults.join("; "));
    }
    let run = json!({"nbformat": 4, "nbformat_minor": 4, "metadata": {"kernelspec": {"name": "mine"}}, "cells": [
        {"cell_type": "code", "id": "a", "metadata": {"scrolled": true}, "execution_count": 3, "outputs": [{}], "source": []},
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": []},
    ]});
    ensure!(leftovers(&run).len() == 6, "planted faults are not found: {:?}", leftovers(&run));
    Ok(())
}

/// What a committed notebook must not have.
fn leftovers(notebook: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    if (notebook["nbformat"].as_u64(), notebook["nbformat_minor"].as_u64()) != (Some(4), Some(5)) {
        faults.push("not of format 4.5".to_owned());
    }
    let kernel = json!({"display_name": "Python 3", "language": "python", "name": "python3"});
    if notebook["metadata"] != json!({"kernelspec": kernel, "language_info": {"name": "python"}}) {
        faults.push(format!("metadata of a machine: {}", notebook["metadata"]));
    }
    let mut ids = BTreeSet::new();
    for cell in notebook["cells"].as_array().into_iter().flatten() {
        let id = cell["id"].as_str().unwrap_or_default();
        if id.is_empty() || !ids.insert(id) {
            faults.push(format!("the id {id:?} is empty or there twice"));
        }
        if cell["metadata"] != json!({}) {
            faults.push(format!("{id} has metadata"));
        }
        if cell["cell_type"] == "code" && cell["outputs"] != json!([]) {
            faults.push(format!("{id} has outputs"));
        }
        if cell["cell_type"] == "code" && !cell["execution_count"].is_null() {
            faults.push(format!("{id} has a count"));
        }
    }
    faults
}

// Aim: each fault that the runner looks for is found when it is there.
#[test]
fn a_faulty_notebook_is_refused() -> anyhow::Result<()> {
    let figure = "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\n";
    let labels = "ax.set(title='Votes', xlabel='Increase (ms)', ylabel='Votes (number)')\n";
    let cases = [
        ("error", "1 / 0".to_owned(), "ZeroDivisionError"),
        ("none", "print('nothing to see')".to_owned(), "it shows no figure"),
        (
            "untitled",
            format!("{figure}ax.plot([1, 2])\nax.set(title='Votes', xlabel='Increase (ms)')"),
            "the y axis has no title",
        ),
        (
            "unitless",
            format!("{figure}ax.plot([1, 2])\n{labels}ax.set_xlabel('Increase')"),
            "the x axis tells no unit: Increase",
        ),
        ("nameless", format!("{figure}ax.plot([1, 2])\n{labels}ax.set_title('')"), "no title"),
        ("empty", format!("{figure}{labels}ax.grid()"), "nothing is drawn"),
        ("garish", format!("{figure}ax.plot([1, 2], color='red')\n{labels}"), "the colour #ff0000"),
        ("warning", format!("{figure}ax.plot([1, 2])\n{labels}import warnings\nwarnings.warn('odd')"), "warns"),
        ("sound", format!("{figure}ax.plot([1, 2], color='#0072B2')\n{labels}"), ""),
    ];
    let scratch = Scratch::new("faulty-notebooks")?;
    let mut paths = Vec::new();
    for (name, source, _) in &cases {
        let cell = json!({"cell_type": "code", "id": "one", "metadata": {}, "execution_count": null, "outputs": [], "source": source});
        let path = scratch.join(format!("{name}.ipynb"));
        fs::write(&path, json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}).to_string())?;
        paths.push(path);
    }
    let told = Told { release: String::new(), analytics: None };
    let Err(refused) = execute(&scratch, &told, &paths) else { anyhow::bail!("faulty notebooks are taken") };
    let said = refused.to_string();
    for (name, _, fault) in cases {
        let lines: Vec<&str> = said.lines().filter(|line| line.starts_with(&format!("{name}: "))).collect();
        ensure!(lines.is_empty() == fault.is_empty(), "{name} is told so: {lines:?}");
        ensure!(said.contains(fault), "{name} is not refused for its fault ({fault}):\n{said}");
    }
    Ok(())
}
