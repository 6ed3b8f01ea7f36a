//! Aim: an operator sees what is in force, where it was set and what looks wrong, and never a secret.

mod findings;
mod secrets;

use serde_json::Value;

use super::*;
use crate::config::tests::Machine;

/// 2026-11-25, noon.
const NOON_S: i64 = 1_795_608_000;

fn clock() -> intake::clock::ManualClock {
    intake::clock::ManualClock::at(jiff::Timestamp::from_second(NOON_S).expect("a moment"))
}

fn text(machine: &Machine) -> String {
    report(&machine.load(), false, &clock()).expect("a report").0
}

fn json(machine: &Machine) -> Value {
    serde_json::from_str(&report(&machine.load(), true, &clock()).expect("a report").0).expect("JSON")
}

fn usable(machine: &Machine) -> bool {
    report(&machine.load(), false, &clock()).expect("a report").1
}

#[test]
fn every_value_is_shown_with_its_origin() {
    let machine = Machine::new()
        .toml("# none\nmax_connections = 7\n[asn]\nhome_asn = 64500\noverrides = [{ prefix = '192.0.2.0/24', asn = 64501 }]")
        .legacy("sponsor_name='Example ISP'")
        .variable("LIBREQOS_TELEMETRY_API_KEY", "a-long-and-secret-key")
        .variable("BUFFERLAKE_AGENT_HISTORY__MAX_ROWS", "5");
    let shown = text(&machine);
    let row = |key: &str| {
        let row = shown.lines().find(|line| line.split_whitespace().next() == Some(key));
        row.unwrap_or_else(|| panic!("no row {key}:\n{shown}")).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let place = |name: &str| machine.path(name).display().to_string();
    assert_eq!(row("listen"), "listen 127.0.0.1:8081 default");
    assert_eq!(row("warehouse.url"), "warehouse.url - default");
    assert_eq!(row("max_connections"), format!("max_connections 7 {}, line 2", place("agent.toml")));
    assert_eq!(row("asn.home_asn"), format!("asn.home_asn 64500 {}, line 4", place("agent.toml")));
    assert!(row("asn.overrides").contains(r#"[{"asn":64501,"prefix":"192.0.2.0/24"}]"#), "{shown}");
    let sponsor = format!("sponsor.name Example ISP {}, line 1, sponsor_name", place("lqos_test.conf"));
    assert_eq!(row("sponsor.name"), sponsor);
    assert_eq!(row("history.max_rows"), "history.max_rows 5 variable BUFFERLAKE_AGENT_HISTORY__MAX_ROWS");
    assert_eq!(row("support.key"), "support.key (hidden) variable LIBREQOS_TELEMETRY_API_KEY");
    assert!(shown.ends_with("The configuration can be used, with a warning."), "{shown}");

    let json = json(&machine);
    assert_eq!(json["usable"], true);
    let values = json["values"].as_array().expect("values");
    assert_eq!(values.len(), machine.load().expect("good").values.len());
    let sponsor = values.iter().find(|value| value["key"] == "sponsor.name").expect("the sponsor");
    assert_eq!(sponsor["origin"]["kind"], "legacy_file");
    assert_eq!(sponsor["origin"]["line"], 1);
    assert_eq!(json["refusals"], serde_json::json!([]));
}

#[test]
fn a_configuration_that_cannot_be_used_is_said_so_in_both_forms() {
    let machine = Machine::new().toml("listne = 1").variable("SERVER_MODE", "central");
    let shown = text(&machine);
    assert!(shown.starts_with("the configuration cannot be used:\n"), "{shown}");
    assert_eq!(shown.lines().count(), 3, "{shown}");
    assert!(!usable(&machine));
    let json = json(&machine);
    assert_eq!((&json["usable"], json["refusals"].as_array().map(Vec::len)), (&Value::Bool(false), Some(2)));
    assert_eq!(json["refusals"][1]["subject"], "listne");
}
