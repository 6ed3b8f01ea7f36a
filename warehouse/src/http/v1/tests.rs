//! The ranking as a caller sees it.

use std::net::SocketAddr;

use axum::body::to_bytes;
use axum::http::{Method, Request};
use serde_json::Value;
use tower::ServiceExt as _;

use super::*;
use crate::cut::tests::sample;

mod described;

mod old_paths;

mod others;

const PATH: &str = "/api/v1/rankings";

fn api(cut: CurrentCut) -> Api {
    let proxies = Arc::new(TrustedProxies::parse([]).unwrap());
    Api::new(cut, proxies, 100_000)
}

fn served() -> Api {
    api(CurrentCut::new(arc_swap::ArcSwapOption::from_pointee(sample())))
}

async fn ask(api: &Api, request: axum::http::request::Builder) -> (StatusCode, HeaderMap, Bytes) {
    let peer = ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 1)));
    let request: Request<Body> = request.extension(peer).body(Body::empty()).unwrap();
    let response = api.clone().router().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, to_bytes(body, 1 << 20).await.unwrap())
}

async fn get(api: &Api, path: &str, etag: Option<&str>) -> (StatusCode, Option<String>, Value) {
    let mut request = Request::get(path);
    if let Some(etag) = etag {
        request = request.header(header::IF_NONE_MATCH, etag);
    }
    let (status, headers, bytes) = ask(api, request).await;
    let tag = headers.get(header::ETAG).map(|tag| tag.to_str().unwrap().to_owned());
    (status, tag, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

/// Aim: ranks, figures and names come through; country and limit choose; a second look with the tag costs nothing.
#[tokio::test]
async fn the_ranking_is_answered() {
    let cut = served();
    let (status, tag, all) = get(&cut, PATH, None).await;
    assert_eq!(status, StatusCode::OK);
    let asns: Vec<_> =
        all["data"].as_array().unwrap().iter().map(|row| (row["rank"].as_u64(), row["asn"].as_u64())).collect();
    assert_eq!(asns, [(Some(1), Some(64_500)), (Some(2), Some(64_501)), (None, Some(64_502))]);
    assert_eq!(all["meta"]["cut"], "2026-11-22");
    assert_eq!(all["meta"]["licence"], "CC-BY-4.0");
    assert_eq!(all["data"][0]["name"], "Example, \"Quoted\" Net");
    let (low, high) = (all["data"][0]["p50_low_ms"].as_f64().unwrap(), all["data"][0]["p50_high_ms"].as_f64().unwrap());
    assert!(low <= 3.0 && 3.0 <= high, "{low} {high}");
    assert_eq!(get(&cut, PATH, tag.as_deref()).await.0, StatusCode::NOT_MODIFIED);

    let (_, other, one) = get(&cut, "/api/v1/rankings?mode=household&window=7&limit=1", None).await;
    assert_ne!(other, tag);
    assert_eq!((one["data"][0]["asn"].as_u64(), one["data"][0]["p50_ms"].as_f64()), (Some(64_501), None));
    let country = all["data"][0]["country"].as_str().unwrap().to_lowercase();
    let (_, _, home) = get(&cut, &format!("{PATH}?country={country}"), None).await;
    assert!(home["meta"]["total"].as_u64().unwrap() >= 1);
    let (_, _, nowhere) = get(&cut, &format!("{PATH}?country=AQ"), None).await;
    assert_eq!((nowhere["meta"]["total"].as_u64(), nowhere["data"].as_array().unwrap().len()), (Some(0), 0));
}

/// Aim: a question that cannot be answered says what is allowed, and before the first cut there is a reason.
#[tokio::test]
async fn bad_questions_are_explained() {
    let cut = served();
    for question in [
        "mode=best",
        "window=8",
        "limit=0",
        "limit=1001",
        "limit=x",
        "country=D",
        "country=D1",
        "sort=best",
        "other=1",
        "limit=1&limit=2",
        "hours=off_peak",
    ] {
        let (status, _, problem) = get(&cut, &format!("{PATH}?{question}"), None).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{question}");
        assert!(problem["detail"].as_str().unwrap().contains("window (7, 30, 90)"), "{problem}");
    }
    let (status, _, problem) = get(&api(CurrentCut::default()), PATH, None).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(problem["type"].as_str().unwrap().ends_with("no-cut"), "{problem}");
}

/// Aim: pages follow each other without a gap, by member and by header, and a cursor is good for its question and cut only.
#[tokio::test]
async fn pages_follow_each_other() {
    let cut = served();
    let mut asns = Vec::new();
    let mut path = format!("{PATH}?limit=1&sort=votes&direction=desc");
    loop {
        let (status, headers, bytes) = ask(&cut, Request::get(&path)).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        let page: Value = serde_json::from_slice(&bytes).unwrap();
        asns.push(page["data"][0]["asn"].as_u64().unwrap());
        let Some(next) = page["meta"]["next"].as_str() else { break };
        let link = headers[header::LINK].to_str().unwrap();
        path = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned();
        assert!(path.ends_with(next), "{path}");
    }
    assert_eq!(asns, [64_500, 64_501, 64_502]);
    let cursor = path.split_once("cursor=").unwrap().1;
    let (status, _, problem) = get(&cut, &format!("{PATH}?limit=1&sort=asn&cursor={cursor}"), None).await;
    assert_eq!((status, problem["title"].as_str()), (StatusCode::BAD_REQUEST, Some("The question cannot be answered")));
    let mut other = sample();
    other.document.id.edition += 1;
    cut.cut.store(Some(Arc::new(other)));
    let (status, _, problem) = get(&cut, &path, None).await;
    assert_eq!((status, problem["cut"].as_str()), (StatusCode::GONE, Some("2026-11-22.2")));
    for cursor in ["x", "00", "", "61"] {
        let (status, ..) = get(&cut, &format!("{PATH}?cursor={cursor}"), None).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{cursor}");
    }
}

/// Aim: each format comes by parameter and by header, with a tag of its own; what there is not is refused.
#[tokio::test]
async fn formats_are_chosen() {
    let cut = served();
    let mut tags = std::collections::BTreeSet::new();
    for format in Format::ALL {
        let (_, by_name, one) = ask(&cut, Request::get(format!("{PATH}?format={}", format.name()))).await;
        let accept = Request::get(PATH).header(header::ACCEPT, format.media_type());
        let (_, by_header, other) = ask(&cut, accept).await;
        assert_eq!(by_name[header::CONTENT_TYPE], format.content_type());
        assert_eq!((&by_header[header::CONTENT_TYPE], one), (&by_name[header::CONTENT_TYPE], other));
        assert_eq!(by_header[header::VARY], "accept");
        tags.insert(by_name[header::ETAG].to_str().unwrap().to_owned());
    }
    assert_eq!(tags.len(), Format::ALL.len());
    let (_, _, csv) = ask(&cut, Request::get(format!("{PATH}?format=csv&limit=1"))).await;
    let csv = String::from_utf8(csv.to_vec()).unwrap();
    assert!(
        csv.starts_with("mode,window_days,hours,rank,") && csv.contains("\"Example, \"\"Quoted\"\" Net\""),
        "{csv}"
    );
    let (status, headers, _) = ask(&cut, Request::get(PATH).header(header::ACCEPT, "image/png")).await;
    assert_eq!(status, StatusCode::NOT_ACCEPTABLE);
    assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
}

/// Aim: a policy changes grades, an order by share changes ranks, and what a mode does not have is refused with a reason.
#[tokio::test]
async fn policies_and_orders_are_chosen() {
    let cut = served();
    let (_, _, usual) = get(&cut, PATH, None).await;
    let (_, _, strict) = get(&cut, &format!("{PATH}?policy=libreqos-2024-12"), None).await;
    let column = |answer: &Value, name: &str| -> Vec<Value> {
        answer["data"].as_array().unwrap().iter().map(|row| row[name].clone()).collect()
    };
    assert_eq!(column(&usual, "score_ms"), column(&strict, "score_ms"));
    assert_eq!((column(&usual, "grade")[1].clone(), column(&strict, "grade")[1].clone()), ("D".into(), "F".into()));
    let (_, _, share) = get(&cut, &format!("{PATH}?order=share"), None).await;
    assert!(share["data"][0]["score_share"].is_f64() && usual["data"][0]["score_share"].is_null(), "{share}");
    assert_eq!((share["meta"]["order"].as_str(), share["data"][0]["rank"].as_u64()), (Some("share"), Some(1)));
    for (question, word) in [("mode=household&order=ms", "measure no latency"), ("policy=reported", "household tests")]
    {
        let (status, _, problem) = get(&cut, &format!("{PATH}?{question}"), None).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
    }
}

/// Aim: pages of other sites may read, heads have no body, and nothing but reading is answered.
#[tokio::test]
async fn headers_serve_browsers() {
    let cut = served();
    let (status, headers, _) = ask(&cut, Request::get(PATH).header(header::ORIGIN, "https://example.org")).await;
    assert_eq!(
        (status, &headers[header::ACCESS_CONTROL_ALLOW_ORIGIN]),
        (StatusCode::OK, &HeaderValue::from_static("*"))
    );
    assert!(headers[header::ACCESS_CONTROL_EXPOSE_HEADERS].to_str().unwrap().contains("etag"), "{headers:?}");
    assert!(headers.contains_key("ratelimit") && headers.contains_key("ratelimit-policy"), "{headers:?}");
    let (status, head, body) = ask(&cut, Request::head(PATH)).await;
    assert_eq!((status, body.len(), &head[header::ETAG]), (StatusCode::OK, 0, &headers[header::ETAG]));
    let preflight = Request::builder()
        .method(Method::OPTIONS)
        .uri(PATH)
        .header(header::ORIGIN, "https://example.org")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET");
    let (status, headers, _) = ask(&cut, preflight).await;
    assert_eq!(status, StatusCode::OK);
    assert!(headers[header::ACCESS_CONTROL_ALLOW_METHODS].to_str().unwrap().contains("GET"));
    let (status, headers, _) = ask(&cut, Request::post(PATH)).await;
    assert_eq!(
        (status, &headers[header::ALLOW]),
        (StatusCode::METHOD_NOT_ALLOWED, &HeaderValue::from_static("GET, HEAD, OPTIONS"))
    );
}

/// Aim: a client that asks without end is told when to come back.
#[tokio::test]
async fn a_client_asks_so_much_a_minute() {
    let few = Api { limit: Arc::new(RateLimit::new("api", 2)), ..served() };
    for _ in 0..2 {
        assert_eq!(get(&few, PATH, None).await.0, StatusCode::OK);
    }
    let (status, headers, _) = ask(&few, Request::get(PATH)).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(headers.contains_key(header::RETRY_AFTER), "{headers:?}");
}
