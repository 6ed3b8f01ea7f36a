//! What leaves: shown before it does, set aside, sent again.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Agent, AgentOptions, Scratch, until};
use serde_json::json;
use wire::DropReason;

use super::super::results::{number, post_all};
use super::stand_in::{AGENT, Answer, StandIn};
use super::{json, say, shape};

const PATIENCE: Duration = Duration::from_secs(60);

/// An agent that seals only when it has this many records, or at the next start with a short interval.
fn options(scratch: &Scratch, stand_in: &StandIn) -> anyhow::Result<AgentOptions> {
    Ok(AgentOptions { seal_interval_s: 3_600, ..AgentOptions::new(scratch.join("agent"), stand_in.account()?) })
}

fn raw(agent: &Agent) -> anyhow::Result<Vec<u8>> {
    let output = agent.output(&["show-upload", "--raw"])?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

// Aim: what `show-upload` prints before and after the seal is to the byte what leaves, with its headers; and it changes
// nothing.
#[test]
fn what_is_shown_is_what_leaves() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-show-upload")?;
    let warehouse = StandIn::start(Answer::Problem(503, "warehouse-full"))?;
    let mut agent = Agent::start(options(&scratch, &warehouse)?)?;
    ensure!(json(&agent, &["show-upload"], 0)? == json!({ "nothing": "nothing waits to leave" }), "it shows something");
    post_all(agent.address(), 0..7)?;
    agent.stop()?;

    let steady = |agent: &Agent| -> anyhow::Result<serde_json::Value> {
        let mut status = agent.status()?;
        for changing in ["now_s", "disk_free_bytes", "database_bytes"] {
            status[changing].take();
        }
        Ok(status)
    };
    let before = steady(&agent)?;
    let drafted = raw(&agent)?;
    let text = say(&agent, &["show-upload"])?;
    ensure!(text.err.contains("batch 1, 7 records, not sealed yet"), "{}", text.err);
    ensure!(text.err.contains("bufferlake-signature: v1=(hidden"), "the signature is shown: {}", text.err);
    ensure!(zstd::bulk::decompress(&drafted, 1 << 20)? == text.out.as_bytes(), "JSON and bytes differ");
    ensure!(steady(&agent)? == before, "showing changed something");

    agent.options_mut().seal_interval_s = 1;
    agent.restart()?;
    until("the batch is sent", PATIENCE, || (!warehouse.requests().is_empty()).then_some(()))?;
    agent.stop()?;
    let sealed = raw(&agent)?;
    ensure!(sealed == drafted, "the seal made other bytes");
    let request = warehouse.requests().pop().context("no request")?;
    ensure!(request.body == drafted, "other bytes left than were shown");
    ensure!(request.line == "POST /api/v1/batches HTTP/1.1", "{}", request.line);

    let shown = json(&agent, &["show-upload", "--signature"], 0)?;
    let expected = [
        "body_bytes",
        "body_digest",
        "body_json",
        "held_back_by",
        "records",
        "request",
        "request.headers",
        "request.method",
        "request.url",
        "sealed",
        "seq",
    ];
    ensure!(shape(&shown) == expected, "{:?}", shape(&shown));
    ensure!(shown["sealed"] == true && shown["seq"] == 1 && shown["records"] == 7, "{shown}");
    let headers: BTreeMap<String, String> =
        serde_json::from_value(shown["request"]["headers"].clone()).or_else(|_| {
            serde_json::from_value::<Vec<(String, String)>>(shown["request"]["headers"].clone())
                .map(BTreeMap::from_iter)
        })?;
    let sent: BTreeMap<String, String> = request.headers.iter().cloned().collect();
    ensure!(headers.keys().eq(sent.keys()), "shown: {headers:?}, sent: {sent:?}");
    for (name, value) in &sent {
        // These two are made anew for each attempt.
        if !["bufferlake-timestamp", "bufferlake-signature"].contains(&name.as_str()) {
            ensure!(headers[name] == *value, "{name}: {} was shown, {value} was sent", headers[name]);
        }
    }
    ensure!(say(&agent, &["show-upload", "--seq", "9"])?.code == Some(1), "a batch that does not exist is shown");
    ensure!(steady(&agent)?["unsettled_batches"] == 1, "showing changed something");
    Ok(())
}

