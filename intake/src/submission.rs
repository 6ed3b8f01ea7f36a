//! What a client sends after a test: `POST /api/telemetry`, in all the dialects that are in use.
//!
//! A body is parsed once into a [`Submission`] that keeps the client's own numbers (for the agent's history) and makes
//! the coarsened, IP-free [`wire::Record`] from them. Unknown members are ignored; every known number has bounds.

mod body;
mod fault;
mod headers;
mod meaning;

use wire::{AsnOutcome, ClientVersion, Country, Day, Grade, Hour, IpVersion, TestType};

pub use fault::SubmissionFault;
pub use headers::{check_content, idempotency_key};
pub use meaning::Measured;

/// Largest body, in bytes. Real ones have about 600.
pub const MAX_BODY_BYTES: usize = 64 << 10;

/// Largest latency or increase that is believed, in ms.
pub const MAX_LATENCY_MS: f64 = 60_000.0;

/// Largest throughput that is believed, in Mbit/s.
pub const MAX_THROUGHPUT_MBPS: f64 = 100_000.0;

/// Longest test that is believed, in seconds.
pub const MAX_DURATION_S: f64 = 3_600.0;

/// Most characters of a text that is kept in the history; the rest is cut off.
pub const MAX_TEXT_CHARS: usize = 200;

/// What a body turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Parsed {
    /// A result to keep.
    Kept(Box<Submission>),
    /// `telemetry_enabled: false`: nothing is kept or sent, and the client is told so.
    OptedOut,
}

/// A result as the client sent it, within bounds. Numbers are the client's own: a 0 may mean "not measured".
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// Which test was run.
    pub test_type: TestType,
    /// Round-trip time of the idle line in ms.
    pub baseline_ms: Option<f64>,
    /// Rise while downloading in ms.
    pub download_increase_ms: Option<f64>,
    /// Rise while uploading in ms.
    pub upload_increase_ms: Option<f64>,
    /// Rise while doing both in ms.
    pub bidirectional_increase_ms: Option<f64>,
    /// Download throughput in Mbit/s.
    pub download_mbps: Option<f64>,
    /// Upload throughput in Mbit/s.
    pub upload_mbps: Option<f64>,
    /// Overall grade.
    pub grade_overall: Option<Grade>,
    /// Grade of the download phase.
    pub grade_download: Option<Grade>,
    /// Grade of the upload phase.
    pub grade_upload: Option<Grade>,
    /// Grade of the bidirectional phase.
    pub grade_bidirectional: Option<Grade>,
    /// Household test: the gamer, `alex`.
    pub grade_gaming: Option<Grade>,
    /// Household test: the video call, `sarah`.
    pub grade_video_call: Option<Grade>,
    /// Household test: streaming, `jake`.
    pub grade_streaming: Option<Grade>,
    /// Household test: background transfers, `computer`.
    pub grade_background: Option<Grade>,
    /// Household test: the client's score.
    pub household_score: Option<f64>,
    /// Duration of the test in seconds.
    pub duration_s: Option<f64>,
    /// Version of the client program.
    pub client_version: Option<ClientVersion>,
    /// Name of the test server, at most [`MAX_TEXT_CHARS`] characters; the agent's history only.
    pub server_name: Option<String>,
}

/// What is known of a test beside what the client sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordContext {
    /// The hour in which the result was received; the client's own timestamp is ignored.
    pub tested_hour: Hour,
    /// Version of the Internet Protocol of the client.
    pub ip_version: IpVersion,
    /// The client's network. With `asn_outcome` as the look-up gave them: they must agree.
    pub asn: Option<wire::Asn>,
    /// How the network was found.
    pub asn_outcome: AsnOutcome,
    /// The client's country.
    pub country: Option<Country>,
    /// Build day of the ASN database.
    pub asn_database_day: Option<Day>,
    /// This client's first test of this type on this day.
    pub vote_day: bool,
    /// This client's first test of this type in 30 days.
    pub vote_month: bool,
}

/// Parses a body.
///
/// # Errors
/// [`SubmissionFault`] says which member was wrong and what it may be.
pub fn parse(body: &[u8]) -> Result<Parsed, SubmissionFault> {
    body::parse(body)
}

#[cfg(test)]
mod tests;
