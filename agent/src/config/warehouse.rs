//! The warehouse and this agent's account there.

use std::path::PathBuf;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use wire::AgentId;
use wire::signature::Secret;

use super::{PostUrl, post_url, secret_file};

/// The warehouse and this agent's account there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarehouseConfig {
    /// Base URL; plain http only to loopback.
    pub url: PostUrl,
    /// The id that the warehouse's operator gave.
    pub agent_id: AgentId,
    /// File of mode 0600 with the secret: 64 hexadecimal digits.
    pub secret_file: PathBuf,
}

impl WarehouseConfig {
    /// The URL below which batches are posted.
    ///
    /// # Errors
    /// If it is no URL, holds a password, or would send batches over plain http through a network.
    pub fn base_url(&self) -> anyhow::Result<reqwest::Url> {
        post_url::parse(&self.url, None).context("warehouse.url")
    }

    /// Reads the secret from its file.
    ///
    /// # Errors
    /// If the file cannot be read, is readable by others, or holds no secret.
    pub fn secret(&self) -> anyhow::Result<Secret> {
        let text = secret_file::read(&self.secret_file)?;
        Secret::parse(text.reveal())
            .with_context(|| format!("the secret {} is not 64 hexadecimal digits", self.secret_file.display()))
    }
}
