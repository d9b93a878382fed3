//! Encryption at rest: AES-256-GCM under a random data key, which another key wraps (`keys.rs`).
//!
//! Another key wraps the same data key anew, so that nothing else has to be written again. Nonces are made of what
//! is encrypted (as in SIV): the same state has the same bytes, and a nonce comes twice only for the same message.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::codec::{self, to_json};
use super::fingerprint::{fill, hex};
use super::keys::{Context, DataKey, KeyChoice, Secrets, WrappedKey};
use super::session::{SNAPSHOT, blocking};
use super::{StateError, StateFile, stored_key};
use crate::schema::Registry;
use crate::value::SecretText;

/// Version of the envelope's format. From 2 on, the HEAD that names a snapshot is authenticated.
const ENVELOPE: u64 = 2;
const CIPHER: &str = "AES-256-GCM";
const NONCE: usize = 12;

/// The first line of an encrypted file; the rest is nonce, ciphertext and tag.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    encrypted: u64,
    cipher: String,
    kind: String,
    lineage: String,
    /// The serial.
    number: u64,
    key: WrappedKey,
}

/// What is written is encrypted with, and what opens what is encrypted already.
#[derive(Clone, Default)]
pub struct Encryption {
    choice: KeyChoice,
    secrets: Arc<Secrets>,
    /// A state may be under another key than the chosen one: it is being moved to that.
    moving: bool,
    /// Unwrapping takes its time: once for each wrapped key.
    known: Arc<Mutex<Vec<Arc<Cipher>>>>,
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_wanted() { "(encrypted)" } else { "(plain)" })
    }
}

/// A data key, and how it is wrapped.
pub struct Cipher {
    wrapped: WrappedKey,
    data: DataKey,
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(key)")
    }
}

impl Encryption {
    /// `choice`: what is written is encrypted with. `secrets` open what is encrypted already, with that or another key.
    pub fn new(choice: KeyChoice, secrets: Secrets) -> Self {
        Self { choice, secrets: Arc::new(secrets), moving: false, known: Arc::default() }
    }

    /// With a key made of a passphrase.
    pub fn with_passphrase(passphrase: SecretText) -> Self {
        Self::new(KeyChoice::Passphrase, Secrets { passphrase: Some(passphrase), ..Secrets::default() })
    }

    /// For moving a state from whatever key it is under to the chosen one.
    #[must_use]
    pub fn moving(self) -> Self {
        Self { moving: true, ..self }
    }

    pub fn choice(&self) -> &KeyChoice {
        &self.choice
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.choice != KeyChoice::None
    }

    /// The key of a HEAD, which must be as the stack says; `None` where it is plain. `place` is what errors call it.
    pub(super) fn of_head(&self, place: &str, used: Option<&WrappedKey>, context: &Context) -> Result<Option<Arc<Cipher>>, StateError> {
        match used {
            Some(wrapped) => self.of_state(place, wrapped, context).map(Some),
            // Whoever can write the place, and has no key, could put a state of his own there.
            None if self.is_wanted() && !self.moving => Err(StateError::Plain { place: place.to_owned(), wanted: self.choice.to_string() }),
            None => Ok(None),
        }
    }

    fn of_state(&self, place: &str, wrapped: &WrappedKey, context: &Context) -> Result<Arc<Cipher>, StateError> {
        if self.is_wanted() && !self.moving && !self.choice.made(wrapped) {
            let (found, wanted) = (wrapped.to_string(), self.choice.to_string());
            return Err(StateError::OtherKey { place: place.to_owned(), found, wanted });
        }
        if !wrapped.is_for(context) {
            return Err(StateError::damaged(place, "its key is another state's"));
        }
        self.unwrap(place, wrapped)
    }

    /// The key that `wrapped` holds, whatever it is wrapped with.
    fn unwrap(&self, place: &str, wrapped: &WrappedKey) -> Result<Arc<Cipher>, StateError> {
        if let Some(cipher) = self.known(wrapped) {
            return Ok(cipher);
        }
        let moved = self.moving || !self.choice.made(wrapped);
        let data = blocking(|| wrapped.unwrap(&self.secrets, place, moved))?;
        Ok(self.learn(Cipher { wrapped: wrapped.clone(), data }))
    }

