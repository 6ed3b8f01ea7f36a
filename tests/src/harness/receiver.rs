//! The provider's own system, as far as a webhook sees it: takes requests on loopback, keeps them byte by byte, and answers
//! as it is told.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use super::acceptor::Acceptor;
use super::patience::until;

/// How long what must come may take: several retries of a delivery.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the receiver does with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conduct {
    /// Answers with this status.
    Status(u16),
    /// Sends the caller elsewhere.
    Redirect(String),
    /// Answers nothing and keeps the connection open.
    Hold,
    /// Closes the connection.
    Close,
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Request line and headers.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Received {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found =
            self.head.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim())
    }

    /// The id of the delivery.
    #[must_use]
    pub fn id(&self) -> String {
        self.header("webhook-id").unwrap_or_default().to_owned()
    }

    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

struct Shared {
    received: Mutex<Vec<Received>>,
    plan: Mutex<VecDeque<Conduct>>,
    otherwise: Mutex<Conduct>,
    /// Connections that are kept open without an answer.
    held: Mutex<Vec<TcpStream>>,
}

/// The receiver; when it is dropped, it takes no more connections and lets go of those that it held.
pub struct Receiver {
    acceptor: Acceptor,
    shared: Arc<Shared>,
}

impl Receiver {
    /// Listens on a free port and answers 204 until it is told otherwise.
    ///
    /// # Errors
    /// If there is no free port.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_at(0)
    }

    /// As [`Receiver::start`], on this port.
    ///
    /// # Errors
    /// If the port is taken.
    pub fn start_at(port: u16) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared {
            received: Mutex::default(),
            plan: Mutex::default(),
            otherwise: Mutex::new(Conduct::Status(204)),
            held: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        let acceptor = Acceptor::start(port, move |stream| serve(stream, &serving))?;
        Ok(Self { acceptor, shared })
    }

    /// Where deliveries are to be posted.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/libreqos-webhook", self.address())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.acceptor.address()
    }

    /// What befalls the next requests, in order.
    pub fn plan(&self, conducts: impl IntoIterator<Item = Conduct>) {
        lock(&self.shared.plan).extend(conducts);
    }

    /// What befalls every request that is not planned, from now on.
    pub fn otherwise(&self, conduct: Conduct) {
        *lock(&self.shared.otherwise) = conduct;
    }

    /// All that has come, in the order of its arrival.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    /// How many requests are held without an answer.
    #[must_use]
    pub fn held(&self) -> usize {
        lock(&self.shared.held).len()
    }

    /// Waits until what has come satisfies a wish.
    ///
    /// # Errors
    /// If it does not in time.
    pub fn wait_until(&self, what: &str, wish: impl Fn(&[Received]) -> bool) -> anyhow::Result<Vec<Received>> {
        until(what, PATIENCE, || Some(self.received()).filter(|received| wish(received)))
            .with_context(|| format!("the receiver has {} requests", self.received().len()))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        for stream in lock(&self.shared.held).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes request after request from a connection.
fn serve(mut stream: TcpStream, shared: &Shared) {
    let mut bytes = Vec::new();
    let mut chunk = [0; 16 << 10];
    loop {
        while let Some((request, length)) = parse(&bytes) {
            bytes.drain(..length);
            lock(&shared.received).push(request);
            let planned = lock(&shared.plan).pop_front();
            let conduct = planned.unwrap_or_else(|| lock(&shared.otherwise).clone());
            let answer = match conduct {
                Conduct::Status(status) => format!("HTTP/1.1 {status} Planned\r\ncontent-length: 0\r\n\r\n"),
                Conduct::Redirect(to) => {
                    format!("HTTP/1.1 307 Elsewhere\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
                }
                Conduct::Hold => {
                    lock(&shared.held).extend(stream.try_clone());
                    continue;
                }
                Conduct::Close => {
                    let _ = stream.shutdown(Shutdown::Both);
                    return;
                }
            };
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
        match stream.read(&mut chunk) {
            Ok(read @ 1..) => bytes.extend_from_slice(&chunk[..read]),
            _ => return,
        }
    }
}

/// A whole request from the front of `bytes`, and its length.
fn parse(bytes: &[u8]) -> Option<(Received, usize)> {
    let head_end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut request = Received { head, body: Vec::new() };
    let length: usize = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let end = head_end + 4 + length;
    request.body = bytes.get(head_end + 4..end)?.to_vec();
    Some((request, end))
}
