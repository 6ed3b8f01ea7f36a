//! The system assembled: what is needed to run all of Bufferlake at once, for the demo, the tests and the benchmarks.
//!
//! - [`simulator`]: networks and clients fitted to real ones, and the results that they send;
//! - [`asn_data`]: the databases in which those networks are found;
//! - [`http`]: the client side of the wire, bare enough to misbehave;
//! - [`sender`]: sealed and signed batches, as an agent of ours makes them;
//! - [`harness`]: the real programs, started, cut off, killed and restarted;
//! - [`browser`]: Chromium over the pages of those programs;
//! - [`past`]: a warehouse that looks back on a month;
//! - [`canary`]: finds an address in bytes, however it is spelled;
//! - [`demo`]: all of it at once, to look at;
//! - [`bench`]: what it can carry, measured.

pub mod simulator;

pub mod asn_data;

pub mod http;

pub mod sender;

pub mod harness;

pub mod browser;

pub mod past;

pub mod canary;

pub mod demo;

pub mod bench;
