//! The demonstration page in a real browser, before nginx and agent.

use bufferlake_tests::browser;
use bufferlake_tests::harness::Scratch;
use serde_json::json;

use super::nginx::Nginx;
use super::{alone, installed};

// Aim: the page that we ship sends each result once, and nothing of those who object (tests/browser/telemetry/demo.mjs).
#[test]
fn the_demonstration_page_does_what_it_says() -> anyhow::Result<()> {
    if !installed("nginx") {
        return Ok(());
    }
    let scratch = Scratch::new("agent-demo-page")?;
    let (mut agent, _) = alone(&scratch, |options| {
        let options = options.with("sponsor.name", "Example ISP").with("sponsor.city", "Example City");
        options.with("sponsor.url", "https://isp.example/")
    })?;
    let nginx = Nginx::start(&scratch, &agent, "")?;
    let facts = json!({ "origin": format!("http://{}", nginx.address), "agent": agent.url() });
    browser::drive("telemetry/demo.mjs", &facts)?;
    agent.stop()
}
