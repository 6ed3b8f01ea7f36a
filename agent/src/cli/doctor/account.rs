//! The warehouse: whether it is reached, whether it accepts the key, and whether the clocks agree.
//!
//! The probe is a signed request without a batch. The warehouse looks at the signature first, so it refuses the empty body
//! (`bad-json`) only if it knows the agent and accepts its key; nothing there changes.

use anyhow::Context as _;
use intake::clock::Clock;
use wire::signature::{MAX_CLOCK_SKEW_S, Secret};

use super::check::Check;
use crate::cli::words::printable;
use crate::config::{Config, WarehouseConfig};
use crate::upload::read_reply;
use crate::upload::request;
use crate::upload::verdict::{Reply, problem};

/// Clocks that are further apart than this are worth a look, in seconds.
const SKEW_S: u64 = 10;

/// What the probe heard.
struct Heard {
    reply: Reply,
    /// The warehouse's time minus ours, in seconds.
    offset_s: Option<i64>,
}

pub(super) fn checks(config: &Config, clock: &dyn Clock) -> anyhow::Result<Vec<Check>> {
    const CHECK: &str = "warehouse";
    let Some(warehouse) = config.uploads_to() else {
        return Ok(vec![Check::ok(CHECK, "none: results stay here")]);
    };
    let secret = match warehouse.secret() {
        Ok(secret) => secret,
        Err(error) => {
            let advice = format!("the warehouse's operator gives it: write it to {}", warehouse.secret_file.display());
            return Ok(vec![Check::fail(CHECK, format!("{error:#}"), advice)]);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the runtime")?;
    Ok(match runtime.block_on(ask(warehouse, &secret, clock)) {
        Ok(heard) => vec![account(warehouse, &heard), skew(&heard)],
        Err(error) => {
            let advice = "check warehouse.url, the name server and the firewall; results wait here meanwhile";
            vec![Check::fail(CHECK, format!("no answer from {}: {error:#}", warehouse.url.shown()), advice)]
        }
    })
}

/// Asks; if the clocks are too far apart, asks again with the warehouse's time, as the uploader would.
async fn ask(warehouse: &WarehouseConfig, secret: &Secret, clock: &dyn Clock) -> anyhow::Result<Heard> {
    let client = request::client()?;
    let mut offset_s = 0;
    loop {
        let now_s = clock.now().as_second();
        let mut request = client.post(request::url(warehouse)?);
        for (name, value) in request::headers(&warehouse.agent_id, secret, now_s + offset_s, &[]) {
            request = request.header(name, if name == "content-encoding" { "identity".to_owned() } else { value });
        }
        let response = request.send().await.map_err(reqwest::Error::without_url)?;
        let reply = read_reply(response, now_s).await.map_err(reqwest::Error::without_url)?;
        let theirs = reply.date_s.map(|date_s| date_s - now_s);
        let skewed = problem(&reply.body).is_some_and(|problem| problem.slug == "clock-skew");
        match theirs {
            Some(theirs) if skewed && offset_s == 0 && theirs != 0 => offset_s = theirs,
            theirs => return Ok(Heard { reply, offset_s: theirs }),
        }
    }
}

fn account(warehouse: &WarehouseConfig, heard: &Heard) -> Check {
    const CHECK: &str = "warehouse";
    let (url, agent, status) = (warehouse.url.shown(), &warehouse.agent_id, heard.reply.status);
    let Some(problem) = problem(&heard.reply.body) else {
        let says = format!("{url} answers with status {status}, and not as a warehouse does");
        return Check::fail(CHECK, says, "check warehouse.url; a proxy before the warehouse may answer in its place");
    };
    let detail = printable(&problem.detail);
    match problem.slug.as_str() {
        "bad-json" => Check::ok(CHECK, format!("{url} is reached and accepts the key of {agent}")),
        "warehouse-full" | "batch-under-way" | "not-durable" => {
            let says = format!("{url} is reached and takes nothing at the moment: {detail}");
            Check::warn(CHECK, says, "nothing: batches are sent again by themselves")
        }
        slug => {
            let advice = "the warehouse's operator can compare agent id and key, and say why";
            Check::fail(CHECK, format!("{url} refuses {agent} ({slug}): {detail}"), advice)
        }
    }
}

fn skew(heard: &Heard) -> Check {
    const CHECK: &str = "clock";
    let Some(offset_s) = heard.offset_s else {
        return Check::warn(CHECK, "the warehouse's answer had no Date to compare with", "");
    };
    let ahead = if offset_s > 0 { "behind" } else { "ahead of" };
    let says = format!("{} s {ahead} the warehouse's", offset_s.unsigned_abs());
    let advice = "run an NTP client (timedatectl set-ntp true): hours and days of results come from this clock";
    match offset_s.unsigned_abs() {
        0..=SKEW_S => Check::ok(CHECK, format!("agrees with the warehouse's within {SKEW_S} s")),
        off if off <= MAX_CLOCK_SKEW_S => Check::warn(CHECK, says, advice),
        _ => Check::fail(CHECK, says, advice),
    }
}
