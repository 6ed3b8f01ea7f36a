//! A real S3-compatible store on loopback: SeaweedFS, one process with all its parts. It ends by SIGKILL; its own end takes
//! half a minute.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::json;

use super::program::{Program, free_port};
use super::{python, until};
use crate::http;

/// The key that may write, and its secret.
const KEY_ID: &str = "bufferlake-test";
const SECRET: &str = "a secret of the tests";

/// The bucket.
const NAME: &str = "releases";

/// How long the store may take to start.
const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// A running store with one bucket that everybody may read.
#[derive(Debug)]
pub struct Bucket {
    program: Program,
    address: SocketAddr,
}

impl Bucket {
    /// Starts the store in a directory, which is made, and makes the bucket.
    ///
    /// # Errors
    /// If the store is not installed or does not come up.
    pub fn start(dir: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
        let rights = |actions: &[&str]| actions.iter().map(|action| format!("{action}:{NAME}")).collect::<Vec<_>>();
        let identities = json!({"identities": [
            {"name": "writer", "credentials": [{"accessKey": KEY_ID, "secretKey": SECRET}],
                "actions": rights(&["Read", "Write", "List"])},
            {"name": "anonymous", "actions": rights(&["Read"])},
        ]});
        let config = dir.join("s3.json");
        std::fs::write(&config, identities.to_string()).context("writing the store's configuration")?;
        let (s3, filer) = (free_port()?, free_port()?);
        let text = |path: &Path| path.to_str().map(str::to_owned).context("the directory is no text");
        let mut arguments: Vec<String> =
            ["-logtostderr", "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"]
                .map(str::to_owned)
                .to_vec();
        for name in
            ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port.grpc", "s3.port.grpc"]
        {
            arguments.push(format!("-{name}={}", free_port()?));
        }
        arguments.extend([
            format!("-dir={}", text(dir)?),
            format!("-s3.port={s3}"),
            format!("-filer.port={filer}"),
            format!("-s3.config={}", text(&config)?),
            format!("-s3.localSocket={}", text(&dir.join("s3.sock"))?),
            format!("-filer.localSocket={}", text(&dir.join("filer.sock"))?),
            "-s3.port.iceberg=0".to_owned(),
            "-s3.port.lance=0".to_owned(),
            "-master.volumeSizeLimitMB=64".to_owned(),
            "-volume.max=16".to_owned(),
        ]);
        let weed = python()?.with_file_name("weed");
        ensure!(weed.is_file(), "{} is missing; `make setup` installs it", weed.display());
        let mut program = Program::start_file(&weed, &arguments, &[], &dir.join("log"))?;
        let made = format!("/buckets/{NAME}/");
        let filer = SocketAddr::from((Ipv4Addr::LOCALHOST, filer));
        program.wait_until_ready(READY_TIMEOUT, || {
            let request = http::request("POST", &made, &[], b"");
            http::fetch(filer, &request).is_ok_and(|answer| answer.status == 201)
        })?;
        let bucket = Self { program, address: SocketAddr::from((Ipv4Addr::LOCALHOST, s3)) };
        until("the bucket can be read", READY_TIMEOUT, || {
            bucket.get("none").is_ok_and(|answer| answer.status == 404).then_some(())
        })?;
        Ok(bucket)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The variables by which a warehouse finds it at this address and may write to it.
    #[must_use]
    pub fn environment(address: SocketAddr) -> Vec<(String, String)> {
        [
            ("BUFFERLAKE_WAREHOUSE_BUCKET__ENDPOINT", format!("http://{address}")),
            ("BUFFERLAKE_WAREHOUSE_BUCKET__NAME", NAME.to_owned()),
            ("BUFFERLAKE_WAREHOUSE_BUCKET__PREFIX", "data/v1".to_owned()),
            ("AWS_ACCESS_KEY_ID", KEY_ID.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// Where everybody reads a file of the releases.
    #[must_use]
    pub fn url_path(path: &str) -> String {
        format!("/{NAME}/data/v1/{path}")
    }

    /// What everybody gets who asks for a file of the releases.
    ///
    /// # Errors
    /// If there is no answer.
    pub fn get(&self, path: &str) -> anyhow::Result<http::Response> {
        http::get(self.address, &Self::url_path(path))
    }

    /// The process.
    pub fn program(&mut self) -> &mut Program {
        &mut self.program
    }
}
