//! Aim: the sample that we ship shows every key and no other, with its default, and the file that providers have works
//! as it is.

use std::collections::BTreeSet;
use std::path::Path;

use super::super::shape::Shape;
use super::super::{Config, toml_file};
use super::Machine;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/agent/agent.toml");

/// The file of a real provider, as the project's examples have it.
const LEGACY_SAMPLE: &str = include_str!("../samples/lqos_test.conf");

fn sample() -> String {
    std::fs::read_to_string(SAMPLE).expect("the sample")
}

/// The sample with every key in it set: what stands behind `# ` and is no sentence is a key.
fn uncommented() -> String {
    let key = |line: &str| {
        line.split_once(" = ")
            .is_some_and(|(key, _)| key.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'))
    };
    let lines: Vec<String> = sample()
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| key(rest)).unwrap_or(line).to_owned())
        .collect();
    lines.join("\n")
}

#[test]
fn the_sample_shows_the_defaults() {
    let machine = Machine::new().toml(sample());
    let config = machine.config();
    // What an installation must have of its own: its account.
    let own = Config {
        warehouse: config.warehouse.clone(),
        legacy_file: machine.path("lqos_test.conf"),
        ..Config::default()
    };
    assert!(config.warehouse.is_some());
    assert_eq!(config, own);
}

#[test]
fn the_sample_shows_every_key_and_no_other() {
    let text = uncommented();
    let shape = Shape::new();
    let read = toml_file::read(Path::new("agent.toml"), &text, &shape);
    assert_eq!(read.refusals, [], "keys that there are not, or values of another kind");
    let shown: BTreeSet<&str> = read.settings.iter().map(|setting| setting.key.as_str()).collect();
    assert_eq!(shown, shape.keys().collect());
    assert!(shown.len() >= 30, "only {} keys: the test looks at nothing", shown.len());
}

#[test]
fn every_example_in_the_sample_can_be_used() {
    let config = Machine::new().toml(uncommented()).config();
    assert_eq!(config.asn.home_asn.map(wire::Asn::get), Some(64_500));
    assert!(config.webhook.is_some_and(|webhook| webhook.endpoint().is_ok()));
}

#[test]
fn the_file_that_providers_have_works_as_it_is() {
    let config = Machine::new().legacy(LEGACY_SAMPLE).config();
    assert_eq!(config.sponsor.name.as_deref(), Some("Example ISP"));
    assert_eq!(config.sponsor.url.as_deref(), Some("https://example-isp.com"));
    assert_eq!(config.sponsor.city.as_deref(), Some("Example City"));
    let webhook = config.webhook.expect("a webhook");
    assert_eq!(webhook.url.reveal(), "https://isp-systems.example.com/libreqos-webhook");
    assert_eq!(webhook.secret.expect("a secret").reveal(), "your-webhook-secret-key");
    assert_eq!(config.support.key.expect("a key").reveal(), "your-api-key-for-telemetry-access");
}

// Aim: our copy is the example that all parts of the project share, where that is at hand.
#[test]
fn our_copy_is_the_shared_example() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/examples/lqos_test.conf");
    match std::fs::read_to_string(&shared) {
        Ok(text) => assert_eq!(text, LEGACY_SAMPLE),
        Err(_) => eprintln!("skipped: there is no {}", shared.display()),
    }
}

#[test]
fn an_empty_machine_has_the_defaults() {
    let machine = Machine::new();
    let config = Config { legacy_file: machine.path("lqos_test.conf"), ..Config::default() };
    assert_eq!(machine.config(), config);
}
