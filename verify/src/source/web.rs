//! A public directory on a server: each file is fetched once, within its size, from that server and no other.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{Client, StatusCode, Url, redirect};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{Asked, SourceFault};
use crate::manifest::ReleaseId;

/// How long a server may take to be reached, and to send the next bytes.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// Redirects that are followed, all on the same server.
const REDIRECTS_MOST: usize = 3;

/// A public directory on a server, and what was fetched from it.
pub(super) struct Web {
    base: Url,
    client: Client,
    runtime: Runtime,
    fetched: TempDir,
    places: HashMap<String, PathBuf>,
}

impl Web {
    /// Of the URL of a public directory, of a release in it, or of a document of either.
    pub(super) fn open(place: &str) -> anyhow::Result<(Self, Option<Asked>)> {
        let (base, asked) = parse(place)?;
        // It is installed once a program; a second time changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let same_host = redirect::Policy::custom(|attempt| {
            let is_same = attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
            if is_same && attempt.previous().len() <= REDIRECTS_MOST { attempt.follow() } else { attempt.stop() }
        });
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .redirect(same_host)
            .user_agent(concat!("bufferlake-verify/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("the HTTP client cannot be made")?;
        let fetched = tempfile::Builder::new().prefix("bufferlake-verify-").tempdir()?;
        Ok((Self { base, client, runtime, fetched, places: HashMap::new() }, asked))
    }

    pub(super) fn file(&mut self, path: &str, most_bytes: u64) -> Result<PathBuf, SourceFault> {
        if let Some(place) = self.places.get(path) {
            return Ok(place.clone());
        }
        let url = self.base.join(path).map_err(|_| SourceFault::BadPath)?;
        let place = self.fetched.path().join(self.places.len().to_string());
        self.runtime.block_on(fetch(&self.client, url, &place, most_bytes))?;
        self.places.insert(path.to_owned(), place.clone());
        Ok(place)
    }
}

/// The public directory's URL and the release in it.
fn parse(place: &str) -> anyhow::Result<(Url, Option<Asked>)> {
    let mut url = Url::parse(place).with_context(|| format!("{place} is no URL"))?;
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/').to_owned();
    let path = ["/manifest.json", "/latest.json"].iter().find_map(|name| path.strip_suffix(name)).unwrap_or(&path);
    let (public, asked) = match path.rsplit_once("/releases/") {
        None => (path, None),
        Some((public, name)) => match ReleaseId::parse(name) {
            Some(id) => (public, Some(Asked::Named(id))),
            None => bail!("{name:?} is no name of a release, such as 2026-11-22"),
        },
    };
    url.set_path(&format!("{public}/"));
    Ok((url, asked))
}

async fn fetch(client: &Client, url: Url, place: &PathBuf, most_bytes: u64) -> Result<(), SourceFault> {
    let mut response = client.get(url).send().await.map_err(unreadable)?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND | StatusCode::GONE => return Err(SourceFault::Missing),
        status => return Err(SourceFault::Unreadable(format!("the server answers {status}"))),
    }
    let mut file = File::create(place).map_err(unreadable)?;
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await.map_err(unreadable)? {
        bytes += chunk.len() as u64;
        if bytes > most_bytes {
            return Err(SourceFault::TooLong(most_bytes));
        }
        file.write_all(&chunk).map_err(unreadable)?;
    }
    Ok(())
}

/// An error with its causes.
fn unreadable(error: impl std::error::Error + 'static) -> SourceFault {
    let first: &dyn std::error::Error = &error;
    let causes: Vec<String> =
        std::iter::successors(Some(first), |error| error.source()).map(ToString::to_string).collect();
    SourceFault::Unreadable(causes.join(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Aim: every URL that a reader may have at hand leads to the public directory and the release.
    #[test]
    fn urls_lead_to_the_public_directory() {
        let read = |place: &str| parse(place).map(|(url, asked)| (url.to_string(), asked)).unwrap();
        let public = "https://data.example/data/v1/".to_owned();
        for place in ["", "/", "/latest.json"] {
            assert_eq!(read(&format!("https://data.example/data/v1{place}")), (public.clone(), None));
        }
        let id = ReleaseId::parse("2026-11-22.2").map(Asked::Named);
        for place in ["", "/", "/manifest.json", "?x#y"] {
            let place = format!("https://data.example/data/v1/releases/2026-11-22.2{place}");
            assert_eq!(read(&place), (public.clone(), id.clone()), "{place}");
        }
        assert!(parse("https://data.example/releases/newest").is_err());
    }
}
