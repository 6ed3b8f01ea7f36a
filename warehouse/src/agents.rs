//! Who may send batches, for which networks, and with which keys.

mod registry;

pub use registry::{AcceptedGap, Agent, Binding, Registry};
