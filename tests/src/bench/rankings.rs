//! The ranking, asked again and again while batches come in, beside nginx with the same bytes as a file.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use intake::clock::{Clock as _, SystemClock};

use super::load::{Answers, Source, drive, drive_every};
use super::report::{Goal, Row};
use super::sample::percentile;
use super::{Settings, ingest, now_unix_s};
use crate::harness::{Scratch, Warehouse, WarehouseOptions, free_port, until};
use crate::http;
use crate::past::{self, Past};

/// Connections that ask at once, each with one question in flight.
const READERS: usize = 8;
/// How long each server is asked.
const TIME: Duration = Duration::from_secs(5);
/// For so long batches are made beforehand at the goal of the ingest, several times over: they must outlast both servers.
const INGEST_TIME: Duration = Duration::from_secs(30);
/// Pace of the readers when waiting is measured, each: 8 of them ask 2,000 times a second.
const READ_EVERY: Duration = Duration::from_millis(4);
/// Pace of the agents meanwhile, each: 32 of them send 40 batches, 20,000 records a second.
const SEND_EVERY: Duration = Duration::from_millis(800);
/// For so long batches are made for it at the goal of the ingest: more than they send.
const STEADY_INGEST: Duration = Duration::from_secs(4);
/// What must be reached, as a part of nginx's.
const GOAL_RATIO: f64 = 0.7;
/// Longest time of 99 % of answers, in ms.
const GOAL_P99_MS: f64 = 2.0;

/// The question.
const PATH: &str = "/api/v1/rankings?limit=100";

/// Measures it.
pub(super) fn measure(settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let scratch = Scratch::new("bench-rankings")?;
    let past = Past::small(scratch.join("warehouse"), settings.seed);
    past::happen(&past, SystemClock.hour(), |_| {})?;
    let mut options = WarehouseOptions { seal_interval_ms: 2_000, ..WarehouseOptions::new(&past.dir) };
    options.more.push_str("\n[api]\nper_client_per_minute = 60000000\n");
    let warehouse = Warehouse::start(options)?;
    warehouse.command(&["publish"])?;
    let answer = warehouse.get(PATH)?;
    ensure!(answer.status == 200, "the ranking is answered with {}", answer.status);
    let nginx = Nginx::start(&scratch.join("nginx"), &answer.body)?;

    let (batches, _) =
        ingest::prepare(&Settings { ingest_time: INGEST_TIME, ..*settings }, &warehouse, "hasty", now_unix_s())?;
    let address = warehouse.address();
    let sending = std::thread::spawn(move || drive(address, batches, Duration::from_secs(600)));
    let ours = ask(address, PATH, Duration::ZERO)?;
    let peer = ask(nginx.address, "/ranking.json", Duration::ZERO)?;
    let outlasted = !sending.is_finished();
    let batches = sending.join().map_err(|_| anyhow::anyhow!("sending batches panicked"))??;
    batches.require_all_ok()?;
    ensure!(outlasted, "the batches were sent in {:?} and did not outlast the questions", batches.elapsed);

    // How long somebody waits is asked of servers that are busy, not of servers that are asked as fast as they answer.
    let steady = Settings { ingest_time: STEADY_INGEST, ..*settings };
    let (batches, _) = ingest::prepare(&steady, &warehouse, "steady", now_unix_s())?;
    let sending = std::thread::spawn(move || drive_every(address, batches, TIME * 3, SEND_EVERY));
    let mut paced = ask(address, PATH, READ_EVERY)?;
    let mut paced_peer = ask(nginx.address, "/ranking.json", READ_EVERY)?;
    sending.join().map_err(|_| anyhow::anyhow!("sending batches panicked"))??.require_all_ok()?;
    #[expect(clippy::cast_precision_loss, reason = "a body is some 100 kB")]
    let bytes = answer.body.len() as f64;
    let rate = peer.per_second();
    let p99 = |answers: &mut Answers| f64::from(percentile(&mut answers.latencies_us, 0.99)) / 1e3;
    Ok(vec![
        Row::new("rankings.rate", ours.per_second(), "answers/s while batches come in")
            .with_goal(Goal::AtLeast(rate * GOAL_RATIO))
            .with_peer("nginx, the same bytes as a file, batches coming in likewise", rate),
        Row::new("rankings.p99", p99(&mut paced), "ms at 2,000 answers/s while 20,000 records/s come in")
            .with_goal(Goal::AtMost(GOAL_P99_MS))
            .with_peer("nginx, likewise", p99(&mut paced_peer)),
        Row::new("rankings.bytes", bytes, "bytes an answer"),
    ])
}

/// The same question without end.
struct Question(Vec<u8>);

impl Source for Question {
    fn next(&mut self) -> Option<&[u8]> {
        Some(&self.0)
    }
}

/// Asks it for [`TIME`], with nothing but the question.
fn ask(address: SocketAddr, path: &str, every: Duration) -> anyhow::Result<Answers> {
    ask_as(address, path, "", every)
}

/// Asks it for [`TIME`] with more headers, each with its line's end.
pub(super) fn ask_as(address: SocketAddr, path: &str, headers: &str, every: Duration) -> anyhow::Result<Answers> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n").into_bytes();
    let answers = drive_every(address, (0..READERS).map(|_| Question(request.clone())).collect(), TIME, every)?;
    answers.require_all_ok()?;
    Ok(answers)
}

/// nginx, which ends with this.
struct Nginx {
    child: Child,
    address: SocketAddr,
}

impl Nginx {
    fn start(dir: &Path, body: &[u8]) -> anyhow::Result<Self> {
        fs::create_dir_all(dir).context("making nginx's directory")?;
        fs::write(dir.join("ranking.json"), body).context("writing nginx's file")?;
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let root = dir.display();
        let config = format!(
            "daemon off; pid {root}/pid; error_log {root}/error.log; worker_processes auto; events {{ }} \
             http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; \
             types {{ application/json json; }} open_file_cache max=10; client_body_temp_path {root}/body; \
             proxy_temp_path {root}/proxy; fastcgi_temp_path {root}/fastcgi; uwsgi_temp_path {root}/uwsgi; \
             scgi_temp_path {root}/scgi; server {{ listen {address}; root {root}; }} }}"
        );
        let path = dir.join("nginx.conf");
        fs::write(&path, config).context("writing nginx's configuration")?;
        let child = Command::new("nginx")
            .arg("-c")
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting nginx; Debian's package nginx-light has it")?;
        let nginx = Self { child, address };
        until("nginx answers", Duration::from_secs(10), || {
            http::get(address, "/ranking.json").ok().filter(|answer| answer.status == 200).map(drop)
        })?;
        Ok(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers end with it only if it is asked, not killed.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}
