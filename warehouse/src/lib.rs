//! The warehouse: from signed batches to the public ranking.
//!
//! The life of the data:
//! 1. [`http`] takes a batch and [`verify`] proves who sent it before anything is opened; what is left is `Verified<Batch>`;
//! 2. [`admission`] lets each `(agent, epoch, seq)` in once, and [`landing`] makes it durable before it is acknowledged;
//! 3. the lake seals landed batches into day partitions of Parquet, each step published by one switch of a manifest;
//! 4. the marts aggregate the lake with the SQL of `queries/`, by what the [`agents`] registry lets each agent speak for;
//! 5. once a day a public cut is made from the closed days: it is the release, and all that the public ever reads;
//! 6. every few minutes [`analytics`] publishes a file in which the operator's own analysts read all of it.
//!
//! [`serve`] runs these together, with time, listeners and shutdown as arguments.

pub mod cli;

pub mod config;

pub mod paths;

pub mod durable;

pub mod lock;

pub mod serve;

pub mod http;

pub mod agents;

pub mod verify;

pub mod admission;

pub mod landing;

pub mod direct;

pub mod import;

pub mod control;

pub mod doctor;

pub mod observe;

pub mod digest;

pub mod lake;

pub mod withdrawals;

pub mod engine;

pub mod catalog;

pub mod inputs;

pub mod blocks;

pub mod marts;

pub mod cut;

pub mod shelf;

pub mod bucket;

pub mod export;

pub mod analytics;

pub mod sealer;

pub mod backup;

pub mod keeper;
