//! Slow and half-open connections to the running warehouse: all are let go within ten seconds, and others are served
//! meanwhile. All cases run at once, so that the whole takes little longer than the longest of them.

use std::io::{ErrorKind, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use bufferlake_tests::http::{self, Connection};
use bufferlake_tests::sender::Sender;
use wire::signature::BATCHES_PATH;

use super::stage::{Stage, now_unix_s, records};

/// No connection may be held for longer.
const LIMIT: Duration = Duration::from_secs(10);

/// Connections that say nothing, beside the other cases.
const SILENT: usize = 200;

/// Pause between two bytes of a client that dribbles.
const DRIBBLE: Duration = Duration::from_millis(150);

/// Longest that a good request may take while all of them are open.
const SERVED_WITHIN: Duration = Duration::from_secs(2);

/// How a connection ended: what came on it, and after how long.
struct Ended {
    received: String,
    after: Duration,
}

/// Opens a connection, sends `at_once`, then goes on with `dribbled` byte by byte until the other side closes.
fn misbehave(address: SocketAddr, at_once: &[u8], dribbled: &[u8]) -> anyhow::Result<Ended> {
    let mut connection = Connection::open(address)?;
    let began = Instant::now();
    connection.send(at_once)?;
    for byte in dribbled {
        // Once the other side has closed, a write fails.
        if connection.send(&[*byte]).is_err() || began.elapsed() > LIMIT {
            break;
        }
        sleep(DRIBBLE);
    }
    let left = (LIMIT + Duration::from_secs(1)).saturating_sub(began.elapsed()).max(Duration::from_millis(1));
    let received = connection.wait_for_close(left)?;
    Ok(Ended { received: String::from_utf8_lossy(&received).into_owned(), after: began.elapsed() })
}

/// A signed batch whose body stops before it is whole, and the rest.
fn split_batch(sender: &mut Sender) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
    let sealed = sender.clone().seal(records(400)?)?;
    let mut request = sender.request(&sealed, now_unix_s());
    let head = request.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    let rest = request.split_off(head + 5);
    Ok((request, rest))
}

/// Asks again and again without reading; when a write has stalled, waits for the end. How long the end took from there.
fn never_read(address: SocketAddr) -> anyhow::Result<Duration> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_write_timeout(Some(Duration::from_millis(200)))?;
    let questions = http::request("GET", "/api/health", &[], b"").repeat(2_000);
    let mut stalled: Option<Instant> = None;
    let began = Instant::now();
    loop {
        anyhow::ensure!(began.elapsed() < LIMIT * 6, "the warehouse answers without end");
        match stream.write(&questions) {
            Ok(_) => stalled = None,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                let since = *stalled.get_or_insert_with(Instant::now);
                anyhow::ensure!(since.elapsed() < LIMIT * 2, "a client that reads nothing keeps its connection");
            }
            // Reset or broken pipe: the other side has given up.
            Err(_) => return Ok(stalled.map_or(Duration::ZERO, |since| since.elapsed())),
        }
    }
}

/// Sends a part of a body and then says that nothing more comes, but still listens.
fn half_closed(address: SocketAddr, request: &[u8]) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(request)?;
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(LIMIT))?;
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer)?;
    Ok(answer)
}

fn health(address: SocketAddr) -> anyhow::Result<Duration> {
    let began = Instant::now();
    anyhow::ensure!(http::get(address, "/api/health")?.status == 200);
    Ok(began.elapsed())
}

