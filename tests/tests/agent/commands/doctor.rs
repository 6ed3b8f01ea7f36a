//! The doctor, before good and bad installations.

use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Account, Agent, AgentOptions, Scratch, Warehouse, WarehouseOptions, free_port, until};
use serde_json::Value;
use wire::signature::Secret;

use super::super::results::{Scene, post_all};
use super::stand_in::{Answer, StandIn};
use super::{json, say, shape};

/// How long a running warehouse may take to learn what was said to its registry.
const PATIENCE: Duration = Duration::from_secs(30);

/// The verdict of a check with what it says and advises; null if it was not made.
fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
    checks.iter().find(|check| check["check"] == name).unwrap_or(&Value::Null)
}

fn expect(report: &Value, name: &str, verdict: &str, word: &str) -> anyhow::Result<()> {
    let found = check(report, name);
    ensure!(
        found["verdict"] == verdict && found.to_string().contains(word),
        "{name}: wanted {verdict} with {word:?}, got {found}"
    );
    Ok(())
}

// Aim: a sound installation is found sound, with a real warehouse whose state the probe does not change.
#[test]
fn a_sound_installation_is_found_sound() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-doctor")?;
    let mut scene = Scene::start(&scratch, |options| AgentOptions { seal_interval_s: 3_600, ..options })?;
    post_all(scene.agent.address(), 0..3)?;
    let report = until("the warehouse knows the agent", PATIENCE, || json(&scene.agent, &["doctor"], 0).ok())?;
    ensure!(
        shape(&report)
            == ["checks", "checks[].advice", "checks[].check", "checks[].says", "checks[].verdict", "verdict"],
        "{report}"
    );
    for name in ["data directory", "disk", "database", "agent", "upload queue", "support key", "warehouse", "clock"] {
        ensure!(check(&report, name)["verdict"] == "ok", "{name}: {}", check(&report, name));
    }
    expect(&report, "warehouse", "ok", "accepts the key of isp-one")?;
    expect(&report, "asn database", "warn", "not set")?;
    ensure!(report["verdict"] == "warn", "{}", report["verdict"]);
    let words = say(&scene.agent, &["doctor"])?;
    ensure!(words.code == Some(0) && words.out.contains("Works, with ") && words.out.contains("=> "), "{words:?}");
    ensure!(scene.landed()?.is_empty(), "the probe landed something");
    let offline = json(&scene.agent, &["doctor", "--offline"], 0)?;
    ensure!(check(&offline, "warehouse").is_null() && check(&offline, "clock").is_null(), "{offline}");

    // The next batch is the first one, as if nobody had asked.
    scene.agent.stop()?;
    let stopped = json(&scene.agent, &["doctor"], 0)?;
    expect(&stopped, "agent", "warn", "does not run")?;
    scene.agent.options_mut().seal_interval_s = 1;
    scene.agent.restart()?;
    scene.require_exactly(0..3)?;
    ensure!(scene.landed()?[0].seq.0 == 1, "{:?}", scene.landed()?[0].seq);
    scene.agent.stop()
}

// Aim: each way in which a warehouse can be wrong has its verdict and says what to do.
#[test]
fn a_wrong_warehouse_is_told_apart() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-doctor-warehouse")?;
    let warehouse = Warehouse::start(WarehouseOptions::new(scratch.join("warehouse")))?;
    let account = Account::open(&warehouse, "isp-one", &[64_500])?;
    let examine = |name: &str, account: Account, code| -> anyhow::Result<Value> {
        let mut agent = Agent::start(AgentOptions::new(scratch.join(name), account))?;
        let report = json(&agent, &["doctor"], code)?;
        agent.stop()?;
        Ok(report)
    };
    let report = until("the warehouse knows the agent", PATIENCE, || examine("good", account.clone(), 0).ok())?;
    expect(&report, "warehouse", "ok", "accepts the key")?;
    let other_key = Account { secret: Secret::from_random_bytes([9; 32]), ..account.clone() };
    expect(&examine("key", other_key, 1)?, "warehouse", "fail", "bad-signature")?;
    let unknown = Account { id: wire::AgentId::parse("isp-two")?, ..account.clone() };
    expect(&examine("unknown", unknown, 1)?, "warehouse", "fail", "unknown-agent")?;
    let nobody = account.clone().by_way_of((Ipv4Addr::LOCALHOST, free_port()?).into());
    let report = examine("nobody", nobody, 1)?;
    expect(&report, "warehouse", "fail", "no answer from")?;
    ensure!(check(&report, "clock").is_null(), "a clock was compared with nobody's");
    warehouse.command(&["agents", "revoke", "isp-one"])?;
    let revoked = || {
        let report = examine("revoked", account.clone(), 1).ok()?;
        expect(&report, "warehouse", "fail", "revoked-agent").ok()
    };
    until("the warehouse knows that the agent is revoked", PATIENCE, revoked)?;
    Ok(())
}

