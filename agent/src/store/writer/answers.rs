//! What a transaction owes to those who waited for it.

use tokio::sync::oneshot;

use crate::store::accept::Accepted;
use crate::store::{Answer, Message, StoreFault};

pub(super) type Waiting = (oneshot::Sender<Result<Accepted, StoreFault>>, Result<Accepted, StoreFault>);

/// What one transaction owes to those who waited for it.
pub(in crate::store) struct Answers {
    pub(super) committed: bool,
    pub(super) waiting: Vec<Waiting>,
    pub(super) jobs: Vec<Answer>,
}

impl Answers {
    /// Tells everyone. It is done on the side of those who wait: waking each of them from the writer's thread would
    /// cost it a system call a result.
    pub(in crate::store) fn give(self) {
        for (answer, result) in self.waiting {
            let _ = answer.send(if self.committed { result } else { Err(StoreFault::NotCommitted) });
        }
        for answer in self.jobs {
            answer(self.committed);
        }
    }
}

/// Those whose turn never came get the same answer as those whose transaction failed.
pub(super) fn refuse(group: impl IntoIterator<Item = Message>, waiting: &mut Vec<Waiting>) {
    for message in group {
        match message {
            Message::Submit(_, answer) => waiting.push((answer, Err(StoreFault::NotCommitted))),
            Message::Erase(_, answer) => {
                let _ = answer.send(Err(StoreFault::NotCommitted));
            }
            // One that is dropped tells its asker so by itself.
            Message::Job(_) | Message::CutLog(_) => {}
        }
    }
}
