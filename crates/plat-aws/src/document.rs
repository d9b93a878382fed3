//! JSON documents on the wire: services take and give them as text.

use plat::provider::{ErrorKind, ProviderError};
use plat::schema::{Json, canonical_document};

/// The text that a request carries. A document that the program gives as text goes out as it is.
pub(crate) fn to_text(document: &Json) -> String {
    match &document.0 {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The document in an answer of the operation `operation`.
pub(crate) fn from_text(operation: &str, text: &str) -> Result<Json, ProviderError> {
    serde_json::from_str(text)
        .map(Json)
        .map_err(|error| ProviderError::new(ErrorKind::Internal, operation, format!("AWS answered a document that is not JSON: {error}")))
}

/// IAM's answers hold documents percent-encoded (RFC 3986).
pub(crate) fn from_encoded_text(operation: &str, text: &str) -> Result<Json, ProviderError> {
    let decoded = decode_percent(text)
        .ok_or_else(|| ProviderError::new(ErrorKind::Internal, operation, "AWS answered a document that is not percent-encoded text"))?;
    from_text(operation, &decoded)
}

/// Do two documents mean the same?
pub(crate) fn same(a: &Json, b: &Json) -> bool {
    canonical_document(&a.0) == canonical_document(&b.0)
}

fn decode_percent(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
            let (high, low) = (digit()?, digit()?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn encoded_documents_are_read() {
        let document = from_encoded_text("GetRole", "%7B%22Service%22%3A%20%22eks.amazonaws.com%22%2C%22n%22%3A%22%C3%A4+b%22%7D").unwrap();
        assert_eq!(document.0, json!({ "Service": "eks.amazonaws.com", "n": "ä+b" }));
        // What an answer holds unencoded is read as well.
        assert_eq!(from_encoded_text("GetRole", "{\"a\": 1}").unwrap().0, json!({ "a": 1 }));
        for broken in ["%7", "%zz", "%ff", "not json"] {
            assert_eq!(from_encoded_text("GetRole", broken).unwrap_err().kind, ErrorKind::Internal, "{broken}");
        }
    }

    #[test]
    fn a_document_given_as_text_goes_out_as_it_is() {
        assert_eq!(to_text(&Json(json!("{ \"a\": 1 }"))), "{ \"a\": 1 }");
        assert_eq!(to_text(&Json(json!({ "a": 1 }))), "{\"a\":1}");
        assert!(same(&Json(json!("{ \"a\": 1 }")), &Json(json!({ "a": 1 }))));
    }
}
