//! What a running server does for commands that come over the control socket.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use intake::clock::Clock;
use serde::Serialize;
use serde_json::Value;

use super::keeping::Job;
use crate::control::{Handler, Reply, Request};
use crate::http::health::Probe;
use crate::keeper::Keeper;
use crate::lake::{Due, Lake};

/// How long one request to put the lake in order may take; the command asks again. Other commands wait no longer.
const ORDER_BUDGET: Duration = Duration::from_secs(2);

/// What putting the lake in order needs.
pub(super) struct Upkeep {
    pub(super) lake: Arc<Lake>,
    pub(super) replaced_hours: u32,
    pub(super) clock: Arc<dyn Clock>,
}

impl Upkeep {
    fn put_in_order(&self) -> anyhow::Result<Value> {
        let now = self.clock.now();
        let order = self.lake.put_in_order(Due::AllClosed, Some(self.replaced_hours), ORDER_BUDGET, now)?;
        Ok(serde_json::to_value(order)?)
    }
}

/// The handler of the control socket.
pub(super) fn handler(probe: Probe, jobs: SyncSender<Job>, upkeep: Upkeep) -> Handler {
    Arc::new(move |request| match request {
        Request::Status => reply(serde_json::to_value(probe()).map_err(Into::into)),
        Request::Compact => reply(upkeep.put_in_order()),
        Request::Publish => on_keeper(&jobs, Keeper::publish),
        Request::Nightly => on_keeper(&jobs, Keeper::nightly),
        Request::Rebuild => on_keeper(&jobs, Keeper::rebuild),
        Request::Withdraw(withdrawal) => on_keeper(&jobs, |keeper| keeper.withdraw(withdrawal).map(|_| ())),
        Request::Sql { statement } => on_keeper(&jobs, move |keeper| keeper.ask(&statement)),
    })
}

/// Does this on the marts' thread and waits for what comes of it.
fn on_keeper<T: Serialize>(
    jobs: &SyncSender<Job>,
    work: impl FnOnce(&mut Keeper) -> anyhow::Result<T> + Send + 'static,
) -> Reply {
    let (done, outcome) = sync_channel(1);
    let job: Job = Box::new(move |keeper| {
        let result = work(keeper).and_then(|value| Ok(serde_json::to_value(value)?));
        // Whoever asked may have gone; the work is done all the same.
        let _ = done.send(result);
    });
    if jobs.send(job).is_err() {
        return Reply::Failed("the warehouse is ending".to_owned());
    }
    outcome.recv().map_or_else(|_| Reply::Failed("the warehouse is ending".to_owned()), reply)
}

fn reply(outcome: anyhow::Result<Value>) -> Reply {
    match outcome {
        Ok(value) => Reply::Done(value),
        Err(error) => Reply::Failed(format!("{error:#}")),
    }
}
