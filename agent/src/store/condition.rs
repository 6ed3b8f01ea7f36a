//! How the database is: whether it takes results, why not, and what damage has cost. Others read it without asking it.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::StoreFault;
use super::damage::{Counted, Part};

/// How far the warehouse's clock is ahead of ours, in seconds, and when that was heard by the steady clock.
type HeardClock = (i64, Duration);

/// Shared by the writer and those who look.
#[derive(Debug, Default)]
pub struct Condition {
    /// Set by whoever meets damage while reading: the writer closes the database and checks it.
    pub(super) suspect: Arc<AtomicBool>,
    /// Why results cannot be kept now. No text in it is a client's.
    fault: Mutex<Option<String>>,
    damage: Mutex<BTreeMap<Part, Counted>>,
    warehouse_clock: Mutex<Option<HeardClock>>,
}

impl Condition {
    /// Why results cannot be kept now, in words; none while they can.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        lock(&self.fault).clone()
    }

    /// True while results cannot be kept.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        lock(&self.fault).is_some()
    }

    /// Damage that was found since the database was born, by part.
    #[must_use]
    pub fn damage(&self) -> BTreeMap<Part, Counted> {
        lock(&self.damage).clone()
    }

    /// Notes how far the warehouse's clock is ahead of ours, in seconds; `heard` is the steady clock's time.
    pub fn hear_clock(&self, offset_s: i64, heard: Duration) {
        *lock(&self.warehouse_clock) = Some((offset_s, heard));
    }

    pub(super) fn warehouse_clock(&self) -> Option<HeardClock> {
        *lock(&self.warehouse_clock)
    }

    /// True once after somebody met damage.
    pub(super) fn take_suspicion(&self) -> bool {
        self.suspect.swap(false, Relaxed)
    }

    pub(super) fn show_damage(&self, damage: BTreeMap<Part, Counted>) {
        *lock(&self.damage) = damage;
    }

    /// Notes why results cannot be kept; true if it was not known before.
    pub(super) fn fail(&self, fault: &StoreFault) -> bool {
        let mut place = lock(&self.fault);
        // That it is still closed says less than why it was.
        if place.is_some() && matches!(fault, StoreFault::Closed) {
            return false;
        }
        let words = fault.with_causes();
        let news = place.as_ref() != Some(&words);
        *place = Some(words);
        news
    }

    /// Notes that results are kept; true if they were not before.
    pub(super) fn recover(&self) -> bool {
        lock(&self.fault).take().is_some()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
