//! Sheets in all formats.

use std::sync::Arc;

use arrow::array::{Float64Array, RecordBatch, StringArray, UInt32Array};
use arrow::ipc::reader::StreamReader;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;

fn sheet() -> Sheet {
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("asn", Arc::new(UInt32Array::from(vec![1, 2, 3])) as _, false),
        ("name", Arc::new(StringArray::from(vec![Some("=1+1"), None, Some("Net, \"Q\"")])) as _, true),
        ("ms", Arc::new(Float64Array::from(vec![Some(-2.5), Some(12.34), None])) as _, true),
    ]);
    Sheet::new(batch.unwrap())
}

/// Aim: texts cannot start a formula while numbers stay numbers, and what is missing is null in JSON and empty in CSV.
#[test]
fn rows_are_written_as_text() {
    let csv = String::from_utf8(write(&sheet(), Format::Csv).unwrap()).unwrap();
    assert_eq!(csv, "asn,name,ms\n1,'=1+1,-2.5\n2,,12.34\n3,\"Net, \"\"Q\"\"\",\n");
    let json: serde_json::Value = serde_json::from_str(&json_rows(&sheet()).unwrap()).unwrap();
    let expected = serde_json::json!([
        {"asn": 1, "name": "=1+1", "ms": -2.5},
        {"asn": 2, "name": null, "ms": 12.34},
        {"asn": 3, "name": "Net, \"Q\"", "ms": null},
    ]);
    assert_eq!(json, expected);
    assert_eq!(json_rows(&sheet().slice(0..0)).unwrap(), "[]");
}

/// Aim: an Arrow stream and a Parquet file give the same rows back, and the notes with them.
#[test]
fn rows_are_written_as_columns() {
    let sheet = sheet().with_notes([("cut".to_owned(), "2026-11-22".to_owned())]).unwrap();
    let bytes = write(&sheet, Format::Arrow).unwrap();
    let batch = StreamReader::try_new(bytes.as_slice(), None).unwrap().next().unwrap().unwrap();
    assert_eq!(Sheet::new(batch), sheet);
    let bytes = write(&sheet, Format::Parquet).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(axum::body::Bytes::from(bytes)).unwrap();
    assert_eq!(reader.schema().metadata()["cut"], "2026-11-22");
    let batch = reader.build().unwrap().next().unwrap().unwrap();
    assert_eq!(Sheet::new(batch).batch().columns(), sheet.batch().columns());
}

/// Aim: rows are ordered either way with missing values last, and found by key.
#[test]
fn rows_are_ordered_and_found() {
    let sheet = sheet();
    assert_eq!(sheet.order("ms", false, "asn").unwrap(), [0, 1, 2]);
    assert_eq!(sheet.order("ms", true, "asn").unwrap(), [1, 0, 2]);
    assert!(sheet.order("other", true, "asn").is_err());
    let picked = sheet.pick(&[2, 0]).unwrap();
    assert_eq!((picked.column("asn").int(0), picked.column("name").text(1)), (Some(3), Some("=1+1")));
    let book = Book::new(sheet, &["asn"]);
    assert_eq!((book.part("2").column("ms").float(0), book.part("9").rows()), (Some(12.34), 0));
}

/// Aim: the header's weights and precision decide, and what is not offered is not chosen.
#[test]
fn formats_are_negotiated() {
    let choose = |accept| Format::negotiate(Format::ALL, accept);
    for (accept, format) in [
        ("", Some(Format::Json)),
        ("*/*", Some(Format::Json)),
        ("text/html,application/xhtml+xml,*/*;q=0.8", Some(Format::Json)),
        ("text/csv", Some(Format::Csv)),
        ("text/*, application/json;q=0.5", Some(Format::Csv)),
        ("application/vnd.apache.parquet;q=0.9, application/vnd.apache.arrow.stream", Some(Format::Arrow)),
        ("application/json;q=0, */*", Some(Format::Csv)),
        ("image/png", None),
        ("application/json;q=0", None),
    ] {
        assert_eq!(choose(accept), format, "{accept}");
    }
    assert_eq!(Format::negotiate(&[Format::Json], "text/csv"), None);
}

/// Aim: rows in pieces come out as they do in one piece, and no rows are still an answer.
#[test]
fn rows_in_pieces_are_those_of_the_whole() {
    let sheet = sheet();
    let pieces = |format, pieces: &[Sheet]| {
        let mut writer = RowWriter::new(format, Vec::new());
        for piece in pieces {
            writer.write(piece).unwrap();
        }
        writer.finish().unwrap()
    };
    let parts = [sheet.slice(0..0), sheet.slice(0..1), sheet.slice(1..3)];
    assert_eq!(pieces(RowFormat::Csv, &parts), write(&sheet, Format::Csv).unwrap());
    assert_eq!(pieces(RowFormat::Json, &parts), [json_rows(&sheet).unwrap().as_bytes(), b"\n"].concat());
    let bytes = axum::body::Bytes::from(pieces(RowFormat::Parquet, &parts));
    let batch = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap().next().unwrap().unwrap();
    assert_eq!(batch.columns(), sheet.batch().columns());
    let none = [sheet.slice(0..0)];
    assert_eq!(pieces(RowFormat::Csv, &none), b"asn,name,ms\n");
    assert_eq!(pieces(RowFormat::Json, &none), b"[]\n");
    let bytes = axum::body::Bytes::from(pieces(RowFormat::Parquet, &none));
    assert_eq!(ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().schema().fields().len(), 3);
}
