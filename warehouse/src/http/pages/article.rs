//! Documents of `docs/` as parts of pages, so that repository and site say the same: Markdown, written as HTML in which every
//! text is escaped, tables have captions and can be pushed sideways, and links lead to the site's own pages where there are any.

use std::fmt::{self, Write as _};

use askama::filters::{Html, HtmlSafe, escape};
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::export::REPOSITORY;

/// Documents that are pages here.
const PAGES: [(&str, &str); 2] = [("methodology.md", "/methodology"), ("privacy.md", "/privacy")];

/// A document, ready to stand in a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Article(String);

impl Article {
    /// Writes a document of `docs/`, without its title: the page has one.
    pub(super) fn of(markdown: &str) -> Self {
        let mut writer = Writer::default();
        for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
            writer.take(event);
        }
        Self(writer.html)
    }
}

impl fmt::Display for Article {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// Written below, where every text is escaped.
impl HtmlSafe for Article {}

/// What was written, and where we are.
#[derive(Default)]
struct Writer {
    html: String,
    /// The heading that is being read: its level and its words.
    heading: Option<(HeadingLevel, String)>,
    /// Words of the last heading, which name the tables below it.
    section: String,
    tables: usize,
    in_head: bool,
    /// Cells of the row so far.
    cells: usize,
}

impl Writer {
    fn take(&mut self, event: Event<'_>) {
        if let Some((_, words)) = &mut self.heading
            && !matches!(event, Event::End(TagEnd::Heading(_)))
        {
            if let Event::Text(text) | Event::Code(text) = event {
                words.push_str(&text);
            }
            return;
        }
        match event {
            Event::Start(tag) => self.begin(tag),
            Event::End(tag) => self.end(tag),
            Event::Code(text) => self.put(format_args!("<code>{}</code>", escaped(&text))),
            Event::SoftBreak => self.html.push('\n'),
            Event::HardBreak => self.html.push_str("<br>"),
            Event::Rule => self.html.push_str("<hr>"),
            // Markup in a document is shown as the text that it is.
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                self.put(format_args!("{}", escaped(&text)))
            }
            _ => {}
        }
    }

    fn begin(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => self.heading = Some((level, String::new())),
            Tag::Paragraph => self.html.push_str("<p>"),
            Tag::List(None) => self.html.push_str("<ul>"),
            Tag::List(Some(_)) => self.html.push_str("<ol>"),
            Tag::Item => self.html.push_str("<li>"),
            Tag::Strong => self.html.push_str("<strong>"),
            Tag::Emphasis => self.html.push_str("<em>"),
            Tag::CodeBlock(_) => self.html.push_str("<pre tabindex=\"0\"><code>"),
            Tag::Link { dest_url, .. } => self.put(format_args!("<a href=\"{}\">", escaped(&target(&dest_url)))),
            Tag::Table(_) => {
                self.tables += 1;
                let name = format!("Table {}: {}", self.tables, self.section);
                let name = escaped(&name);
                self.put(format_args!(
                    "<div class=\"scroll\" role=\"region\" aria-label=\"{name}\" tabindex=\"0\">\n<table>\n\
                     <caption class=\"unseen\">{name}</caption>\n"
                ));
            }
            Tag::TableHead => {
                self.in_head = true;
                self.html.push_str("<thead><tr>");
            }
            Tag::TableRow => {
                self.cells = 0;
                self.html.push_str("<tr>");
            }
            Tag::TableCell if self.in_head => self.html.push_str("<th scope=\"col\">"),
            Tag::TableCell if self.cells == 0 => self.html.push_str("<th scope=\"row\">"),
            Tag::TableCell => self.html.push_str("<td>"),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => self.end_heading(),
            TagEnd::Paragraph => self.html.push_str("</p>\n"),
            TagEnd::List(false) => self.html.push_str("</ul>\n"),
            TagEnd::List(true) => self.html.push_str("</ol>\n"),
            TagEnd::Item => self.html.push_str("</li>\n"),
            TagEnd::Strong => self.html.push_str("</strong>"),
            TagEnd::Emphasis => self.html.push_str("</em>"),
            TagEnd::CodeBlock => self.html.push_str("</code></pre>\n"),
            TagEnd::Link => self.html.push_str("</a>"),
            TagEnd::Table => self.html.push_str("</tbody>\n</table>\n</div>\n"),
            TagEnd::TableHead => {
                self.in_head = false;
                self.html.push_str("</tr></thead>\n<tbody>\n");
            }
            TagEnd::TableRow => self.html.push_str("</tr>\n"),
            TagEnd::TableCell => {
                let is_head = self.in_head || self.cells == 0;
                self.cells += 1;
                self.html.push_str(if is_head { "</th>" } else { "</td>" });
            }
            _ => {}
        }
    }

    fn end_heading(&mut self) {
        let Some((level, words)) = self.heading.take() else { return };
        if level != HeadingLevel::H1 {
            self.put(format_args!("<{level} id=\"{}\">{}</{level}>\n", anchor(&words), escaped(&words)));
        }
        self.section = words;
    }

    fn put(&mut self, text: fmt::Arguments<'_>) {
        // A String takes all.
        _ = self.html.write_fmt(text);
    }
}

/// Where a link of a document leads, seen from the site.
fn target(link: &CowStr<'_>) -> String {
    if link.starts_with('#') || link.contains("://") {
        return link.to_string();
    }
    let (path, fragment) = link.split_once('#').map_or((&**link, String::new()), |(path, id)| (path, format!("#{id}")));
    if let Some((_, page)) = PAGES.iter().find(|(document, _)| *document == path) {
        return format!("{page}{fragment}");
    }
    let path = path.strip_prefix("../").map_or_else(|| format!("docs/{path}"), str::to_owned);
    format!("{REPOSITORY}/blob/main/{path}{fragment}")
}

/// The name under which a heading is linked to, as the places make it where repositories are shown.
fn anchor(words: &str) -> String {
    let kept = words.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn escaped(text: &str) -> impl fmt::Display {
    let Ok(escaped) = escape(text, Html);
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    // Aim: a document keeps its words, no markup of it is markup, tables say what they are, and links lead somewhere.
    #[test]
    fn documents_become_parts_of_pages() {
        let text = "# Title\n\n## One & two (`x`)\nSee [it](privacy.md#logs), [code](../wire/src/record.rs) and [more](agent.md).\n\
                    <b onclick=x>\n\n| a | b |\n|---|---|\n| `1` | <i> |\n";
        let html = Article::of(text).to_string();
        for part in [
            "<h2 id=\"one--two-x\">One &#38; two (x)</h2>",
            "<a href=\"/privacy#logs\">it</a>",
            "blob/main/wire/src/record.rs\">code</a>",
            "blob/main/docs/agent.md\">more</a>",
            "<caption class=\"unseen\">Table 1: One &#38; two (x)</caption>",
            "<th scope=\"col\">a</th><th scope=\"col\">b</th></tr></thead>",
            "<th scope=\"row\"><code>1</code></th><td>&#60;i&#62;</td>",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert!(!html.contains("<b") && !html.contains("Title"), "{html}");
    }
}
