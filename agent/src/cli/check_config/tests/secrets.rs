//! Aim: wherever a secret stands, well or badly written, no part of it is ever shown.

use proptest::prelude::*;

use super::{Machine, clock, report};

/// What must never be shown of a secret: this many of its letters in a row.
const PART: usize = 8;

/// A machine with a secret somewhere.
type Place = fn(Machine, &str) -> Machine;

/// Where a secret may stand, and how it may be mistaken there.
const PLACES: [Place; 34] = [
    |machine, secret| machine.legacy(format!("webhook_url=https://x.example/\nwebhook_secret={secret}")),
    |machine, secret| machine.legacy(format!("webhook_secret=\"{secret}\"\nwebhook_url=https://x.example/")),
    |machine, secret| machine.legacy(format!("telemetry_api_key='{secret}'")),
    |machine, secret| machine.legacy(format!("telemetry_api_key='{secret}' more")),
    |machine, secret| machine.legacy(format!("telemetry_api_key = {secret} {secret}")),
    |machine, secret| machine.legacy(format!("telemetry_api_key=\"{secret}")),
    |machine, secret| machine.legacy(format!("telemetry_api_key+={secret}")),
    |machine, secret| machine.legacy(format!("telemetry_api_key: {secret}")),
    |machine, secret| machine.legacy(format!("telemetry_api_ky={secret}")),
    |machine, secret| machine.legacy(format!("webhook_secret={secret}")),
    |machine, secret| machine.legacy(format!("sponsor_url={secret}")),
    |machine, secret| machine.legacy(format!("webhook_url={secret}")),
    |machine, secret| machine.legacy(format!("telemetry_api_key=\\\n{secret}")),
    |machine, secret| machine.toml(format!("[support]\nkey = {secret:?}")),
    |machine, secret| machine.toml(format!("[support]\nkey = '{secret}'")),
    |machine, secret| machine.toml(format!("[support]\nkey = {secret}")),
    |machine, secret| machine.toml(format!("[support]\nkey = \"{secret}")),
    |machine, secret| machine.toml(format!("[support]\nkey = [{secret:?}]")),
    |machine, secret| machine.toml(format!("[support]\nkey = {{ is = {secret:?} }}")),
    |machine, secret| machine.toml(format!("[support]\nkei = {secret:?}")),
    |machine, secret| machine.toml(format!("[support]\nkey = {secret:?}\nkey_file = '/f'")),
    |machine, secret| machine.toml(format!("[webhook]\nurl = 'https://x.example/'\nsecret = {secret:?}")),
    |machine, secret| machine.toml(format!("[webhook]\nsecret = {secret:?}")),
    |machine, secret| machine.toml(format!("webhook = {secret:?}")),
    |machine, secret| machine.toml(format!("[webhook]\nurl = \"https://user:{secret}@x.example/\"")),
    |machine, secret| machine.toml(format!("[webhook]\nurl = \"http://x.example/?key={secret}\"")),
    |machine, secret| machine.variable("LIBREQOS_WEBHOOK_URL", format!("https://x.example/?key={secret}")),
    |machine, secret| machine.variable("LIBREQOS_WEBHOOK_URL", format!("https://x.example/#{secret}")),
    |machine, secret| machine.variable("LIBREQOS_WEBHOOK_URL", secret),
    |machine, secret| machine.variable("LIBREQOS_WEBHOOK_SECRET", secret),
    |machine, secret| machine.variable("LIBREQOS_TELEMETRY_API_KEY", format!("'{secret}'")),
    |machine, secret| machine.variable("BUFFERLAKE_AGENT_SUPPORT__KEY", secret),
    |machine, secret| machine.variable("BUFFERLAKE_AGENT_SUPPORT__KYE", secret),
    |machine, secret| machine.variable("ENABLE_TELEMETRY", secret),
];

/// Letters and digits, with what quoting, shells and URLs trip over between them.
fn secrets() -> impl Strategy<Value = String> {
    let letters = || "[A-Za-z0-9]{12,20}";
    let marks = || r##"[-_ =#;&|<>(){}'"\\/?@:!$`%.]{0,3}"##;
    let mixed = (letters(), marks(), letters(), marks())
        .prop_map(|(first, mark, second, last)| format!("{first}{mark}{second}{last}"));
    prop_oneof![4 => mixed, 1 => "[0-9]{12,18}".prop_map(String::from)]
}

/// Everything that could be printed or logged of a machine's configuration.
fn shown(machine: &Machine) -> String {
    let loaded = machine.load();
    let mut shown = format!("{loaded:?}");
    for json in [false, true] {
        shown.push_str(&report(&loaded, json, &clock()).expect("a report").0);
    }
    match &loaded {
        Ok(loaded) => {
            shown.push_str(&format!("{:?}{:?}", loaded.config, loaded.startup_findings()));
            shown.push_str(&serde_json::to_string(&loaded.config).expect("JSON"));
        }
        Err(refused) => shown.push_str(&format!("{refused}{refused:#?}")),
    }
    shown
}

/// A part of the secret that is shown, if one is.
fn leak(secret: &str, shown: &str) -> Option<String> {
    let runs = secret.split(|letter: char| !letter.is_ascii_alphanumeric());
    let mut parts = runs.flat_map(|run| run.as_bytes().windows(PART));
    parts.find_map(|part| {
        let part = std::str::from_utf8(part).ok()?;
        shown.contains(part).then(|| part.to_owned())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_024, ..ProptestConfig::default() })]

    #[test]
    fn no_secret_is_ever_shown(secret in secrets(), place in 0..PLACES.len()) {
        let machine = PLACES[place](Machine::new(), &secret);
        let shown = shown(&machine);
        prop_assert_eq!(leak(&secret, &shown), None, "place {}: {}", place, shown);
    }
}

// Aim: the search of the test above finds a secret that is shown.
#[test]
fn a_shown_secret_is_found() {
    let machine = Machine::new().legacy("sponsor_name=abcdefghijkl");
    assert!(leak("abcdefghijkl-mnopqrstuvwx", &shown(&machine)).is_some());
    assert!(leak("mnopqrstuvwx-mnopqrstuvwx", &shown(&machine)).is_none());
}
