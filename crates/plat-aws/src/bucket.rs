//! A bucket of S3, or of what speaks like it, for states to be kept in: four calls, the conditional write among them.
//!
//! Spoken to over the SDK's own HTTP client and signer; four calls do not need the whole of S3's SDK.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use plat::state::objects::{Condition, Object, ObjectError, Objects, Version};
use tokio::sync::Mutex;

use crate::https;

/// A call that takes longer is in doubt.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Credentials that end sooner than this are asked for again.
const MARGIN: Duration = Duration::from_secs(300);
/// How long credentials that do not say when they end are used.
const KEEP: Duration = Duration::from_secs(900);

/// Objects under a prefix of a bucket.
pub struct Bucket {
    name: String,
    prefix: String,
    region: String,
    /// `https://bucket.s3.eu-central-1.amazonaws.com`, or an endpoint and the bucket behind it.
    base: String,
    read_only: bool,
    provider: Option<SharedCredentialsProvider>,
    credentials: Mutex<Option<(Credentials, SystemTime)>>,
    http: Connector,
}

impl Bucket {
    /// The bucket `name` in the region of `config`. `prefix` may be empty; `read_only` refuses every write.
    pub fn new(config: &SdkConfig, name: &str, prefix: &str, read_only: bool) -> Self {
        let region = config.region().map_or("us-east-1", |region| region.as_ref()).to_owned();
        let base = match config.endpoint_url() {
            Some(endpoint) => format!("{}/{name}", endpoint.trim_end_matches('/')),
            // No certificate covers a name with dots in front of S3's own.
            None if name.contains('.') => format!("https://s3.{region}.{}/{name}", domain(&region)),
            None => format!("https://{name}.s3.{region}.{}", domain(&region)),
        };
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let provider = config.credentials_provider();
        Self { name: name.to_owned(), prefix, region, base, read_only, provider, credentials: Mutex::new(None), http: https::connector() }
    }

    async fn credentials(&self) -> Result<Credentials, ObjectError> {
        let mut known = self.credentials.lock().await;
        let now = SystemTime::now();
        if let Some((credentials, _)) = known.as_ref().filter(|(_, until)| *until > now) {
            return Ok(credentials.clone());
        }
        let missing = || ObjectError::Refused("there are no AWS credentials; log in, or set `AWS_PROFILE`".to_owned());
        let provider = self.provider.as_ref().ok_or_else(missing)?;
        let found = provider.provide_credentials().await;
        let credentials = found.map_err(|error| ObjectError::Refused(format!("no AWS credentials: {}", chain(&error))))?;
        let until = credentials.expiry().map_or(now + KEEP, |expiry| expiry.checked_sub(MARGIN).unwrap_or(now));
        *known = Some((credentials.clone(), until));
        Ok(credentials)
    }

    /// One call, signed. `target`: the path and query after the bucket.
    async fn call(&self, method: &str, target: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<Answer, ObjectError> {
        if self.read_only && method != "GET" {
            return Err(ObjectError::Refused("this command only reads".to_owned()));
        }
        let uri = format!("{}{target}", self.base);
        let credentials = self.credentials().await?;
        let request = self.signed(method, &uri, headers, body, credentials).map_err(|error| ObjectError::Refused(chain(&*error)))?;
        let answer = async {
            let response = self.http.call(request).await.map_err(|error| ObjectError::InDoubt(chain(&error)))?;
            Answer::read(response).await
        };
        match tokio::time::timeout(TIMEOUT, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(ObjectError::InDoubt(format!("no answer within {} s", TIMEOUT.as_secs()))),
        }
    }

    fn signed(
        &self,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
        credentials: Credentials,
    ) -> Result<HttpRequest, Box<dyn std::error::Error + Send + Sync>> {
        let mut settings = SigningSettings::default();
        // S3's own ways: a path is encoded once, and what looks like `..` in it is a name.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let identity = credentials.into();
        let params = v4::SigningParams::builder().identity(&identity).region(&self.region).name("s3").time(SystemTime::now());
        let params = params.settings(settings).build()?.into();
        let signable = SignableRequest::new(method, uri, headers.iter().copied(), SignableBody::Bytes(&body))?;
        let (instructions, _) = sign(signable, &params)?.into_parts();
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method(method)?;
        request.set_uri(uri)?;
        for (name, value) in headers.iter().copied().chain(instructions.headers()) {
            request.headers_mut().try_insert(name.to_owned(), value.to_owned())?;
        }
        Ok(request)
    }

    fn target(&self, key: &str) -> String {
        format!("/{}", encoded(&format!("{}{key}", self.prefix), true))
    }
}

/// Where S3's endpoints of a region are.
fn domain(region: &str) -> &'static str {
    if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
}

