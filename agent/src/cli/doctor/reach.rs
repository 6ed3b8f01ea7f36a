//! What can be connected to: the running agent's own listener, and the provider's own system, which gets no request.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustls::pki_types::ServerName;
use rustls_platform_verifier::ConfigVerifierExt as _;
use serde_json::Value;

use super::check::Check;
use crate::config::WebhookConfig;
use crate::webhook::plain_http::PlainHttp;

/// Longest wait for an answer of the agent on this machine.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(3);

/// Longest answer of the agent that is read, in bytes.
const MAX_HEALTH_BYTES: u64 = 64 << 10;

/// Longest time for a name, a connection and a handshake, each.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Status and JSON of the running agent's health page.
pub(super) fn health(address: SocketAddr) -> anyhow::Result<(u16, Value)> {
    let mut stream = TcpStream::connect_timeout(&address, HEALTH_TIMEOUT)?;
    stream.set_read_timeout(Some(HEALTH_TIMEOUT))?;
    stream.write_all(b"GET /api/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(MAX_HEALTH_BYTES).read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer);
    let status = text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let status = status.context("what listens there is no agent")?;
    let body = text.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    Ok((status, serde_json::from_str(body).unwrap_or_default()))
}

/// Connects to the provider's own system, with TLS if that is configured, and says nothing.
pub(super) fn webhook(config: &WebhookConfig) -> Check {
    const CHECK: &str = "webhook";
    match connect(config) {
        Ok(says) => Check::ok(CHECK, says),
        Err(error) => Check::fail(CHECK, format!("{error:#}"), "deliveries wait for a day, then they are set aside"),
    }
}

fn connect(config: &WebhookConfig) -> anyhow::Result<String> {
    let url = config.endpoint()?;
    let host = url.host_str().context("webhook.url names no host")?.trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().context("webhook.url names no port")?;
    let tls = url.scheme() == "https";
    let mut addresses = resolve(&host, port)?;
    if !tls {
        let allowed = PlainHttp(config.plain_prefixes()?);
        addresses.retain(|address| allowed.permits(address.ip()));
        if addresses.is_empty() {
            bail!("plain http is not allowed to any address of {host}: see webhook.plain_http_to");
        }
    }
    let deadline = Instant::now() + TIMEOUT;
    let mut last = None;
    for address in addresses {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) if tls => {
                shake_hands(stream, &host).with_context(|| format!("{host} port {port}: no TLS"))?;
                return Ok(format!("{host} port {port} answers, and its certificate is good; nothing was sent"));
            }
            Ok(_) => return Ok(format!("{host} port {port} answers, without TLS; nothing was sent")),
            Err(error) => last = Some(error),
        }
    }
    match last {
        Some(error) => Err(error).with_context(|| format!("no connection to {host} port {port}")),
        None => bail!("no connection to {host} port {port} within {} s", TIMEOUT.as_secs()),
    }
}

/// The addresses of a name. The system's resolver has no time-out of ours, so it is asked from a thread that may stay
/// behind.
fn resolve(host: &str, port: u16) -> anyhow::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (tell, told) = mpsc::channel();
    let name = host.to_owned();
    std::thread::spawn(move || tell.send((name.as_str(), port).to_socket_addrs().map(Vec::from_iter)));
    let addresses = told.recv_timeout(TIMEOUT).ok();
    let addresses =
        addresses.with_context(|| format!("the name {host} was not resolved within {} s", TIMEOUT.as_secs()))?;
    addresses.with_context(|| format!("the name {host} cannot be resolved"))
}

/// A TLS handshake, with the certificates that the deliverer trusts, and no byte more.
fn shake_hands(mut stream: TcpStream, host: &str) -> anyhow::Result<()> {
    // The second client of a process finds the provider installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = rustls::ClientConfig::with_platform_verifier()?;
    let name = ServerName::try_from(host.to_owned())?;
    let mut connection = rustls::ClientConnection::new(Arc::new(config), name)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    connection.send_close_notify();
    let _ = connection.write_tls(&mut stream);
    Ok(())
}
