//! The one door: from a client's HTTP request to an IP-free [`wire::Record`].
//!
//! The life of a request here:
//! 1. [`server`] takes the connection, with bounds on time, bytes and number;
//! 2. [`client`] finds the client's address behind the proxies that are trusted;
//! 3. [`submission`] parses what the client sent, and says as a [`problem`] document what was wrong;
//! 4. [`asn`] finds the network and country, [`votes`], [`retries`], [`limit`] and [`places`] decide what counts and what is too much;
//! 5. a [`wire::Record`] comes out, and the address stays behind.

pub mod server;

pub mod client;

pub mod submission;

pub mod problem;

pub mod asn;

pub mod votes;

pub mod retries;

pub mod limit;

pub mod places;

pub mod key;

pub mod clock;
