//! Keys and bindings on disk.

use std::os::unix::fs::PermissionsExt as _;

use wire::{AgentId, Asn, Hour};

use super::{AgentsFault, Store};
use crate::paths::DataDir;

// Aim: secrets lie apart in a file that only its owner reads, the registry holds none, and at most two keys are live.
#[test]
fn secrets_are_kept_apart_and_at_most_two_are_live() {
    let directory = tempfile::tempdir().unwrap();
    let dir = DataDir::new(directory.path());
    let store = Store::new(dir.clone());
    let id = AgentId::parse("isp-one").unwrap();
    let first = store.add(&id, &[], Hour(100)).unwrap();
    let keys = [store.rotate(&id).unwrap(), store.rotate(&id).unwrap()];
    let live: Vec<_> = store.secrets(&id).unwrap().into_iter().map(|(key, _)| key).collect();
    assert_eq!(live, keys.each_ref().map(|key| key.id.clone()));
    assert_eq!(store.load().unwrap().agents[&id].keys, live);
    let mode = std::fs::metadata(dir.agent_keys(&id)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let registry = std::fs::read_to_string(dir.registry()).unwrap();
    for key in keys.iter().chain([&first]) {
        assert!(!registry.contains(&key.secret.reveal()));
    }
    store.revoke(&id, Hour(101)).unwrap();
    assert!(store.secrets(&id).unwrap().is_empty());
    assert!(matches!(store.rotate(&id), Err(AgentsFault::Revoked(_))));
    assert!(matches!(store.add(&id, &[], Hour(102)), Err(AgentsFault::Revoked(_))));
}

// Aim: a binding keeps the hour of its first time, and names that are taken or ours are refused.
#[test]
fn bindings_keep_their_hour_and_names_are_given_once() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(DataDir::new(directory.path()));
    let id = AgentId::parse("isp-one").unwrap();
    let [one, two] = [64500, 64501].map(|number| Asn::new(number).unwrap());
    store.add(&id, &[one], Hour(100)).unwrap();
    store.bind(&id, &[one, two], Hour(200)).unwrap();
    let registry = store.load().unwrap();
    assert_eq!((registry.bound_at(&id, one), registry.bound_at(&id, two)), (Some(Hour(100)), Some(Hour(200))));
    let direct = AgentId::parse(AgentId::DIRECT).unwrap();
    assert_eq!(registry.bound_at(&direct, two), Some(Hour(0)));
    assert!(matches!(store.add(&id, &[], Hour(1)), Err(AgentsFault::Exists(_))));
    assert!(matches!(store.add(&direct, &[], Hour(1)), Err(AgentsFault::Reserved)));
}
