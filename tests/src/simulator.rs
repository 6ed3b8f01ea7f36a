//! A world that tests its internet: real networks, invented quality, the same for the same seed.
//!
//! A result's life here: a [`network`] in a [`country`] has [`client`]s; at an hour of the [`calendar`] one of them makes
//! a [`measurement`]; its program writes a [`body`]. Live results are posted as such bodies. [`history`] passes the same
//! bodies through the agents' own door to make the records of a month in seconds.

pub mod dice;

pub mod country;

pub mod network;

pub mod client;

pub mod calendar;

pub mod measurement;

pub mod body;

pub mod live;

pub mod door;

pub mod history;
