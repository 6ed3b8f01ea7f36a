//! What the support desk asks of the history: the newest results, those of one client or prefix.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;
use rusqlite::{Connection, Row, named_params};
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

const MATCHES: &str = "FROM history
    WHERE client_ip BETWEEN :first AND :last
      AND received_ms >= :since AND received_ms < :until
      AND (:grade IS NULL OR overall_grade = :grade)
      AND (:test_type IS NULL OR test_type = :test_type)";

/// The newest results that match, at most `limit` of them, and how many match in all.
///
/// # Errors
/// [`StoreFault`] if they cannot be read.
pub fn find(connection: &Connection, filter: &Filter, limit: u32) -> Result<Found, StoreFault> {
    let (first, last) = filter.client.map_or(([0; 16], [0xff; 16]), range);
    let values = named_params! {
        ":first": first,
        ":last": last,
        ":since": filter.since_ms.unwrap_or(i64::MIN),
        ":until": filter.until_ms.unwrap_or(i64::MAX),
        ":grade": filter.grade.map(Grade::as_str),
        ":test_type": filter.test_type.map(TestType::as_str),
    };
    let total =
        connection.prepare_cached(&format!("SELECT count(*) {MATCHES}"))?.query_row(values, |row| row.get(0))?;
    let sql = format!("SELECT * {MATCHES} ORDER BY received_ms DESC, local_id DESC LIMIT {limit}");
    let mut statement = connection.prepare_cached(&sql)?;
    let results = statement.query_map(values, read)?.collect::<Result<_, _>>()?;
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
