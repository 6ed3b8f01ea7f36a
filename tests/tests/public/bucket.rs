//! The copy of the releases in a real bucket.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Bucket, Fault, Program, Proxy, Scratch, Warehouse, binary, until};
use serde_json::Value;
use warehouse::digest::Sha256;

use super::stage::Stage;

/// How long an upload of a small release may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Everything that the bucket's pages name, with its bytes; fails if something is not there or is something else.
fn whole(bucket: &Bucket) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut named = Vec::new();
    let latest = bucket.get("latest.json")?;
    if latest.status == 200 {
        let page = latest.json()?;
        named.push((page["manifest"].as_str().context("no manifest")?.to_owned(), page["sha256"].clone()));
    }
    while let Some((path, sha256)) = named.pop() {
        let answer = bucket.get(&path)?;
        ensure!(answer.status == 200, "{path} is named and answered with {}", answer.status);
        ensure!(sha256 == Sha256::of(&answer.body).to_string(), "{path} is something else");
        if path.ends_with("/manifest.json") {
            for file in answer.json()?["files"].as_array().context("no files")? {
                named.push((file["path"].as_str().context("no path")?.to_owned(), file["sha256"].clone()));
            }
        }
        found.push((path, answer.body));
    }
    Ok(found)
}

fn command(
    warehouse: &Warehouse,
    environment: &[(String, String)],
    arguments: &[&str],
) -> anyhow::Result<(bool, String)> {
    let output = Command::new(binary("warehouse")?)
        .arg("--config")
        .arg(warehouse.config())
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .output()
        .context("starting a command of the warehouse")?;
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Ok((output.status.success(), said.concat()))
}

/// Runs `warehouse upload`, when the server has ended its own.
fn upload(warehouse: &Warehouse, environment: &[(String, String)]) -> anyhow::Result<(bool, String)> {
    until("the server's upload ends", PATIENCE, || {
        let answered = command(warehouse, environment, &["upload", "--json"]);
        answered.as_ref().is_ok_and(|(_, said)| !said.contains("another upload is under way")).then_some(answered)
    })?
}

// Aim: what the server publishes is soon in the bucket, byte for byte and with the same headers, and there is nothing left to
// do for the command.
#[test]
fn a_release_goes_into_the_bucket() -> anyhow::Result<()> {
    let scratch = Scratch::new("bucket")?;
    let bucket = Bucket::start(&scratch.join("store"))?;
    let environment = Bucket::environment(bucket.address());
    let mut stage = Stage::open_with("bucket-release", environment.clone())?;
    stage.warehouse.command(&["publish"])?;
    let latest = stage.warehouse.get("/data/v1/latest.json")?;
    ensure!(latest.status == 200, "latest.json is answered with {}", latest.status);
    until("the newest release is in the bucket", PATIENCE, || {
        (bucket.get("latest.json").ok()?.body == latest.body).then_some(())
    })?;
    let files = whole(&bucket)?;
    ensure!(files.len() > 20, "only {} files", files.len());
    let pages = ["latest.json", "index.json"].map(|page| bucket.get(page).map(|answer| (page.to_owned(), answer.body)));
    for (path, body) in files.into_iter().chain(pages.into_iter().collect::<anyhow::Result<Vec<_>>>()?) {
        let [ours, theirs] = [stage.warehouse.get(&format!("/data/v1/{path}"))?, bucket.get(&path)?];
        ensure!(ours.body == body, "{path} differs");
        for name in ["content-type", "cache-control", "content-length"] {
            ensure!(ours.header(name) == theirs.header(name), "{path}: {ours:?} {theirs:?}");
        }
    }
    let (done, said) = upload(&stage.warehouse, &environment)?;
    let told: Value = serde_json::from_str(&said).with_context(|| said.clone())?;
    ensure!(done && told["sent"] == 0 && told["removed"] == 0, "{said}");
    // A correction goes there, too, and the release before stays.
    let agent = stage.warehouse.sql("SELECT agent FROM daily GROUP BY agent ORDER BY sum(votes) DESC LIMIT 1")?;
    let agent = agent[0]["agent"].as_str().context("no agent")?.to_owned();
    stage.warehouse.command(&["withdraw", "--agent", &agent, "--from", "2020-01-01", "--to", "2029-12-31"])?;
    stage.warehouse.command(&["publish"])?;
    let corrected = stage.warehouse.get("/data/v1/latest.json")?;
    ensure!(corrected.body != latest.body, "there is no correction");
    until("the correction is in the bucket", PATIENCE, || {
        (bucket.get("latest.json").ok()?.body == corrected.body).then_some(())
    })?;
    let manifest = latest.json()?["manifest"].as_str().context("no manifest")?.to_owned();
    ensure!(bucket.get(&manifest)?.status == 200, "the release before is gone");
    whole(&bucket)?;
    let log = std::fs::read_to_string(stage.warehouse.program().log())?;
    ensure!(
        environment.iter().filter(|(name, _)| name.starts_with("AWS")).all(|(_, value)| !log.contains(value)),
        "{log}"
    );
    stage.assert_sound()?;
    // Without a server the night does it itself.
    stage.warehouse.program().stop()?;
    let (done, said) = command(&stage.warehouse, &environment, &["nightly"])?;
    ensure!(done && said.contains("The bucket's newest release is"), "{said}");
    Ok(())
}