// Aim: without a warehouse, or with telemetry off, it says that nothing ever leaves.
#[test]
fn nothing_leaves_where_nothing_may() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-show-nothing")?;
    let mut agent = Agent::start(AgentOptions::alone(scratch.join("agent")))?;
    post_all(agent.address(), 0..3)?;
    let said = say(&agent, &["show-upload"])?;
    ensure!(said.code == Some(0) && said.out.is_empty() && said.err.contains("nothing ever leaves"), "{said:?}");
    agent.stop()
}

// Aim: a refused batch is listed with its reason; sent again its records count once, under a new number and in an unbroken
// row; what is dropped is gone; and nothing is dropped without a yes.
#[test]
fn a_refused_batch_is_sent_again_once() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-queue")?;
    let warehouse = StandIn::start(Answer::Refused)?;
    let mut agent = Agent::start(AgentOptions { seal_records: 5, ..options(&scratch, &warehouse)? })?;
    ensure!(say(&agent, &["queue", "list"])?.out.contains("nothing is set aside"), "something is");
    post_all(agent.address(), 0..5)?;
    until("the batch is refused", PATIENCE, || (agent.status().ok()?["set_aside_batches"] == 1).then_some(()))?;
    until("its number goes out empty", PATIENCE, || (agent.status().ok()?["unsettled_batches"] == 0).then_some(()))?;

    let listed = json(&agent, &["queue", "list"], 0)?;
    let batch = &listed["batches"][0];
    ensure!(batch["id"] == "batch-1" && batch["records"] == 5 && batch["reason"] == "bad-batch", "{listed}");
    ensure!(batch["can_be_retried"] == true && batch["seq"] == 1, "{listed}");
    let members = ["at_s", "bytes", "can_be_retried", "epoch", "id", "reason", "records", "seq"];
    ensure!(shape(batch) == members, "{:?}", shape(batch));
    let words = say(&agent, &["queue", "list"])?.out;
    ensure!(words.contains("batch-1") && words.contains("5 records: bad-batch"), "{words}");

    let refused = say(&agent, &["queue", "drop", "batch-1"])?;
    ensure!(refused.code == Some(1) && refused.err.contains("--yes"), "dropped without a yes: {refused:?}");
    for wrong in ["batch-9", "webhook-9"] {
        let said = say(&agent, &["queue", "retry", wrong])?;
        ensure!(said.code == Some(1) && said.err.contains("there is no"), "{said:?}");
    }
    ensure!(say(&agent, &["queue", "retry", "9"])?.code == Some(2), "a bare number is a name");

    warehouse.answer(Answer::Receipt);
    let retried = json(&agent, &["queue", "retry", "batch-1"], 0)?;
    ensure!(retried == json!([{ "id": "batch-1", "retried": true, "records": 5 }]), "{retried}");
    ensure!(say(&agent, &["queue", "retry", "batch-1"])?.code == Some(1), "it is sent again twice");
    // A running agent counts anew within a minute; a start does at once.
    agent.stop()?;
    agent.options_mut().seal_interval_s = 1;
    agent.restart()?;
    let delivered = until("the records arrive", PATIENCE, || {
        // The first one was refused.
        let batches: Vec<_> = warehouse.requests().iter().filter_map(|request| request.batch().ok()).skip(1).collect();
        batches.iter().any(|batch| !batch.records.is_empty()).then_some(batches)
    })?;
    let mut numbers = Vec::new();
    for record in delivered.iter().flat_map(|batch| &batch.records) {
        numbers.push(number(record)?);
    }
    numbers.sort_unstable();
    ensure!(numbers == [0, 1, 2, 3, 4], "arrived: {numbers:?}");
    let seqs: Vec<_> = delivered.iter().map(|batch| (batch.seq.0, batch.records.len())).collect();
    ensure!(seqs == [(1, 0), (2, 5)], "{seqs:?}");
    ensure!(delivered[0].dropped == BTreeMap::from([(DropReason::Poison, 5)]), "{:?}", delivered[0].dropped);
    ensure!(delivered[1].dropped.is_empty() && delivered[1].agent.as_str() == AGENT, "{:?}", delivered[1].dropped);

    warehouse.answer(Answer::Refused);
    post_all(agent.address(), 10..15)?;
    until("a second one is refused", PATIENCE, || (agent.status().ok()?["set_aside_batches"] == 1).then_some(()))?;
    let dropped = say(&agent, &["queue", "drop", "--all", "--yes"])?;
    ensure!(dropped.code == Some(0) && dropped.out.contains("dropped"), "{dropped:?}");
    ensure!(json(&agent, &["queue", "list"], 0)?["batches"] == json!([]), "it is still there");
    ensure!(json(&agent, &["queue", "retry", "--all"], 0)? == json!([]), "there is something to retry");
    agent.stop()
}

