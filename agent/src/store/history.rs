//! What the support desk sees: each test with the client's address and the client's own numbers.

use std::net::IpAddr;

use rusqlite::{Connection, named_params};
use wire::{Asn, Grade};

use super::StoreFault;
use super::accept::{Accepted, Incoming};

/// 16 bytes in network order, IPv4 as `::ffff:a.b.c.d`, so that any prefix is one range.
pub(super) fn address_bytes(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

/// Keeps a result.
pub(super) fn insert(
    connection: &Connection,
    incoming: &Incoming,
    accepted: Accepted,
    received_ms: i64,
) -> Result<(), StoreFault> {
    let test = &incoming.submission;
    let letter = |grade: Option<Grade>| grade.map(Grade::as_str);
    connection
        .prepare_cached(
            "INSERT INTO history VALUES (:local_id, :test_id, :received_ms, :client_ip, :user_agent, :test_type,
             :download_mbps, :upload_mbps, :baseline, :download, :upload, :bidirectional, :overall_grade,
             :download_grade, :upload_grade, :bidirectional_grade, :household_score, :alex, :sarah, :jake, :computer,
             :duration, :asn, :asn_name, :country, :server)",
        )?
        .execute(named_params! {
            ":local_id": accepted.local_id,
            ":test_id": accepted.test_id(),
            ":received_ms": received_ms,
            ":client_ip": address_bytes(incoming.client.ip()),
            ":user_agent": incoming.user_agent,
            ":test_type": test.test_type.as_str(),
            ":download_mbps": test.download_mbps,
            ":upload_mbps": test.upload_mbps,
            ":baseline": test.baseline_ms,
            ":download": test.download_increase_ms,
            ":upload": test.upload_increase_ms,
            ":bidirectional": test.bidirectional_increase_ms,
            ":overall_grade": letter(test.grade_overall),
            ":download_grade": letter(test.grade_download),
            ":upload_grade": letter(test.grade_upload),
            ":bidirectional_grade": letter(test.grade_bidirectional),
            ":household_score": test.household_score,
            ":alex": letter(test.grade_gaming),
            ":sarah": letter(test.grade_video_call),
            ":jake": letter(test.grade_streaming),
            ":computer": letter(test.grade_background),
            ":duration": test.duration_s,
            ":asn": incoming.finding.asn.map(Asn::get),
            ":asn_name": incoming.finding.name.as_deref(),
            ":country": incoming.finding.country.as_ref().map(wire::Country::as_str),
            ":server": test.server_name,
        })?;
    Ok(())
}

/// Lets the oldest go. The outbox is a table of its own: an unsent record does not go with them.
pub(super) fn evict(connection: &Connection, rows: u64) -> Result<(), StoreFault> {
    connection
        .prepare_cached(
            "DELETE FROM history WHERE local_id IN (SELECT local_id FROM history ORDER BY local_id LIMIT ?1)",
        )?
        .execute([rows])?;
    Ok(())
}
