//! Tests of the lake: what comes out is what went in, whatever happens in between.

mod ancestry;

pub(crate) mod samples;

mod seal;

use std::path::Path;

use super::file::DayReader;
use super::manifest::FileEntry;
use super::row::OwnedRows;
use super::{Lake, LakeError};

/// All rows of a file, in their order.
fn read_file(lake: &Lake, file: &FileEntry) -> Result<OwnedRows, LakeError> {
    let mut reader = DayReader::open(lake.paths().result(&file.path))?;
    let mut all = OwnedRows::default();
    while let Some(mut rows) = reader.next()? {
        all.records.append(&mut rows.records);
        all.origins.append(&mut rows.origins);
    }
    Ok(all)
}

/// Opens a lake that must be in order.
fn open(dir: &Path) -> Lake {
    let (lake, recovery) = Lake::open(dir, samples::NOON).expect("the lake opens");
    assert!(recovery.alarm.is_none(), "{recovery:?}");
    lake
}
