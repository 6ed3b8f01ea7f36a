//! The lake against a plain list of records, under random operations, crashes and restored copies.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;
use wire::Hour;

use super::dying::{Dying, Unsynced};
use super::samples::{NOON, TODAY, batch, record};
use super::{contents, expected, in_memory};
use crate::lake::paths::{ManifestId, TestDate};
use crate::lake::retain::Resume;
use crate::lake::{Due, Lake, LakeError};
use crate::landing::LandedBatch;

/// Months that tests reach back; the oldest first.
const MONTHS: [&str; 3] = ["2026-09-01", "2026-10-01", "2026-11-01"];

/// One thing that happens.
#[derive(Debug, Clone)]
enum Op {
    /// Batches land, each with records of these ages in days; they are sealed.
    Seal(Vec<Vec<u32>>),
    /// What was sealed comes again: its landing files were not removed.
    SealAgain,
    /// So many steps of compaction, of so many rows.
    Compact { steps: u8, max_rows: u8 },
    /// Everything before this month goes.
    Drop(usize),
    /// So many days go by, and what is not needed goes.
    Collect { days: u8 },
    /// The disk dies after so many half-steps of whatever comes next.
    Die { after: u8, unsynced: u8 },
    /// The program ends in order and starts again.
    Reopen,
    /// The operator copies the lake's directory.
    Copy,
    /// The operator puts the last copy in the place of the lake.
    Restore,
    /// As `Restore`, but of `CURRENT` only.
    RestoreCurrent,
}

fn any_op() -> impl Strategy<Value = Op> {
    let ages = prop::collection::vec(0_u32..80, 0..4);
    prop_oneof![
        6 => prop::collection::vec(ages, 1..3).prop_map(Op::Seal),
        1 => Just(Op::SealAgain),
        4 => (1_u8..20, 1_u8..20).prop_map(|(steps, max_rows)| Op::Compact { steps, max_rows }),
        1 => (0_usize..MONTHS.len()).prop_map(Op::Drop),
        2 => (0_u8..4).prop_map(|days| Op::Collect { days }),
        4 => (0_u8..40, any::<u8>()).prop_map(|(after, unsynced)| Op::Die { after, unsynced }),
        1 => Just(Op::Reopen),
        1 => Just(Op::Copy),
        1 => Just(Op::Restore),
        1 => Just(Op::RestoreCurrent),
    ]
}

/// The lake, and what it must hold.
struct World {
    dir: TempDir,
    disk: Dying,
    lake: Option<Lake>,
    /// Days that went by.
    day: u32,
    /// Every batch that was acknowledged, and how many of them were sealed; the rest lies in the landing zone.
    landed: Vec<LandedBatch>,
    sealed: usize,
    kept_from: Option<TestDate>,
    /// Every manifest that a cache may have seen on this line.
    seen: Vec<ManifestId>,
    /// How often the lake was restored: what is sent afterwards is not what was sent before.
    restores: u8,
    copy: Option<Saved>,
    unsynced: Unsynced,
}

/// A copy of the lake, and what was known when it was made.
struct Saved {
    dir: TempDir,
    landed: Vec<LandedBatch>,
    kept_from: Option<TestDate>,
    seen: usize,
}

