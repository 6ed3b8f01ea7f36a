//! A question: known parameters with allowed values, in one spelling.

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use intake::problem::Problem;
use wire::Country;

use super::asn;
use super::nouns::Noun;
use crate::export::Format;

/// A parameter.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) values: Values,
    /// The value of those who give none.
    pub(super) usual: Option<&'static str>,
    pub(super) meaning: &'static str,
}

/// What a parameter may be.
pub(super) enum Values {
    /// One of these.
    OneOf(&'static [&'static str]),
    /// An integer, both ends included.
    Integer(u64, u64),
    /// Two letters of ISO 3166.
    Country,
    /// 1 to so many characters.
    Text(usize),
}

/// Values by parameter; what is usual is filled in.
#[derive(Debug, Clone)]
pub(super) struct Question {
    values: BTreeMap<&'static str, String>,
}

impl Question {
    /// What a URL asks of a noun.
    ///
    /// # Errors
    /// A problem that lists what can be asked.
    pub(super) fn parse(noun: &Noun, uri: &Uri) -> Result<Self, Problem> {
        let refuse = |detail: String| refused(noun, detail);
        let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else {
            return Err(refuse("The question is not written as name=value&name=value".to_owned()));
        };
        let mut values = BTreeMap::new();
        for (name, value) in pairs {
            let Some(parameter) = noun.parameters.iter().find(|parameter| parameter.name == name) else {
                if noun.strict {
                    return Err(refuse("There is a parameter that nobody knows here".to_owned()));
                }
                continue;
            };
            let name = parameter.name;
            let value = parameter.values.read(&value);
            let value = value.ok_or_else(|| refuse(format!("{name} is {}", parameter.values.describe())))?;
            if values.insert(name, value).is_some() {
                return Err(refuse(format!("{name} is given twice")));
            }
        }
        for parameter in noun.parameters {
            if let Some(usual) = parameter.usual {
                values.entry(parameter.name).or_insert_with(|| usual.to_owned());
            }
        }
        if let Some((before, after)) = noun.path.split_once("{asn}") {
            let text = uri.path().strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            values.insert("asn", text.and_then(asn::parse).ok_or_else(asn::bad)?.to_string());
        }
        Ok(Self { values })
    }

    /// The value of a parameter, or what is usual.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The value of a parameter that has a usual one.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// The value of an integer.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.get(name)?.parse().ok()
    }

    /// The question in one spelling.
    pub(super) fn canonical(&self) -> String {
        self.write(&[])
    }

    /// What all pages of an answer have in common.
    pub(super) fn without_place(&self) -> String {
        self.write(&["cursor", "format", "limit"])
    }

    /// The value of the header `Link` that names the next page.
    pub(super) fn link(&self, path: &str, cursor: &str) -> String {
        format!("<{path}?{}&cursor={cursor}>; rel=\"next\"", self.write(&["cursor"]))
    }

    fn write(&self, left_out: &[&str]) -> String {
        let kept = self.values.iter().filter(|(name, _)| !left_out.contains(name));
        kept.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    }

    /// The format that is asked for, by parameter or by header.
    ///
    /// # Errors
    /// 406 if there is no such format here.
    pub(super) fn format(&self, noun: &Noun, headers: &HeaderMap) -> Result<Format, Problem> {
        if let Some(name) = self.get("format")
            && let Some(format) = noun.formats.iter().find(|format| format.name() == name)
        {
            return Ok(*format);
        }
        let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let accept = accept.collect::<Vec<_>>().join(",");
        Format::negotiate(noun.formats, &accept).ok_or_else(|| {
            let offered = noun.formats.iter().map(|format| format.media_type()).collect::<Vec<_>>().join(", ");
            Problem::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", "There is no such format here")
                .detail(format!("Accept names none of the formats of this answer: {offered}."))
        })
    }
}

impl Values {
    /// A value in its one spelling, if it is allowed.
    fn read(&self, text: &str) -> Option<String> {
        match self {
            Self::OneOf(allowed) => allowed.contains(&text).then(|| text.to_owned()),
            Self::Integer(least, most) => {
                let number: u64 =
                    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()?;
                (*least..=*most).contains(&number).then(|| number.to_string())
            }
            Self::Country => Country::parse(&text.to_ascii_uppercase()).ok().map(|code| code.as_str().to_owned()),
            Self::Text(most) => (1..=*most).contains(&text.chars().count()).then(|| text.to_owned()),
        }
    }

    /// What is allowed, for people.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::OneOf(allowed) => allowed.join(", "),
            Self::Integer(least, most) => format!("{least} to {most}"),
            Self::Country => "two letters, as in ISO 3166: DE".to_owned(),
            Self::Text(most) => format!("1 to {most} characters"),
        }
    }
}

/// A question that nobody can answer.
pub(super) fn bad_question(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-query", "The question cannot be answered").detail(format!("{detail}."))
}

fn refused(noun: &Noun, detail: String) -> Problem {
    let list = noun.parameters.iter().map(|parameter| format!("{} ({})", parameter.name, parameter.values.describe()));
    let list = list.collect::<Vec<_>>().join(", ");
    let parameters = if list.is_empty() { "There are no parameters".to_owned() } else { format!("Parameters: {list}") };
    bad_question(format!("{detail}. {parameters}"))
}
