//! Clients that are erased: nothing of them stays, what was not sealed never arrives, and the counts stay right.

use std::sync::Arc;

use proptest::sample::Index;
use tokio::sync::oneshot;

use super::Model;
use super::result::{client, key};
use crate::store::Message;
use crate::store::erase::Erasure;

impl Model {
    pub(super) fn erase(&mut self, which: Index) {
        if self.acknowledged.is_empty() {
            return;
        }
        let (number, before) = self.acknowledged[which.index(self.acknowledged.len())];
        let (client, key) = (client(number), key(number));
        let (answer, mut answered) = oneshot::channel();
        self.turn(vec![Message::Erase(Arc::new(Erasure::of(client, &key, key)), answer)]);
        let step = answered.try_recv().expect("an erasure is answered").expect("a healthy disk");
        self.erased_unsealed += step.erased.unsealed_records;
        self.erased.insert(number);
        let left = self.job(move |connection| {
            let count = |sql: &str| connection.query_row(sql, [before.local_id], |row| row.get::<_, u64>(0));
            Ok(count("SELECT count(*) FROM history WHERE local_id = ?1")?
                + count("SELECT count(*) FROM answers WHERE local_id = ?1")?)
        });
        assert_eq!(left, 0, "result {number} is still there");
        self.check_memory();
    }

    /// What the writer knows without asking is what the database says.
    pub(super) fn check_memory(&self) {
        let report = self.report();
        let memory = &self.writer.as_ref().and_then(|writer| writer.open.as_ref()).expect("it runs").memory;
        let known = (memory.history_rows, memory.waiting);
        assert_eq!(known, (report.history_rows, report.waiting_records));
    }
}
