//! The real programs, run on ports and in directories of their own.
//!
//! A test takes a [`Scratch`] directory, starts a [`Warehouse`] and [`Agent`]s in it, puts a [`Proxy`] between them where
//! faults are wanted, and waits for what must come with [`until`]. Whatever it started ends with it.

mod acceptor;
mod agent;
mod bucket;
mod patience;
mod program;
mod proxy;
mod python;
mod receiver;
mod scratch;
mod small_disk;
mod trials;
mod warehouse;

pub use agent::{Account, Agent, AgentOptions, telemetry};
pub use bucket::Bucket;
pub use patience::until;
pub use program::{Program, binary, free_port, run};
pub use proxy::{Fault, Proxy};
pub use python::{python, run_python};
pub use receiver::{Conduct, Received, Receiver};
pub use scratch::Scratch;
pub use small_disk::SmallDisk;
pub use trials::Trials;
pub use warehouse::{Warehouse, WarehouseOptions};