    fn known(&self, wrapped: &WrappedKey) -> Option<Arc<Cipher>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|cipher| cipher.wrapped == *wrapped).cloned()
    }

    fn learn(&self, cipher: Cipher) -> Arc<Cipher> {
        let cipher = Arc::new(cipher);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).push(cipher.clone());
        cipher
    }

    /// The key to write with: the one that is used already, or a new one; `None` where nothing is to be encrypted.
    pub(super) fn writing(&self, place: &str, used: Option<&WrappedKey>, context: &Context) -> Result<Option<Arc<Cipher>>, StateError> {
        match used {
            _ if !self.is_wanted() => Ok(None),
            Some(wrapped) if wrapped.is_for(context) => {
                let cipher = self.of_state(place, wrapped, context)?;
                if self.choice.made(wrapped) { Ok(Some(cipher)) } else { self.rewrap(place, &cipher, context).map(Some) }
            }
            _ => self.fresh(place, context).map(Some),
        }
    }

    fn fresh(&self, place: &str, context: &Context) -> Result<Arc<Cipher>, StateError> {
        let mut data = Zeroizing::new([0; 32]);
        fill(data.as_mut_slice())?;
        self.wrapping(place, &data, context)
    }

    /// The same data key under the chosen key.
    fn rewrap(&self, place: &str, cipher: &Cipher, context: &Context) -> Result<Arc<Cipher>, StateError> {
        self.wrapping(place, &cipher.data, context)
    }

    fn wrapping(&self, place: &str, data: &DataKey, context: &Context) -> Result<Arc<Cipher>, StateError> {
        let wrapped = blocking(|| self.choice.wrap(&self.secrets, place, context, data))?;
        Ok(self.learn(Cipher { wrapped, data: data.clone() }))
    }

    /// The key that a HEAD holds, as `new` wraps it: for whoever can open it now.
    pub(super) fn rekeyed(
        &self,
        new: &Encryption,
        place: &str,
        used: Option<&WrappedKey>,
        context: &Context,
    ) -> Result<Arc<Cipher>, StateError> {
        let Some(wrapped) = used else {
            return Err(StateError::damaged(place, "another process is changing it"));
        };
        let cipher = self.clone().moving().of_state(place, wrapped, context)?;
        if new.is_same_passphrase(place, wrapped) {
            return Err(StateError::SamePassphrase { place: place.to_owned() });
        }
        let cipher = new.rewrap(place, &cipher, context)?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).push(cipher.clone());
        Ok(cipher)
    }

    /// The key of a HEAD that is about to be written: it has been opened or made here.
    pub(super) fn in_use(&self, place: &str, used: Option<&WrappedKey>) -> Result<Option<Arc<Cipher>>, StateError> {
        used.map(|wrapped| self.unwrap(place, wrapped)).transpose()
    }

    /// True where both are passphrases, and this one opens `wrapped` already.
    fn is_same_passphrase(&self, place: &str, wrapped: &WrappedKey) -> bool {
        matches!((&self.choice, wrapped), (KeyChoice::Passphrase, WrappedKey::Passphrase(_))) && self.unwrap(place, wrapped).is_ok()
    }

    /// A whole file for somewhere else than the state, with a key of its own; as it is where nothing is to be encrypted.
    pub fn close_file(&self, place: &str, kind: &str, context: &Context, number: u64, plain: Vec<u8>) -> Result<Vec<u8>, StateError> {
        match self.is_wanted() {
            true => self.fresh(place, context)?.close_file(kind, &context.lineage, number, &plain),
            false => Ok(plain),
        }
    }

    /// What [`Encryption::close_file`] was given. What is not encrypted is passed through.
    pub fn open_file<'a>(&self, place: &str, kind: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, StateError> {
        self.opened(place, kind, bytes, None)
    }

    /// A state out of the bytes of its snapshot, whose key of fingerprints can be used. `cipher`: as for [`Encryption::opened`].
    pub(super) fn opened_state(
        &self,
        place: &str,
        bytes: &[u8],
        cipher: Option<&Cipher>,
        registry: &Registry,
    ) -> Result<StateFile, StateError> {
        let mut state = codec::decode(place, &self.opened(place, SNAPSHOT, bytes, cipher)?, registry)?;
        if stored_key::is_closed(&state.fingerprint_key) {
            let with = |cipher: &Cipher| stored_key::open(cipher, &state.lineage, &state.fingerprint_key);
            let key = match cipher.and_then(with) {
                Some(key) => Some(key),
                None => wrapped_in(bytes).map(|wrapped| self.unwrap(place, &wrapped)).transpose()?.and_then(|own| with(&own)),
            };
            state.fingerprint_key =
                key.ok_or_else(|| StateError::damaged(place, "its key of fingerprints was closed with another data key"))?;
        }
        Ok(state)
    }

    /// As [`Encryption::open_file`]. `cipher`: the key that is in use, whatever the file says of how it was wrapped once.
    pub(super) fn opened<'a>(
        &self,
        place: &str,
        kind: &str,
        bytes: &'a [u8],
        cipher: Option<&Cipher>,
    ) -> Result<Cow<'a, [u8]>, StateError> {
        let Some((line, rest)) = split(bytes) else { return Ok(Cow::Borrowed(bytes)) };
        let header: Header = serde_json::from_slice(line).map_err(|error| StateError::damaged(place, error.to_string()))?;
        if header.encrypted > ENVELOPE {
            return Err(StateError::Newer { place: place.to_owned(), found: header.encrypted, known: ENVELOPE });
        }
        if header.kind != kind || header.cipher != CIPHER || header.encrypted == 0 {
            return Err(StateError::damaged(place, "it is not what it should be"));
        }
        if let Some(plain) = cipher.and_then(|cipher| cipher.open(line, rest)) {
            return Ok(Cow::Owned(plain));
        }
        let own = self.unwrap(place, &header.key)?;
        own.open(line, rest).map(Cow::Owned).ok_or_else(|| StateError::damaged(place, "it is not what was encrypted"))
    }
}