/// Percent-encoded; slashes stay in a path, and not in a query.
fn encoded(text: &str, path: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (path && byte == b'/') {
            out.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            b'+' => b' ',
            plain => plain,
        });
    }
    String::from_utf8(out).ok()
}

/// An error and what caused it.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// What S3 said.
struct Answer {
    status: u16,
    etag: Option<String>,
    bucket_region: Option<String>,
    body: Vec<u8>,
}

impl Answer {
    async fn read(response: HttpResponse) -> Result<Self, ObjectError> {
        let header = |name: &str| response.headers().get(name).map(str::to_owned);
        let (status, etag, bucket_region) = (response.status().as_u16(), header("etag"), header("x-amz-bucket-region"));
        let body = ByteStream::new(response.into_body()).collect().await.map_err(|error| ObjectError::InDoubt(chain(&error)))?;
        Ok(Self { status, etag, bucket_region, body: body.to_vec() })
    }

    /// The answer, if S3 did what it was asked to.
    fn success(self, bucket: &Bucket) -> Result<Self, ObjectError> {
        let text = String::from_utf8_lossy(&self.body).into_owned();
        let (code, message) = (element(&text, "Code").unwrap_or(""), element(&text, "Message").unwrap_or(""));
        let said = format!("S3 answered {} {code}: {message}", self.status);
        match self.status {
            200..=299 => Ok(self),
            412 => Err(ObjectError::ConditionFailed),
            // The object of an `If-Match` is gone.
            404 if code == "NoSuchKey" => Err(ObjectError::ConditionFailed),
            // `ConditionalRequestConflict`: another write came in between; S3's documentation says to try again.
            409 | 429 | 500..=599 => Err(ObjectError::InDoubt(said)),
            400 if code == "RequestTimeout" => Err(ObjectError::InDoubt(said)),
            301 | 307 | 400 if self.bucket_region.as_ref().is_some_and(|region| *region != bucket.region) => {
                let region = self.bucket_region.unwrap_or_default();
                Err(ObjectError::Refused(format!("the bucket is in `{region}`, not in `{}`", bucket.region)))
            }
            404 if code == "NoSuchBucket" => Err(ObjectError::Refused(format!("there is no bucket `{}`; create it first", bucket.name))),
            _ => Err(ObjectError::Refused(said)),
        }
    }

    fn version(self) -> Result<(Version, Vec<u8>), ObjectError> {
        let etag = self.etag.ok_or_else(|| ObjectError::InDoubt("S3 gave no ETag".to_owned()))?;
        Ok((etag, self.body))
    }
}

/// The text of the first element called `name`.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}

