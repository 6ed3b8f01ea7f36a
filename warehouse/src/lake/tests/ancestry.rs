//! A cache goes on from every manifest of the line, and from no other.

use std::fs;

use super::open;
use super::samples::{NOON, TODAY, batch, record};
use crate::digest::ShortDigest;
use crate::lake::manifest::NAMED_ANCESTORS;
use crate::lake::paths::ManifestId;
use crate::lake::{Lake, LakeError, hour_of};

/// Publishes a manifest that changes nothing.
fn publish(lake: &Lake) -> Result<ManifestId, LakeError> {
    let mut writer = lake.writer();
    lake.publish(&mut writer, hour_of(NOON), |_| {}).map(|snapshot| snapshot.id)
}

/// Aim: ancestors are found however far back, those that the manifest names and those that only the disk knows; a
/// manifest with another digest, a later one, and one behind a manifest that is gone are not.
#[test]
fn ancestors_are_found_as_far_as_the_disk_goes() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    let mut line = vec![lake.current().id];
    while line.len() < NAMED_ANCESTORS + 20 {
        line.push(publish(&lake).unwrap());
    }
    assert!(line.iter().all(|id| lake.is_ancestor(*id)));
    let other = |id: &ManifestId| ManifestId { digest: ShortDigest([7; 6]), ..*id };
    assert!(line.iter().all(|id| !lake.is_ancestor(other(id))), "a number alone proves nothing");
    let later = ManifestId { number: lake.current().number + 1, ..lake.current().id };
    assert!(!lake.is_ancestor(later));

    // The last that the current manifest names is the first step back; without it the line ends there.
    let step = *lake.current().ancestors.last().unwrap();
    fs::remove_file(lake.paths().manifest(step)).unwrap();
    let reached: Vec<bool> = line.iter().map(|id| lake.is_ancestor(*id)).collect();
    assert_eq!(reached.iter().filter(|found| **found).count(), NAMED_ANCESTORS + 1);
    assert!(!reached[0] && lake.is_ancestor(step));
}

/// Aim: after a recovery that lost a manifest nothing from before it is an ancestor, for its numbers are given again.
#[test]
fn a_new_line_knows_no_ancestors() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = {
        let lake = open(dir.path());
        let first = lake.seal(&[batch("alpha", 1, 1, vec![record(1, TODAY.first_hour())])], NOON).unwrap();
        let second = lake.seal(&[batch("alpha", 1, 2, vec![record(2, TODAY.first_hour())])], NOON).unwrap();
        fs::write(lake.paths().manifest(second.snapshot.id), b"{}").unwrap();
        (first.snapshot, second.snapshot)
    };
    let (lake, recovery) = Lake::open(dir.path(), NOON).unwrap();
    assert_eq!(recovery.alarm.expect("a damaged manifest is an alarm").resumed_from, first.id);
    assert_eq!(lake.current().parent, Some(first.id));
    assert!(!lake.is_ancestor(first.id) && !lake.is_ancestor(second.id));

    let now = publish(&lake).unwrap();
    assert!(lake.is_ancestor(now) && lake.is_ancestor(lake.current().parent.unwrap()));
    assert!(!lake.is_ancestor(first.id));
}
