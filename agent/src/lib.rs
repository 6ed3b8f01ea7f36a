//! The agent: a sidecar of a provider's test server.
//!
//! A result's life here:
//! 1. [`http`] takes it from the browser; `intake` finds out whose it is and what it says;
//! 2. [`store`] writes it into the history (with the address) and the outbox (without) in one transaction, and only
//!    then the client gets its answer;
//! 3. the store seals records into batches, which cuts their link to the history;
//! 4. [`upload`] signs each batch and sends it until the warehouse has it;
//! 5. the batch stays for a week, in case the warehouse is restored from a backup and asks for it again;
//! 6. [`webhook`] tells the provider's own system of it, if there is one: queued in the same transaction.

pub mod cli;

pub mod config;

pub mod serve;

pub mod http;

pub mod store;

pub mod upload;

pub mod webhook;

pub mod outgoing;

pub mod backoff;

pub mod legacy;

pub mod logging;

pub mod observe;

pub mod durations;

pub mod supervisor;

pub mod local_key;

pub mod support_key;

pub mod lock;

pub use serve::{Listeners, run};
