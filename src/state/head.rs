//! HEAD: the one small thing that says what is current. Written whole, in one step, or not at all.

use serde::{Deserialize, Serialize};

use super::codec::to_json;
use super::envelope::{Cipher, unhex, wants_mac};
use super::fingerprint::hex;
use super::keys::WrappedKey;
use super::seal::Seal;
use super::{Context, Snapshot, StateError};

/// A HEAD that is not encrypted, and those of encrypted states from before they were authenticated.
pub const PLAIN: u64 = 1;
/// A HEAD that ends in a MAC.
const AUTHENTICATED: u64 = 2;
const MARK: &[u8] = b",\"mac\":\"";
const CLOSE: &[u8] = b"\"}";

/// What is current.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub version: u64,
    pub stack: String,
    pub env: String,
    pub lineage: String,
    /// Grows with every session.
    pub epoch: u64,
    pub serial: u64,
    /// SHA-256 of the current snapshot, in hex.
    pub snapshot: String,
    /// The name of the journal that goes on from the snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<String>,
    /// The data key; snapshot and journal are encrypted with it. `None`: they are not encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<WrappedKey>,
    /// Seconds since 1970 when this was written.
    pub written: u64,
}

#[derive(Deserialize)]
struct HeadVersion {
    version: u64,
}

fn chain() -> Seal {
    Seal::start("head")
}

impl Head {
    /// One sealed line. `cipher`: the key in `encryption`.
    pub fn encode(&self, cipher: Option<&Cipher>) -> Result<Vec<u8>, StateError> {
        seal(&Head { version: version(cipher), ..self.clone() }, cipher)
    }

    /// The state that its key is for.
    pub fn context(&self) -> Context {
        Context { stack: self.stack.clone(), env: self.env.clone(), lineage: self.lineage.clone() }
    }

    /// Reads the line; checks that it is of this stack and env. Whether it is authentic is for [`Mac::check`] to say.
    pub fn decode(place: &str, bytes: &[u8], stack: &str, env: &str) -> Result<(Head, Mac), StateError> {
        let line = bytes.strip_suffix(b"\n").filter(|line| !line.is_empty());
        let (head, mac): (Head, Mac) = open_sealed(place, line.ok_or_else(|| cut(place, bytes))?)?;
        check_owner(place, (&head.stack, &head.env), (stack, env))?;
        Ok((head, mac))
    }
}

/// The problem of a HEAD without a whole line.
pub fn cut(place: &str, bytes: &[u8]) -> StateError {
    StateError::damaged(place, if bytes.is_empty() { "it has no bytes" } else { "its end is missing" })
}

/// The version of a HEAD whose state is encrypted with `cipher`.
pub fn version(cipher: Option<&Cipher>) -> u64 {
    if cipher.is_some() { AUTHENTICATED } else { PLAIN }
}

/// Seals a HEAD, which has this cipher's [`version`].
pub fn seal(head: &impl Serialize, cipher: Option<&Cipher>) -> Result<Vec<u8>, StateError> {
    let mut json = to_json(head)?;
    if let Some(cipher) = cipher {
        json.pop();
        let mac = hex(&cipher.mac(&json)?);
        json.extend_from_slice(&[MARK, mac.as_bytes(), CLOSE].concat());
    }
    Ok(chain().close(json))
}

/// The MAC of a HEAD, and what it is over: every byte before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mac {
    found: Option<(Vec<u8>, Vec<u8>)>,
}

impl Mac {
    /// Whoever wrote the HEAD had the key of the state. `cipher`: the key that the HEAD holds. Gives whether it has a MAC at all: those
    /// from before have none, see [`check_unauthentic`].
    pub fn check(&self, place: &str, cipher: Option<&Cipher>) -> Result<bool, StateError> {
        match (&self.found, cipher) {
            (None, _) => Ok(false),
            (Some((bound, mac)), Some(cipher)) if cipher.is_mac(bound, mac) => Ok(true),
            (Some(_), _) => Err(StateError::damaged(place, "whoever wrote it did not have the state's key")),
        }
    }
}

