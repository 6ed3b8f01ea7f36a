//! What a published file is, and how long a copy of it may be kept: told by the server and written into a bucket alike.

use crate::export::Format;

/// The file that names the newest release.
pub const LATEST: &str = "latest.json";

/// The file that names all of them.
pub const INDEX: &str = "index.json";

/// The files that change: they are replaced when there is a release.
pub const CHANGING: [&str; 2] = [LATEST, INDEX];

/// How long a copy of a file that changes may be kept, in seconds, as `Cache-Control` says it: as long as the answers of the API.
const SHORT: &str = "public, max-age=300";

/// Everything else never changes: its name holds its digest or the id of a release.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

const TEXT: &str = "text/plain; charset=utf-8";

/// The value of `Content-Type`, by the name that the file has in the layout.
#[must_use]
pub fn content_type(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    match (name, ending) {
        ("croissant.json", _) => "application/ld+json",
        (_, "parquet") => Format::Parquet.content_type(),
        (_, "csv") => Format::Csv.content_type(),
        (_, "json") => Format::Json.content_type(),
        (_, "md") => "text/markdown; charset=utf-8",
        (_, "sql") => "application/sql",
        (_, "toml") => "application/toml",
        (_, "cff") => "application/yaml",
        ("LICENSE" | "SHA256SUMS", _) => TEXT,
        _ => "application/octet-stream",
    }
}

/// The value of `Cache-Control`.
#[must_use]
pub fn cache_control(path: &str) -> &'static str {
    if CHANGING.contains(&path) { SHORT } else { IMMUTABLE }
}
