//! The sample is what the program does, and what is wrong in a configuration is said by name.

use std::path::Path;

use super::{ConfigFault, ServerMode, load};
use crate::config::Config;

// Aim: the commented sample loads, and every value in it is the default that it claims to be.
#[test]
fn the_sample_is_the_defaults() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/warehouse/warehouse.toml");
    let loaded = load(Some(&sample)).unwrap();
    assert_eq!(loaded.config, Config::default());
    let seal = loaded.values.iter().find(|value| value.field == "seal.interval_ms").unwrap();
    assert!(seal.origin.ends_with("warehouse.toml"), "{seal:?}");
}

// Aim: a misspelt field, a wrong type and a value out of range are each refused with the field's name.
#[test]
fn faults_name_the_field() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("warehouse.toml");
    for (text, named) in [
        ("lisen = '127.0.0.1:1'", "lisen"),
        ("[seal]\ninterval_ms = 'soon'", "interval_ms"),
        ("[seal]\ninterval_ms = 1", "seal.interval_ms"),
        ("[cut]\nhour_utc = 24", "cut.hour_utc"),
        ("[engine]\nthreads = 0", "engine.threads"),
        ("[data]\nmax_downloads = 0", "data.max_downloads"),
        ("[bucket]\nendpoint = 's3.example.com'", "bucket.endpoint"),
        ("[bucket]\nendpoint = 'https://s3.example.com'", "bucket.name"),
        ("[bucket]\naccess_key_id = 'key'", "bucket.secret_file"),
        ("[bucket]\nsecret = 'x'", "secret"),
    ] {
        std::fs::write(&file, text).unwrap();
        let fault = load(Some(&file)).unwrap_err();
        let said = match &fault {
            ConfigFault::Invalid(inner) => inner.to_string(),
            other => other.to_string(),
        };
        assert!(said.contains(named), "{text}: {said}");
    }
    assert!(matches!(load(Some(&directory.path().join("none.toml"))), Err(ConfigFault::Missing(_))));
}

// Aim: this program is the central warehouse only; another role is sent to the agent.
#[test]
fn another_server_mode_is_pointed_to_the_agent() {
    assert!(ServerMode::parse(None).is_ok() && ServerMode::parse(Some("central")).is_ok());
    assert!(ServerMode::parse(Some("isp")).unwrap_err().to_string().contains("bufferlake-agent"));
}
