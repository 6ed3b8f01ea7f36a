//! The lake's columns: rows to Arrow, as Parquet stores them. The way back is in `decode`.
//!
//! `test_date` lies in the file as well as in the directory's name, so that a file explains itself wherever it is copied.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, DictionaryArray, RecordBatch, StringArray, TimestampMicrosecondArray,
    UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, UInt8Type, UInt16Type};
use arrow::error::ArrowError;
use wire::{AgentId, AsnOutcome, Country, Day, Grade, Hour, Latency, Rate, RecordFields, TestType};

use super::bins::bin_of;
use super::row::Row;

/// Version of the columns; it stands in each file's metadata.
pub const LAKE_SCHEMA: u32 = 1;

/// A column of the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Name in the file; a record's field has its name on the wire.
    pub name: &'static str,
    /// Type in SQL, as DuckDB reads it from the file.
    pub sql_type: &'static str,
    /// True if it may be null; null is "not measured" or "not known", never 0.
    pub nullable: bool,
}

const fn column(name: &'static str, sql_type: &'static str) -> Column {
    Column { name, sql_type, nullable: false }
}

const fn nullable(name: &'static str, sql_type: &'static str) -> Column {
    Column { name, sql_type, nullable: true }
}

/// Every column, in the order in which the files hold them. Latencies and rates are in hundredths of a ms and of a Mbit/s.
pub const COLUMNS: [Column; 39] = [
    column("test_date", "DATE"),
    column("tested_hour", "TIMESTAMP"),
    column("test_type", "VARCHAR"),
    nullable("asn", "UINTEGER"),
    column("asn_outcome", "VARCHAR"),
    nullable("country", "VARCHAR"),
    column("ip_version", "UTINYINT"),
    column("vote_day", "BOOLEAN"),
    column("vote_month", "BOOLEAN"),
    nullable("baseline", "UINTEGER"),
    nullable("download_increase", "UINTEGER"),
    nullable("upload_increase", "UINTEGER"),
    nullable("bidirectional_increase", "UINTEGER"),
    nullable("download_rate", "UINTEGER"),
    nullable("upload_rate", "UINTEGER"),
    nullable("grade_overall", "VARCHAR"),
    nullable("grade_download", "VARCHAR"),
    nullable("grade_upload", "VARCHAR"),
    nullable("grade_bidirectional", "VARCHAR"),
    nullable("grade_gaming", "VARCHAR"),
    nullable("grade_video_call", "VARCHAR"),
    nullable("grade_streaming", "VARCHAR"),
    nullable("grade_background", "VARCHAR"),
    nullable("duration_s", "USMALLINT"),
    nullable("client_version_major", "USMALLINT"),
    nullable("client_version_minor", "USMALLINT"),
    nullable("client_version_patch", "USMALLINT"),
    nullable("asn_database_day", "DATE"),
    column("agent", "VARCHAR"),
    column("epoch", "UBIGINT"),
    column("seq", "UBIGINT"),
    column("arrived_hour", "TIMESTAMP"),
    column("seal", "UBIGINT"),
    nullable("working_increase", "UINTEGER"),
    nullable("download_bin", "USMALLINT"),
    nullable("upload_bin", "USMALLINT"),
    nullable("bidirectional_bin", "USMALLINT"),
    nullable("ranked_bin", "USMALLINT"),
    nullable("baseline_bin", "USMALLINT"),
];

/// The columns as Arrow.
pub(crate) static ARROW_SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let field = |column: &Column| Field::new(column.name, arrow_type(column), column.nullable);
    Arc::new(Schema::new(COLUMNS.iter().map(field).collect::<Vec<_>>()))
});

