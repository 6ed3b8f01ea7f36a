//! Every page: one table, from which routes, menus and the sitemap are made.

use super::trouble::Trouble;
use super::visit::{Reply, Visit};
use super::{
    compare, country, data, home, methodology, network, privacy, rankings, reference, search, sitemap, status,
};
use crate::http::v1::question::{Parameter, Question};

/// A path and what is drawn there.
pub(super) struct Page {
    /// The path, as the router takes it; `{asn}` and `{country}` are places for values of the question.
    pub(super) path: &'static str,
    /// What can be chosen.
    pub(super) parameters: &'static [Parameter],
    /// Where other pages name it.
    pub(super) menu: Menu,
    /// Whether pages of other sites may show it inside of theirs: pictures.
    pub(super) is_open: bool,
    /// Whether it lists the releases: it changes with their list, not only with the cut.
    pub(super) lists_releases: bool,
    /// Puts a question right that the page's own forms can ask and the API refuses.
    pub(super) settle: fn(Question) -> Question,
    /// Draws it.
    pub(super) draw: fn(&Visit<'_>) -> Result<Reply, Trouble>,
}

/// Where a page is named on all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Menu {
    /// At the top, under this name.
    Top(&'static str),
    /// At the foot, under this name.
    Foot(&'static str),
    /// Nowhere.
    No,
}

/// What most pages are.
const PAGE: Page = Page {
    path: "",
    parameters: &[],
    menu: Menu::No,
    is_open: false,
    lists_releases: false,
    settle: |question| question,
    draw: |_| Err(Trouble::no_such_page()),
};

/// Every page, in the order of the menus.
pub(super) const PAGES: &[Page] = &[
    Page { path: "/", draw: home::draw, ..PAGE },
    Page {
        path: rankings::PATH,
        parameters: rankings::PARAMETERS,
        menu: Menu::Top("Rankings"),
        settle: rankings::settle,
        draw: rankings::draw,
        ..PAGE
    },
    Page {
        path: compare::PATH,
        parameters: compare::PARAMETERS,
        menu: Menu::Top("Compare"),
        settle: compare::settle,
        draw: compare::draw,
        ..PAGE
    },
    Page { path: data::PATH, menu: Menu::Top("Data"), lists_releases: true, draw: data::draw, ..PAGE },
    Page { path: methodology::PATH, menu: Menu::Top("Methodology"), draw: methodology::draw, ..PAGE },
    Page { path: reference::PATH, menu: Menu::Foot("API"), draw: reference::draw, ..PAGE },
    Page { path: status::PATH, menu: Menu::Foot("Status"), draw: status::draw, ..PAGE },
    Page { path: privacy::PATH, menu: Menu::Foot("Privacy"), draw: privacy::draw, ..PAGE },
    Page { path: network::PATH, draw: network::draw, ..PAGE },
    Page { path: network::BADGE_PATH, is_open: true, draw: network::draw_badge, ..PAGE },
    Page { path: network::CARD_PATH, is_open: true, draw: network::draw_card, ..PAGE },
    Page { path: country::PATH, draw: country::draw, ..PAGE },
    Page { path: country::CARD_PATH, is_open: true, draw: country::draw_card, ..PAGE },
    Page { path: search::PATH, parameters: search::PARAMETERS, draw: search::draw, ..PAGE },
    Page { path: sitemap::PATH, draw: sitemap::draw, ..PAGE },
    Page { path: sitemap::ROBOTS, draw: sitemap::robots, ..PAGE },
];
