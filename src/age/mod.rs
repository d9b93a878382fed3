//! Files of age (age-encryption.org/v1) with X25519 recipients: what is sealed to several keys, any one of them opens.
//!
//! Only small things are sealed here: the payload is one chunk. `age -d` opens what [`seal`] made.

mod text;

use std::fmt;

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use text::{base64, bech32, unbase64, unbech32};

const INTRO: &str = "age-encryption.org/v1";
const RECIPIENT: &str = "age";
const IDENTITY: &str = "age-secret-key-";
const LABEL: &[u8] = b"age-encryption.org/v1/X25519";
const FILE_KEY: usize = 16;
/// Most bytes of a chunk of a payload.
const CHUNK: usize = 64 << 10;

/// A public key, `age1…`: whoever has it can seal.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient([u8; 32]);

/// A private key, `AGE-SECRET-KEY-1…`: it opens what is sealed to its recipient.
#[derive(Clone)]
pub struct Identity(Zeroizing<[u8; 32]>);

/// Why a file was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenError {
    /// It is not a file of age, or not one that was written as it is.
    Malformed,
    /// It is sealed to other keys.
    NotForThese,
}

impl Recipient {
    /// Reads `age1…`. `None`: it is another kind of recipient, or mistyped.
    pub fn parse(text: &str) -> Option<Self> {
        unbech32(RECIPIENT, text).map(Self)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bech32(RECIPIENT, &self.0))
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Identity {
    /// Reads `AGE-SECRET-KEY-1…`.
    pub fn parse(text: &str) -> Option<Self> {
        unbech32(IDENTITY, text).map(|key| Self(Zeroizing::new(key)))
    }

    /// Reads a file of identities as `age-keygen` writes it: one in a line, `#` before what is not one. `Err`: the number of the first
    /// line that is something else.
    pub fn parse_file(text: &str) -> Result<Vec<Self>, usize> {
        let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        lines.map(|(number, line)| Self::parse(line).ok_or(number + 1)).collect()
    }

    pub fn recipient(&self) -> Recipient {
        Recipient(PublicKey::from(&self.secret()).to_bytes())
    }

    fn secret(&self) -> StaticSecret {
        StaticSecret::from(*self.0)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(identity)")
    }
}

/// What `seal` needs of chance: a key for each recipient, one for the file, and the payload's nonce.
pub trait Chance {
    /// Fills all of `bytes`; `None` when the system gives none.
    fn fill(&mut self, bytes: &mut [u8]) -> Option<()>;
}

/// A file that each of `recipients` can open. `None`: there is no chance to be had, or more than one chunk of `plain`.
pub fn seal(recipients: &[Recipient], plain: &[u8], chance: &mut impl Chance) -> Option<Vec<u8>> {
    if plain.len() > CHUNK || recipients.is_empty() {
        return None;
    }
    let mut key = Zeroizing::new([0; FILE_KEY]);
    chance.fill(key.as_mut_slice())?;
    let mut header = format!("{INTRO}\n");
    for recipient in recipients {
        let mut own = Zeroizing::new([0; 32]);
        chance.fill(own.as_mut_slice())?;
        let own = StaticSecret::from(*own);
        let share = PublicKey::from(&own).to_bytes();
        let wrapping = wrapping_key(&own, &recipient.0, &share, &recipient.0)?;
        let body = cipher(&wrapping).encrypt(&Nonce::default(), key.as_slice()).ok()?;
        header.push_str(&format!("-> X25519 {}\n{}\n", base64(&share), base64(&body)));
    }
    header.push_str("---");
    let mac = header_mac(key.as_slice(), header.as_bytes()).finalize().into_bytes();
    let mut nonce = [0; 16];
    chance.fill(&mut nonce)?;
    let payload = cipher(&derive(&nonce, key.as_slice(), b"payload")).encrypt(&last_chunk(), Payload { msg: plain, aad: b"" }).ok()?;
    Some([format!("{header} {}\n", base64(&mac)).as_bytes(), &nonce, &payload].concat())
}

/// What [`seal`], or another program, sealed to one of `identities`.
pub fn open(identities: &[Identity], file: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let header = Header::read(file).ok_or(OpenError::Malformed)?;
    let opened = identities.iter().flat_map(|identity| header.stanzas.iter().filter_map(|stanza| stanza.open(identity))).next();
    let key = opened.ok_or(OpenError::NotForThese)?;
    header_mac(key.as_slice(), header.bound).verify_slice(&header.mac).map_err(|_| OpenError::Malformed)?;
    let (nonce, chunk) = header.payload.split_at_checked(16).ok_or(OpenError::Malformed)?;
    let payload = cipher(&derive(nonce, key.as_slice(), b"payload")).decrypt(&last_chunk(), chunk);
    payload.map(Zeroizing::new).map_err(|_| OpenError::Malformed)
}

/// A header, and the payload behind it.
struct Header<'a> {
    stanzas: Vec<Stanza>,
    /// From the beginning to `---`.
    bound: &'a [u8],
    mac: Vec<u8>,
    payload: &'a [u8],
}

