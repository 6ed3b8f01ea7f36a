//! Bytes of a sheet.

use std::borrow::Cow;
use std::io::Write;

use arrow::array::Array as _;
use arrow::datatypes::DataType;
use arrow::ipc::writer::StreamWriter;
use arrow::json::WriterBuilder;
use arrow::json::writer::JsonArray;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::{ExportFault, Format, Sheet};

/// The rows in a format. JSON is an array of objects, without the envelope.
///
/// # Errors
/// [`ExportFault`] of the writer.
pub fn write(sheet: &Sheet, format: Format) -> Result<Vec<u8>, ExportFault> {
    match format {
        Format::Json => json_rows(sheet).map(String::into_bytes),
        Format::Csv => csv_rows(sheet),
        Format::Arrow => arrow_stream(sheet),
        Format::Parquet => parquet_file(sheet),
    }
}

/// An array of objects; what is missing is null.
///
/// # Errors
/// [`ExportFault`] of the writer.
pub fn json_rows(sheet: &Sheet) -> Result<String, ExportFault> {
    if sheet.rows() == 0 {
        return Ok("[]".to_owned());
    }
    let mut writer = WriterBuilder::new().with_explicit_nulls(true).build::<_, JsonArray>(Vec::new());
    writer.write(sheet.batch())?;
    writer.finish()?;
    Ok(String::from_utf8_lossy(&writer.into_inner()).into_owned())
}

fn csv_rows(sheet: &Sheet) -> Result<Vec<u8>, ExportFault> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(sheet.names())?;
    csv_lines(sheet, &mut writer)?;
    writer.into_inner().map_err(|fault| csv::Error::from(fault.into_error()).into())
}

/// The rows as lines of CSV, without that of the names.
pub(super) fn csv_lines(sheet: &Sheet, writer: &mut csv::Writer<impl Write>) -> Result<(), ExportFault> {
    let options = FormatOptions::default();
    let columns = sheet.batch().columns();
    let formatters: Vec<_> =
        columns.iter().map(|column| ArrayFormatter::try_new(column, &options)).collect::<Result<_, _>>()?;
    for row in 0..sheet.rows() {
        let cells = columns.iter().zip(&formatters).map(|(column, formatter)| {
            if column.is_null(row) {
                return Cow::Borrowed("");
            }
            let text = formatter.value(row).to_string();
            if *column.data_type() == DataType::Utf8 { harmless(text) } else { text.into() }
        });
        writer.write_record(cells.map(|cell| cell.into_owned()))?;
    }
    Ok(())
}

/// A text that no spreadsheet runs as a formula.
fn harmless(text: String) -> Cow<'static, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}").into() } else { text.into() }
}

fn arrow_stream(sheet: &Sheet) -> Result<Vec<u8>, ExportFault> {
    let mut writer = StreamWriter::try_new(Vec::new(), sheet.batch().schema_ref())?;
    writer.write(sheet.batch())?;
    writer.finish()?;
    Ok(writer.into_inner()?)
}

fn parquet_file(sheet: &Sheet) -> Result<Vec<u8>, ExportFault> {
    let notes = sheet.batch().schema_ref().metadata();
    let mut notes: Vec<_> = notes.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone())).collect();
    notes.sort_by(|a, b| a.key.cmp(&b.key));
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, sheet.batch().schema(), Some(parquet_properties(notes)))?;
    writer.write(sheet.batch())?;
    writer.close()?;
    Ok(bytes)
}

/// How Parquet is written, with these notes about the whole.
pub(super) fn parquet_properties(notes: Vec<KeyValue>) -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(Some(notes))
        .build()
}
