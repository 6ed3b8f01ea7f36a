//! Aim: a delivery goes to the receiver and nowhere else, under one time-out, and what comes back is told apart.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::super::plain_http::tests::{elsewhere, rebinding};
use super::*;

/// So short that a test waits for it.
const SHORT: Duration = Duration::from_millis(300);

/// The first byte of a request for TLS.
const TLS_HANDSHAKE: u8 = 22;

/// A receiver that gives one answer to each connection and remembers what it was sent.
struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                tokio::spawn(async move {
                    let mut bytes = vec![0; 4_096];
                    let mut length = 0;
                    // To a request for TLS it says what it says, without waiting for more.
                    while !bytes[..length].ends_with(b"}") && !bytes.starts_with(&[TLS_HANDSHAKE]) {
                        match stream.read(&mut bytes[length..]).await {
                            Ok(read @ 1..) => length += read,
                            _ => break,
                        }
                    }
                    kept.lock().expect("not poisoned").push(String::from_utf8_lossy(&bytes[..length]).into_owned());
                    let _ = stream.write_all(answer.as_bytes()).await;
                    if answer.is_empty() || answer.ends_with('~') {
                        // Silent from here on, until the other side gives up.
                        let _ = stream.read(&mut bytes).await;
                    }
                });
            }
        });
        Self { address, requests }
    }

    fn url(&self, host: &str) -> Url {
        format!("http://{host}:{}/hook?token=1", self.address.port()).parse().expect("a URL")
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("not poisoned").clone()
    }
}

fn delivery() -> Delivery {
    Delivery { local_id: 1, message_id: "msg_1".to_owned(), body: br#"{"a":1}"#.to_vec(), attempts: 0 }
}

async fn answer(post: &HttpPost) -> Answer {
    post.post(delivery(), 1_614_265_330).await
}

async fn answer_of(server: &Server, host: &str) -> Answer {
    let resolver = Resolver::only(PlainHttp::default());
    answer(&HttpPost::with(server.url(host), resolver, None, SHORT).expect("a client")).await
}

#[tokio::test]
async fn the_request_is_what_receivers_read() {
    let server = Server::start("HTTP/1.1 204 No Content\r\n\r\n").await;
    let keys = Keys::of("a key").expect("a good secret").expect("a secret");
    for keys in [Some(keys.clone()), None] {
        let post = HttpPost::new(server.url("127.0.0.1"), PlainHttp::default(), keys).expect("a client");
        assert_eq!(answer(&post).await, Answer::Status(204, None));
    }
    let [signed, unsigned] = server.requests().try_into().expect("two requests");
    assert!(signed.starts_with("POST /hook?token=1 HTTP/1.1\r\n") && signed.ends_with("\r\n\r\n{\"a\":1}"), "{signed}");
    let always = [
        "content-type: application/json",
        "webhook-id: msg_1",
        "webhook-timestamp: 1614265330",
        "content-length: 7",
        concat!("user-agent: bufferlake-agent/", env!("CARGO_PKG_VERSION")),
    ];
    let signatures =
        [format!("x-libreqos-signature: {}", keys.legacy(b"{\"a\":1}")), "webhook-signature: v1,".to_owned()];
    for line in always {
        assert!(signed.contains(line) && unsigned.contains(line), "{line} is missing:\n{signed}\n{unsigned}");
    }
    for line in signatures {
        assert!(signed.contains(&line) && !unsigned.contains(line.split(' ').next().expect("a name")), "{line}");
    }
}

#[tokio::test]
async fn what_comes_back_is_told_apart() {
    let silent = Server::start("").await;
    assert_eq!(answer_of(&silent, "127.0.0.1").await, Answer::Silence(Silence::Late));
    let no_http = Server::start("SSH-2.0-what\r\n").await;
    assert_eq!(answer_of(&no_http, "localhost").await, Answer::Silence(Silence::NoConnection));
    let busy = Server::start("HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(answer_of(&busy, "127.0.0.1").await, Answer::Status(503, Some(7)));
    assert_eq!(answer_of(&busy, "no-such-name.invalid").await, Answer::Silence(Silence::NoName));

    let https = format!("https://127.0.0.1:{}", busy.address.port()).parse().expect("a URL");
    let post = HttpPost::with(https, Resolver::any(), None, SHORT).expect("a client");
    assert_eq!(answer(&post).await, Answer::Silence(Silence::Insecure));

    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let post = HttpPost::with(format!("http://{nobody}").parse().expect("a URL"), Resolver::any(), None, SHORT);
    assert_eq!(answer(&post.expect("a client")).await, Answer::Silence(Silence::NoConnection));
}

#[tokio::test]
async fn a_status_counts_whatever_follows_it() {
    // A body that never ends, and one that breaks off.
    for answer in
        ["HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\nab~", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab"]
    {
        let server = Server::start(answer).await;
        let began = Instant::now();
        assert_eq!(answer_of(&server, "127.0.0.1").await, Answer::Status(200, None));
        assert!(began.elapsed() < TIMEOUT / 2, "the rest of an answer held it up");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Server::start("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let location =
        format!("HTTP/1.1 307 Moved\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", elsewhere.url("127.0.0.1"));
    let server = Server::start(location.leak()).await;
    assert_eq!(answer_of(&server, "127.0.0.1").await, Answer::Status(307, None));
    assert_eq!((server.requests().len(), elsewhere.requests().len()), (1, 0));
}

#[tokio::test]
async fn plain_http_goes_nowhere_else() {
    let refused = |url: &str| HttpPost::new(url.parse().expect("a URL"), PlainHttp::default(), None).err();
    for url in ["http://192.0.2.7/", "http://[2001:db8::1]/", "http://0xC0000207/"] {
        let error = refused(url).expect(url).to_string();
        assert!(error.contains("plain_http_to"), "{error}");
    }
    for url in ["http://127.0.0.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "https://192.0.2.7/"] {
        assert!(refused(url).is_none(), "{url}");
    }

    // The first delivery finds the name at loopback, the second one elsewhere: it is not even connected.
    let server = Server::start("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
    let post = HttpPost::with(server.url("rebinding.example"), rebinding(), None, TIMEOUT).expect("a client");
    assert_eq!(answer(&post).await, Answer::Status(200, None));
    let began = Instant::now();
    assert_eq!(answer(&post).await, Answer::Silence(Silence::NotPermitted));
    assert!(began.elapsed() < TIMEOUT / 2, "a connection was tried");
    assert_eq!(server.requests().len(), 1);

    // `localhost` is loopback, whatever a resolver says of it.
    let post = HttpPost::with(server.url("localhost"), elsewhere(), None, TIMEOUT).expect("a client");
    assert_eq!(answer(&post).await, Answer::Status(200, None));
    let post = HttpPost::with(server.url("other.example"), elsewhere(), None, TIMEOUT).expect("a client");
    assert_eq!(answer(&post).await, Answer::Silence(Silence::NotPermitted));
}
