//! Logs: a readable sentence with fields, on standard error. No line has an address, whatever the level.
//!
//! What we write ourselves has none by its types (`ClientAddress` does not print itself). Libraries name peers and hosts
//! below `info`, so nothing of theirs below it is shown.

mod journal;

use std::io::IsTerminal as _;

use serde::{Deserialize, Serialize};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{FilterFn, LevelFilter, Targets, filter_fn};
use tracing_subscriber::fmt::{MakeWriter, layer};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use self::journal::Prioritised;

/// The crates of this project: what they write at any level has no address.
const OURS: [&str; 3] = ["agent", "intake", "wire"];

/// How log lines are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// Starts logging to standard error; `RUST_LOG` sets levels (`warn`, or `info,agent::upload=debug`). Under systemd each
/// line has the priority that `journalctl -p` asks for.
pub fn start(format: LogFormat) {
    // Not `EnvFilter`: it brings an engine of regular expressions, which would be a tenth of this program.
    let asked = std::env::var("RUST_LOG").ok().map(|text| text.parse::<Targets>().map_err(|error| (text, error)));
    let (levels, wrong) = match asked {
        Some(Ok(levels)) => (levels, None),
        Some(Err(wrong)) => (usual_levels(), Some(wrong)),
        None => (usual_levels(), None),
    };
    let shape = match format {
        LogFormat::Json => Shape::Json,
        LogFormat::Text if journal::is_connected() => Shape::Journal,
        LogFormat::Text => Shape::Text { colours: std::io::stderr().is_terminal() },
    };
    // A second call in one process finds the first one's logger.
    let _ = subscriber(shape, levels, std::io::stderr).try_init();
    if let Some((text, error)) = wrong {
        tracing::warn!(%error, RUST_LOG = %text, "RUST_LOG cannot be read; the usual levels are used");
    }
}

fn usual_levels() -> Targets {
    Targets::new().with_default(LevelFilter::INFO)
}

/// What a line looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Text { colours: bool },
    Journal,
    Json,
}

fn subscriber<W>(shape: Shape, levels: Targets, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let lines = match shape {
        Shape::Text { colours } => layer().with_writer(writer).with_ansi(colours).boxed(),
        Shape::Journal => {
            layer().with_writer(writer).with_ansi(false).without_time().map_event_format(Prioritised).boxed()
        }
        Shape::Json => layer()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_writer(writer)
            .boxed(),
    };
    tracing_subscriber::registry().with(lines).with(levels).with(discreet())
}

/// Lets through what cannot name a peer.
fn discreet() -> FilterFn {
    filter_fn(|metadata: &Metadata<'_>| *metadata.level() <= Level::INFO || is_ours(metadata.target()))
}

fn is_ours(target: &str) -> bool {
    let root = target.split("::").next().unwrap_or_default();
    OURS.contains(&root)
}

#[cfg(test)]
mod tests;