// Aim: no client holds a connection for more than ten seconds by being slow, silent, deaf or half gone, each is told why
// where it can still hear it, and the good ones are served all the while.
#[test]
fn slow_and_half_open_connections_are_let_go_and_others_are_served() -> anyhow::Result<()> {
    let mut stage = Stage::open("slow")?;
    let address = stage.warehouse.address();
    let (begun, rest) = split_batch(&mut stage.sender)?;
    let (begun, rest) = (&begun[..], &rest[..]);
    let head = format!("POST {BATCHES_PATH} HTTP/1.1\r\nhost: a\r\n");
    let endless_head = format!("{head}x: {}", "y".repeat(1_000));
    let result_head =
        b"POST /api/telemetry HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 600\r\n\r\n";
    let lookup_head = b"POST /api/asn_lookup HTTP/1.1\r\nhost: a\r\ncontent-length: 20\r\n\r\n";
    let idle = http::request("GET", "/api/health", &[], b"");
    let dribbled = " ".repeat(600);
    // A head that takes its time, and then a body that does.
    let (late_head, late_rest) = (&begun[..10], [&begun[10..24], &begun[24..]]);

    let cases: [(&str, &[u8], &[u8], &str); 9] = [
        ("silence", b"", b"", ""),
        ("half of a head", head.as_bytes(), b"", ""),
        ("a head in dribbles", b"", endless_head.as_bytes(), ""),
        ("no body of a batch", begun, b"", "408"),
        ("a batch in dribbles", begun, rest, "408"),
        ("no body of a result", result_head, b"", "408"),
        ("a result in dribbles", result_head, dribbled.as_bytes(), "408"),
        ("no body of a question", lookup_head, b"", "408"),
        ("idle after an answer", &idle, b"", "200"),
    ];
    let done = AtomicBool::new(false);
    let mut silent = Vec::new();
    for _ in 0..SILENT {
        silent.push(Connection::open(address)?);
    }
    let silent_since = Instant::now();
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let running: Vec<_> = cases
            .into_iter()
            .map(|(name, at_once, dribbled, status)| {
                (name, status, scope.spawn(move || misbehave(address, at_once, dribbled)))
            })
            .collect();
        let deaf = scope.spawn(move || never_read(address));
        let late = scope.spawn(move || -> anyhow::Result<Duration> {
            let mut connection = Connection::open(address)?;
            let began = Instant::now();
            connection.send(late_head)?;
            for byte in late_rest[0] {
                connection.send(&[*byte])?;
                sleep(DRIBBLE);
            }
            connection.send(late_rest[1])?;
            connection.wait_for_close(LIMIT)?;
            Ok(began.elapsed())
        });
        let others = scope.spawn(|| -> anyhow::Result<(Duration, u32)> {
            let (mut longest, mut count) = (Duration::ZERO, 0);
            while !done.load(Ordering::SeqCst) {
                longest = longest.max(health(address)?);
                count += 1;
                sleep(Duration::from_millis(20));
            }
            Ok((longest, count))
        });
        for (name, status, case) in running {
            let Ended { received, after } = case.join().expect("no panic")?;
            println!("{name}: closed after {:.1} s", after.as_secs_f64());
            assert!(after < LIMIT, "{name}: closed after {after:?}");
            let told = received.strip_prefix("HTTP/1.1 ").map_or("", |rest| &rest[..3]);
            assert_eq!(told, status, "{name}: {received:?}");
            assert!(status != "408" || received.contains("/body-too-slow"), "{name}: {received:?}");
        }
        let late = late.join().expect("no panic")?;
        println!("a late head and no body: closed after {:.1} s", late.as_secs_f64());
        assert!(late > Duration::from_secs(5), "the head was not late: the case proves nothing");
        for connection in &mut silent {
            connection.wait_for_close(LIMIT.saturating_sub(silent_since.elapsed()).max(Duration::from_millis(1)))?;
        }
        let deaf = deaf.join().expect("no panic")?;
        println!("a client that reads nothing: given up {:.1} s after it stalled", deaf.as_secs_f64());
        assert!(deaf > Duration::from_secs(2) && deaf < LIMIT, "given up after {deaf:?}");
        done.store(true, Ordering::SeqCst);
        let (longest, count) = others.join().expect("no panic")?;
        println!("{count} good requests meanwhile, the slowest in {longest:?}");
        assert!(count > 50 && longest < SERVED_WITHIN, "{count} good requests, the slowest in {longest:?}");
        Ok(())
    })?;
    assert_eq!(stage.deliver(records(2)?)?["accepted"], 2);
    stage.assert_sound()
}

// Aim: a client that closes its half amid a body is told, and nothing of the batch is kept.
#[test]
fn a_body_that_breaks_off_is_refused() -> anyhow::Result<()> {
    let mut stage = Stage::open("half-closed")?;
    let (begun, _) = split_batch(&mut stage.sender)?;
    let answer = half_closed(stage.warehouse.address(), &begun)?;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("/body-broken"), "{answer:?}");
    assert_eq!(stage.deliver(records(2)?)?["next_seq"], 2);
    stage.assert_sound()
}
