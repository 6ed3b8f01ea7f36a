//! The old system's history, imported beside a running agent.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Agent, AgentOptions, Scratch};
use serde_json::json;

use super::super::results::{body, client, post_all};
use super::{json, say, shape};

/// Writes the old system's database with so many good rows and seven odd ones, by the program of its own language.
fn old_system(path: &Path, rows: u32) -> anyhow::Result<()> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/agent/commands/old_system.py");
    let output =
        Command::new("python3").arg(script).arg(path).arg(rows.to_string()).output().context("starting python3")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

// Aim: an import beside an agent that takes results loses none, doubles none, uploads none, counts what is odd, and leaves
// the old file as it was; a second one takes nothing.
#[test]
fn the_old_history_is_imported_beside_a_running_agent() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-import")?;
    let old = scratch.join("isp_telemetry.db");
    old_system(&old, 3_000)?;
    let bytes = std::fs::read(&old)?;
    let file = old.to_str().context("a path of text")?;
    let options =
        AgentOptions::alone(scratch.join("agent")).with("history.max_rows", "5000").with("legacy_database", file);
    let mut agent = Agent::start(options)?;
    post_all(agent.address(), 0..100)?;
    let is_offered = || -> anyhow::Result<bool> {
        let said = say(&agent, &["doctor", "--offline"])?.out;
        Ok(said.contains("old system") && said.contains("agent import-legacy"))
    };
    ensure!(is_offered()?, "the doctor does not see the old system");

    let dry = json(&agent, &["import-legacy", file, "--timezone", "+02:00", "--dry-run"], 0)?;
    ensure!(dry["to_take"] == 3_001 && dry["done"].is_null(), "{dry}");
    ensure!(agent.status()?["history_rows"] == 100, "a dry run took something");

    // Results come in while the import works.
    let (imported, posted) = std::thread::scope(|scope| {
        let import = scope.spawn(|| json(&agent, &["import-legacy", file, "--timezone", "+02:00"], 0));
        let posted = post_all(agent.address(), 100..400);
        (import.join().expect("the import's thread"), posted)
    });
    let imported = imported?;
    posted?;
    let expected = [
        "already_there",
        "beyond_cap",
        "done",
        "done.evicted",
        "done.taken",
        "done_before",
        "file",
        "first_ms",
        "history_max_rows",
        "last_ms",
        "left",
        "left.bad_address",
        "left.bad_timestamp",
        "left.future_timestamp",
        "left.unknown_test_type",
        "own_results",
        "rows",
        "timezone",
        "to_evict",
        "to_take",
        "values_left_empty",
    ];
    ensure!(shape(&imported) == expected, "{:?}", shape(&imported));
    let left = json!({ "bad_timestamp": 2, "future_timestamp": 1, "bad_address": 2, "unknown_test_type": 1 });
    ensure!(imported["left"] == left && imported["values_left_empty"] == 1, "{imported}");
    ensure!(imported["done"]["taken"] == 3_001 && imported["rows"] == 3_007, "{imported}");
    // 12:00:00.250 at two hours east of Greenwich.
    ensure!(imported["first_ms"] == 1_780_308_000_250_i64, "{imported}");
    ensure!(std::fs::read(&old)? == bytes, "the old file was changed");
    ensure!(
        std::fs::read_dir(scratch.path())?
            .flatten()
            .all(|entry| !entry.file_name().to_string_lossy().starts_with("isp_telemetry.db-")),
        "files lie beside the old one"
    );

    let status = agent.status()?;
    ensure!(status["imported_rows"] == 3_001 && status["history_rows"] == 3_401, "{status}");
    ensure!(status["waiting_records"] == 400, "imported results wait for upload: {status}");
    let words = say(&agent, &["import-legacy", file, "--timezone", "+02:00"])?;
    ensure!(words.code == Some(0) && words.out.contains("3,001 dealt with by an earlier import"), "{words:?}");
    ensure!(words.out.contains("to take     0 results") && words.out.contains("delete it"), "{words:?}");
    ensure!(agent.status()?["imported_rows"] == 3_001, "a second import took something");
    ensure!(!is_offered()?, "what was imported is offered again");

    // They are found like the agent's own, and the agent's own go on under numbers of their own.
    let found = json(&agent, &["history", "--client", "2001:db8:0:1::/64"], 0)?;
    ensure!(found["total"] == 1 && found["tests"][0]["download_mbps"] == 95.3, "{found}");
    let household = json(&agent, &["history", "--client", "203.0.113.4", "--type", "household", "--grade", "A"], 0)?;
    ensure!(household["total"] == 15, "{household}");
    // Imported with the wrong zone, they can be taken out again, and come with the right one.
    let undone = json(&agent, &["import-legacy", file, "--undo"], 0)?;
    ensure!(undone["undone"] == 3_001 && agent.status()?["history_rows"] == 400, "{undone}");
    ensure!(say(&agent, &["import-legacy", file, "--undo"])?.err.contains("was never imported"), "undone twice");
    let again = json(&agent, &["import-legacy", file, "--timezone", "UTC"], 0)?;
    ensure!(again["first_ms"] == 1_780_315_200_250_i64 && again["done"]["taken"] == 3_001, "{again}");
    agent.stop()?;
    agent.restart()?;
    let answer = agent.post(client(9_999), &body(9_999))?.json()?;
    ensure!(answer["local_id"] == 401, "{answer}");
    agent.stop()
}

