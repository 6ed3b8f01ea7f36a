//! The file that providers have from the old program: `name=value` lines, as a shell would write them.
//!
//! It is read line by line and never run. The old program took a value without quotes to the end of the line, blanks
//! included, and so do we. Where a shell would put something else in a value's place, the line is refused: what stands
//! there is not what is meant.

mod value;

use std::path::Path;

use super::fault::Refusal;
use super::finding::Finding;
use super::origin::{Origin, Setting};
use super::shape::nearest;

/// Names of the old file that are ours, and the keys that they set. Others belong to other programs.
pub(super) const NAMES: [(&str, &str); 6] = [
    ("sponsor_name", "sponsor.name"),
    ("sponsor_url", "sponsor.url"),
    ("sponsor_city", "sponsor.city"),
    ("webhook_url", "webhook.url"),
    ("webhook_secret", "webhook.secret"),
    ("telemetry_api_key", "support.key"),
];

/// Words by which a shell would read other values than those that stand in the file.
const SHELL_WORDS: [&str; 24] = [
    ".", "[", "[[", "case", "declare", "do", "done", "elif", "else", "esac", "eval", "exec", "fi", "for", "function",
    "if", "local", "read", "readonly", "source", "then", "typeset", "unset", "while",
];

/// What the file says.
#[derive(Default)]
pub(super) struct Legacy {
    pub(super) settings: Vec<Setting>,
    pub(super) refusals: Vec<Refusal>,
    /// Lines that are not ours: never a reason to refuse the file.
    pub(super) notes: Vec<Finding>,
}

/// Reads the text of the file at `path`.
pub(super) fn read(path: &Path, text: &str) -> Legacy {
    let mut legacy = Legacy::default();
    // Some editors put a mark before the first character.
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            legacy.line(path, index + 1, line);
        }
    }
    legacy
}

impl Legacy {
    fn line(&mut self, path: &Path, line: usize, text: &str) {
        let place = format!("{}, line {line}", path.display());
        let Some(Assignment { name, appends, value }) = assignment(text) else {
            let first = text.split([' ', '\t', ';', '(']).next().unwrap_or_default();
            if SHELL_WORDS.contains(&first) {
                let says = format!(
                    "`{first}` would need a shell; the file is read and never run: write the values themselves"
                );
                self.refusals.push(Refusal::new(place, None, says));
            } else {
                self.notes.push(Finding::note(place, "is no line of the form name=value and was passed over"));
            }
            return;
        };
        let Some((name, key)) = NAMES.iter().find(|(known, _)| *known == name) else {
            let near = nearest(name, NAMES.iter().map(|(known, _)| *known));
            let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            self.notes.push(Finding::note(place, format!("{name} is no name that the agent knows{near}")));
            return;
        };
        let origin = Origin::LegacyFile { path: path.to_owned(), line, name };
        let read = if appends { Err(value::APPENDS) } else { value::read(value) };
        match read {
            Ok(value) if value.is_empty() => {}
            Ok(value) => self.settings.push(Setting { key: (*key).to_owned(), value: value.into(), origin }),
            Err(says) => self.refusals.push(Refusal::new(*name, Some(origin), says)),
        }
    }
}

/// A line `name=value`.
struct Assignment<'a> {
    name: &'a str,
    /// True for `+=`.
    appends: bool,
    /// What follows, as it stands there.
    value: &'a str,
}

/// Takes an assignment apart, with or without `export` before it and blanks around `=`.
fn assignment(line: &str) -> Option<Assignment<'_>> {
    let line = match line.strip_prefix("export") {
        Some(rest) if rest.starts_with([' ', '\t']) => rest.trim_start(),
        _ => line,
    };
    let (left, value) = line.split_once('=')?;
    let name = left.strip_suffix('+').unwrap_or(left).trim_end();
    value::is_name(name).then(|| Assignment { name, appends: left.ends_with('+'), value })
}

#[cfg(test)]
mod tests;
