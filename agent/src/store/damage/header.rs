//! The first hundred bytes of the database: some of them are the same in every database of ours, so a changed one can be
//! mended to the bit. SQLite would not even open the file.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::{Found, Part};
use crate::store::StoreFault;

/// Bytes of the header (the file format's chapter 1.3).
const HEADER_BYTES: usize = 100;

/// Where the fields lie that are the same in every database of ours, and what stands there.
const FIXED: [(usize, &[u8]); 6] = [
    (0, b"SQLite format 3\0"),
    // Pages of 4096 bytes; write-ahead log, to write and to read; no reserved bytes; fixed payload fractions.
    (16, &[0x10, 0, 2, 2, 0, 64, 32, 32]),
    // Schema format 4.
    (44, &[0, 0, 0, 4]),
    // No automatic vacuum.
    (52, &[0, 0, 0, 0]),
    // UTF-8.
    (56, &[0, 0, 0, 1]),
    (64, &[0, 0, 0, 0]),
];

/// More changed bytes than this, and it is not a header of ours that was damaged, but something else.
const MOST_CHANGED_BYTES: usize = 4;

/// Mends the fixed fields of the header.
///
/// # Errors
/// [`StoreFault`] if the file cannot be read, or must be mended and cannot be written.
pub(super) fn mend(path: &Path) -> Result<Option<Found>, StoreFault> {
    let fault = |doing| move |source| StoreFault::File { doing, path: path.to_owned(), source };
    let mut header = [0; HEADER_BYTES];
    match File::open(path).and_then(|mut file| file.read_exact(&mut header)) {
        Ok(()) => {}
        // There is none yet, or less than a header of it.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof) => return Ok(None),
        Err(error) => return Err(fault("reading the header of")(error)),
    }
    let mut mended = header;
    for (at, bytes) in FIXED {
        mended[at..at + bytes.len()].copy_from_slice(bytes);
    }
    let changed: Vec<usize> = (0..HEADER_BYTES).filter(|at| header[*at] != mended[*at]).collect();
    // A database that is just being made has no log yet, by these same two bytes.
    let young = header[18..20] == [1, 1] && changed == [18, 19];
    if changed.is_empty() || changed.len() > MOST_CHANGED_BYTES || young {
        return Ok(None);
    }
    for at in &changed {
        tracing::warn!(byte = at, was = header[*at], "a byte of the database's header was changed; it is mended");
    }
    let file = File::options().write(true).open(path).map_err(fault("opening"))?;
    file.write_all_at(&mended, 0).and_then(|()| file.sync_all()).map_err(fault("mending the header of"))?;
    Ok(Some(Found::mended(Part::Header)))
}

#[cfg(test)]
mod tests {
    //! Aim: each bit of the fixed fields is mended, sound and foreign files are left alone.

    use super::*;
    use crate::store::schema;

    #[test]
    fn every_fixed_bit_is_mended() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("agent.sqlite");
        assert_eq!(mend(&path).expect("no file"), None);
        drop(schema::open(&path).expect("a database"));
        let sound = std::fs::read(&path).expect("the file");
        assert_eq!(mend(&path).expect("a sound file"), None);
        for (at, bytes) in FIXED {
            for bit in 0..bytes.len() * 8 {
                let mut broken = sound.clone();
                broken[at + bit / 8] ^= 1 << (bit % 8);
                std::fs::write(&path, &broken).expect("written");
                assert_eq!(mend(&path).expect("mended"), Some(Found::mended(Part::Header)), "bit {bit} from {at}");
                assert_eq!(std::fs::read(&path).expect("the file"), sound, "bit {bit} from {at}");
            }
        }
        let foreign = vec![b'x'; 5_000];
        std::fs::write(&path, &foreign).expect("written");
        assert_eq!(mend(&path).expect("left alone"), None);
        assert_eq!(std::fs::read(&path).expect("the file"), foreign);
    }
}
