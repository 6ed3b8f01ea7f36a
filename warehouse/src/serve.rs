//! The running warehouse: everything put together, with time, listeners and shutdown as arguments.

mod commands;

mod keeping;

mod lake_writer;

mod uploading;

pub(crate) mod recovery;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::routing::get;
use intake::asn::AsnDatabase;
use intake::client::TrustedProxies;
use intake::clock::Clock;
use intake::key::LocalKey;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::watch;

use self::lake_writer::LakeWriter;
use crate::admission::Gate;
use crate::agents::Directory;
use crate::config::Config;
use crate::direct::Direct;
use crate::http::asn_lookup::Lookup;
use crate::http::data::Data;
use crate::http::health::{Alarms, Health, Probe};
use crate::http::ingest::Ingest;
use crate::http::pages::Pages;
use crate::http::submit::Submit;
use crate::http::v1::Api;
use crate::import::Receiver;
use crate::keeper::{CurrentCut, Keeper, Parts};
use crate::lake::Lake;
use crate::landing::Landing;
use crate::lock::DirLock;
use crate::paths::DataDir;
use crate::sealer::Sealer;
use crate::shelf::CurrentShelf;
use crate::{control, http, observe};

/// How often the registry's file is looked at.
const REGISTRY_POLL: Duration = Duration::from_secs(1);

/// How often the ASN database's file is looked at.
const DATABASE_POLL: Duration = Duration::from_secs(30);

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
    let (lake, recovery) = Lake::open(dir.root(), clock.now())?;
    if let Some(alarm) = &recovery.alarm {
        tracing::error!(cause = %alarm.cause, "the lake was damaged and goes on from an older manifest");
    }
    if recovery.rolled_forward {
        tracing::warn!(lake.manifest = %lake.current().id, "CURRENT named an older manifest; the lake goes on from the newest");
    }
    let lake = Arc::new(lake);
    let marks = recovery::recover(&landing, &lake.current())?;
    let gate = Gate::new(marks);

    let (stop, stopped) = watch::channel(());
    let ingest = Ingest::new(&config.ingest, Arc::clone(&directory), gate.clone(), landing.clone(), Arc::clone(&clock));
    let database = Arc::new(AsnDatabase::open(config.asn.clone())?);
    let sealer = Arc::new(Sealer::new(config.seal.clone(), Arc::clone(&lake), landing.clone(), Arc::clone(&clock)));
    let (cut, shelf) = (CurrentCut::default(), CurrentShelf::default());
    let keeper = Keeper::open(Parts {
        config: config.clone(),
        lake: Arc::clone(&lake),
        sealer: Arc::clone(&sealer),
        names: Arc::clone(&database),
        clock: Arc::clone(&clock),
        cut: Arc::clone(&cut),
        shelf: Arc::clone(&shelf),
    })?;
    let alarms = Alarms::default();
    if recovery.alarm.is_some() {
        alarms.raise("lake_recovered");
    }
    let (stop_sealing, sealing_stopped) = std::sync::mpsc::channel::<()>();
    let writer = LakeWriter {
        config: config.seal.clone(),
        retention: config.retention.clone(),
        sealer,
        lake: Arc::clone(&lake),
        clock: Arc::clone(&clock),
    };
    let upkeep = commands::Upkeep {
        lake: Arc::clone(&lake),
        replaced_hours: config.retention.replaced_hours,
        clock: Arc::clone(&clock),
    };
    let imports = commands::Imports {
        receiver: Receiver::new(gate.clone(), landing.clone(), Arc::clone(&clock)),
        most_waiting_bytes: config.ingest.max_landing_bytes,
    };
    let probe = probe(landing.clone(), lake, Arc::clone(&cut), alarms.clone());
    let writer = std::thread::Builder::new()
        .name("lake".to_owned())
        .spawn(move || writer.run(sealing_stopped))
        .context("cannot start the lake's writer")?;
    let (keeping, jobs) =
        keeping::start(keeper, Duration::from_millis(config.engine.refresh_interval_ms), alarms.clone())?;
    let proxies = TrustedProxies::parse(config.trusted_proxies.iter().map(String::as_str));
    let proxies = Arc::new(proxies.context("cannot use trusted_proxies")?);
    let clients = clients_router(&config, Arc::clone(&proxies), gate, landing.clone(), database, Arc::clone(&clock))?;
    let pages = Pages::new(
        Arc::clone(&cut),
        Arc::clone(&shelf),
        Arc::clone(&proxies),
        &config.pages,
        config.api.per_client_per_minute,
    )
    .with_files_at(config.release.public_url.as_deref());
    let nowhere = pages.clone();
    let public = ingest
        .router()
        .merge(clients)
        .merge(Data::new(Arc::clone(&shelf), dir.public(), Arc::clone(&proxies), &config.data).router())
        .merge(Api::new(cut, proxies, config.api.per_client_per_minute).router())
        .merge(pages.router())
        .merge(http::sponsor::router(&config.sponsor))
        .merge(http::health::router(Arc::clone(&probe)))
        .fallback(move |uri, headers| nowhere.nowhere(uri, headers));
    let uploads = tokio::spawn(uploading::follow(config.bucket.clone(), dir.clone(), shelf, alarms.clone()));
    let control =
        tokio::spawn(control::serve(control::bind(&dir)?, commands::handler(probe, jobs.clone(), upkeep, imports)));
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
    control.abort();
    // What it did not end goes on after the next start.
    uploads.abort();
    drop(stop);
    let _ = metrics.await;
    drop((stop_sealing, jobs));
    // What could not be sealed lies in the landing zone and is sealed after the next start.
    let _ = tokio::task::spawn_blocking(move || (writer.join(), keeping.join())).await;
    Ok(())
}

/// What browsers ask of the warehouse itself: direct tests and look-ups.
fn clients_router(
    config: &Config,
    proxies: Arc<TrustedProxies>,
    gate: Gate,
    landing: Landing,
    database: Arc<AsnDatabase>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Router> {
    let failed = || observe::job_failed("asn_database");
    tokio::spawn(AsnDatabase::follow(Arc::downgrade(&database), DATABASE_POLL, failed));
    let lookups = config.ingest.lookups_per_client_per_minute;
    let lookup = Lookup::new(Arc::clone(&database), Arc::clone(&proxies), lookups);
    let direct = Direct::start(gate, landing, Arc::clone(&clock))?;
    let keys = [LocalKey::generate()?, LocalKey::generate()?];
    let submit = Submit::new(direct, database, proxies, clock, config.ingest.direct_per_client_per_minute, keys);
    Ok(submit.router().merge(lookup.router()))
}

/// How the warehouse stands, whenever somebody asks.
fn probe(landing: Landing, lake: Arc<Lake>, cut: CurrentCut, alarms: Alarms) -> Probe {
    Arc::new(move || {
        let alarms = alarms.raised();
        Health {
            status: if alarms.is_empty() { "ok" } else { "degraded" },
            version: env!("CARGO_PKG_VERSION"),
            landing_bytes: landing.bytes(),
            manifest: lake.current().number,
            cut: cut.load().as_ref().map(|cut| cut.document.id.to_string()),
            alarms,
        }
    })
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
