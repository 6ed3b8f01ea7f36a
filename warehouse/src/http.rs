//! What is answered over HTTP, one file per noun.

pub mod asn_lookup;

pub mod health;

pub mod ingest;

pub mod submit;
