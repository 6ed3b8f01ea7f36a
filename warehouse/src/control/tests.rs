//! Commands reach a running server, only its owner may ask, and a dead server's socket is nobody.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use super::{ControlFault, Reply, Request, bind, call, serve};
use crate::paths::DataDir;

// Aim: a request is answered, a failure comes back as one, and the socket is closed to others.
#[tokio::test(flavor = "multi_thread")]
async fn requests_reach_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let dir = DataDir::new(directory.path());
    assert!(call(&dir, &Request::Status).unwrap().is_none());
    let done = tokio::spawn(serve(bind(&dir).unwrap(), Arc::new(|_| Reply::Done("well".into()))));
    let mode = std::fs::metadata(dir.control_socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let ask = |dir: DataDir| tokio::task::spawn_blocking(move || call(&dir, &Request::Status));
    assert_eq!(ask(dir.clone()).await.unwrap().unwrap(), Some("well".into()));
    done.abort();
    assert!(done.await.unwrap_err().is_cancelled());
    assert!(ask(dir.clone()).await.unwrap().unwrap().is_none(), "a dead server's socket lies there and is nobody");
    let failing = tokio::spawn(serve(bind(&dir).unwrap(), Arc::new(|_| Reply::Failed("no room".to_owned()))));
    assert!(matches!(ask(dir).await.unwrap(), Err(ControlFault::Failed(why)) if why == "no room"));
    failing.abort();
}
