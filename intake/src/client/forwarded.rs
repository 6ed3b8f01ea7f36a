//! The hops that proxies wrote into `X-Forwarded-For` or `Forwarded`, from the right.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, header};

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The hops from the right; a hop that is no address is `None`.
pub(super) fn hops_from_the_right(headers: &HeaderMap) -> Box<dyn Iterator<Item = Option<IpAddr>> + '_> {
    if headers.contains_key(X_FORWARDED_FOR) {
        return Box::new(entries(headers, X_FORWARDED_FOR).map(|entry| address(entry?)));
    }
    Box::new(entries(headers, header::FORWARDED.as_str()).map(|entry| address(for_parameter(entry?)?)))
}

/// The comma-separated entries of all lines of a header, last line first, each line from the right.
///
/// A comma inside a quoted string also splits: what results is no address, and a broken hop ends the walk, which is the
/// safe reading of a value that no proxy of ours wrote. A line that is not ASCII is one broken entry.
fn entries<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = Option<&'a str>> {
    let lines: Vec<_> = headers.get_all(name).iter().collect();
    lines.into_iter().rev().flat_map(|line| {
        let entries: Box<dyn Iterator<Item = Option<&'a str>>> = match line.to_str() {
            Ok(text) => Box::new(text.rsplit(',').map(|entry| Some(entry.trim()))),
            Err(_) => Box::new(std::iter::once(None)),
        };
        entries
    })
}

/// The value of `for=` in one element of `Forwarded`.
fn for_parameter(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| value.trim())
    })
}

/// An address as proxies write it: plain, with a port, in brackets, or quoted.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(hop);
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let parsed = bare.parse::<IpAddr>().or_else(|_| hop.parse::<SocketAddr>().map(|socket| socket.ip())).ok()?;
    Some(parsed.to_canonical())
}