fn arrow_type(column: &Column) -> DataType {
    let dictionary = |key| DataType::Dictionary(Box::new(key), Box::new(DataType::Utf8));
    match (column.sql_type, column.name) {
        ("DATE", _) => DataType::Date32,
        // Without a zone: the lake knows UTC only, and DuckDB reads it as TIMESTAMP without its ICU extension.
        ("TIMESTAMP", _) => DataType::Timestamp(TimeUnit::Microsecond, None),
        ("BOOLEAN", _) => DataType::Boolean,
        ("UTINYINT", _) => DataType::UInt8,
        ("USMALLINT", _) => DataType::UInt16,
        ("UINTEGER", _) => DataType::UInt32,
        ("UBIGINT", _) => DataType::UInt64,
        (_, "agent" | "country") => dictionary(DataType::UInt16),
        _ => dictionary(DataType::UInt8),
    }
}

const MICROSECONDS_AN_HOUR: i64 = 3_600_000_000;

/// The columns of rows of one test day.
///
/// # Errors
/// Only if the columns do not fit [`COLUMNS`], which a test excludes, or with more than 65,535 agents in one call.
pub(crate) fn encode(test_day: Day, rows: &[Row<'_>]) -> Result<RecordBatch, ArrowError> {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Date32Array::from_value(days(test_day), rows.len())),
        hours(rows, |row| row.fields.tested_hour),
        enumeration(rows, &TEST_TYPES, |row| Some(row.fields.test_type as u8)),
        numbers(rows, |row| row.fields.asn.map(wire::Asn::get)),
        enumeration(rows, &ASN_OUTCOMES, |row| Some(row.fields.asn_outcome as u8)),
        countries(rows)?,
        Arc::new(UInt8Array::from_iter_values(rows.iter().map(|row| u8::from(row.fields.ip_version)))),
        booleans(rows, |row| row.fields.vote_day),
        booleans(rows, |row| row.fields.vote_month),
        numbers(rows, |row| latency(row.fields.baseline)),
        numbers(rows, |row| latency(row.fields.download_increase)),
        numbers(rows, |row| latency(row.fields.upload_increase)),
        numbers(rows, |row| latency(row.fields.bidirectional_increase)),
        numbers(rows, |row| row.fields.download_rate.map(Rate::hundredths)),
        numbers(rows, |row| row.fields.upload_rate.map(Rate::hundredths)),
        grade(rows, |fields| fields.grade_overall),
        grade(rows, |fields| fields.grade_download),
        grade(rows, |fields| fields.grade_upload),
        grade(rows, |fields| fields.grade_bidirectional),
        grade(rows, |fields| fields.grade_gaming),
        grade(rows, |fields| fields.grade_video_call),
        grade(rows, |fields| fields.grade_streaming),
        grade(rows, |fields| fields.grade_background),
        smalls(rows, |row| row.fields.duration_s),
        smalls(rows, |row| row.fields.client_version.map(|[major, _, _]| major)),
        smalls(rows, |row| row.fields.client_version.map(|[_, minor, _]| minor)),
        smalls(rows, |row| row.fields.client_version.map(|[_, _, patch]| patch)),
        Arc::new(rows.iter().map(|row| row.fields.asn_database_day.map(days)).collect::<Date32Array>()),
        agents(rows)?,
        larges(rows, |row| row.epoch.get()),
        larges(rows, |row| row.seq.0),
        hours(rows, |row| row.arrived_hour),
        larges(rows, |row| row.seal),
        numbers(rows, |row| working_increase(row.fields)),
        smalls(rows, |row| latency(row.fields.download_increase).map(bin_of)),
        smalls(rows, |row| latency(row.fields.upload_increase).map(bin_of)),
        smalls(rows, |row| latency(row.fields.bidirectional_increase).map(bin_of)),
        smalls(rows, |row| working_increase(row.fields).map(bin_of)),
        smalls(rows, |row| latency(row.fields.baseline).map(bin_of)),
    ];
    RecordBatch::try_new(Arc::clone(&ARROW_SCHEMA), columns)
}

/// Days of Arrow's `Date32`. A day that has a date is far below the bound.
pub(crate) fn days(day: Day) -> i32 {
    i32::try_from(day.0).unwrap_or(i32::MAX)
}

fn latency(value: Option<Latency>) -> Option<u32> {
    value.map(Latency::hundredths)
}

