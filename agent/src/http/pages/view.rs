//! The pages as the templates of `agent/templates/` draw them. Everything here is text that the templates escape; no
//! template may switch that off (a test looks).

pub(super) mod history;

pub(super) mod left;

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use intake::problem::Problem;

use self::history::{Figure, Row};
use super::assets;
use super::bad::BadCustomer;
use super::chart::Chart;
use super::verdict::{Tone, Verdict};

/// What all pages have in common.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// What the browser's tab says; no address, because browsers remember titles.
    pub(super) title: &'static str,
    /// The page's own link in the menu; none on the page to sign in.
    pub(super) place: Option<Place>,
    pub(super) style_url: &'static str,
    pub(super) script_url: &'static str,
    pub(super) icon_url: &'static str,
}

/// An entry of the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    LookUp,
    Leaves,
    Audit,
}

impl Frame {
    /// The frame of a page for who is signed in.
    pub(super) fn new(title: &'static str, place: Place) -> Self {
        Self { place: Some(place), ..Self::outside(title) }
    }

    /// The frame of a page for who is not.
    pub(super) fn outside(title: &'static str) -> Self {
        Self {
            title,
            place: None,
            style_url: assets::STYLE.url(),
            script_url: assets::SCRIPT.url(),
            icon_url: assets::ICON.url(),
        }
    }

    fn is_at(&self, place: Place) -> bool {
        self.place == Some(place)
    }
}

/// The search box, and what was wrong with what it held.
#[derive(Debug, Clone, Default)]
pub(super) struct SearchBox {
    pub(super) text: String,
    pub(super) fault: Option<String>,
    /// True where typing is the first thing to do.
    pub(super) takes_focus: bool,
}

/// The page to sign in.
#[derive(Debug, Template)]
#[template(path = "sign_in.html")]
pub(super) struct SignInPage {
    pub(super) frame: Frame,
    pub(super) fault: Option<String>,
}

/// Where one begins: the search box and the recent bad results.
#[derive(Debug, Template)]
#[template(path = "start.html")]
pub(super) struct StartPage {
    pub(super) frame: Frame,
    pub(super) search: SearchBox,
    pub(super) bad: Vec<BadCustomer>,
    pub(super) looked_through: String,
    pub(super) look_ups: Vec<Remembered>,
}

/// A look-up of this session.
#[derive(Debug, Clone)]
pub(super) struct Remembered {
    pub(super) number: u32,
    pub(super) subject: String,
}

/// One customer, or one prefix.
#[derive(Debug, Template)]
#[template(path = "customer.html")]
pub(super) struct CustomerPage {
    pub(super) frame: Frame,
    pub(super) search: SearchBox,
    pub(super) subject: String,
    pub(super) network: Option<String>,
    pub(super) kept: String,
    /// The whole home's prefix, if the subject is a part of one.
    pub(super) home: Option<String>,
    pub(super) home_tests: String,
    pub(super) verdict: Verdict,
    pub(super) basis: Option<Basis>,
    pub(super) ticket: String,
    pub(super) charts: Vec<Chart>,
    pub(super) rows: Vec<Row>,
    pub(super) shows_addresses: bool,
    pub(super) shown_of: Option<String>,
    pub(super) left: Option<left::Left>,
    pub(super) destination: String,
}

/// The result on which the verdict rests.
#[derive(Debug, Clone)]
pub(super) struct Basis {
    pub(super) ago: String,
    pub(super) minute: String,
    pub(super) machine: String,
    pub(super) figures: Vec<Figure>,
    /// False for a household test, which has grades only.
    pub(super) has_rises: bool,
}

/// What would leave this network next.
#[derive(Debug, Template)]
#[template(path = "leaves.html")]
pub(super) struct LeavesPage {
    pub(super) frame: Frame,
    /// Where it goes, or why nothing goes anywhere.
    pub(super) destination: String,
    pub(super) waiting: String,
    pub(super) first: Option<String>,
    pub(super) others: Vec<String>,
}

/// Who looked at what.
#[derive(Debug, Template)]
#[template(path = "audit.html")]
pub(super) struct AuditPage {
    pub(super) frame: Frame,
    pub(super) entries: Vec<AuditEntry>,
}

/// A line of the audit log.
#[derive(Debug, Clone)]
pub(super) struct AuditEntry {
    pub(super) minute: String,
    pub(super) machine: String,
    pub(super) action: &'static str,
    pub(super) via: &'static str,
    pub(super) caller: String,
    pub(super) subject: String,
    pub(super) rows: String,
}

/// Something went wrong; says what to do.
#[derive(Debug, Template)]
#[template(path = "trouble.html")]
pub(super) struct TroublePage {
    pub(super) frame: Frame,
    pub(super) heading: &'static str,
    pub(super) advice: &'static str,
}

impl Tone {
    /// Its class in the style sheet.
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
        }
    }

    /// Its word: colour alone tells nothing to many.
    fn word(self) -> &'static str {
        match self {
            Self::Good => "Good",
            Self::Fair => "Fair",
            Self::Bad => "Bad",
            Self::Unknown => "Not measured",
        }
    }

    /// Its sign.
    fn sign(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Fair => "~",
            Self::Bad => "!",
            Self::Unknown => "?",
        }
    }
}

/// Draws a page.
pub(super) fn draw(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a page of the support desk cannot be drawn");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "not-drawn", "The page cannot be shown").into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    //! Aim: no template switches escaping off, so that nothing a client sent can become markup.

    #[test]
    fn every_template_escapes() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let mut seen = 0;
        for file in std::fs::read_dir(&folder).expect("the templates") {
            let path = file.expect("an entry").path();
            if path.extension().is_none_or(|suffix| suffix != "html") {
                continue;
            }
            seen += 1;
            let text = std::fs::read_to_string(&path).expect("a template");
            let no_spaces: String = text.split_whitespace().collect();
            for word in ["|safe", "|escape", "|e(", "{%filter", "autoescape", "style=\"", "javascript:", "onclick"] {
                assert!(!no_spaces.contains(word), "{word} in {}", path.display());
            }
        }
        assert!(seen > 5, "the test looks in the wrong place");
    }
}
