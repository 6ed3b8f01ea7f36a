//! Junk at the support desk's door.

use anyhow::ensure;
use bufferlake_tests::harness::Scratch;
use bufferlake_tests::http::{self, Connection};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::{Desk, result};

/// Requests of one run.
const REQUESTS: u32 = 400;

// Aim: whatever stands in path, query and key, the answer is well-formed, never a 500, and the agent goes on.
#[test]
fn no_junk_makes_a_500() -> anyhow::Result<()> {
    let scratch = Scratch::new("support-junk")?;
    let desk = Desk::open(&scratch, |options| options)?;
    desk.keep("192.0.2.1", &result("A"))?;
    let text = prop_oneof![
        "[!-~]{0,40}".prop_map(String::from),
        "[0-9a-fA-F:./%\\[\\]]{0,60}".prop_map(String::from),
        "(%[0-9a-f]{2}){0,20}".prop_map(String::from),
    ];
    let path = prop_oneof![
        (text.clone(), text.clone()).prop_map(|(client, query)| format!("/api/telemetry/customer/{client}?{query}")),
        (text.clone(), text.clone()).prop_map(|(name, value)| format!("/api/telemetry/recent?{name}={value}")),
        ("limit|since|until|grade|test_type", text.clone())
            .prop_map(|(name, value)| format!("/api/telemetry/recent?{name}={value}")),
        text.clone().prop_map(|query| format!("/api/telemetry/stats?{query}")),
    ];
    let method = prop::sample::select(vec!["GET", "GET", "GET", "DELETE", "POST", "PUT"]);
    let mut runner =
        TestRunner::new(ProptestConfig { cases: REQUESTS, failure_persistence: None, ..ProptestConfig::default() });
    let outcome = runner.run(&(method, path), |(method, path)| {
        // Junk in a name of a parameter can be one of those in which people put keys.
        let fresh = format!("203.0.{}.{}", rand_byte(&path), rand_byte(method));
        let headers = [("x-api-key", desk.key.as_str()), ("x-forwarded-for", &fresh)];
        let request = http::request(method, &path, &headers, b"");
        let answer = Connection::open(desk.agent.address()).and_then(|mut connection| {
            connection.send(&request)?;
            connection.receive()
        });
        let answer = answer.map_err(|error| TestCaseError::fail(format!("{method} {path}: {error:#}")))?;
        prop_assert!(answer.status < 500, "{} {} got {}", method, path, answer.status);
        Ok(())
    });
    outcome?;
    ensure!(desk.get("/api/telemetry/recent")?["success"] == true);
    ensure!(desk.agent.health()?["status"] == "ready");
    Ok(())
}

/// Some byte that depends on a text.
fn rand_byte(text: &str) -> u8 {
    text.bytes().fold(7, |sum: u8, byte| sum.wrapping_mul(31).wrapping_add(byte))
}
