//! `GET /api/sponsor`: who runs this server, for pages of the old system to show.

use axum::Router;
use axum::http::header;
use axum::routing::get;
use serde_json::json;

use crate::config::SponsorConfig;

/// How long a page may show what it has read: a change of the configuration arrives within 5 minutes.
const CACHE_CONTROL: &str = "public, max-age=300";

/// The route; what is not configured is null.
pub fn router(config: &SponsorConfig) -> Router {
    let SponsorConfig { name, url, city } = config;
    let body = json!({ "sponsor_name": name, "sponsor_url": url, "sponsor_city": city }).to_string();
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, CACHE_CONTROL),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    Router::new().route("/api/sponsor", get(move || async move { (headers, body) }))
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;

    /// Aim: what is configured is told under the names that pages read, and the rest is null.
    #[tokio::test]
    async fn the_sponsor_is_told() {
        let config = SponsorConfig { name: Some("Example ISP".to_owned()), ..SponsorConfig::default() };
        let request = Request::get("/api/sponsor").body(Body::empty()).unwrap();
        let response = router(&config).oneshot(request).await.unwrap();
        assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        let body = to_bytes(response.into_body(), 1 << 10).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body, json!({ "sponsor_name": "Example ISP", "sponsor_url": null, "sponsor_city": null }));
    }
}
