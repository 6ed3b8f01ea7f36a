//! The lake dies before and after every step on the disk, with and without what was not synced: no record that was
//! acknowledged is lost, and none counts twice.

use std::path::Path;

use super::dying::{Dying, Unsynced};
use super::samples::{NOON, TODAY, batch, record};
use super::{Contents, contents, expected, in_memory, open, publish};
use crate::lake::paths::TestDate;
use crate::lake::retain::Resume;
use crate::lake::{Due, Lake, LakeError, Progress};
use crate::landing::LandedBatch;
use wire::Hour;

/// True if every trial is wanted, not one in three.
fn all_trials() -> bool {
    std::env::var("BUFFERLAKE_TRIALS").is_ok_and(|trials| trials == "all")
}

/// What happened before the crash: each part is acknowledged, and lies in the landing zone until its seal is done.
struct Story {
    landed: Vec<LandedBatch>,
    /// How many of them were sealed, as the caller was told.
    sealed: usize,
    kept_from: TestDate,
}

impl Story {
    fn new() -> Self {
        let kept_from: TestDate = "2026-11-01".parse().expect("a date");
        let edge = kept_from.day().first_hour().0;
        let hours = [edge - 1, edge, TODAY.first_hour().0];
        let landed = (1..=6_u64).map(|seq| {
            let records = hours.map(|hour| record(u32::try_from(seq).expect("small") * 100 + hour % 24, Hour(hour)));
            batch(["alpha", "beta"][seq as usize % 2], 1, seq.div_ceil(2), records.to_vec())
        });
        Self { landed: landed.collect(), sealed: 0, kept_from }
    }

    /// Does everything that a lake does, or what is left of it; ends at the first fault.
    fn run(&mut self, disk: &Dying, dir: &Path) -> Result<(), LakeError> {
        let (lake, _) = Lake::open_on(disk.disk(), dir, NOON)?;
        while self.sealed < self.landed.len() {
            // Two at a time; after a crash those that came in unseen come again.
            let end = self.landed.len().min(self.sealed + 2);
            lake.seal(&self.landed[self.sealed..end], NOON)?;
            self.sealed = end;
        }
        let later = jiff::Timestamp::from_second(NOON.as_second() + 200 * 3_600).expect("within range");
        while !matches!(lake.compact(Due::Needed, 2, later)?, Progress::Idle) {}
        let resume = Resume::new(self.kept_from, Vec::new()).expect("the first of a month");
        lake.drop_months(&resume, later)?;
        // Keeping nothing, not even for an hour: more goes than ever would.
        lake.collect(0, later)?;
        Ok(())
    }

    /// Every record that was told to be sealed is there, none twice, and no part of a batch without the rest of it.
    fn check(&self, lake: &Lake) {
        let is_old = |found: &Contents| found.iter().filter(|row| self.is_dropped(row)).count();
        let all = contents(lake);
        let may = expected(&self.landed);
        let dropped = lake.current().resume.is_some();
        let mut must = expected(&self.landed[..self.sealed]);
        must.retain(|row| !dropped || !self.is_dropped(row));
        assert!(must.iter().all(|row| all.contains(row)), "an acknowledged record is lost");
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "a record counts twice");
        assert!(all.iter().all(|row| may.contains(row)));
        let rows_a_batch = if dropped { 2 } else { 3 };
        assert_eq!(all.len() % rows_a_batch, 0, "a part of a batch");
        assert!(!dropped || is_old(&all) == 0, "a dropped month came back");
        let accounted: u64 = lake.current().marks.iter().map(|mark| mark.accounts.records).sum();
        assert_eq!(accounted as usize, all.len() / rows_a_batch * 3);
    }

    fn is_dropped(&self, (_, _, fields): &(String, u64, String)) -> bool {
        let edge = self.kept_from.day().first_hour().0;
        fields.contains(&format!("tested_hour: Hour({})", edge - 1))
    }
}

