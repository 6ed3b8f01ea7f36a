//! Sizes and names of files, and words that may not stand in them.

use super::assert_none;
use super::repository::{TextFile, rust_files, text_files};

/// No source file is longer than this many lines.
const MOST_LINES: usize = 600;

/// Longer than this many lines only if listed in [`LONG_FILES`].
const USUAL_MOST_LINES: usize = 400;

/// Files over [`USUAL_MOST_LINES`], each with the reason why it is not two.
const LONG_FILES: &[(&str, &str)] = &[];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 5] = ["mod.rs", "utils.rs", "common.rs", "helpers.rs", "types.rs"];

/// File types that count as source.
const SOURCE: [&str; 5] = [".rs", ".sql", ".py", ".js", ".sh"];

fn size_offence(file: &TextFile) -> Option<String> {
    let lines = file.text.lines().count();
    let listed = LONG_FILES.iter().any(|(path, _)| *path == file.path);
    match lines {
        0..=USUAL_MOST_LINES if listed => {
            Some(format!("{}: {lines} lines, needs no place in LONG_FILES any more", file.path))
        }
        0..=USUAL_MOST_LINES => None,
        _ if lines > MOST_LINES => Some(format!("{}: {lines} lines, over {MOST_LINES}", file.path)),
        _ if listed => None,
        _ => Some(format!("{}: {lines} lines, over {USUAL_MOST_LINES} and not listed", file.path)),
    }
}

fn name_offence(path: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let folder = EMPTY_NAMES.iter().any(|empty| path.contains(&format!("/{}/", empty.trim_end_matches(".rs"))));
    (EMPTY_NAMES.contains(&name) || folder).then(|| format!("{path}: the name says nothing"))
}

/// Paths of somebody's machine and other places that a reader does not have.
fn place_offences(file: &TextFile) -> Vec<String> {
    // Assembled from parts, so that this file does not offend.
    let places =
        [["/wo", "rk/"], ["/ro", "ot/"], ["/home/", "us"], ["/Use", "rs/"], ["C:\\Us", "ers"]].map(|p| p.concat());
    let mut offences = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        for place in places.iter().filter(|place| line.contains(place.as_str())) {
            offences.push(format!("{}:{}: names a place on one machine ({place})", file.path, number + 1));
        }
    }
    offences
}

fn attribute_offences(file: &TextFile) -> Vec<String> {
    let patterns = ["#[al", "#![al"].map(|start| format!("{start}low("));
    let mut offences = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        if patterns.iter().any(|pattern| line.trim_start().starts_with(pattern.as_str())) {
            offences.push(format!("{}:{}: use #[expect(…, reason = \"…\")]", file.path, number + 1));
        }
    }
    offences
}

// Aim: no file grows past what can be read in one go.
#[test]
fn files_are_short() {
    let sources = text_files("").into_iter().filter(|file| SOURCE.iter().any(|end| file.path.ends_with(end)));
    let offences: Vec<String> = sources.filter_map(|file| size_offence(&file)).collect();
    assert_none("file sizes", &offences);
}

// Aim: a file's name says what is inside.
#[test]
fn names_mean_something() {
    let offences: Vec<String> = rust_files().iter().filter_map(|file| name_offence(&file.path)).collect();
    assert_none("file names", &offences);
}

// Aim: the repository runs anywhere, so nothing in it names a place on one machine.
#[test]
fn no_file_names_a_place_on_one_machine() {
    let offences: Vec<String> = text_files("").iter().flat_map(place_offences).collect();
    assert_none("places", &offences);
}

// Aim: an exception from a lint has a reason and ends when the lint no longer fires.
#[test]
fn exceptions_from_lints_have_reasons() {
    let offences: Vec<String> = rust_files().iter().flat_map(attribute_offences).collect();
    assert_none("lint exceptions", &offences);
}

// Aim: each rule of this file finds an offence when there is one.
#[test]
fn a_planted_offence_is_found() {
    let file = |path: &str, text: String| TextFile { path: path.to_owned(), text };
    assert!(size_offence(&file("a.rs", "x\n".repeat(401))).is_some());
    assert!(size_offence(&file("a.rs", "x\n".repeat(400))).is_none());
    assert!(name_offence("agent/src/store/mod.rs").is_some());
    assert!(name_offence("agent/src/utils/time.rs").is_some());
    assert!(name_offence("agent/src/store.rs").is_none());
    assert_eq!(place_offences(&file("a.md", format!("see /{}/x", "root"))).len(), 1);
    assert_eq!(attribute_offences(&file("a.rs", format!("#[{}(dead_code)]", "allow"))).len(), 1);
}
