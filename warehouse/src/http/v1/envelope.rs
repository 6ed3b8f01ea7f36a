//! An answer as a document: `meta` says which cut answered and how, `data` holds rows or an object.

use serde_json::{Map, Value};

use crate::cut::Cut;
use crate::export::{self, ExportFault, Format, Sheet};

/// What was found.
pub(in crate::http) struct Found {
    /// What was asked, beside what [`meta`] says of the cut.
    pub(in crate::http) meta: Map<String, Value>,
    /// The rows or the object.
    pub(in crate::http) data: Data,
    /// The cursor of the next page.
    pub(in crate::http) next: Option<String>,
}

/// What stands in `data`.
pub(in crate::http) enum Data {
    /// Rows.
    Rows(Sheet),
    /// Text of JSON.
    Json(String),
    /// Text of JSON that is the whole answer, without the envelope.
    Whole(String),
}

/// What every answer says of its cut.
pub(super) fn meta(cut: &Cut) -> Map<String, Value> {
    let document = &cut.document;
    let mut meta = Map::new();
    meta.insert("cut".into(), document.id.to_string().into());
    meta.insert("generated_at".into(), cut.publication.generated_at.clone().into());
    meta.insert("last_day".into(), document.last_day.to_string().into());
    meta.insert("method".into(), document.method.clone().into());
    meta.insert("licence".into(), document.licence.clone().into());
    meta
}

/// The bytes of an answer.
pub(super) fn write(cut: &Cut, found: Found, format: Format) -> Result<Vec<u8>, ExportFault> {
    let mut meta = meta(cut);
    meta.extend(found.meta);
    match found.data {
        Data::Rows(sheet) if format != Format::Json => {
            let notes = meta.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                (format!("bufferlake.{name}"), text)
            });
            export::write(&sheet.with_notes(notes)?, format)
        }
        Data::Whole(text) => Ok(text.into_bytes()),
        data => {
            meta.insert("next".into(), found.next.into());
            let data = match data {
                Data::Rows(sheet) => export::json_rows(&sheet)?,
                Data::Json(text) | Data::Whole(text) => text,
            };
            Ok(format!("{{\"meta\":{},\"data\":{data}}}", Value::Object(meta)).into_bytes())
        }
    }
}
