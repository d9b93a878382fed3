//! Takes the texts of secrets out of what a service says: a refusal may repeat what it was sent, in the form in which it was sent.

use std::fmt::Write as _;

use zeroize::Zeroizing;

use crate::value::SecretText;

/// What stands in its place.
const SECRET: &str = "(secret)";

/// Shortest text that is taken for a part of a secret that was given as a whole, in bytes: shorter ones are in every message.
const SHORTEST: usize = 4;

/// Every form of some secrets, and of what they are composed of.
pub(super) struct Redactor {
    /// Longest first: a longer form may hold a shorter one.
    forms: Vec<Zeroizing<String>>,
}

impl Redactor {
    pub(super) fn of<'a>(secrets: impl IntoIterator<Item = &'a SecretText>) -> Self {
        let mut texts = Vec::new();
        secrets.into_iter().for_each(|secret| collect(secret, &mut texts));
        let mut forms: Vec<_> = texts.iter().flat_map(|text| forms(text)).filter(|form| !form.is_empty()).map(Zeroizing::new).collect();
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        Self { forms }
    }

    /// `said` without the secrets in any form that can be read again.
    pub(super) fn redacted(&self, said: &str) -> String {
        let mut said = said.to_owned();
        for form in &self.forms {
            if said.contains(form.as_str()) {
                said = said.replace(form.as_str(), SECRET);
            }
        }
        said
    }
}

/// A secret, the secrets that it was composed of, and what a service would take out of it: a password in an address, the fields of a document.
fn collect(secret: &SecretText, found: &mut Vec<Zeroizing<String>>) {
    secret.parts().iter().for_each(|part| collect(part, found));
    let text = secret.expose();
    found.push(Zeroizing::new(text.to_owned()));
    let mut inner = Vec::new();
    if let Ok(document) = serde_json::from_str(text) {
        fields(&document, &mut inner);
    }
    credentials(text, &mut inner);
    settings(text, &mut inner);
    found.extend(inner.into_iter().filter(|part| part.len() >= SHORTEST));
}

fn fields(document: &serde_json::Value, found: &mut Vec<Zeroizing<String>>) {
    match document {
        serde_json::Value::String(text) => {
            credentials(text, found);
            found.push(Zeroizing::new(text.clone()));
        }
        serde_json::Value::Number(number) => found.push(Zeroizing::new(number.to_string())),
        serde_json::Value::Array(items) => items.iter().for_each(|item| fields(item, found)),
        serde_json::Value::Object(entries) => entries.values().for_each(|item| fields(item, found)),
        _ => {}
    }
}

/// `scheme://user:password@host`: the password, and the user beside one; both as they are written and as they are meant.
fn credentials(text: &str, found: &mut Vec<Zeroizing<String>>) {
    for (start, _) in text.match_indices("://") {
        let place = text.get(start + 3..).unwrap_or_default();
        let place = place.split(['/', '?', '#', ' ', '"', '\n']).next().unwrap_or_default();
        let Some((user, password)) = place.rsplit_once('@').and_then(|(who, _)| who.split_once(':')) else { continue };
        for part in [user, password] {
            found.push(Zeroizing::new(part.to_owned()));
            found.push(Zeroizing::new(unescaped(part)));
        }
    }
}

/// `Password=…;` and lines of `KEY=…`.
fn settings(text: &str, found: &mut Vec<Zeroizing<String>>) {
    for setting in text.split([';', '\n', ' ']) {
        let Some((name, value)) = setting.split_once('=') else { continue };
        let name = name.trim().to_ascii_lowercase();
        if ["pass", "pwd", "secret", "token", "key"].iter().any(|word| name.contains(word)) {
            found.push(Zeroizing::new(value.trim().trim_matches(['"', '\'']).to_owned()));
        }
    }
}

