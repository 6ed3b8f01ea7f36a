//! Words and pictures to take along: a citation that names the release, the badge, and the API's answers.

use askama::filters::{Html, escape};

use super::visit::Visit;
use crate::cut::Cut;

/// What others can copy from a page.
pub(super) struct Cite {
    /// A sentence with the figure, the release and the page's address.
    pub(super) text: String,
    /// The badge for a page in HTML and in Markdown; none where there is no badge.
    pub(super) badge: Option<Badge>,
    /// Names and addresses of the same figures for programs.
    pub(super) data: Vec<(&'static str, String)>,
}

/// The badge's address inside of this site, and the lines that show it elsewhere.
pub(super) struct Badge {
    pub(super) path: String,
    pub(super) html: String,
    pub(super) markdown: String,
}

impl Cite {
    /// The citation of what a page says of a subject: `what` is its figure in words.
    pub(super) fn new(visit: &Visit<'_>, cut: &Cut, subject: &str, what: &str) -> Self {
        let (id, licence) = (cut.document.id, &cut.document.licence);
        let url = visit.pages.whole(&visit.url());
        let text = format!("{subject}: {what}. Bufferlake, release {id}, {url} ({licence}).");
        Self { text, badge: None, data: Vec::new() }
    }

    /// With a badge that lies below the page.
    pub(super) fn with_badge(self, visit: &Visit<'_>, subject: &str) -> Self {
        let path = format!("{}/badge.svg", visit.url());
        let (page, picture) = (visit.pages.whole(&visit.url()), visit.pages.whole(&path));
        // A name from a list must be text in the pages of those who copy these lines, too.
        let words = format!("Bufferbloat grade of {subject}");
        let Ok(escaped) = escape(&words, Html);
        let html = format!("<a href=\"{page}\"><img src=\"{picture}\" alt=\"{escaped}\" height=\"20\"></a>");
        let plain: String = words.chars().filter(|c| c.is_alphanumeric() || " .,&-".contains(*c)).collect();
        let markdown = format!("[![{plain}]({picture})]({page})");
        Self { badge: Some(Badge { path, html, markdown }), ..self }
    }
}
