//! A store in memory that speaks the few calls of Google's and Azure's that a state needs, with their conditions, on a port of this machine.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Entries of one page of a list: several pages come soon.
const PAGE: usize = 2;
const DATE: &str = "Sat, 21 Nov 2026 18:00:00 GMT";

#[derive(Default)]
pub struct Store {
    /// By bucket and key; each write has a number of its own.
    objects: BTreeMap<(String, String), (Vec<u8>, u64)>,
    writes: u64,
    /// Conditions are taken for decoration, as some stores do that say they speak like the others.
    pub careless: bool,
    /// The next answers are this instead, after the call was carried out.
    pub lost: Vec<StatusCode>,
    /// What was asked: method and path.
    pub asked: Vec<String>,
}

pub struct Server {
    pub store: Arc<Mutex<Store>>,
    pub address: String,
}

type Answer = Response<Full<Bytes>>;

impl Server {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let store = Arc::<Mutex<Store>>::default();
        let shared = store.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let store = shared.clone();
                let service = service_fn(move |request| answer(store.clone(), request));
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { store, address }
    }
}

async fn answer(store: Arc<Mutex<Store>>, request: Request<Incoming>) -> Result<Answer, std::convert::Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let mut store = store.lock().unwrap();
    store.asked.push(format!("{} {}", parts.method, parts.uri.path()));
    let answer = store.answer(&parts, &body);
    if store.lost.is_empty() {
        return Ok(answer);
    }
    let status = store.lost.remove(0);
    Ok(said(status, "ServerBusy"))
}

fn said(status: StatusCode, code: &str) -> Answer {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>as the test wants it</Message></Error>");
    Response::builder().status(status).body(body.into()).unwrap()
}

fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        let mut hex = || char::from(bytes.next().unwrap()).to_digit(16).unwrap() as u8;
        out.push(if byte == b'%' { hex() << 4 | hex() } else { byte });
    }
    String::from_utf8(out).unwrap()
}

impl Store {
    /// Every key, in whatever bucket.
    pub fn keys(&self) -> Vec<String> {
        self.objects.keys().map(|(_, key)| key.clone()).collect()
    }

    /// True where a text is in any of the objects.
    pub fn holds(&self, text: &str) -> bool {
        self.objects.values().any(|(bytes, _)| String::from_utf8_lossy(bytes).contains(text))
    }

