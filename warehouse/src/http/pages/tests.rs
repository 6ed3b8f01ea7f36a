//! Pages as a browser sees them.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, StatusCode, header};
use tower::ServiceExt as _;

use super::*;
use crate::cut::tests::{named, sample, with_hosting};

mod about;

mod others;

mod ranking;

/// The site of the tests' cut.
pub(super) fn site() -> Pages {
    pages(CurrentCut::new(arc_swap::ArcSwapOption::from_pointee(sample())))
}

pub(super) fn pages(cut: CurrentCut) -> Pages {
    let proxies = Arc::new(TrustedProxies::parse([]).unwrap());
    Pages::new(cut, CurrentShelf::default(), proxies, &PagesConfig::default(), 100_000)
}

/// What a browser gets: status, headers, bytes.
pub(super) async fn ask(site: &Pages, request: axum::http::request::Builder) -> (StatusCode, HeaderMap, Bytes) {
    let peer = ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 1)));
    let request = request.extension(peer).body(Body::empty()).unwrap();
    let nowhere = site.clone();
    let router = site.clone().router().fallback(move |uri, headers| nowhere.nowhere(uri, headers));
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    (parts.status, parts.headers, to_bytes(body, 8 << 20).await.unwrap())
}

/// The text of a page that is there.
pub(super) async fn read(site: &Pages, url: &str) -> String {
    let (status, headers, bytes) = ask(site, Request::get(url).header(header::ACCEPT, "text/html")).await;
    assert_eq!(status, StatusCode::OK, "{url} {headers:?}");
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Aim: every page holds browsers to our own files, names its release, and has one heading, a title and a description.
#[tokio::test]
async fn every_page_has_manners() {
    let site = site();
    for page in PAGES.iter().filter(|page| !page.path.contains(['{', '.'])) {
        let (status, headers, bytes) = ask(&site, Request::get(page.path)).await;
        assert_eq!(status, StatusCode::OK, "{}", page.path);
        if headers[header::CONTENT_TYPE] != "text/html; charset=utf-8" {
            continue;
        }
        assert_eq!(headers["content-security-policy"], CONTENT_SECURITY_POLICY);
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert!(!headers.contains_key(header::SET_COOKIE));
        let html = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(html.contains("<strong data-release>2026-11-22</strong>"), "{html}");
        assert_eq!(html.matches("<h1").count(), 1, "{}", page.path);
        assert!(html.contains("<meta name=\"description\" content=\"") && html.contains("rel=\"canonical\""), "{html}");
        // Names of vocabularies are no addresses: what describes the page for machines loads nothing.
        let html = html
            .split_once("<script type=\"application/ld+json\">")
            .map_or(html.clone(), |(before, rest)| format!("{before}{}", rest.split_once("</script>").unwrap().1));
        for word in [" style=", " onclick=", "javascript:", "http://"] {
            assert!(!html.contains(word), "{word} in {}", page.path);
        }
    }
}

/// Aim: a browser that has a page, or a file of it, is told so, each encoding under a tag of its own, all with the same text.
#[tokio::test]
async fn pages_are_compressed_and_kept() {
    let site = site();
    let plain = ask(&site, Request::get("/rankings")).await;
    let mut tags = vec![plain.1[header::ETAG].clone()];
    for (encoding, unpack) in
        [("gzip", gunzip as fn(&[u8]) -> Vec<u8>), ("zstd", |bytes| zstd::decode_all(bytes).unwrap())]
    {
        let request = || Request::get("/rankings").header(header::ACCEPT_ENCODING, encoding);
        let (_, headers, bytes) = ask(&site, request()).await;
        assert_eq!(
            (&headers[header::CONTENT_ENCODING], &headers[header::VARY]),
            (&encoding.parse().unwrap(), &"accept-encoding".parse().unwrap())
        );
        assert_eq!(unpack(&bytes), plain.2.to_vec());
        assert!(bytes.len() * 2 < plain.2.len());
        let again = request().header(header::IF_NONE_MATCH, &headers[header::ETAG]);
        let (status, _, nothing) = ask(&site, again).await;
        assert_eq!((status, nothing.len()), (StatusCode::NOT_MODIFIED, 0));
        tags.push(headers[header::ETAG].clone());
    }
    tags.dedup();
    assert_eq!(tags.len(), 3);
    for asset in ASSETS {
        let (_, headers, _) = ask(&site, Request::get(asset.url())).await;
        assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        let other = ask(&site, Request::get(format!("{}?v=other", asset.path))).await;
        assert_eq!(other.1[header::CACHE_CONTROL], "public, max-age=300");
        let request = Request::get(asset.url()).header(header::IF_NONE_MATCH, &headers[header::ETAG]);
        assert_eq!(ask(&site, request).await.0, StatusCode::NOT_MODIFIED);
    }
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes), &mut text).unwrap();
    text
}

