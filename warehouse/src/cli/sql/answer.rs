//! An answer on its way out.

use std::error::Error;
use std::io::{self, Write};

use super::Format;
use super::printed::Printed;
use crate::engine::EngineFault;
use crate::export::{ExportFault, RowWriter, Sheet};

/// Rows on their way into one format.
pub(super) enum Answer<W: Write + Send> {
    /// For people.
    Table(Printed, W),
    /// For programs.
    Rows(RowWriter<W>),
}

/// An answer that was not given.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The engine refused, or failed half way.
    #[error("{}", .0.said())]
    Engine(EngineFault),
    /// The rows could not be written.
    #[error(transparent)]
    Export(#[from] ExportFault),
    /// Nobody wants more rows: no failure.
    #[error("there are more rows")]
    Enough,
}

impl From<EngineFault> for Failure {
    fn from(fault: EngineFault) -> Self {
        Self::Engine(fault)
    }
}

impl<W: Write + Send> Answer<W> {
    /// Begins.
    pub(super) fn begin(format: Format, sink: W) -> Self {
        match format.of_rows() {
            None => Self::Table(Printed::default(), sink),
            Some(format) => Self::Rows(RowWriter::new(format, sink)),
        }
    }

    /// Takes a piece.
    pub(super) fn take(&mut self, rows: Sheet) -> Result<(), Failure> {
        match self {
            Self::Table(printed, _) => {
                printed.take(&rows)?;
                if printed.is_full() { Err(Failure::Enough) } else { Ok(()) }
            }
            Self::Rows(writer) => Ok(writer.write(&rows)?),
        }
    }

    /// Ends.
    pub(super) fn end(self) -> Result<(), Failure> {
        match self {
            Self::Table(printed, mut sink) => {
                Ok(printed.print(&mut sink).and_then(|()| sink.flush()).map_err(ExportFault::Sink)?)
            }
            Self::Rows(writer) => {
                writer.finish()?;
                Ok(())
            }
        }
    }
}

/// True if the fault is that nobody reads the output any more.
pub(super) fn is_broken_pipe(fault: &anyhow::Error) -> bool {
    fault.chain().any(|cause| {
        let broken = |cause: &(dyn Error + 'static)| {
            cause.downcast_ref::<io::Error>().is_some_and(|fault| fault.kind() == io::ErrorKind::BrokenPipe)
        };
        // The writer of CSV hides the fault of its output.
        let of_csv = cause.downcast_ref::<csv::Error>().is_some_and(|fault| match fault.kind() {
            csv::ErrorKind::Io(fault) => fault.kind() == io::ErrorKind::BrokenPipe,
            _ => false,
        });
        of_csv || broken(cause)
    })
}
