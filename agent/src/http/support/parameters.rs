//! What may follow the `?` of a look-up. What is not known is refused: a filter that does not filter would mislead.

use axum::extract::Query;
use axum::http::{StatusCode, Uri};
use intake::problem::Problem;

use crate::store::lookup::Filter;
use crate::store::lookup::wanted::{self, Unclear};

/// Most results in one answer; who asks for more gets so many, and the answer says so.
pub(super) const MAX_LIMIT: u32 = 1_000;

/// All that is understood.
const KNOWN: [&str; 5] = ["limit", "since", "until", "grade", "test_type"];

/// A look-up's parameters.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) limit: u32,
    pub(super) filter: Filter,
}

/// Reads the parameters of a look-up.
///
/// # Errors
/// 400 with the name of the parameter that is unknown, comes twice or is unclear, and all names that are known.
pub(super) fn parameters(uri: &Uri, default_limit: u32) -> Result<Parameters, Problem> {
    let mut parameters = Parameters { limit: default_limit, filter: Filter::default() };
    let mut seen = Vec::new();
    for (name, value) in pairs(uri)? {
        let Some(known) = KNOWN.into_iter().find(|known| *known == name) else { return Err(unknown(&KNOWN)) };
        if seen.contains(&known) {
            return Err(bad(known, "it comes twice"));
        }
        seen.push(known);
        let filter = &mut parameters.filter;
        let unclear = |unclear: Unclear| bad(known, &unclear.to_string());
        match known {
            "limit" => parameters.limit = limit(&value)?,
            "since" => filter.since_ms = Some(wanted::since(&value).map_err(unclear)?),
            "until" => filter.until_ms = Some(wanted::until(&value).map_err(unclear)?),
            "grade" => filter.grade = Some(wanted::grade(&value).map_err(unclear)?),
            _ => filter.test_type = Some(wanted::test_type(&value).map_err(unclear)?),
        }
    }
    Ok(parameters)
}

/// Refuses every parameter.
///
/// # Errors
/// 400 if there is one.
pub(super) fn none(uri: &Uri) -> Result<(), Problem> {
    if pairs(uri)?.is_empty() { Ok(()) } else { Err(unknown(&[])) }
}

fn pairs(uri: &Uri) -> Result<Vec<(String, String)>, Problem> {
    let Query(pairs) = Query::try_from_uri(uri).map_err(|_| {
        Problem::new(StatusCode::BAD_REQUEST, "bad-parameter", "The parameters cannot be read")
            .detail("Parameters are written as name=value, with & between them.")
    })?;
    Ok(pairs)
}

fn limit(text: &str) -> Result<u32, Problem> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // What is longer than a number of the machine is more than the most, too.
    let limit = if digits { text.parse().unwrap_or(MAX_LIMIT) } else { 0 };
    if limit == 0 { Err(bad("limit", "a whole number from 1 on is expected")) } else { Ok(limit.min(MAX_LIMIT)) }
}

fn bad(name: &'static str, why: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-parameter", "A parameter is not understood")
        .detail(format!("{name}: {why}."))
        .with("parameter", name)
}

/// The unknown name is not repeated: it may be an address, and answers are copied into tickets.
fn unknown(known: &[&str]) -> Problem {
    let detail = if known.is_empty() {
        "No parameters are understood here.".to_owned()
    } else {
        format!("Only these are understood: {}.", known.join(", "))
    };
    Problem::new(StatusCode::BAD_REQUEST, "unknown-parameter", "A parameter is not known here")
        .detail(detail)
        .with("known", known.to_vec())
}

#[cfg(test)]
mod tests {
    //! Aim: each filter is read, and what is not understood is refused by name, whatever it is.

    use axum::response::IntoResponse as _;
    use proptest::prelude::*;
    use wire::{Grade, TestType};

    use super::*;

    fn read(query: &str) -> Result<Parameters, Problem> {
        parameters(&format!("/api/telemetry/recent?{query}").parse().expect("a URI"), 50)
    }

    #[test]
    fn every_parameter_is_read() {
        let all = "limit=7&since=2026-09-24&until=2026-09-24T12:00:00%2B00:00&grade=A%2B&test_type=household";
        let filter = Filter {
            client: None,
            since_ms: Some(1_790_208_000_000),
            until_ms: Some(1_790_251_200_000),
            grade: Some(Grade::APlus),
            test_type: Some(TestType::Household),
        };
        assert_eq!(read(all).expect("all"), Parameters { limit: 7, filter });
        assert_eq!(read("").expect("none"), Parameters { limit: 50, filter: Filter::default() });
        assert_eq!(read("grade=a+").expect("a plus").filter.grade, Some(Grade::APlus));
        for (text, limit) in [("1", 1), ("1000", 1_000), ("1001", 1_000), ("99999999999999999999", 1_000)] {
            assert_eq!(read(&format!("limit={text}")).expect("a limit").limit, limit);
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name() {
        for (query, slug) in [
            ("limit=0", "bad-parameter"),
            ("limit=", "bad-parameter"),
            ("limit", "bad-parameter"),
            ("limit=-1", "bad-parameter"),
            ("limit=+5", "bad-parameter"),
            ("limit=ten", "bad-parameter"),
            ("limit=1.5", "bad-parameter"),
            ("limit=5&limit=6", "bad-parameter"),
            ("since=yesterday", "bad-parameter"),
            ("until=", "bad-parameter"),
            ("grade=E", "bad-parameter"),
            ("test_type=triple", "bad-parameter"),
            ("Limit=5", "unknown-parameter"),
            ("client_ip=192.0.2.1", "unknown-parameter"),
            ("=", "unknown-parameter"),
            ("limit=5&%00=1", "unknown-parameter"),
        ] {
            let problem = read(query).expect_err(query);
            assert_eq!((problem.slug(), problem.status()), (slug, StatusCode::BAD_REQUEST), "{query}");
        }
        let uri = |text: &str| text.parse::<Uri>().expect("a URI");
        assert!(none(&uri("/")).is_ok() && none(&uri("/?")).is_ok() && none(&uri("/?limit=5")).is_err());
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(query in "[!$-;=?-Z_a-z~&%]{0,60}") {
            if let Ok(uri) = format!("/api/telemetry/recent?{query}").parse::<Uri>() {
                if let Err(problem) = parameters(&uri, 50) {
                    prop_assert_eq!(problem.into_response().status(), StatusCode::BAD_REQUEST);
                }
                let _ = none(&uri);
            }
        }
    }
}
