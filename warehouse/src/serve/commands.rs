//! What a running server does for commands that come over the control socket.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use anyhow::ensure;
use intake::clock::Clock;
use serde_json::Value;

use super::keeping::Job;
use crate::control::{Handler, Reply, Request};
use crate::http::health::Probe;
use crate::import::{Piece, Receiver};
use crate::keeper::Task;
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

/// How long a batch of an import waits for room in the landing zone.
const ROOM_PATIENCE: Duration = Duration::from_secs(60);

/// How often it looks whether there is.
const ROOM_POLL: Duration = Duration::from_millis(20);

/// What taking in an import needs.
pub(super) struct Imports {
    pub(super) receiver: Receiver,
    pub(super) most_waiting_bytes: u64,
}

impl Imports {
    /// An import is in no hurry: agents come first, and it waits for the lake.
    fn take(&self, piece: Piece) -> anyhow::Result<Value> {
        let until = Instant::now() + ROOM_PATIENCE;
        while self.receiver.waiting_bytes() > self.most_waiting_bytes / 2 {
            ensure!(Instant::now() < until, "the landing zone stays full; look at `warehouse doctor`");
            std::thread::sleep(ROOM_POLL);
        }
        self.receiver.take(piece)?;
        Ok(Value::Null)
    }
}

/// The handler of the control socket.
pub(super) fn handler(probe: Probe, jobs: SyncSender<Job>, upkeep: Upkeep, imports: Imports) -> Handler {
    Arc::new(move |request| match request {
        Request::Status => reply(serde_json::to_value(probe()).map_err(Into::into)),
        Request::Compact => reply(upkeep.put_in_order()),
        Request::Keep(task) => keep(&jobs, task),
        Request::ImportedThrough { agent, epoch } => Reply::Done(imports.receiver.last_row(&agent, epoch).into()),
        Request::Import(piece) => reply(imports.take(*piece)),
    })
}

/// Has it done on the marts' thread and waits for what comes of it.
fn keep(jobs: &SyncSender<Job>, task: Task) -> Reply {
    let (done, outcome) = sync_channel(1);
    let answered = jobs.send(Job { task, done }).ok().and_then(|()| outcome.recv().ok());
    answered.map_or_else(|| Reply::Failed("the warehouse is ending".to_owned()), reply)
}

fn reply(outcome: anyhow::Result<Value>) -> Reply {
    match outcome {
        Ok(value) => Reply::Done(value),
        Err(error) => Reply::Failed(format!("{error:#}")),
    }
}
