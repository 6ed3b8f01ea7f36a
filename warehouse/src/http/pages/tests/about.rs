//! The pages about the site itself: data, methodology, reference, status, privacy.

use super::*;
use crate::cut::tests::{bound, house, published};
use crate::http::v1::nouns::NOUNS;

/// Aim: the reference tells of every path, parameter and file.
#[tokio::test]
async fn the_reference_is_whole() {
    let page = read(&site(), "/api/docs").await;
    for noun in NOUNS {
        assert!(page.contains(&format!("GET {}", noun.path)), "{}", noun.path);
        assert!(
            noun.parameters.iter().all(|one| page.contains(&format!("<code>{}</code>", one.name))),
            "{}",
            noun.path
        );
    }
    assert!(page.contains("/data/v1/latest.json") && page.contains("href=\"/api/v1/asn/64501/trend\""), "{page}");
}

/// Aim: the documents of the repository stand there, with the numbers of the cut beside them.
#[tokio::test]
async fn documents_are_told_with_the_cut_s_own_numbers() {
    let page = read(&site(), "/methodology").await;
    for part in ["100 votes on 3 days", "Worked example", "below 30 ms", "<code>dslreports</code>, the usual rule"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let page = read(&site(), "/privacy").await;
    assert!(page.contains("id=\"what-a-release-tells\"") && page.contains("no cookie"), "{page}");
    let page = read(&site(), "/status").await;
    assert!(page.contains("22 November 2026") && page.contains("Network unknown"), "{page}");
    assert!(!page.contains("provider</"), "no agent is named");
}

/// Aim: the page of the data describes the release for machines as the release does, lists what the shelf has, and changes when
/// the list does, not only with the cut.
#[tokio::test]
async fn releases_are_listed() {
    let house = house();
    let (published, cut) = published(&house, &bound());
    let document = cut.document.clone();
    let proxies = Arc::new(TrustedProxies::parse([]).unwrap());
    let shelf = CurrentShelf::default();
    let config = PagesConfig { url: Some("https://bufferlake.example/".to_owned()) };
    let cut = CurrentCut::new(arc_swap::ArcSwapOption::from_pointee(cut));
    let site = Pages::new(cut, Arc::clone(&shelf), proxies, &config, 100_000);
    let before = ask(&site, Request::get("/data")).await.1[header::ETAG].clone();
    crate::shelf::restock(&shelf, &house.dir.public());
    assert_ne!(ask(&site, Request::get("/data")).await.1[header::ETAG], before);
    let page = read(&site, "/data").await;
    for part in [
        format!("/data/v1/releases/{}/manifest.json\">{}</a>", published.id, published.id),
        format!("read_json(&#39;https://bufferlake.example/data/v1/releases/{}/manifest.json&#39;)", published.id),
        format!("release {}. https://bufferlake.example/data (CC-BY-4.0)", published.id),
        shelf.borrow().latest().unwrap().sha256.to_string(),
    ] {
        assert!(page.contains(&part), "{part}: {page}");
    }
    let (_, json) = page.split_once("<script type=\"application/ld+json\">").unwrap();
    let about: serde_json::Value = serde_json::from_str(json.split_once("</script>").unwrap().0).unwrap();
    let described = crate::export::Described::new(&document, Some("https://bufferlake.example/data/v1")).unwrap();
    assert_eq!(about, described.croissant());
}
