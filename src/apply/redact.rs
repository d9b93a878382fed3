//! Takes the texts of secrets out of what a service says: a refusal may repeat what it was sent, in the form in which it was sent.

use crate::value::SecretText;

/// What stands in its place.
const SECRET: &str = "(secret)";

/// `said` without the secret in any form that can be read again.
pub(super) fn redacted(said: &str, secret: &SecretText) -> String {
    let text = secret.expose();
    if text.is_empty() {
        return said.to_owned();
    }
    let mut forms = vec![text.to_owned(), json(text), xml(text), percent(text, "-_.~", false), percent(text, "-_.*", true)];
    forms.extend([hex(text, false), hex(text, true)]);
    // Where it stands in a text that was encoded as a whole, it begins at any bit of a letter.
    for before in 0..3 {
        let letters = base64(text, before);
        forms.push(letters.replace('+', "-").replace('/', "_"));
        forms.push(letters);
    }
    // A longer form may hold a shorter one.
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    let mut said = said.to_owned();
    for form in forms.iter().filter(|form| !form.is_empty()) {
        if said.contains(form.as_str()) {
            said = said.replace(form.as_str(), SECRET);
        }
    }
    said
}

fn json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.trim_matches('"').to_owned()
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
}
