//! The peer of the agent's door: axum and rusqlite with a group commit and nothing else. What it can carry is about what
//! this machine and these libraries can carry at all.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use rusqlite::Connection;
use tokio::sync::oneshot;

/// Most bodies in one transaction.
const MAX_GROUP: usize = 512;

type Waiting = (Bytes, oneshot::Sender<()>);

/// Starts the peer on a free port; it ends with the program.
pub(super) fn start(database: &Path) -> anyhow::Result<SocketAddr> {
    let connection = Connection::open(database).context("opening the peer's database")?;
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE results (id INTEGER PRIMARY KEY, body BLOB NOT NULL);",
        )
        .context("preparing the peer's database")?;
    let (queue, waiting) = channel();
    std::thread::spawn(move || write_groups(&connection, &waiting));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").context("opening the peer's port")?;
    listener.set_nonblocking(true).context("preparing the peer's port")?;
    let address = listener.local_addr().context("reading the peer's port")?;
    let router = Router::new().route("/api/telemetry", post(keep)).with_state(queue);
    std::thread::spawn(move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, router).await?;
            Ok(())
        })
    });
    Ok(address)
}

async fn keep(State(queue): State<Sender<Waiting>>, body: Bytes) -> (StatusCode, &'static str) {
    let (done, durable) = oneshot::channel();
    if queue.send((body, done)).is_err() || durable.await.is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, "not kept");
    }
    (StatusCode::OK, "kept")
}

fn write_groups(connection: &Connection, waiting: &Receiver<Waiting>) {
    while let Ok(first) = waiting.recv() {
        let mut group = vec![first];
        group.extend(waiting.try_iter().take(MAX_GROUP - 1));
        if write(connection, &group).is_ok() {
            for (_, done) in group {
                // Whoever no longer waits does not need to know.
                let _ = done.send(());
            }
        }
    }
}

fn write(connection: &Connection, group: &[Waiting]) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    {
        let mut insert = transaction.prepare_cached("INSERT INTO results (body) VALUES (?1)")?;
        for (body, _) in group {
            insert.execute([&body[..]])?;
        }
    }
    transaction.commit()
}
