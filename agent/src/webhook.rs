//! Tells the provider's own system of each result: the one place where an address may go.

pub mod body;
