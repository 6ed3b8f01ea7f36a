//! What all pages have in common: title, menus, the release that is shown, and what machines read of a page.

use std::fmt;

use askama::filters::HtmlSafe;
use serde_json::Value;

use super::figures::date;
use super::table::{Menu, PAGES};
use super::visit::Visit;
use super::{Pages, assets};
use crate::cut::Cut;

/// What the template `base.html` draws around a page.
pub(super) struct Frame {
    pub(super) title: String,
    /// What the page shows, in a sentence or two; search engines show it below the title.
    pub(super) description: String,
    /// The page's URL in its one spelling; none on a page that is nowhere.
    pub(super) canonical: Option<String>,
    pub(super) top: Vec<Entry>,
    pub(super) foot: Vec<Entry>,
    pub(super) release: Option<Release>,
    /// URL of the picture that is shown beside a shared link.
    pub(super) card: Option<String>,
    /// What the page is about, as schema.org says it.
    pub(super) about: Option<JsonLd>,
    /// What stands in the search box.
    pub(super) search: String,
    pub(super) is_home: bool,
    pub(super) style_url: &'static str,
    pub(super) script_url: &'static str,
    pub(super) icon_url: &'static str,
}

/// A link of a menu.
pub(super) struct Entry {
    pub(super) url: &'static str,
    pub(super) name: &'static str,
    pub(super) is_here: bool,
}

/// The release that a page shows.
pub(super) struct Release {
    pub(super) id: String,
    /// Its last day, as programs read it and as people do.
    pub(super) last_day: String,
    pub(super) last_day_words: String,
    pub(super) licence: String,
}

/// A description for machines. Inside of a script element, text is not escaped as elsewhere: what could end the element is
/// written in JSON's own way.
pub(super) struct JsonLd(Value);

impl Frame {
    /// The frame of a page.
    pub(super) fn of(visit: &Visit<'_>, title: impl Into<String>, description: impl Into<String>) -> Self {
        let mut frame = Self::bare(visit.cut, title, description);
        frame.canonical = Some(visit.pages.whole(&visit.url()));
        frame.is_home = visit.page.path == "/";
        for entry in frame.top.iter_mut().chain(&mut frame.foot) {
            entry.is_here = entry.url == visit.page.path;
        }
        frame
    }

    /// The frame of a page that has no place of its own.
    pub(super) fn bare(cut: Option<&Cut>, title: impl Into<String>, description: impl Into<String>) -> Self {
        let [style_url, script_url, icon_url] = assets::urls();
        let entries = |pick: fn(Menu) -> Option<&'static str>| {
            let named = PAGES.iter().filter_map(move |page| Some((page.path, pick(page.menu)?)));
            named.map(|(url, name)| Entry { url, name, is_here: false }).collect()
        };
        Self {
            title: title.into(),
            description: description.into(),
            canonical: None,
            top: entries(|menu| if let Menu::Top(name) = menu { Some(name) } else { None }),
            foot: entries(|menu| if let Menu::Foot(name) = menu { Some(name) } else { None }),
            release: cut.map(Release::of),
            card: None,
            about: None,
            search: String::new(),
            is_home: false,
            style_url,
            script_url,
            icon_url,
        }
    }
}

impl Pages {
    /// The whole address of a path of this site, if it is known where the site is reached; else the path.
    pub(super) fn whole(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

impl Release {
    fn of(cut: &Cut) -> Self {
        let document = &cut.document;
        Self {
            id: document.id.to_string(),
            last_day: document.last_day.to_string(),
            last_day_words: date(document.last_day),
            licence: document.licence.clone(),
        }
    }
}

impl JsonLd {
    /// This description.
    pub(super) fn new(value: Value) -> Self {
        Self(value)
    }
}

impl fmt::Display for JsonLd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.to_string().chars() {
            match c {
                '<' => f.write_str("\\u003c")?,
                '>' => f.write_str("\\u003e")?,
                '&' => f.write_str("\\u0026")?,
                other => write!(f, "{other}")?,
            }
        }
        Ok(())
    }
}

impl HtmlSafe for JsonLd {}