impl World {
    fn new() -> Self {
        let (dir, disk) = (in_memory(), Dying::default());
        let (lake, _) = Lake::open_on(disk.disk(), dir.path(), NOON).expect("an empty lake");
        Self {
            seen: vec![lake.current().id],
            lake: Some(lake),
            dir,
            disk,
            day: 0,
            landed: Vec::new(),
            sealed: 0,
            kept_from: None,
            restores: 0,
            copy: None,
            unsynced: Unsynced::Kept,
        }
    }

    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_second(NOON.as_second() + i64::from(self.day) * 86_400).expect("within range")
    }

    fn lake(&self) -> &Lake {
        self.lake.as_ref().expect("it is open between operations")
    }

    fn root(&self) -> PathBuf {
        self.lake().paths().root().to_owned()
    }

    /// Does it; after a crash recovers, and does what a running warehouse would do again.
    fn apply(&mut self, op: &Op) {
        match self.attempt(op) {
            Ok(()) => {}
            Err(error) => {
                assert!(self.disk.is_dead(), "{op:?}: {error}");
                self.recover(op);
                self.seal_landed().expect("the landing zone is sealed");
            }
        }
        self.check();
    }

    fn attempt(&mut self, op: &Op) -> Result<(), LakeError> {
        let now = self.now();
        match op {
            Op::Seal(batches) => {
                for ages in batches {
                    self.land(ages);
                }
                self.seal_landed()?;
            }
            Op::SealAgain => {
                let again = self.lake().seal(&self.landed[..self.sealed], now)?;
                assert_eq!(again.batches, 0);
            }
            Op::Compact { steps, max_rows } => {
                for _ in 0..*steps {
                    self.lake().compact(Due::AllClosed, u64::from(*max_rows), now)?;
                }
            }
            Op::Drop(month) => {
                let month: TestDate = MONTHS[*month].parse().expect("a date");
                if self.kept_from.is_none_or(|kept_from| kept_from <= month) {
                    let resume = Resume::new(month, Vec::new()).expect("the first of a month");
                    self.lake().drop_months(&resume, now)?;
                    self.forget_before(month);
                }
            }
            Op::Collect { days } => {
                self.day += u32::from(*days);
                self.lake().collect(24, self.now())?;
            }
            Op::Die { after, unsynced } => {
                self.unsynced = match unsynced % 4 {
                    0 => Unsynced::Kept,
                    1 => Unsynced::Lost,
                    _ => Unsynced::Partly(u64::from(*unsynced)),
                };
                self.disk.die_after(u64::from(*after));
            }
            Op::Reopen => self.reopen()?,
            Op::Copy => {
                let dir = in_memory();
                copy_tree(&self.root(), dir.path());
                let seen = self.seen.len();
                self.copy = Some(Saved { dir, landed: self.landed.clone(), kept_from: self.kept_from, seen });
            }
            Op::Restore => self.restore(),
            Op::RestoreCurrent => self.restore_current(),
        }
        Ok(())
    }

    fn land(&mut self, ages: &[u32]) {
        let seq = self.landed.len() as u64 + 1;
        let number = u32::try_from(seq).expect("tests count little");
        let hour = |age: u32| Hour(TODAY.first_hour().0 - age * 24 - age % 5);
        let records = ages.iter().enumerate().map(|(at, age)| record(number * 10 + at as u32, hour(*age))).collect();
        let mut batch = batch("alpha", 1, seq, records);
        batch.digest.0[0] ^= self.restores;
        self.landed.push(batch);
    }

    fn forget_before(&mut self, month: TestDate) {
        self.kept_from = Some(month);
        for batch in &mut self.landed {
            batch.records.retain(|record| record.tested_hour.day() >= month.day());
        }
    }

    /// Seals what lies in the landing zone.
    fn seal_landed(&mut self) -> Result<(), LakeError> {
        // The last that was sealed comes along: its landing file may not have been removed.
        let from = self.sealed.saturating_sub(1);
        self.lake().seal(&self.landed[from..], self.now())?;
        self.sealed = self.landed.len();
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), LakeError> {
        self.lake = None;
        let (lake, recovery) = Lake::open_on(self.disk.disk(), self.dir.path(), self.now())?;
        assert!(recovery.alarm.is_none(), "{recovery:?}");
        self.lake = Some(lake);
        Ok(())
    }

    /// The program dies with the disk in the middle of `op`, and starts again when there is power.
    fn recover(&mut self, op: &Op) {
        self.lake = None;
        self.disk.revive(self.unsynced);
        self.reopen().expect("recovers");
        if let Op::Drop(month) = op {
            let month: TestDate = MONTHS[*month].parse().expect("a date");
            let current = self.lake().current();
            let begins_there = current.resume.as_ref().is_some_and(|entry| entry.kept_from >= month);
            if begins_there && current.files.iter().all(|file| file.test_date() >= month) {
                self.forget_before(month);
            }
        }
    }

    /// Puts the copy in the lake's place: what came later is lost, and no cache that saw it may go on.
    fn restore(&mut self) {
        let Some(saved) = &self.copy else { return };
        let root = self.root();
        self.lake = None;
        self.disk.revive(Unsynced::Kept);
        fs::remove_dir_all(&root).expect("removes");
        copy_tree(saved.dir.path(), &root);
        self.landed.clone_from(&saved.landed);
        self.sealed = self.landed.len();
        self.kept_from = saved.kept_from;
        let lost = self.seen.split_off(saved.seen);
        self.reopen().expect("an older lake opens");
        assert!(lost.iter().all(|id| !self.lake().is_ancestor(*id)));
        // It goes its own way from here; a number that was given before names something else now.
        self.restores += 1;
        self.land(&[0]);
        self.seal_landed().expect("seals");
        assert!(lost.iter().all(|id| !self.lake().is_ancestor(*id)));
    }

    /// Puts an old `CURRENT` back, the rest stays: nothing is lost, since recovery rolls forward.
    fn restore_current(&mut self) {
        let Some(saved) = &self.copy else { return };
        let old = fs::read_to_string(saved.dir.path().join("CURRENT")).expect("reads");
        let old: ManifestId = old.trim().parse().expect("an id");
        let before = self.lake().current();
        if !before.ancestors.contains(&old) || !self.lake().paths().manifest(old).exists() {
            return;
        }
        let path = self.lake().paths().current();
        self.lake = None;
        self.disk.revive(Unsynced::Kept);
        fs::write(path, format!("{old}\n")).expect("writes");
        let (lake, recovery) = Lake::open_on(self.disk.disk(), self.dir.path(), self.now()).expect("opens");
        assert!(recovery.rolled_forward);
        assert_eq!(lake.current(), before);
        self.lake = Some(lake);
    }

    fn check(&mut self) {
        let lake = self.lake.as_ref().expect("it is open");
        let id = lake.current().id;
        if self.seen.last() != Some(&id) {
            self.seen.push(id);
        }
        assert!(self.seen.iter().all(|id| lake.is_ancestor(*id)), "each manifest is on the line");
        assert_eq!(contents(lake), expected(&self.landed[..self.sealed]));
        let mark = lake.current().marks.first().map_or(0, |mark| mark.seq.0);
        assert_eq!(mark, self.sealed as u64);
        assert_eq!(lake.current().resume.as_ref().map(|entry| entry.kept_from), self.kept_from);
    }
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("makes a directory");
    for entry in fs::read_dir(from).expect("lists") {
        let entry = entry.expect("lists");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copies");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 2_000, ..ProptestConfig::with_cases(64) })]

    /// Aim: after every operation, and after every crash in the middle of one, the lake holds exactly the records that
    /// were acknowledged, but for the months that were dropped; and a cache goes on only where it may.
    #[test]
    fn the_lake_holds_what_was_acknowledged(ops in prop::collection::vec(any_op(), 1..25)) {
        let mut world = World::new();
        for op in &ops {
            world.apply(op);
        }
    }
}
