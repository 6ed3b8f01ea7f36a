//! A stand-in for the warehouse: keeps each request byte for byte, and answers as it is told.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use bufferlake_tests::harness::Account;
use wire::signature::Secret;
use wire::{AgentId, Batch, MAX_BATCH_JSON_BYTES};

/// Longest that a request may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// The id under which agents send here.
pub(super) const AGENT: &str = "isp-one";

/// What is answered to a batch.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    /// It is durable.
    Receipt,
    /// A problem document of the warehouse.
    Problem(u16, &'static str),
    /// A batch with records is refused for good; one without is durable.
    Refused,
    /// The page of something that is no warehouse.
    Page(u16),
    /// "Your clock is off", from a warehouse whose clock is so many seconds ahead, until the request is signed with its
    /// time; then the problem that says that the key was accepted.
    OtherTime(i64),
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Request line, then the headers in small letters, in their order.
    pub(super) line: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn batch(&self) -> anyhow::Result<Batch> {
        let json = zstd::bulk::decompress(&self.body, MAX_BATCH_JSON_BYTES).context("no zstd")?;
        serde_json::from_slice(&json).context("no batch")
    }
}

#[derive(Debug)]
struct Shared {
    answer: Mutex<Answer>,
    requests: Mutex<Vec<Request>>,
    stopped: AtomicBool,
}

/// It ends when dropped.
#[derive(Debug)]
pub(super) struct StandIn {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl StandIn {
    pub(super) fn start(answer: Answer) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("listening")?;
        let address = listener.local_addr().context("reading the port")?;
        let shared = Arc::new(Shared {
            answer: Mutex::new(answer),
            requests: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if accepting.stopped.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&accepting);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Ok(Self { address, shared })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// An account here; the stand-in looks at no signature.
    pub(super) fn account(&self) -> anyhow::Result<Account> {
        let id = AgentId::parse(AGENT).context("an agent's id")?;
        Ok(Account { id, secret: Secret::from_random_bytes([7; 32]), warehouse: self.address })
    }

    pub(super) fn answer(&self, answer: Answer) {
        *self.shared.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }

    /// All requests so far.
    pub(super) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts, so that it sees the end.
        let _ = TcpStream::connect(self.address);
    }
}

/// Answers the requests of one connection until it ends.
fn serve(mut stream: TcpStream, shared: &Shared) {
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let mut bytes = Vec::new();
    while let Some(request) = receive(&mut stream, &mut bytes) {
        let answer = *shared.answer.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answered(answer, &request);
        shared.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn receive(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<Request> {
    let mut chunk = [0; 16 << 10];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let mut lines = head.lines();
            let line = lines.next()?.to_owned();
            let headers: Vec<(String, String)> = lines
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect();
            let length = headers.iter().find(|(name, _)| name == "content-length");
            let length: usize = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                let body = bytes[end + 4..end + 4 + length].to_vec();
                bytes.drain(..end + 4 + length);
                return Some(Request { line, headers, body });
            }
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}

fn answered(answer: Answer, request: &Request) -> String {
    let now = jiff::Timestamp::from_second(unix_now_s()).unwrap_or_default();
    let (status, body, date) = match answer {
        Answer::Receipt => {
            let next = request.batch().map_or(0, |batch| batch.seq.0 + 1);
            (200, format!(r#"{{"outcome":"accepted","accepted":0,"quarantined":{{}},"next_seq":{next}}}"#), now)
        }
        Answer::Refused if request.batch().is_ok_and(|batch| batch.records.is_empty()) => {
            return answered(Answer::Receipt, request);
        }
        Answer::Refused => (422, problem("bad-batch"), now),
        Answer::Problem(status, slug) => (status, problem(slug), now),
        Answer::Page(status) => (status, "<html>a page</html>".to_owned(), now),
        Answer::OtherTime(ahead_s) => {
            let theirs = now + jiff::SignedDuration::from_secs(ahead_s);
            let sent: i64 = request.header("bufferlake-timestamp").and_then(|text| text.parse().ok()).unwrap_or(0);
            if (sent - theirs.as_second()).abs() > 300 {
                (401, problem("clock-skew"), theirs)
            } else {
                (400, problem("bad-json"), theirs)
            }
        }
    };
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date).unwrap_or_default();
    format!("HTTP/1.1 {status} x\r\ndate: {date}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn problem(slug: &str) -> String {
    format!(
        r#"{{"type":"https://bufferlake.org/problems/{slug}","title":"x","status":400,"detail":"Said by a test."}}"#
    )
}

#[expect(clippy::disallowed_methods, reason = "the stand-in is another machine, with a clock of its own")]
fn unix_now_s() -> i64 {
    jiff::Timestamp::now().as_second()
}
