//! The page of the ranking.

use serde_json::Value;

use super::*;
use crate::http::v1::Api;

/// What the API answers to a link of a page.
async fn api(site: &Pages, url: &str) -> Value {
    let peer = ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 1)));
    let request = Request::get(url).extension(peer).body(Body::empty()).unwrap();
    let router = Api::new(Arc::clone(&site.cut), Arc::clone(&site.proxies), 100_000).router();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{url}");
    serde_json::from_slice(&to_bytes(response.into_body(), 1 << 20).await.unwrap()).unwrap()
}

/// The numbers of the networks of each section, and the link to the same rows as JSON.
fn sections(html: &str) -> Vec<(Vec<u64>, String)> {
    let parts = html.split("<section class=\"card\"").skip(1);
    let section = |part: &str| {
        let rows = part.split("<th scope=\"row\"><a href=\"/asn/").skip(1);
        let asns = rows.map(|row| row.split('"').next().unwrap().parse().unwrap()).collect();
        let link = part.split("<a href=\"/api/v1/rankings?").find(|link| link.contains(">JSON<")).unwrap();
        let link = link.split('"').next().unwrap().replace("&amp;", "&").replace("&#38;", "&");
        (asns, format!("/api/v1/rankings?{link}"))
    };
    parts.map(section).collect()
}

/// Aim: each section shows exactly the rows that its links to data give, in their order, whatever is chosen.
#[tokio::test]
async fn a_page_is_its_api_question() {
    let site = site();
    let mut seen = 0;
    for question in [
        "",
        "?sort=votes&direction=desc",
        "?mode=household",
        "?window=7&order=share",
        "?policy=libreqos-2024-12&sort=name&direction=desc",
        "?evidence=below_gate",
        "?limit=1",
        "?limit=1&page=2",
        "?query=example",
        "?min_votes=100",
        "?hours=peak",
    ] {
        let html = read(&site, &canonical(&site, &format!("/rankings{question}")).await).await;
        for (asns, link) in sections(&html) {
            let data = api(&site, &link).await;
            let told: Vec<u64> =
                data["data"].as_array().unwrap().iter().map(|row| row["asn"].as_u64().unwrap()).collect();
            assert_eq!(asns, told, "{question}: {link}");
            seen += asns.len();
        }
    }
    assert!(seen > 15, "{seen}");
}

/// Where a question leads that is not in its one spelling.
async fn canonical(site: &Pages, url: &str) -> String {
    let (_, headers, _) = ask(site, Request::get(url)).await;
    headers.get(header::LOCATION).map_or(url, |location| location.to_str().unwrap()).to_owned()
}

/// Aim: networks without a rank stand apart with the reason, ties are said, and a stranger's name is text.
#[tokio::test]
async fn evidence_is_told() {
    let site = site();
    let html = read(&site, "/rankings").await;
    let numbers: Vec<_> = sections(&html).into_iter().map(|(asns, _)| asns).collect();
    assert_eq!(numbers, [vec![64_500, 64_501], vec![64_502]]);
    for words in [
        "too few votes",
        "it takes 100 votes on 3 days for a rank",
        "1st of 2",
        "2nd of 2",
        "one source",
        "aria-sort=\"ascending\"",
        "120 tests, 3 days",
    ] {
        assert!(html.contains(words), "{words} in {html}");
    }
    assert!(html.contains("Example, &#34;Quoted&#34; Net") && !html.contains("\"Quoted\""), "{html}");
    let none = read(&site, "/rankings?country=AQ").await;
    assert!(none.contains("No network fits") && none.contains("Antarctica"), "{none}");
}

/// Aim: networks of servers stand apart from both others, and alone if they are asked for.
#[tokio::test]
async fn hosting_networks_stand_apart() {
    let site = pages(CurrentCut::new(arc_swap::ArcSwapOption::from_pointee(with_hosting())));
    let html = read(&site, "/rankings").await;
    let numbers: Vec<_> = sections(&html).into_iter().map(|(asns, _)| asns).collect();
    assert_eq!(numbers, [[64_500], [64_502], [64_501]]);
    assert!(html.contains("1st of 1") && html.contains("nobody&#39;s line at home"), "{html}");
    let html = read(&site, "/rankings?evidence=hosting").await;
    let (asns, link) = sections(&html).remove(0);
    assert_eq!((asns, sections(&html).len()), (vec![64_501], 1));
    assert_eq!(api(&site, &link).await["data"][0]["unranked_reason"], "hosting_network");
}

/// Aim: pages follow each other by links, and a page of a reader who comes back tomorrow is still there.
#[tokio::test]
async fn pages_follow_each_other() {
    let site = site();
    let first = read(&site, "/rankings?limit=1").await;
    assert!(
        first.contains("rel=\"next\" href=\"/rankings?limit=1&#38;page=2\"") && !first.contains("rel=\"prev\""),
        "{first}"
    );
    let mut other = sample();
    other.document.id.edition += 1;
    site.cut.store(Some(Arc::new(other)));
    let second = read(&site, "/rankings?limit=1&page=2").await;
    assert!(second.contains("rel=\"prev\" href=\"/rankings?limit=1\"") && !second.contains("rel=\"next\""), "{second}");
    assert!(second.contains("<strong data-release>2026-11-22.2</strong>"));
}

/// Aim: a name that somebody chose to be markup is text in every page that shows it.
#[tokio::test]
async fn names_are_no_markup() {
    let name = "</title><script>alert(1)</script>\"' onmouseover=x \u{202e}";
    let site = pages(CurrentCut::new(arc_swap::ArcSwapOption::from_pointee(named(name))));
    for url in
        ["/", "/rankings", "/rankings?query=alert", "/search?query=alert", "/compare?a=64500&b=64501", "/asn/64500"]
    {
        let html = read(&site, url).await;
        // JSON has its own way to write what would end the element.
        let (before, after) = html.split_once("<script type=\"application/ld+json\">").unwrap_or((&html, ""));
        let (about, after) = after.split_once("</script>").unwrap_or(("", after));
        assert!(!about.contains(['<', '>', '&']), "{about}");
        let html = format!("{before}{after}");
        assert!(html.contains("alert(1)"), "{url} {html}");
        assert!(
            !html.contains("<script>") && !html.contains('\u{202e}') && !html.contains("\"' onmouseover"),
            "{url} {html}"
        );
    }
    // What is to be copied into other pages is text there, too: escaped for them, and once more for this one.
    let html = read(&site, "/asn/64500").await;
    let badge = html.split("id=\"badge-html\"").nth(1).unwrap().split("</pre>").next().unwrap();
    assert!(badge.contains("&#38;#60;script&#38;#62;") && !badge.contains("&#60;script"), "{badge}");
    let markdown = html.split("id=\"badge-markdown\"").nth(1).unwrap().split("</pre>").next().unwrap();
    assert!(markdown.contains("alert1") && !markdown.contains("&#60;"), "{markdown}");
}
