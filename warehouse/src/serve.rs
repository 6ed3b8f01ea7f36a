//! The running warehouse: everything put together, with time, listeners and shutdown as arguments.

mod recovery;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::routing::get;
use intake::clock::Clock;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::admission::Gate;
use crate::agents::Directory;
use crate::config::Config;
use crate::http::health::Health;
use crate::http::ingest::Ingest;
use crate::landing::Landing;
use crate::lock::DirLock;
use crate::paths::DataDir;
use crate::{http, observe};

/// How often the registry's file is looked at.
const REGISTRY_POLL: Duration = Duration::from_secs(1);

/// Most connections to the metrics listener.
const MAX_METRICS_CONNECTIONS: usize = 16;

/// Where the warehouse listens.
#[derive(Debug)]
pub struct Listeners {
    /// For agents, clients and the public.
    pub public: TcpListener,
    /// For the operator's monitoring.
    pub metrics: TcpListener,
}

impl Listeners {
    /// Binds the addresses of the configuration.
    ///
    /// # Errors
    /// If one of them is taken or not ours.
    pub async fn bind(config: &Config) -> anyhow::Result<Self> {
        let public =
            TcpListener::bind(config.listen).await.with_context(|| format!("cannot listen on {}", config.listen))?;
        let metrics = TcpListener::bind(config.metrics_listen)
            .await
            .with_context(|| format!("cannot listen for metrics on {}", config.metrics_listen))?;
        Ok(Self { public, metrics })
    }
}

/// Runs the warehouse in its data directory until `shutdown` completes: recovers, serves, and ends in order.
///
/// # Errors
/// If the directory is held by another warehouse or cannot be recovered.
pub async fn run(
    config: Config,
    listeners: Listeners,
    clock: Arc<dyn Clock>,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let dir = DataDir::new(&config.dir);
    let _lock = DirLock::take(&dir)?;
    let metrics = observe::install()?;
    let directory = Arc::new(Directory::open(&dir)?);
    let landing = Landing::open(&dir.landing())?;
    let marks = recovery::recover(&landing)?;
    let gate = Gate::new(marks);

    let (stop, stopped) = watch::channel(());
    let ingest = Ingest::new(&config.ingest, Arc::clone(&directory), gate, landing.clone(), Arc::clone(&clock));
    let probe_landing = landing.clone();
    let probe = Arc::new(move || Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        landing_bytes: probe_landing.bytes(),
        manifest: 0,
        cut: None,
        alarms: Vec::new(),
    });
    let public = ingest.router().merge(http::health::router(probe));
    let registry = tokio::spawn(follow_registry(Arc::clone(&directory)));
    let metrics = tokio::spawn(intake::server::serve(
        listeners.metrics,
        metrics_router(metrics),
        MAX_METRICS_CONNECTIONS,
        until(stopped.clone()),
    ));

    intake::server::serve(listeners.public, public, config.ingest.max_connections, shutdown).await;
    tracing::info!("the warehouse takes nothing more and ends in order");
    registry.abort();
    drop(stop);
    let _ = metrics.await;
    Ok(())
}

/// Completes when the other end of the channel is dropped.
async fn until(mut stopped: watch::Receiver<()>) {
    while stopped.changed().await.is_ok() {}
}

/// Reads the registry again whenever its file changes.
async fn follow_registry(directory: Arc<Directory>) {
    let mut ticks = tokio::time::interval(REGISTRY_POLL);
    loop {
        ticks.tick().await;
        match directory.reload_if_changed() {
            Ok(true) => tracing::info!("the agents registry was read again"),
            Ok(false) => {}
            Err(error) => {
                observe::job_failed("registry");
                tracing::error!(error = %error, "the agents registry cannot be read; what was known stays in force");
            }
        }
    }
}

fn metrics_router(handle: PrometheusHandle) -> Router {
    Router::new().route("/metrics", get(move || std::future::ready(handle.render())))
}
