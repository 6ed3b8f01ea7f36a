//! `agent run`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use intake::clock::SystemClock;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::{Finding, Grade, Loaded};
use crate::serve::{self, Listeners};
use crate::store::reader::MAX_READERS;
use crate::supervisor::Supervisor;

/// Threads that serve requests; the disk has a thread of its own.
const WORKER_THREADS: usize = 2;

/// Threads for what blocks: look-ups of the support desk, and beside them the name of the webhook's receiver, that of the
/// warehouse, and the replacement of ASN databases.
const BLOCKING_THREADS: usize = MAX_READERS + 2;

/// How long a thread that blocks may go on after everything else has ended.
const BLOCKING_PATIENCE: Duration = Duration::from_millis(250);

pub(super) fn run(loaded: Loaded) -> anyhow::Result<()> {
    crate::logging::start(loaded.config.log_format);
    tell(&loaded.startup_findings());
    let config = loaded.config;
    // On a quiet machine one thread carries as much; on one that is busy with other things two carry a quarter more.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let done = runtime.block_on(async move {
        // First of all: from here on a SIGTERM ends it well, at whatever moment it comes.
        let terminated = terminated()?;
        let bind = async |address| TcpListener::bind(address).await.with_context(|| format!("listening on {address}"));
        let public = bind(config.listen).await?;
        let metrics = bind(config.metrics_listen).await?;
        // Not the whole address: no line of the log has one.
        tracing::info!(listen.port = public.local_addr()?.port(), "taking results");
        let supervisor = Supervisor::from_environment();
        serve::run(config, Listeners { public, metrics }, Arc::new(SystemClock), &supervisor, terminated).await
    });
    // A look-up, or a name that no server resolves, may hold its thread for long; nothing depends on its end.
    runtime.shutdown_timeout(BLOCKING_PATIENCE);
    done
}

/// What the operator should know of the configuration, once a start.
fn tell(findings: &[Finding]) {
    for finding in findings {
        match finding.grade {
            Grade::Note => tracing::info!(subject = %finding.subject, "{}", finding.says),
            _ => tracing::warn!(subject = %finding.subject, "{}", finding.says),
        }
    }
}

/// Completes at SIGTERM or Ctrl-C, from this call on.
fn terminated() -> anyhow::Result<impl Future<Output = ()> + Send> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
