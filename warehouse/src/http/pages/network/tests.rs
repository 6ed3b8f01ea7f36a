//! Pages of networks and countries, and their pictures, as a browser gets them from the tests' cut.

use axum::body::Bytes;
use axum::http::{Request, StatusCode, header};
use wire::Day;

use crate::cut::tests::{LAST, bound, household, published};
use crate::http::pages::tests::{ask, pages, read, site};
use crate::keeper::CurrentCut;
use crate::marts::tests::House;

/// Aim: the page says grade, rank under each rule, both sources' and uses' sections, cites the release, and its charts are
/// labelled figures whose ids are there once.
#[tokio::test]
async fn a_network_is_told() {
    let site = site();
    let html = read(&site, "/asn/64500").await;
    for part in [
        "<h1>Example, &#34;Quoted&#34; Net</h1>",
        "Grade A+: no delay that anybody notices",
        "It stands 1st",
        "by the rule of LibreQoS",
        "All of it rests on a single source",
        "agent provider",
        "Bufferlake, release 2026-11-22, ",
        "/asn/64500/badge.svg",
        "<meta property=\"og:image\" content=\"",
        "/api/v1/asn/64500/trend?format=csv&#38;mode=single",
        "<h3>Games</h3>",
        "<h3>Backups and updates</h3>",
        "role=\"img\" aria-label=\"Place 1 of 2",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    for id in ["spread", "grades", "months", "blocks"] {
        assert_eq!(html.matches(&format!("id=\"{id}-title\"")).count(), 1, "{id}");
        assert_eq!(html.matches(&format!("aria-labelledby=\"{id}-title {id}-words\"")).count(), 2, "{id}");
    }
    // Listed, but not ranked: the reason stands where the rank would.
    let small = read(&site, "/asn/64502").await;
    assert!(small.contains("It has no rank") && small.contains("too few votes"), "{small}");
    assert!(!small.contains("not ranked"), "{small}");
    // Household tests beside single ones.
    let both = read(&site, "/asn/64501").await;
    assert!(both.contains("Busy household: share of good tests") && both.contains("came out at A or better in 75 %"));
}

/// Aim: a country is told beside the world, with its networks in the order of their ranks.
#[tokio::test]
async fn a_country_is_told() {
    let site = site();
    let network = read(&site, "/asn/64500").await;
    let at = network.find("href=\"/country/").expect("the network's home");
    let code = &network[at + 15..at + 17];
    let html = read(&site, &format!("/country/{code}")).await;
    let (first, second) = (html.find("/asn/64500").unwrap(), html.find("/asn/64501").unwrap());
    assert!(first < second, "{html}");
    assert!(html.contains("World") && html.contains("Bufferlake, release 2026-11-22") && html.contains("/card.png"));
    let (status, _, bytes) = ask(&site, Request::get("/country/AQ")).await;
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(text.contains("Nothing is known of Antarctica yet") && text.contains("action=\"/search\""), "{text}");
}

/// Aim: pictures may stand on pages of others; a badge is there even for a network of which nothing is told, a card is not.
#[tokio::test]
async fn pictures_are_for_everybody() {
    let site = site();
    let get = async |url: &str| {
        let (status, headers, bytes) = ask(&site, Request::get(url)).await;
        assert_eq!(headers["cross-origin-resource-policy"], "cross-origin", "{url}");
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*", "{url}");
        assert_eq!(status, StatusCode::OK, "{url}");
        (headers[header::CONTENT_TYPE].to_str().unwrap().to_owned(), bytes)
    };
    let text = |bytes: Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    let (kind, badge) = get("/asn/64500/badge.svg").await;
    assert_eq!(kind, "image/svg+xml");
    assert!(text(badge).contains("bufferbloat: A+, +3 ms"));
    assert!(text(get("/asn/1/badge.svg").await.1).contains("too few tests"));
    let (kind, card) = get("/asn/64500/card.png").await;
    assert_eq!((kind.as_str(), &card[1..4]), ("image/png", &b"PNG"[..]));
    assert_eq!(ask(&site, Request::get("/asn/1/card.png")).await.0, StatusCode::NOT_FOUND);
    let (status, _, bytes) = ask(&site, Request::get("/asn/1")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(text(bytes).contains("from 30 votes on"));
    // One spelling.
    let (status, headers, _) = ask(&site, Request::get("/asn/AS64500")).await;
    assert_eq!((status, headers[header::LOCATION].to_str().unwrap()), (StatusCode::TEMPORARY_REDIRECT, "/asn/64500"));
}

/// Aim: a network, and a country, of which only household tests are known have pages and pictures: by share, without a word of ms.
#[tokio::test]
async fn household_tests_alone_make_a_page() {
    let house = House::new();
    house.seal("provider", 1, Day(LAST.0 - 1).first_hour(), household(64_501, 40));
    let cut = published(&house, &bound()).1;
    let site = pages(CurrentCut::new(arc_swap::ArcSwapOption::from_pointee(cut)));
    let html = read(&site, "/asn/64501").await;
    for part in
        ["Grade A: games", "75 % of household tests", "Good household tests, month by month", "votes at A or better"]
    {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(!html.contains("id=\"spread\"") && !html.contains("<h3>Games</h3>") && !html.contains(" ms"), "{html}");
    let at = html.find("href=\"/country/").expect("the network's home");
    let country = read(&site, &html[at + 6..at + 17]).await;
    assert!(country.contains("/asn/64501") && country.contains("% of household tests"), "{country}");
    let (_, _, badge) = ask(&site, Request::get("/asn/64501/badge.svg")).await;
    assert!(String::from_utf8(badge.to_vec()).unwrap().contains("aria-label=\"bufferbloat: A\""));
    assert_eq!(ask(&site, Request::get("/asn/64501/card.png")).await.0, StatusCode::OK);
}
