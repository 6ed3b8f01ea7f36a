//! The request that carries a delivery: its headers, its time-out, and what came back.

use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;

use super::plain_http::{NotPermitted, PlainHttp, Resolver};
use super::receiver::MAX_IN_FLIGHT;
use super::sign::{ID_HEADER, Keys, LEGACY_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER};
use super::verdict::{Answer, Silence};
use crate::outgoing;
use crate::store::webhooks::Delivery;

/// Longest wait for an answer, the connection included.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Most bytes of an answer's body that are read, and thrown away, so that its connection can be used again.
const MAX_DRAINED_BYTES: usize = 16 << 10;

/// Longest wait for the rest of an answer whose status is known.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a connection is kept for the next delivery.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// Sends a delivery.
pub trait Post: Send + Sync + 'static {
    /// Sends it once; `timestamp_s` is the time of this attempt.
    fn post(&self, delivery: Delivery, timestamp_s: i64) -> impl Future<Output = Answer> + Send;
}

/// Sends over HTTP.
pub struct HttpPost {
    client: reqwest::Client,
    url: Url,
    keys: Option<Keys>,
}

impl HttpPost {
    /// Prepares to post to this URL; with plain http only where that is allowed.
    ///
    /// # Errors
    /// If plain http may not go to the URL's address, or TLS cannot be set up.
    pub fn new(url: Url, plain_http: PlainHttp, keys: Option<Keys>) -> anyhow::Result<Self> {
        let resolver = if url.scheme() == "http" {
            // An address needs no resolver, so that no resolver would look at it.
            let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
            let permitted = host.parse::<IpAddr>().map_or(true, |address| plain_http.permits(address));
            ensure!(
                permitted,
                "webhook.url: plain http is for loopback and the prefixes of webhook.plain_http_to only"
            );
            Resolver::only(plain_http)
        } else {
            Resolver::any()
        };
        Self::with(url, resolver, keys, TIMEOUT)
    }

    fn with(url: Url, resolver: Resolver, keys: Option<Keys>, timeout: Duration) -> anyhow::Result<Self> {
        let client = outgoing::client()
            .timeout(timeout)
            .pool_max_idle_per_host(MAX_IN_FLIGHT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .dns_resolver(resolver)
            .build()
            .context("preparing the HTTP client")?;
        Ok(Self { client, url, keys })
    }
}

impl Post for HttpPost {
    async fn post(&self, delivery: Delivery, timestamp_s: i64) -> Answer {
        let Delivery { message_id, body, .. } = delivery;
        let mut request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        if let Some(keys) = &self.keys {
            request = request
                .header(LEGACY_HEADER, keys.legacy(&body))
                .header(SIGNATURE_HEADER, keys.standard(&message_id, timestamp_s, &body));
        }
        let request = request.header(ID_HEADER, message_id).header(TIMESTAMP_HEADER, timestamp_s).body(body);
        match request.send().await {
            Ok(mut response) => {
                let asked_s = outgoing::retry_after_s(response.headers(), timestamp_s);
                let answer = Answer::Status(response.status().as_u16(), asked_s);
                let _ = tokio::time::timeout(DRAIN_TIMEOUT, drain(&mut response)).await;
                answer
            }
            Err(error) => Answer::Silence(silence(&error)),
        }
    }
}

/// Reads a short body to its end. A long one, or one that breaks off, costs its connection and nothing else.
async fn drain(response: &mut reqwest::Response) {
    let mut left = MAX_DRAINED_BYTES;
    while let Ok(Some(chunk)) = response.chunk().await {
        let Some(less) = left.checked_sub(chunk.len()) else { return };
        left = less;
    }
}

/// Why there is no answer. The error itself is not shown: it has the URL in it, which is configuration.
fn silence(error: &reqwest::Error) -> Silence {
    if error.is_timeout() {
        return Silence::Late;
    }
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<NotPermitted>() {
            return Silence::NotPermitted;
        }
        if error.is::<rustls::Error>() {
            return Silence::Insecure;
        }
        // What an error of the system wraps is not its source, but stands in its place.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    if error.is_dns() { Silence::NoName } else { Silence::NoConnection }
}

#[cfg(test)]
mod tests;