/// True for the bytes of an encrypted file.
pub fn is_encrypted(bytes: &[u8]) -> bool {
    bytes.starts_with(b"{\"encrypted\":")
}

/// True for an encrypted snapshot that no HEAD without a MAC can name: it was written after all of them were given one.
pub(super) fn wants_mac(bytes: &[u8]) -> bool {
    split(bytes).and_then(|(line, _)| serde_json::from_slice::<Header>(line).ok()).is_some_and(|header| header.encrypted >= ENVELOPE)
}

/// How the key of an encrypted file was wrapped when it was written.
pub(super) fn wrapped_in(bytes: &[u8]) -> Option<WrappedKey> {
    serde_json::from_slice::<Header>(split(bytes)?.0).ok().map(|header| header.key)
}

/// The header's line, and what follows it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    if !is_encrypted(bytes) {
        return None;
    }
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (line, rest) = bytes.split_at_checked(end)?;
    Some((line, rest.get(1..).unwrap_or_default()))
}

impl Cipher {
    pub fn wrapped(&self) -> &WrappedKey {
        &self.wrapped
    }

    pub fn close_file(&self, kind: &str, lineage: &str, number: u64, plain: &[u8]) -> Result<Vec<u8>, StateError> {
        let (cipher, kind, lineage) = (CIPHER.to_owned(), kind.to_owned(), lineage.to_owned());
        let mut out = to_json(&Header { encrypted: ENVELOPE, cipher, kind, lineage, number, key: self.wrapped.clone() })?;
        let closed = self.close(&out, plain)?;
        out.push(b'\n');
        out.extend_from_slice(&closed);
        Ok(out)
    }

    /// A line of a journal: its place in the journal is bound in.
    pub fn close_line(&self, lineage: &str, journal: &str, number: u64, json: &[u8]) -> Result<Vec<u8>, StateError> {
        to_json(&Line { encrypted: hex(&self.close(&place_of_line(lineage, journal, number), json)?) })
    }

    /// `None`: it is not the line that was written there.
    pub fn open_line(&self, lineage: &str, journal: &str, number: u64, json: &[u8]) -> Option<Vec<u8>> {
        let Line { encrypted } = serde_json::from_slice(json).ok()?;
        self.open(&place_of_line(lineage, journal, number), &unhex(&encrypted)?)
    }

    /// Over what only a holder of the key may write.
    pub fn mac(&self, bound: &[u8]) -> Result<[u8; 32], StateError> {
        let mac = keyed(&self.data, b"plat:head").ok_or_else(broken)?.chain_update(bound);
        Ok(mac.finalize().into_bytes().into())
    }

    /// In a time that tells nothing of how much of it is right.
    pub fn is_mac(&self, bound: &[u8], mac: &[u8]) -> bool {
        keyed(&self.data, b"plat:head").is_some_and(|keyed| keyed.chain_update(bound).verify_slice(mac).is_ok())
    }

    pub(super) fn close(&self, bound: &[u8], plain: &[u8]) -> Result<Vec<u8>, StateError> {
        close(&self.data, bound, plain)
    }