// Aim: the history's cap is said before it is met, holds after the import, and lets the newest of the old system stay.
#[test]
fn the_cap_holds_beside_a_running_agent() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-import-cap")?;
    let old = scratch.join("isp_telemetry.db");
    old_system(&old, 500)?;
    let mut agent = Agent::start(AgentOptions::alone(scratch.join("agent")).with("history.max_rows", "200"))?;
    post_all(agent.address(), 0..50)?;
    let file = old.to_str().context("a path of text")?;
    let said = say(&agent, &["import-legacy", file, "--timezone", "UTC"])?;
    ensure!(said.code == Some(0), "{said:?}");
    for part in [
        "351 that are older than those for which there is room",
        "the history keeps 200 results, 50 of them",
        "150 results, received",
        "150 results were taken",
    ] {
        ensure!(said.out.contains(part), "{part:?} is not in:\n{}", said.out);
    }
    ensure!(agent.status()?["history_rows"] == 200, "the cap does not hold");
    // A start counts the imported ones, and new results push the oldest of them out.
    agent.stop()?;
    agent.restart()?;
    post_all(agent.address(), 50..60)?;
    let status = agent.status()?;
    ensure!(status["history_rows"] == 200 && status["imported_rows"] == 140, "{status}");
    agent.stop()
}

// Aim: what cannot be imported is said, with what to do, and changes nothing.
#[test]
fn a_wrong_file_is_named() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-import-wrong")?;
    let mut agent = Agent::start(AgentOptions::alone(scratch.join("agent")))?;
    std::fs::write(scratch.join("text.db"), "timestamp,client_ip\n")?;
    rusqlite::Connection::open(scratch.join("other.db"))?.execute_batch("CREATE TABLE other (id)")?;
    for (name, zone, part) in [
        ("absent.db", "UTC", "No such file"),
        ("text.db", "UTC", "no SQLite database"),
        ("other.db", "UTC", "no table test_results"),
        ("other.db", "Nowhere/Town", "knows no time zone `Nowhere/Town`"),
    ] {
        let path = scratch.join(name);
        let said = say(&agent, &["import-legacy", path.to_str().context("text")?, "--timezone", zone])?;
        ensure!(said.code == Some(1) && said.err.contains(part), "{name}: {said:?}");
    }
    ensure!(agent.status()?["history_rows"] == 0, "something came in");
    agent.stop()
}
