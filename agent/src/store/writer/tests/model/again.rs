//! Refused batches that are sent again by a command beside the running agent.

use super::Model;
use crate::store::{aside, schema};

/// Longest that a running agent may not notice a change that a command made.
const MAINTENANCE_S: i64 = 60;

impl Model {
    /// A running agent notices within a minute what a command puts into its outbox.
    pub(super) fn send_again(&mut self) {
        let mut connection = schema::open_beside(&self.path()).expect("the database");
        let transaction = connection.transaction().expect("a transaction");
        let mut again = 0;
        for batch in aside::list(&transaction).expect("a list") {
            match aside::retry(&transaction, batch.id).expect("asked") {
                Ok(records) => again += records,
                Err(why) => assert!(!batch.can_be_retried, "{why}"),
            }
        }
        transaction.commit().expect("committed");
        self.counted_twice += again;
        self.pass(MAINTENANCE_S);
        self.check_memory();
    }
}
