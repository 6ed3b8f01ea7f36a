//! The ranking as a caller sees it.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::Value;
use tower::ServiceExt as _;

use super::*;
use crate::cut::tests::sample;

async fn get(cut: &CurrentCut, path: &str, etag: Option<&str>) -> (StatusCode, Option<String>, Value) {
    let mut request = Request::get(path);
    if let Some(etag) = etag {
        request = request.header(header::IF_NONE_MATCH, etag);
    }
    let response = router(Arc::clone(cut)).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (status, tag) = (response.status(), response.headers().get(header::ETAG).cloned());
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let tag = tag.map(|tag| tag.to_str().unwrap().to_owned());
    (status, tag, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

/// Aim: ranks, figures and names come through; country and limit choose; a second look with the tag costs nothing.
#[tokio::test]
async fn the_ranking_is_answered() {
    let cut = CurrentCut::new(arc_swap::ArcSwapOption::from_pointee(sample()));
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
    let cut = CurrentCut::new(arc_swap::ArcSwapOption::from_pointee(sample()));
    for question in ["mode=best", "window=8", "limit=0", "limit=1001", "limit=x", "country=D", "country=D1", "sort=asn"]
    {
        let (status, _, problem) = get(&cut, &format!("{PATH}?{question}"), None).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{question}");
        assert!(problem["detail"].as_str().unwrap().contains("window (7, 30, 90)"), "{problem}");
    }
    let (status, _, problem) = get(&CurrentCut::default(), PATH, None).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(problem["type"].as_str().unwrap().ends_with("no-cut"), "{problem}");
}
