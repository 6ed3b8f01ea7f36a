//! What the support desk sees: each test with the client's address and the client's own numbers.

use std::net::IpAddr;

use rusqlite::{Connection, named_params};
use wire::{Asn, Grade};

use super::StoreFault;
use super::accept::{Accepted, Incoming};
use super::lookup::StoredResult;

/// 16 bytes in network order, IPv4 as `::ffff:a.b.c.d`, so that any prefix is one range.
pub(super) fn address_bytes(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

/// Keeps a result that was just received.
pub(super) fn insert(
    connection: &Connection,
    incoming: &Incoming,
    accepted: Accepted,
    received_ms: i64,
) -> Result<(), StoreFault> {
    let test = &incoming.submission;
    let result = StoredResult {
        local_id: accepted.local_id,
        test_id: accepted.test_id(),
        received_ms,
        client_ip: incoming.client.ip(),
        user_agent: incoming.user_agent.clone(),
        test_type: test.test_type,
        download_mbps: test.download_mbps,
        upload_mbps: test.upload_mbps,
        baseline_ms: test.baseline_ms,
        download_increase_ms: test.download_increase_ms,
        upload_increase_ms: test.upload_increase_ms,
        bidirectional_increase_ms: test.bidirectional_increase_ms,
        overall_grade: test.grade_overall,
        download_grade: test.grade_download,
        upload_grade: test.grade_upload,
        bidirectional_grade: test.grade_bidirectional,
        household_score: test.household_score,
        alex_grade: test.grade_gaming,
        sarah_grade: test.grade_video_call,
        jake_grade: test.grade_streaming,
        computer_grade: test.grade_background,
        test_duration_s: test.duration_s,
        asn: incoming.finding.asn.map(Asn::get),
        asn_name: incoming.finding.name.as_deref().map(str::to_owned),
        country_code: incoming.finding.country.as_ref().map(|country| country.as_str().to_owned()),
        test_server_name: test.server_name.clone(),
    };
    keep(connection, &result)
}

/// Keeps a result under its number.
pub(crate) fn keep(connection: &Connection, result: &StoredResult) -> Result<(), StoreFault> {
    let letter = |grade: Option<Grade>| grade.map(Grade::as_str);
    let mut statement = connection.prepare_cached(
        "INSERT INTO history VALUES (:local_id, :test_id, :received_ms, :client_ip, :user_agent, :test_type,
         :download_mbps, :upload_mbps, :baseline, :download, :upload, :bidirectional, :overall_grade,
         :download_grade, :upload_grade, :bidirectional_grade, :household_score, :alex, :sarah, :jake, :computer,
         :duration, :asn, :asn_name, :country, :server)",
    )?;
    statement.execute(named_params! {
        ":local_id": result.local_id,
        ":test_id": result.test_id,
        ":received_ms": result.received_ms,
        ":client_ip": address_bytes(result.client_ip),
        ":user_agent": result.user_agent,
        ":test_type": result.test_type.as_str(),
        ":download_mbps": result.download_mbps,
        ":upload_mbps": result.upload_mbps,
        ":baseline": result.baseline_ms,
        ":download": result.download_increase_ms,
        ":upload": result.upload_increase_ms,
        ":bidirectional": result.bidirectional_increase_ms,
        ":overall_grade": letter(result.overall_grade),
        ":download_grade": letter(result.download_grade),
        ":upload_grade": letter(result.upload_grade),
        ":bidirectional_grade": letter(result.bidirectional_grade),
        ":household_score": result.household_score,
        ":alex": letter(result.alex_grade),
        ":sarah": letter(result.sarah_grade),
        ":jake": letter(result.jake_grade),
        ":computer": letter(result.computer_grade),
        ":duration": result.test_duration_s,
        ":asn": result.asn,
        ":asn_name": result.asn_name,
        ":country": result.country_code,
        ":server": result.test_server_name,
    })?;
    Ok(())
}

/// True if the history has a result of the same client, moment and numbers.
pub(crate) fn holds(connection: &Connection, result: &StoredResult) -> Result<bool, StoreFault> {
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM history
         WHERE client_ip = :client_ip AND received_ms = :received_ms AND test_type = :test_type
           AND download_mbps IS :download_mbps AND upload_mbps IS :upload_mbps AND baseline_latency_ms IS :baseline
           AND download_latency_increase_ms IS :download AND upload_latency_increase_ms IS :upload
           AND household_score IS :household_score)",
    )?;
    let values = named_params! {
        ":client_ip": address_bytes(result.client_ip),
        ":received_ms": result.received_ms,
        ":test_type": result.test_type.as_str(),
        ":download_mbps": result.download_mbps,
        ":upload_mbps": result.upload_mbps,
        ":baseline": result.baseline_ms,
        ":download": result.download_increase_ms,
        ":upload": result.upload_increase_ms,
        ":household_score": result.household_score,
    };
    Ok(statement.query_row(values, |row| row.get(0))?)
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
