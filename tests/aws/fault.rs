//! What can go wrong with a call, and which calls it goes wrong with.

use std::collections::BTreeSet;
use std::time::Duration;

use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use plat_aws::retry::{Class, Row};

use super::call::{Call, Protocol, form};
use crate::cli::canaries::base64;

#[derive(Debug, Clone)]
pub enum Fault {
    /// Too many requests, in the service's own words.
    Throttle,
    /// The service's own failure; the call did not take effect.
    ServerError,
    /// A definite refusal with this code.
    Refuse { status: u16, code: &'static str, message: &'static str },
    /// A definite refusal that passes: the first row of the retry table that has one of these classes and fits the call.
    Passing(&'static [Class]),
    /// A definite refusal that repeats the request: plain, as it was sent, in base64 and in hex.
    Echo,
    /// The connection breaks before the call takes effect.
    Reset,
    /// The call takes effect, and its answer never arrives: the connection breaks.
    LoseResponse,
    /// The call takes effect, and the service says it failed.
    ErrorAfterSuccess,
    /// The answer comes this much later.
    Delay(Duration),
    /// No answer ever, and no effect; the test is told.
    HoldBefore,
    /// The call takes effect, no answer ever; the test is told.
    HoldAfter,
    /// The call waits until the test heals the proxy; the test is told.
    Gate,
    /// The call takes effect, and what it made is not found by its id for this long.
    Hide(Duration),
}

/// Which calls a fault happens to. Calls of the witness are never counted.
#[derive(Debug, Clone)]
pub struct Rule {
    fault: Fault,
    operation: Option<String>,
    service: Option<String>,
    only_mutating: bool,
    /// Matching calls that pass before the first fault.
    skip: usize,
    /// How many calls it happens to.
    times: usize,
    /// Of the matching calls, this many in a hundred; chosen by a generator with a fixed seed.
    percent: u64,
    random: u64,
    /// When set, only the first call of those with the same operation and content.
    seen: Option<BTreeSet<(String, Vec<u8>)>>,
}

impl Rule {
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            operation: None,
            service: None,
            only_mutating: false,
            skip: 0,
            times: 1,
            percent: 100,
            random: 0x9E37_79B9_7F4A_7C15,
            seen: None,
        }
    }

    pub fn on(mut self, operation: &str) -> Self {
        self.operation = Some(operation.to_owned());
        self
    }

    pub fn service(mut self, service: &str) -> Self {
        self.service = Some(service.to_owned());
        self
    }

    pub fn mutating(mut self) -> Self {
        self.only_mutating = true;
        self
    }

    /// Counted from 1.
    pub fn nth(mut self, n: usize) -> Self {
        self.skip = n - 1;
        self
    }

    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    pub fn percent(mut self, percent: u64, seed: u64) -> Self {
        self.percent = percent;
        self.random ^= seed.wrapping_mul(0xBF58_476D_1CE4_E5B9);
        self.times = usize::MAX;
        self
    }

    /// Happens to every call the first time it is made, and not when the same is asked again.
    pub fn first_of_each(mut self) -> Self {
        self.seen = Some(BTreeSet::new());
        self.times = usize::MAX;
        self
    }

    /// Each changing call is refused once as busy, in the words of the service, where the retry table has such a row.
    pub fn busy_at_first() -> Self {
        let classes = &[Class::Busy, Class::Conflict, Class::Released, Class::Interfaces, Class::Settling];
        Self::new(Fault::Passing(classes)).mutating().first_of_each()
    }

    /// Each changing call is refused once because what it names has not propagated, where the retry table has such a row.
    pub fn not_propagated_at_first() -> Self {
        let classes = &[Class::Propagation, Class::Created, Class::ServiceLinkedRole];
        Self::new(Fault::Passing(classes)).mutating().first_of_each()
    }

    /// Each changing call is throttled once.
    pub fn throttled_at_first() -> Self {
        Self::new(Fault::Throttle).mutating().first_of_each()
    }

    /// The fault for `call`, if it is this rule's turn.
    pub fn take(&mut self, call: &Call) -> Option<Fault> {
        let fits = self.operation.as_ref().is_none_or(|o| *o == call.operation)
            && self.service.as_ref().is_none_or(|s| *s == call.service)
            && (!self.only_mutating || call.mutates());
        if !fits || self.times == 0 {
            return None;
        }
        if matches!(self.fault, Fault::Passing(classes) if passing_row(call, classes).is_none()) {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        if self.seen.as_mut().is_some_and(|seen| !seen.insert((format!("{} {}", call.operation, call.uri), call.body.to_vec()))) {
            return None;
        }
        if self.percent < 100 && self.roll() >= self.percent {
            return None;
        }
        self.times -= 1;
        Some(self.fault.clone())
    }

    /// xorshift: 0..100.
    fn roll(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % 100
    }
}

