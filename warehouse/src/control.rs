//! How commands reach a running server: one line of JSON each way over a Unix socket of mode 0600.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream as BlockingStream;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use wire::{AgentId, Epoch};

use crate::durable::FileFault;
use crate::import::Piece;
use crate::keeper::Task;
use crate::paths::DataDir;

/// Longest request in bytes.
const MAX_REQUEST_BYTES: u64 = 1 << 20;

/// Longest answer in bytes: a statement's rows.
const MAX_ANSWER_BYTES: u64 = 256 << 20;

/// How long a caller may take to say what it wants.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// What a command may ask of a running server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// How the server stands.
    Status,
    /// Something for the keeper of marts and cuts.
    Keep(Task),
    /// Merge small files and remove replaced ones, for a bounded time; the answer says whether there is more to do.
    Compact,
    /// The last row of an import's source that came in.
    ImportedThrough {
        /// `import-<source>`.
        agent: AgentId,
        /// Of the source.
        epoch: Epoch,
    },
    /// Take a batch of an import in.
    Import(Box<Piece>),
}

/// What the server answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It is done; the value says what came of it.
    Done(serde_json::Value),
    /// It could not be done.
    Failed(String),
}

/// Does what is asked; called away from the reactor, one request after the other.
pub type Handler = Arc<dyn Fn(Request) -> Reply + Send + Sync>;

/// A command does not reach the server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlFault {
    /// The socket broke.
    #[error(transparent)]
    File(#[from] FileFault),
    /// The other side speaks something else.
    #[error("the server's answer cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// The server could not do it.
    #[error("the server could not do it: {0}")]
    Failed(String),
}

/// Asks the server that runs in this data directory; `None` if there is none.
///
/// # Errors
/// [`ControlFault`] if there is one and it did not do what was asked.
pub fn call(dir: &DataDir, request: &Request) -> Result<Option<serde_json::Value>, ControlFault> {
    let path = dir.control_socket();
    let fault = |action| FileFault::when(action, &path);
    let mut stream = match BlockingStream::connect(&path) {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => return Err(fault("connect to")(error).into()),
    };
    let mut line = serde_json::to_vec(request).map_err(ControlFault::Unreadable)?;
    line.push(b'\n');
    stream.write_all(&line).map_err(fault("write to"))?;
    let mut answer = String::new();
    BufReader::new(stream.take(MAX_ANSWER_BYTES)).read_line(&mut answer).map_err(fault("read from"))?;
    match serde_json::from_str(&answer).map_err(ControlFault::Unreadable)? {
        Reply::Done(value) => Ok(Some(value)),
        Reply::Failed(why) => Err(ControlFault::Failed(why)),
    }
}

/// Makes the socket. The caller holds the directory's lock, so a socket that lies there belongs to nobody.
///
/// # Errors
/// [`ControlFault::File`].
pub fn bind(dir: &DataDir) -> Result<UnixListener, ControlFault> {
    let path = dir.control_socket();
    let fault = |action| FileFault::when(action, &path);
    // Bound under another name first: under its own it is never open to others, not for a moment.
    let hidden = path.with_extension("new");
    for stale in [&path, &hidden] {
        match std::fs::remove_file(stale) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fault("remove the old")(error).into()),
            _ => {}
        }
    }
    let listener = UnixListener::bind(&hidden).map_err(fault("make"))?;
    std::fs::set_permissions(&hidden, std::fs::Permissions::from_mode(0o600)).map_err(fault("protect"))?;
    std::fs::rename(&hidden, &path).map_err(fault("name"))?;
    Ok(listener)
}

/// Serves requests one after the other until it is dropped.
pub async fn serve(listener: UnixListener, handler: Handler) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Err(error) = answer(stream, &handler).await {
                    tracing::warn!(error = %error, "a control request broke off");
                }
            }
            Err(error) => {
                tracing::warn!(error = %error, "the control socket accepts nothing");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn answer(stream: UnixStream, handler: &Handler) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    let mut reader = tokio::io::BufReader::new(reader).take(MAX_REQUEST_BYTES);
    tokio::time::timeout(REQUEST_TIMEOUT, reader.read_line(&mut line))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let reply = match serde_json::from_str::<Request>(&line) {
        Ok(request) => {
            let handler = Arc::clone(handler);
            let done = tokio::task::spawn_blocking(move || handler(request)).await;
            done.unwrap_or_else(|_| Reply::Failed("the command broke off; the server's log says why".to_owned()))
        }
        Err(error) => Reply::Failed(format!("no such command: {error}")),
    };
    let mut json = serde_json::to_vec(&reply).map_err(io::Error::other)?;
    json.push(b'\n');
    writer.write_all(&json).await
}

#[cfg(test)]
mod tests;
