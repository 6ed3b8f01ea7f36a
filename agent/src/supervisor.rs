//! What systemd hears of this process (sd_notify(3)): ready, what it is doing, that it is alive, stopping.
//!
//! The protocol is a few lines of text in a datagram. Without `NOTIFY_SOCKET` nobody listens, and nothing is sent.

use std::ffi::OsStr;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// How often the state's text is looked at if there is no watchdog.
const STATUS_INTERVAL: Duration = Duration::from_secs(10);

/// The service manager that started this process, if it wants to hear of it.
#[derive(Debug, Default)]
pub struct Supervisor {
    socket: Option<UnixDatagram>,
    /// Within this time it must hear that the process is alive, or it starts it anew.
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// The one that `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` tell of.
    #[must_use]
    pub fn from_environment() -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        let for_us = variable("WATCHDOG_PID").is_none_or(|id| id == std::process::id().to_string());
        let watchdog_us = variable("WATCHDOG_USEC").and_then(|text| text.parse().ok()).filter(|_| for_us);
        match std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) {
            None => Self::default(),
            Some(name) => Self::at(&name, watchdog_us.map(Duration::from_micros)).unwrap_or_else(|error| {
                tracing::warn!(%error, "NOTIFY_SOCKET cannot be reached: the service manager hears nothing");
                Self::default()
            }),
        }
    }

    /// The one that listens at this path, or at this abstract name (`@…`).
    ///
    /// # Errors
    /// If there is no such socket.
    pub fn at(name: &OsStr, watchdog: Option<Duration>) -> std::io::Result<Self> {
        let address = match name.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            _ => SocketAddr::from_pathname(name)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        // It is never waited for.
        socket.set_nonblocking(true)?;
        Ok(Self { socket: Some(socket), watchdog })
    }

    /// Results are taken from now on.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// The process is about to end.
    pub fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=Finishing open requests");
    }

    /// Tells `status` whenever it changes, and that the process is alive as long as `progress_age` (how long ago its
    /// work last went on) is shorter than half the watchdog's time. Works until it is dropped.
    pub async fn attend(&self, status: impl Fn() -> String, progress_age: impl Fn() -> Duration) {
        if self.socket.is_none() {
            return std::future::pending().await;
        }
        let half = self.watchdog.map(|watchdog| watchdog / 2);
        let mut ticks = tokio::time::interval(half.unwrap_or(STATUS_INTERVAL).min(STATUS_INTERVAL));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut told = String::new();
        loop {
            ticks.tick().await;
            let now = status();
            if now != told {
                self.tell(&format!("STATUS={now}"));
                told = now;
            }
            if half.is_some_and(|half| progress_age() < half) {
                self.tell("WATCHDOG=1");
            }
        }
    }

    fn tell(&self, state: &str) {
        if let Some(socket) = &self.socket {
            // If it does not listen, there is nobody to complain to.
            let _ = socket.send(state.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests;
