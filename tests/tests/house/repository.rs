//! The files of the repository, as the rules see them.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that are made by tools and belong to nobody.
const NOT_OURS: [&str; 6] = [".git", "target", "node_modules", "__pycache__", ".venv", ".ipynb_checkpoints"];

/// A file of the repository that is text.
pub(super) struct TextFile {
    /// Its path from the root of the repository, with `/` between the parts.
    pub(super) path: String,
    /// What it says.
    pub(super) text: String,
}

impl TextFile {
    /// True for a Rust source file.
    pub(super) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// The root of the repository.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests crate lies in the repository").to_owned()
}

/// Every text file under a folder of the repository (`""` = all of it), sorted by path.
pub(super) fn text_files(folder: &str) -> Vec<TextFile> {
    let mut files = Vec::new();
    collect(&root(), &root().join(folder), &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!files.is_empty(), "no files under {folder:?}: the rule would look at nothing");
    files
}

/// Every Rust source file.
pub(super) fn rust_files() -> Vec<TextFile> {
    text_files("").into_iter().filter(TextFile::is_rust).collect()
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<TextFile>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("reading {}: {error}", folder.display()));
    for entry in entries {
        let entry = entry.expect("reading an entry of a folder");
        let path = entry.path();
        let kind = entry.file_type().expect("the kind of a file");
        if NOT_OURS.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if kind.is_dir() {
            collect(root, &path, files);
        } else if kind.is_file() {
            // What is no UTF-8 is no text: pictures, Parquet, databases.
            if let Ok(text) = fs::read_to_string(&path) {
                let path = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
                files.push(TextFile { path, text });
            }
        }
    }
}
