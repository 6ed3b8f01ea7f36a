//! Rows that come in pieces, written as they come: however many there are, one piece is in memory.

use std::io::Write;

use arrow::json::WriterBuilder;
use arrow::json::writer::{JsonArray, Writer as JsonWriter};
use parquet::arrow::ArrowWriter;

use super::write::{csv_lines, parquet_properties};
use super::{ExportFault, Sheet};

/// Formats of rows that come in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowFormat {
    /// Comma-separated values with a line of names, as the API writes them.
    Csv,
    /// An array of objects.
    Json,
    /// A file of Parquet.
    Parquet,
}

/// Writes pieces in one format. The first piece tells the columns and may be without rows.
pub struct RowWriter<W: Write + Send>(Form<W>);

enum Form<W: Write + Send> {
    Csv { writer: csv::Writer<W>, is_named: bool },
    Json(JsonWriter<W, JsonArray>),
    // The writer needs the columns, so it begins with the first piece.
    Parquet { sink: Option<W>, writer: Option<ArrowWriter<W>> },
}

impl<W: Write + Send> RowWriter<W> {
    /// Begins.
    #[must_use]
    pub fn new(format: RowFormat, sink: W) -> Self {
        Self(match format {
            RowFormat::Csv => Form::Csv { writer: csv::Writer::from_writer(sink), is_named: false },
            RowFormat::Json => Form::Json(WriterBuilder::new().with_explicit_nulls(true).build(sink)),
            RowFormat::Parquet => Form::Parquet { sink: Some(sink), writer: None },
        })
    }

    /// Writes a piece.
    ///
    /// # Errors
    /// [`ExportFault`] of the writer, or of what takes the bytes.
    pub fn write(&mut self, rows: &Sheet) -> Result<(), ExportFault> {
        match &mut self.0 {
            Form::Csv { writer, is_named } => {
                if !*is_named {
                    writer.write_record(rows.names())?;
                    *is_named = true;
                }
                csv_lines(rows, writer)
            }
            Form::Json(writer) => Ok(writer.write(rows.batch())?),
            Form::Parquet { sink, writer } => {
                if let Some(sink) = sink.take() {
                    let properties = parquet_properties(Vec::new());
                    *writer = Some(ArrowWriter::try_new(sink, rows.batch().schema(), Some(properties))?);
                }
                if let Some(writer) = writer {
                    writer.write(rows.batch())?;
                }
                Ok(())
            }
        }
    }

    /// Ends: all bytes are with what takes them.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn finish(self) -> Result<W, ExportFault> {
        let mut sink = match self.0 {
            Form::Csv { writer, .. } => writer.into_inner().map_err(|fault| ExportFault::Sink(fault.into_error()))?,
            Form::Json(mut writer) => {
                writer.finish()?;
                let mut sink = writer.into_inner();
                sink.write_all(b"\n")?;
                sink
            }
            Form::Parquet { writer: Some(writer), .. } => writer.into_inner()?,
            Form::Parquet { sink: Some(sink), .. } => sink,
            Form::Parquet { .. } => return Err(ExportFault::Sink(std::io::ErrorKind::BrokenPipe.into())),
        };
        sink.flush()?;
        Ok(sink)
    }
}
