//! `agent run`: everything assembled, until shutdown.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use intake::asn::AsnDatabase;
use intake::client::TrustedProxies;
use intake::clock::Clock;
use intake::limit::RateLimit;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::Config;
use crate::http::auth::Gate;
use crate::http::pages::Pages;
use crate::http::traffic::Traffic;
use crate::http::{Door, router};
use crate::lock::DataLock;
use crate::store::audit::AuditLog;
use crate::store::{Store, database_path};
use crate::supervisor::Supervisor;
use crate::support_key::SupportKey;
use crate::upload::{UploadState, Uploader};
use crate::webhook::{self, Deliverer};
use crate::{local_key, observe};

/// How often the ASN databases' files are looked at.
const ASN_RELOAD: Duration = Duration::from_secs(60);

/// Connections that the metrics listener serves at once.
const MAX_METRICS_CONNECTIONS: usize = 8;

/// How long the database's writer may finish what was asked of it before. What it does not finish was told to nobody,
/// and is rolled back at the next start.
const WRITER_PATIENCE: Duration = Duration::from_secs(1);

/// The sockets that `main` bound.
#[derive(Debug)]
pub struct Listeners {
    /// For clients.
    pub public: TcpListener,
    /// For metrics.
    pub metrics: TcpListener,
}

/// Takes results and uploads batches until `shutdown` completes; then open requests are finished. It ends within five
/// seconds of that, whatever clients, the warehouse and the disk do. `supervisor` hears how it goes.
///
/// # Errors
/// If the data directory, the databases or the secret cannot be used, or the database's writer ends.
pub async fn run(
    config: Config,
    listeners: Listeners,
    clock: Arc<dyn Clock>,
    supervisor: &Supervisor,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let _lock = DataLock::take(&config.data_dir)?;
    let database = database_path(&config.data_dir);
    let local_key = local_key::load(&config.data_dir, &database)?;
    let (store, writer_end) =
        Store::open(&database, config.store(), Arc::clone(&clock)).context("opening the agent's database")?;
    let key = local_key.key.clone();
    let mut tasks = tokio::task::JoinSet::new();
    if let Some(rest) = local_key.look_after(&config.data_dir, &store, config.ipv6_client_bits, &clock).await {
        tasks.spawn(rest);
    }
    let support_key = SupportKey::of(&config.support, &config.data_dir);
    support_key.prepare();
    let audit = AuditLog::new(store.clone(), Arc::clone(&clock), config.support.audit_rows);
    let asn = Arc::new(AsnDatabase::open(config.asn.clone()).context("opening the ASN database")?);
    let upload = Arc::new(Mutex::new(UploadState::default()));
    let webhook_state = webhook::SharedState::default();
    let door = Arc::new(Door {
        store: store.clone(),
        proxies: TrustedProxies::parse(config.trusted_proxies.iter().map(String::as_str))?,
        asn: Arc::clone(&asn),
        key,
        ipv6_client_bits: config.ipv6_client_bits,
        limit: RateLimit::new("results", config.limits.results_per_minute),
        traffic: Traffic::default(),
        upload: Arc::clone(&upload),
        webhook: Arc::clone(&webhook_state),
        sponsor: config.sponsor.clone(),
        gate: Gate::new(support_key, audit, Arc::clone(&clock)).context("preparing the support desk")?,
        reader: store.reader(&database),
        pages: Pages::new(&config),
        history_cap: config.history.max_rows,
        clock: Arc::clone(&clock),
    });

    if let Some(webhook) = &config.webhook {
        let deliverer = Deliverer::new(webhook, store.clone(), Arc::clone(&clock), webhook_state)?;
        tasks.spawn(deliverer.run());
    }
    if let Some(warehouse) = config.uploads_to() {
        tasks.spawn(Uploader::new(warehouse, store, clock, upload)?.run());
    } else {
        let why = if config.telemetry { "no warehouse is configured" } else { "telemetry is off" };
        tracing::info!("{why}: results stay here");
        drop(store);
    }
    tasks.spawn(AsnDatabase::follow(Arc::downgrade(&asn), ASN_RELOAD, || {}));

    let (stop, stopped) = watch::channel(());
    let mut metrics_stopped = stopped.clone();
    let metrics = observe::router(Arc::clone(&door));
    tasks.spawn(async move {
        intake::server::serve(listeners.metrics, metrics, MAX_METRICS_CONNECTIONS, async move {
            let _ = metrics_stopped.changed().await;
        })
        .await;
    });
    let mut stopped = stopped;
    let public = router(Arc::clone(&door));
    let mut writer_end = writer_end;
    {
        let serving = intake::server::serve(listeners.public, public, config.max_connections, async move {
            let _ = stopped.changed().await;
        });
        let mut serving = std::pin::pin!(serving);
        supervisor.ready();
        tokio::select! {
            () = &mut serving => {}
            () = supervisor.attend(|| status(&door), || door.store.gauges().pulse.age()) => {}
            () = shutdown => {
                tracing::info!("shutting down");
                supervisor.stopping();
                drop(stop);
                serving.await;
            }
            _ = &mut writer_end => bail!("the database's writer ended; nothing more can be kept"),
        }
    }
    // Upload and deliveries are cut off wherever they are: what was not acknowledged goes out again at the next start.
    tasks.shutdown().await;
    drop(door);
    // With the last handle gone the writer ends, unless a client that was cut off still holds one.
    let _ = tokio::time::timeout(WRITER_PATIENCE, writer_end).await;
    Ok(())
}

/// What `systemctl status` shows.
fn status(door: &Door) -> String {
    let alarm = door.upload.lock().unwrap_or_else(PoisonError::into_inner).alarm.is_some();
    let text = match (door.store.gauges().condition.is_broken(), alarm) {
        (true, _) => "The database does not take results; clients are told to come again",
        (false, true) => "Taking results; uploading stopped, `agent status` says why",
        (false, false) => "Taking results",
    };
    text.to_owned()
}
