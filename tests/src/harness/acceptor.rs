//! A port on loopback whose connections are served by threads.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;

/// Takes connections until it is dropped; those that are open then go on.
#[derive(Debug)]
pub(super) struct Acceptor {
    address: SocketAddr,
    open: Arc<AtomicBool>,
}

impl Acceptor {
    /// Listens on this port (0: a free one) and serves each connection on a thread of its own.
    pub(super) fn start(port: u16, serve: impl Fn(TcpStream) + Send + Sync + 'static) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).context("opening a port")?;
        let address = listener.local_addr().context("reading the port")?;
        let open = Arc::new(AtomicBool::new(true));
        let (accepting, serve) = (Arc::clone(&open), Arc::new(serve));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if !accepting.load(Ordering::SeqCst) {
                    return;
                }
                let serve = Arc::clone(&serve);
                std::thread::spawn(move || serve(stream));
            }
        });
        Ok(Self { address, open })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        self.open.store(false, Ordering::SeqCst);
        // Wakes the thread that accepts, so that it sees the end.
        let _ = TcpStream::connect(self.address);
    }
}
