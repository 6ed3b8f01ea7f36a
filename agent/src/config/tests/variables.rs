//! Aim: every key has its variable, the documented variables of the old program do what is documented, and a value that
//! cannot be meant is refused.

use std::os::unix::ffi::OsStringExt as _;

use serde_json::json;

use super::super::shape::{Kind, Shape};
use super::super::variables::{LEGACY_VARIABLES, variable};
use super::Machine;

#[test]
fn every_key_has_a_variable() {
    let shape = Shape::new();
    for key in shape.keys() {
        let value = match (key, shape.kind(key).expect("a key")) {
            ("listen" | "metrics_listen", _) => "127.0.0.1:4000",
            ("log_format", _) => "json",
            ("ipv6_client_bits", _) => "60",
            ("outbox.max_bytes", _) => "2000000",
            ("warehouse.agent_id", _) => "isp-one",
            ("webhook.url" | "warehouse.url" | "sponsor.url", _) => "https://example.test/",
            ("asn.overrides", _) => "[{ prefix = '192.0.2.0/24', asn = 64500 }]",
            (_, Kind::Text | Kind::Secret) => "/some/text",
            (_, Kind::Whole) => "77",
            (_, Kind::Truth) => "false",
            (_, Kind::List) => "10.0.0.0/8, 192.0.2.1",
            (_, Kind::Table) => "{ 64500 = 'Example' }",
        };
        // Sections that are whole or not there need their other keys.
        let account = "[warehouse]\nurl = 'https://w.example'\nagent_id = 'isp-two'\nsecret_file = '/s'\n";
        let toml = format!("{account}[webhook]\nurl = 'https://x.example/'");
        let loaded = Machine::new().toml(toml).variable(&variable(key), value).load().expect(key);
        let set = loaded.values.iter().find(|value| value.key == key).expect("every key has a value");
        assert_eq!(set.origin.to_string(), format!("variable {}", variable(key)));
        match shape.kind(key).expect("a key") {
            Kind::Secret => assert_eq!(set.value, json!("(hidden)")),
            Kind::Text => assert_eq!(set.value, json!(value), "{key}"),
            _ => assert!(!set.value.is_null(), "{key}"),
        }
    }
}

#[test]
fn the_documented_variables_work() {
    let machine = Machine::new()
        .variable("SERVER_MODE", "isp")
        .variable("ENABLE_TELEMETRY", "false")
        .variable("LIBREQOS_WEBHOOK_URL", "https://x.example/hook")
        .variable("LIBREQOS_WEBHOOK_SECRET", "a secret = with 'signs' $HOME")
        .variable("LIBREQOS_TELEMETRY_API_KEY", "12345678901234567890");
    let config = machine.config();
    assert!(!config.telemetry);
    let webhook = config.webhook.expect("a webhook");
    assert_eq!(webhook.url.reveal(), "https://x.example/hook");
    assert_eq!(webhook.secret.expect("a secret").reveal(), "a secret = with 'signs' $HOME", "taken as it is");
    assert_eq!(config.support.key.expect("a key").reveal(), "12345678901234567890", "digits are a text, too");
    assert_eq!(LEGACY_VARIABLES.len(), 4, "each of them is in this test");
}

#[test]
fn without_telemetry_nothing_is_uploaded_and_no_record_is_made() {
    let account = "[warehouse]\nurl = 'https://w.example'\nagent_id = 'isp-two'\nsecret_file = '/s'\n";
    for (text, on) in [
        ("true", true),
        ("1", true),
        ("Yes", true),
        ("on", true),
        ("FALSE", false),
        ("0", false),
        ("no", false),
        ("off", false),
    ] {
        let config = Machine::new().toml(account).variable("ENABLE_TELEMETRY", text).config();
        assert_eq!(config.uploads_to().is_some(), on, "{text}");
        assert_eq!((config.store().records, config.store().agent.is_some()), (on, on), "{text}");
    }
    // Aim of this part: an unclear word never leads to an upload.
    for text in ["maybe", "flase", "2", "none"] {
        let said = Machine::new().variable("ENABLE_TELEMETRY", text).refused();
        assert!(said.contains("telemetry") && said.contains("ENABLE_TELEMETRY"), "{said}");
    }
}

#[test]
fn another_mode_is_pointed_to_the_warehouse() {
    for mode in ["central", "ISP", "both", " "] {
        let said = Machine::new().variable("SERVER_MODE", mode).refused();
        assert!(said.contains("SERVER_MODE") && said.contains("`warehouse`") && said.contains("isp"), "{said}");
    }
}

#[test]
fn lists_are_written_with_or_without_quotes() {
    for text in
        ["10.0.0.0/8, 192.0.2.1", "[10.0.0.0/8,192.0.2.1]", "['10.0.0.0/8', \"192.0.2.1\"]", "10.0.0.0/8,192.0.2.1,"]
    {
        let config = Machine::new().variable("BUFFERLAKE_AGENT_TRUSTED_PROXIES", text).config();
        assert_eq!(config.trusted_proxies, ["10.0.0.0/8", "192.0.2.1"], "{text}");
    }
    assert!(Machine::new().variable("BUFFERLAKE_AGENT_TRUSTED_PROXIES", "[]").config().trusted_proxies.is_empty());
}

#[test]
fn what_cannot_be_meant_is_refused_by_name() {
    for (name, value, words) in [
        ("BUFFERLAKE_AGENT_LISTNE", "127.0.0.1:1", "did you mean BUFFERLAKE_AGENT_LISTEN?"),
        ("BUFFERLAKE_AGENT_WEBHOOK_URL", "https://x.example", "did you mean BUFFERLAKE_AGENT_WEBHOOK__URL?"),
        ("BUFFERLAKE_AGENT_QQQ", "1", "BUFFERLAKE_AGENT_QQQ: sets no key"),
        ("BUFFERLAKE_AGENT_WEBHOOK", "1", "BUFFERLAKE_AGENT_WEBHOOK: sets no key"),
        ("BUFFERLAKE_AGENT_OUTBOX__MAX_BYTES", "1 GB", "must be a whole number"),
        ("BUFFERLAKE_AGENT_OUTBOX__MAX_BYTES", "-1", "must be a whole number"),
        ("BUFFERLAKE_AGENT_TELEMETRY", "perhaps", "must be true or false"),
        ("BUFFERLAKE_AGENT_ASN__NAMES", "64500", "must be a TOML table"),
        ("LIBREQOS_WEBHOOK_SECRET", "'quoted-secret'", "the quotes are part of the value"),
        ("LIBREQOS_TELEMETRY_API_KEY", "\"quoted-secret\"", "the quotes are part of the value"),
    ] {
        let said = Machine::new().variable(name, value).refused();
        assert!(said.contains(name) && said.contains(words), "{name}={value}: {said}");
        assert!(!said.contains("quoted-secret"), "{said}");
    }
    let no_text = std::ffi::OsString::from_vec(vec![0x66, 0xff]);
    let said = Machine::new().variable("LIBREQOS_WEBHOOK_URL", no_text).refused();
    assert!(said.contains("LIBREQOS_WEBHOOK_URL") && said.contains("UTF-8"), "{said}");
}

#[test]
fn the_variable_that_names_the_file_and_those_of_others_are_no_keys() {
    let machine = Machine::new()
        .variable("BUFFERLAKE_AGENT_CONFIG_FILE", "/x")
        .variable("BUFFERLAKE_OTHER", "1")
        .variable("LIBREQOS_OTHER", "1");
    machine.config();
}
