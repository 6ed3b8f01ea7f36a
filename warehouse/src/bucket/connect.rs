//! The way to an S3-compatible store: [`object_store`] signs and retries, the requests go through the HTTP client that the
//! agents use, too. `object_store`'s own would bring HTTP/2 into every program that is built beside this one.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::BodyExt as _;
use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::client::{
    ClientOptions, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody,
    HttpService,
};
use object_store::{BackoffConfig, ObjectStore, RetryConfig};

use super::BucketFault;
use super::credentials::Credentials;
use crate::config::BucketConfig;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest silence of the store while it answers.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// Longest time for one request: a part of a file over a slow line.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(600);

/// How often a request is tried again, and how long in all.
const RETRIES: usize = 6;
const RETRY_TIME: Duration = Duration::from_secs(180);

/// Opens the bucket. Nothing is asked of it yet.
///
/// # Errors
/// [`BucketFault`] if the credentials are not there, or a value cannot be used.
pub(super) fn open(config: &BucketConfig) -> Result<Arc<dyn ObjectStore>, BucketFault> {
    let credentials = Credentials::find(config)?;
    let conditional = if config.conditional { S3ConditionalPut::ETagMatch } else { S3ConditionalPut::Disabled };
    let mut builder = AmazonS3Builder::new()
        .with_endpoint(config.endpoint.trim_end_matches('/'))
        .with_bucket_name(&config.name)
        .with_region(&config.region)
        .with_virtual_hosted_style_request(!config.path_style)
        .with_allow_http(config.endpoint.starts_with("http://"))
        .with_conditional_put(conditional)
        .with_retry(RetryConfig { backoff: BackoffConfig::default(), max_retries: RETRIES, retry_timeout: RETRY_TIME })
        .with_http_connector(Connector)
        .with_access_key_id(credentials.key_id)
        .with_secret_access_key(credentials.secret);
    if let Some(token) = credentials.token {
        builder = builder.with_token(token);
    }
    Ok(Arc::new(builder.build().map_err(BucketFault::Unusable)?))
}

#[derive(Debug)]
struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        // The second client of a process finds the provider installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .user_agent(concat!("bufferlake-warehouse/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|fault| object_store::Error::Generic { store: "S3", source: Box::new(fault) })?;
        Ok(HttpClient::new(Service(client)))
    }
}

#[derive(Debug)]
struct Service(reqwest::Client);

#[async_trait]
impl HttpService for Service {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let url = parts.uri.to_string().parse::<reqwest::Url>();
        let url = url.map_err(|fault| HttpError::new(HttpErrorKind::Unknown, fault))?;
        let mut asked = reqwest::Request::new(parts.method, url);
        *asked.headers_mut() = parts.headers;
        *asked.body_mut() = Some(reqwest::Body::wrap(body));
        let answer: axum::http::Response<reqwest::Body> = self.0.execute(asked).await.map_err(failed)?.into();
        let (parts, body) = answer.into_parts();
        Ok(HttpResponse::from_parts(parts, HttpResponseBody::new(body.map_err(failed))))
    }
}

/// What kind of failure it was: by that it is tried again or not.
fn failed(fault: reqwest::Error) -> HttpError {
    let kind = if fault.is_timeout() {
        HttpErrorKind::Timeout
    } else if fault.is_connect() {
        HttpErrorKind::Connect
    } else if fault.is_decode() {
        HttpErrorKind::Decode
    } else if fault.is_request() || fault.is_body() {
        HttpErrorKind::Interrupted
    } else {
        HttpErrorKind::Unknown
    };
    // The URL is in the message of whoever asked.
    HttpError::new(kind, fault.without_url())
}
