//! The data section and the metadata, in the format's own encoding.

const POINTER: u8 = 1;
const STRING: u8 = 2;
const UINT16: u8 = 5;
const UINT32: u8 = 6;
const MAP: u8 = 7;
/// Extended types are written as their number minus 7 in a second byte.
const EXTENDED_UINT64: u8 = 9 - 7;
const EXTENDED_ARRAY: u8 = 11 - 7;

const NUMBER_KEY: &str = "autonomous_system_number";
const ORGANISATION_KEY: &str = "autonomous_system_organization";
const METADATA_MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";

/// The entries that leaves point to, in the shape of GeoLite2-ASN.
pub(super) struct Section {
    bytes: Vec<u8>,
}

impl Section {
    /// A section that begins with the two keys, to which every entry points.
    pub(super) fn new() -> Self {
        let mut bytes = Vec::new();
        string(&mut bytes, NUMBER_KEY);
        string(&mut bytes, ORGANISATION_KEY);
        Self { bytes }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds an entry and gives its offset.
    pub(super) fn add(&mut self, asn: u32, organisation: &str) -> u32 {
        let offset = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        control(&mut self.bytes, MAP, 2);
        pointer(&mut self.bytes, 0);
        unsigned(&mut self.bytes, UINT32, u64::from(asn));
        // The first key is one control byte and its letters.
        pointer(&mut self.bytes, 1 + NUMBER_KEY.len());
        string(&mut self.bytes, organisation);
        offset
    }
}

/// The marker and the metadata map that end a file.
pub(super) fn metadata(nodes: usize, record_bits: u16, built_unix_s: u64) -> Vec<u8> {
    let mut bytes = METADATA_MARKER.to_vec();
    control(&mut bytes, MAP, 9);
    string(&mut bytes, "binary_format_major_version");
    unsigned(&mut bytes, UINT16, 2);
    string(&mut bytes, "binary_format_minor_version");
    unsigned(&mut bytes, UINT16, 0);
    string(&mut bytes, "build_epoch");
    let epoch = significant(built_unix_s);
    bytes.extend([u8::try_from(epoch.len()).unwrap_or(8), EXTENDED_UINT64]);
    bytes.extend(epoch);
    string(&mut bytes, "database_type");
    string(&mut bytes, "Bufferlake-ASN");
    string(&mut bytes, "description");
    control(&mut bytes, MAP, 1);
    string(&mut bytes, "en");
    string(&mut bytes, "Networks by address, built by Bufferlake from range CSVs");
    string(&mut bytes, "ip_version");
    unsigned(&mut bytes, UINT16, 6);
    string(&mut bytes, "languages");
    bytes.extend([1, EXTENDED_ARRAY]);
    string(&mut bytes, "en");
    string(&mut bytes, "node_count");
    unsigned(&mut bytes, UINT32, nodes as u64);
    string(&mut bytes, "record_size");
    unsigned(&mut bytes, UINT16, u64::from(record_bits));
    bytes
}

/// A type and a size below 29, in one byte.
fn control(bytes: &mut Vec<u8>, kind: u8, size: u8) {
    bytes.push(kind << 5 | size);
}

/// A pointer to one of the first 2,048 bytes of the section.
fn pointer(bytes: &mut Vec<u8>, offset: usize) {
    let [high, low] = u16::try_from(offset).unwrap_or(u16::MAX).to_be_bytes();
    bytes.extend([POINTER << 5 | high & 0b111, low]);
}

fn string(bytes: &mut Vec<u8>, text: &str) {
    // No organisation's name comes near the second length form's end; a longer one is cut at a character.
    let mut length = text.len().min(285 + 0xffff);
    while !text.is_char_boundary(length) {
        length -= 1;
    }
    match length {
        0..29 => bytes.push(STRING << 5 | u8::try_from(length).unwrap_or(0)),
        29..285 => bytes.extend([STRING << 5 | 29, u8::try_from(length - 29).unwrap_or(0)]),
        _ => {
            bytes.push(STRING << 5 | 30);
            bytes.extend(u16::try_from(length - 285).unwrap_or(0).to_be_bytes());
        }
    }
    bytes.extend(&text.as_bytes()[..length]);
}

fn unsigned(bytes: &mut Vec<u8>, kind: u8, value: u64) {
    let digits = significant(value);
    control(bytes, kind, u8::try_from(digits.len()).unwrap_or(8));
    bytes.extend(digits);
}

/// The bytes of a number without leading zeros.
fn significant(value: u64) -> Vec<u8> {
    value.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect()
}
