//! The load generator: connections that stay open, each with one request in flight, all on one thread.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::http;

/// What one connection sends: the bytes of its next request, or `None` when it has no more.
pub(super) trait Source: Send + 'static {
    /// The next request.
    fn next(&mut self) -> Option<&[u8]>;
}

/// What came back.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Number of answers by status.
    pub(super) by_status: BTreeMap<u16, u64>,
    /// Time from the first byte sent to the last received, in µs; at a fixed pace from the moment when it was to be sent, so
    /// that an answer that comes late counts for all those that wait behind it.
    pub(super) latencies_us: Vec<u32>,
    /// From the first request to the last answer.
    pub(super) elapsed: Duration,
    /// The body of the first answer other than 200, to say what was wrong.
    pub(super) first_refusal: Option<String>,
}

impl Answers {
    /// Answers a second, whatever their status.
    pub(super) fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count far below 2^53")]
        let count = self.latencies_us.len() as f64;
        count / self.elapsed.as_secs_f64()
    }

    /// Fails unless every answer was 200.
    pub(super) fn require_all_ok(&self) -> anyhow::Result<()> {
        if self.by_status.keys().any(|status| *status != 200) {
            let first = self.first_refusal.as_deref().unwrap_or("no body");
            bail!("answers by status: {:?}; the first refusal: {first}", self.by_status);
        }
        Ok(())
    }

    fn merge(&mut self, other: Self) {
        for (status, count) in other.by_status {
            *self.by_status.entry(status).or_default() += count;
        }
        self.latencies_us.extend(other.latencies_us);
        self.first_refusal = self.first_refusal.take().or(other.first_refusal);
    }
}

/// Sends from every source on a connection of its own until the sources or the time are out.
pub(super) fn drive<S: Source>(address: SocketAddr, sources: Vec<S>, time: Duration) -> anyhow::Result<Answers> {
    drive_every(address, sources, time, Duration::ZERO)
}

/// The same with a request of each source after so long a time, or as soon as the one before is answered.
pub(super) fn drive_every<S: Source>(
    address: SocketAddr,
    sources: Vec<S>,
    time: Duration,
    every: Duration,
) -> anyhow::Result<Answers> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting a runtime")?;
    runtime.block_on(async {
        let began = Instant::now();
        let mut connections = JoinSet::new();
        let mut first = began;
        let apart = every.checked_div(u32::try_from(sources.len()).unwrap_or(u32::MAX)).unwrap_or_default();
        for source in sources {
            connections.spawn(send_all(address, source, first, began + time, every));
            first += apart;
        }
        let mut answers = Answers::default();
        while let Some(finished) = connections.join_next().await {
            answers.merge(finished.context("a connection's task ended badly")??);
        }
        answers.elapsed = began.elapsed();
        Ok(answers)
    })
}

async fn send_all<S: Source>(
    address: SocketAddr,
    mut source: S,
    first: Instant,
    deadline: Instant,
    every: Duration,
) -> anyhow::Result<Answers> {
    let mut stream = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
    stream.set_nodelay(true).context("setting TCP_NODELAY")?;
    let mut answers = Answers::default();
    let mut received = Vec::with_capacity(4 << 10);
    let mut slot = first;
    while Instant::now() < deadline {
        let Some(request) = source.next() else { break };
        let began = if every.is_zero() {
            Instant::now()
        } else {
            tokio::time::sleep_until(slot.into()).await;
            let began = slot;
            slot += every;
            began
        };
        stream.write_all(request).await.context("sending a request")?;
        let response = loop {
            if let Some((response, length)) = http::parse(&received)? {
                received.drain(..length);
                break response;
            }
            if stream.read_buf(&mut received).await.context("reading an answer")? == 0 {
                bail!("the connection was closed in place of an answer");
            }
        };
        answers.latencies_us.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
        *answers.by_status.entry(response.status).or_default() += 1;
        if response.status != 200 && answers.first_refusal.is_none() {
            answers.first_refusal = Some(String::from_utf8_lossy(&response.body).into_owned());
        }
    }
    Ok(answers)
}
