//! A connection that neither waits for ever nor cuts off its own last answer.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::Patience;

/// Most bytes that are read and thrown away at the end of a connection.
const MAX_LINGER_BYTES: usize = 1 << 20;

/// A TCP connection with an end to its patience, for clients that do not read, and a pause before it is closed, for
/// clients that still send.
pub(super) struct PatientStream {
    inner: TcpStream,
    patience: Patience,
    /// Runs while the client takes nothing of what is written.
    stalled: Option<Pin<Box<Sleep>>>,
    ending: Option<Ending>,
}

/// Our side of the connection has ended; the other may not have noticed.
struct Ending {
    timer: Pin<Box<Sleep>>,
    bytes: usize,
}

impl PatientStream {
    pub(super) fn new(inner: TcpStream, patience: Patience) -> Self {
        Self { inner, patience, stalled: None, ending: None }
    }

    /// Passes the outcome of a write on, unless the client has taken nothing for too long.
    fn bound(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        ready!(timer(&mut self.stalled, self.patience.write).as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

fn timer(place: &mut Option<Pin<Box<Sleep>>>, duration: Duration) -> &mut Pin<Box<Sleep>> {
    place.get_or_insert_with(|| Box::pin(sleep(duration)))
}

impl AsyncRead for PatientStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for PatientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.bound(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.bound(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    /// Ends our side, then reads what the client still sends and throws it away, within bounds: closing a socket with
    /// unread bytes resets the connection, and a reset overtakes an answer that the client has not read yet. A client
    /// whose body was refused unread would see a lost connection instead of the reason.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let ending = match &mut this.ending {
            Some(ending) => ending,
            none => {
                ready!(Pin::new(&mut this.inner).poll_shutdown(cx))?;
                none.insert(Ending { timer: Box::pin(sleep(this.patience.linger)), bytes: 0 })
            }
        };
        while ending.bytes < MAX_LINGER_BYTES {
            if ending.timer.as_mut().poll(cx).is_ready() {
                break;
            }
            let mut thrown_away = [MaybeUninit::uninit(); 8 << 10];
            let mut thrown_away = ReadBuf::uninit(&mut thrown_away);
            match ready!(Pin::new(&mut this.inner).poll_read(cx, &mut thrown_away)) {
                Ok(()) if thrown_away.filled().is_empty() => break,
                Ok(()) => ending.bytes += thrown_away.filled().len(),
                // The client has closed or reset it: what it has not read by now it does not want.
                Err(_) => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}
