//! Bad input against the running warehouse: each kind gets its status and a problem document that says what to do,
//! nothing of it is kept, nothing panics, and the next good input is taken.

mod batches;
mod bombs;
mod clients;
mod documented;

use bufferlake_tests::http::Response;
use intake::problem::TYPE_BASE;
use serde_json::Value;

use super::stage::Stage;

/// A request that must be refused.
struct Case {
    name: &'static str,
    request: Vec<u8>,
    status: u16,
    slug: &'static str,
    /// A part of the detail: what the sender is told to do.
    advice: &'static str,
}

impl Case {
    fn new(name: &'static str, request: Vec<u8>, status: u16, slug: &'static str, advice: &'static str) -> Self {
        Self { name, request, status, slug, advice }
    }

    /// Sends it, holds the answer to RFC 9457, and gives the answer back.
    fn check(&self, stage: &Stage) -> anyhow::Result<Response> {
        let response = stage.send(&self.request)?;
        let problem = problem(self.name, &response);
        let kind = problem["type"].as_str().and_then(|kind| kind.strip_prefix(TYPE_BASE));
        assert_eq!((response.status, kind), (self.status, Some(self.slug)), "{}: {problem}", self.name);
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(self.advice), "{}: no {:?} in {detail:?}", self.name, self.advice);
        assert!(detail.ends_with('.') && detail.len() >= 20, "{}: {detail:?} helps nobody", self.name);
        Ok(response)
    }
}

/// The problem document of an answer.
fn problem(name: &str, response: &Response) -> Value {
    assert_eq!(response.header("content-type"), Some("application/problem+json"), "{name}: {}", response.status);
    assert_eq!(response.header("cache-control"), Some("no-store"), "{name}");
    let problem = response.json().expect("a problem document is JSON");
    assert_eq!(problem["status"], response.status, "{name}: {problem}");
    assert!(problem["title"].as_str().is_some_and(|title| title.len() >= 8), "{name}: {problem}");
    problem
}
