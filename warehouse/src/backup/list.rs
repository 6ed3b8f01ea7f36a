//! The list of a backup's files: digest and path, line by line, as `sha256sum` writes and checks it.

use std::path::{Component, Path, PathBuf};

use crate::digest::Sha256;

/// Version of the list and of what it stands for; the first line says it.
pub const LIST_FORMAT: u32 = 1;

const HEAD: &str = "# bufferlake backup";

/// Why a list cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadList {
    /// The backup was broken off, or the directory is none.
    #[error("it has no list of files")]
    Missing,
    /// Not the first line of a list that this version knows.
    #[error("the list does not begin with `{HEAD} {LIST_FORMAT}, <number> files`")]
    Head,
    /// Not a digest and a path.
    #[error("line {0} is not `<SHA-256>  <path>`, or its path leads elsewhere")]
    Line(usize),
    /// Lines are missing or too many.
    #[error("it lists {found} files of {expected}")]
    Count {
        /// Files that the head promises.
        expected: usize,
        /// Files that are listed.
        found: usize,
    },
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListedFile {
    /// Digest of its bytes.
    pub(super) sha256: Sha256,
    /// Path inside the backup and inside the data directory.
    pub(super) path: PathBuf,
}

/// The list as text.
pub(super) fn write(files: &[ListedFile]) -> String {
    let lines = files.iter().map(|file| format!("{}  {}\n", file.sha256, file.path.display()));
    format!("{HEAD} {LIST_FORMAT}, {} files\n", files.len()) + &lines.collect::<String>()
}

/// Reads a list.
pub(super) fn parse(text: &str) -> Result<Vec<ListedFile>, BadList> {
    let (head, lines) = text.split_once('\n').ok_or(BadList::Head)?;
    let head = head.strip_prefix(&format!("{HEAD} {LIST_FORMAT}, "));
    let expected = head.and_then(|head| head.strip_suffix(" files")?.parse().ok()).ok_or(BadList::Head)?;
    let mut files = Vec::new();
    for (at, line) in lines.lines().enumerate() {
        files.push(parse_line(line).ok_or(BadList::Line(at + 2))?);
    }
    let found = files.len();
    if found == expected { Ok(files) } else { Err(BadList::Count { expected, found }) }
}

fn parse_line(line: &str) -> Option<ListedFile> {
    let (digest, path) = line.split_once("  ")?;
    let path = Path::new(path);
    // Inside the directory, whatever the list says.
    let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    let named = path.file_name().is_some();
    (inside && named).then_some(ListedFile { sha256: digest.parse().ok()?, path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aim: a list reads back, and a cut, changed or dangerous one is refused.
    #[test]
    fn lists_read_back() {
        let file = |path: &str| ListedFile { sha256: Sha256::of(path.as_bytes()), path: path.into() };
        let files = vec![file("lake/CURRENT"), file("agents/isp-one.keys")];
        let text = write(&files);
        assert_eq!(parse(&text), Ok(files));
        let cut = &text[..text.len() - 90];
        assert!(matches!(parse(cut), Err(BadList::Line(3) | BadList::Count { .. })), "{cut}");
        assert_eq!(parse("hello\n"), Err(BadList::Head));
        assert_eq!(parse(""), Err(BadList::Head));
        for path in ["../agents.json", "/etc/passwd", "", "lake/../../x"] {
            let text = write(&[file(path)]);
            assert_eq!(parse(&text), Err(BadList::Line(2)), "{path}");
        }
    }
}