/// The service's words for "too many requests".
pub fn throttled(call: &Call) -> Response<Full<Bytes>> {
    match call.protocol {
        Protocol::Ec2 => error(call, 503, "RequestLimitExceeded", "Request limit exceeded."),
        Protocol::Query => error(call, 400, "Throttling", "Rate exceeded"),
        Protocol::Json => error(call, 400, "ThrottlingException", "Rate exceeded"),
        Protocol::RestJson => error(call, 429, "ThrottlingException", "Rate exceeded"),
        Protocol::RestXml => error(call, 503, "SlowDown", "Please reduce your request rate."),
    }
}

/// The row of the retry table for a call that is refused and passes later.
fn passing_row(call: &Call, classes: &[Class]) -> Option<&'static Row> {
    let names = |row: &&Row| {
        row.operations.iter().any(|name| name.strip_suffix('*').map_or(*name == call.operation, |s| call.operation.starts_with(s)))
    };
    let of_service = |row: &&Row| row.service == call.service || row.service.is_empty();
    let rows = plat_aws::retry::rows().filter(of_service).filter(names);
    // A row before it may mean that the same words never pass.
    rows.filter(|row| classes.contains(&row.class)).find(|row| {
        let (code, message) = words(row);
        plat_aws::retry::class(&call.service, &call.operation, &code, &message) == Some(row.class)
    })
}

fn words(row: &Row) -> (String, String) {
    let code = if row.code.is_empty() { "InvalidParameterValue".to_owned() } else { row.code.replace('*', "Thing") };
    let message = if row.message.is_empty() { "try later".to_owned() } else { row.message.replace('*', " it ") };
    (code, message)
}

/// A refusal in the words of the retry table.
pub fn passing(call: &Call, classes: &[Class]) -> Response<Full<Bytes>> {
    let (code, message) = words(passing_row(call, classes).expect("the rule has looked for the row"));
    let status = if call.protocol == Protocol::RestJson && code.contains("InUse") { 409 } else { 400 };
    error(call, status, &code, &message)
}

/// The service's words for its own failure.
pub fn failed(call: &Call) -> Response<Full<Bytes>> {
    let message = "An internal error has occurred";
    match call.protocol {
        Protocol::Ec2 => error(call, 500, "InternalError", message),
        Protocol::Query => error(call, 500, "InternalFailure", message),
        Protocol::Json => error(call, 500, "InternalServiceError", message),
        Protocol::RestJson => error(call, 500, "ServerException", message),
        Protocol::RestXml => error(call, 500, "InternalError", message),
    }
}

/// A refusal that repeats what was sent.
pub fn echo(call: &Call) -> Response<Full<Bytes>> {
    let sent = String::from_utf8_lossy(&call.body);
    let values = match serde_json::from_slice(&call.body) {
        Ok(json) => texts(&json).join(" "),
        Err(_) => form(&call.body).into_iter().map(|(_, value)| value).collect::<Vec<_>>().join(" "),
    };
    let hex: String = values.bytes().map(|byte| format!("{byte:02x}")).collect();
    let message = format!("cannot do this: {values} {sent} {} {hex}", base64(values.as_bytes()));
    match call.protocol {
        Protocol::Json | Protocol::RestJson => error(call, 400, "InvalidParameterException", &message),
        _ => error(call, 400, "InvalidParameterValue", &message.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")),
    }
}

fn texts(json: &serde_json::Value) -> Vec<String> {
    match json {
        serde_json::Value::String(text) => vec![text.clone()],
        serde_json::Value::Array(items) => items.iter().flat_map(texts).collect(),
        serde_json::Value::Object(entries) => entries.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// An error in the shape of the call's protocol.
pub fn error(call: &Call, status: u16, code: &str, message: &str) -> Response<Full<Bytes>> {
    let id = "00000000-0000-4000-8000-000000000000";
    let sender = if status < 500 { "Sender" } else { "Receiver" };
    let (kind, body) = match call.protocol {
        Protocol::Ec2 => (
            "text/xml",
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>{id}</RequestID></Response>"
            ),
        ),
        Protocol::Query => (
            "text/xml",
            format!(
                "<ErrorResponse><Error><Type>{sender}</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
            ),
        ),
        Protocol::RestXml => {
            ("application/xml", format!("<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{id}</RequestId></Error>"))
        }
        Protocol::Json => ("application/x-amz-json-1.1", serde_json::json!({ "__type": code, "message": message }).to_string()),
        Protocol::RestJson => ("application/json", serde_json::json!({ "message": message }).to_string()),
    };
    let mut response = Response::builder().status(status).header("content-type", kind).header("x-amzn-requestid", id);
    if call.protocol == Protocol::RestJson {
        response = response.header("x-amzn-errortype", code);
    }
    response.body(Full::new(Bytes::from(body))).expect("a well-formed response")
}