#[async_trait]
impl Objects for Bucket {
    fn location(&self) -> String {
        format!("s3://{}/{}", self.name, self.prefix).trim_end_matches('/').to_owned()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, ObjectError> {
        let answer = self.call("GET", &self.target(key), &[], Vec::new()).await?;
        match answer.success(self) {
            Ok(answer) => answer.version().map(|(version, bytes)| Some(Object { bytes, version })),
            Err(ObjectError::ConditionFailed) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, condition: Condition<'_>) -> Result<Version, ObjectError> {
        let condition = match condition {
            Condition::Absent => ("if-none-match", "*"),
            Condition::Unchanged(version) => ("if-match", version),
        };
        let answer = self.call("PUT", &self.target(key), &[condition], bytes).await?;
        answer.success(self)?.version().map(|(version, _)| version)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, u64)>, ObjectError> {
        let strange = || ObjectError::Refused("S3 gave a list that cannot be read".to_owned());
        let whole = encoded(&format!("{}{prefix}", self.prefix), false);
        let mut found = Vec::new();
        let mut token = String::new();
        loop {
            // The parameters in alphabetical order, as the signature wants them.
            let target = format!("/?{token}encoding-type=url&list-type=2&prefix={whole}");
            let body = self.call("GET", &target, &[], Vec::new()).await?.success(self)?.body;
            let xml = String::from_utf8(body).map_err(|_| strange())?;
            for contents in xml.split("<Contents>").skip(1) {
                let key = element(contents, "Key").and_then(decoded).ok_or_else(strange)?;
                let size = element(contents, "Size").and_then(|size| size.parse().ok()).ok_or_else(strange)?;
                found.push((key.strip_prefix(&self.prefix).ok_or_else(strange)?.to_owned(), size));
            }
            match element(&xml, "NextContinuationToken") {
                Some(next) => token = format!("continuation-token={}&", encoded(next, false)),
                None => return Ok(found),
            }
        }
    }

    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        let answer = self.call("DELETE", &self.target(key), &[], Vec::new()).await?;
        match answer.success(self) {
            Ok(_) | Err(ObjectError::ConditionFailed) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(name: &str, endpoint: Option<&str>) -> Bucket {
        let mut config = SdkConfig::builder().region(aws_config::Region::new("eu-central-1"));
        config.set_endpoint_url(endpoint.map(str::to_owned));
        let keys = Credentials::new("AKIDEXAMPLE", "secret", Some("token".to_owned()), None, "test");
        let config = config.credentials_provider(SharedCredentialsProvider::new(keys)).build();
        Bucket::new(&config, name, "/states/", false)
    }

    #[test]
    fn a_bucket_is_where_its_name_says() {
        assert_eq!(bucket("b", None).base, "https://b.s3.eu-central-1.amazonaws.com");
        assert_eq!(bucket("b.c", None).base, "https://s3.eu-central-1.amazonaws.com/b.c");
        assert_eq!(bucket("b", Some("http://127.0.0.1:9000/")).base, "http://127.0.0.1:9000/b");
        assert_eq!(bucket("b", None).location(), "s3://b/states");
        assert_eq!(bucket("b", None).target("shop/%2E%2E/HEAD"), "/states/shop/%252E%252E/HEAD");
    }

    #[test]
    fn names_survive_their_encoding() {
        for text in ["a/b", "ü %+&", "%2E", ""] {
            assert_eq!(decoded(&encoded(text, true)).as_deref(), Some(text));
            assert_eq!(decoded(&encoded(text, false)).as_deref(), Some(text));
        }
        assert_eq!(decoded("%2"), None);
    }

    #[test]
    fn answers_mean_what_they_say() {
        let bucket = bucket("b", None);
        let answer = |status: u16, code: &str, region: Option<&str>| {
            let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>m</Message></Error>").into_bytes();
            Answer { status, etag: None, bucket_region: region.map(str::to_owned), body }.success(&bucket).err()
        };
        assert_eq!(answer(412, "PreconditionFailed", None), Some(ObjectError::ConditionFailed));
        assert_eq!(answer(404, "NoSuchKey", None), Some(ObjectError::ConditionFailed));
        assert!(matches!(answer(409, "ConditionalRequestConflict", None), Some(ObjectError::InDoubt(_))));
        assert!(matches!(answer(503, "SlowDown", None), Some(ObjectError::InDoubt(_))));
        let refused = |error: Option<ObjectError>| error.map(|error| error.to_string());
        assert_eq!(refused(answer(404, "NoSuchBucket", None)).unwrap(), "there is no bucket `b`; create it first");
        assert_eq!(refused(answer(301, "", Some("us-west-2"))).unwrap(), "the bucket is in `us-west-2`, not in `eu-central-1`");
        assert_eq!(refused(answer(403, "AccessDenied", None)).unwrap(), "S3 answered 403 AccessDenied: m");
        assert_eq!(answer(204, "", None), None);
    }

    #[tokio::test]
    async fn a_bucket_that_is_only_read_is_never_written() {
        let bucket = Bucket { read_only: true, ..bucket("b", Some("http://127.0.0.1:1")) };
        let refused =
            |outcome: Result<(), ObjectError>| matches!(outcome, Err(ObjectError::Refused(why)) if why == "this command only reads");
        assert!(refused(bucket.put("HEAD", vec![], Condition::Absent).await.map(drop)));
        assert!(refused(bucket.delete("HEAD").await));
        // Nobody listens there.
        assert!(matches!(bucket.get("HEAD").await, Err(ObjectError::InDoubt(_))));
    }
}
