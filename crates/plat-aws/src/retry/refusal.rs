//! The code and message of a refusal, from the response alone, in each of AWS's protocols.

use aws_smithy_runtime_api::http::Response;

/// What AWS said about a call that it did not carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub code: String,
    pub message: String,
}

/// The refusal in a response: an error with a 4xx status, or the first item that a call for several items did not do.
pub(super) fn of(response: &Response) -> Option<Refusal> {
    let body = response.body().bytes()?;
    let body = String::from_utf8_lossy(body);
    match response.status().as_u16() {
        400..500 => {}
        200 => return items(&body),
        _ => return None,
    }
    if body.trim_start().starts_with('<') {
        return Some(Refusal { code: element(&body, "Code")?, message: element(&body, "Message").unwrap_or_default() });
    }
    let body: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    let field = |name: &str| body.get(name).and_then(serde_json::Value::as_str);
    let code = response.headers().get("x-amzn-errortype").or_else(|| field("__type")).or_else(|| field("code"))?;
    let message = field("message").or_else(|| field("Message")).unwrap_or_default();
    Some(Refusal { code: plain(code).to_owned(), message: message.to_owned() })
}

/// EC2 answers a call for several items with 200 and lists those that it did not do.
fn items(body: &str) -> Option<Refusal> {
    let (_, list) = body.split_once("<unsuccessful>")?;
    let (list, _) = list.split_once("</unsuccessful>")?;
    Some(Refusal { code: element(list, "code")?, message: element(list, "message").unwrap_or_default() })
}

/// `com.amazonaws.kms#NotFoundException:http://…` is `NotFoundException`.
fn plain(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or(code);
    code.rsplit('#').next().unwrap_or(code)
}

fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(unescaped(text))
}

fn unescaped(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#39;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.trim().to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}
