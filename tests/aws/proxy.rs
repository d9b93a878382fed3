//! The proxy between the SDK and the emulators: it routes by service, counts, and makes calls go wrong as told.

use std::collections::VecDeque;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, TRANSFER_ENCODING};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::call::Call;
use super::fault::{Fault, Rule, echo, error, failed, passing, throttled};
use super::hidden::Hidden;
use super::ledger::{Ledger, WITNESS};
use super::tokens::{Answer, Tokens};

/// Where the calls go.
#[derive(Debug, Clone, Copy)]
pub struct Upstream {
    pub moto: u16,
    pub ministack: u16,
}

impl Upstream {
    /// moto has no parameter groups, users and deletes of ElastiCache, and no add-ons, access entries and pod identities of EKS; ministack
    /// has. Everything else is moto's.
    fn port(self, call: &Call) -> u16 {
        if call.service == "elasticache" || call.is_of_cluster_part() { self.ministack } else { self.moto }
    }
}

/// Answering with this breaks the connection.
type Broken = std::io::Error;

fn broken() -> Broken {
    Broken::other("the connection breaks, as told")
}

#[derive(Default)]
struct Told {
    rules: Vec<Rule>,
    ledger: Ledger,
    tokens: Tokens,
    hidden: Hidden,
    /// Calls that are held and that nobody has been told of yet.
    held: VecDeque<Call>,
    /// Calls that are with an emulator right now.
    upstream: usize,
}

struct Shared {
    told: Mutex<Told>,
    changed: Condvar,
    /// Counts how often the proxy was healed.
    healed: watch::Sender<u64>,
    client: Client<HttpConnector, Full<Bytes>>,
    to: Upstream,
}

pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Proxy {
    pub fn start(to: Upstream) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let shared = runtime.block_on(async {
            let client = Client::builder(TokioExecutor::new()).build_http();
            Arc::new(Shared { told: Mutex::default(), changed: Condvar::new(), healed: watch::Sender::new(0), client, to })
        });
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).expect("a free port on loopback");
        let address = listener.local_addr().expect("the address of a bound socket");
        runtime.spawn(accept(listener, shared.clone()));
        Self { shared, address, runtime: Some(runtime) }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn inject(&self, rule: Rule) {
        self.told().rules.push(rule);
    }

    /// No more faults; calls that wait at a gate go on.
    pub fn heal(&self) {
        self.told().rules.clear();
        self.shared.healed.send_modify(|times| *times += 1);
    }

    /// For an account that is emptied.
    pub fn forget_tokens(&self) {
        self.told().tokens = Tokens::default();
    }

    pub fn ledger(&self) -> Ledger {
        self.told().ledger.clone()
    }

    /// Starts a new ledger, and gives the old one.
    pub fn take_ledger(&self) -> Ledger {
        std::mem::take(&mut self.told().ledger)
    }

    /// How many ids were hidden so far.
    pub fn hidden(&self) -> usize {
        self.told().hidden.ever()
    }

    /// Waits until a call is held; none when that takes longer.
    pub fn wait_held(&self, timeout: Duration) -> Option<Call> {
        self.wait(timeout, |told| told.held.pop_front())
    }

    /// Waits until no call is with an emulator: what a killed program sent has then taken effect or never will.
    pub fn settle(&self) {
        self.wait(Duration::from_secs(60), |told| (told.upstream == 0).then_some(())).expect("the emulators answer within a minute");
    }

    fn wait<T>(&self, timeout: Duration, mut ready: impl FnMut(&mut Told) -> Option<T>) -> Option<T> {
        let end = Instant::now() + timeout;
        let mut told = self.told();
        loop {
            if let Some(found) = ready(&mut told) {
                return Some(found);
            }
            let left = end.checked_duration_since(Instant::now())?;
            told = self.shared.changed.wait_timeout(told, left).expect("no panic under the lock").0;
        }
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.shared.told.lock().expect("no panic under the lock")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Held calls never end by themselves.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| handle(shared.clone(), request));
            // A connection that breaks is what some faults are for.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Broken> {
    let call = match Call::read(request).await {
        Ok(call) => call,
        Err(problem) => {
            let response = Response::builder().status(StatusCode::FORBIDDEN);
            return Ok(response.body(Full::new(Bytes::from(problem))).expect("a well-formed response"));
        }
    };
    let (number, fault) = {
        let mut told = shared.told.lock().expect("no panic under the lock");
        let witness = call.caller == WITNESS;
        let fault = if witness { None } else { told.rules.iter_mut().find_map(|rule| rule.take(&call)) };
        let number = told.ledger.enter(&call);
        told.ledger.entry(number).disturbed = fault.is_some();
        (number, fault)
    };
    let response = answer(&shared, &call, number, fault).await?;
    let mut told = shared.told.lock().expect("no panic under the lock");
    told.ledger.entry(number).status = Some(response.status().as_u16());
    Ok(response)
}

