//! What travels from an agent to the warehouse, and nothing else.
//!
//! A result's life on the wire:
//! 1. the agent makes a [`Record`]: integers and enumerations, coarsened, with no place for an address or free text;
//! 2. up to [`MAX_BATCH_RECORDS`] of them become a [`Batch`], identified by `(agent, epoch, seq)`, whose bytes are sealed once;
//! 3. a [`signature`] covers the digest of the compressed bytes, so that nothing is opened before it is known who sent it;
//! 4. the warehouse answers with a [`Receipt`] once the batch is durable, or with the sequence number that it expects.
//!
//! This crate does no I/O and has no clock. Its golden bytes in `golden/v1/` must be readable by every later version.

pub mod record;

pub mod batch;

pub mod signature;

pub mod receipt;

pub use batch::{AgentId, Batch, BatchFault, DropReason, Epoch, MAX_BATCH_JSON_BYTES, MAX_BATCH_RECORDS, SCHEMA, Seq};
pub use receipt::{Outcome, QuarantineReason, Receipt};
pub use record::{
    Asn, AsnOutcome, ClientVersion, Country, Day, Grade, Hour, IpVersion, Latency, Rate, Record, RecordFault,
    RecordFields, TestType,
};