/// Aim: as the head of this file says. Each trial dies once, at another half-step, and must have died.
#[test]
fn every_step_survives_a_crash() {
    let steps = {
        let (dir, disk) = (in_memory(), Dying::default());
        let mut story = Story::new();
        story.run(&disk, dir.path()).expect("nothing fails");
        disk.seen()
    };
    assert!(steps > 100, "{steps} half-steps");
    let mut trials = 0;
    for at in 0..steps {
        let every = [Unsynced::Kept, Unsynced::Lost, Unsynced::Partly(0x9e37_79b9 * (at + 1))];
        let chosen = if all_trials() { &every[..] } else { &every[at as usize % 3..][..1] };
        for &unsynced in chosen {
            let (dir, disk) = (in_memory(), Dying::default());
            let mut story = Story::new();
            disk.die_after(at);
            let died = story.run(&disk, dir.path());
            assert!(died.is_err() && disk.is_dead(), "half-step {at} of {steps} came: {died:?}");
            disk.revive(unsynced);

            // A fault of the lake shows here at the latest: recovery, and then the same work again.
            let (lake, recovery) = Lake::open(dir.path(), NOON).expect("recovers");
            assert!(recovery.alarm.is_none(), "half-step {at}, {unsynced:?}: {recovery:?}");
            story.check(&lake);
            drop(lake);
            story.run(&disk, dir.path()).expect("the rest is done");
            let (lake, _) = Lake::open(dir.path(), NOON).expect("opens");
            story.check(&lake);
            assert_eq!(contents(&lake).len(), 6 * 2, "half-step {at}, {unsynced:?}");
            trials += 1;
        }
    }
    println!("{trials} crashes, at each of {steps} half-steps");
}

/// Aim: the disk dies again while the lake recovers, at every half-step of that; the third start finds everything.
#[test]
fn a_crash_during_recovery_is_survived() {
    let mut trials = 0;
    // Somewhere in a seal, in the merge, and in the switch of CURRENT.
    for first in [30, 61, 90, 120, 121, 122, 123, 124, 150] {
        let mut second = 0;
        loop {
            let (dir, disk) = (in_memory(), Dying::default());
            let mut story = Story::new();
            disk.die_after(first);
            assert!(story.run(&disk, dir.path()).is_err());
            disk.revive(Unsynced::Partly(first * 7));
            disk.die_after(second);
            let recovered = Lake::open_on(disk.disk(), dir.path(), NOON);
            if recovered.is_ok() {
                assert!(!disk.is_dead());
                break;
            }
            disk.revive(Unsynced::Lost);
            let (lake, recovery) = Lake::open(dir.path(), NOON).expect("recovers");
            assert!(recovery.alarm.is_none());
            story.check(&lake);
            (second, trials) = (second + 1, trials + 1);
        }
    }
    println!("{trials} crashes during recovery");
    assert!(trials > 20);
}

/// Aim: a collection that dies anywhere has removed nothing that is needed, and the next one ends it.
#[test]
fn a_crash_during_collection_is_survived() {
    let later = jiff::Timestamp::from_second(NOON.as_second() + 300 * 3_600).expect("within range");
    for at in 0.. {
        let (dir, disk) = (in_memory(), Dying::default());
        let mut story = Story::new();
        story.run(&disk, dir.path()).expect("nothing fails");
        let lake = open(dir.path());
        publish(&lake, 20);
        drop(lake);
        let (lake, _) = Lake::open_on(disk.disk(), dir.path(), later).expect("opens");
        disk.die_after(at);
        let Err(error) = lake.collect(24, later) else {
            assert!(!disk.is_dead() && at > 20, "{at} half-steps");
            return;
        };
        assert!(disk.is_dead(), "{error}");
        drop(lake);
        disk.revive([Unsynced::Kept, Unsynced::Lost, Unsynced::Partly(at)][at as usize % 3]);
        let lake = open(dir.path());
        story.check(&lake);
        lake.collect(24, later).expect("collects");
        assert_eq!(files_on_disk(&lake), lake.current().files.len());
        story.check(&open(dir.path()));
    }
}

fn files_on_disk(lake: &Lake) -> usize {
    let days = std::fs::read_dir(lake.paths().results()).expect("lists");
    days.map(|day| std::fs::read_dir(day.expect("lists").path()).expect("lists").count()).sum()
}
