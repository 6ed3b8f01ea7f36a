//! The first page of the ranking, as browsers get it: how many a second, how long one waits, and when it is painted.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use intake::clock::{Clock as _, SystemClock};
use serde_json::json;

use super::Settings;
use super::rankings::ask_as;
use super::report::{Goal, Row};
use super::sample::percentile;
use crate::harness::{Scratch, Warehouse, WarehouseOptions};
use crate::past::{self, Past};
use crate::{browser, http};

/// The page.
const PATH: &str = "/rankings";
/// What browsers take, so that they get it compressed.
const HEADERS: &str = "Accept: text/html\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n";
/// Answers a second that must be reached, with the generator on the same cores.
const GOAL_RATE: f64 = 5_000.0;
/// Longest time of 99 % of these answers, in ms.
const GOAL_P99_MS: f64 = 5.0;
/// Longest time until the largest part of the page is painted, in ms, in the middle of some visits.
const GOAL_PAINT_MS: f64 = 500.0;
/// Visits of which each begins with an empty cache.
const VISITS: u32 = 7;

/// Measures it.
pub(super) fn measure(settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let scratch = Scratch::new("bench-pages")?;
    let past = Past::small(scratch.join("warehouse"), settings.seed);
    past::happen(&past, SystemClock.hour(), |_| {})?;
    let mut options = WarehouseOptions::new(&past.dir);
    options.more.push_str("\n[api]\nper_client_per_minute = 60000000\n");
    let warehouse = Warehouse::start(options)?;
    warehouse.command(&["publish"])?;
    let address = warehouse.address();
    let headers = [("accept", "text/html"), ("accept-encoding", "gzip, deflate, br, zstd")];
    let answer = http::fetch(address, &http::request("GET", PATH, &headers, b""))?;
    ensure!(answer.status == 200, "the page is answered with {}", answer.status);
    ensure!(answer.header("content-encoding") == Some("zstd"), "the page is not compressed");

    let mut answers = ask_as(address, PATH, HEADERS, Duration::ZERO)?;
    let p99 = f64::from(percentile(&mut answers.latencies_us, 0.99)) / 1e3;
    let facts = json!({ "origin": format!("http://{address}"), "path": PATH, "visits": VISITS });
    let painted = browser::measure("pages/paint.mjs", &facts)?["median_ms"].as_f64().context("nothing was painted")?;
    #[expect(clippy::cast_precision_loss, reason = "a page is some kB")]
    let bytes = answer.body.len() as f64;
    Ok(vec![
        Row::new("pages.rate", answers.per_second(), "first pages of the ranking a second")
            .with_goal(Goal::AtLeast(GOAL_RATE)),
        Row::new("pages.p99", p99, "ms for one of them at this rate").with_goal(Goal::AtMost(GOAL_P99_MS)),
        Row::new("pages.paint", painted, "ms until the largest part of it is painted, on loopback")
            .with_goal(Goal::AtMost(GOAL_PAINT_MS)),
        Row::new("pages.bytes", bytes, "bytes of it on the wire"),
    ])
}
