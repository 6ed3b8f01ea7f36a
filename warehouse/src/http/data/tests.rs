//! Files as a caller sees them.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;

use axum::body::{Bytes, to_bytes};
use axum::http::Request;
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::*;
use crate::shelf::tests::{GONE, ID, Public, sorted};

/// Requests, each a line with its headers behind it, and what is answered to them: status, headers, body.
const GOLDEN: &str = include_str!("golden.txt");

fn served(public: &Public) -> Data {
    let config = DataConfig { per_client_per_minute: 100_000, ..DataConfig::default() };
    serve_with(public, &config)
}

fn serve_with(public: &Public, config: &DataConfig) -> Data {
    let shelf = CurrentShelf::new(watch::Sender::new(Arc::new(public.shelf())));
    let proxies = Arc::new(TrustedProxies::parse([]).unwrap());
    Data::new(shelf, public.dir.path().to_owned(), proxies, config)
}

async fn send(data: &Data, request: axum::http::request::Builder, last: u8) -> Response {
    let peer = ConnectInfo(SocketAddr::from(([192, 0, 2, last], 1)));
    data.clone().router().oneshot(request.extension(peer).body(Body::empty()).unwrap()).await.unwrap()
}

async fn ask(data: &Data, request: axum::http::request::Builder) -> (StatusCode, HeaderMap, Bytes) {
    let (parts, body) = send(data, request, 1).await.into_parts();
    (parts.status, parts.headers, to_bytes(body, 1 << 20).await.unwrap())
}

fn url(path: &str) -> String {
    format!("{ROOT}/{path}")
}

/// Aim: each kind of answer has the headers that were decided on, and no others.
#[tokio::test]
async fn headers_are_as_decided() {
    let public = Public::new();
    let data = served(&public);
    let mut told = String::new();
    for request in GOLDEN.lines().filter_map(|line| line.strip_prefix("> ")) {
        let filled = request.replace("$SHARED", &public.shared).replace("$ID", ID).replace("$GONE", GONE);
        let mut parts = filled.split(" | ");
        let (method, path) = parts.next().unwrap().split_once(' ').unwrap();
        let mut asked = Request::builder().method(method).uri(path);
        for field in parts {
            let (name, value) = field.split_once(": ").unwrap();
            asked = asked.header(name, value);
        }
        let (status, headers, body) = ask(&data, asked).await;
        let _ = writeln!(told, "> {request}\n{}", status.as_u16());
        let mut lines: Vec<String> = headers
            .iter()
            .filter(|(name, _)| !name.as_str().starts_with("ratelimit"))
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        lines.sort();
        assert_eq!(headers.contains_key("ratelimit"), !matches!(method, "OPTIONS" | "POST"), "{request}");
        let body = match std::str::from_utf8(&body) {
            Ok(text) if text.starts_with('{') => sorted(&serde_json::from_str(text).unwrap()),
            Ok(text) if !text.contains('\0') => text.to_owned(),
            _ => format!("({} bytes)", body.len()),
        };
        let _ = writeln!(told, "{}\n\n{body}\n", lines.join("\n"));
    }
    assert!(told.trim_end() == GOLDEN.trim_end(), "golden.txt is not what is answered now:\n{told}(end)");
}

