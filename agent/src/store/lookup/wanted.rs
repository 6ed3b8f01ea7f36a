//! What a human asks for, as text: an address or a prefix, a moment, a grade, a kind of test.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use wire::{Grade, TestType};

/// Bits before the IPv4 address in one that is mapped into IPv6.
const MAPPED_BITS: u8 = 96;

/// The text does not say what is wanted. What is said of it never repeats it: it may be an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unclear {
    /// Neither an address nor a prefix.
    #[error("an address such as 192.0.2.1 or 2001:db8::1, or a prefix such as 2001:db8:1::/56, is expected")]
    Client,
    /// An address with a zone.
    #[error("a zone such as %eth0 means something on one machine only: leave it out")]
    Zone,
    /// The prefix is longer than an address.
    #[error("the length of the prefix must be 0 to {0}")]
    PrefixLength(u8),
    /// Neither a moment nor a day.
    #[error(
        "a moment such as 2026-11-24T18:30:00Z or 2026-11-24T19:30:00+01:00, or a day (UTC) such as 2026-11-24, is expected"
    )]
    Moment,
    /// No grade.
    #[error("a grade is expected: A+, A, B, C, D or F")]
    Grade,
    /// No kind of test.
    #[error("`single_user` (or `single`) or `virtual_household` (or `household`) is expected")]
    TestType,
}

/// An address in any spelling, or a prefix. An IPv4 address that is mapped into IPv6 is the IPv4 address; an address is
/// the prefix of its full length; bits behind the prefix do not matter.
///
/// # Errors
/// [`Unclear`] says what is expected.
pub fn client(text: &str) -> Result<IpNet, Unclear> {
    let text = text.trim();
    if text.contains('%') {
        return Err(Unclear::Zone);
    }
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address = address.strip_prefix('[').and_then(|inside| inside.strip_suffix(']')).unwrap_or(address);
    let address: IpAddr = address.parse().map_err(|_| Unclear::Client)?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        None => most,
        Some(bits) if !bits.is_empty() && bits.bytes().all(|digit| digit.is_ascii_digit()) => {
            bits.parse().ok().filter(|bits| *bits <= most).ok_or(Unclear::PrefixLength(most))?
        }
        Some(_) => return Err(Unclear::Client),
    };
    let (address, bits) = match (address, address.to_canonical()) {
        (IpAddr::V6(_), v4 @ IpAddr::V4(_)) if bits >= MAPPED_BITS => (v4, bits - MAPPED_BITS),
        _ => (address, bits),
    };
    IpNet::new(address, bits).map(|prefix| prefix.trunc()).map_err(|_| Unclear::PrefixLength(most))
}

/// An address or prefix as people write it: an address without its length.
#[must_use]
pub fn written(client: IpNet) -> String {
    if client.prefix_len() == client.max_prefix_len() { client.addr().to_string() } else { client.to_string() }
}

/// The first moment that is wanted, in Unix milliseconds: a moment, or the beginning of a day.
///
/// # Errors
/// [`Unclear::Moment`].
pub fn since(text: &str) -> Result<i64, Unclear> {
    moment(text, Some)
}

/// The moment before which all that is wanted lies, in Unix milliseconds: a moment, or the end of a day.
///
/// # Errors
/// [`Unclear::Moment`].
pub fn until(text: &str) -> Result<i64, Unclear> {
    moment(text, |day| day.tomorrow().ok())
}

fn moment(text: &str, day_means: impl FnOnce(Date) -> Option<Date>) -> Result<i64, Unclear> {
    let text = text.trim();
    let is_day = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let moment = if is_day {
        text.parse().ok().and_then(day_means).and_then(|day| TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok())
    } else {
        // In a URL a `+` that was not encoded arrives as a space.
        text.replace(' ', "+").parse::<Timestamp>().ok()
    };
    moment.map(Timestamp::as_millisecond).ok_or(Unclear::Moment)
}

/// A grade, in letters of either case. In a URL a `+` that was not encoded arrives as a space.
///
/// # Errors
/// [`Unclear::Grade`].
pub fn grade(text: &str) -> Result<Grade, Unclear> {
    Grade::parse(&text.to_ascii_uppercase().replace(' ', "+")).ok_or(Unclear::Grade)
}

/// A kind of test, under either of the names that clients and the provider's systems use.
///
/// # Errors
/// [`Unclear::TestType`].
pub fn test_type(text: &str) -> Result<TestType, Unclear> {
    match text.trim() {
        "single" | "single_user" => Ok(TestType::Single),
        "household" | "virtual_household" => Ok(TestType::Household),
        _ => Err(Unclear::TestType),
    }
}

