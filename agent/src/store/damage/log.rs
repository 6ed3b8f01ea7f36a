//! The write-ahead log after an end that was not a clean one. SQLite believes it up to the first frame whose checksum does
//! not fit, and drops all behind it without a word: a single flipped bit would take back results that were acknowledged.
//!
//! A flipped bit is found by trying each, and put back. The checksum is weak: some bits stand for each other. Then the frame
//! is taken as it is, by checksums that are written anew; the check of the whole database decides whether that was right,
//! and if not, the log is cut there after all. What more than one bit explains is left to SQLite, and counted if whole
//! transactions follow: then it was no power failure that cut the log off.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rusqlite::Connection;

use super::{Found, Part, files};
use crate::store::{StoreFault, identity, schema};

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
const PAGE_BYTES: usize = 4_096;
const FRAME_BYTES: usize = FRAME_HEADER_BYTES + PAGE_BYTES;

/// First bytes of a log whose checksums read little-endian words, as this machine writes it; bit 0 says big-endian.
const MAGIC: u32 = 0x377f_0682;

/// Version of the log's format.
const VERSION: u32 = 3_007_000;

/// Frames whose bits are tried at most: one takes some 30 ms.
const MOST_TRIED_FRAMES: u32 = 16;

/// SQLite's running checksum over 32-bit words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sum {
    one: u32,
    two: u32,
    big_endian: bool,
}

impl Sum {
    fn over(mut self, bytes: &[u8]) -> Self {
        let (pairs, _) = bytes.as_chunks::<8>();
        for pair in pairs {
            let (words, _) = pair.as_chunks::<4>();
            let word = |bytes| if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
            self.one = self.one.wrapping_add(word(words[0])).wrapping_add(self.two);
            self.two = self.two.wrapping_add(word(words[1])).wrapping_add(self.one);
        }
        self
    }

    fn start(big_endian: bool) -> Self {
        Self { one: 0, two: 0, big_endian }
    }

    /// As it stands in these eight bytes of the log.
    fn of(bytes: &[u8], big_endian: bool) -> Self {
        let (words, _) = bytes.as_chunks::<4>();
        Self { one: u32::from_be_bytes(words[0]), two: u32::from_be_bytes(words[1]), big_endian }
    }

    /// How it stands in the log.
    fn bytes(self) -> [u8; 8] {
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&self.one.to_be_bytes());
        bytes[4..].copy_from_slice(&self.two.to_be_bytes());
        bytes
    }
}

fn fits(stated: &[u8], sum: Sum) -> bool {
    stated == sum.bytes()
}

/// True if the two differ in one bit.
fn differ_in_one_bit(a: &[u8], b: &[u8]) -> bool {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum::<u32>() == 1
}

/// What explains that a frame does not fit its checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// More than one bit is another: it was cut off or overwritten.
    Unknown,
    /// This bit was flipped.
    Bit(usize),
    /// One bit of the page was flipped, and several can be it: bits high up in their words stand for each other in this
    /// checksum.
    SomeBit,
    /// As [`Cause::SomeBit`], or a bit of the page's number: then it is not known which page this is.
    SomePage,
}

/// Tries each bit of a frame that is under its checksum, in a database of at most so many pages. That one of so many
/// explains all by chance does not happen.
fn cause(frame: &mut [u8], pages: u32, right: impl Fn(&[u8]) -> bool) -> Cause {
    let mut cause = Cause::Unknown;
    for bit in (0..8 * 8).chain(FRAME_HEADER_BYTES * 8..FRAME_BYTES * 8) {
        frame[bit / 8] ^= 1 << (bit % 8);
        let number = u32::from_be_bytes([frame[0], frame[1], frame[2], frame[3]]);
        let fits = right(frame) && (1..=pages).contains(&number);
        frame[bit / 8] ^= 1 << (bit % 8);
        cause = match cause {
            Cause::Unknown if fits => Cause::Bit(bit),
            Cause::Bit(first) if fits && first < 4 * 8 => return Cause::SomePage,
            Cause::Bit(_) if fits => return Cause::SomeBit,
            cause => cause,
        };
    }
    cause
}

/// How a frame's checksum goes on from that of all before it.
fn sum_of_frame(before: Sum, frame: &[u8]) -> Sum {
    before.over(&frame[..8]).over(&frame[FRAME_HEADER_BYTES..])
}

/// The log's first look: its header, the salts of its frames, and where transactions end.
struct Survey {
    header: [u8; HEADER_BYTES],
    salts: [u8; 8],
    big_endian: bool,
    /// Numbers of the frames that end a transaction.
    commits: Vec<u64>,
    /// Most pages that the database has after any of them.
    pages: u32,
}

