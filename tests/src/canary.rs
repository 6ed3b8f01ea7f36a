//! Finds an address in bytes, in whatever usual spelling or hash it hides there.
//!
//! An HMAC under a key that nobody else has is not looked for: without the key it says nothing, and with it everything.

mod unpack;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use aho_corasick::AhoCorasick;
use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

pub use unpack::unpacked;

/// Looks for some addresses at once.
#[derive(Debug)]
pub struct Canary {
    automaton: AhoCorasick,
    names: Vec<String>,
}

impl Canary {
    /// Prepares the search for these addresses.
    ///
    /// # Errors
    /// If there are too many.
    pub fn of(addresses: &[IpAddr]) -> anyhow::Result<Self> {
        let mut needles = BTreeMap::new();
        for address in addresses {
            for (name, needle) in spellings(*address) {
                needles.entry(needle).or_insert_with(|| format!("{address} {name}"));
            }
        }
        let (needles, names): (Vec<_>, Vec<_>) = needles.into_iter().unzip();
        // Letters in either case are the same spelling; in raw bytes this hardly adds chance hits.
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(&needles)
            .context("preparing the search for addresses")?;
        Ok(Self { automaton, names })
    }

    /// Every spelling that stands in the bytes, each once.
    #[must_use]
    pub fn find(&self, bytes: &[u8]) -> Vec<&str> {
        let mut found: Vec<&str> = self
            .automaton
            .find_overlapping_iter(bytes)
            .map(|hit| self.names[hit.pattern().as_usize()].as_str())
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// As [`Canary::find`], also in what lies compressed in the bytes ([`unpacked`]).
    ///
    /// # Errors
    /// If the bytes are a Parquet file that cannot be read.
    pub fn find_deep(&self, bytes: &[u8]) -> anyhow::Result<BTreeSet<&str>> {
        let mut found = BTreeSet::from_iter(self.find(bytes));
        for content in unpacked(bytes)? {
            found.extend(self.find(&content));
        }
        Ok(found)
    }
}

/// The usual spellings of an address, its prefix, and hashes of all of them, as name and bytes.
#[must_use]
pub fn spellings(address: IpAddr) -> Vec<(String, Vec<u8>)> {
    let octets: Vec<u8> = match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    let reversed: Vec<u8> = octets.iter().rev().copied().collect();
    let texts = texts(address, &octets);

    let mut all = vec![("as bytes".to_owned(), octets.clone()), ("as bytes, reversed".to_owned(), reversed.clone())];
    for (name, source) in [("bytes", &octets), ("reversed bytes", &reversed)] {
        all.push((format!("as hexadecimal {name}"), hex::encode(source).into_bytes()));
        // Seven characters are the least that mean something; four bytes give six with the uncertain last one cut.
        all.extend(in_base64(name, source, 5));
    }
    for (name, text) in &texts {
        all.push(((*name).to_owned(), text.clone().into_bytes()));
        all.extend(in_base64(name, text.as_bytes(), 8));
    }
    for (name, source) in texts.iter().map(|(name, text)| (*name, text.as_bytes().to_vec())).chain([("bytes", octets)])
    {
        let hashes = [
            ("md5", Md5::digest(&source).to_vec()),
            ("sha1", Sha1::digest(&source).to_vec()),
            ("sha256", Sha256::digest(&source).to_vec()),
        ];
        for (hash, digest) in hashes {
            all.push((format!("{hash} of {name}"), digest.clone()));
            all.push((format!("{hash} of {name}, hexadecimal"), hex::encode(&digest).into_bytes()));
            all.push((format!("{hash} of {name}, base64"), STANDARD_NO_PAD.encode(&digest).into_bytes()));
            all.push((format!("{hash} of {name}, base64 for URLs"), URL_SAFE_NO_PAD.encode(&digest).into_bytes()));
        }
    }
    all
}

fn texts(address: IpAddr, octets: &[u8]) -> Vec<(&'static str, String)> {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            vec![
                ("dotted", v4.to_string()),
                ("dotted, reversed", format!("{d}.{c}.{b}.{a}")),
                ("dotted, with zeros", format!("{a:03}.{b:03}.{c:03}.{d:03}")),
                ("in octal", format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}")),
                ("with hyphens", format!("{a}-{b}-{c}-{d}")),
                ("with underscores", format!("{a}_{b}_{c}_{d}")),
                ("prefix of 24 bits", format!("{a}.{b}.{c}.")),
                ("as a number", u32::from(v4).to_string()),
                ("as a number, little-endian", u32::from(v4).swap_bytes().to_string()),
                ("inside IPv6", format!("{a:02x}{b:02x}:{c:02x}{d:02x}")),
                ("hexadecimal with colons", format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}")),
                ("as a list", format!("{a},{b},{c},{d}")),
                ("as a spaced list", format!("{a}, {b}, {c}, {d}")),
            ]
        }
        IpAddr::V6(v6) => {
            let groups = v6.segments();
            let full: Vec<String> = groups.iter().map(|group| format!("{group:04x}")).collect();
            let short: Vec<String> = groups.iter().map(|group| format!("{group:x}")).collect();
            let nibbles: Vec<String> = hex::encode(octets).chars().rev().map(|nibble| nibble.to_string()).collect();
            vec![
                ("compressed", v6.to_string()),
                ("expanded", full.join(":")),
                ("uncompressed", short.join(":")),
                ("percent-encoded", v6.to_string().replace(':', "%3a")),
                ("with hyphens", v6.to_string().replace(':', "-")),
                ("nibbles, reversed", nibbles.join(".")),
                ("as a number", u128::from(v6).to_string()),
                ("prefix of 48 bits", format!("{}::", short[..3].join(":"))),
                ("prefix of 64 bits", format!("{}:", short[..4].join(":"))),
                ("prefix of 64 bits, expanded", format!("{}:", full[..4].join(":"))),
                ("prefix of 64 bits, hexadecimal", full[..4].concat()),
            ]
        }
    }
}

