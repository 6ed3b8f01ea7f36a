//! What the search box holds: an address or a prefix, as people read it out on the telephone or paste it.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::store::lookup::wanted;
pub(super) use crate::store::lookup::wanted::written;

/// Longest text that can be an address; what is longer is not looked at.
const MAX_CHARS: usize = 100;

/// Why the text is no subject of a look-up; for the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum SubjectFault {
    #[error("Type the customer's address first.")]
    Empty,
    #[error(
        "This is neither an address nor a prefix. Examples: 192.0.2.7, 2001:db8:1::7, 192.0.2.0/24, 2001:db8:1::/56."
    )]
    NoAddress,
}

/// Reads an address or a prefix: in any spelling, with brackets, as IPv4 inside IPv6, with or without host bits.
pub(super) fn parse(text: &str) -> Result<IpNet, SubjectFault> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).take(MAX_CHARS).collect();
    if text.is_empty() {
        return Err(SubjectFault::Empty);
    }
    wanted::client(&text).map_err(|_| SubjectFault::NoAddress)
}

/// True if the subject is at most one client's home: an IPv4 address, or an IPv6 prefix of `ipv6_client_bits` or longer.
pub(super) fn is_one_client(subject: IpNet, ipv6_client_bits: u8) -> bool {
    match subject {
        IpNet::V4(prefix) => prefix.prefix_len() == 32,
        IpNet::V6(prefix) => prefix.prefix_len() >= ipv6_client_bits,
    }
}

/// The whole home of an IPv6 subject that is a part of it: a home's devices have addresses of their own, and change them.
pub(super) fn home(subject: IpNet, ipv6_client_bits: u8) -> Option<IpNet> {
    let IpNet::V6(prefix) = subject else { return None };
    let home = IpNet::new(IpAddr::V6(prefix.addr()), ipv6_client_bits).ok()?;
    (prefix.prefix_len() > ipv6_client_bits).then(|| home.trunc())
}

#[cfg(test)]
mod tests {
    //! Aim: whatever spelling of an address a customer reads out is found, and what is none is told so.

    use super::*;

    #[test]
    fn every_spelling_is_the_same_subject() {
        for (text, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            (" 192.0.2.7\n", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7/120", "192.0.2.0/24"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8:0:0:0:0:0:7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("2001:db8::192.0.2.7", "2001:db8::c000:207"),
            ("2001:db8:1:23ff::/56", "2001:db8:1:2300::/56"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(parse(text).map(written).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(parse("  "), Err(SubjectFault::Empty));
        for text in ["customer", "192.0.2.256", "192.0.2.7/33", "2001:db8::/129", "<script>", "192.0.2.7:443", "1.2.3"]
        {
            assert_eq!(parse(text), Err(SubjectFault::NoAddress), "{text}");
        }
        assert_eq!(parse(&"1".repeat(10_000)), Err(SubjectFault::NoAddress));
    }

    #[test]
    fn a_home_is_one_client() {
        let subject = |text| parse(text).expect("a subject");
        for (text, one) in
            [("192.0.2.7", true), ("192.0.2.0/31", false), ("2001:db8::/56", true), ("2001:db8::/48", false)]
        {
            assert_eq!(is_one_client(subject(text), 56), one, "{text}");
        }
        assert_eq!(home(subject("2001:db8:1:23ff::7"), 56).map(written).as_deref(), Some("2001:db8:1:2300::/56"));
        assert_eq!(home(subject("2001:db8:1:2300::/56"), 56), None);
        assert_eq!(home(subject("192.0.2.7"), 56), None);
    }
}
