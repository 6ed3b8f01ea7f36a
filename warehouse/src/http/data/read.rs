//! Reads a file as its answer is sent: a piece at a time, no faster than the asker takes it.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use intake::places::Place;
use rustix::fs::{CWD, Mode, OFlags, openat};
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf, Take};
use tokio_util::io::ReaderStream;

use crate::observe;

/// How much of a file is read at once, in bytes. A download holds two such pieces at most: one that is read, one that is sent.
const PIECE_BYTES: usize = 64 << 10;

/// Opens a file below a directory at one of its bytes. Neither the file nor a directory on the way may be a link.
pub(super) fn open(root: &Path, path: &str, length: u64, first: u64) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    // The directory itself may be a link: that is the operator's choice.
    let mut folder = openat(CWD, root, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::DIRECTORY, Mode::empty())?;
    for part in folders.split('/').filter(|part| !part.is_empty()) {
        folder = openat(&folder, part, flags | OFlags::DIRECTORY, Mode::empty())?;
    }
    let mut file = File::from(openat(&folder, name, flags, Mode::empty())?);
    let found = file.metadata()?;
    if !found.is_file() || found.len() != length {
        let what = format!("{} bytes were published, there are {}", length, found.len());
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    file.seek(SeekFrom::Start(first))?;
    Ok(file)
}

/// So many bytes of an open file, as a body. The place is given back when the last of them is sent or nobody wants them any more.
pub(super) fn body(file: File, bytes: u64, place: Place) -> Body {
    let file = tokio::fs::File::from_std(file).take(bytes);
    Body::from_stream(ReaderStream::with_capacity(Held { file, _place: place }, PIECE_BYTES))
}

struct Held {
    file: Take<tokio::fs::File>,
    _place: Place,
}

impl AsyncRead for Held {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.file).poll_read(cx, buffer);
        observe::data_bytes((buffer.filled().len() - before) as u64);
        polled
    }
}