// Aim: what `new-epoch` set aside may have been counted, and is never sent again.
#[test]
fn what_a_new_epoch_set_aside_is_not_sent_again() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-queue-epoch")?;
    let warehouse = StandIn::start(Answer::Problem(503, "warehouse-full"))?;
    let mut agent = Agent::start(options(&scratch, &warehouse)?)?;
    post_all(agent.address(), 0..4)?;
    let refused = say(&agent, &["new-epoch"])?;
    ensure!(refused.code == Some(1) && refused.err.contains("stop it first"), "{refused:?}");
    agent.stop()?;
    let begun = json(&agent, &["new-epoch"], 0)?;
    ensure!(begun["set_aside_records"] == 4 && begun["epoch"].is_u64(), "{begun}");
    let listed = json(&agent, &["queue", "list"], 0)?;
    ensure!(listed["batches"][0]["can_be_retried"] == false, "{listed}");
    let said = say(&agent, &["queue", "retry", "batch-1"])?;
    ensure!(said.code == Some(1) && said.err.contains("may have been counted"), "{said:?}");
    let all = say(&agent, &["queue", "retry", "--all"])?;
    ensure!(all.code == Some(0) && all.err.contains("may have been counted"), "{all:?}");
    ensure!(agent.status()?["waiting_records"] == 0, "its records wait");
    Ok(())
}

// Aim: deliveries to the provider's own system are listed without their client, sent again and dropped.
#[test]
fn deliveries_are_listed_retried_and_dropped() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-queue-webhook")?;
    let receiver = StandIn::start(Answer::Page(500))?;
    let options =
        AgentOptions::alone(scratch.join("agent")).with("webhook.url", &format!("http://{}/hook", receiver.address()));
    let mut agent = Agent::start(options)?;
    post_all(agent.address(), 0..2)?;
    until("both were tried", PATIENCE, || (receiver.requests().len() >= 2).then_some(()))?;
    agent.stop()?;
    let listed = json(&agent, &["queue", "list"], 0)?;
    ensure!(listed["webhooks"][0]["id"] == "webhook-1" && listed["webhook"]["waiting"] == 2, "{listed}");
    let client = super::super::results::client(0).to_string();
    ensure!(!listed.to_string().contains(&client), "the client's address is listed: {listed}");
    let delivery =
        ["aside_s", "attempts", "bytes", "id", "last_fault", "local_id", "message_id", "next_try_ms", "queued_s"];
    ensure!(shape(&listed["webhooks"][0]) == delivery, "{:?}", shape(&listed["webhooks"][0]));
    let words = say(&agent, &["queue", "list"])?.out;
    ensure!(words.contains("webhook-1") && words.contains("failed attempt"), "{words}");
    let one = say(&agent, &["queue", "list", "--limit", "1"])?.out;
    ensure!(one.contains("and 1 more delivery"), "{one}");
    ensure!(json(&agent, &["queue", "retry", "webhook-1"], 0)?[0]["retried"] == true, "not retried");
    ensure!(json(&agent, &["queue", "drop", "webhook-2", "--yes"], 0)?[0]["dropped"] == true, "not dropped");
    let listed = json(&agent, &["queue", "list"], 0)?;
    ensure!(listed["webhook"]["waiting"] == 1 && listed["webhooks"][0]["attempts"] == 0, "{listed}");
    Ok(())
}