/// The part of the base64 text that is the same wherever the bytes lie in what was encoded: one text for each of the
/// three offsets, without the characters that also depend on neighbours; texts shorter than `least` are left out.
fn in_base64(name: &str, bytes: &[u8], least: usize) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for offset in 0..3 {
        let mut padded = vec![0; offset];
        padded.extend_from_slice(bytes);
        // Each character carries 6 bits: the first whole one after `offset` bytes, and the last whole one.
        let first = (offset * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        for (alphabet, encoded) in
            [("base64", STANDARD_NO_PAD.encode(&padded)), ("URL base64", URL_SAFE_NO_PAD.encode(&padded))]
        {
            if last.saturating_sub(first) >= least {
                found.push((
                    format!("{alphabet} of {name} at offset {offset}"),
                    encoded.as_bytes()[first..last].to_vec(),
                ));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aim: every spelling is found where it is planted in noise, and nothing is found where nothing was planted.
    #[test]
    fn every_planted_spelling_is_found() {
        let addresses: [IpAddr; 2] = ["203.0.113.77".parse().unwrap(), "2001:db8:7a11:42::c0de".parse().unwrap()];
        let canary = Canary::of(&addresses).unwrap();
        let noise: Vec<u8> =
            (0..20_000_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8 % 90).collect();
        assert_eq!(canary.find(&noise), Vec::<&str>::new());
        for address in addresses {
            for (name, spelling) in spellings(address) {
                let mut planted = noise.clone();
                planted.splice(9_000..9_000, spelling);
                assert!(!canary.find(&planted).is_empty(), "{address} {name}");
            }
        }
    }

    /// Aim: an address is found inside a longer base64 text, wherever it begins.
    #[test]
    fn base64_hides_nothing() {
        let canary = Canary::of(&["203.0.113.77".parse().unwrap()]).unwrap();
        for before in ["", "a", "ab", "abc"] {
            let text = STANDARD_NO_PAD.encode(format!("{before}{{\"client\":\"203.0.113.77\"}}"));
            assert!(!canary.find(text.as_bytes()).is_empty(), "after {before:?}");
        }
    }
}
