//! To which URLs the agent posts: https anywhere, plain http only where nobody listens in.
//!
//! With plain http a name goes wherever the resolver says at that moment, which no check of today can know. So for batches
//! the host must be an address of loopback, or `localhost`, which the client must not ask a resolver for
//! ([`LOCALHOST_ADDRESSES`]). For the webhook a name is allowed where prefixes are listed; the client that posts must hold
//! every address that the resolver gives against them before it connects.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use reqwest::Url;
use serde::{Deserialize, Serialize, Serializer};

use super::hidden::MASK;

/// The one name to which plain http is allowed.
pub const LOCALHOST: &str = "localhost";

/// What [`LOCALHOST`] is, whatever a resolver says: for `reqwest::ClientBuilder::resolve_to_addrs`. The port is the
/// URL's.
pub const LOCALHOST_ADDRESSES: [SocketAddr; 2] =
    [SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0), SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0)];

/// A URL to which the agent posts. `Debug` and serialisation leave out what may be a password or a token in it: user
/// name, password, query and fragment.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct PostUrl(String);

impl PostUrl {
    /// Takes a URL; it is checked where it is used.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The whole URL.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What may be shown of it.
    #[must_use]
    pub fn shown(&self) -> String {
        let Ok(mut url) = Url::parse(&self.0) else { return MASK.to_owned() };
        if [url.query(), url.fragment(), url.password(), Some(url.username())]
            .iter()
            .flatten()
            .all(|part| part.is_empty())
        {
            return self.0.clone();
        }
        url.set_query(None);
        url.set_fragment(None);
        // Only a URL without a host refuses this, and then it has none of both.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        format!("{url} {MASK}")
    }
}

impl fmt::Debug for PostUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Serialize for PostUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown())
    }
}

/// Why a URL is not posted to. The URL is not repeated: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadUrl {
    #[error("is not a URL")]
    Unreadable,
    #[error("must be an https URL")]
    Scheme,
    #[error("must not hold a user name or a password: they would stand in logs of every proxy")]
    Credentials,
    #[error("must be https: plain http is for addresses of loopback only")]
    PlainToNetwork,
    #[error("must be https: plain http is for loopback and what lies in the prefixes of webhook.plain_http_to only")]
    PlainToPrefix,
}

/// Reads a URL and checks whether it may be posted to. `plain_http_to`: prefixes that plain http may go to beside
/// loopback; none if there can be no such prefix.
pub(super) fn parse(url: &PostUrl, plain_http_to: Option<&[IpNet]>) -> Result<Url, BadUrl> {
    let url = Url::parse(&url.0).map_err(|_| BadUrl::Unreadable)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BadUrl::Credentials);
    }
    // Unusual spellings of an IPv4 address (a number, hexadecimal digits) are in the usual one by now.
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let elsewhere = if plain_http_to.is_some() { BadUrl::PlainToPrefix } else { BadUrl::PlainToNetwork };
    let prefixes = plain_http_to.unwrap_or_default();
    let allowed = match host.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(address) => address.is_loopback() || prefixes.iter().any(|prefix| prefix.contains(&address)),
        Err(_) => host == LOCALHOST || !prefixes.is_empty(),
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if allowed => Ok(url),
        "http" => Err(elsewhere),
        _ => Err(BadUrl::Scheme),
    }
}

#[cfg(test)]
mod tests;