#[cfg(test)]
mod tests {
    //! Aim: every spelling means the same, and what is unclear is refused without being repeated.

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_spelling_of_an_address_means_the_same() {
        for (wanted, spellings) in [
            (
                "192.0.2.1/32",
                &[
                    "192.0.2.1",
                    " 192.0.2.1 ",
                    "192.0.2.1/32",
                    "::ffff:192.0.2.1",
                    "::FFFF:c000:201",
                    "[::ffff:192.0.2.1]",
                    "0:0:0:0:0:ffff:192.0.2.1",
                    "::ffff:192.0.2.1/128",
                ][..],
            ),
            ("192.0.2.0/24", &["192.0.2.0/24", "192.0.2.77/24", "::ffff:192.0.2.0/120", "192.0.2.77/024"]),
            ("0.0.0.0/0", &["0.0.0.0/0", "1.2.3.4/0", "::ffff:0.0.0.0/96"]),
            (
                "2001:db8:1::5/128",
                &[
                    "2001:db8:1::5",
                    "2001:DB8:1::5",
                    "2001:0db8:0001:0000:0000:0000:0000:0005",
                    "2001:db8:1:0:0:0:0:5",
                    "[2001:db8:1::5]",
                    "2001:db8:1::0.0.0.5",
                    "2001:db8:1::5/128",
                ],
            ),
            ("2001:db8:1::/56", &["2001:db8:1::/56", "2001:db8:1:ff::1/56", "[2001:db8:1::]/56"]),
            // Not mapped: an IPv6 address of its own.
            ("::c000:201/128", &["::192.0.2.1"]),
            ("::/0", &["::/0", "2001:db8::/0"]),
            ("::ffc0:0:0/90", &["::ffff:192.0.2.1/90"]),
        ] {
            let wanted: IpNet = wanted.parse().expect("a prefix");
            for spelling in spellings {
                assert_eq!(client(spelling), Ok(wanted), "{spelling}");
            }
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for (text, why) in [
            ("", Unclear::Client),
            ("/", Unclear::Client),
            ("/24", Unclear::Client),
            ("localhost", Unclear::Client),
            ("192.0.2", Unclear::Client),
            ("192.0.2.1.1", Unclear::Client),
            ("192.0.2.256", Unclear::Client),
            ("192.0.2.01", Unclear::Client),
            ("0xC0.0.2.1", Unclear::Client),
            ("3221225985", Unclear::Client),
            ("192.0.2.1:443", Unclear::Client),
            ("[2001:db8::1]:443", Unclear::Client),
            ("[192.0.2.1", Unclear::Client),
            ("192.0.2.1/", Unclear::Client),
            ("192.0.2.1/a", Unclear::Client),
            ("192.0.2.1/+8", Unclear::Client),
            ("192.0.2.1/-1", Unclear::Client),
            ("192.0.2.1/24/24", Unclear::Client),
            ("192.0.2.1/ 24", Unclear::Client),
            ("192.0.2.1/33", Unclear::PrefixLength(32)),
            ("2001:db8::/129", Unclear::PrefixLength(128)),
            ("2001:db8::/999", Unclear::PrefixLength(128)),
            ("2001:db8::1::", Unclear::Client),
            ("fe80::1%eth0", Unclear::Zone),
            ("fe80::1%25eth0", Unclear::Zone),
            ("fe80::1%eth0/64", Unclear::Zone),
            ("192.0.2.1, 192.0.2.2", Unclear::Client),
            ("１９２.0.2.1", Unclear::Client),
            ("\0", Unclear::Client),
        ] {
            assert_eq!(client(text), Err(why), "{text:?}");
        }
    }

    #[test]
    fn a_day_is_meant_whole() {
        let day_ms = 86_400_000;
        let noon = 1_790_251_200_000;
        let midnight = noon - day_ms / 2;
        assert_eq!(since("2026-09-24"), Ok(midnight));
        assert_eq!(until("2026-09-24"), Ok(midnight + day_ms));
        for text in [
            "2026-09-24T12:00:00Z",
            "2026-09-24T14:00:00+02:00",
            "2026-09-24T14:00:00 02:00",
            "2026-09-24t12:00:00.000z",
            "2026-09-24T07:30:00-04:30",
        ] {
            assert_eq!((since(text), until(text)), (Ok(noon), Ok(noon)), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-02-30",
            "2026-09-24T12:00:00",
            "1790251200",
            "2026-9-24",
            "20260924",
            "9999-12-31",
            "2026-09-24T25:00:00Z",
            "2026-09-24T12:00:00Zjunk",
        ] {
            assert_eq!(until(text), Err(Unclear::Moment), "{text}");
        }
    }

    #[test]
    fn grades_and_kinds_have_several_names() {
        for (text, letter) in [("A+", Grade::APlus), ("a ", Grade::APlus), ("A", Grade::A), ("f", Grade::F)] {
            assert_eq!(grade(text), Ok(letter), "{text}");
        }
        for text in ["", "E", "AA", "A++", "+A", "a  "] {
            assert_eq!(grade(text), Err(Unclear::Grade), "{text}");
        }
        assert_eq!(
            (test_type("single"), test_type("virtual_household")),
            (Ok(TestType::Single), Ok(TestType::Household))
        );
        assert_eq!(test_type("triple"), Err(Unclear::TestType));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*", near in "[0-9a-fA-F:./%\\[\\] +TZ-]{0,50}") {
            for text in [text, near] {
                let _ = (since(&text), until(&text), grade(&text), test_type(&text));
                if let Err(unclear) = client(&text) {
                    prop_assert!(text.len() < 5 || !unclear.to_string().contains(&text));
                }
            }
        }

        #[test]
        fn every_address_and_prefix_is_understood(v4: u32, v6: u128, bits in 0_u8..=128) {
            let v6 = std::net::Ipv6Addr::from_bits(v6);
            let v4 = std::net::Ipv4Addr::from_bits(v4);
            let whole = |ip: IpAddr| IpNet::from(ip.to_canonical());
            prop_assert_eq!(client(&v6.to_string()), Ok(whole(v6.into())));
            prop_assert_eq!(client(&v4.to_string()), Ok(whole(v4.into())));
            prop_assert_eq!(client(&v4.to_ipv6_mapped().to_string()), Ok(whole(v4.into())));
            let prefix = client(&format!("{v6}/{bits}")).expect("a prefix");
            prop_assert!(v6.to_ipv4_mapped().is_some() || (prefix.contains(&IpAddr::from(v6)) && prefix.prefix_len() == bits));
        }
    }
}
