//! `agent.toml`: its values with their lines.
//!
//! Messages name the line and the key, and show nothing of the file: a line that cannot be read may hold a secret.

use std::path::Path;

use serde::Deserialize as _;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::fault::Refusal;
use super::origin::{Origin, Setting};
use super::shape::Shape;

/// What a file says, and what of it must be changed.
#[derive(Default)]
pub(super) struct Read {
    pub(super) settings: Vec<Setting>,
    pub(super) refusals: Vec<Refusal>,
}

/// Reads the text of the file at `path`.
pub(super) fn read(path: &Path, text: &str, shape: &Shape) -> Read {
    match DeTable::parse(text) {
        Ok(table) => {
            let mut walk = Walk { path, text, shape, read: Read::default() };
            walk.table("", table.into_inner());
            walk.read
        }
        Err(error) => {
            let line = error.span().map(|span| line_at(text, span.start));
            let origin = line.map(|line| Origin::File { path: path.to_owned(), line });
            let subject = path.display().to_string();
            Read {
                refusals: vec![Refusal::new(subject, origin, format!("is not TOML: {}", error.message()))],
                ..Read::default()
            }
        }
    }
}

/// Reads one value as TOML writes it; none if it is none.
pub(super) fn value(text: &str) -> Option<Value> {
    json(DeValue::parse(text).ok()?)
}

struct Walk<'a> {
    path: &'a Path,
    text: &'a str,
    shape: &'a Shape,
    read: Read,
}

impl<'a> Walk<'a> {
    fn table(&mut self, prefix: &str, table: DeTable<'a>) {
        for (name, value) in table {
            let line = line_at(self.text, name.span().start);
            let origin = Origin::File { path: self.path.to_owned(), line };
            let key =
                if prefix.is_empty() { name.get_ref().to_string() } else { format!("{prefix}.{}", name.get_ref()) };
            if let Some(kind) = self.shape.kind(&key) {
                match json(value) {
                    Some(value) if kind.fits(&value) => self.set(key, value, origin),
                    _ => self.refuse(key, origin, kind.rule()),
                }
            } else if self.shape.is_section(&key) {
                match value.into_inner() {
                    DeValue::Table(table) => self.table(&key, table),
                    _ => self.refuse(key, origin, "is a section with keys of its own"),
                }
            } else {
                let says = unknown_key(self.shape.nearest(&key));
                self.refuse(key, origin, says);
            }
        }
    }

    /// An empty text takes an optional value away, whatever weaker sources say.
    fn set(&mut self, key: String, value: Value, origin: Origin) {
        let emptied = value.as_str().is_some_and(str::is_empty) && self.shape.is_optional(&key);
        let value = if emptied { Value::Null } else { value };
        self.read.settings.push(Setting { key, value, origin });
    }

    fn refuse(&mut self, key: String, origin: Origin, says: impl Into<String>) {
        self.read.refusals.push(Refusal::new(key, Some(origin), says));
    }
}

/// What is said of a key that does not exist.
pub(super) fn unknown_key(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("there is no such key; did you mean {nearest}?"),
        None => "there is no such key".to_owned(),
    }
}

fn json(value: Spanned<DeValue<'_>>) -> Option<Value> {
    Value::deserialize(ValueDeserializer::from(value)).ok()
}

/// The line, from 1, in which the byte at `offset` lies.
fn line_at(text: &str, offset: usize) -> usize {
    1 + text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count()
}
