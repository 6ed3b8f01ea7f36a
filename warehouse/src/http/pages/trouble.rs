//! A page that says what is wrong and what to do, and that searches.

use std::fmt;

use askama::Template;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use intake::problem::Problem;

use super::Pages;
use super::frame::Frame;

/// What went wrong.
#[derive(Debug)]
pub(super) struct Trouble {
    status: StatusCode,
    /// What metrics count it by.
    pub(super) slug: &'static str,
    heading: String,
    advice: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage<'a> {
    frame: Frame,
    heading: &'a str,
    advice: &'a str,
    status: u16,
}

impl Trouble {
    /// What went wrong, in words for people.
    pub(super) fn new(
        status: StatusCode,
        slug: &'static str,
        heading: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { status, slug, heading: heading.into(), advice: advice.into(), headers: Vec::new() }
    }

    /// Nobody serves this path.
    pub(super) fn no_such_page() -> Self {
        let advice = "The address may be mistyped, or the page has moved. Search for a provider instead.";
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is no such page", advice)
    }

    /// A page could not be made, which is our fault.
    pub(super) fn not_drawn(fault: &dyn fmt::Display) -> Self {
        tracing::error!(error = %fault, "a page could not be drawn");
        let advice = "This is our fault, not yours. Try again in a moment.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "not-drawn", "The page could not be drawn", advice)
    }

    /// The page.
    pub(super) fn draw(&self, pages: &Pages) -> Response {
        let cut = pages.cut.load();
        let frame = Frame::bare(cut.as_deref(), &self.heading, &self.advice);
        let page =
            TroublePage { frame, heading: &self.heading, advice: &self.advice, status: self.status.as_u16() }.render();
        let mut response = match page {
            Ok(html) => (self.status, Html(html)).into_response(),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a page could not be drawn");
                (self.status, self.heading.clone()).into_response()
            }
        };
        let fields = response.headers_mut();
        fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        fields.extend(self.headers.iter().cloned());
        response
    }
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        let text = |member: &str| problem.text(member).unwrap_or_default().to_owned();
        let headers = problem.headers().to_vec();
        Self { status: problem.status(), slug: problem.slug(), heading: text("title"), advice: text("detail"), headers }
    }
}
