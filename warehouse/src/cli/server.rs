//! `warehouse serve`.

use std::sync::Arc;

use anyhow::Context as _;
use intake::clock::SystemClock;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
use crate::serve::{self, Listeners};

/// Runs the warehouse with the machine's clock until a signal.
pub(super) fn serve(config: Config) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
        let listeners = Listeners::bind(&config).await?;
        tracing::info!(
            listen = %config.listen, metrics.listen = %config.metrics_listen, dir = %config.dir.display(),
            "the warehouse starts"
        );
        let shutdown = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        };
        serve::run(config, listeners, Arc::new(SystemClock), shutdown).await
    })
}