/// The file's key for one X25519 recipient.
struct Stanza {
    share: [u8; 32],
    body: Vec<u8>,
}

impl<'a> Header<'a> {
    /// `None`: it is not one. Stanzas of other kinds are passed over.
    fn read(file: &'a [u8]) -> Option<Self> {
        let mut at = 0;
        let mut line = || {
            let rest = file.get(at..)?;
            let length = rest.iter().position(|byte| *byte == b'\n')?;
            let (start, text) = (at, std::str::from_utf8(rest.get(..length)?).ok()?);
            at += length + 1;
            Some((start, text))
        };
        if line()?.1 != INTRO {
            return None;
        }
        let mut stanzas = Vec::new();
        loop {
            let (start, text) = line()?;
            if let Some(mac) = text.strip_prefix("--- ") {
                let (mac, bound) = (unbase64(mac)?, file.get(..start + 3)?);
                return (!stanzas.is_empty()).then_some(Self {
                    stanzas: stanzas.into_iter().flatten().collect(),
                    bound,
                    mac,
                    payload: file.get(at..)?,
                });
            }
            let mut words = text.strip_prefix("-> ")?.split(' ');
            let (kind, share, more) = (words.next()?, words.next(), words.next());
            let mut body = String::new();
            loop {
                let (_, part) = line()?;
                body.push_str(part);
                match part.len() {
                    0..64 => break,
                    64 => {}
                    _ => return None,
                }
            }
            let body = unbase64(&body)?;
            stanzas.push(match (kind, share, more) {
                ("X25519", Some(share), None) if body.len() == FILE_KEY + 16 => {
                    Some(Stanza { share: unbase64(share)?.try_into().ok()?, body })
                }
                ("X25519", ..) => return None,
                _ => None,
            });
        }
    }
}

impl Stanza {
    fn open(&self, identity: &Identity) -> Option<Zeroizing<Vec<u8>>> {
        let wrapping = wrapping_key(&identity.secret(), &self.share, &self.share, &identity.recipient().0)?;
        cipher(&wrapping).decrypt(&Nonce::default(), self.body.as_slice()).ok().map(Zeroizing::new)
    }
}

/// The key that wraps the file's key. `None`: the other's share is one of the few that give everybody the same secret.
fn wrapping_key(own: &StaticSecret, other: &[u8; 32], share: &[u8; 32], recipient: &[u8; 32]) -> Option<Zeroizing<[u8; 32]>> {
    let secret = own.diffie_hellman(&PublicKey::from(*other));
    secret.was_contributory().then(|| derive(&[share.as_slice(), recipient].concat(), secret.as_bytes(), LABEL))
}

/// HKDF-SHA-256 (RFC 5869) for 32 bytes, which are one block.
fn derive(salt: &[u8], key: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let extracted = Zeroizing::new(<[u8; 32]>::from(mac(salt).chain_update(key).finalize().into_bytes()));
    Zeroizing::new(mac(extracted.as_slice()).chain_update(info).chain_update([1]).finalize().into_bytes().into())
}

fn header_mac(key: &[u8], header: &[u8]) -> Hmac<Sha256> {
    mac(derive(b"", key, b"header").as_slice()).chain_update(header)
}

fn mac(key: &[u8]) -> Hmac<Sha256> {
    // HMAC pads a key to a block of 64 bytes; none here is longer. So this is HMAC with `key`, and nothing can fail.
    let mut block = Zeroizing::new([0; 64]);
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    Hmac::new(&(*block).into())
}

fn cipher(key: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&(*key).into())
}

/// The nonce of a payload's first chunk, which is also its last.
fn last_chunk() -> Nonce {
    let mut nonce = [0; 12];
    if let Some(last) = nonce.last_mut() {
        *last = 1;
    }
    nonce.into()
}

#[cfg(test)]
mod tests;
