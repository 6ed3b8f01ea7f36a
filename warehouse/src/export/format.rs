//! The formats, and which one a reader wants.

/// A format of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// An object with `meta` and `data`.
    Json,
    /// RFC 4180, with a header.
    Csv,
    /// An Arrow IPC stream.
    Arrow,
    /// A Parquet file.
    Parquet,
}

impl Format {
    /// All of them, the most wanted first.
    pub const ALL: &[Self] = &[Self::Json, Self::Csv, Self::Arrow, Self::Parquet];

    /// As the parameter `format` names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Arrow => "arrow",
            Self::Parquet => "parquet",
        }
    }

    /// The media type, without parameters.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::Arrow => "application/vnd.apache.arrow.stream",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// The value of `Content-Type`.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            other => other.media_type(),
        }
    }

    /// The best of the offered formats by the values of `Accept` (RFC 9110, section 12.5.1); none if none is acceptable.
    /// Without the header, everything is.
    #[must_use]
    pub fn negotiate(offered: &[Self], accept: &str) -> Option<Self> {
        if accept.trim().is_empty() {
            return offered.first().copied();
        }
        let quality = |format: Self| {
            let (wanted, _) = format.media_type().split_once('/')?;
            let mut best: Option<(u8, f32)> = None;
            for range in accept.split(',') {
                let mut parts = range.split(';').map(str::trim);
                let name = parts.next()?.to_ascii_lowercase();
                let precision = match name.as_str() {
                    name if name == format.media_type() => 2,
                    name if name.strip_suffix("/*").is_some_and(|kind| kind == wanted) => 1,
                    "*/*" => 0,
                    _ => continue,
                };
                let q = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
                let q = q.map_or(1.0, |q| q.parse().unwrap_or(0.0));
                // The more precise range decides.
                if best.is_none_or(|(so_far, _)| precision >= so_far) {
                    best = Some((precision, q));
                }
            }
            best.map(|(_, q)| q).filter(|q| *q > 0.0)
        };
        let mut chosen: Option<(Self, f32)> = None;
        for (format, q) in offered.iter().filter_map(|format| Some((*format, quality(*format)?))) {
            if chosen.is_none_or(|(_, best)| q > best) {
                chosen = Some((format, q));
            }
        }
        chosen.map(|(format, _)| format)
    }
}
