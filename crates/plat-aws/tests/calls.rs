//! Which calls are made, and which are made again, seen from the other end of the wire.

#![cfg(feature = "ec2")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use plat::address::Address;
use plat::provider::{Accepted, ErrorKind, Operation, Provider, ProviderError};
use plat::value::{Duration, Object, ResolvedObject, SecretText, Value};
use plat_aws::{AwsProvider, Keys, Settings, provider};

/// What the server does with a call.
#[derive(Clone, Copy)]
enum Behaviour {
    /// Answers with a status and an error code.
    Refuse(u16, &'static str),
    /// Takes the request and hangs up without a word.
    HangUp,
    /// Answers that all is well, in words that are no answer.
    Babble,
    /// As `Refuse`, but only for the first calls; then the call is answered in full.
    RefuseFirst(usize, u16, &'static str),
}

/// A server that records the requests it is sent.
fn server(behaviour: Behaviour) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&calls);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let seen = Arc::clone(&seen);
            std::thread::spawn(move || while serve(&stream, behaviour, &seen).is_some() {});
        }
    });
    (endpoint, calls)
}

/// Answers one request; `None` when there is no more of them.
fn serve(mut stream: &TcpStream, behaviour: Behaviour, seen: &Mutex<Vec<String>>) -> Option<()> {
    let body = request_body(stream)?;
    let action = action(&body);
    let count = {
        let mut seen = seen.lock().unwrap();
        seen.push(body);
        seen.len()
    };
    let (status, code) = match behaviour {
        Behaviour::HangUp => {
            let _ = stream.shutdown(std::net::Shutdown::Both);
            return None;
        }
        Behaviour::Babble => (200, "babble"),
        Behaviour::RefuseFirst(first, ..) if count > first => (200, ""),
        Behaviour::Refuse(status, code) | Behaviour::RefuseFirst(_, status, code) => (status, code),
    };
    let body = match status {
        200 if code == "babble" => "<html>".to_owned(),
        200 => format!("<{action}Response><vpc><vpcId>vpc-1</vpcId></vpc><vpcSet></vpcSet></{action}Response>"),
        _ => format!("<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors></Response>"),
    };
    let head = format!("HTTP/1.1 {status} X\r\ncontent-type: text/xml\r\nx-amzn-requestid: r-1\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes()).ok()
}

fn action(body: &str) -> String {
    body.split('&').find_map(|pair| pair.strip_prefix("Action=")).unwrap_or_default().to_owned()
}

fn actions(calls: &Mutex<Vec<String>>) -> Vec<String> {
    calls.lock().unwrap().iter().map(|body| action(body)).collect()
}

fn request_body(mut stream: &TcpStream) -> Option<String> {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        text.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&text).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"))?.trim().parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    String::from_utf8(body).ok()
}

struct Nobody;

impl Accepted for Nobody {
    fn accepted(&self, _: &str) -> Result<(), ProviderError> {
        Err(ProviderError::new(ErrorKind::Internal, "accepted", "stop here"))
    }
}

fn aws(endpoint: &str) -> AwsProvider {
    let keys = Keys { access_key_id: "test".to_owned(), secret_access_key: SecretText::new("test") };
    provider(Settings { endpoint_url: Some(endpoint.to_owned()), credentials: Some(keys), ..Settings::default() })
}

async fn create_vpc(aws: &AwsProvider) -> ProviderError {
    let address = Address::root("main", None);
    let op = Operation {
        id: "op-1",
        address: &address,
        type_name: "aws.ec2.VPC",
        region: "us-west-2",
        timeout: Duration::seconds(5),
        accepted: &Nobody,
    };
    let inputs = Object::from_iter([("cidr_block".into(), Value::Cidr("10.0.0.0/16".parse().unwrap()))]);
    aws.create(&op, &ResolvedObject::new(inputs).unwrap()).await.unwrap_err()
}

#[tokio::test]
async fn a_create_whose_outcome_is_unknown_is_not_sent_again() {
    for behaviour in [Behaviour::HangUp, Behaviour::Refuse(500, "InternalError"), Behaviour::Refuse(503, "Unavailable")] {
        let (endpoint, calls) = server(behaviour);
        let error = create_vpc(&aws(&endpoint)).await;
        assert_eq!(error.kind, ErrorKind::InDoubt, "{error}");
        assert_eq!(actions(&calls), ["CreateVpc"]);
    }
}

#[tokio::test]
async fn a_create_that_was_throttled_is_sent_again() {
    let (endpoint, calls) = server(Behaviour::RefuseFirst(2, 503, "RequestLimitExceeded"));
    let error = create_vpc(&aws(&endpoint)).await;
    assert_eq!(error.message, "stop here", "{error}");
    assert_eq!(actions(&calls), ["CreateVpc", "CreateVpc", "CreateVpc"]);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_leaves_the_outcome_open() {
    let (endpoint, calls) = server(Behaviour::Babble);
    let error = create_vpc(&aws(&endpoint)).await;
    assert_eq!(error.kind, ErrorKind::InDoubt, "{error}");
    assert_eq!(calls.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_read_is_sent_again() {
    let (endpoint, calls) = server(Behaviour::RefuseFirst(2, 500, "InternalError"));
    let read = aws(&endpoint).read("aws.ec2.VPC", "us-west-2", &["vpc-1".to_owned()]).await.unwrap();
    assert_eq!(read, [None]);
    assert_eq!(actions(&calls), ["DescribeVpcs", "DescribeVpcs", "DescribeVpcs"]);
}

#[tokio::test]
async fn a_refusal_says_what_aws_said() {
    let (endpoint, calls) = server(Behaviour::Refuse(400, "VpcLimitExceeded"));
    let error = create_vpc(&aws(&endpoint)).await;
    assert_eq!((error.kind, error.to_string().as_str()), (ErrorKind::Refused, "CreateVpc: VpcLimitExceeded: no (request r-1)"));
    assert_eq!(calls.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn many_ids_go_into_few_calls() {
    let (endpoint, calls) = server(Behaviour::RefuseFirst(0, 500, ""));
    let ids: Vec<String> = (0..450).map(|n| format!("vpc-{n}")).collect();
    let read = aws(&endpoint).read("aws.ec2.VPC", "us-west-2", &ids).await.unwrap();
    assert_eq!(read.len(), 450);
    let mut asked: Vec<usize> = calls.lock().unwrap().iter().map(|body| body.matches(".Value.").count()).collect();
    asked.sort_unstable();
    // EC2 takes 200 values in a filter.
    assert_eq!(asked, [50, 200, 200]);
    assert_eq!(actions(&calls), ["DescribeVpcs"; 3]);
}
