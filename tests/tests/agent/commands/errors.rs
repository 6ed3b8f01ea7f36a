//! What stands in a command's way is said in words, with what to do; nothing is made or changed on the way.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;

use anyhow::ensure;
use bufferlake_tests::harness::{Agent, AgentOptions, Scratch, binary};
use rusqlite::Connection;

use super::super::results::post_all;
use super::{Said, say};

/// Every command that needs the database.
const COMMANDS: [&[&str]; 6] = [
    &["status"],
    &["history"],
    &["queue", "list"],
    &["queue", "retry", "--all"],
    &["queue", "drop", "--all", "--yes"],
    &["import-legacy", "OLD", "--timezone", "UTC"],
];

/// An agent that has run and was stopped, and an old database beside it.
fn stage(scratch: &Scratch) -> anyhow::Result<Agent> {
    let mut agent = Agent::start(AgentOptions::alone(scratch.join("agent")))?;
    post_all(agent.address(), 0..3)?;
    agent.stop()?;
    let old = Connection::open(scratch.join("old.db"))?;
    old.execute_batch("CREATE TABLE test_results (timestamp, client_ip)")?;
    Ok(agent)
}

/// Each of them must fail with code 1 and these words on standard error, and print nothing else.
fn each_fails(scratch: &Scratch, agent: &Agent, words: &[&str]) -> anyhow::Result<()> {
    let old = scratch.join("old.db").display().to_string();
    for command in COMMANDS {
        let command: Vec<&str> = command.iter().map(|word| if *word == "OLD" { old.as_str() } else { word }).collect();
        let said = say(agent, &command)?;
        check(&command, &said, words)?;
    }
    Ok(())
}

fn check(command: &[&str], said: &Said, words: &[&str]) -> anyhow::Result<()> {
    ensure!(said.code == Some(1), "{command:?}: {said:?}");
    ensure!(said.err.starts_with("agent: ") && said.out.is_empty(), "{command:?}: {said:?}");
    ensure!(!said.err.contains("panicked"), "{command:?}: {said:?}");
    for word in words {
        ensure!(said.err.contains(word), "{command:?} does not say {word:?}: {said:?}");
    }
    Ok(())
}

#[test]
fn without_a_database_they_say_so() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-no-database")?;
    let agent = stage(&scratch)?;
    std::fs::remove_dir_all(agent.dir())?;
    each_fails(&scratch, &agent, &["there is no database", "agent.sqlite", "data_dir"])?;
    ensure!(!agent.dir().exists(), "a command made the data directory");
    Ok(())
}

#[test]
fn another_version_is_named() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-other-version")?;
    let agent = stage(&scratch)?;
    let database = Connection::open(agent.dir().join("agent.sqlite"))?;
    // The version stands in two places, so that a flipped bit is told from another program's work.
    let set = |version: i64| {
        database.execute("UPDATE identity SET version = ?1", [version])?;
        database.pragma_update(None, "user_version", version)
    };
    set(99)?;
    each_fails(&scratch, &agent, &["written by a newer agent", "99"])?;
    set(1)?;
    each_fails(&scratch, &agent, &["database version 1", "start this version's agent once"])?;
    let version: i64 = database.pragma_query_value(None, "user_version", |row| row.get(0))?;
    ensure!(version == 1, "a command brought the database to version {version}");
    Ok(())
}

#[test]
fn damage_is_named() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-damaged")?;
    let agent = stage(&scratch)?;
    let database = agent.dir().join("agent.sqlite");
    std::fs::write(&database, b"no database at all, but long enough to be looked at as if it were one".repeat(20))?;
    each_fails(&scratch, &agent, &["damaged", "agent doctor"])
}

// Aim: commands that write wait for a lock and then say so; those that read need none.
#[test]
fn a_lock_is_named() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-locked")?;
    let agent = stage(&scratch)?;
    let database = Connection::open(agent.dir().join("agent.sqlite"))?;
    database.execute_batch("BEGIN IMMEDIATE")?;
    let said = say(&agent, &["queue", "drop", "batch-1", "--yes"])?;
    check(&["queue", "drop"], &said, &["busy", "nothing was changed"])?;
    let said = say(&agent, &["history"])?;
    check(&["history"], &said, &["locked"])?;
    ensure!(say(&agent, &["status"])?.code == Some(0), "a reader needs the lock");
    Ok(())
}

// Aim: another user reads whose the data is, and how to run the command as that user.
#[test]
fn another_user_is_told_whose_it_is() -> anyhow::Result<()> {
    const NOBODY: u32 = 65_534;
    let scratch = Scratch::new("agent-other-user")?;
    let agent = stage(&scratch)?;
    let root = rustix::process::geteuid().is_root();
    let open = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
    // The other user may not reach the folder in which the program was built.
    open(scratch.path(), 0o755)?;
    let program = scratch.path().join("program");
    std::fs::copy(binary("agent")?, &program)?;
    // Who is no administrator cannot become another user, but can lock himself out.
    if !root {
        open(agent.dir(), 0o000)?;
    }
    for command in [&["status"][..], &["history"], &["queue", "retry", "--all"]] {
        let mut process = std::process::Command::new(&program);
        process.arg("--config").arg(agent.config()).args(command);
        if root {
            process.uid(NOBODY).gid(NOBODY);
        }
        let output = process.output()?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let said = Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) };
        check(command, &said, &["belongs to the user", "sudo -u"])?;
    }
    if !root {
        open(agent.dir(), 0o700)?;
    }
    Ok(())
}

#[test]
fn a_configuration_that_cannot_be_used_ends_with_78() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-no-config")?;
    let agent = stage(&scratch)?;
    std::fs::write(agent.config(), "listne = 1\n")?;
    for command in [&["status"][..], &["doctor"], &["show-upload"], &["support-dump"]] {
        let said = say(&agent, command)?;
        ensure!(said.code == Some(78) && said.err.contains("listne"), "{command:?}: {said:?}");
    }
    Ok(())
}
