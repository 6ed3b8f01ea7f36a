//! The way back: the columns of a Parquet file to rows. Derived columns (bins, working increase) are not read,
//! since they are made anew when the rows are written.

use arrow::array::{Array, AsArray as _, BooleanArray, PrimitiveArray, RecordBatch, StringArray};
use arrow::datatypes::{
    ArrowPrimitiveType, Date32Type, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use wire::{
    AgentId, Asn, AsnOutcome, Country, Day, Epoch, Grade, Hour, IpVersion, Latency, Rate, RecordFields, Seq, TestType,
};

use super::row::{Origin, OwnedRow};

const MICROSECONDS_AN_HOUR: i64 = 3_600_000_000;

/// Columns that are not read: they follow from others.
pub(crate) const DERIVED: [&str; 7] =
    ["test_date", "working_increase", "download_bin", "upload_bin", "bidirectional_bin", "ranked_bin", "baseline_bin"];

/// This column is missing or holds what no row can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadColumn(pub(crate) &'static str);

/// The rows of a batch that was read from a file.
pub(crate) fn decode(batch: &RecordBatch) -> Result<Vec<OwnedRow>, BadColumn> {
    let columns = Columns(batch);
    let tested_hour = columns.hours("tested_hour")?;
    let test_type = columns.text("test_type")?;
    let asn = columns.numbers::<UInt32Type>("asn")?;
    let asn_outcome = columns.text("asn_outcome")?;
    let country = columns.text("country")?;
    let ip_version = columns.numbers::<UInt8Type>("ip_version")?;
    let vote_day = columns.flags("vote_day")?;
    let vote_month = columns.flags("vote_month")?;
    let baseline = columns.numbers::<UInt32Type>("baseline")?;
    let increases = [
        columns.numbers::<UInt32Type>("download_increase")?,
        columns.numbers::<UInt32Type>("upload_increase")?,
        columns.numbers::<UInt32Type>("bidirectional_increase")?,
    ];
    let rates = [columns.numbers::<UInt32Type>("download_rate")?, columns.numbers::<UInt32Type>("upload_rate")?];
    let grades = [
        columns.text("grade_overall")?,
        columns.text("grade_download")?,
        columns.text("grade_upload")?,
        columns.text("grade_bidirectional")?,
        columns.text("grade_gaming")?,
        columns.text("grade_video_call")?,
        columns.text("grade_streaming")?,
        columns.text("grade_background")?,
    ];
    let duration_s = columns.numbers::<UInt16Type>("duration_s")?;
    let version = [
        columns.numbers::<UInt16Type>("client_version_major")?,
        columns.numbers::<UInt16Type>("client_version_minor")?,
        columns.numbers::<UInt16Type>("client_version_patch")?,
    ];
    let asn_database_day = columns.numbers::<Date32Type>("asn_database_day")?;
    let agent = columns.text("agent")?;
    let epoch = columns.numbers::<UInt64Type>("epoch")?;
    let seq = columns.numbers::<UInt64Type>("seq")?;
    let arrived_hour = columns.hours("arrived_hour")?;
    let seal = columns.numbers::<UInt64Type>("seal")?;

    let latency = |column: &Numbers<'_, UInt32Type>, row| column.optional(row, Latency::try_from);
    let rate = |column: &Numbers<'_, UInt32Type>, row| column.optional(row, Rate::try_from);
    let grade = |column: &Texts<'_>, row| column.optional(row, |letter| Grade::parse(letter).ok_or(()));
    let part = |column: &Numbers<'_, UInt16Type>, row| column.optional(row, Ok::<u16, ()>);

    let mut rows = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let fields = RecordFields {
            tested_hour: hour(&tested_hour, row)?,
            test_type: test_type.required(row, test_type_named)?,
            asn: asn.optional(row, |number| Asn::new(number).ok_or(()))?,
            asn_outcome: asn_outcome.required(row, asn_outcome_named)?,
            country: country.optional(row, Country::parse)?,
            ip_version: ip_version.required(row, IpVersion::try_from)?,
            vote_day: vote_day.value(row),
            vote_month: vote_month.value(row),
            baseline: latency(&baseline, row)?,
            download_increase: latency(&increases[0], row)?,
            upload_increase: latency(&increases[1], row)?,
            bidirectional_increase: latency(&increases[2], row)?,
            download_rate: rate(&rates[0], row)?,
            upload_rate: rate(&rates[1], row)?,
            grade_overall: grade(&grades[0], row)?,
            grade_download: grade(&grades[1], row)?,
            grade_upload: grade(&grades[2], row)?,
            grade_bidirectional: grade(&grades[3], row)?,
            grade_gaming: grade(&grades[4], row)?,
            grade_video_call: grade(&grades[5], row)?,
            grade_streaming: grade(&grades[6], row)?,
            grade_background: grade(&grades[7], row)?,
            duration_s: part(&duration_s, row)?,
            client_version: match (part(&version[0], row)?, part(&version[1], row)?, part(&version[2], row)?) {
                (Some(major), Some(minor), Some(patch)) => Some([major, minor, patch]),
                (None, None, None) => None,
                _ => return Err(BadColumn("client_version_patch")),
            },
            asn_database_day: asn_database_day.optional(row, |days| u32::try_from(days).map(Day))?,
        };
        let origin = Origin {
            agent: agent.required(row, AgentId::parse)?,
            epoch: epoch.required(row, Epoch::try_from)?,
            seq: Seq(seq.required(row, Ok::<u64, ()>)?),
            arrived_hour: hour(&arrived_hour, row)?,
            seal: seal.required(row, Ok::<u64, ()>)?,
        };
        rows.push(OwnedRow { fields, origin });
    }
    Ok(rows)
}