// Aim: whenever an upload is killed, the bucket names nothing that is not there; the next one goes on, until all is there.
#[test]
fn an_upload_that_is_killed_goes_on() -> anyhow::Result<()> {
    let scratch = Scratch::new("bucket-kill")?;
    let bucket = Bucket::start(&scratch.join("store"))?;
    let stage = Stage::open("bucket-killed")?;
    stage.warehouse.command(&["publish"])?;
    let config = stage.warehouse.config().to_str().context("no text")?;
    for round in 0.. {
        // What is left gets less from round to round.
        let proxy = Proxy::start(bucket.address())?;
        proxy.plan(std::iter::repeat_n(Fault::None, 3 + 4 * round).chain([Fault::HoldAmidRequest]));
        let log = scratch.join(format!("upload-{round}.log"));
        let environment = Bucket::environment(proxy.address());
        let mut program = Program::start("warehouse", &["--config", config, "upload"], &environment, &log)?;
        let ended = until("the upload hangs or ends", PATIENCE, || {
            let ended = program.ended();
            (ended.is_some() || proxy.fired(Fault::HoldAmidRequest) > 0).then_some(ended)
        })?;
        let files = whole(&bucket)?;
        if let Some(status) = ended {
            ensure!(status.success(), "the upload ended with {status}: {}", std::fs::read_to_string(&log)?);
            ensure!(round > 2 && files.len() > 20, "{} files after {round} rounds", files.len());
            return Ok(());
        }
        program.kill()?;
        whole(&bucket)?;
    }
    Ok(())
}

// Aim: what is wrong with a bucket is said in a sentence without a secret, and the bucket stays as it is.
#[test]
fn a_refusal_is_said() -> anyhow::Result<()> {
    let scratch = Scratch::new("bucket-refused")?;
    let mut bucket = Bucket::start(&scratch.join("store"))?;
    let good = Bucket::environment(bucket.address());
    let with = |name: &str, value: &str| -> Vec<(String, String)> {
        let other = |known: &(String, String)| {
            if known.0 == name { (name.to_owned(), value.to_owned()) } else { known.clone() }
        };
        good.iter().map(other).collect()
    };
    let stage = Stage::open_with("bucket-refusal", with("AWS_SECRET_ACCESS_KEY", "wrong-secret"))?;
    let (done, said) = upload(&stage.warehouse, &good)?;
    ensure!(!done && said.contains("no release has been made yet"), "{said}");
    stage.warehouse.command(&["publish"])?;
    until("the server raises an alarm", PATIENCE, || {
        let health = stage.warehouse.get("/api/health").ok()?.json().ok()?;
        health["alarms"].as_array()?.contains(&"upload".into()).then_some(())
    })?;
    for (environment, word) in [
        (with("AWS_SECRET_ACCESS_KEY", "wrong-secret"), "refuses the credentials"),
        (with("AWS_ACCESS_KEY_ID", "wrong-key"), "refuses the credentials"),
        (with("AWS_ACCESS_KEY_ID", ""), "there are no credentials"),
        (with("BUFFERLAKE_WAREHOUSE_BUCKET__NAME", "other"), "refuses the credentials"),
        (with("BUFFERLAKE_WAREHOUSE_BUCKET__ENDPOINT", ""), "no bucket is configured"),
    ] {
        let (done, said) = upload(&stage.warehouse, &environment)?;
        ensure!(!done && said.contains(word), "{word}: {said}");
        ensure!(said.lines().count() == 1, "{said}");
        for (_, value) in environment.iter().filter(|(name, value)| name.starts_with("AWS") && !value.is_empty()) {
            ensure!(!said.contains(value), "it repeats {value}: {said}");
        }
    }
    ensure!(bucket.get("latest.json")?.status == 404, "something was written");
    bucket.program().kill()?;
    let (done, said) = upload(&stage.warehouse, &good)?;
    ensure!(!done && said.contains("Connection refused") && said.lines().count() == 1, "{said}");
    Ok(())
}
