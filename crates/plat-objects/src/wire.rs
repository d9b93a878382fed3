//! How `object_store` reaches its clouds: over the HTTP client that the rest of plat uses. It also notes what was answered, which the crate's
//! own errors tell in prose alone.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest as SmithyRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use http_body_util::BodyExt as _;
use object_store::ClientOptions;
use object_store::client::{HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService};

use crate::answer::Answer;

tokio::task_local! {
    /// The last answer that was no success, or the last failure to get one, in this call.
    static NOTED: RefCell<Option<Answer>>;
}

/// Carries out a call, and gives what was noted in it.
pub async fn noting<T>(call: impl Future<Output = T>) -> (T, Option<Answer>) {
    NOTED
        .scope(RefCell::new(None), async {
            let outcome = call.await;
            (outcome, NOTED.with(|noted| noted.borrow_mut().take()))
        })
        .await
}

fn note(answer: Answer) {
    // Outside of a call there is nobody to tell.
    let _ = NOTED.try_with(|noted| *noted.borrow_mut() = Some(answer));
}

/// The one HTTP client, for every purpose that `object_store` has for one.
#[derive(Clone)]
pub struct Wire {
    connector: Arc<Connector>,
}

impl Wire {
    pub fn new(connector: Connector) -> Self {
        Self { connector: Arc::new(connector) }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl HttpConnector for Wire {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Wire {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let failed = |kind, text: String| {
            note(Answer::lost(&host, &text));
            HttpError::new(kind, std::io::Error::other(text))
        };
        if request.uri().scheme_str() != Some("https") && !may_be_plain(&host) {
            note(Answer::refused(format!("`http://{host}` is not encrypted on its way; only https is used")));
            return Err(HttpError::new(HttpErrorKind::Unknown, std::io::Error::other("not https")));
        }
        let request = translated(request).await.map_err(|text| failed(HttpErrorKind::Unknown, text))?;
        let response = self.connector.call(request).await.map_err(|error| failed(HttpErrorKind::Unknown, chain(&error)))?;
        let status = response.status().as_u16();
        let mut answer = http::Response::builder().status(status);
        for (name, value) in response.headers() {
            answer = answer.header(name, value);
        }
        let body = ByteStream::new(response.into_body()).collect().await;
        let body = body.map_err(|error| failed(HttpErrorKind::Interrupted, chain(&error)))?.into_bytes();
        if !(200..300).contains(&status) {
            note(Answer::of(&host, status, &String::from_utf8_lossy(&body)));
        }
        answer.body(HttpResponseBody::from(body)).map_err(|error| failed(HttpErrorKind::Decode, error.to_string()))
    }
}

/// This machine, and where a cloud's machines ask who they are: neither speaks https.
fn may_be_plain(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    address.is_ok_and(|address| address.is_loopback()) || ["localhost", "metadata.google.internal", "169.254.169.254"].contains(&host)
}

async fn translated(request: HttpRequest) -> Result<SmithyRequest, String> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    let mut request = SmithyRequest::new(SdkBody::from(body.to_vec()));
    request.set_method(parts.method.as_str()).map_err(|error| error.to_string())?;
    request.set_uri(parts.uri.to_string()).map_err(|error| error.to_string())?;
    for (name, value) in &parts.headers {
        let value = value.to_str().map_err(|error| error.to_string())?;
        request.headers_mut().try_append(name.as_str().to_owned(), value.to_owned()).map_err(|error| error.to_string())?;
    }
    Ok(request)
}

/// An error and what caused it.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::may_be_plain;

    #[test]
    fn only_this_machine_and_a_clouds_own_are_asked_in_the_clear() {
        for host in ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "metadata.google.internal"] {
            assert!(may_be_plain(host), "{host}");
        }
        for host in ["storage.googleapis.com", "10.0.0.1", "localhost.example.com", ""] {
            assert!(!may_be_plain(host), "{host}");
        }
    }
}
