//! A cache goes on from every manifest of the line, and from no other.

use std::fs;

use super::samples::{NOON, TODAY, batch, record};
use super::{long_line, open, publish};
use crate::digest::ShortDigest;
use crate::lake::Lake;
use crate::lake::paths::ManifestId;

/// Aim: ancestors are found however far back, those that the manifest names and those that only the disk knows; a
/// manifest with another digest, a later one, and one behind too many that are gone are not.
#[test]
fn ancestors_are_found_as_far_as_the_disk_goes() {
    let dir = tempfile::tempdir().unwrap();
    let line = long_line(dir.path(), 1_000);
    let lake = open(dir.path());
    assert!(line.iter().all(|id| lake.is_ancestor(*id)));
    let other = |id: &ManifestId| ManifestId { digest: ShortDigest([7; 6]), ..*id };
    assert!(line.iter().all(|id| !lake.is_ancestor(other(id))), "a number alone proves nothing");
    assert!(!lake.is_ancestor(ManifestId { number: 1_000, ..lake.current().id }), "it is later");

    // Every other manifest goes: those that are left name the others.
    let remove = |id: &ManifestId| fs::remove_file(lake.paths().manifest(*id)).unwrap();
    line.iter().filter(|id| id.number % 2 == 1 && id.number < 999).for_each(remove);
    assert!(line.iter().all(|id| lake.is_ancestor(*id)));
    // 256 in a row go: the line ends there.
    line[400..656].iter().filter(|id| id.number % 2 == 0).for_each(remove);
    let found = line.iter().filter(|id| lake.is_ancestor(**id)).map(|id| id.number);
    assert_eq!(found.collect::<Vec<_>>(), (400..1_000).collect::<Vec<_>>());
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

    publish(&lake, 1);
    assert!(lake.is_ancestor(lake.current().id) && lake.is_ancestor(lake.current().parent.unwrap()));
    assert!(!lake.is_ancestor(first.id));
}
