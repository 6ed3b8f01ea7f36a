//! A plain HTTP/1.1 client: cheap enough for the load generator, and bare enough to send what no decent client would.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, bail};

/// Longest that one answer is waited for.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Longest head of an answer, in bytes.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Header names in small letters, with their values.
    pub headers: Vec<(String, String)>,
    /// The body, without transfer coding.
    pub body: Vec<u8>,
}

impl Response {
    /// The value of the first header of this name (small letters).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// If it is not JSON.
    pub fn json(&self) -> anyhow::Result<serde_json::Value> {
        serde_json::from_slice(&self.body).with_context(|| {
            format!("the body of a {} is not JSON: {}", self.status, String::from_utf8_lossy(&self.body))
        })
    }
}

/// The bytes of a request. `Host` and, where there is a body, `Content-Length` are added.
#[must_use]
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nhost: bufferlake.test\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    if !body.is_empty() || method == "POST" {
        bytes.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

/// Reads one answer from the front of `bytes`: the answer and its length, or `None` if more bytes must come first.
///
/// # Errors
/// If the bytes are no answer of HTTP/1.1.
pub fn parse(bytes: &[u8]) -> anyhow::Result<Option<(Response, usize)>> {
    let Some(head_end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        if bytes.len() > MAX_HEAD_BYTES {
            bail!("the head of the answer is longer than {MAX_HEAD_BYTES} bytes");
        }
        return Ok(None);
    };
    let head = std::str::from_utf8(&bytes[..head_end]).context("the head of the answer is not text")?;
    let mut lines = head.split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let status = status_line
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3)?.parse().ok())
        .with_context(|| format!("no status line: {status_line:?}"))?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let response = Response { status, headers, body: Vec::new() };
    let rest = &bytes[head_end + 4..];
    let body = if response.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        parse_chunks(rest)?
    } else {
        let length = response.header("content-length").unwrap_or("0").parse().context("bad Content-Length")?;
        rest.get(..length).map(|body| (body.to_vec(), length))
    };
    Ok(body.map(|(body, length)| (Response { body, ..response }, head_end + 4 + length)))
}

fn parse_chunks(mut bytes: &[u8]) -> anyhow::Result<Option<(Vec<u8>, usize)>> {
    let whole = bytes.len();
    let mut body = Vec::new();
    loop {
        let Some(line_end) = bytes.windows(2).position(|window| window == b"\r\n") else { return Ok(None) };
        let digits = std::str::from_utf8(&bytes[..line_end]).context("bad chunk")?;
        let length = usize::from_str_radix(digits, 16).with_context(|| format!("bad length of a chunk: {digits:?}"))?;
        let Some(chunk) = bytes.get(line_end + 2..line_end + 4 + length) else { return Ok(None) };
        body.extend_from_slice(&chunk[..length]);
        bytes = &bytes[line_end + 4 + length..];
        if length == 0 {
            return Ok(Some((body, whole - bytes.len())));
        }
    }
}

/// A connection that stays open between requests.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// If nobody listens there.
    pub fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream =
            TcpStream::connect_timeout(&address, ANSWER_TIMEOUT).with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true).context("setting TCP_NODELAY")?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT)).context("setting a read time-out")?;
        Ok(Self { stream, received: Vec::new() })
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// If the connection is gone.
    pub fn send(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.stream.write_all(bytes).context("sending a request")
    }

    /// Says that nothing more is sent; the other side may not be there any more.
    pub fn end_sending(&self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
    }

    /// Reads the next answer.
    ///
    /// # Errors
    /// If the connection ends before the answer does, or nothing comes for [`ANSWER_TIMEOUT`].
    pub fn receive(&mut self) -> anyhow::Result<Response> {
        let mut chunk = [0; 16 << 10];
        loop {
            if let Some((response, length)) = parse(&self.received)? {
                self.received.drain(..length);
                return Ok(response);
            }
            let read = self.stream.read(&mut chunk).context("reading an answer")?;
            if read == 0 {
                bail!("the connection was closed after {} bytes of an answer", self.received.len());
            }
            self.received.extend_from_slice(&chunk[..read]);
        }
    }

    /// Waits until the other side closes the connection; whatever it still sends is returned.
    ///
    /// # Errors
    /// If it is still open after `timeout`.
    pub fn wait_for_close(&mut self, timeout: Duration) -> anyhow::Result<Vec<u8>> {
        let deadline = std::time::Instant::now() + timeout;
        let mut chunk = [0; 4 << 10];
        loop {
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            if left.is_zero() {
                bail!("the connection is still open after {timeout:?}");
            }
            self.stream.set_read_timeout(Some(left)).context("setting a read time-out")?;
            match self.stream.read(&mut chunk) {
                Ok(0) => return Ok(std::mem::take(&mut self.received)),
                Ok(read) => self.received.extend_from_slice(&chunk[..read]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                // A reset is a close too.
                Err(_) => return Ok(std::mem::take(&mut self.received)),
            }
        }
    }
}

/// Sends one request on a connection of its own.
///
/// # Errors
/// If there is no answer.
pub fn fetch(address: SocketAddr, request: &[u8]) -> anyhow::Result<Response> {
    let mut connection = Connection::open(address)?;
    connection.send(request)?;
    connection.receive()
}

/// `GET path` on a connection of its own.
///
/// # Errors
/// If there is no answer.
pub fn get(address: SocketAddr, path: &str) -> anyhow::Result<Response> {
    fetch(address, &request("GET", path, &[], b"")).with_context(|| format!("GET {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aim: an answer is read whole however its bytes are cut, with either way of giving its length.
    #[test]
    fn answers_are_read_from_any_prefix() {
        let plain = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello".as_slice();
        let chunked =
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n".as_slice();
        for bytes in [plain, chunked] {
            for cut in 0..bytes.len() {
                assert!(parse(&bytes[..cut]).unwrap().is_none(), "cut at {cut}");
            }
            let (response, length) = parse(bytes).unwrap().unwrap();
            assert_eq!((response.status, response.body.as_slice(), length), (200, b"hello".as_slice(), bytes.len()));
        }
        assert!(parse(b"SSH-2.0-what\r\n\r\n").is_err());
    }
}