    fn answer(&mut self, parts: &http::request::Parts, body: &[u8]) -> Answer {
        let path = parts.uri.path().trim_start_matches('/');
        // Azure's emulated accounts stand before the container.
        let (azure, path) = path.strip_prefix("devstoreaccount1/").map_or((false, path), |rest| (true, rest));
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let (bucket, key) = (decoded(bucket), decoded(key));
        if bucket == "missing" {
            return said(StatusCode::NOT_FOUND, if azure { "ContainerNotFound" } else { "NoSuchBucket" });
        }
        if bucket == "forbidden" {
            return said(StatusCode::FORBIDDEN, "AccessDenied");
        }
        let id = (bucket, key);
        match (&parts.method, id.1.as_str()) {
            (&Method::GET, "") => self.list(&id.0, parts.uri.query().unwrap_or_default(), azure),
            (&Method::POST, _) => self.batch(&id.0, body),
            (&Method::GET, _) => match self.objects.get(&id) {
                Some((bytes, number)) => written(*number).body(bytes.clone().into()).unwrap(),
                None => said(StatusCode::NOT_FOUND, if azure { "BlobNotFound" } else { "NoSuchKey" }),
            },
            (&Method::PUT, _) => self.put(id, body, &parts.headers, azure),
            (&Method::DELETE, _) => match self.objects.remove(&id) {
                Some(_) => Response::builder().status(204).body(Full::default()).unwrap(),
                None => said(StatusCode::NOT_FOUND, "NoSuchKey"),
            },
            _ => said(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
        }
    }

    fn put(&mut self, id: (String, String), body: &[u8], headers: &http::HeaderMap, azure: bool) -> Answer {
        let there = self.objects.get(&id).map(|(_, number)| *number);
        let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        // Google: a generation, 0 for none. Azure: `If-None-Match: *`, or `If-Match` with an ETag.
        let holds = match (header("x-goog-if-generation-match"), header("if-none-match"), header("if-match")) {
            (Some(generation), None, None) if !azure => there.unwrap_or(0).to_string() == generation,
            (None, Some(_), None) if azure => there.is_none(),
            (None, None, Some(tag)) if azure => there.is_some_and(|number| e_tag(number) == tag),
            other => panic!("a write without a condition of its cloud: {other:?}"),
        };
        if !holds && !self.careless {
            return match azure && header("if-none-match").is_some() {
                true => said(StatusCode::CONFLICT, "BlobAlreadyExists"),
                false => said(StatusCode::PRECONDITION_FAILED, "PreconditionFailed"),
            };
        }
        self.writes += 1;
        self.objects.insert(id, (body.to_vec(), self.writes));
        written(self.writes).status(if azure { 201 } else { 200 }).body(Full::default()).unwrap()
    }

    fn list(&self, bucket: &str, query: &str, azure: bool) -> Answer {
        let given = |name: &str| query.split('&').find_map(|part| part.strip_prefix(&format!("{name}="))).map(decoded);
        let prefix = given("prefix").unwrap_or_default();
        let after = given(if azure { "marker" } else { "continuation-token" }).unwrap_or_default();
        let found = self.objects.iter().filter(|((of, key), _)| of == bucket && key.starts_with(&prefix) && **key > *after);
        let found: Vec<(&String, usize)> = found.map(|((_, key), (bytes, _))| (key, bytes.len())).collect();
        let (page, rest) = found.split_at(found.len().min(PAGE));
        let next = rest.first().and(page.last()).map_or("", |(key, _)| key.as_str());
        let body = if azure {
            let blob = |(key, size): &(&String, usize)| {
                let properties = format!("<Last-Modified>{DATE}</Last-Modified><Etag>1</Etag><Content-Length>{size}</Content-Length>");
                format!("<Blob><Name>{key}</Name><Properties>{properties}<Content-Type>x</Content-Type></Properties></Blob>")
            };
            let blobs: String = page.iter().map(blob).collect();
            format!("<EnumerationResults><Blobs>{blobs}</Blobs><NextMarker>{next}</NextMarker></EnumerationResults>")
        } else {
            let entry = |(key, size): &(&String, usize)| {
                let rest = "<LastModified>2026-11-21T18:00:00.000Z</LastModified><ETag>1</ETag>";
                format!("<Contents><Key>{key}</Key><Size>{size}</Size>{rest}</Contents>")
            };
            let entries: String = page.iter().map(entry).collect();
            let next = if next.is_empty() { String::new() } else { format!("<NextContinuationToken>{next}</NextContinuationToken>") };
            format!("<ListBucketResult>{entries}{next}</ListBucketResult>")
        };
        Response::new(body.into())
    }

    /// Azure's way to delete: requests inside of a request.
    fn batch(&mut self, bucket: &str, body: &[u8]) -> Answer {
        let text = String::from_utf8_lossy(body).into_owned();
        let mut parts = String::new();
        for (number, line) in text.lines().filter(|line| line.starts_with("DELETE ")).enumerate() {
            let path = line.split(' ').nth(1).unwrap();
            let key = decoded(path.split_once(&format!("/{bucket}/")).unwrap().1);
            let status = if self.objects.remove(&(bucket.to_owned(), key)).is_some() { "202 Accepted" } else { "404 Not Found" };
            let head = format!("--b\r\nContent-Type: application/http\r\nContent-ID: {number}\r\n\r\n");
            parts.push_str(&format!("{head}HTTP/1.1 {status}\r\nx-ms-request-id: 1\r\n\r\n\r\n"));
        }
        let answer = Response::builder().status(202).header("content-type", "multipart/mixed; boundary=b");
        answer.body(format!("{parts}--b--\r\n").into()).unwrap()
    }
}

fn e_tag(number: u64) -> String {
    format!("\"0x{number}\"")
}

fn written(number: u64) -> http::response::Builder {
    let answer = Response::builder().header("etag", e_tag(number)).header("last-modified", DATE);
    answer.header("x-goog-generation", number.to_string())
}
