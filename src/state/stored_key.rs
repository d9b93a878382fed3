//! The key of fingerprints as an encrypted state keeps it: closed with the data key. What is decrypted once and lies about, such as a pulled
//! state, holds fingerprints and no key: of a secret that can be guessed, nobody can try guesses on it.

use super::StateError;
use super::envelope::{Cipher, unhex};
use super::fingerprint::{FingerprintKey, hex};

/// Begins a key that is closed; what follows is nonce, ciphertext and tag, in hex.
const CLOSED: &str = "closed:";

/// The key as it was stored, for a pull. Says nothing of what the state is: two states that differ in it alone are equal.
#[derive(Debug, Clone, Default)]
pub struct StoredKey(Option<String>);

impl PartialEq for StoredKey {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl StoredKey {
    pub(super) fn closed(text: &str) -> Self {
        Self(is_closed(text).then(|| text.to_owned()))
    }

    pub(super) fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// True for a key that only the holder of a data key can use.
pub fn is_closed(text: &str) -> bool {
    text.starts_with(CLOSED)
}

pub fn close(cipher: &Cipher, lineage: &str, key: &str) -> Result<String, StateError> {
    // One that is no key is told where it is used.
    FingerprintKey::from_hex(key)?;
    Ok(format!("{CLOSED}{}", hex(&cipher.close(&bound(lineage), key.as_bytes())?)))
}

/// The key in hex; `None`: it was closed with another data key, or for another state.
pub fn open(cipher: &Cipher, lineage: &str, text: &str) -> Option<String> {
    let closed = unhex(text.strip_prefix(CLOSED)?)?;
    String::from_utf8(cipher.open(&bound(lineage), &closed)?).ok()
}

fn bound(lineage: &str) -> Vec<u8> {
    format!("plat:fingerprint-key\n{lineage}").into_bytes()
}
