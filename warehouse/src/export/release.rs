//! The Parquet files of a release: the same rows in the same order make the same bytes, whatever pieces the engine gives.
//!
//! Dictionaries fit words and wide sorted groups; where values are nearly as many as rows of a page, differences of
//! neighbours (`DELTA_BINARY_PACKED`) take as little room without a look-up for each value. What never is missing says so,
//! which saves its levels. zstd runs on what is packed already.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::BatchCoalescer;
use arrow::datatypes::{Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use super::{ExportFault, packed};
use crate::durable::disk::{Disk, NewFile, Written};

/// Rows of a row group: what DuckDB gives to one thread at a time.
const ROW_GROUP_ROWS: usize = 122_880;

/// Rows that are encoded at once; a row group holds a whole number of them.
const PIECE_ROWS: usize = 8_192;

/// The level that DuckDB takes by default: below it files grow, above it time does.
const ZSTD_LEVEL: i32 = 3;

/// Who wrote the file: the form only, so that equal rows make equal bytes on every machine.
const CREATED_BY: &str = "bufferlake";

/// Columns of the table of results that are never missing.
const PRESENT: [&str; 7] = ["test_date", "test_type", "asn", "ip_version", "vote_day", "vote_month", "grade"];

/// Columns of the table of results whose values are told as differences of neighbours.
const DELTAS: [&str; 8] = [
    "test_date",
    "asn",
    "download_bin",
    "upload_bin",
    "bidirectional_bin",
    "ranked_bin",
    "download_rate_bin",
    "upload_rate_bin",
];

/// How a table's columns are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Single results: many rows, few values.
    Results,
    /// Any other table.
    Plain,
}

impl Layout {
    /// The statement that sorts these rows: plain ones by the columns of `order`, single results by network, day, and then
    /// all other columns in their order.
    #[must_use]
    pub fn statement(self, rows: &str, order: &[&str]) -> String {
        match self {
            Self::Results => packed::statement(rows),
            Self::Plain => {
                let order: Vec<String> = order.iter().map(|column| format!("{column} NULLS LAST")).collect();
                format!("SELECT * FROM ({rows}) ORDER BY {}", order.join(", "))
            }
        }
    }

    /// The rows of a piece of what the statement gives.
    fn rows(self, piece: RecordBatch, names: &[&str]) -> Result<RecordBatch, ExportFault> {
        match self {
            Self::Results => packed::unpack(&piece, names),
            Self::Plain => Ok(piece),
        }
    }
}

/// A Parquet file that is being written.
pub struct TableFile {
    path: PathBuf,
    schema: SchemaRef,
    writer: ArrowWriter<NewFile>,
    pieces: BatchCoalescer,
    rows: u64,
}

impl TableFile {
    /// Begins a file with these columns. `notes` stand in its metadata.
    ///
    /// # Errors
    /// [`ExportFault`] if it cannot be made.
    fn begin(path: &Path, schema: &Schema, layout: Layout, notes: &[(&str, String)]) -> Result<Self, ExportFault> {
        let columns = schema.fields().iter().map(|field| {
            let present = layout == Layout::Results && PRESENT.contains(&field.name().as_str());
            if present { Arc::new(field.as_ref().clone().with_nullable(false)) } else { Arc::clone(field) }
        });
        let schema = Arc::new(Schema::new(columns.collect::<Vec<_>>()));
        let file = Disk::default().begin(path.to_owned())?;
        // Without the Arrow schema in the metadata every reader sees plain Parquet types.
        let options =
            ArrowWriterOptions::new().with_properties(properties(layout, notes)?).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(file, Arc::clone(&schema), options)?;
        let pieces = BatchCoalescer::new(Arc::clone(&schema), PIECE_ROWS);
        Ok(Self { path: path.to_owned(), schema, writer, pieces, rows: 0 })
    }

    /// Writes a file of what [`Layout::statement`] gives, in pieces, of which the first has no rows and tells the columns.
    /// `names` are the columns in their order. Gives the number of its rows and its measure; none without a piece.
    ///
    /// # Errors
    /// As [`Self::begin`], [`Self::write`] and [`Self::finish`].
    pub fn write_all(
        path: &Path,
        layout: Layout,
        names: &[&str],
        notes: &[(&str, String)],
        pieces: impl IntoIterator<Item = RecordBatch>,
    ) -> Result<Option<(u64, Written)>, ExportFault> {
        let mut pieces = pieces.into_iter().map(|piece| layout.rows(piece, names));
        let Some(columns) = pieces.next().transpose()? else { return Ok(None) };
        let mut file = Self::begin(path, &columns.schema(), layout, notes)?;
        for rows in pieces {
            file.write(&rows?)?;
        }
        Ok(Some(file.finish()?))
    }

    /// Writes rows, which the caller gives in order.
    ///
    /// # Errors
    /// [`ExportFault`] of the writer, or if a column lacks a value that it must have.
    fn write(&mut self, rows: &RecordBatch) -> Result<(), ExportFault> {
        self.rows += rows.num_rows() as u64;
        self.pieces.push_batch(RecordBatch::try_new(Arc::clone(&self.schema), rows.columns().to_vec())?)?;
        self.drain()
    }

    fn drain(&mut self) -> Result<(), ExportFault> {
        while let Some(piece) = self.pieces.next_completed_batch() {
            self.writer.write(&piece)?;
        }
        Ok(())
    }

    /// Ends and fsyncs the file. Gives the number of its rows, and its measure.
    ///
    /// # Errors
    /// [`ExportFault`] of the writer or the disk.
    fn finish(mut self) -> Result<(u64, Written), ExportFault> {
        self.pieces.finish_buffered_batch()?;
        self.drain()?;
        let file = self.writer.into_inner()?;
        tracing::debug!(file = %self.path.display(), file.rows = self.rows, "written");
        Ok((self.rows, file.finish(None)?))
    }
}

fn properties(layout: Layout, notes: &[(&str, String)]) -> Result<WriterProperties, ExportFault> {
    let notes = notes.iter().map(|(key, value)| KeyValue::new((*key).to_owned(), value.clone()));
    let builder = WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_key_value_metadata(Some(notes.collect()));
    Ok(match layout {
        Layout::Plain => builder,
        Layout::Results => DELTAS.iter().fold(builder, |builder, name| as_deltas(builder, name)),
    }
    .build())
}

fn as_deltas(builder: WriterPropertiesBuilder, name: &str) -> WriterPropertiesBuilder {
    builder
        .set_column_dictionary_enabled(ColumnPath::from(name), false)
        .set_column_encoding(ColumnPath::from(name), Encoding::DELTA_BINARY_PACKED)
}
