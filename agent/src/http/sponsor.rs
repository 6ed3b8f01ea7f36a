//! `GET /api/sponsor`: who runs the test server, for test pages to show.

use serde_json::json;

use super::fixed::Fixed;
use crate::config::SponsorConfig;

/// How long a page may show what it has read, in seconds: a change of the configuration arrives within it.
const MAX_AGE_S: u32 = 300;

/// The answer for this configuration; what is not configured is null.
pub(super) fn sponsor(config: &SponsorConfig) -> Fixed {
    let SponsorConfig { name, url, city } = config;
    let body = json!({ "sponsor_name": name, "sponsor_url": url, "sponsor_city": city });
    Fixed::new(body.to_string(), "application/json", MAX_AGE_S)
}