    pub(super) fn open(&self, bound: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
        open(&self.data, bound, bytes)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    encrypted: String,
}

fn place_of_line(lineage: &str, journal: &str, number: u64) -> Vec<u8> {
    format!("plat:journal\n{lineage}\n{journal}\n{number}").into_bytes()
}

pub(super) fn broken() -> StateError {
    StateError::Misused("what should be encrypted could not be".to_owned())
}

pub(super) fn close(key: &[u8; 32], bound: &[u8], plain: &[u8]) -> Result<Vec<u8>, StateError> {
    let nonce = nonce(key, bound, plain).ok_or_else(broken)?;
    let cipher = Aes256Gcm::new_from_slice(key).map_err(|_| broken())?;
    let closed = cipher.encrypt(&Nonce::<U12>::from(nonce), Payload { msg: plain, aad: bound }).map_err(|_| broken())?;
    Ok([nonce.as_slice(), &closed].concat())
}

pub(super) fn open(key: &[u8; 32], bound: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let (nonce, closed) = bytes.split_at_checked(NONCE)?;
    let nonce: [u8; NONCE] = nonce.try_into().ok()?;
    Aes256Gcm::new_from_slice(key).ok()?.decrypt(&Nonce::<U12>::from(nonce), Payload { msg: closed, aad: bound }).ok()
}

/// HMAC under a key that is made of `key` for this purpose alone.
fn keyed(key: &[u8; 32], purpose: &[u8]) -> Option<Hmac<Sha256>> {
    let own = <Hmac<Sha256> as KeyInit>::new_from_slice(key).ok()?.chain_update(purpose);
    let own = Zeroizing::new(<[u8; 32]>::from(own.finalize().into_bytes()));
    <Hmac<Sha256> as KeyInit>::new_from_slice(own.as_slice()).ok()
}

fn nonce(key: &[u8; 32], bound: &[u8], plain: &[u8]) -> Option<[u8; NONCE]> {
    let mut mac = keyed(key, b"plat:nonce")?;
    mac.update(&(bound.len() as u64).to_le_bytes());
    mac.update(bound);
    mac.update(plain);
    mac.finalize().into_bytes().get(..NONCE)?.try_into().ok()
}

pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(passphrase: &str) -> Encryption {
        Encryption::with_passphrase(SecretText::new(passphrase))
    }

    fn context() -> Context {
        Context { stack: "shop".into(), env: "dev".into(), lineage: "line".into() }
    }

    #[test]
    fn a_file_opens_with_its_passphrase_as_what_it_is_and_whole() {
        let closed = with("correct horse").close_file("f", "saved-plan", &context(), 7, b"hunter2".to_vec()).unwrap();
        assert!(is_encrypted(&closed) && !String::from_utf8_lossy(&closed).contains("hunter2"));
        let fresh = with("correct horse");
        assert_eq!(&*fresh.open_file("f", "saved-plan", &closed).unwrap(), b"hunter2");
        assert!(matches!(fresh.open_file("f", "snapshot", &closed), Err(StateError::Damaged { .. })));
        assert!(matches!(with("wrong").open_file("f", "saved-plan", &closed), Err(StateError::WrongPassphrase { .. })));
        assert!(matches!(Encryption::default().open_file("f", "saved-plan", &closed), Err(StateError::NoPassphrase { .. })));
        // The number, the lineage and every byte of what follows are bound in.
        let text = String::from_utf8_lossy(closed.split(|b| *b == b'\n').next().unwrap()).replace("\"number\":7", "\"number\":8");
        let header = closed.iter().position(|b| *b == b'\n').unwrap();
        let renumbered = [text.as_bytes(), &closed[header..]].concat();
        assert!(matches!(fresh.open_file("f", "saved-plan", &renumbered), Err(StateError::Damaged { .. })));
        for at in header..closed.len() {
            let mut flipped = closed.clone();
            flipped[at] ^= 1;
            assert!(fresh.open_file("f", "saved-plan", &flipped).is_err(), "byte {at}");
            assert!(fresh.open_file("f", "saved-plan", &closed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn the_same_is_the_same_and_another_place_is_not() {
        let cipher = with("p").fresh("f", &context()).unwrap();
        let line = cipher.close_line("lineage", "journal", 3, b"{}").unwrap();
        assert_eq!(line, cipher.close_line("lineage", "journal", 3, b"{}").unwrap());
        assert_eq!(cipher.open_line("lineage", "journal", 3, &line).unwrap(), b"{}");
        for (lineage, journal, number) in [("other", "journal", 3), ("lineage", "other", 3), ("lineage", "journal", 4)] {
            assert!(cipher.open_line(lineage, journal, number, &line).is_none());
        }
    }

    #[test]
    fn a_planted_key_cannot_ask_for_the_whole_machine() {
        let WrappedKey::Passphrase(mut wrapped) = with("p").fresh("f", &context()).unwrap().wrapped().clone() else {
            panic!("another kind")
        };
        wrapped.memory_kib = u32::MAX;
        let wrapped = WrappedKey::Passphrase(wrapped);
        assert!(matches!(with("p").unwrap("f", &wrapped), Err(StateError::Damaged { .. })));
    }

    #[test]
    fn a_new_passphrase_wraps_the_same_key() {
        let cipher = with("old").fresh("f", &context()).unwrap();
        let again = with("new").rewrap("f", &cipher, &context()).unwrap();
        assert_eq!(with("new").unwrap("f", again.wrapped()).unwrap().data, cipher.data);
        assert!(with("old").unwrap("f", again.wrapped()).is_err());
    }
}
