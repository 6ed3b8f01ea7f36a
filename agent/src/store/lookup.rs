//! What the support desk asks of the history: the newest results, those of one client or prefix.

pub mod figures;

pub mod wanted;

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use wire::{Grade, TestType};

use super::StoreFault;
use super::history::address_bytes;

/// A stored result, with the address and the client's own numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredResult {
    /// Its number in this database.
    pub local_id: i64,
    /// The id that the provider's systems know it by.
    pub test_id: String,
    /// When it was received, in Unix milliseconds.
    pub received_ms: i64,
    /// The client's address.
    pub client_ip: IpAddr,
    /// The client's `User-Agent`: text of a stranger.
    pub user_agent: Option<String>,
    /// Which test was run.
    pub test_type: TestType,
    /// Download throughput in Mbit/s.
    pub download_mbps: Option<f64>,
    /// Upload throughput in Mbit/s.
    pub upload_mbps: Option<f64>,
    /// Round-trip time of the idle line in ms; a 0 may mean "not measured", as in the next three.
    pub baseline_ms: Option<f64>,
    /// Rise while downloading in ms.
    pub download_increase_ms: Option<f64>,
    /// Rise while uploading in ms.
    pub upload_increase_ms: Option<f64>,
    /// Rise while doing both in ms.
    pub bidirectional_increase_ms: Option<f64>,
    /// Overall grade, as reported; the next seven too.
    pub overall_grade: Option<Grade>,
    /// Grade of the download phase.
    pub download_grade: Option<Grade>,
    /// Grade of the upload phase.
    pub upload_grade: Option<Grade>,
    /// Grade of the bidirectional phase.
    pub bidirectional_grade: Option<Grade>,
    /// Household test: the client's score.
    pub household_score: Option<f64>,
    /// Household test: the gamer.
    pub alex_grade: Option<Grade>,
    /// Household test: the video call.
    pub sarah_grade: Option<Grade>,
    /// Household test: streaming.
    pub jake_grade: Option<Grade>,
    /// Household test: background transfers.
    pub computer_grade: Option<Grade>,
    /// Duration in seconds.
    pub test_duration_s: Option<f64>,
    /// The client's network, if it was found.
    pub asn: Option<u32>,
    /// Its name.
    pub asn_name: Option<String>,
    /// The client's country, ISO 3166 alpha-2.
    pub country_code: Option<String>,
    /// Name of the test server: text of a stranger.
    pub test_server_name: Option<String>,
}

/// Which results are wanted, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only clients of this address or prefix.
    pub client: Option<IpNet>,
    /// Only results received at or after this moment, in Unix milliseconds.
    pub since_ms: Option<i64>,
    /// Only results received before this moment, in Unix milliseconds.
    pub until_ms: Option<i64>,
    /// Only results with this overall grade.
    pub grade: Option<Grade>,
    /// Only tests of this type.
    pub test_type: Option<TestType>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The newest, at most as many as were asked for.
    pub results: Vec<StoredResult>,
    /// How many there are in all.
    pub total: u64,
}

/// First and last address of a prefix, as `history.client_ip` has them.
pub(super) fn range(prefix: IpNet) -> ([u8; 16], [u8; 16]) {
    let (first, last) = match prefix {
        IpNet::V4(prefix) => (IpAddr::V4(prefix.network()), IpAddr::V4(prefix.broadcast())),
        IpNet::V6(prefix) => (IpAddr::V6(prefix.network()), IpAddr::V6(prefix.broadcast())),
    };
    (address_bytes(first), address_bytes(last))
}