/// Aim: every way to ask the same leads to one URL, which leads nowhere else.
#[tokio::test]
async fn a_question_has_one_url() {
    let site = site();
    for (asked, url) in [
        ("/rankings?mode=single&window=30&country=&query=&page=1", "/rankings"),
        ("/rankings?utm_source=x&country=de", "/rankings?country=DE"),
        (
            "/rankings?query=%20a%26b%20&mode=household&policy=dslreports&order=ms",
            "/rankings?mode=household&query=a%26b",
        ),
        ("/rankings?order=ms&policy=dslreports&window=7", "/rankings?window=7"),
        ("/?a=b", "/"),
    ] {
        let (status, headers, _) = ask(&site, Request::get(asked)).await;
        assert_eq!(
            (status, headers[header::LOCATION].to_str().unwrap()),
            (StatusCode::TEMPORARY_REDIRECT, url),
            "{asked}"
        );
        assert!(ask(&site, Request::get(url)).await.0 == StatusCode::OK, "{url}");
    }
}

/// Aim: what cannot be shown is said in words on a page that searches; programs get a problem document.
#[tokio::test]
async fn trouble_is_friendly() {
    let site = site();
    let html = || Request::builder().header(header::ACCEPT, "text/html,*/*");
    for (url, status) in [
        ("/nowhere", StatusCode::NOT_FOUND),
        ("/rankings?window=8", StatusCode::BAD_REQUEST),
        ("/rankings?page=99", StatusCode::NOT_FOUND),
        ("/rankings?country=%3Cscript%3E", StatusCode::BAD_REQUEST),
    ] {
        let (is, headers, bytes) = ask(&site, html().uri(url)).await;
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert_eq!((is, &headers[header::CACHE_CONTROL]), (status, &HeaderValue::from_static("no-store")), "{url}");
        assert!(text.contains("action=\"/search\"") && !text.contains("<script>"), "{text}");
        assert_eq!(headers["content-security-policy"], CONTENT_SECURITY_POLICY);
    }
    for request in [Request::get("/nowhere"), html().uri("/api/v1/nowhere")] {
        let (status, headers, _) = ask(&site, request).await;
        assert_eq!(
            (status, headers[header::CONTENT_TYPE].to_str().unwrap()),
            (StatusCode::NOT_FOUND, "application/problem+json")
        );
    }
    let before = pages(CurrentCut::default());
    let (status, headers, bytes) = ask(&before, html().uri("/rankings")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(headers.contains_key(header::RETRY_AFTER) && bytes.starts_with(b"<!doctype html>"), "{headers:?}");
    assert!(read(&before, "/").await.contains("No release has been published yet"));
    let few = Pages { limit: Arc::new(RateLimit::new("pages", 1)), ..site };
    assert_eq!(ask(&few, Request::get("/")).await.0, StatusCode::OK);
    let (status, headers, bytes) = ask(&few, Request::get("/")).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(headers.contains_key(header::RETRY_AFTER) && bytes.starts_with(b"<!doctype html>"), "{headers:?}");
}

/// Aim: no template switches escaping off, and only what writes no stranger's text is taken as it is.
#[test]
fn every_template_escapes() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    let mut folders = vec![root.join("templates")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|suffix| suffix != "html" && suffix != "svg") {
                continue;
            }
            seen += 1;
            let text: String = std::fs::read_to_string(&path).unwrap().split_whitespace().collect();
            for word in ["|safe", "|escape", "|e(", "{%filter", "autoescape", "style=\"", "javascript:", "onclick"] {
                assert!(!text.contains(word), "{word} in {}", path.display());
            }
        }
    }
    assert!(seen > 3, "the test looks in the wrong place");
}
