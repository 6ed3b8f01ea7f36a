//! When days close.

use super::*;

/// Aim: a day closes 24 hours after its end and not before, and nothing closes before there is a day.
#[test]
fn a_day_closes_after_its_end() {
    let at = |text: &str| closable(text.parse().unwrap()).and_then(TestDate::of).map(|day| day.to_string());
    assert_eq!(at("2026-11-24T00:09:59Z").as_deref(), Some("2026-11-21"));
    assert_eq!(at("2026-11-24T00:10:00Z").as_deref(), Some("2026-11-22"));
    assert_eq!(at("2026-11-24T23:59:59Z").as_deref(), Some("2026-11-22"));
    assert_eq!(at("1970-01-02T00:00:00Z"), None);
}