/// Aim: whatever range is asked for, the bytes are those of the file at that place.
#[tokio::test]
async fn parts_are_the_bytes_of_the_file() {
    let public = Public::new();
    let data = served(&public);
    let mut ranges = csv::ReaderBuilder::new().from_reader(&include_bytes!("ranges.csv")[..]);
    for line in ranges.records() {
        let line = line.unwrap();
        for (path, whole, expected) in
            [(public.shared.clone(), &public.bytes[..], &line[1]), (format!("releases/{ID}/empty.csv"), &[], &line[2])]
        {
            let request = Request::get(url(&path)).header(header::RANGE, &line[0]);
            let (status, headers, body) = ask(&data, request).await;
            let told = headers.get(header::CONTENT_RANGE).map(|value| value.to_str().unwrap());
            let length = whole.len();
            match expected {
                "whole" => assert_eq!((status, told, &body[..]), (StatusCode::OK, None, whole), "{line:?}"),
                "beyond" => {
                    let all = format!("bytes */{length}");
                    assert_eq!((status, told), (StatusCode::RANGE_NOT_SATISFIABLE, Some(all.as_str())), "{line:?}");
                }
                part => {
                    let (first, last) = part.split_once(' ').unwrap();
                    let all = format!("bytes {first}-{last}/{length}");
                    let [first, last]: [usize; 2] = [first, last].map(|number| number.parse().unwrap());
                    assert_eq!((status, told), (StatusCode::PARTIAL_CONTENT, Some(all.as_str())), "{line:?}");
                    assert_eq!(body, whole[first..=last], "{line:?}");
                    assert_eq!(headers[header::CONTENT_LENGTH], (last - first + 1).to_string(), "{line:?}");
                }
            }
            // For a head the standard knows no ranges.
            let (status, headers, body) = ask(&data, Request::head(url(&path)).header(header::RANGE, &line[0])).await;
            assert_eq!((status, body.len()), (StatusCode::OK, 0), "{line:?}");
            assert_eq!(headers[header::CONTENT_LENGTH], length.to_string(), "{line:?}");
        }
    }
}

/// Aim: a download that goes on after the file was replaced begins anew, and one of the same bytes goes on.
#[tokio::test]
async fn a_download_goes_on_only_with_the_same_bytes() {
    let public = Public::new();
    let data = served(&public);
    let get =
        |tag: &str| Request::get(url("latest.json")).header(header::RANGE, "bytes=10-").header(header::IF_RANGE, tag);
    let (_, headers, whole) = ask(&data, Request::get(url("latest.json"))).await;
    let tag = headers[header::ETAG].to_str().unwrap().to_owned();
    let (status, _, rest) = ask(&data, get(&tag)).await;
    assert_eq!((status, &rest[..]), (StatusCode::PARTIAL_CONTENT, &whole[10..]));
    public.write("latest.json", b"{\"release\": \"another\"}");
    data.shelf.send_replace(Arc::new(public.shelf()));
    let (status, headers, all) = ask(&data, get(&tag)).await;
    assert_eq!((status, &all[..]), (StatusCode::OK, &b"{\"release\": \"another\"}"[..]));
    assert_ne!(headers[header::ETAG], tag);
}

/// Aim: no spelling of a path leads to what is not published, or to what is no file of ours.
#[tokio::test]
async fn nothing_else_is_reached() {
    let public = Public::new();
    symlink("/etc", public.dir.path().join("etc")).unwrap();
    let data = served(&public);
    let unnamed = format!("releases/{ID}/unnamed.csv");
    for path in [
        ".hidden",
        "%2ehidden",
        "./.hidden",
        "x/../.hidden",
        "..%2f.hidden",
        "%2e%2e/%2e%2e/etc/passwd",
        "../../../../etc/passwd",
        "..%5c..%5cetc%5cpasswd",
        "%252e%252e/.hidden",
        "//etc/passwd",
        "%2fetc%2fpasswd",
        "etc/passwd",
        "releases/.making/manifest.json",
        "releases/%2emaking/manifest.json",
        "aside/2026-11-22-1/report.txt",
        &unnamed,
        &format!("releases/{ID}/%2e%2e/{ID}/README.md"),
        &format!("releases/{ID}/README.md%00"),
        &format!("releases/{ID}/README.md/"),
        &format!("releases/{ID}/readme.md"),
        &format!("releases/{ID}/README.md%20"),
        "latest.json%ff",
        "latest.json%",
        "latest.json%zz",
        "%00",
        "%ff%fe",
        "latest%2ejson/",
    ] {
        let (status, _, body) = ask(&data, Request::get(url(path))).await;
        let said = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}: {said}");
        assert!(said.contains("no-such-file") && !said.contains("secret"), "{path}: {said}");
    }
    // What a client encodes without need is the same name, and a question behind it changes nothing.
    let encoded = public.shared.replace('=', "%3D");
    for path in [encoded, format!("{}?versionId=1", public.shared)] {
        let (status, _, body) = ask(&data, Request::get(url(&path))).await;
        assert_eq!((status, &body[..]), (StatusCode::OK, &public.bytes[..]), "{path}");
    }
}

