//! The old paths as pages read them.

use serde_json::json;

use super::*;

/// Aim: every member of the old shape is there with its type and value; only ranked networks are told, in the v1 order.
#[tokio::test]
async fn the_old_ranking_keeps_its_shape() {
    let api = served();
    let (status, tag, answer) = get(&api, "/api/rankings?_=17", None).await;
    assert_eq!(status, StatusCode::OK);
    assert!(tag.is_some());
    let (_, _, v1) = get(&api, PATH, None).await;
    let mean = |name: &str| v1["data"][0][name].clone();
    let generated_at = v1["meta"]["generated_at"].clone();
    let expected = json!({
        "rank": 1, "asn": "AS64500", "asn_name": "Example, \"Quoted\" Net", "organization": "Example, \"Quoted\" Net",
        "country_code": mean("country"), "country": mean("country"),
        "overall_grade": { "average": 6.0, "letter_grade": "A+", "confidence": "medium" }, "asn_grade": "A+",
        "tests": 120, "test_count": 120,
        "distribution": { "A+": 120, "A": 0, "B": 0, "C": 0, "D": 0, "F": 0 },
        "avg_baseline_ms": 10.0, "avg_download_increase_ms": 3.0, "avg_upload_increase_ms": 3.0,
        "avg_bidirectional_increase_ms": mean("mean_bidirectional_ms"), "last_updated": generated_at,
    });
    assert_eq!(answer["rankings"][0], expected);
    let rest = json!({
        "mode": "single", "sort_by": "overall_grade", "order": "desc", "total_asns": 2,
        "filters": { "min_tests": 100, "time_window": "30d", "country": null }, "generated_at": generated_at,
    });
    for (name, value) in rest.as_object().unwrap() {
        assert_eq!(answer[name], *value, "{name}");
    }
    assert_eq!(answer.as_object().unwrap().len(), rest.as_object().unwrap().len() + 1);
    assert_eq!(answer["rankings"][1]["asn"], "AS64501");
}

/// Aim: sorting, limit, gate and country choose as pages expect; the gate is raised and never lowered.
#[tokio::test]
async fn the_old_ranking_is_chosen_from() {
    let api = served();
    for (question, expected) in [
        ("", vec!["AS64500", "AS64501"]),
        ("order=asc", vec!["AS64501", "AS64500"]),
        ("sort=asn&order=desc", vec!["AS64501", "AS64500"]),
        ("sort=asn&order=asc&limit=1", vec!["AS64500"]),
        ("sort=name", vec!["AS64500", "AS64501"]),
        ("sort=tests", vec!["AS64500", "AS64501"]),
        ("min_tests=1", vec!["AS64500", "AS64501"]),
        ("min_tests=121", vec![]),
        ("country=AQ", vec![]),
        ("mode=household", vec!["AS64501"]),
    ] {
        let (status, _, answer) = get(&api, &format!("/api/rankings?{question}"), None).await;
        assert_eq!(status, StatusCode::OK, "{question}");
        let asns: Vec<_> =
            answer["rankings"].as_array().unwrap().iter().map(|row| row["asn"].as_str().unwrap()).collect();
        assert_eq!(asns, expected, "{question}");
    }
    for question in ["limit=0", "limit=201", "sort=rank", "order=up", "mode=x", "min_tests=-1"] {
        let (status, ..) = get(&api, &format!("/api/rankings?{question}"), None).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{question}");
    }
}

/// Aim: a network is told in each spelling of its number; search and the world answer beside it.
#[tokio::test]
async fn the_other_old_paths_answer() {
    let api = served();
    for asn in ["AS64500", "as64500", "64500"] {
        let (status, _, answer) = get(&api, &format!("/api/asn/{asn}"), None).await;
        assert_eq!((status, answer["rank"].as_u64(), answer["tests"].as_u64()), (StatusCode::OK, Some(1), Some(120)));
    }
    assert_eq!(get(&api, "/api/asn/64502", None).await.0, StatusCode::NOT_FOUND, "it has no rank");
    assert_eq!(get(&api, "/api/asn/example", None).await.0, StatusCode::BAD_REQUEST);
    let (_, _, found) = get(&api, "/api/asn/search?query=exam", None).await;
    assert_eq!((found["total"].as_u64(), found["results"][0]["asn"].as_str()), (Some(1), Some("AS64500")));
    let (_, _, found) = get(&api, "/api/asn/search?query=as64501", None).await;
    assert_eq!(found["results"][0]["asn"], "AS64501");
    let (_, _, world) = get(&api, "/api/stats/global", None).await;
    assert_eq!((world["total_asns"].as_u64(), world["total_tests"].as_u64()), (Some(2), Some(285)));
    assert_eq!(world["distribution"]["A+"], 165);
}