/// Answers a call, with the fault where there is one.
async fn answer(shared: &Arc<Shared>, call: &Call, number: usize, fault: Option<Fault>) -> Result<Response<Full<Bytes>>, Broken> {
    match fault {
        None => Ok(forward(shared, call, number).await),
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            Ok(forward(shared, call, number).await)
        }
        Some(Fault::Throttle) => Ok(throttled(call)),
        Some(Fault::ServerError) => Ok(failed(call)),
        Some(Fault::Refuse { status, code, message }) => Ok(error(call, status, code, message)),
        Some(Fault::Passing(classes)) => Ok(passing(call, classes)),
        Some(Fault::Echo) => Ok(echo(call)),
        Some(Fault::Reset) => Err(broken()),
        Some(Fault::LoseResponse) => {
            forward(shared, call, number).await;
            Err(broken())
        }
        Some(Fault::ErrorAfterSuccess) => {
            forward(shared, call, number).await;
            Ok(failed(call))
        }
        Some(Fault::HoldBefore) => {
            hold(shared, call);
            pending().await
        }
        Some(Fault::Gate) => {
            let mut healed = shared.healed.subscribe();
            hold(shared, call);
            // The proxy lives as long as its gate.
            let _ = healed.changed().await;
            Ok(forward(shared, call, number).await)
        }
        Some(Fault::Hide(time)) => {
            let response = forward(shared, call, number).await;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.expect("an answer that is whole").to_bytes();
            shared.told.lock().expect("no panic under the lock").hidden.hide(&body, time);
            Ok(Response::from_parts(parts, Full::new(body)))
        }
        Some(Fault::HoldAfter) => {
            forward(shared, call, number).await;
            hold(shared, call);
            pending().await
        }
    }
}

fn hold(shared: &Shared, call: &Call) {
    shared.told.lock().expect("no panic under the lock").held.push_back(call.clone());
    shared.changed.notify_all();
}

/// Counts a call that is with an emulator, also when its caller goes away meanwhile.
struct InFlight(Arc<Shared>);

impl InFlight {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.told.lock().expect("no panic under the lock").upstream += 1;
        Self(shared.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.told.lock().expect("no panic under the lock").upstream -= 1;
        self.0.changed.notify_all();
    }
}

/// Passes the call on to its emulator. Once begun it ends, whether or not the caller still waits for it, as it would in AWS.
async fn forward(shared: &Arc<Shared>, call: &Call, number: usize) -> Response<Full<Bytes>> {
    let flight = InFlight::new(shared);
    let (shared, call) = (shared.clone(), call.clone());
    let task = tokio::spawn(async move {
        let response = emulate(&shared, &call, number).await;
        drop(flight);
        response
    });
    task.await.expect("the proxy does not panic")
}

async fn emulate(shared: &Shared, call: &Call, number: usize) -> Response<Full<Bytes>> {
    let seen = shared.told.lock().expect("no panic under the lock").hidden.seen(call);
    let body = match seen {
        Ok(body) => body,
        Err(code) => return error(call, 400, code, "The ID does not exist"),
    };
    if let Some(earlier) = shared.told.lock().expect("no panic under the lock").tokens.earlier(call) {
        return reply(earlier, &HeaderMap::new());
    }
    let mut request = Request::builder().method(call.method.clone()).uri(format!(
        "http://127.0.0.1:{}{}",
        shared.to.port(call),
        call.uri.path_and_query().map_or("/", |p| p.as_str())
    ));
    for (name, value) in &call.headers {
        if ![CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(name) {
            request = request.header(name, value);
        }
    }
    let request = request.body(Full::new(body)).expect("a request made of a request");
    let response = shared.client.request(request).await.unwrap_or_else(|e| panic!("the emulator for {} is gone: {e}", call.service));
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("the emulator's whole answer").to_bytes();
    let content_type = parts.headers.get(CONTENT_TYPE).and_then(|t| t.to_str().ok()).unwrap_or("text/xml").to_owned();
    let answer = Answer { status: parts.status, content_type, body };

    let mut told = shared.told.lock().expect("no panic under the lock");
    let entry = told.ledger.entry(number);
    if !answer.status.is_success() {
        entry.said = String::from_utf8_lossy(&answer.body).chars().filter(|c| !c.is_control()).take(400).collect();
        entry.known = !answer.content_type.starts_with("text/html");
    }
    if !entry.known {
        // An emulator without the operation answers a web page, which the SDK would take for a fault to try again.
        return error(call, 400, "UnsupportedOperation", "the emulator does not do this operation");
    }
    told.tokens.remember(call, &answer);
    let mut headers = parts.headers;
    for name in [CONNECTION, CONTENT_TYPE, TRANSFER_ENCODING] {
        headers.remove(name);
    }
    if call.method != Method::HEAD {
        // The answer to a HEAD has no body, and keeps the length of the one it stands for.
        headers.remove(CONTENT_LENGTH);
    }
    reply(answer, &headers)
}

fn reply(answer: Answer, headers: &HeaderMap) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(answer.status).header(CONTENT_TYPE, answer.content_type);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Full::new(answer.body)).expect("a well-formed response")
}
