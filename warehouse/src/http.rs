//! What is answered over HTTP, one file per noun.

pub mod health;

pub mod ingest;