// Aim: a page of something else is no warehouse, a full one is no fault of ours, and a clock that is off is measured, also if
// it is so far off that the warehouse refuses at first.
#[test]
fn answers_and_clocks_are_judged() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-doctor-answers")?;
    let warehouse = StandIn::start(Answer::Page(200))?;
    let mut agent = Agent::start(AgentOptions::new(scratch.join("agent"), warehouse.account()?))?;
    let cases = [
        (Answer::Page(200), "warehouse", "fail", "not as a warehouse does", 1),
        (Answer::Page(502), "warehouse", "fail", "502", 1),
        (Answer::Problem(503, "warehouse-full"), "warehouse", "warn", "takes nothing at the moment", 0),
        (Answer::Problem(400, "bad-json"), "clock", "ok", "agrees", 0),
        (Answer::OtherTime(60), "clock", "warn", "60 s behind", 0),
        (Answer::OtherTime(-7_200), "clock", "fail", "s ahead of", 1),
        (Answer::OtherTime(7_200), "warehouse", "ok", "accepts the key", 1),
    ];
    for (answer, name, verdict, word, code) in cases {
        warehouse.answer(answer);
        let report = json(&agent, &["doctor"], code).with_context(|| format!("{answer:?}"))?;
        expect(&report, name, verdict, word).with_context(|| format!("{answer:?}"))?;
    }
    // Nothing but the request without a body ever came: no batch was sealed.
    ensure!(warehouse.requests().iter().all(|request| request.body.is_empty()), "a body came");
    agent.stop()
}

// Aim: what is wrong on the machine itself is found.
#[test]
fn faults_of_the_machine_are_found() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-doctor-machine")?;
    let mut agent = Agent::start(AgentOptions::alone(scratch.join("agent")))?;
    post_all(agent.address(), 0..50)?;
    let mode = |path: &std::path::Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
    let key = agent.dir().join("support.key");
    mode(agent.dir(), 0o755)?;
    mode(&key, 0o644)?;
    let report = json(&agent, &["doctor"], 1)?;
    expect(&report, "data directory", "warn", "chmod 700")?;
    expect(&report, "support key", "fail", "readable by others")?;
    expect(&report, "agent", "ok", "takes results at")?;
    mode(agent.dir(), 0o700)?;
    mode(&key, 0o600)?;
    agent.stop()?;
    std::fs::remove_file(&key)?;
    expect(&json(&agent, &["doctor"], 0)?, "support key", "warn", "there is none yet")?;
    ensure!(!key.exists(), "the doctor made a key");

    let path = agent.dir().join("agent.sqlite");
    let mut bytes = std::fs::read(&path)?;
    let pages = bytes.len() / 4_096;
    ensure!(pages > 10, "the database has only {pages} pages");
    for page in 3..pages {
        bytes[page * 4_096..page * 4_096 + 64].fill(0xa5);
    }
    std::fs::write(&path, bytes)?;
    expect(&json(&agent, &["doctor"], 1)?, "database", "fail", "damaged")?;
    std::fs::remove_dir_all(agent.dir())?;
    let report = json(&agent, &["doctor"], 0)?;
    expect(&report, "data directory", "warn", "is not there")?;
    ensure!(!agent.dir().exists(), "the doctor made the data directory");
    Ok(())
}

// Aim: the provider's own system is only connected to: no request comes there.
#[test]
fn the_webhook_gets_no_request() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-doctor-webhook")?;
    let receiver = StandIn::start(Answer::Page(200))?;
    let closed = free_port()?;
    let cases = [
        (format!("http://{}/hook", receiver.address()), "ok", "without TLS"),
        (format!("http://127.0.0.1:{closed}/hook"), "fail", "no connection"),
        (format!("https://127.0.0.1:{}/hook", receiver.address().port()), "fail", "no TLS"),
        ("https://no-such-host.invalid/hook".to_owned(), "fail", "cannot be resolved"),
    ];
    let mut agent = Agent::start(AgentOptions::alone(scratch.join("agent")))?;
    for (url, verdict, word) in cases {
        let options = agent.options_mut();
        options.environment = vec![("BUFFERLAKE_AGENT_WEBHOOK__URL".to_owned(), url.clone())];
        let report = json(&agent, &["doctor"], i32::from(verdict == "fail")).with_context(|| url.clone())?;
        expect(&report, "webhook", verdict, word).with_context(|| url.clone())?;
    }
    // TLS that is answered in plain text leaves its greeting; what is kept of that is no request to the hook.
    ensure!(receiver.requests().iter().all(|request| !request.line.contains("/hook")), "{:?}", receiver.requests());
    agent.options_mut().environment.clear();
    agent.stop()
}
