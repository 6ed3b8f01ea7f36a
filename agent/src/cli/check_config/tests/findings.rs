//! Aim: what looks wrong is told, with its grade; what is right is not complained of.

use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, UNIX_EPOCH};

use super::{Machine, clock, usable};
use crate::config::{Finding, Grade};
use crate::store::{database_path, imports, schema};

/// Long enough not to be guessed.
const LONG: &str = "a-long-and-secret-key";

fn found(machine: &Machine, subject: &str) -> Option<Finding> {
    let loaded = machine.load().unwrap_or_else(|refused| panic!("{refused}"));
    loaded.findings(&clock()).into_iter().find(|finding| finding.subject == subject)
}

fn grade(machine: &Machine, subject: &str) -> Option<Grade> {
    found(machine, subject).map(|finding| finding.grade)
}

fn chmod(machine: &Machine, name: &str, mode: u32) {
    std::fs::set_permissions(machine.path(name), std::fs::Permissions::from_mode(mode)).expect("a mode");
}

/// A machine with a data directory of its own.
fn with_data() -> Machine {
    let machine = Machine::new();
    let data_dir = machine.path("data");
    std::fs::create_dir(&data_dir).expect("made");
    machine.variable("BUFFERLAKE_AGENT_DATA_DIR", data_dir)
}

#[test]
fn the_secret_of_the_warehouse_must_be_there_and_ours_alone() {
    let machine = Machine::new().file("agent.secret", "ab".repeat(32));
    chmod(&machine, "agent.secret", 0o600);
    let account = format!("agent_id = 'isp-one'\nsecret_file = '{}'", machine.path("agent.secret").display());
    let machine = machine.toml(format!("[warehouse]\nurl = 'https://w.example'\n{account}"));
    assert_eq!(grade(&machine, "warehouse.secret_file"), None);
    assert!(usable(&machine));
    chmod(&machine, "agent.secret", 0o640);
    assert_eq!(grade(&machine, "warehouse.secret_file"), Some(Grade::Broken));
    assert!(!usable(&machine), "the agent would not start");
    chmod(&machine, "agent.secret", 0o600);
    let machine = machine.file("agent.secret", "too short");
    assert_eq!(grade(&machine, "warehouse.secret_file"), Some(Grade::Broken));
    std::fs::remove_file(machine.path("agent.secret")).expect("removed");
    assert_eq!(grade(&machine, "warehouse.secret_file"), Some(Grade::Broken));
    let off = machine.variable("ENABLE_TELEMETRY", "false");
    assert_eq!((grade(&off, "warehouse.secret_file"), grade(&off, "telemetry")), (None, Some(Grade::Note)));
    assert_eq!(grade(&Machine::new(), "warehouse"), Some(Grade::Note));
}

#[test]
fn an_unset_home_network_is_warned_of_with_the_results_that_it_costs() {
    let machine = with_data();
    let finding = found(&machine, "asn.home_asn").expect("a warning");
    assert_eq!(finding.grade, Grade::Warning);
    assert!(!finding.says.contains("results of the history"), "{finding}");

    let database = schema::open(&database_path(&machine.path("data"))).expect("a database");
    for (id, client, asn) in [
        (1, "10.0.0.1", None),
        (2, "100.64.0.1", None),
        (3, "fd00::1", None),
        (4, "192.168.7.7", Some(64_500)),
        (5, "192.0.2.1", None),
        (6, "100.128.0.1", None),
        (7, "2001:db8::1", None),
    ] {
        let bytes = match client.parse().expect("an address") {
            IpAddr::V4(client) => client.to_ipv6_mapped().octets(),
            IpAddr::V6(client) => client.octets(),
        };
        let sql = "INSERT INTO history (local_id, test_id, received_ms, client_ip, test_type, asn)
                   VALUES (?1, 'x', 0, ?2, 'single', ?3)";
        database.execute(sql, rusqlite::params![id, bytes, asn]).expect("inserted");
    }
    let finding = found(&machine, "asn.home_asn").expect("a warning");
    assert!(finding.says.contains("3 results of the history"), "{finding}");
    let machine = machine.variable("BUFFERLAKE_AGENT_ASN__HOME_ASN", "64500");
    assert_eq!(found(&machine, "asn.home_asn"), None);
}

#[test]
fn a_missing_damaged_or_old_asn_database_is_told() {
    assert_eq!(grade(&Machine::new(), "asn.database"), Some(Grade::Warning));
    let with = |machine: Machine, name: &str| {
        let path = machine.path(name);
        machine.variable("BUFFERLAKE_AGENT_ASN__DATABASE", path)
    };
    let ranges = with(Machine::new().file("asn.csv", "192.0.2.0,192.0.2.255,64500,Example"), "asn.csv");
    let written = |age_days: u64| {
        let moment = UNIX_EPOCH + Duration::from_secs(super::NOON_S.unsigned_abs() - age_days * 86_400);
        let file = std::fs::File::options().write(true).open(ranges.path("asn.csv")).expect("the file");
        file.set_modified(moment).expect("a time");
    };
    written(90);
    assert_eq!(found(&ranges, "asn.database"), None);
    written(91);
    let finding = found(&ranges, "asn.database").expect("a warning");
    assert!(finding.grade == Grade::Warning && finding.says.contains("91 days old"), "{finding}");
    let damaged = with(Machine::new().file("asn.mmdb", "no database"), "asn.mmdb");
    assert_eq!(grade(&damaged, "asn.database"), Some(Grade::Broken));
    assert!(!usable(&damaged));
    assert_eq!(grade(&with(Machine::new(), "none.mmdb"), "asn.database"), Some(Grade::Broken));
}

