//! The record: all that ever leaves an internet provider about one test.

#[cfg(doctest)]
mod closed;
mod coarse;
mod country;
mod fault;
mod grade;
mod time;

use std::ops::Deref;

use serde::{Deserialize, Serialize};

pub use coarse::{Latency, Rate};
pub use country::{Country, UnknownCountry};
pub use fault::RecordFault;
pub use grade::Grade;
pub use time::{Day, Hour};

/// One test, valid by construction: a [`Record`] exists only if [`RecordFields`] passed every rule of [`RecordFault`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RecordFields", into = "RecordFields")]
pub struct Record(RecordFields);

/// The fields of a record (schema 1), in the order in which they are written.
///
/// "Not measured" is null everywhere, never 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordFields {
    /// Hour in which the agent received the result, UTC.
    pub tested_hour: Hour,
    /// Which of the two tests was run.
    pub test_type: TestType,
    /// The client's network, if it was found.
    pub asn: Option<Asn>,
    /// How the network was found, or why not.
    pub asn_outcome: AsnOutcome,
    /// The client's country by a country database.
    pub country: Option<Country>,
    /// Version of the Internet Protocol between client and agent.
    pub ip_version: IpVersion,
    /// This client's first valid test of this type on this UTC day at this agent.
    pub vote_day: bool,
    /// This client's first valid test of this type in 30 days at this agent: the vote that rankings count.
    pub vote_month: bool,
    /// Round-trip time of the idle line.
    pub baseline: Option<Latency>,
    /// Rise of the round-trip time while downloading.
    pub download_increase: Option<Latency>,
    /// Rise of the round-trip time while uploading.
    pub upload_increase: Option<Latency>,
    /// Rise of the round-trip time while doing both.
    pub bidirectional_increase: Option<Latency>,
    /// Throughput while downloading.
    pub download_rate: Option<Rate>,
    /// Throughput while uploading.
    pub upload_rate: Option<Rate>,
    /// Overall grade as the client reported it.
    pub grade_overall: Option<Grade>,
    /// Grade of the download phase as reported.
    pub grade_download: Option<Grade>,
    /// Grade of the upload phase as reported.
    pub grade_upload: Option<Grade>,
    /// Grade of the bidirectional phase as reported.
    pub grade_bidirectional: Option<Grade>,
    /// Household test: grade of the gamer (the client's `alex`).
    pub grade_gaming: Option<Grade>,
    /// Household test: grade of the video call (`sarah`).
    pub grade_video_call: Option<Grade>,
    /// Household test: grade of streaming (`jake`).
    pub grade_streaming: Option<Grade>,
    /// Household test: grade of the background transfers (`computer`).
    pub grade_background: Option<Grade>,
    /// Duration of the test in seconds.
    pub duration_s: Option<u16>,
    /// Version of the client program.
    pub client_version: Option<ClientVersion>,
    /// Build day of the ASN database that was used.
    pub asn_database_day: Option<Day>,
}

/// Major, minor and patch number of a client program.
pub type ClientVersion = [u16; 3];

/// Longest test that a record can hold, in seconds.
pub const MAX_DURATION_S: u16 = 3_600;

/// Autonomous system number, never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Asn(pub std::num::NonZeroU32);

impl Asn {
    /// The network with this number; `None` for 0, which is reserved (RFC 7607).
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        std::num::NonZeroU32::new(number).map(Self)
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

/// Which test was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestType {
    /// One user: idle, download, upload and bidirectional phases, each with a latency (`single_user`).
    Single,
    /// Four simulated users at once, graded by use (`virtual_household`); no latency under load is measured.
    Household,
}

impl TestType {
    /// The name on the wire, in the lake and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Household => "household",
        }
    }
}

/// How the client's network was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AsnOutcome {
    /// The database knows the address.
    Hit,
    /// The database does not know the address.
    Miss,
    /// A private, shared (CGNAT) or unique local address, and no home network is configured.
    Private,
    /// The operator's configuration named the network (home network or prefix override).
    Override,
    /// The IPv4 address inside a NAT64 address was looked up.
    Nat64,
}

impl AsnOutcome {
    /// The name on the wire and in the lake.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Private => "private",
            Self::Override => "override",
            Self::Nat64 => "nat64",
        }
    }
}

/// Version of the Internet Protocol, written as 4 or 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum IpVersion {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl From<IpVersion> for u8 {
    fn from(version: IpVersion) -> Self {
        match version {
            IpVersion::V4 => 4,
            IpVersion::V6 => 6,
        }
    }
}

impl TryFrom<u8> for IpVersion {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            4 => Ok(Self::V4),
            6 => Ok(Self::V6),
            _ => Err("ip_version must be 4 or 6"),
        }
    }
}

impl Record {
    /// Latency increase under working conditions, in hundredths of a ms: the mean of download and upload increase,
    /// rounded half up, of a test that measured both. This is the quantity that ranks single tests.
    #[must_use]
    pub fn working_increase(&self) -> Option<u32> {
        let sum = self.download_increase?.hundredths() + self.upload_increase?.hundredths();
        Some(sum.div_ceil(2))
    }
}

impl RecordFields {
    /// True if the test has the quantity by which its type is ranked, so that it can be a vote.
    #[must_use]
    pub fn has_ranked_quantity(&self) -> bool {
        match self.test_type {
            TestType::Single => self.download_increase.is_some() && self.upload_increase.is_some(),
            TestType::Household => self.grade_overall.is_some(),
        }
    }
}

impl Deref for Record {
    type Target = RecordFields;

    fn deref(&self) -> &RecordFields {
        &self.0
    }
}

impl From<Record> for RecordFields {
    fn from(record: Record) -> Self {
        record.0
    }
}

impl TryFrom<RecordFields> for Record {
    type Error = RecordFault;

    fn try_from(fields: RecordFields) -> Result<Self, RecordFault> {
        fault::check(&fields)?;
        Ok(Self(fields))
    }
}
