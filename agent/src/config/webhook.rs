//! The provider's own system, which hears of each result.

use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Hidden, PostUrl, post_url, secret_file};

/// The provider's own system, which hears of each result with its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Where deliveries are posted; plain http only to loopback and to `plain_http_to`.
    pub url: PostUrl,
    /// File of mode 0600 with the key of the signatures.
    pub secret_file: Option<PathBuf>,
    /// The key itself, as `LIBREQOS_WEBHOOK_SECRET` and the old configuration file give it. If both are set, only the
    /// one from the stronger source is left after loading.
    pub secret: Option<Hidden>,
    /// Prefixes of the provider's own network to which plain http is allowed.
    #[serde(default)]
    pub plain_http_to: Vec<String>,
}

impl WebhookConfig {
    /// The URL to which deliveries are posted. The client that posts must follow no redirect; with plain http it must hold
    /// every address that a resolver gives for a name against loopback and [`Self::plain_prefixes`].
    ///
    /// # Errors
    /// If it is no URL, holds a password, or would send addresses over plain http to where it is not allowed.
    pub fn endpoint(&self) -> anyhow::Result<reqwest::Url> {
        let prefixes = self.plain_prefixes().context("webhook.plain_http_to")?;
        post_url::parse(&self.url, Some(&prefixes)).context("webhook.url")
    }

    /// The key of the signatures; none: deliveries are not signed.
    ///
    /// # Errors
    /// If the file cannot be read, is readable by others, or holds no key.
    pub fn signing_key(&self) -> anyhow::Result<Option<Hidden>> {
        match (&self.secret_file, &self.secret) {
            (Some(file), _) => secret_file::read(file).map(Some),
            (None, secret) => Ok(secret.clone()),
        }
    }

    /// `plain_http_to`, read. A prefix of length 0 is refused: it would allow plain http to everybody.
    ///
    /// # Errors
    /// Names what is no prefix.
    pub fn plain_prefixes(&self) -> anyhow::Result<Vec<IpNet>> {
        let read = |text: &String| {
            let text = text.trim();
            let prefix = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok();
            prefix
                .filter(|prefix| prefix.prefix_len() > 0)
                .with_context(|| format!("{text:?} is no address and no prefix of a network"))
        };
        self.plain_http_to.iter().map(read).collect()
    }
}
