//! The nouns beside the ranking.

use super::*;

/// Aim: a network comes with all that is known of it, by each spelling; an unknown one and a bad number are told apart.
#[tokio::test]
async fn a_network_is_told_whole() {
    let api = served();
    for asn in ["AS64501", "as64501", "64501"] {
        let (status, _, answer) = get(&api, &format!("/api/v1/asn/{asn}"), None).await;
        assert_eq!(status, StatusCode::OK, "{asn}");
        let data = &answer["data"];
        let rows = |name: &str| data[name].as_array().unwrap();
        let places: std::collections::BTreeSet<_> = rows("rankings")
            .iter()
            .filter(|row| row["hours"] == "all")
            .map(|row| {
                (row["mode"].as_str().unwrap(), row["window_days"].as_u64().unwrap(), row["rank"].as_u64().unwrap())
            })
            .collect();
        let (household, single) = ("household", "single");
        let expected = [
            (household, 7, 1),
            (household, 30, 1),
            (household, 90, 1),
            (single, 7, 2),
            (single, 30, 2),
            (single, 90, 2),
        ];
        assert_eq!(places, expected.into());
        for (name, column, value) in [
            ("grades", "asn", Value::from(64_501)),
            ("latencies", "subject", "AS64501".into()),
            ("histograms", "subject", "AS64501".into()),
            ("provenance", "asn", 64_501.into()),
            ("sources", "agent", "provider".into()),
            ("world", "subject", "world".into()),
            ("home", "subject", data["country"].clone()),
        ] {
            assert!(!rows(name).is_empty() && rows(name).iter().all(|row| row[column] == value), "{name}: {data}");
        }
    }
    let (status, _, problem) = get(&api, "/api/v1/asn/1", None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(problem["detail"].as_str().unwrap().contains("30 votes"), "{problem}");
    let (status, _, problem) = get(&api, "/api/v1/asn/name", None).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(problem["detail"].as_str().unwrap().contains("AS64500, as64500 or 64500"), "{problem}");
}

/// Aim: networks are found by number, name, and the beginning of a name or word, each once.
#[tokio::test]
async fn networks_are_found() {
    let api = served();
    for (query, asns) in [
        ("AS64502", vec![64_502]),
        ("64501", vec![64_501]),
        ("Example", vec![64_500]),
        ("exam", vec![64_500]),
        ("quoted", vec![64_500]),
        ("uoted", vec![]),
        ("", vec![]),
    ] {
        let (status, _, answer) =
            get(&api, &format!("/api/v1/asn{}{query}", if query.is_empty() { "?limit=1" } else { "?query=" }), None)
                .await;
        assert_eq!(status, StatusCode::OK, "{query}");
        let found: Vec<_> = answer["data"].as_array().unwrap().iter().map(|row| row["asn"].as_u64().unwrap()).collect();
        assert_eq!(found, asns, "{query}");
    }
    let (_, _, answer) = get(&api, "/api/v1/asn?query=64501", None).await;
    let modes: std::collections::BTreeSet<_> =
        answer["data"][0]["modes"].as_array().unwrap().iter().map(|mode| mode.as_str()).collect();
    assert_eq!(modes, [Some("household"), Some("single")].into());
}

/// Aim: trends of a network, a country and the world come by month and by day, as rows in each format.
#[tokio::test]
async fn trends_are_told() {
    let api = served();
    for path in ["/api/v1/asn/64500/trend", "/api/v1/trends"] {
        for period in ["month", "day"] {
            let (status, _, answer) = get(&api, &format!("{path}?period={period}"), None).await;
            let rows = answer["data"].as_array().unwrap();
            assert!(status == StatusCode::OK && !rows.is_empty(), "{path} {period}: {answer}");
            assert!(rows.iter().all(|row| row["period"] == period && row["mode"] == "single"), "{answer}");
        }
        let (_, headers, csv) = ask(&api, Request::get(format!("{path}?format=csv"))).await;
        assert_eq!(headers[header::CONTENT_TYPE], Format::Csv.content_type());
        assert!(csv.starts_with(b"period,label,mode,subject,"), "{path}");
    }
    assert_eq!(get(&api, "/api/v1/asn/1/trend", None).await.0, StatusCode::NOT_FOUND);
    let (_, _, nowhere) = get(&api, "/api/v1/trends?country=aq", None).await;
    assert_eq!((nowhere["meta"]["subject"].as_str(), nowhere["meta"]["total"].as_u64()), (Some("AQ"), Some(0)));
}

/// Aim: countries, the world and the method answer with what the cut holds.
#[tokio::test]
async fn the_world_is_told() {
    let api = served();
    let (_, _, countries) = get(&api, "/api/v1/countries", None).await;
    let rows = countries["data"].as_array().unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| row["subject"].as_str().unwrap().len() == 2), "{countries}");
    let (_, _, stats) = get(&api, "/api/v1/stats", None).await;
    let world = stats["data"]["world"].as_array().unwrap();
    assert!(
        world.iter().any(|row| row["votes"] == 285 && row["window_days"] == 30 && row["hours"] == "all"),
        "{stats}"
    );
    let networks = stats["data"]["networks"].as_array().unwrap();
    let single =
        networks.iter().find(|row| row["mode"] == "single" && row["window_days"] == 30 && row["hours"] == "all");
    assert_eq!((single.unwrap()["listed"].as_u64(), single.unwrap()["ranked"].as_u64()), (Some(3), Some(2)));
    assert!(stats["data"]["coverage"][0]["tests_in_tens"].is_u64(), "{stats}");
    let (_, _, method) = get(&api, "/api/v1/methodology", None).await;
    assert_eq!(method["data"]["policies"]["dslreports"][0]["increase_below_ms"], 5.0);
    assert_eq!(method["data"]["evidence"]["ranked_votes"], 100);
}
