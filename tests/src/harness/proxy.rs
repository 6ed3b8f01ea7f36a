//! A proxy on loopback that loses connections on purpose and remembers every byte that went upstream.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::acceptor::Acceptor;

/// What befalls one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It passes.
    None,
    /// The connection is lost with the first bytes of the request: the warehouse never sees it.
    BeforeRequest,
    /// The request arrives only in part, then the connection is lost.
    AmidRequest,
    /// The warehouse answers, and the connection is lost with the answer: the agent cannot know.
    BeforeAnswer,
    /// As [`Fault::BeforeRequest`], but the connection stays open and silent: time to kill who waits on it.
    HoldRequest,
    /// As [`Fault::AmidRequest`], but the connection stays open and silent.
    HoldAmidRequest,
    /// As [`Fault::BeforeAnswer`], but the connection stays open and silent.
    HoldAnswer,
}

impl Fault {
    /// Every fault that is one.
    const ALL: [Self; 6] = [
        Self::BeforeRequest,
        Self::AmidRequest,
        Self::BeforeAnswer,
        Self::HoldRequest,
        Self::HoldAmidRequest,
        Self::HoldAnswer,
    ];
}

/// How many bytes of a request arrive when it is cut in its middle.
const AMID_BYTES: usize = 300;

#[derive(Debug)]
struct Shared {
    upstream: Mutex<SocketAddr>,
    /// What befalls the next requests, in order; when it is empty, they pass.
    plan: Mutex<VecDeque<Fault>>,
    fired: [AtomicU64; Fault::ALL.len()],
    answers: AtomicU64,
    sent: Mutex<Vec<u8>>,
    black_hole: AtomicBool,
    /// Connections that fell into the black hole.
    swallowed: Mutex<Vec<TcpStream>>,
}

/// The proxy; it ends when dropped.
#[derive(Debug)]
pub struct Proxy {
    acceptor: Acceptor,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Listens on a free port and passes everything to `upstream`.
    ///
    /// # Errors
    /// If there is no free port.
    pub fn start(upstream: SocketAddr) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared {
            upstream: Mutex::new(upstream),
            plan: Mutex::default(),
            fired: Default::default(),
            answers: AtomicU64::default(),
            sent: Mutex::default(),
            black_hole: AtomicBool::new(false),
            swallowed: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        let acceptor = Acceptor::start(0, move |stream| serve(stream, &serving))?;
        Ok(Self { acceptor, shared })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.acceptor.address()
    }

    /// What befalls the next requests, in order, after those planned before; then requests pass again.
    pub fn plan(&self, faults: impl IntoIterator<Item = Fault>) {
        lock(&self.shared.plan).extend(faults);
    }

    /// True once every planned fault has met a request.
    #[must_use]
    pub fn plan_is_done(&self) -> bool {
        lock(&self.shared.plan).is_empty()
    }

    /// How often a fault has happened.
    #[must_use]
    pub fn fired(&self, fault: Fault) -> u64 {
        place(fault).map_or(0, |place| self.shared.fired[place].load(Ordering::SeqCst))
    }

    /// How many answers it has passed on to clients.
    #[must_use]
    pub fn answers(&self) -> u64 {
        self.shared.answers.load(Ordering::SeqCst)
    }

    /// Every byte that clients sent to it so far.
    #[must_use]
    pub fn sent(&self) -> Vec<u8> {
        lock(&self.shared.sent).clone()
    }

    /// While true, it takes connections and requests and never answers. At the end of it the connections that waited
    /// in vain are closed.
    pub fn set_black_hole(&self, black_hole: bool) {
        self.shared.black_hole.store(black_hole, Ordering::SeqCst);
        if !black_hole {
            for stream in lock(&self.shared.swallowed).drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }

    /// How many connections sit in the black hole.
    #[must_use]
    pub fn swallowed(&self) -> usize {
        lock(&self.shared.swallowed).len()
    }

    /// Sends new connections elsewhere, for example to a restarted warehouse.
    pub fn set_upstream(&self, upstream: SocketAddr) {
        *lock(&self.shared.upstream) = upstream;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn place(fault: Fault) -> Option<usize> {
    Fault::ALL.iter().position(|known| *known == fault)
}

/// Passes bytes both ways until a fault or the end. A request begins with the first bytes after an answer.
fn serve(mut client: TcpStream, shared: &Arc<Shared>) {
    let mut server: Option<TcpStream> = None;
    let awaiting_request = Arc::new(AtomicBool::new(true));
    let at_answer = Arc::new(Mutex::new(Fault::None));
    let mut chunk = vec![0; 64 << 10];
    let mut silent = false;
    while let Ok(read @ 1..) = client.read(&mut chunk) {
        lock(&shared.sent).extend_from_slice(&chunk[..read]);
        if shared.black_hole.load(Ordering::SeqCst) && !silent {
            silent = true;
            lock(&shared.swallowed).extend(client.try_clone());
        }
        if silent {
            continue;
        }
        let fault = if awaiting_request.swap(false, Ordering::SeqCst) {
            lock(&shared.plan).pop_front().unwrap_or(Fault::None)
        } else {
            Fault::None
        };
        if matches!(fault, Fault::BeforeRequest | Fault::HoldRequest) {
            fire(shared, fault);
            silent = fault == Fault::HoldRequest;
            if silent { continue } else { break }
        }
        if server.is_none() {
            let upstream = *lock(&shared.upstream);
            let Ok(stream) = TcpStream::connect(upstream) else { break };
            let (Ok(reading), Ok(answering)) = (stream.try_clone(), client.try_clone()) else { break };
            server = Some(stream);
            let (shared, awaiting, fault) = (Arc::clone(shared), Arc::clone(&awaiting_request), Arc::clone(&at_answer));
            std::thread::spawn(move || pass_answers(reading, answering, &shared, &awaiting, &fault));
        }
        let Some(stream) = &mut server else { break };
        if matches!(fault, Fault::AmidRequest | Fault::HoldAmidRequest) {
            let _ = stream.write_all(&chunk[..read.min(AMID_BYTES)]);
            fire(shared, fault);
            silent = fault == Fault::HoldAmidRequest;
            if silent { continue } else { break }
        }
        if fault != Fault::None {
            *lock(&at_answer) = fault;
        }
        if stream.write_all(&chunk[..read]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    if let Some(server) = server {
        let _ = server.shutdown(Shutdown::Both);
    }
}

fn pass_answers(
    mut server: TcpStream,
    mut client: TcpStream,
    shared: &Shared,
    awaiting_request: &AtomicBool,
    at_answer: &Mutex<Fault>,
) {
    let mut chunk = vec![0; 64 << 10];
    while let Ok(read @ 1..) = server.read(&mut chunk) {
        let fault = std::mem::replace(&mut *lock(at_answer), Fault::None);
        if fault != Fault::None {
            fire(shared, fault);
        }
        match fault {
            // The thread that reads from the client sees it go, and ends the rest.
            Fault::HoldAnswer => return,
            Fault::None => {}
            _ => break,
        }
        awaiting_request.store(true, Ordering::SeqCst);
        if client.write_all(&chunk[..read]).is_err() {
            break;
        }
        shared.answers.fetch_add(1, Ordering::SeqCst);
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}

fn fire(shared: &Shared, fault: Fault) {
    if let Some(place) = place(fault) {
        shared.fired[place].fetch_add(1, Ordering::SeqCst);
    }
}
