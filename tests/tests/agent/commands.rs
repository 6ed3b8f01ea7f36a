//! The commands as an operator meets them.

mod desk;
mod doctor;
mod dump;
mod errors;
mod leaving;
mod old_history;
mod stand_in;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Agent, AgentOptions, Scratch};
use serde_json::Value;

/// What a command did.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs a command beside an agent.
fn say(agent: &Agent, arguments: &[&str]) -> anyhow::Result<Said> {
    let output = agent.output(arguments)?;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).context("a command wrote no text");
    Ok(Said { code: output.status.code(), out: text(output.stdout)?, err: text(output.stderr)? })
}

/// Runs a command with `--json` and reads what it prints; it must end with this code.
fn json(agent: &Agent, arguments: &[&str], code: i32) -> anyhow::Result<Value> {
    let said = say(agent, &[arguments, &["--json"]].concat())?;
    ensure!(said.code == Some(code), "{arguments:?}: {said:?}");
    serde_json::from_str(&said.out).with_context(|| format!("{arguments:?} wrote no JSON: {said:?}"))
}

/// The names of an object's members, with those of objects inside, in order: what scripts build on.
fn shape(value: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, names: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                    names.push(at.clone());
                    walk(value, &at, names);
                }
            }
            Value::Array(values) => {
                if let Some(first) = values.first() {
                    walk(first, &format!("{at}[]"), names);
                }
            }
            _ => {}
        }
    }
    let mut names = Vec::new();
    walk(value, "", &mut names);
    names.sort();
    names
}

// Aim: every command finds its configuration by the variable that its help names, as well as by the option.
#[test]
fn the_configuration_is_found_by_its_variable() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-variable")?;
    let mut agent = Agent::start(AgentOptions::alone(scratch.join("agent")))?;
    let output = std::process::Command::new(bufferlake_tests::harness::binary("agent")?)
        .args(["check-config", "--json"])
        .env("BUFFERLAKE_AGENT_CONFIG_FILE", agent.config())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "check-config ended with {}: {said}", output.status);
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let values = shown["values"].as_array().expect("a list of values");
    let data_dir = values.iter().find(|value| value["key"] == "data_dir").expect("a data directory");
    assert_eq!(data_dir["value"].as_str(), agent.dir().to_str());
    assert_eq!(data_dir["origin"]["path"].as_str(), agent.config().to_str());
    agent.stop()
}

// Aim: every command says what it does and how it ends, in lines that fit a terminal; a wrong word is wrong usage.
#[test]
fn every_command_explains_itself() -> anyhow::Result<()> {
    let agent = bufferlake_tests::harness::binary("agent")?;
    let run = |arguments: &[&str]| -> anyhow::Result<(Option<i32>, String)> {
        let output = std::process::Command::new(&agent).args(arguments).env("COLUMNS", "100").output()?;
        let text = [output.stdout, output.stderr].concat();
        Ok((output.status.code(), String::from_utf8(text)?))
    };
    let (_, help) = run(&["--help"])?;
    let commands = [
        "status",
        "doctor",
        "history",
        "queue",
        "show-upload",
        "support-dump",
        "import-legacy",
        "new-epoch",
        "asn-build",
    ];
    for command in commands {
        ensure!(help.contains(&format!("\n  {command} ")), "{command} is not in the help: {help}");
        let (code, text) = run(&[command, "--help"])?;
        ensure!(code == Some(0) && text.contains("Exit codes: 0 fine; 1 "), "{command}: {text}");
        ensure!(command == "queue" || text.contains("--json"), "{command} has no --json");
        let (code, text) = run(&[command, "--no-such-option"])?;
        ensure!(code == Some(2), "{command}: {code:?} {text}");
    }
    for command in ["list", "retry", "drop"] {
        let (code, text) = run(&["queue", command, "--help"])?;
        ensure!(code == Some(0) && text.contains("Exit codes") && text.contains("--json"), "{command}: {text}");
    }
    Ok(())
}

// Aim: the keys of `status --json` stay, and its words say what a person asks for; beside a running agent and without one.
#[test]
fn status_tells_scripts_and_people() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-status")?;
    let mut agent = Agent::start(AgentOptions::alone(scratch.join("agent")))?;
    for number in 0..3 {
        let answer = agent.post(super::results::client(number), &super::results::body(number))?;
        ensure!(answer.status == 200, "{answer:?}");
    }
    let running = json(&agent, &["status"], 0)?;
    let expected = [
        "agent_id",
        "alarm",
        "alarm_since_s",
        "data_dir",
        "database_bytes",
        "database_version",
        "disk_free_bytes",
        "dropped",
        "epoch",
        "history_max_rows",
        "history_rows",
        "imported_rows",
        "last_settled_s",
        "newest_result_ms",
        "next_seq",
        "now_s",
        "oldest_result_ms",
        "oldest_unsettled_s",
        "oldest_waiting_s",
        "outbox_bytes",
        "outbox_max_bytes",
        "running",
        "set_aside_batches",
        "set_aside_records",
        "settled_batches",
        "unsettled_batches",
        "unsettled_records",
        "version",
        "waiting_records",
        "warehouse",
        "webhook",
        "webhook.bytes",
        "webhook.dropped_full",
        "webhook.dropped_old",
        "webhook.oldest_waiting_s",
        "webhook.set_aside",
        "webhook.waiting",
    ];
    let missing: Vec<_> = expected.iter().filter(|key| !shape(&running).iter().any(|name| name == *key)).collect();
    ensure!(missing.is_empty(), "missing in status --json: {missing:?}");
    ensure!(running["running"] == true && running["history_rows"] == 3 && running["waiting_records"] == 3, "{running}");
    let words = say(&agent, &["status"])?.out;
    for part in [
        "running; version",
        "results stay here",
        "3 records for sealing",
        "3 of at most 1,000 results",
        "free on its disk",
    ] {
        ensure!(words.contains(part), "{part:?} is not in:\n{words}");
    }
    agent.stop()?;
    let stopped = json(&agent, &["status"], 0)?;
    ensure!(stopped["running"] == false && stopped["history_rows"] == 3, "{stopped}");
    ensure!(say(&agent, &["status"])?.out.contains("NOT RUNNING"), "it says that the agent runs");
    Ok(())
}