/// As `wire::Record::working_increase`: the mean of both increases, half up, if both were measured.
fn working_increase(fields: &RecordFields) -> Option<u32> {
    Some((latency(fields.download_increase)? + latency(fields.upload_increase)?).div_ceil(2))
}

fn numbers<'a>(rows: &[Row<'a>], of: impl Fn(&Row<'a>) -> Option<u32>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<UInt32Array>())
}

fn smalls<'a>(rows: &[Row<'a>], of: impl Fn(&Row<'a>) -> Option<u16>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<UInt16Array>())
}

fn larges<'a>(rows: &[Row<'a>], of: impl Fn(&Row<'a>) -> u64) -> ArrayRef {
    Arc::new(UInt64Array::from_iter_values(rows.iter().map(of)))
}

fn booleans<'a>(rows: &[Row<'a>], of: impl Fn(&Row<'a>) -> bool) -> ArrayRef {
    Arc::new(rows.iter().map(|row| Some(of(row))).collect::<BooleanArray>())
}

fn hours<'a>(rows: &[Row<'a>], of: impl Fn(&Row<'a>) -> Hour) -> ArrayRef {
    let microseconds = rows.iter().map(|row| i64::from(of(row).0) * MICROSECONDS_AN_HOUR);
    Arc::new(TimestampMicrosecondArray::from_iter_values(microseconds))
}

/// Names of an enumeration, at the positions of its variants.
type Names = LazyLock<Arc<StringArray>>;

static TEST_TYPES: Names = LazyLock::new(|| names([TestType::Single, TestType::Household].map(TestType::as_str)));

static ASN_OUTCOMES: Names = LazyLock::new(|| {
    use AsnOutcome::{Hit, Miss, Nat64, Override, Private};
    names([Hit, Miss, Private, Override, Nat64].map(AsnOutcome::as_str))
});

static GRADES: Names = LazyLock::new(|| names(Grade::ALL.map(Grade::as_str)));

fn names<const N: usize>(names: [&'static str; N]) -> Arc<StringArray> {
    Arc::new(StringArray::from_iter_values(names))
}

fn enumeration<'a>(rows: &[Row<'a>], names: &Names, of: impl Fn(&Row<'a>) -> Option<u8>) -> ArrayRef {
    let keys: UInt8Array = rows.iter().map(of).collect();
    Arc::new(DictionaryArray::<UInt8Type>::new(keys, Arc::clone(&**names) as ArrayRef))
}

fn grade<'a>(rows: &[Row<'a>], of: impl Fn(&'a RecordFields) -> Option<Grade>) -> ArrayRef {
    enumeration(rows, &GRADES, |row| of(row.fields).map(|grade| grade as u8))
}

/// Distinct texts, numbered in the order in which they first came.
fn dictionary<'a, K: Ord>(
    rows: &[Row<'a>],
    key_of: impl Fn(&Row<'a>) -> Option<K>,
    text_of: impl Fn(&K) -> String,
) -> Result<ArrayRef, ArrowError> {
    let mut numbers: BTreeMap<K, u16> = BTreeMap::new();
    let mut texts = Vec::new();
    let mut keys = UInt16Array::builder(rows.len());
    for row in rows {
        let Some(key) = key_of(row) else {
            keys.append_null();
            continue;
        };
        let number = match numbers.get(&key) {
            Some(&number) => number,
            None => {
                let number = u16::try_from(texts.len()).map_err(|_| ArrowError::DictionaryKeyOverflowError)?;
                texts.push(text_of(&key));
                numbers.insert(key, number);
                number
            }
        };
        keys.append_value(number);
    }
    let texts = Arc::new(StringArray::from(texts));
    Ok(Arc::new(DictionaryArray::<UInt16Type>::try_new(keys.finish(), texts)?))
}

fn countries(rows: &[Row<'_>]) -> Result<ArrayRef, ArrowError> {
    dictionary(rows, |row| row.fields.country, |country: &Country| country.as_str().to_owned())
}

fn agents(rows: &[Row<'_>]) -> Result<ArrayRef, ArrowError> {
    dictionary(rows, |row| Some(row.agent), |agent: &&AgentId| agent.as_str().to_owned())
}