/// Aim: a link or other bytes in the place of a file are not served under its entity tag, nor what was removed a moment ago.
#[tokio::test]
async fn what_is_not_what_was_published_is_not_served() {
    let public = Public::new();
    let data = served(&public);
    let path = public.dir.path().join(&public.shared);
    let moved = public.dir.path().join("elsewhere");
    fs::rename(&path, &moved).unwrap();
    assert_eq!(ask(&data, Request::get(url(&public.shared))).await.0, StatusCode::NOT_FOUND);
    symlink(&moved, &path).unwrap();
    assert_eq!(ask(&data, Request::get(url(&public.shared))).await.0, StatusCode::INTERNAL_SERVER_ERROR);
    fs::remove_file(&path).unwrap();
    fs::write(&path, b"short").unwrap();
    let (status, headers, body) = ask(&data, Request::get(url(&public.shared))).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(
        (&headers[header::CACHE_CONTROL], headers.get(header::ETAG)),
        (&HeaderValue::from_static("no-store"), None)
    );
    assert!(!String::from_utf8_lossy(&body).contains("short"));
    let month = path.parent().unwrap();
    let aside = public.dir.path().join("month");
    fs::remove_file(&path).unwrap();
    fs::rename(month, &aside).unwrap();
    fs::rename(&moved, aside.join(path.file_name().unwrap())).unwrap();
    symlink(&aside, month).unwrap();
    assert_eq!(ask(&data, Request::get(url(&public.shared))).await.0, StatusCode::INTERNAL_SERVER_ERROR);
}

/// Aim: requests and downloads of one client, and downloads of all, are bounded; a place is given back when a download ends.
#[tokio::test]
async fn a_client_loads_so_much() {
    let public = Public::new();
    let few = serve_with(&public, &DataConfig { per_client_per_minute: 2, ..DataConfig::default() });
    for _ in 0..2 {
        assert_eq!(ask(&few, Request::get(url("latest.json"))).await.0, StatusCode::OK);
    }
    let (status, headers, _) = ask(&few, Request::get(url("latest.json"))).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(headers.contains_key(header::RETRY_AFTER) && headers.contains_key("ratelimit"), "{headers:?}");

    let config = DataConfig { max_downloads: 2, max_downloads_per_client: 1, ..DataConfig::default() };
    let narrow = serve_with(&public, &config);
    let get = || Request::get(url(&public.shared));
    let first = send(&narrow, get(), 1).await;
    assert_eq!(first.status(), StatusCode::OK);
    let refused = send(&narrow, get(), 1).await;
    assert_eq!((refused.status(), &refused.headers()[header::RETRY_AFTER]), (StatusCode::TOO_MANY_REQUESTS, &2.into()));
    // What touches no disk needs no place.
    assert_eq!(send(&narrow, Request::head(url(&public.shared)), 1).await.status(), StatusCode::OK);
    assert_eq!(send(&narrow, Request::get(url("latest.json")), 1).await.status(), StatusCode::OK);
    let second = send(&narrow, get(), 2).await;
    assert_eq!(second.status(), StatusCode::OK);
    assert_eq!(send(&narrow, get(), 3).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(to_bytes(first.into_body(), 1 << 20).await.unwrap(), public.bytes);
    drop(second);
    assert_eq!(send(&narrow, get(), 1).await.status(), StatusCode::OK);
}

/// Aim: before anything is published, the pages say so.
#[tokio::test]
async fn before_the_first_release_there_is_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    let shelf = CurrentShelf::default();
    let proxies = Arc::new(TrustedProxies::parse([]).unwrap());
    let data = Data::new(shelf, dir.path().to_owned(), proxies, &DataConfig::default());
    for path in ["latest.json", "index.json"] {
        let (status, _, problem) = ask(&data, Request::get(url(path))).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(String::from_utf8_lossy(&problem).contains("no-cut"), "{problem:?}");
    }
}
