//! What a delivery says: the JSON that providers' systems already read, byte for byte.
//!
//! Numbers are the client's own, written as it wrote them: a whole number has no fraction, and a 0 may mean "not
//! measured". Where the client sent no number there is a 0, too: the old system sent that, and its receivers calculate
//! with it.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use wire::{Asn, Country, Grade, TestType};

use crate::store::{Accepted, Incoming};

/// What `source` says.
const SOURCE: &str = "libreqos-bufferbloat";

#[derive(Serialize)]
struct Body<'a> {
    test_id: String,
    /// When the result was received, to the second.
    timestamp: Timestamp,
    source: &'static str,
    client_ip: IpAddr,
    /// Empty if the client named none.
    user_agent: &'a str,
    test_type: &'static str,
    download_mbps: Number,
    upload_mbps: Number,
    ping_ms: Number,
    bufferbloat: Bufferbloat,
    asn_info: AsnInfo<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    virtual_household: Option<Household>,
}

#[derive(Serialize)]
struct Bufferbloat {
    overall_grade: Option<Grade>,
    download_latency_increase_ms: Number,
    upload_latency_increase_ms: Number,
    bidirectional_latency_increase_ms: Number,
}

/// All three are null if the network was not found.
#[derive(Serialize)]
struct AsnInfo<'a> {
    asn: Option<String>,
    asn_name: Option<&'a str>,
    country_code: Option<&'a str>,
}

/// The names under which the client sends them.
#[derive(Serialize)]
struct Household {
    alex_performance: Option<Grade>,
    sarah_performance: Option<Grade>,
    jake_performance: Option<Grade>,
    computer_performance: Option<Grade>,
}

/// A client's number; 0 if it sent none.
struct Number(Option<f64>);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = self.0.unwrap_or(0.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "parsing bounds it to 0 to 100,000"
        )]
        let whole = number as u64;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        if whole as f64 == number { serializer.serialize_u64(whole) } else { serializer.serialize_f64(number) }
    }
}

/// The bytes of a result's delivery: signed, sent and kept as they are.
///
/// # Errors
/// None that a result can cause: every member can be written as JSON.
pub fn body(incoming: &Incoming, accepted: Accepted) -> serde_json::Result<Vec<u8>> {
    let test = &incoming.submission;
    let household = test.test_type == TestType::Household;
    serde_json::to_vec(&Body {
        test_id: accepted.test_id(),
        timestamp: Timestamp::from_second(accepted.received_s).unwrap_or_default(),
        source: SOURCE,
        client_ip: incoming.client.ip(),
        user_agent: incoming.user_agent.as_deref().unwrap_or_default(),
        test_type: if household { "virtual_household" } else { "single_user" },
        download_mbps: Number(test.download_mbps),
        upload_mbps: Number(test.upload_mbps),
        ping_ms: Number(test.baseline_ms),
        bufferbloat: Bufferbloat {
            overall_grade: test.grade_overall,
            download_latency_increase_ms: Number(test.download_increase_ms),
            upload_latency_increase_ms: Number(test.upload_increase_ms),
            bidirectional_latency_increase_ms: Number(test.bidirectional_increase_ms),
        },
        asn_info: AsnInfo {
            asn: incoming.finding.asn.map(|asn| format!("AS{}", Asn::get(asn))),
            asn_name: incoming.finding.name.as_deref(),
            country_code: incoming.finding.country.as_ref().map(Country::as_str),
        },
        virtual_household: household.then_some(Household {
            alex_performance: test.grade_gaming,
            sarah_performance: test.grade_video_call,
            jake_performance: test.grade_streaming,
            computer_performance: test.grade_background,
        }),
    })
}

#[cfg(test)]
mod tests;