/// The newest results that match, at most `limit` of them, and how many match in all.
///
/// # Errors
/// [`StoreFault`] if they cannot be read.
pub fn find(connection: &Connection, filter: &Filter, limit: u32) -> Result<Found, StoreFault> {
    let (conditions, mut values) = conditions(filter);
    let total = connection
        .prepare_cached(&format!("SELECT count(*) FROM history {conditions}"))?
        .query_row(params_from_iter(&values), |row| row.get(0))?;
    values.push(limit.into());
    let sql = format!("SELECT * FROM history {conditions} ORDER BY received_ms DESC, local_id DESC LIMIT ?");
    let mut statement = connection.prepare_cached(&sql)?;
    let results = statement.query_map(params_from_iter(&values), read)?.collect::<Result<_, _>>()?;
    Ok(Found { results, total })
}

/// The newest results of all clients, at most `limit` of them, without counting the rest.
///
/// # Errors
/// [`StoreFault`] if they cannot be read.
pub fn newest(connection: &Connection, limit: u32) -> Result<Vec<StoredResult>, StoreFault> {
    let mut statement = connection.prepare_cached("SELECT * FROM history ORDER BY local_id DESC LIMIT ?1")?;
    Ok(statement.query_map([limit], read)?.collect::<Result<_, _>>()?)
}

/// What the filter asks for, and nothing else: an index serves what stands here alone.
fn conditions(filter: &Filter) -> (String, Vec<Value>) {
    let mut conditions = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    if let Some((first, last)) = filter.client.map(range) {
        if first == last {
            // All of one client lie in the index in the order of their receipt.
            conditions.push("client_ip = ?");
            values.push(first.to_vec().into());
        } else {
            conditions.push("client_ip BETWEEN ? AND ?");
            values.extend([first.to_vec().into(), last.to_vec().into()]);
        }
    }
    if let Some(since_ms) = filter.since_ms {
        conditions.push("received_ms >= ?");
        values.push(since_ms.into());
    }
    if let Some(until_ms) = filter.until_ms {
        conditions.push("received_ms < ?");
        values.push(until_ms.into());
    }
    if let Some(grade) = filter.grade {
        conditions.push("overall_grade = ?");
        values.push(grade.as_str().to_owned().into());
    }
    if let Some(test_type) = filter.test_type {
        conditions.push("test_type = ?");
        values.push(test_type.as_str().to_owned().into());
    }
    let all = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
    (all, values)
}

fn read(row: &Row<'_>) -> rusqlite::Result<StoredResult> {
    let grade = |column: &str| -> rusqlite::Result<Option<Grade>> {
        Ok(row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from)?.and_then(Grade::parse))
    };
    let bytes: [u8; 16] = row.get("client_ip")?;
    let household = row.get_ref("test_type")?.as_str().map_err(rusqlite::Error::from)? == TestType::Household.as_str();
    Ok(StoredResult {
        local_id: row.get("local_id")?,
        test_id: row.get("test_id")?,
        received_ms: row.get("received_ms")?,
        client_ip: IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical(),
        user_agent: row.get("user_agent")?,
        test_type: if household { TestType::Household } else { TestType::Single },
        download_mbps: row.get("download_mbps")?,
        upload_mbps: row.get("upload_mbps")?,
        baseline_ms: row.get("baseline_latency_ms")?,
        download_increase_ms: row.get("download_latency_increase_ms")?,
        upload_increase_ms: row.get("upload_latency_increase_ms")?,
        bidirectional_increase_ms: row.get("bidirectional_latency_increase_ms")?,
        overall_grade: grade("overall_grade")?,
        download_grade: grade("download_grade")?,
        upload_grade: grade("upload_grade")?,
        bidirectional_grade: grade("bidirectional_grade")?,
        household_score: row.get("household_score")?,
        alex_grade: grade("alex_grade")?,
        sarah_grade: grade("sarah_grade")?,
        jake_grade: grade("jake_grade")?,
        computer_grade: grade("computer_grade")?,
        test_duration_s: row.get("test_duration_s")?,
        asn: row.get("asn")?,
        asn_name: row.get("asn_name")?,
        country_code: row.get("country_code")?,
        test_server_name: row.get("test_server_name")?,
    })
}

#[cfg(test)]
mod tests;
