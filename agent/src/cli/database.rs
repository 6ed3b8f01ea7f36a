//! The agent's database, opened for a command; and in plain words why it cannot be.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::anyhow;
use rusqlite::{Connection, ErrorCode};

use crate::store::{StoreFault, database_path, schema};

/// Opens it for reading, beside a running agent or without one.
///
/// # Errors
/// Says what is in the way and what to do.
pub(super) fn read(data_dir: &Path) -> anyhow::Result<Connection> {
    let path = database_path(data_dir);
    reach(data_dir, &path, OpenOptions::new().read(true))?;
    schema::open_read_only(&path).map_err(|fault| explain(&path, fault))
}

/// Opens it for writing beside a running agent, or without one.
///
/// # Errors
/// Says what is in the way and what to do.
pub(super) fn write(data_dir: &Path) -> anyhow::Result<Connection> {
    let path = database_path(data_dir);
    reach(data_dir, &path, OpenOptions::new().read(true).write(true))?;
    schema::open_beside(&path).map_err(|fault| explain(&path, fault))
}

/// SQLite says "unable to open" to everything; the system knows more.
fn reach(data_dir: &Path, path: &Path, how: &OpenOptions) -> anyhow::Result<()> {
    let Err(error) = how.open(path) else { return Ok(()) };
    Err(match error.kind() {
        ErrorKind::NotFound => anyhow!(
            "there is no database {}: the agent has not run here yet, or data_dir is another directory",
            path.display()
        ),
        ErrorKind::PermissionDenied => match owner(path).or_else(|| owner(data_dir)) {
            Some(owner) => anyhow!(
                "{} belongs to the user {owner}, and this user may not open it; run the command as `sudo -u {owner} agent …`",
                path.display()
            ),
            None => anyhow!("this user may not open {}; run the command as the agent's user", path.display()),
        },
        _ => anyhow!(error).context(format!("opening {}", path.display())),
    })
}

/// The name of the user to whom a file belongs, or his number.
pub(super) fn owner(path: &Path) -> Option<String> {
    let number = std::fs::metadata(path).ok()?.uid();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(number)).then(|| name.to_owned())
    });
    Some(name.unwrap_or_else(|| format!("#{number}")))
}

/// A fault of the database in words that say what to do.
pub(super) fn explain(path: &Path, fault: StoreFault) -> anyhow::Error {
    let path = path.display();
    let code = match &fault {
        StoreFault::Sqlite(error) => error.sqlite_error_code(),
        _ => None,
    };
    let says = match (&fault, code) {
        (StoreFault::Version { found, known }, _) if found > known => format!(
            "{path} was written by a newer agent (database version {found}, this program knows {known}); \
             use that version's `agent`"
        ),
        (StoreFault::Version { found, known }, _) => format!(
            "{path} has database version {found} and this program needs {known}; start this version's agent once, \
             it brings the database up to date"
        ),
        (_, Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)) => {
            format!("{path} is damaged; `agent doctor` says more, and the agent mends what it can at its next start")
        }
        (_, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) => {
            format!("{path} is locked by another program; try again in a moment")
        }
        (_, Some(ErrorCode::ReadOnly)) => format!("{path} cannot be written: the disk or the file is read-only"),
        (_, Some(ErrorCode::DiskFull)) => format!("the disk of {path} is full"),
        _ => format!("opening {path}"),
    };
    anyhow!(fault).context(says)
}
