//! From bytes that anyone may send to a batch that is proven to come from a known agent.
//!
//! The order is the defence: headers, then the digest and the signature over it, and only then is anything opened,
//! within bounds. [`Verified`] is the proof: nothing outside of this module makes one.

mod open;

mod refusal;

mod signed;

mod sort;

pub use open::Encoding;
pub use refusal::Refusal;
pub use signed::{SignedBody, SignedHeaders};
pub use sort::{MAX_AGE_DAYS, MAX_AHEAD_HOURS, Sorted, sort};

/// A value that came under a valid signature of the agent that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// The value. It has left the proof behind; take it last.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> std::ops::Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
