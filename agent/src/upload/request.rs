//! The request that carries a batch: all that ever leaves for the warehouse is made here.

use std::time::Duration;

use anyhow::Context as _;
use wire::AgentId;
use wire::signature::{
    AGENT_HEADER, BATCHES_PATH, ContentDigest, DIGEST_HEADER, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER,
};

use crate::config::WarehouseConfig;
use crate::outgoing;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest wait for a whole answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The client, with its time-outs.
///
/// # Errors
/// If TLS cannot be set up.
pub fn client() -> anyhow::Result<reqwest::Client> {
    outgoing::client()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
        .pool_max_idle_per_host(1)
        .build()
        .context("preparing the HTTP client")
}

/// Where batches are posted.
///
/// # Errors
/// If the configured URL is none.
pub fn url(config: &WarehouseConfig) -> anyhow::Result<reqwest::Url> {
    config.base_url()?.join(BATCHES_PATH).context("making the URL for batches")
}

/// The headers of a batch; HTTP itself adds `host`, `content-length`, `accept` and `user-agent`.
#[must_use]
pub fn headers(agent: &AgentId, secret: &Secret, timestamp_s: i64, body: &[u8]) -> [(&'static str, String); 6] {
    let digest = ContentDigest::of(body);
    let signature = secret.sign(agent, timestamp_s, &digest);
    [
        ("content-type", "application/json".to_owned()),
        ("content-encoding", "zstd".to_owned()),
        (AGENT_HEADER, agent.to_string()),
        (TIMESTAMP_HEADER, timestamp_s.to_string()),
        (DIGEST_HEADER, digest.to_string()),
        (SIGNATURE_HEADER, signature),
    ]
}
