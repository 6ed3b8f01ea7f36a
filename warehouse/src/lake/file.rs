//! A day's Parquet file: written whole and measured on the way, read back in pieces of bounded size.

use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use wire::Hour;

use super::decode::{DERIVED, decode};
use super::error::LakeError;
use super::paths::TestDate;
use super::row::{OwnedRow, Row};
use super::schema::{ARROW_SCHEMA, COLUMNS, LAKE_SCHEMA, encode};
use crate::durable::FileFault;
use crate::durable::disk::{Disk, NewFile, Written};

/// Rows that are turned into columns at once: bounds the memory of it.
pub(crate) const CHUNK_ROWS: usize = 8_192;

/// Rows of a row group: what DuckDB gives to one thread at a time.
const ROW_GROUP_ROWS: usize = 122_880;

/// zstd level of the column chunks: the cheapest, since sealing shares the machine with ingest.
const ZSTD_LEVEL: i32 = 1;

/// Who wrote the file: the form only, so that equal rows make equal bytes on every machine.
const CREATED_BY: &str = "bufferlake";

/// A Parquet file that is being written under a temporary name.
pub(crate) struct DayWriter {
    path: PathBuf,
    test_date: TestDate,
    writer: ArrowWriter<NewFile>,
    arrived: Option<(Hour, Hour)>,
    rows: u64,
}

/// A written file that has no name yet.
pub(crate) struct WrittenDay {
    pub(crate) temporary: PathBuf,
    pub(crate) rows: u64,
    pub(crate) measure: Written,
    /// Earliest and latest hour of arrival.
    pub(crate) arrived: (Hour, Hour),
}

impl DayWriter {
    pub(crate) fn begin(disk: &Disk, temporary: PathBuf, test_date: TestDate) -> Result<Self, LakeError> {
        let file = disk.begin(temporary.clone())?;
        // Without the Arrow schema in the metadata every reader sees plain Parquet types.
        let options = ArrowWriterOptions::new().with_properties(properties()?).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(file, ARROW_SCHEMA.clone(), options)
            .map_err(LakeError::parquet("begin", &temporary))?;
        Ok(Self { path: temporary, test_date, writer, arrived: None, rows: 0 })
    }

    /// Writes rows, which the caller gives in order.
    pub(crate) fn write(&mut self, rows: &[Row<'_>]) -> Result<(), LakeError> {
        for chunk in rows.chunks(CHUNK_ROWS) {
            let batch = encode(self.test_date.day(), chunk)
                .map_err(|source| LakeError::Columns { path: self.path.clone(), source })?;
            self.writer.write(&batch).map_err(LakeError::parquet("write", &self.path))?;
        }
        for row in rows {
            let (earliest, latest) = self.arrived.unwrap_or((row.arrived_hour, row.arrived_hour));
            self.arrived = Some((earliest.min(row.arrived_hour), latest.max(row.arrived_hour)));
        }
        self.rows += rows.len() as u64;
        Ok(())
    }

    /// Rows that were written so far.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Leaves the file as it is; the name of what is to be removed.
    pub(crate) fn give_up(self) -> PathBuf {
        self.path
    }

    /// Ends and fsyncs the file. Its modification time tells the hour, as the lake knows no finer time.
    pub(crate) fn finish(self, hour: Hour) -> Result<WrittenDay, LakeError> {
        let Self { path, writer, arrived, rows, .. } = self;
        let file = writer.into_inner().map_err(LakeError::parquet("end", &path))?;
        let measure = file.finish(Some(hour))?;
        Ok(WrittenDay { temporary: path, rows, measure, arrived: arrived.unwrap_or((hour, hour)) })
    }
}

fn properties() -> Result<WriterProperties, LakeError> {
    let level = ZstdLevel::try_new(ZSTD_LEVEL).map_err(LakeError::parquet("configure", Path::new("")))?;
    let version = KeyValue::new("bufferlake.lake_schema".to_owned(), LAKE_SCHEMA.to_string());
    Ok(WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
        .set_compression(Compression::ZSTD(level))
        // A row group is small enough that an index of its pages would cost more than it saves.
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_key_value_metadata(Some(vec![version]))
        .build())
}

/// Reads a file's rows in order, some at a time.
pub(crate) struct DayReader {
    path: PathBuf,
    batches: ParquetRecordBatchReader,
}

impl DayReader {
    /// Opens a file, to be read `chunk_rows` rows at a time.
    pub(crate) fn open(path: PathBuf, chunk_rows: usize) -> Result<Self, LakeError> {
        let file = File::open(&path).map_err(FileFault::when("open", &path))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(LakeError::parquet("open", &path))?;
        let read = COLUMNS.iter().map(|column| column.name).filter(|name| !DERIVED.contains(name));
        let read = ProjectionMask::columns(builder.parquet_schema(), read);
        let built = builder.with_projection(read).with_batch_size(chunk_rows).build();
        let batches = built.map_err(LakeError::parquet("open", &path))?;
        Ok(Self { path, batches })
    }

    /// The next rows; none at the end.
    pub(crate) fn next(&mut self) -> Result<Vec<OwnedRow>, LakeError> {
        let Some(batch) = self.batches.next() else { return Ok(Vec::new()) };
        let batch = batch.map_err(|source| LakeError::Columns { path: self.path.clone(), source })?;
        decode(&batch).map_err(|bad| LakeError::Content { path: self.path.clone(), column: bad.0 })
    }
}
