//! Clients without manners, over real connections, with a patience that is short enough to wait for.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::routing::{get, post};
use hyper::body::Frame;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::*;

const SHORT: Patience =
    Patience { head: Duration::from_millis(400), write: Duration::from_millis(400), linger: Duration::from_secs(2) };

/// Far beyond [`SHORT`], far below what a broken bound would take.
const DEADLINE: Duration = Duration::from_secs(8);

/// More than the system keeps of an answer that nobody reads.
const LONG_ANSWER_BYTES: usize = 64 << 20;

struct Served {
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

/// Serves a small and a long answer, and one that refuses a body without reading it.
async fn served(max_connections: usize) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/long", get(|| async { vec![b'x'; LONG_ANSWER_BYTES] }))
        .route("/refuse", post(|| async { (StatusCode::UNAUTHORIZED, "who are you?") }))
        .route(
            "/read",
            post(|body: Body| async { read_body(body, 100 << 10).await.map(|bytes| bytes.len().to_string()) }),
        );
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(async move {
        serve_with(SHORT, listener, router, max_connections, async { drop(stopped.await) }).await;
    });
    Served { address, _stop: stop }
}

impl Served {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A well-behaved client's answer.
    async fn greet(&self) -> String {
        let mut stream = self.connect().await;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
        all_of(&mut stream).await
    }
}

/// Everything until the other side closes; a reset counts as closed, and loses what was not read before it.
async fn all_of(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let reading = async {
        let mut chunk = [0; 4 << 10];
        while let Ok(read @ 1..) = stream.read(&mut chunk).await {
            answer.extend_from_slice(&chunk[..read]);
        }
    };
    tokio::time::timeout(DEADLINE, reading).await.expect("the connection stays open");
    String::from_utf8(answer).unwrap()
}

// Aim: whoever says nothing, stops amid the headers or dribbles them is let go, and a good client is served meanwhile.
#[tokio::test]
async fn headers_have_their_time() {
    let served = served(16).await;
    let mut silent = served.connect().await;
    let mut stopped = served.connect().await;
    stopped.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
    let dribbling = served.connect().await;
    let (mut dribbling, mut tap) = dribbling.into_split();
    let dribble = tokio::spawn(async move {
        tap.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        while tap.write_all(b"x: y\r\n").await.is_ok() {
            tokio::time::sleep(SHORT.head / 8).await;
        }
    });
    assert!(served.greet().await.ends_with("hello"));

    let began = Instant::now();
    assert_eq!(all_of(&mut silent).await, "");
    assert_eq!(all_of(&mut stopped).await, "");
    let mut rest = Vec::new();
    let dribbled = tokio::time::timeout(DEADLINE, dribbling.read_to_end(&mut rest)).await;
    assert!(dribbled.is_ok(), "a client that dribbles its headers keeps its connection");
    assert!(began.elapsed() < SHORT.head * 4, "they were let go after {:?}", began.elapsed());
    dribble.abort();
}

// Aim: a connection that is kept alive and asks nothing more is closed too.
#[tokio::test]
async fn an_idle_connection_is_closed() {
    let served = served(16).await;
    let mut stream = served.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let began = Instant::now();
    assert!(all_of(&mut stream).await.ends_with("hello"));
    assert!(began.elapsed() >= SHORT.head / 2, "it was not kept alive at all");
}

// Aim: a client that does not read its answer holds its place only for a while: with one place, the next gets it.
#[tokio::test]
async fn an_answer_that_nobody_reads_is_given_up() {
    let served = served(1).await;
    let mut deaf = served.connect().await;
    deaf.write_all(b"GET /long HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    // Its answer has begun, so that it has the only place.
    deaf.read_exact(&mut [0; 16]).await.unwrap();
    let began = Instant::now();
    let next = tokio::time::timeout(DEADLINE, served.greet()).await.expect("the place is never free again");
    assert!(next.ends_with("hello"));
    assert!(began.elapsed() >= SHORT.write / 2, "the deaf client had no place: the test proves nothing");
}

// Aim: a slow reader that does take something gets its whole answer, however long it takes.
#[tokio::test]
async fn a_slow_reader_gets_its_answer() {
    let served = served(16).await;
    let mut slow = served.connect().await;
    slow.write_all(b"GET /long HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    let began = Instant::now();
    let mut got = 0;
    // So small a part that the answer cannot end before the reader stops being slow.
    let mut chunk = vec![0; LONG_ANSWER_BYTES / 64];
    while let Ok(read @ 1..) = slow.read(&mut chunk).await {
        got += read;
        if began.elapsed() < SHORT.write * 3 {
            tokio::time::sleep(SHORT.write / 8).await;
        }
    }
    assert!(got > LONG_ANSWER_BYTES, "only {got} bytes came");
    assert!(began.elapsed() > SHORT.write * 2, "the reader was not slow");
}

// Aim: who is refused while still sending can send on and then read the reason, instead of meeting a reset that most
// clients report as a lost connection.
#[tokio::test]
async fn a_refusal_arrives_also_when_the_body_was_not_read() {
    let served = served(64).await;
    let piece = [b'x'; 16 << 10];
    for (path, status) in [("/refuse", "401"), ("/read", "413")] {
        let mut stream = served.connect().await;
        let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n", 32 * piece.len());
        stream.write_all(head.as_bytes()).await.unwrap();
        for _ in 0..32 {
            stream.write_all(&piece).await.unwrap_or_else(|error| panic!("{path}: cut off while sending: {error}"));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let answer = all_of(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer:?}");
    }
}

// Aim: a body has its time and its size, and each fault its own answer.
#[tokio::test]
async fn a_body_has_its_time_and_its_size() {
    let read = |body: Body| async {
        let outcome = read_body_within(Duration::from_millis(200), body, 10).await;
        outcome.map_err(|problem| (problem.status().as_u16(), problem.slug()))
    };
    assert_eq!(read(Body::from("0123456789")).await.unwrap().len(), 10);
    assert_eq!(read(Body::from("0123456789a")).await, Err((413, "body-too-large")));
    assert_eq!(read(Body::new(Odd::Endless)).await, Err((413, "body-too-large")));
    assert_eq!(read(Body::new(Odd::Never)).await, Err((408, "body-too-slow")));
}

/// A body that does not say how long it is.
enum Odd {
    Endless,
    Never,
}

impl hyper::body::Body for Odd {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match *self {
            Self::Endless => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"four"))))),
            Self::Never => Poll::Pending,
        }
    }
}
