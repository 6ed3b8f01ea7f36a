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
pub(in crate::http) struct Parameter {
    pub(in crate::http) name: &'static str,
    pub(in crate::http) values: Values,
    /// The value of those who give none.
    pub(in crate::http) usual: Option<&'static str>,
    pub(in crate::http) meaning: &'static str,
}

/// What a parameter may be.
pub(in crate::http) enum Values {
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
pub(in crate::http) struct Question {
    values: BTreeMap<&'static str, String>,
}

impl Question {
    /// What a URL asks of a noun.
    ///
    /// # Errors
    /// A problem that lists what can be asked.
    pub(in crate::http) fn parse(noun: &Noun, uri: &Uri) -> Result<Self, Problem> {
        let pairs = pairs(noun.parameters, uri)?;
        Self::read(noun.path, noun.parameters, noun.strict, pairs, uri)
    }

    /// What these names and values ask, at a path that may hold a place for a value, such as `{asn}`. What nobody knows is
    /// refused or left out.
    ///
    /// # Errors
    /// A problem that lists what can be asked.
    pub(in crate::http) fn read(
        path: &str,
        parameters: &[Parameter],
        is_strict: bool,
        pairs: Vec<(String, String)>,
        uri: &Uri,
    ) -> Result<Self, Problem> {
        let refuse = |detail: String| refused(parameters, detail);
        let mut values = BTreeMap::new();
        for (name, value) in pairs {
            let Some(parameter) = parameters.iter().find(|parameter| parameter.name == name) else {
                if is_strict {
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
        for parameter in parameters {
            if let Some(usual) = parameter.usual {
                values.entry(parameter.name).or_insert_with(|| usual.to_owned());
            }
        }
        if let Some(text) = placed(path, "{asn}", uri) {
            values.insert("asn", text.and_then(asn::parse).ok_or_else(asn::bad)?.to_string());
        }
        if let Some(text) = placed(path, "{country}", uri) {
            let code = text.and_then(|text| Values::Country.read(text));
            values.insert("country", code.ok_or_else(|| refuse("A country is two letters".to_owned()))?);
        }
        Ok(Self { values })
    }

    /// The same question with another value of a parameter, or with none.
    #[must_use]
    pub(in crate::http) fn with(&self, name: &'static str, value: Option<&str>) -> Self {
        let mut values = self.values.clone();
        match value {
            Some(value) => values.insert(name, value.to_owned()),
            None => values.remove(name),
        };
        Self { values }
    }

    /// The value of a parameter, or what is usual.
    pub(in crate::http) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The value of a parameter that has a usual one.
    pub(in crate::http) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// The value of an integer.
    pub(in crate::http) fn number(&self, name: &str) -> Option<usize> {
        self.get(name)?.parse().ok()
    }

    /// The question in one spelling.
    pub(in crate::http) fn canonical(&self) -> String {
        self.write(&[])
    }

    /// What all pages of an answer have in common.
    pub(in crate::http) fn without_place(&self) -> String {
        self.write(&["cursor", "format", "limit"])
    }

    /// The value of the header `Link` that names the next page.
    pub(in crate::http) fn link(&self, path: &str, cursor: &str) -> String {
        format!("<{path}?{}&cursor={cursor}>; rel=\"next\"", self.write(&["cursor"]))
    }

    fn write(&self, left_out: &[&str]) -> String {
        let kept = self.values.iter().filter(|(name, _)| !left_out.contains(name));
        form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
    }

    /// The format that is asked for, by parameter or by header.
    ///
    /// # Errors
    /// 406 if there is no such format here.
    pub(in crate::http) fn format(&self, noun: &Noun, headers: &HeaderMap) -> Result<Format, Problem> {
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
    pub(in crate::http) fn describe(&self) -> String {
        match self {
            Self::OneOf(allowed) => allowed.join(", "),
            Self::Integer(least, most) => format!("{least} to {most}"),
            Self::Country => "two letters, as in ISO 3166: DE".to_owned(),
            Self::Text(most) => format!("1 to {most} characters"),
        }
    }
}

/// A question that nobody can answer.
pub(in crate::http) fn bad_question(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-query", "The question cannot be answered").detail(format!("{detail}."))
}

fn refused(parameters: &[Parameter], detail: String) -> Problem {
    let list = parameters.iter().map(|parameter| format!("{} ({})", parameter.name, parameter.values.describe()));
    let list = list.collect::<Vec<_>>().join(", ");
    let parameters = if list.is_empty() { "There are no parameters".to_owned() } else { format!("Parameters: {list}") };
    bad_question(format!("{detail}. {parameters}"))
}

/// The names and values of a URL.
///
/// # Errors
/// If it is written in another way.
pub(in crate::http) fn pairs(parameters: &[Parameter], uri: &Uri) -> Result<Vec<(String, String)>, Problem> {
    let Ok(Query(pairs)) = Query::try_from_uri(uri) else {
        return Err(refused(parameters, "The question is not written as name=value&name=value".to_owned()));
    };
    Ok(pairs)
}

/// What stands in a path where its pattern has this place; none if the pattern has no such place.
fn placed<'a>(path: &str, place: &str, uri: &'a Uri) -> Option<Option<&'a str>> {
    let (before, after) = path.split_once(place)?;
    Some(uri.path().strip_prefix(before).and_then(|rest| rest.strip_suffix(after)))
}
