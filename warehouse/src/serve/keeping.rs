//! The one thread that owns the marts: refreshes them, makes the cut when it is due, publishes what analysts open, and does
//! what commands ask. No thread that takes batches in waits for it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;

use crate::cut::CutFault;
use crate::http::health::Alarms;
use crate::keeper::{Keeper, Task};
use crate::observe;

/// Most commands that wait for the thread.
const QUEUE: usize = 16;

/// How long a cut that failed is left alone before it is tried again.
const RETRY: Duration = Duration::from_secs(300);

/// The same of the file that analysts open: it costs less, and somebody may wait for it.
const ANALYTICS_RETRY: Duration = Duration::from_secs(15);

/// How long a release that was refused is left alone: the same would most likely be refused again.
const RETRY_REFUSED: Duration = Duration::from_secs(6 * 3_600);

/// Something for the keeper, and whom to tell what came of it.
pub(super) struct Job {
    pub(super) task: Task,
    pub(super) done: SyncSender<anyhow::Result<Value>>,
}

/// Starts the thread. It ends when every sender of jobs is gone.
pub(super) fn start(
    keeper: Keeper,
    interval: Duration,
    alarms: Alarms,
) -> anyhow::Result<(JoinHandle<()>, SyncSender<Job>)> {
    let (jobs, waiting) = sync_channel(QUEUE);
    let thread = std::thread::Builder::new()
        .name("marts".to_owned())
        .spawn(move || keep(keeper, interval, &waiting, &alarms))
        .context("cannot start the marts' thread")?;
    Ok((thread, jobs))
}

fn keep(mut keeper: Keeper, interval: Duration, waiting: &Receiver<Job>, alarms: &Alarms) {
    let mut next_cut = Instant::now();
    let mut next_analytics = Instant::now();
    loop {
        let started = Instant::now();
        report("marts", alarms, keeper.refresh().map(|refreshed| observe::refreshed(refreshed, started.elapsed())));
        if keeper.is_due() && Instant::now() >= next_cut {
            let done = keeper.nightly().map(drop);
            let refused = note_refusal(alarms, &done);
            if !report("cut", alarms, done) {
                next_cut = Instant::now() + if refused { RETRY_REFUSED } else { RETRY };
            }
        }
        let started = Instant::now();
        if started >= next_analytics {
            let published = if keeper.analytics_are_due() { keeper.publish_analytics() } else { Ok(None) };
            let done = published.map(|published| observe::analytics_published(published, started.elapsed()));
            if !report("analytics", alarms, done) {
                next_analytics = Instant::now() + ANALYTICS_RETRY;
            }
        }
        let rest = Instant::now() + interval;
        loop {
            match waiting.recv_timeout(rest.saturating_duration_since(Instant::now())) {
                // Whoever asked may have gone; the work is done all the same.
                Ok(Job { task, done }) => {
                    let releases = matches!(task, Task::Publish | Task::Nightly | Task::Rebuild);
                    let answer = keeper.perform(task);
                    if releases {
                        note_refusal(alarms, &answer);
                    }
                    drop(done.send(answer));
                }
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

/// Raises the alarm `release` if a release was refused, and clears it when one was made. True if it was refused.
fn note_refusal<T>(alarms: &Alarms, done: &anyhow::Result<T>) -> bool {
    let fault = done.as_ref().err();
    let refused = fault.is_some_and(|error| matches!(error.downcast_ref(), Some(CutFault::Refused { .. })));
    if refused {
        alarms.raise("release");
    } else if fault.is_none() {
        alarms.clear("release");
    }
    refused
}

/// Tells the operator of a failure, and when it is over. True if it went well.
fn report(job: &'static str, alarms: &Alarms, done: anyhow::Result<()>) -> bool {
    match done {
        Ok(()) => {
            alarms.clear(job);
            true
        }
        Err(error) => {
            alarms.raise(job);
            observe::job_failed(job);
            tracing::error!(job, error = %format!("{error:#}"), "a background job failed; it is tried again");
            false
        }
    }
}
