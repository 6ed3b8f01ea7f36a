//! Who comes in.

use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use anyhow::ensure;
use bufferlake_tests::harness::{Agent, AgentOptions, Scratch, binary, until};
use bufferlake_tests::http;

use super::{Desk, result};

// Aim: only the key opens the door, in either header; a failure says what to do, and is in the audit log, as is a look-up.
#[test]
fn only_the_key_opens_the_door() -> anyhow::Result<()> {
    let scratch = Scratch::new("support-door")?;
    let desk = Desk::open(&scratch, |options| options)?;
    desk.keep("192.0.2.1", &result("A"))?;
    let (key, path) = (desk.key.clone(), "/api/telemetry/customer/192.0.2.1");
    let bearer = format!("Bearer {key}");
    for headers in [
        &[("authorization", bearer.as_str())][..],
        &[("x-api-key", &key)],
        &[("authorization", &bearer), ("x-api-key", &key)],
        &[("authorization", "Basic dXNlcjpwYXNz"), ("x-api-key", &key)],
    ] {
        ensure!(desk.send("GET", path, headers)?.status == 200, "{headers:?}");
    }
    let (long, longer) = ("k".repeat(4_000), format!("{key}0"));
    let in_query = format!("{path}?api_key={key}");
    let refused = [
        (path, &[][..], "key-missing"),
        (path, &[("authorization", "")], "key-missing"),
        (path, &[("authorization", "Bearer ")], "key-missing"),
        (path, &[("x-api-key", "")], "key-missing"),
        (path, &[("authorization", &key)], "key-missing"),
        (path, &[("x-api-key", &key[1..])], "key-wrong"),
        (path, &[("x-api-key", &longer)], "key-wrong"),
        (path, &[("x-api-key", &long)], "key-wrong"),
        (path, &[("x-api-key", "schlüssel-🔑")], "key-wrong"),
        (path, &[("authorization", &bearer), ("x-api-key", "another")], "key-wrong"),
        (&in_query, &[], "key-in-query"),
        (&in_query, &[("x-api-key", &key)], "key-in-query"),
        ("/api/telemetry/recent?key=1&limit=2", &[("x-api-key", &key)], "key-in-query"),
    ];
    for (path, headers, slug) in refused {
        for method in ["GET", "DELETE"] {
            if method == "DELETE" && !path.contains("customer") {
                continue;
            }
            let answer = desk.send(method, path, headers)?;
            let problem = answer.json()?;
            ensure!(answer.status == 401, "{method} {path} {headers:?} got {}", answer.status);
            ensure!(problem["type"].as_str().is_some_and(|kind| kind.ends_with(slug)), "{headers:?}: {problem}");
            ensure!(answer.header("www-authenticate").is_some_and(|way| way.starts_with("Bearer ")));
            ensure!(!problem.to_string().contains(&key), "the key is told");
        }
    }
    ensure!(desk.get(path)?["total_tests"] == 1, "something was erased without the key");
    let failures = refused.len() * 2 - 1;
    let log = until("all is in the audit log", Duration::from_secs(5), || {
        desk.audit().ok().filter(|log| log.len() >= failures + 5)
    })?;
    let of = |action: &str| log.iter().filter(|entry| entry.action == action).count();
    ensure!((of("refused"), of("look_up"), log.len()) == (failures, 5, failures + 5), "{log:?}");
    let mapped = [&[0; 10][..], &[0xff, 0xff, 192, 0, 2, 1]].concat();
    for entry in log {
        ensure!(entry.via == "api");
        match entry.action.as_str() {
            "look_up" => ensure!(entry.client_ip.as_deref() == Some(&mapped) && entry.rows == Some(1)),
            _ => ensure!(entry.client_ip.is_none(), "a stranger's words are in the log"),
        }
    }
    Ok(())
}

// Aim: who guesses is stopped, told for how long, and is not let in with the right key meanwhile; others are.
#[test]
fn who_guesses_is_stopped() -> anyhow::Result<()> {
    let scratch = Scratch::new("support-guess")?;
    let desk = Desk::open(&scratch, |options| options)?;
    let from = |client: &str, key: &str| {
        desk.send("GET", "/api/telemetry/stats", &[("x-api-key", key), ("x-forwarded-for", client)])
    };
    let mut stopped = None;
    for attempt in 0..200 {
        let answer = from("203.0.113.5", &format!("guess-{attempt}"))?;
        if answer.status == 429 {
            stopped = Some((attempt, answer));
            break;
        }
        ensure!(answer.status == 401);
    }
    let (attempts, answer) = stopped.ok_or_else(|| anyhow::anyhow!("200 guesses were answered"))?;
    ensure!((30..60).contains(&attempts), "stopped after {attempts}");
    let wait: u64 = answer.header("retry-after").unwrap_or_default().parse()?;
    ensure!((1..=60).contains(&wait) && answer.header("ratelimit").is_some(), "{:?}", answer.headers);
    ensure!(from("203.0.113.5", &desk.key)?.status == 429, "the right key opens the door for a guesser");
    ensure!(from("203.0.113.6", &desk.key)?.status == 200, "another client is shut out");
    // An IPv6 guesser has a whole /64 to come from.
    let statuses: Vec<u16> = (0..60)
        .map(|host| Ok(from(&format!("2001:db8:7::{host:x}"), "guess")?.status))
        .collect::<anyhow::Result<_>>()?;
    ensure!(statuses.contains(&429), "60 guesses of one /64 were answered");
    Ok(())
}

