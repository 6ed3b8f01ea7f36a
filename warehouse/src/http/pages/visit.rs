//! A visit: which page, with which question, of which cut; and the URLs of pages in their one spelling.

use axum::http::Uri;
use form_urlencoded::Serializer;

use super::Pages;
use super::table::Page;
use super::trouble::Trouble;
use crate::cut::Cut;
use crate::http::v1::no_cut;
use crate::http::v1::question::{Parameter, Question, pairs};

/// What a page is drawn from.
pub(super) struct Visit<'a> {
    pub(super) pages: &'a Pages,
    pub(super) page: &'static Page,
    pub(super) question: Question,
    /// The current cut, if there is one.
    pub(super) cut: Option<&'a Cut>,
}

/// What a page answers.
pub(super) enum Reply {
    /// A page.
    Html(String),
    /// Something else: its content type and its bytes.
    File(&'static str, Vec<u8>),
    /// Where to go instead, inside of the site.
    Moved(String),
}

impl<'a> Visit<'a> {
    /// The cut.
    ///
    /// # Errors
    /// If there is none yet.
    pub(super) fn cut(&self) -> Result<&'a Cut, Trouble> {
        self.cut.ok_or_else(|| no_cut().into())
    }

    /// The page's own URL in its one spelling.
    pub(super) fn url(&self) -> String {
        url(self.page.path, self.page.parameters, &self.question)
    }

    /// The page's URL with other values of some parameters.
    pub(super) fn url_with(&self, changes: &[(&'static str, Option<&str>)]) -> String {
        let changed = |question: Question, change: &(&'static str, Option<&str>)| question.with(change.0, change.1);
        let question = (self.page.settle)(changes.iter().fold(self.question.clone(), changed));
        url(self.page.path, self.page.parameters, &question)
    }
}

/// What a URL asks of a page. Empty fields of forms ask nothing, and neither does what other sites add to links.
///
/// # Errors
/// If a value is none that there is.
pub(super) fn question(page: &Page, uri: &Uri) -> Result<Question, Trouble> {
    let pairs = pairs(page.parameters, uri)?.into_iter();
    let pairs = pairs.map(|(name, value)| (name, value.trim().to_owned())).filter(|(_, value)| !value.is_empty());
    Ok((page.settle)(Question::read(page.path, page.parameters, false, pairs.collect(), uri)?))
}

/// A URL in its one spelling: parameters in the order of their table, without what is usual.
pub(super) fn url(path: &str, parameters: &[Parameter], question: &Question) -> String {
    let mut path = path.to_owned();
    for name in ["asn", "country"] {
        path = path.replace(&format!("{{{name}}}"), question.text(name));
    }
    let mut query = Serializer::new(String::new());
    for parameter in parameters {
        let value = question.get(parameter.name).filter(|value| Some(*value) != parameter.usual);
        if let Some(value) = value {
            query.append_pair(parameter.name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() { path } else { format!("{path}?{query}") }
}
