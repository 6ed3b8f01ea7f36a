//! Finds addresses in texts: bare, with a port or a prefix length, in brackets, with a zone, mapped, or as a word among others.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address that a text is or holds, as it stands there.
#[must_use]
pub fn find(text: &str) -> Option<&str> {
    // What separates words, also inside of URLs and lists.
    let words = text.split(|c: char| c.is_whitespace() || ",;|\"'<>()=@/\\{}".contains(c));
    std::iter::once(text.trim()).chain(words).find(|word| is_address(word))
}

fn is_address(word: &str) -> bool {
    let word = word.trim_matches(|c: char| c == '.' || c == '!' || c == '?');
    let bare = word.strip_prefix('[').map_or(word, |inner| inner.split(']').next().unwrap_or(inner));
    let bare = bare.trim_end_matches(']');
    let without_zone = bare.split('%').next().unwrap_or(bare);
    let without_length = without_zone.split('/').next().unwrap_or(without_zone);
    if without_length.parse::<IpAddr>().is_ok_and(is_telling) {
        return true;
    }
    // An IPv4 address with a port; IPv6 with a port is in brackets.
    let without_port = without_length.rsplit_once(':').map(|(address, _)| address);
    without_port.is_some_and(|address| address.parse::<Ipv4Addr>().is_ok())
}

/// `::` is a mark of punctuation before it is an address.
fn is_telling(address: IpAddr) -> bool {
    address != IpAddr::V6(Ipv6Addr::UNSPECIFIED)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Aim: addresses are found in every dress, and names of networks are left alone.
    #[test]
    fn addresses_are_found_in_every_dress() {
        for text in [
            "192.0.2.7",
            " 192.0.2.7 ",
            "192.0.2.7:443",
            "192.0.2.0/24",
            "2001:db8::1",
            "[2001:db8::1]:443",
            "fe80::1%eth0",
            "::ffff:192.0.2.7",
            "2001:db8::/32",
            "Example Net (192.0.2.7)",
            "http://192.0.2.7/x",
            "Example, 2001:db8::7",
            "client=192.0.2.7.",
        ] {
            assert!(find(text).is_some(), "{text}");
        }
        for text in [
            "",
            "AS64500",
            "Example Net",
            "single",
            "A+",
            "2026-11-22",
            "10:30",
            "v1.2.3",
            "Foo :: Bar",
            "1.2.3",
            "DE",
            "1.2.3.4.5",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
