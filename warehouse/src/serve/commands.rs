//! What a running server does for commands that come over the control socket.

use std::sync::Arc;

use crate::control::{Handler, Reply, Request};
use crate::http::health::Probe;

/// The handler of the control socket.
pub(super) fn handler(probe: Probe) -> Handler {
    Arc::new(move |request| match request {
        Request::Status => match serde_json::to_value(probe()) {
            Ok(status) => Reply::Done(status),
            Err(fault) => Reply::Failed(fault.to_string()),
        },
    })
}
