use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

/// How long a message is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The next message, or none after `patience`.
fn next(socket: &UnixDatagram, patience: Duration) -> Option<String> {
    socket.set_read_timeout(Some(patience)).expect("a time-out");
    let mut bytes = [0; 1_024];
    let length = socket.recv(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
}

// Aim: the service manager hears what it must at a path and at an abstract name, and nothing goes wrong without one.
#[test]
fn messages_arrive_at_either_kind_of_socket() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("notify");
    let at_path = UnixDatagram::bind(&path).expect("a socket");
    let abstract_name = format!("bufferlake-supervisor-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&abstract_name).expect("a name");
    let at_name = UnixDatagram::bind_addr(&address).expect("a socket");
    for (name, socket) in [(path.into_os_string(), at_path), (format!("@{abstract_name}").into(), at_name)] {
        let supervisor = Supervisor::at(&name, None).expect("a supervisor");
        supervisor.ready();
        supervisor.stopping();
        assert_eq!(next(&socket, PATIENCE).as_deref(), Some("READY=1"));
        assert!(next(&socket, PATIENCE).is_some_and(|text| text.starts_with("STOPPING=1\nSTATUS=")));
    }
    assert!(Supervisor::at(OsStr::new("/nowhere/at/all"), None).is_err());
    Supervisor::default().ready();
}

// Aim: the watchdog hears from us while work goes on, nothing once it stands still, and again when it goes on; the
// status is told when it changes and not otherwise.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_watchdog_hears_only_of_progress() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    let watchdog = Duration::from_millis(200);
    let supervisor = Supervisor::at(path.as_os_str(), Some(watchdog)).expect("a supervisor");
    let age_ms = Arc::new(AtomicU64::new(0));
    let age = Arc::clone(&age_ms);
    let attending = tokio::spawn(async move {
        let status = || "taking results".to_owned();
        supervisor.attend(status, || Duration::from_millis(age.load(Ordering::SeqCst))).await;
    });
    tokio::task::spawn_blocking(move || {
        assert_eq!(next(&socket, PATIENCE).as_deref(), Some("STATUS=taking results"));
        for _ in 0..3 {
            assert_eq!(next(&socket, PATIENCE).as_deref(), Some("WATCHDOG=1"));
        }
        age_ms.store(100, Ordering::SeqCst);
        // One may have been on its way.
        next(&socket, watchdog);
        assert_eq!(next(&socket, watchdog * 2), None, "it is called alive while it stands still");
        age_ms.store(99, Ordering::SeqCst);
        assert_eq!(next(&socket, PATIENCE).as_deref(), Some("WATCHDOG=1"));
    })
    .await
    .expect("the listener");
    attending.abort();
}
