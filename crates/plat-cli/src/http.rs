//! Small questions over HTTP: one request, one JSON answer, nothing followed and nothing kept.

use std::path::PathBuf;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use zeroize::Zeroizing;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The largest answer, in bytes.
const LARGEST: usize = 1 << 20;

/// What is asked.
pub struct Question<'a> {
    pub method: &'a str,
    pub url: &'a str,
    pub headers: Vec<(&'a str, &'a str)>,
    pub body: Option<Zeroizing<String>>,
    /// Certificates in PEM to trust instead of the system's.
    pub authority: Option<&'a PathBuf>,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    /// Where a redirect leads.
    pub location: Option<String>,
    pub body: Zeroizing<Vec<u8>>,
}

/// Asks. The error says what went wrong on the way; it holds nothing of the answer.
pub async fn ask(question: Question<'_>) -> Result<Answer, String> {
    let mut request = Request::builder().method(question.method).uri(question.url);
    for (name, value) in &question.headers {
        let mut value =
            hyper::header::HeaderValue::from_str(value).map_err(|_| format!("the header `{name}` has a character that it cannot have"))?;
        value.set_sensitive(true);
        request = request.header(*name, value);
    }
    let body = Full::new(Bytes::from(question.body.as_ref().map(|text| text.as_bytes().to_vec()).unwrap_or_default()));
    let request = request.body(body).map_err(|_| format!("`{}` is not an address", question.url))?;
    let answer = tokio::time::timeout(PATIENCE, send(request, question.authority));
    answer.await.map_err(|_| format!("no answer in {} seconds", PATIENCE.as_secs()))?
}

async fn send(request: Request<Full<Bytes>>, authority: Option<&PathBuf>) -> Result<Answer, String> {
    let response = match request.uri().scheme_str() {
        Some("http") => Client::builder(TokioExecutor::new()).build(HttpConnector::new()).request(request).await,
        Some("https") => secure(authority)?.request(request).await,
        _ => return Err("its address begins with `http://` or `https://`".to_owned()),
    };
    let response = response.map_err(|error| reason(&error))?;
    let location = response.headers().get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let status = response.status().as_u16();
    let body =
        Limited::new(response.into_body(), LARGEST).collect().await.map_err(|_| "the answer broke off, or is too long".to_owned())?;
    Ok(Answer { status, location, body: Zeroizing::new(body.to_bytes().to_vec()) })
}

/// The innermost cause, which says most.
fn reason(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(feature = "tls")]
type Secure = hyper_rustls::HttpsConnector<HttpConnector>;
#[cfg(not(feature = "tls"))]
type Secure = HttpConnector;

#[cfg(feature = "tls")]
fn secure(authority: Option<&PathBuf>) -> Result<Client<Secure, Full<Bytes>>, String> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = hyper_rustls::HttpsConnectorBuilder::new();
    let connector = match authority {
        None => builder
            .with_provider_and_native_roots(provider)
            .map_err(|error| format!("the system's certificates cannot be read: {error}"))?
            .https_only()
            .enable_http1()
            .build(),
        Some(path) => {
            let unreadable = |error: String| format!("the certificates in `{}` cannot be read: {error}", path.display());
            let mut roots = rustls::RootCertStore::empty();
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))? {
                let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
                roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
            }
            let config = rustls::ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .map_err(|error| error.to_string())?
                .with_root_certificates(roots)
                .with_no_client_auth();
            builder.with_tls_config(config).https_only().enable_http1().build()
        }
    };
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}

#[cfg(not(feature = "tls"))]
fn secure(_: Option<&PathBuf>) -> Result<Client<Secure, Full<Bytes>>, String> {
    Err("this build of plat does not speak `https`; build it with the feature `tls`".to_owned())
}
