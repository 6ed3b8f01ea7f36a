//! The support desk at a terminal.

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Agent, AgentOptions, Scratch};
use rusqlite::Connection;

use super::super::results::{body, client, post_all};
use super::super::support::answers::FIELDS;
use super::{json, say};

// Aim: results are found by address, prefix, time, grade and type, shown to people and scripts, and each look-up is noted,
// whoever runs it and whether the agent runs or not.
#[test]
fn history_is_found_and_noted() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-history")?;
    let mut agent = Agent::start(AgentOptions::alone(scratch.join("agent")))?;
    post_all(agent.address(), 0..30)?;
    let one = client(7).to_string();
    let found = json(&agent, &["history", "--client", &one], 0)?;
    ensure!(found["total"] == 1 && found["tests"][0]["client_ip"] == one, "{found}");
    for member in FIELDS {
        ensure!(found["tests"][0].get(member).is_some(), "{member} is missing: {found}");
    }
    let all = json(&agent, &["history", "--client", "73.0.0.0/8", "--limit", "10"], 0)?;
    ensure!(all["total"] == 30 && all["tests"].as_array().context("a list")?.len() == 10, "{all}");
    ensure!(json(&agent, &["history", "--since", "1h"], 0)?["total"] == 30, "an hour holds not all");
    ensure!(json(&agent, &["history", "--since", "2099-01-01"], 0)?["total"] == 0, "the future holds some");
    ensure!(json(&agent, &["history", "--grade", "b", "--type", "single"], 0)?["total"] == 30, "of grade B");
    ensure!(json(&agent, &["history", "--grade", "A+"], 0)?["total"] == 0, "of grade A+");
    agent.stop()?;
    let words = say(&agent, &["history", "--client", &one])?;
    ensure!(words.code == Some(0) && words.out.contains(&one) && words.out.contains("received"), "{words:?}");
    ensure!(say(&agent, &["history", "--client", "192.0.2.0/24"])?.out == "no results\n", "there are some");
    ensure!(
        say(&agent, &["history", "--limit", "3"])?.out.contains("the newest 3 of 30 results"),
        "it does not say more"
    );
    for wrong in [["--client", "example.org"], ["--since", "yesterday"], ["--grade", "E"], ["--type", "triple"]] {
        let said = say(&agent, &[&["history"][..], &wrong].concat())?;
        ensure!(matches!(said.code, Some(1 | 2)) && said.err.contains("expected"), "{said:?}");
    }

    let audit = Connection::open(agent.dir().join("agent.sqlite"))?;
    let noted = |sql: &str| -> anyhow::Result<u64> { Ok(audit.query_row(sql, [], |row| row.get(0))?) };
    let look_ups =
        noted("SELECT count(*) FROM audit WHERE action = 'look_up' AND via = 'command' AND client_ip IS NOT NULL")?;
    let recent = noted("SELECT count(*) FROM audit WHERE action = 'recent' AND via = 'command'")?;
    ensure!((look_ups, recent) == (4, 5), "{look_ups} look-ups and {recent} readings are noted");
    Ok(())
}

// Aim: what a client sent steers no terminal.
#[test]
fn a_terminal_is_not_steered() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-history-terminal")?;
    let mut agent = Agent::start(AgentOptions::alone(scratch.join("agent")))?;
    ensure!(agent.post(client(1), &body(1))?.status == 200, "not taken");
    agent.stop()?;
    let database = Connection::open(agent.dir().join("agent.sqlite"))?;
    database.execute("UPDATE history SET asn = 64500, asn_name = ?1", ["\u{1b}]0;owned\u{7}\u{202e}evil"])?;
    let said = say(&agent, &["history"])?.out;
    ensure!(said.contains("AS64500") && said.contains("owned"), "{said:?}");
    ensure!(!said.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{said:?}");
    Ok(())
}

// Aim: a look-up that cannot be noted shows nothing.
#[test]
fn what_cannot_be_noted_is_not_shown() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-history-unnoted")?;
    let mut agent = Agent::start(AgentOptions::alone(scratch.join("agent")))?;
    ensure!(agent.post(client(1), &body(1))?.status == 200, "not taken");
    agent.stop()?;
    let database = Connection::open(agent.dir().join("agent.sqlite"))?;
    database.execute_batch("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END")?;
    let said = say(&agent, &["history"])?;
    ensure!(said.code == Some(1) && said.out.is_empty(), "{said:?}");
    Ok(())
}
