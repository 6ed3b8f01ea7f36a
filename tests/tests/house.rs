//! The rules of the house, as tests: what may import what, how long files are, what the documents promise.
//!
//! Each rule is a function from text to offences. It is run over the whole repository, where it must find none, and over
//! a planted offence, which it must find.

mod dependencies;
mod files;
mod imports;
mod repository;

/// Fails with all offences at once, so that one run shows everything there is to mend.
fn assert_none(rule: &str, offences: &[String]) {
    assert!(offences.is_empty(), "{rule}:\n  {}", offences.join("\n  "));
}
