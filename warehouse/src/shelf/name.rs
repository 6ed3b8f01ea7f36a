//! Names that the layout can have. A manifest that names anything else is not believed, so that no file outside of the
//! layout can be reached even if somebody writes its name into one.

use super::CHANGING;
use crate::cut::CutId;
use crate::digest::Sha256;
use crate::lake::paths::TestDate;

/// Length of the digest in a shared file's name.
const MONTH_KEY: &str = "month=";

/// A name of the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name<'a> {
    /// A file that changes.
    Changing,
    /// A release's own file: its path inside the release's folder.
    Own(CutId, &'a str),
    /// A file that releases share.
    Shared(Sha256),
}

impl<'a> Name<'a> {
    /// Reads a path relative to the public directory; none if the layout has no such name.
    pub(super) fn parse(path: &'a str) -> Option<Self> {
        if CHANGING.contains(&path) {
            return Some(Self::Changing);
        }
        if let Some(rest) = path.strip_prefix("releases/") {
            let (id, name) = rest.split_once('/')?;
            return name.split('/').all(is_plain).then_some(()).and_then(|()| Some(Self::Own(id.parse().ok()?, name)));
        }
        let mut parts = path.strip_prefix("files/")?.split('/');
        let (table, month, file) = (parts.next()?, parts.next()?, parts.next()?);
        let month = month.strip_prefix(MONTH_KEY)?;
        let is_month = format!("{month}-01").parse::<TestDate>().is_ok();
        if parts.next().is_some() || !is_month || !is_table(table) {
            return None;
        }
        file.strip_suffix(".parquet")?.parse().ok().map(Self::Shared)
    }
}

/// A part of a path that leads nowhere else: letters, digits and a few signs, no dot before them.
fn is_plain(part: &str) -> bool {
    !part.starts_with('.')
        && !part.is_empty()
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

fn is_table(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aim: each name of the layout is read, and what leads out of it is none.
    #[test]
    fn names_are_those_of_the_layout() {
        let digest = "0123456789abcdef".repeat(4);
        assert_eq!(Name::parse("latest.json"), Some(Name::Changing));
        assert_eq!(Name::parse("index.json"), Some(Name::Changing));
        let Some(Name::Own(id, name)) = Name::parse("releases/2026-11-22/inputs/policies/dslreports.csv") else {
            panic!("no name")
        };
        assert_eq!((id.to_string().as_str(), name), ("2026-11-22", "inputs/policies/dslreports.csv"));
        assert!(matches!(
            Name::parse(&format!("files/block_bins/month=2026-11/{digest}.parquet")),
            Some(Name::Shared(_))
        ));
        for bad in [
            "",
            "CURRENT",
            "Latest.json",
            "/latest.json",
            "releases",
            "releases/",
            "releases/2026-11-22",
            "releases/2026-11-22/",
            "releases/.making/manifest.json",
            "releases/2026-11-31/manifest.json",
            "releases/2026-11-22/.hidden",
            "releases/2026-11-22/../2026-11-21/manifest.json",
            "releases/2026-11-22/inputs/../../x",
            "releases/2026-11-22//manifest.json",
            "releases/2026-11-22/a\\b",
            "releases/2026-11-22/a%2fb",
            "releases/2026-11-22/a\0b",
            "files",
            "files/results/month=2026-11",
            &format!("files/results/month=2026-11/{digest}.parquet/"),
            &format!("files/results/month=2026-11/{digest}.csv"),
            &format!("files/results/month=2026-13/{digest}.parquet"),
            &format!("files/results/2026-11/{digest}.parquet"),
            &format!("files/Results/month=2026-11/{digest}.parquet"),
            &format!("files/../month=2026-11/{digest}.parquet"),
            &format!("files/results/month=2026-11/{}.parquet", digest.to_uppercase()),
            "files/results/month=2026-11/12.parquet",
            "aside/2026-11-22-1/manifest.json",
        ] {
            assert_eq!(Name::parse(bad), None, "{bad}");
        }
    }
}