// Aim: the first start makes a key that only the agent's user reads, says where it lies, once, and never says it.
#[test]
fn the_first_start_makes_a_key() -> anyhow::Result<()> {
    let scratch = Scratch::new("support-first")?;
    let mut desk = Desk::open(&scratch, |mut options| {
        options.environment.push(("RUST_LOG".to_owned(), "trace".to_owned()));
        options
    })?;
    let file = desk.agent.dir().join("support.key");
    ensure!(std::fs::metadata(&file)?.mode() & 0o777 == 0o600);
    ensure!(desk.key.len() >= 32, "a short key");
    desk.agent.stop()?;
    desk.agent.restart()?;
    ensure!(desk.agent.support_key()? == desk.key, "a second start makes another key");
    ensure!(desk.get("/api/telemetry/stats")?["success"] == true);
    desk.agent.stop()?;
    let log = std::fs::read_to_string(desk.agent.program().log())?;
    ensure!(log.matches("support.key").count() == 1, "the path is logged {} times", log.matches("support.key").count());
    ensure!(!log.contains(&desk.key), "the key is in the log");
    Ok(())
}

// Aim: `rotate-key` works beside a running agent, at once; it names the file, and the key only if it is asked to.
#[test]
fn a_rotated_key_is_in_force_at_once() -> anyhow::Result<()> {
    let scratch = Scratch::new("support-rotate")?;
    let desk = Desk::open(&scratch, |options| options)?;
    let status = |key: &str| -> anyhow::Result<u16> {
        Ok(desk.send("GET", "/api/telemetry/stats", &[("x-api-key", key)])?.status)
    };
    ensure!(status(&desk.key)? == 200);
    let said = desk.agent.command(&["rotate-key"])?;
    let second = desk.agent.support_key()?;
    ensure!(second != desk.key && said.contains("support.key") && !said.contains(&second), "{said}");
    ensure!((status(&desk.key)?, status(&second)?) == (401, 200));
    let said = desk.agent.command(&["rotate-key", "--show"])?;
    let third = desk.agent.support_key()?;
    ensure!(said.contains(&third) && (status(&second)?, status(&third)?) == (401, 200), "{said}");
    let said: serde_json::Value = serde_json::from_str(&desk.agent.command(&["rotate-key", "--json"])?)?;
    ensure!(said["key_file"].as_str().is_some_and(|path| path.ends_with("support.key")) && said["key"].is_null());
    let is_rotation = |entry: &&super::Audited| entry.action == "rotate_key" && entry.via == "command";
    let rotations = desk.audit()?.iter().filter(is_rotation).count();
    ensure!(rotations == 3, "{rotations} rotations are in the audit log");
    Ok(())
}

// Aim: a configured key is the key, no file is made beside it, and no key at all means closed.
#[test]
fn a_configured_key_is_the_key_and_none_means_closed() -> anyhow::Result<()> {
    let scratch = Scratch::new("support-configured")?;
    let agent = Agent::start(
        AgentOptions::alone(scratch.join("configured")).with("support.key", "a-key-of-the-provider's-own"),
    )?;
    let get = |agent: &Agent, key: &str| {
        http::fetch(agent.address(), &http::request("GET", "/api/telemetry/stats", &[("x-api-key", key)], b""))
    };
    ensure!(get(&agent, "a-key-of-the-provider's-own")?.status == 200);
    ensure!(get(&agent, "another")?.status == 401);
    ensure!(!agent.dir().join("support.key").exists(), "a key is made beside the configured one");
    let rotate = std::process::Command::new(binary("agent")?)
        .args(["rotate-key", "--config"])
        .arg(agent.config())
        .env("BUFFERLAKE_AGENT_SUPPORT__KEY", "a-key-of-the-provider's-own")
        .output()?;
    let said = String::from_utf8_lossy(&rotate.stderr).into_owned();
    ensure!(rotate.status.code() == Some(1) && said.contains("support.key"), "{said}");
    let blank = Agent::start(AgentOptions::alone(scratch.join("blank")).with("support.key", ""))?;
    ensure!(get(&blank, "")?.status == 401 && get(&blank, &blank.support_key()?)?.status == 200);
    let lost = Agent::start(AgentOptions::alone(scratch.join("lost")).with("support.key_file", "/proc/none/key"))?;
    let answer = get(&lost, "any")?;
    ensure!(answer.status == 503 && answer.json()?["title"] == "The support desk is closed", "{answer:?}");
    ensure!(lost.health()?["status"] == "ready", "results are taken all the same");
    Ok(())
}
