//! What leaves the network of one result, and how sure that is.

use crate::http::pages::reading::record_made_anew;
use crate::store::lookup::StoredResult;

/// Fields that the history does not have: nobody can tell them any more once a record is sealed.
const NOT_IN_HISTORY: [&str; 5] = ["asn_outcome", "vote_day", "vote_month", "client_version", "asn_database_day"];

/// A record with the sentence that explains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http::pages) struct Left {
    pub(in crate::http::pages) explanation: String,
    pub(in crate::http::pages) json: String,
}

impl Left {
    /// The record of a result: the bytes that wait in the outbox, or, after the seal, what can be made anew.
    pub(in crate::http::pages) fn of(result: &StoredResult, waiting: Option<&[u8]>) -> Self {
        match waiting {
            Some(bytes) => Self {
                explanation: "This is the newest result’s record, which still waits here for its seal.".to_owned(),
                json: pretty(bytes),
            },
            None => Self {
                explanation: format!(
                    "The newest result’s record is sealed, and nothing leads from here to it any more. This is it, made anew \
                     from the history; {} are known to the sealed one alone.",
                    NOT_IN_HISTORY.join(", ")
                ),
                json: made_anew(result),
            },
        }
    }
}

/// A record's bytes on several lines.
pub(in crate::http::pages) fn pretty(bytes: &[u8]) -> String {
    // By way of the record's own type, which keeps the order of the fields.
    serde_json::from_slice::<wire::Record>(bytes)
        .ok()
        .and_then(|record| serde_json::to_string_pretty(&record).ok())
        .unwrap_or_else(|| "(damaged: it will not be sent)".to_owned())
}

fn made_anew(result: &StoredResult) -> String {
    let record = serde_json::to_string_pretty(&record_made_anew(result)).unwrap_or_default();
    let unknown =
        |line: &&str| !NOT_IN_HISTORY.iter().any(|name| line.trim_start().starts_with(&format!("\"{name}\"")));
    let lines: Vec<&str> = record.lines().filter(unknown).collect();
    lines.join("\n").replace(",\n}", "\n}")
}

#[cfg(test)]
mod tests {
    //! Aim: what is shown as leaving is what leaves, or says what it cannot know.

    use super::*;
    use crate::http::pages::sample::single;

    #[test]
    fn a_sealed_record_is_made_anew_without_what_nobody_knows() {
        let left = Left::of(&single(1, Some(12.0), Some(310.0)), None);
        let shown: serde_json::Value = serde_json::from_str(&left.json).expect("JSON");
        let shown = shown.as_object().expect("an object");
        let all = serde_json::to_value(record_made_anew(&single(1, Some(12.0), Some(310.0)))).expect("JSON");
        let all = all.as_object().expect("an object");
        assert_eq!(shown["upload_increase"], 31_000);
        for (name, value) in all {
            let known = !NOT_IN_HISTORY.contains(&name.as_str());
            assert_eq!(shown.get(name), known.then_some(value), "{name}");
            let named = left.explanation.split([' ', ',']).any(|word| word == name);
            assert_ne!(known, named, "{name}");
        }
        assert!(!left.json.contains("192.0.2"));
    }

    #[test]
    fn a_waiting_record_is_shown_as_it_is() {
        let bytes = serde_json::to_vec(&record_made_anew(&single(1, Some(1.0), None))).expect("JSON");
        let left = Left::of(&single(1, Some(1.0), None), Some(&bytes));
        let compact: String = left.json.lines().map(str::trim).collect::<String>().replace("\": ", "\":");
        assert_eq!(compact.as_bytes(), bytes);
        assert!(pretty(b"damaged").starts_with("(damaged"));
    }
}
