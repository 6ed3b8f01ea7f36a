//! The one thread that writes the lake: landed batches become sealed files, again and again; what is left of each interval
//! goes into keeping the lake in order.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use intake::clock::Clock;
use wire::Hour;

use crate::config::{RetentionConfig, SealConfig};
use crate::lake::{Due, Lake};
use crate::observe;
use crate::sealer::Sealer;

/// The part of each interval that upkeep may take: the rest is the ingest's and the marts', which share the machine.
const UPKEEP_SHARE: u32 = 4;

/// From this many files on the lake is put in order also while more waits to be sealed: every seal writes a manifest
/// that names each of them.
const CROWDED_FILES: usize = 2_000;

/// How long upkeep rests after a failure.
const UPKEEP_REST: Duration = Duration::from_secs(600);

/// What the thread needs.
pub(super) struct LakeWriter {
    pub(super) config: SealConfig,
    pub(super) retention: RetentionConfig,
    pub(super) sealer: Arc<Sealer>,
    pub(super) lake: Arc<Lake>,
    pub(super) clock: Arc<dyn Clock>,
}

impl LakeWriter {
    /// Seals every interval, and at once while more waits than one seal takes; once more when `stopped` is dropped.
    pub(super) fn run(self, stopped: Receiver<()>) {
        let interval = Duration::from_millis(self.config.interval_ms);
        let mut upkeep = Upkeep { collected_in: None, resting_until: Instant::now() };
        let mut more = false;
        loop {
            let pause = if more { Duration::ZERO } else { interval };
            let last = matches!(stopped.recv_timeout(pause), Err(RecvTimeoutError::Disconnected) | Ok(()));
            more = match self.sealer.seal_once() {
                Ok(more) => more,
                Err(error) => {
                    observe::job_failed("seal");
                    tracing::error!(error = %format!("{error:#}"), "landed batches were not sealed; they are tried again");
                    false
                }
            };
            if last && !more {
                return;
            }
            if !last {
                self.put_in_order(&mut upkeep, more, interval / UPKEEP_SHARE);
            }
        }
    }

    /// A bounded piece of upkeep, unless the time belongs to sealing.
    fn put_in_order(&self, upkeep: &mut Upkeep, more_waits: bool, budget: Duration) {
        let crowded = self.lake.current().files.len() >= CROWDED_FILES;
        if (more_waits && !crowded) || Instant::now() < upkeep.resting_until {
            return;
        }
        let now = self.clock.now();
        let hour = Some(self.clock.hour());
        let keep_hours = (upkeep.collected_in != hour).then_some(self.retention.replaced_hours);
        match self.lake.put_in_order(Due::Needed, keep_hours, budget, now) {
            Ok(order) => {
                observe::kept_in_order(&order, self.lake.current().files.len());
                if !order.collected.more {
                    upkeep.collected_in = hour;
                }
            }
            Err(error) => {
                observe::job_failed("upkeep");
                tracing::error!(error = %format!("{:#}", anyhow::Error::new(error)), "the lake was not put in order; it is tried again later");
                upkeep.resting_until = Instant::now() + UPKEEP_REST;
            }
        }
    }
}

/// Where upkeep stands.
struct Upkeep {
    /// The hour of the last collection: there is one an hour.
    collected_in: Option<Hour>,
    /// After a failure.
    resting_until: Instant,
}
