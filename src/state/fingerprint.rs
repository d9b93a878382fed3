//! What a state keeps of a secret: enough to see that it changed, and nothing to read.

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::StateError;
use crate::address::Address;
use crate::value::{Object, Secret, Value};

/// The key of one state's fingerprints.
#[derive(Clone, PartialEq, Eq)]
pub struct FingerprintKey(zeroize::Zeroizing<[u8; 32]>);

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(key)")
    }
}

impl FingerprintKey {
    pub fn random() -> Result<Self, StateError> {
        let mut key = zeroize::Zeroizing::new([0; 32]);
        fill(key.as_mut_slice())?;
        Ok(Self(key))
    }

    /// Reads [`super::StateFile::fingerprint_key`].
    pub fn from_hex(text: &str) -> Result<Self, StateError> {
        let bad = || StateError::Misused("the state's fingerprint key is not 32 bytes in hex".to_owned());
        let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or_else(bad);
        if text.len() != 64 {
            return Err(bad());
        }
        let mut key = zeroize::Zeroizing::new([0; 32]);
        for (to, pair) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
            for half in pair {
                *to = (*to << 4) | digit(half)?;
            }
        }
        Ok(Self(key))
    }

    pub fn to_hex(&self) -> String {
        hex(self.0.as_slice())
    }

    /// The fingerprint of a secret's text in one place. The same text elsewhere has another one, so that nobody can
    /// tell from a state which secrets are equal.
    pub fn of(&self, address: &Address, path: &str, text: &str) -> String {
        let address = address.to_string();
        // HMAC takes keys of every length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.as_slice()) else { return String::new() };
        for part in [address.as_str(), path] {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part.as_bytes());
        }
        mac.update(text.as_bytes());
        let sum = mac.finalize().into_bytes();
        hex(sum.get(..16).unwrap_or(&sum))
    }

    /// A seal over `bytes` that only the key's owner can make, in hex. Seals of one kind never pass for those of another, nor
    /// for fingerprints: no address is as long as the first 8 bytes say.
    pub fn seal(&self, kind: &str, bytes: &[u8]) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.as_slice()) else { return String::new() };
        mac.update(b"plat:seal:");
        mac.update(&(kind.len() as u64).to_le_bytes());
        mac.update(kind.as_bytes());
        mac.update(bytes);
        hex(&mac.finalize().into_bytes())
    }

    /// `inputs` with a fingerprint in place of every secret that was fetched. References stay: who keeps one fetches it first.
    pub fn conceal(&self, address: &Address, inputs: &Object) -> Object {
        inputs.iter().map(|(name, value)| (name.clone(), self.conceal_value(address, name, value))).collect()
    }

    fn conceal_value(&self, address: &Address, path: &str, value: &Value) -> Value {
        match value {
            Value::Secret(Secret::Plain(text)) => Value::Secret(Secret::fingerprint(self.of(address, path, text.expose()))),
            Value::List(items) => {
                Value::list(items.iter().enumerate().map(|(i, item)| self.conceal_value(address, &format!("{path}[{i}]"), item)))
            }
            Value::Object(entries) => {
                Value::object(entries.iter().map(|(k, v)| (k.clone(), self.conceal_value(address, &format!("{path}.{k}"), v))))
            }
            other => other.clone(),
        }
    }
}

/// 128 random bits in hex: lineages, operation ids, write ids.
pub fn random_id() -> Result<String, StateError> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    Ok(hex(&bytes))
}

pub(super) fn fill(bytes: &mut [u8]) -> Result<(), StateError> {
    getrandom::fill(bytes).map_err(|error| StateError::Io {
        place: "the system's random numbers".to_owned(),
        cause: Arc::new(std::io::Error::other(error.to_string())),
    })
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::SecretText;

    #[test]
    fn a_fingerprint_is_bound_to_key_place_and_text() {
        let key = FingerprintKey::random().unwrap();
        let (db, cache) = (Address::root("db", None), Address::root("cache", None));
        let print = key.of(&db, "password", "hunter2");
        assert_eq!(print, key.of(&db, "password", "hunter2"));
        assert_eq!(print.len(), 32);
        assert_ne!(print, key.of(&db, "password", "hunter3"));
        assert_ne!(print, key.of(&cache, "password", "hunter2"));
        assert_ne!(print, key.of(&db, "passwor", "dhunter2"));
        assert_ne!(print, FingerprintKey::random().unwrap().of(&db, "password", "hunter2"));
        assert_eq!(FingerprintKey::from_hex(&key.to_hex()).unwrap(), key);
        assert!(FingerprintKey::from_hex("12").is_err());
        assert!(FingerprintKey::from_hex(&"ż".repeat(32)).is_err());
        assert!(!format!("{key:?}").contains(&key.to_hex()));
    }

    #[test]
    fn hmac_is_the_one_of_rfc_2104() {
        // Worked out with Python's hmac module over the same framed message.
        let key = FingerprintKey::from_hex(&"0b".repeat(32)).unwrap();
        assert_eq!(&*key.of(&Address::root("db", None), "password", "hunter2"), "b73608bab2cb74e340c01c61e2b52e8d");
    }

    #[test]
    fn concealing_reaches_into_lists_and_objects() {
        let key = FingerprintKey::random().unwrap();
        let db = Address::root("db", None);
        let secret = || Value::Secret(Secret::Plain(SecretText::new("hunter2")));
        let inputs: Object =
            [("a".into(), secret()), ("b".into(), Value::list([Value::object([("c", secret())])])), ("d".into(), Value::Int(1))]
                .into_iter()
                .collect();
        let concealed = key.conceal(&db, &inputs);
        let print = |path: &str| Value::Secret(Secret::fingerprint(key.of(&db, path, "hunter2")));
        assert_eq!(concealed.get("a"), Some(&print("a")));
        assert_eq!(concealed.get("b"), Some(&Value::list([Value::object([("c", print("b[0].c"))])])));
        assert_eq!(concealed.get("d"), Some(&Value::Int(1)));
    }
}