impl Survey {
    /// Reads the heads of all frames; none if this is no log of ours.
    fn of(log: &File) -> std::io::Result<Option<Self>> {
        let mut header = [0; HEADER_BYTES];
        match log.read_exact_at(&mut header, 0) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let ours = (PAGE_BYTES as u32).to_be_bytes();
        if header[8..12] != ours && !differ_in_one_bit(&header[8..12], &ours) {
            return Ok(None);
        }
        let frames = log.metadata()?.len().saturating_sub(HEADER_BYTES as u64) / FRAME_BYTES as u64;
        let head = |number: u64| -> std::io::Result<[u8; 16]> {
            let mut head = [0; 16];
            log.read_exact_at(&mut head, place(number)).map(|()| head)
        };
        let salts_of = |head: [u8; 16]| <[u8; 8]>::try_from(&head[8..]).unwrap_or_default();
        let big_endian = header[..4] == (MAGIC | 1).to_be_bytes();
        let mut salts = <[u8; 8]>::try_from(&header[16..24]).unwrap_or_default();
        // A header that does not fit its checksum is believed less than two frames that agree. They are the first ones:
        // those of an older log follow behind.
        if frames > 0 && !fits(&header[24..], Sum::start(big_endian).over(&header[..24])) {
            let first = salts_of(head(0)?);
            let agree = frames > 1 && salts_of(head(1)?) == first;
            if agree || differ_in_one_bit(&first, &salts) {
                salts = first;
            }
        }
        let (mut commits, mut pages) = (Vec::new(), 0);
        for number in 0..frames {
            let head = head(number)?;
            let pages_after = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
            if salts_of(head) == salts && pages_after != 0 {
                commits.push(number);
                pages = pages.max(pages_after);
            }
        }
        Ok(Some(Self { header, salts, big_endian, commits, pages }))
    }

    /// The header as it must be; only the number of checkpoints, which nothing depends on, is taken as it is.
    fn right_header(&self) -> [u8; HEADER_BYTES] {
        let mut header = self.header;
        header[..4].copy_from_slice(&(MAGIC | u32::from(self.big_endian)).to_be_bytes());
        header[4..8].copy_from_slice(&VERSION.to_be_bytes());
        header[8..12].copy_from_slice(&(PAGE_BYTES as u32).to_be_bytes());
        header[16..24].copy_from_slice(&self.salts);
        let sum = Sum::start(self.big_endian).over(&header[..24]);
        header[24..].copy_from_slice(&sum.bytes());
        header
    }

    /// Whole transactions that end with this frame or behind it.
    fn commits_from(&self, number: u64) -> usize {
        self.commits.len() - self.commits.partition_point(|commit| *commit < number)
    }
}

fn place(number: u64) -> u64 {
    HEADER_BYTES as u64 + number * FRAME_BYTES as u64
}

/// What was done to a log.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mended {
    /// None if nothing was wrong with it.
    pub(super) found: Option<Found>,
    /// What was taken as it is, if anything was.
    pub(super) doubtful: Option<Doubtful>,
}

/// A frame of which one bit is wrong, and nobody knows which.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Doubtful {
    number: u64,
    /// Whole transactions that would be lost with it.
    transactions: u64,
}

impl Doubtful {
    /// Cuts the log at this frame.
    ///
    /// # Errors
    /// [`StoreFault`] if the log cannot be written.
    pub(super) fn cut(self, path: &Path) -> Result<Found, StoreFault> {
        let path = files::with_suffix(path, "-wal");
        let log = match File::options().write(true).open(&path) {
            // Somebody has emptied it already.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::mended(Part::Log)),
            opened => opened,
        };
        let cut = log.and_then(|log| {
            // Without salts it is none of this log.
            log.write_all_at(&[0; 8], place(self.number) + 8)?;
            log.sync_all()
        });
        cut.map_err(|source| StoreFault::File { doing: "cutting", path, source })?;
        Ok(Found::lost(Part::Log, self.transactions))
    }
}

/// Mends the log of a database.
///
/// # Errors
/// [`StoreFault`] if the log cannot be read, or must be mended and cannot be written.
pub(super) fn mend(path: &Path) -> Result<Mended, StoreFault> {
    let path = files::with_suffix(path, "-wal");
    match File::open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Mended::default()),
        opened => opened.and_then(|log| mend_file(&path, &log)),
    }
    .map_err(|source| StoreFault::File { doing: "mending", path, source })
}

/// Removes a log that is older than the main file: it was cut off, or breaks, before the last page that was copied out of
/// it, and its pages would take back what the main file has of them, and not the rest.
///
/// # Errors
/// [`StoreFault`] if it cannot be removed.
pub(super) fn drop_if_older(path: &Path) -> Result<(), StoreFault> {
    let log = files::with_suffix(path, "-wal");
    if !std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        return Ok(());
    }
    let turn = |connection: Connection| identity::read(&connection).ok().map(|me| me.turn);
    let without_log = schema::open_without_log(path).ok().and_then(turn);
    let with_log = schema::open_for_a_look(path).ok().and_then(turn);
    if without_log.zip(with_log).is_none_or(|(without, with)| without <= with) {
        return Ok(());
    }
    tracing::warn!("the write-ahead log is older than the main file, and is removed");
    std::fs::remove_file(&log).map_err(|source| StoreFault::File { doing: "removing", path: log, source })
}