#[test]
fn secrets_that_others_know_read_or_guess_are_warned_of() {
    let machine = Machine::new().legacy(format!("telemetry_api_key={LONG}"));
    chmod(&machine, "lqos_test.conf", 0o640);
    assert_eq!(grade(&machine, "support.key"), None, "the agent's group may read it");
    chmod(&machine, "lqos_test.conf", 0o644);
    assert!(found(&machine, "support.key").expect("a warning").says.contains("chmod o-r"));
    let machine = Machine::new().toml(format!("[webhook]\nurl = 'https://x.example'\nsecret = '{LONG}'"));
    chmod(&machine, "agent.toml", 0o604);
    assert_eq!(grade(&machine, "webhook.secret"), Some(Grade::Warning));
    for (key, words) in [("short", "guessed"), ("your-api-key-for-telemetry-access", "everybody knows"), (LONG, "")] {
        let finding = found(&Machine::new().variable("LIBREQOS_TELEMETRY_API_KEY", key), "support.key");
        assert_eq!(finding.is_some(), !words.is_empty(), "{key}");
        assert!(finding.is_none_or(|finding| finding.says.contains(words)), "{key}");
    }
    let machine = Machine::new().file("desk.key", LONG);
    let path = machine.path("desk.key");
    let machine = machine.variable("BUFFERLAKE_AGENT_SUPPORT__KEY_FILE", path);
    chmod(&machine, "desk.key", 0o644);
    assert_eq!(grade(&machine, "support.key_file"), Some(Grade::Broken));
    chmod(&machine, "desk.key", 0o600);
    assert_eq!(grade(&machine, "support.key_file"), None);
}

#[test]
fn a_webhook_is_looked_at() {
    let hook = |url: &str| Machine::new().variable("LIBREQOS_WEBHOOK_URL", url);
    assert_eq!(grade(&hook("https://x.example/"), "webhook.secret_file"), Some(Grade::Warning), "unsigned");
    let signed = hook("https://x.example/").variable("LIBREQOS_WEBHOOK_SECRET", LONG);
    assert_eq!((grade(&signed, "webhook.secret_file"), grade(&signed, "webhook.url")), (None, None));
    let gone = hook("https://x.example/").variable("BUFFERLAKE_AGENT_WEBHOOK__SECRET_FILE", "/nowhere/secret");
    assert_eq!(grade(&gone, "webhook.secret_file"), Some(Grade::Broken));
    for plain in ["http://10.1.2.3/", "http://portal.example/"] {
        let hook = hook(plain).variable("BUFFERLAKE_AGENT_WEBHOOK__PLAIN_HTTP_TO", "10.1.0.0/16");
        assert_eq!(grade(&hook, "webhook.url"), Some(Grade::Warning), "{plain}");
    }
    for loopback in ["http://127.0.0.1/", "http://[::1]/", "http://localhost/"] {
        assert_eq!(grade(&hook(loopback), "webhook.url"), None, "{loopback}");
    }
}

#[test]
fn what_the_old_program_left_is_told() {
    let machine = Machine::new().legacy("PORT=80\nsponsor_name=a");
    let place = format!("{}, line 1", machine.path("lqos_test.conf").display());
    assert_eq!(grade(&machine, &place), Some(Grade::Note));
    assert!(usable(&machine));
    let at_start = machine.load().expect("good").startup_findings();
    assert!(!at_start.iter().any(|finding| finding.subject == place), "no news at each start");

    let machine = with_data().file("isp_telemetry.db", "");
    let database = machine.path("isp_telemetry.db");
    let machine = machine.variable("BUFFERLAKE_AGENT_LEGACY_DATABASE", &database);
    let offer = found(&machine, "legacy_database").expect("an offer");
    assert!(offer.says.contains(&format!("agent import-legacy {}", database.display())), "{offer}");
    assert!(machine.load().expect("good").startup_findings().contains(&offer));

    // The import writes down where it is, and that it came to its end.
    let ours = schema::open(&database_path(&machine.path("data"))).expect("a database");
    let begun = imports::next(&ours).expect("a number");
    imports::save(&ours, &database, &begun).expect("saved");
    assert!(found(&machine, "legacy_database").is_some(), "it broke off");
    imports::save(&ours, &database, &imports::Import { finished_s: Some(1), ..begun }).expect("saved");
    assert_eq!(found(&machine, "legacy_database"), None);
    let none = Machine::new().variable("BUFFERLAKE_AGENT_LEGACY_DATABASE", "/nowhere/isp_telemetry.db");
    assert_eq!(found(&none, "legacy_database"), None);

    let gone = Machine::new().variable("BUFFERLAKE_AGENT_LEGACY_FILE", "/nowhere/lqos_test.conf");
    assert_eq!(grade(&gone, "legacy_file"), Some(Grade::Warning));
}