/// Without `%2F`.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let mut digit = || ahead.next().and_then(|byte| char::from(byte).to_digit(16));
        match (byte, digit(), digit()) {
            (b'%', Some(high), Some(low)) => {
                bytes.extend(u8::try_from(high << 4 | low));
                rest = ahead;
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn forms(text: &str) -> Vec<String> {
    let mut forms = vec![text.to_owned(), json(text), json(&json(text)), ascii_json(text), xml(text)];
    for (plain, form) in [("-_.~", false), ("-_.*", true)] {
        let upper = percent(text, plain, form);
        forms.push(lower_escapes(&upper));
        forms.push(upper);
    }
    forms.extend([hex(text, false), hex(text, true)]);
    // Where it stands in a text that was encoded as a whole, it begins at any bit of a letter.
    for before in 0..3 {
        let letters = base64(text, before);
        // What is left of a short one is in every text.
        if letters.len() >= SHORTEST {
            forms.push(letters.replace('+', "-").replace('/', "_"));
            forms.push(letters);
        }
    }
    forms
}

fn json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

/// As those write it who escape what means something in HTML, and all that is not ASCII.
fn ascii_json(text: &str) -> String {
    let escaped = json(text);
    let mut out = String::with_capacity(escaped.len());
    for c in escaped.chars() {
        if c.is_ascii() && !matches!(c, '<' | '>' | '&' | '\'') {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

/// `%2f` for `%2F`.
fn lower_escapes(text: &str) -> String {
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        out.push('%');
        out.push_str(&code.to_ascii_lowercase());
        out.push_str(rest);
    }
    out
}

fn xml(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&apos;")
}

/// `plain`: what stays besides letters and digits. `form`: a blank is a `+`.
fn percent(text: &str, plain: &str, form: bool) -> String {
    let one = |byte: u8| match char::from(byte) {
        c if c.is_ascii_alphanumeric() || plain.contains(c) => c.to_string(),
        ' ' if form => "+".to_owned(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

fn hex(text: &str, upper: bool) -> String {
    text.bytes().map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") }).collect()
}

/// The letters that the text alone decides, when so many bytes stand before it.
fn base64(text: &str, before: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = std::iter::repeat_n(0, before).chain(text.bytes()).collect();
    let bit = |n: usize| bytes.get(n / 8).map_or(0, |byte| usize::from(byte >> (7 - n % 8) & 1));
    let letter = |n: usize| (0..6).fold(0, |letter, i| letter << 1 | bit(6 * n + i));
    let (first, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    (first..end).filter_map(|n| LETTERS.get(letter(n)).copied().map(char::from)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(said: &str, secret: &SecretText) -> String {
        Redactor::of([secret]).redacted(said)
    }

    #[test]
    fn every_form_is_taken_out() {
        let secret = SecretText::new("q\"é \\/&<hunter2>+='%*~");
        let url = "q%22%C3%A9%20%5C%2F%26%3Chunter2%3E%2B%3D%27%25%2A~";
        let form = "q%22%C3%A9+%5C%2F%26%3Chunter2%3E%2B%3D%27%25*%7E";
        for said in [
            secret.expose(),
            r#"q\"é \\/&<hunter2>+='%*~"#,
            "q&quot;é \\/&amp;&lt;hunter2&gt;+=&apos;%*~",
            url,
            form,
            "7122c3a9205c2f263c68756e746572323e2b3d27252a7e",
            "7122C3A9205C2F263C68756E746572323E2B3D27252A7E",
            "cSLDqSBcLyY8aHVudGVyMj4rPSclKn",
        ] {
            assert_eq!(redacted(&format!("`{said}` is no password"), &secret), "`(secret)` is no password", "{said}");
        }
    }

    #[test]
    fn it_is_found_wherever_it_begins_in_what_was_encoded() {
        let secret = SecretText::new("hunter2-hunter2");
        for whole in ["aHVudGVyMi1odW50ZXIy", "YWh1bnRlcjItaHVudGVyMg==", "YWFodW50ZXIyLWh1bnRlcjI=", "eyJhIjoiaHVudGVyMi1odW50ZXIyIn0="] {
            let said = redacted(whole, &secret);
            assert!(said.contains(SECRET) && said.len() < SECRET.len() + 16, "{said}");
        }
    }

    #[test]
    fn nothing_else_is_touched() {
        assert_eq!(redacted("a password", &SecretText::new("")), "a password");
        assert_eq!(redacted("a password", &SecretText::new("word-7")), "a password");
    }

    #[test]
    fn the_parts_of_a_composed_secret_are_secrets() {
        let (user, password) = (SecretText::new("maria"), SecretText::new("h/unter \"2\""));
        let url = SecretText::composed("postgres://maria:h/unter \"2\"@db/app", vec![user, password]);
        let outer = SecretText::composed("dsn=postgres://maria:h/unter \"2\"@db/app;x", vec![url]);
        for said in [
            "h/unter \"2\"",
            "h%2Funter%20%222%22",
            "h%2funter+%222%22",
            r#"h/unter \"2\""#,
            r#"h/unter \\\"2\\\""#,
            "aC91bnRlciAiMi",
            "maria",
            "postgres://maria:h/unter \"2\"@db/app",
        ] {
            let told = redacted(&format!("the value `{said}` is refused"), &outer);
            assert!(told.starts_with("the value `(secret)") && told.ends_with("` is refused"), "{said}: {told}");
        }
        // The whole is one secret, not three.
        assert_eq!(redacted("dsn=postgres://maria:h/unter \"2\"@db/app;x", &outer), "(secret)");
    }

    #[test]
    fn what_a_service_takes_out_of_a_secret_is_one() {
        for (whole, parts) in [
            ("postgres://maria:hunter%2F22@db:5432/app?x=y", vec!["hunter%2F22", "hunter/22", "maria"]),
            (
                r#"{"username": "maria", "password": "hunt\"er22", "port": 54321, "more": ["deeper-1"]}"#,
                vec!["hunt\"er22", "maria", "54321", "deeper-1"],
            ),
            (r#"{"url": "amqp://app:hunter22@mq"}"#, vec!["hunter22", "amqp://app:hunter22@mq"]),
            ("Server=db;User Id=maria;Password=hunter22;", vec!["hunter22"]),
            ("DB_HOST=db\nDB_PASSWORD='hunter22'\n", vec!["hunter22"]),
        ] {
            for part in parts {
                assert_eq!(redacted(&format!("`{part}` is refused"), &SecretText::new(whole)), "`(secret)` is refused", "{whole}");
            }
        }
        // What is too short to be a secret stays, or no message could be read.
        assert_eq!(redacted("a db at port 1", &SecretText::new(r#"{"a": "db", "port": 1}"#)), "a db at port 1");
    }

    #[test]
    fn every_escape_of_json_is_taken_out() {
        let secret = SecretText::new("<é&\u{1f511}'>");
        assert_eq!(redacted(r"`\u003c\u00e9\u0026\ud83d\udd11\u0027\u003e`", &secret), "`(secret)`");
    }
}
