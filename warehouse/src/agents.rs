//! Who may send batches, for which networks, and with which keys.
//!
//! The commands of the operator change files ([`Store`]); a running server sees the change within a second ([`Directory`]).

mod directory;

mod registry;

mod store;

pub use directory::{Directory, Standing};
pub use registry::{AcceptedGap, Agent, Binding, KeyId, Registry};
pub use store::{AgentsFault, NewKey, Store};
