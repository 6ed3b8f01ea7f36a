//! `/privacy`: what this site and a test tell of the people who use them, in a few sentences, and then the document of the
//! repository as it stands there.

use std::sync::LazyLock;

use askama::Template;

use super::article::Article;
use super::frame::Frame;
use super::trouble::Trouble;
use super::visit::{Reply, Visit};

/// The page.
pub(super) const PATH: &str = "/privacy";

static DOCUMENT: LazyLock<Article> = LazyLock::new(|| Article::of(include_str!("../../../../docs/privacy.md")));

#[derive(Template)]
#[template(path = "privacy.html")]
struct PrivacyPage {
    frame: Frame,
    document: &'static Article,
}

/// Draws the page.
pub(super) fn draw(visit: &Visit<'_>) -> Result<Reply, Trouble> {
    let description = "This site sets no cookie and asks nobody else for anything. Addresses of those who test stay at their \
                       provider. What the published data tells all the same, measured.";
    let page = PrivacyPage { frame: Frame::of(visit, "Privacy", description), document: &DOCUMENT };
    page.render().map(Reply::Html).map_err(|error| Trouble::not_drawn(&error))
}
