//! Search, compare, and what search engines read.

use super::*;

/// Aim: a name finds, a number leads to its page, an unknown number is said to be unknown, and markup stays text.
#[tokio::test]
async fn networks_are_found() {
    let site = site();
    let found = read(&site, "/search?query=exam").await;
    assert!(found.contains("<h2 id=\"found\">1 network</h2>") && found.contains("href=\"/asn/64500\""), "{found}");
    let (status, headers, _) = ask(&site, Request::get("/search?query=AS64501")).await;
    assert_eq!((status, headers[header::LOCATION].to_str().unwrap()), (StatusCode::TEMPORARY_REDIRECT, "/asn/64501"));
    assert!(read(&site, "/search?query=64999").await.contains("Nothing is told of AS64999"));
    assert!(read(&site, "/search?query=zzz").await.contains("No listed network has a name like this"));
    let markup = read(&site, "/search?query=%3Cimg+src%3Dx%3E").await;
    assert!(markup.contains("&#60;img src=x&#62;") && !markup.contains("<img"), "{markup}");
    assert!(read(&site, "/search").await.contains("Find a provider"));
}

/// Aim: names and numbers of all spellings lead to one URL; figures stand side by side; what is surely so is said.
#[tokio::test]
async fn networks_are_compared() {
    let site = site();
    let (_, headers, _) = ask(&site, Request::get("/compare?b=AS64501&a=example&c=64501")).await;
    let url = headers[header::LOCATION].to_str().unwrap();
    let (_, headers, _) = ask(&site, Request::get(url)).await;
    assert_eq!(headers[header::LOCATION], "/compare?a=64500&b=64501");
    let html = read(&site, "/compare?a=64500&b=64501").await;
    for words in
        ["stays quicker under load than AS64501", "Latency grows by", "251 ms", "Good for a busy household", "2nd of 2"]
    {
        assert!(html.contains(words), "{words} in {html}");
    }
    assert_eq!(html.matches("<th scope=\"col\"><a href=\"/asn/").count(), 2);
    let fault = read(&site, "/compare?a=64500&b=nobody").await;
    assert!(fault.contains("aria-describedby=\"b-fault\"") && fault.contains("No listed network fits"), "{fault}");
    assert!(read(&site, "/compare").await.contains("Choose two to four networks"));
}

/// Aim: a sitemap has whole addresses only, so there is none before the operator says where the site is.
#[tokio::test]
async fn search_engines_are_told() {
    let site = site();
    assert_eq!(ask(&site, Request::get("/sitemap.xml")).await.0, StatusCode::NOT_FOUND);
    let (_, headers, robots) = ask(&site, Request::get("/robots.txt")).await;
    assert_eq!(headers[header::CONTENT_TYPE], "text/plain; charset=utf-8");
    assert!(!robots.windows(7).any(|word| word == b"Sitemap"));
    let site = Pages { url: "https://example.org".into(), answers: Arc::default(), ..site };
    let (_, headers, xml) = ask(&site, Request::get("/sitemap.xml")).await;
    let xml = String::from_utf8(xml.to_vec()).unwrap();
    assert_eq!(headers[header::CONTENT_TYPE], "application/xml");
    assert!(xml.contains("<loc>https://example.org/rankings</loc><lastmod>2026-11-22</lastmod>"), "{xml}");
    assert!(read(&site, "/").await.contains("rel=\"canonical\" href=\"https://example.org/\""));
}

/// Aim: the description for machines cannot end its element, whatever stands in it.
#[test]
fn json_ld_stays_inside_of_its_element() {
    let about = frame::JsonLd::new(serde_json::json!({ "name": "</script><script>&" })).to_string();
    assert_eq!(about, "{\"name\":\"\\u003c/script\\u003e\\u003cscript\\u003e\\u0026\"}");
}