fn hour(column: &Numbers<'_, TimestampMicrosecondType>, row: usize) -> Result<Hour, BadColumn> {
    column.required(row, |microseconds| u32::try_from(microseconds / MICROSECONDS_AN_HOUR).map(Hour))
}

fn test_type_named(name: &str) -> Result<TestType, ()> {
    [TestType::Single, TestType::Household].into_iter().find(|test_type| test_type.as_str() == name).ok_or(())
}

fn asn_outcome_named(name: &str) -> Result<AsnOutcome, ()> {
    use AsnOutcome::{Hit, Miss, Nat64, Override, Private};
    [Hit, Miss, Private, Override, Nat64].into_iter().find(|outcome| outcome.as_str() == name).ok_or(())
}

/// Columns by name, so that a later version may add some.
struct Columns<'a>(&'a RecordBatch);

impl<'a> Columns<'a> {
    fn array(&self, name: &'static str) -> Result<&'a dyn Array, BadColumn> {
        self.0.column_by_name(name).map(AsRef::as_ref).ok_or(BadColumn(name))
    }

    fn numbers<T: ArrowPrimitiveType>(&self, name: &'static str) -> Result<Numbers<'a, T>, BadColumn> {
        let array = self.array(name)?.as_primitive_opt::<T>().ok_or(BadColumn(name))?;
        Ok(Numbers { name, array })
    }

    fn hours(&self, name: &'static str) -> Result<Numbers<'a, TimestampMicrosecondType>, BadColumn> {
        self.numbers(name)
    }

    fn text(&self, name: &'static str) -> Result<Texts<'a>, BadColumn> {
        let array = self.array(name)?.as_string_opt::<i32>().ok_or(BadColumn(name))?;
        Ok(Texts { name, array })
    }

    fn flags(&self, name: &'static str) -> Result<&'a BooleanArray, BadColumn> {
        self.array(name)?.as_boolean_opt().ok_or(BadColumn(name))
    }
}

struct Numbers<'a, T: ArrowPrimitiveType> {
    name: &'static str,
    array: &'a PrimitiveArray<T>,
}

impl<T: ArrowPrimitiveType> Numbers<'_, T> {
    fn optional<V, E>(
        &self,
        row: usize,
        parse: impl FnOnce(T::Native) -> Result<V, E>,
    ) -> Result<Option<V>, BadColumn> {
        if self.array.is_null(row) {
            return Ok(None);
        }
        parse(self.array.value(row)).map(Some).map_err(|_| BadColumn(self.name))
    }

    fn required<V, E>(&self, row: usize, parse: impl FnOnce(T::Native) -> Result<V, E>) -> Result<V, BadColumn> {
        self.optional(row, parse)?.ok_or(BadColumn(self.name))
    }
}

struct Texts<'a> {
    name: &'static str,
    array: &'a StringArray,
}

impl Texts<'_> {
    fn optional<V, E>(&self, row: usize, parse: impl FnOnce(&str) -> Result<V, E>) -> Result<Option<V>, BadColumn> {
        if self.array.is_null(row) {
            return Ok(None);
        }
        parse(self.array.value(row)).map(Some).map_err(|_| BadColumn(self.name))
    }

    fn required<V, E>(&self, row: usize, parse: impl FnOnce(&str) -> Result<V, E>) -> Result<V, BadColumn> {
        self.optional(row, parse)?.ok_or(BadColumn(self.name))
    }
}