/// Reads a sealed HEAD, without its newline.
pub fn open_sealed<T: serde::de::DeserializeOwned>(place: &str, line: &[u8]) -> Result<(T, Mac), StateError> {
    let damaged = |error: serde_json::Error| StateError::damaged(place, error.to_string());
    let json = chain().check(line).ok_or_else(|| StateError::damaged(place, "it is not what was written"))?;
    let (json, found) = match split_mac(&json) {
        Some((bound, mac)) => ([bound, b"}"].concat(), Some((bound.to_vec(), mac))),
        None => (json, None),
    };
    let HeadVersion { version } = serde_json::from_slice(&json).map_err(damaged)?;
    if version > AUTHENTICATED {
        return Err(StateError::Newer { place: place.to_owned(), found: version, known: AUTHENTICATED });
    }
    if (version == AUTHENTICATED) != found.is_some() {
        return Err(StateError::damaged(place, format!("version {version} and its MAC do not go together")));
    }
    Ok((serde_json::from_slice(&json).map_err(damaged)?, Mac { found }))
}

/// What stands before a MAC, and the MAC. No text inside JSON looks like it: its quotes would be escaped.
fn split_mac(json: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    let (bound, end) = json.split_at_checked(json.len().checked_sub(MARK.len() + 64 + CLOSE.len())?)?;
    let mac = end.strip_prefix(MARK)?.strip_suffix(CLOSE)?;
    Some((bound, unhex(std::str::from_utf8(mac).ok()?)?))
}

/// Refuses a snapshot that does not go with a HEAD that holds a key and has no MAC: it was taken off. `place`: what errors call the HEAD.
pub fn check_unauthentic(place: &str, snapshot: &[u8]) -> Result<(), StateError> {
    match wants_mac(snapshot) {
        true => Err(StateError::damaged(place, "its MAC is missing")),
        false => Ok(()),
    }
}

/// Refuses what belongs to another stack or environment.
pub fn check_owner(place: &str, found: (&str, &str), wanted: (&str, &str)) -> Result<(), StateError> {
    let name = |(stack, env): (&str, &str)| format!("{stack} · {env}");
    match found == wanted {
        true => Ok(()),
        false => Err(StateError::Foreign { place: place.to_owned(), found: name(found), wanted: name(wanted) }),
    }
}

/// The name of a snapshot: its serial, so that names sort, and its hash, so that it vouches for itself.
pub fn snapshot_name(serial: u64, sha256: &str) -> String {
    format!("{serial:06}-{sha256}.json")
}

/// What a snapshot's name says; `None` for other names.
pub fn parse_snapshot_name(name: &str, bytes: u64) -> Option<Snapshot> {
    let (serial, sha256) = name.strip_suffix(".json")?.split_once('-')?;
    let hex = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit());
    Some(Snapshot { serial: serial.parse().ok()?, sha256: hex.then(|| sha256.to_owned())?, bytes })
}

/// A stack's or environment's name as one part of a path: it stays inside its folder, whatever it is.
pub fn path_part(name: &str) -> String {
    let plain = |i: usize, b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-' || (b == b'.' && i > 0);
    let escape = |(i, b): (usize, u8)| if plain(i, b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    name.bytes().enumerate().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside_their_folder() {
        assert_eq!(path_part("connect2"), "connect2");
        assert_eq!(path_part("../x"), "%2E.%2Fx");
        assert_eq!(path_part(".."), "%2E.");
    }

    #[test]
    fn snapshots_are_known_by_name() {
        let sha = "a".repeat(64);
        assert_eq!(parse_snapshot_name(&snapshot_name(7, &sha), 3).unwrap().serial, 7);
        for name in ["000007.json", "x-a.json", "000007-zz.json", ".tmp"] {
            assert!(parse_snapshot_name(name, 3).is_none());
        }
    }
}
