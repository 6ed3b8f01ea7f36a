//! The range CSVs of `@ip-location-db/asn`: first address, last address, number, organisation.

use std::collections::HashMap;
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use wire::{Asn, Day, Hour};

use super::AsnFault;

/// One range of addresses of one network. `N` is `u32` for IPv4 and `u128` for IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range<N> {
    pub(super) first: N,
    pub(super) last: N,
    pub(super) asn: Asn,
    /// Place of the organisation in [`Ranges::organisations`].
    pub(super) organisation: u32,
}

/// All ranges, sorted by first address, without overlaps.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    pub(super) v4: Vec<Range<u32>>,
    pub(super) v6: Vec<Range<u128>>,
    pub(super) organisations: Vec<Box<str>>,
    newest_unix_s: Option<i64>,
}

impl Ranges {
    pub(super) fn open(paths: &[PathBuf]) -> Result<Self, AsnFault> {
        let mut ranges = Self::default();
        let mut known = HashMap::new();
        for path in paths {
            ranges.read(path, &mut known)?;
        }
        ranges.v4.sort_by_key(|range| range.first);
        ranges.v6.sort_by_key(|range| range.first);
        let overlap_v4 = ranges.v4.windows(2).any(|pair| pair[0].last >= pair[1].first);
        let overlap_v6 = ranges.v6.windows(2).any(|pair| pair[0].last >= pair[1].first);
        if overlap_v4 || overlap_v6 {
            let path = paths.first().cloned().unwrap_or_default();
            return Err(AsnFault::Csv { path, line: 0, what: "two ranges overlap".to_owned() });
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
            match (first, last) {
                (IpAddr::V4(first), IpAddr::V4(last)) if first <= last => {
                    self.v4.push(Range { first: first.to_bits(), last: last.to_bits(), asn, organisation });
                }
                (IpAddr::V6(first), IpAddr::V6(last)) if first <= last => {
                    self.v6.push(Range { first: first.to_bits(), last: last.to_bits(), asn, organisation });
                }
                _ => return Err(fault("the range's last address lies before its first".to_owned())),
            }
        }
    }

    pub(super) fn network(&self, address: IpAddr) -> Option<(Asn, &str)> {
        let (asn, organisation) = match address {
            IpAddr::V4(address) => find(&self.v4, Ipv4Addr::to_bits(address))?,
            IpAddr::V6(address) => find(&self.v6, Ipv6Addr::to_bits(address))?,
        };
        Some((asn, self.organisation(organisation)))
    }

    pub(super) fn organisation(&self, place: u32) -> &str {
        usize::try_from(place).ok().and_then(|place| self.organisations.get(place)).map_or("", |name| name)
    }

    /// The day on which the newest of the files was written: the CSVs themselves carry no date.
    pub(super) fn day(&self) -> Option<Day> {
        self.newest_unix_s.map(|seconds| Hour::of_unix_s(seconds).day())
    }

    pub(super) fn for_each(&self, visit: &mut dyn FnMut(Asn, &str)) {
        let v4 = self.v4.iter().map(|range| (range.asn, range.organisation));
        let v6 = self.v6.iter().map(|range| (range.asn, range.organisation));
        for (asn, organisation) in v4.chain(v6) {
            visit(asn, self.organisation(organisation));
        }
    }
}

fn find<N: Ord + Copy>(ranges: &[Range<N>], address: N) -> Option<(Asn, u32)> {
    let after = ranges.partition_point(|range| range.first <= address);
    let range = ranges.get(after.checked_sub(1)?)?;
    (address <= range.last).then_some((range.asn, range.organisation))
}
