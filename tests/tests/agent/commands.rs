//! The commands as an operator meets them.

use bufferlake_tests::harness::{Agent, AgentOptions, Scratch};

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
