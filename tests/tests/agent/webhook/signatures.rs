//! What a delivery says, byte for byte, and that others who check its signatures find them good.

use std::io::{BufRead as _, BufReader, Lines};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bufferlake_tests::harness::{Agent, Received, Receiver, Scratch, free_port, python, run_python};
use bufferlake_tests::http;
use serde_json::{Value, json};

use super::super::results::{body, client, post_all};
use super::{SECRET, options, wait_until_empty};

/// A secret of the form that Standard Webhooks has.
const STANDARD_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The headers by which a receiver checks.
const HEADERS: [&str; 4] = ["webhook-id", "webhook-timestamp", "webhook-signature", "x-libreqos-signature"];

fn for_python(secret: &str, request: &Received) -> Value {
    let headers: serde_json::Map<String, Value> =
        HEADERS.into_iter().map(|name| (name.to_owned(), request.header(name).into())).collect();
    json!({"secret": secret, "headers": headers, "body": STANDARD.encode(&request.body)})
}

// Aim: the official library and an independent HMAC find every delivery good, whatever form the secret has, and what is
// sent is the old system's form to the byte.
#[test]
fn others_find_the_signatures_good() -> anyhow::Result<()> {
    let mut checked = Vec::new();
    for secret in [SECRET, STANDARD_SECRET, "ein Schlüssel mit Umlaut"] {
        let scratch = Scratch::new("webhook-signatures")?;
        let receiver = Receiver::start()?;
        let agent = Agent::start(options(&scratch, &receiver.url()).with("webhook.secret", secret))?;
        let answer = agent.post(client(7), &body(7))?;
        post_all(agent.address(), 8..12)?;
        let received = receiver.wait_until("five deliveries", |received| received.len() == 5)?;
        checked.extend(received.iter().map(|request| for_python(secret, request)));

        let test_id = answer.json()?["test_id"].as_str().context("no test_id")?.to_owned();
        let received_s: i64 = test_id.split('_').nth(1).context("no time in the test_id")?.parse()?;
        let timestamp = jiff::Timestamp::from_second(received_s)?;
        let expected = format!(
            r#"{{"test_id":"{test_id}","timestamp":"{timestamp}","source":"libreqos-bufferbloat","client_ip":"{}","user_agent":"","test_type":"single_user","download_mbps":100,"upload_mbps":107,"ping_ms":20,"bufferbloat":{{"overall_grade":"B","download_latency_increase_ms":10,"upload_latency_increase_ms":30,"bidirectional_latency_increase_ms":40}},"asn_info":{{"asn":null,"asn_name":null,"country_code":null}}}}"#,
            client(7)
        );
        let first = received.iter().find(|request| request.json()["test_id"] == test_id.as_str());
        let first = first.context("the first result did not arrive")?;
        ensure!(first.body == expected.as_bytes(), "{} came for {expected}", String::from_utf8_lossy(&first.body));
        ensure!(first.header("content-type") == Some("application/json"), "{}", first.head);
        ensure!(first.head.starts_with("POST /libreqos-webhook HTTP/1.1"), "{}", first.head);
    }
    let said = run_python(include_str!("verify.py"), json!(checked).to_string().as_bytes())?;
    ensure!(said.trim() == "15", "Python checked {said} deliveries");
    Ok(())
}

// Aim: without a secret deliveries carry no signature, and the log says so; an agent that is to upload nothing delivers all
// the same.
#[test]
fn without_a_secret_nothing_is_signed() -> anyhow::Result<()> {
    let scratch = Scratch::new("webhook-unsigned")?;
    let receiver = Receiver::start()?;
    let mut options = options(&scratch, &receiver.url());
    options.environment.retain(|(name, _)| !name.ends_with("SECRET"));
    let mut agent = Agent::start(options.with("telemetry", "false"))?;
    post_all(agent.address(), 0..1)?;
    let received = receiver.wait_until("a delivery", |received| received.len() == 1)?;
    ensure!(!received[0].head.to_lowercase().contains("signature"), "{}", received[0].head);
    ensure!(received[0].id().starts_with("msg_"), "{}", received[0].head);
    let log = std::fs::read_to_string(agent.program().log())?;
    ensure!(log.contains("deliveries are not signed"), "the log does not say so: {log}");
    Ok(())
}

/// The receiver that `docs/agent.md` shows, running. It is killed when dropped.
struct Documented {
    child: Child,
    address: SocketAddr,
}

impl Documented {
    fn start(scratch: &Scratch, secret: &str) -> anyhow::Result<Self> {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/agent.md"))?;
        let (_, section) = page.split_once("\n## Webhook\n").context("docs/agent.md has no section Webhook")?;
        let (_, code) = section.split_once("```python\n").context("the section shows no Python")?;
        let (code, _) = code.split_once("\n```").context("the Python does not end")?;
        let file = scratch.join("receiver.py");
        std::fs::write(&file, code)?;
        let port = free_port()?;
        let child = Command::new(python()?)
            .arg(&file)
            .arg(port.to_string())
            .env("WEBHOOK_SECRET", secret)
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the documented receiver")?;
        Ok(Self { child, address: ([127, 0, 0, 1], port).into() })
    }

    /// The lines that it prints.
    fn lines(&mut self) -> anyhow::Result<Lines<BufReader<ChildStdout>>> {
        Ok(BufReader::new(self.child.stdout.take().context("its output was taken")?).lines())
    }
}

impl Drop for Documented {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// Aim: the receiver that the documentation shows runs as it stands: it takes what the agent sends, once, and nothing from
// anybody else.
#[test]
fn the_documented_receiver_works() -> anyhow::Result<()> {
    for secret in [SECRET, STANDARD_SECRET] {
        let scratch = Scratch::new("webhook-documented")?;
        let mut receiver = Documented::start(&scratch, secret)?;
        let mut lines = receiver.lines()?;
        ensure!(lines.next().transpose()?.is_some_and(|line| line.contains("waiting")), "it did not start");
        let url = format!("http://{}/", receiver.address);
        let agent = Agent::start(options(&scratch, &url).with("webhook.secret", secret))?;
        let forged = http::request("POST", "/", &[("webhook-id", "msg_1"), ("webhook-timestamp", "1")], b"{}");
        ensure!(http::fetch(receiver.address, &forged)?.status == 401, "a forged delivery was taken");
        for number in 0..3 {
            let answer = agent.post(client(number), &body(number))?.json()?;
            let line = lines.next().transpose()?.context("it ended")?;
            ensure!(answer["test_id"].as_str().is_some_and(|id| line.contains(id)), "{line} for {answer}");
        }
        wait_until_empty(&agent)?;
    }
    Ok(())
}
