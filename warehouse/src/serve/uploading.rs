//! Brings the bucket up to date whenever something was published or removed. It waits for nobody and nobody waits for it.

use std::sync::Arc;
use std::time::Duration;

use crate::bucket;
use crate::config::BucketConfig;
use crate::http::health::Alarms;
use crate::observe;
use crate::paths::DataDir;
use crate::shelf::CurrentShelf;

/// How long an upload that failed is left alone before it is tried again.
const RETRY: Duration = Duration::from_secs(300);

/// The name of the alarm.
const JOB: &str = "upload";

/// Follows the shelf until the server ends; without a bucket there is nothing to do.
pub(super) async fn follow(config: BucketConfig, dir: DataDir, shelf: CurrentShelf, alarms: Alarms) {
    if !config.is_set() {
        return;
    }
    let mut changes = shelf.subscribe();
    // The server keeps a shelf, too: the loop ends with its task.
    drop(shelf);
    loop {
        let current = Arc::clone(&changes.borrow_and_update());
        let done = match current.latest() {
            None => Ok(None),
            Some(_) => bucket::upload(&config, &dir, &current).await.map(Some),
        };
        match done {
            Ok(done) => {
                alarms.clear(JOB);
                if let Some(done) = done {
                    observe::uploaded(&done);
                    tracing::info!(
                        release = %done.release, upload.files = done.sent, upload.bytes = done.bytes,
                        upload.removed = done.removed, "the bucket is up to date"
                    );
                }
                if changes.changed().await.is_err() {
                    return;
                }
            }
            Err(fault) => {
                alarms.raise(JOB);
                observe::job_failed(JOB);
                let error = format!("{:#}", anyhow::Error::from(fault));
                tracing::error!(job = JOB, %error, "the bucket is not up to date; it is tried again");
                tokio::select! {
                    () = tokio::time::sleep(RETRY) => {}
                    changed = changes.changed() => if changed.is_err() { return },
                }
            }
        }
    }
}
