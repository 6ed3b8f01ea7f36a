//! `agent new-epoch`.

use std::path::Path;

use anyhow::ensure;
use intake::clock::{Clock as _, SystemClock};

use crate::lock::DataLock;
use crate::store::{database_path, epoch, schema};

pub(super) fn new_epoch(data_dir: &Path) -> anyhow::Result<()> {
    let path = database_path(data_dir);
    ensure!(path.is_file(), "there is no database {}; is data_dir the agent's?", path.display());
    let _lock = DataLock::take(data_dir)?;
    let mut connection = schema::open(&path)?;
    let begun = epoch::begin(&mut connection, SystemClock.now().as_second())?;
    println!("epoch {} begins at 1; {} unsent records were set aside", begun.epoch.get(), begun.restored);
    Ok(())
}