/// Removes a log that breaks the database, whose main file is whole without it. What it held is lost; how many
/// transactions that were is not known any more.
///
/// # Errors
/// [`StoreFault`] if it cannot be removed.
pub(super) fn drop(path: &Path) -> Result<Found, StoreFault> {
    let log = files::with_suffix(path, "-wal");
    match std::fs::remove_file(&log) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(StoreFault::File { doing: "removing", path: log, source })
        }
        _ => Ok(Found::lost(Part::Log, 1)),
    }
}

fn mend_file(path: &Path, log: &File) -> std::io::Result<Mended> {
    let Some(survey) = Survey::of(log)? else { return Ok(Mended::default()) };
    let mut pen = Pen { path, file: None, mended: 0 };
    let mut frame = vec![0; FRAME_BYTES];
    let mut next = vec![0; FRAME_BYTES];
    let mut has_next = read_frame(log, 0, &mut next)?;
    let header = survey.right_header();
    // Two checksums run along: as the log was written first, and as it is to stand now.
    let mut written = Sum::of(&header[24..], survey.big_endian);
    let stated = Sum::of(&survey.header[24..], survey.big_endian);
    let mut first = if has_next && fits(&next[16..24], sum_of_frame(stated, &next)) { stated } else { written };
    if header != survey.header && !survey.commits.is_empty() {
        pen.write(&header, 0)?;
    }
    let (mut tried, mut doubtful, mut lost) = (0, None, 0);
    for number in 0.. {
        if !has_next {
            break;
        }
        std::mem::swap(&mut frame, &mut next);
        has_next = read_frame(log, number + 1, &mut next)?;
        let goes_on_from = |sum: Sum| has_next && fits(&next[16..24], sum_of_frame(sum, &next));
        let now = sum_of_frame(first, &frame);
        let stated = Sum::of(&frame[16..24], survey.big_endian);
        let mut changed = false;
        if frame[8..16] == survey.salts && stated == now {
            first = now;
        } else {
            let behind = survey.commits_from(number);
            if behind == 0 {
                break;
            }
            let is_right = stated == now || goes_on_from(now);
            // Of a header that is gone, what the first frame went on from is gone, too.
            let unproven = number == 0 && header != survey.header && goes_on_from(stated);
            let cause = if is_right || unproven {
                Cause::SomeBit
            } else if tried < MOST_TRIED_FRAMES {
                tried += 1;
                cause(&mut frame, survey.pages, |frame| stated == sum_of_frame(first, frame))
            } else {
                Cause::Unknown
            };
            match cause {
                Cause::Bit(bit) => frame[bit / 8] ^= 1 << (bit % 8),
                Cause::SomeBit if !is_right => {
                    let transactions = behind as u64;
                    doubtful.get_or_insert(Doubtful { number, transactions });
                }
                Cause::SomeBit => {}
                Cause::SomePage => {
                    lost = behind as u64;
                    break;
                }
                Cause::Unknown => {
                    // The last transaction of all may have been cut off by a power failure: then nobody was told of it.
                    lost = behind.saturating_sub(1) as u64;
                    break;
                }
            }
            frame[8..16].copy_from_slice(&survey.salts);
            first = if is_right { now } else { stated };
            changed = true;
        }
        written = sum_of_frame(written, &frame);
        if changed || first != written {
            frame[16..24].copy_from_slice(&written.bytes());
            pen.write(&frame, place(number))?;
        }
    }
    let mended = pen.finish()?;
    Ok(Mended { found: (mended || lost > 0).then(|| Found::lost(Part::Log, lost)), doubtful })
}

/// Reads a frame; false if the log ends before.
fn read_frame(log: &File, number: u64, frame: &mut [u8]) -> std::io::Result<bool> {
    match log.read_exact_at(frame, place(number)) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

/// Writes into the log; it is opened for writing only if there is something to mend.
struct Pen<'a> {
    path: &'a Path,
    file: Option<File>,
    mended: u64,
}

impl Pen<'_> {
    fn write(&mut self, bytes: &[u8], at: u64) -> std::io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => File::options().write(true).open(self.path)?,
        };
        self.mended += 1;
        file.write_all_at(bytes, at)?;
        self.file = Some(file);
        Ok(())
    }

    /// Makes it durable; true if anything was written.
    fn finish(self) -> std::io::Result<bool> {
        let Some(file) = self.file else { return Ok(false) };
        file.sync_all()?;
        tracing::warn!(log.frames = self.mended, "the write-ahead log was damaged, and is mended");
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
