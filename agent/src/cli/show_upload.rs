//! `agent show-upload`: what would leave, byte for byte.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use intake::clock::{Clock as _, SystemClock};
use rusqlite::Connection;
use serde_json::json;
use wire::signature::{ContentDigest, SIGNATURE_HEADER};
use wire::{AgentId, MAX_BATCH_JSON_BYTES, Seq};

use super::output::{print_bytes, print_json};
use super::words::count;
use super::{EXIT_CODES, database};
use crate::config::{Config, WarehouseConfig};
use crate::outgoing::USER_AGENT;
use crate::store::{batches, identity, outbox};
use crate::upload::request;

/// Prints what would leave for the warehouse next, byte for byte; nothing is changed or sent.
///
/// That is the oldest sealed batch that the warehouse has not acknowledged, or, if there is none, the batch that would be
/// sealed now. Its JSON goes to standard output exactly as it is inside the compressed body; the request around it goes
/// to standard error.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct ShowUpload {
    /// The sealed batch of this number, also if it was acknowledged and is still kept.
    #[arg(long, value_name = "NUMBER")]
    seq: Option<u64>,
    /// The compressed bytes, as they are signed and sent.
    #[arg(long)]
    raw: bool,
    /// Show the signature in the headers as well: it is valid for five minutes and proves nothing but the sender.
    #[arg(long)]
    signature: bool,
    /// As JSON, with request and body.
    #[arg(long, conflicts_with = "raw")]
    json: bool,
}

/// What would leave.
struct Leaving {
    seq: Seq,
    records: u64,
    sealed: bool,
    body: Vec<u8>,
}

impl ShowUpload {
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let Some(warehouse) = config.uploads_to() else {
            return self.nothing("nothing ever leaves: no warehouse is configured, or telemetry is off");
        };
        let connection = database::read(&config.data_dir)?;
        let Some(leaving) = self.find(&connection, &warehouse.agent_id, config.outbox.seal_records)? else {
            return self.nothing("nothing waits to leave");
        };
        let json = zstd::bulk::decompress(&leaving.body, MAX_BATCH_JSON_BYTES)
            .with_context(|| format!("the bytes of batch {} are damaged", leaving.seq.0))?;
        let headers = self.headers(warehouse, &leaving.body);
        let alarm = identity::read(&connection)?.alarm;
        if self.json {
            print_json(&json!({
                "seq": leaving.seq,
                "sealed": leaving.sealed,
                "records": leaving.records,
                "held_back_by": alarm.map(|alarm| alarm.to_string()),
                "request": {
                    "method": "POST",
                    "url": request::url(warehouse)?.as_str(),
                    "headers": headers.iter().map(|(name, value)| json!([name, value])).collect::<Vec<_>>(),
                },
                "body_bytes": leaving.body.len(),
                "body_digest": ContentDigest::of(&leaving.body).to_string(),
                "body_json": String::from_utf8(json).context("the batch is no text")?,
            }))?;
            return Ok(ExitCode::SUCCESS);
        }
        let state = if leaving.sealed { "sealed" } else { "not sealed yet; this is what a seal would make now" };
        eprintln!("batch {}, {}, {state}", leaving.seq.0, count(leaving.records, "record", "records"));
        if let Some(alarm) = alarm {
            eprintln!("it is held back: {alarm}");
        }
        eprintln!("POST {}", request::url(warehouse)?);
        for (name, value) in &headers {
            eprintln!("{name}: {value}");
        }
        eprintln!();
        if self.raw {
            ensure!(
                !std::io::stdout().is_terminal(),
                "compressed bytes are not for a terminal: redirect them to a file"
            );
            print_bytes(&leaving.body)?;
        } else {
            print_bytes(&json)?;
            if std::io::stdout().is_terminal() {
                eprintln!();
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn find(&self, connection: &Connection, agent: &AgentId, seal_records: u64) -> anyhow::Result<Option<Leaving>> {
        if let Some(offer) = batches::sealed(connection, self.seq.map(Seq))? {
            return Ok(Some(Leaving { seq: offer.seq, records: offer.records, sealed: true, body: offer.body }));
        }
        if let Some(seq) = self.seq {
            bail!("there is no sealed batch {seq}: it is not sealed yet, or no longer kept");
        }
        let limit = usize::try_from(seal_records).unwrap_or(usize::MAX);
        let Some(draft) = outbox::draft(connection, agent, limit)? else { return Ok(None) };
        let (seq, records) = (draft.batch.seq, draft.batch.records.len() as u64);
        Ok(Some(Leaving { seq, records, sealed: false, body: draft.body()? }))
    }

    /// The headers of the request: those of ours, and those that HTTP adds.
    fn headers(&self, warehouse: &WarehouseConfig, body: &[u8]) -> Vec<(&'static str, String)> {
        let now_s = SystemClock.now().as_second();
        let mut headers = Vec::new();
        match warehouse.secret() {
            Ok(secret) => headers.extend(request::headers(&warehouse.agent_id, &secret, now_s, body)),
            Err(error) => headers.push(("(no signature can be made", format!("{error:#})"))),
        }
        if !self.signature {
            for (_, value) in headers.iter_mut().filter(|(name, _)| *name == SIGNATURE_HEADER) {
                "v1=(hidden; --signature shows it)".clone_into(value);
            }
        }
        headers.push(("user-agent", USER_AGENT.to_owned()));
        headers.push(("accept", "*/*".to_owned()));
        if let Ok(url) = request::url(warehouse)
            && let Some(host) = url.host_str()
        {
            headers.push(("host", url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))));
        }
        headers.push(("content-length", body.len().to_string()));
        headers
    }

    fn nothing(&self, why: &str) -> anyhow::Result<ExitCode> {
        if self.json {
            print_json(&json!({ "nothing": why }))?;
        } else {
            eprintln!("{why}");
        }
        Ok(ExitCode::SUCCESS)
    }
}
