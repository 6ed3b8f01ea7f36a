//! The range CSVs of `@ip-location-db/asn`: first address, last address, number, organisation.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::fs::File;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use wire::{Asn, Day, Hour};

use super::AsnFault;

/// One range of addresses of one network. IPv4 addresses lie in ::/96, as in a MaxMind database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Range {
    pub(super) first: u128,
    pub(super) last: u128,
    pub(super) asn: Asn,
    /// Place of the organisation in [`Ranges::organisations`].
    pub(super) organisation: u32,
}

/// All ranges, sorted by first address, without overlaps.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    pub(super) sorted: Vec<Range>,
    /// How many overlaps the files had.
    pub(super) overlaps: usize,
    organisations: Vec<Box<str>>,
    newest_unix_s: Option<i64>,
}

impl Ranges {
    pub(super) fn open(paths: &[PathBuf]) -> Result<Self, AsnFault> {
        let mut ranges = Self::default();
        let mut known = HashMap::new();
        for path in paths {
            ranges.read(path, &mut known)?;
        }
        (ranges.sorted, ranges.overlaps) = without_overlaps(std::mem::take(&mut ranges.sorted));
        if ranges.overlaps > 0 {
            tracing::warn!(
                asn.overlaps = ranges.overlaps,
                "ranges of the ASN data overlap: the more specific one holds"
            );
        }
        Ok(ranges)
    }

    fn read(&mut self, path: &PathBuf, known: &mut HashMap<Box<str>, u32>) -> Result<(), AsnFault> {
        let read_fault = |source| AsnFault::Read { path: path.clone(), source };
        let file = File::open(path).map_err(read_fault)?;
        let written = file.metadata().map_err(read_fault)?.mtime();
        self.newest_unix_s = self.newest_unix_s.max(Some(written));
        let mut lines = csv::ReaderBuilder::new().has_headers(false).from_reader(file);
        let mut row = csv::StringRecord::new();
        loop {
            let line = lines.position().line();
            let fault = |what: String| AsnFault::Csv { path: path.clone(), line, what };
            if !lines.read_record(&mut row).map_err(|error| fault(error.to_string()))? {
                return Ok(());
            }
            let address = |at: usize| row.get(at).and_then(|text| text.parse::<IpAddr>().ok());
            let number = row.get(2).and_then(|text| text.parse::<u32>().ok());
            let (Some(first), Some(last), Some(number)) = (address(0), address(1), number) else {
                return Err(fault("expected: first address, last address, AS number, organisation".to_owned()));
            };
            // Number 0 marks ranges that nobody announces.
            let Some(asn) = Asn::new(number) else { continue };
            let organisation = match known.get(row.get(3).unwrap_or_default()) {
                Some(place) => *place,
                None => {
                    let name: Box<str> = row.get(3).unwrap_or_default().into();
                    let place = u32::try_from(self.organisations.len()).map_err(|_| AsnFault::TooLarge)?;
                    self.organisations.push(name.clone());
                    known.insert(name, place);
                    place
                }
            };
            if first.is_ipv4() != last.is_ipv4() || first > last {
                return Err(fault("the range's last address lies before its first".to_owned()));
            }
            self.sorted.push(Range { first: bits(first), last: bits(last), asn, organisation });
        }
    }

    pub(super) fn network(&self, address: IpAddr) -> Option<(Asn, &str)> {
        let address = bits(address);
        let after = self.sorted.partition_point(|range| range.first <= address);
        let range = self.sorted.get(after.checked_sub(1)?)?;
        (address <= range.last).then(|| (range.asn, self.organisation(range.organisation)))
    }

    pub(super) fn organisation(&self, place: u32) -> &str {
        usize::try_from(place).ok().and_then(|place| self.organisations.get(place)).map_or("", |name| name)
    }

    /// The day on which the newest of the files was written: the CSVs themselves carry no date.
    pub(super) fn day(&self) -> Option<Day> {
        self.newest_unix_s.map(|seconds| Hour::of_unix_s(seconds).day())
    }

    pub(super) fn for_each(&self, visit: &mut dyn FnMut(Asn, &str)) {
        for range in &self.sorted {
            visit(range.asn, self.organisation(range.organisation));
        }
    }
}

/// The address as a number; IPv4 in ::/96.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Cuts ranges so that of two that overlap the one that begins later, and of two that begin together the shorter one,
/// keeps its addresses: real data has such errors, and the more specific announcement is the likelier truth.
fn without_overlaps(ranges: Vec<Range>) -> (Vec<Range>, usize) {
    let key = |range: Range| Reverse((range.first, Reverse(range.last), range));
    let mut waiting: BinaryHeap<_> = ranges.into_iter().map(key).collect();
    let mut sorted = Vec::with_capacity(waiting.len());
    let mut overlaps = 0;
    while let Some(Reverse((.., range))) = waiting.pop() {
        match waiting.peek() {
            Some(Reverse((.., next))) if next.first <= range.last => {
                let (first, last) = (next.first, next.last);
                overlaps += 1;
                if range.first < first {
                    sorted.push(Range { last: first - 1, ..range });
                }
                if last < range.last {
                    waiting.push(key(Range { first: last + 1, ..range }));
                }
            }
            _ => sorted.push(range),
        }
    }
    (sorted, overlaps)
}
