//! A saved plan as bytes: JSON for people to look at, with a checksum over every byte and a seal of the state.

use super::{FORMAT, SavedPlan, SavedPlanError};
use crate::state::{FingerprintKey, StateError, sha256_hex};

const SEAL: &[u8] = b",\n  \"seal\": \"";
const SUM: &[u8] = b",\n  \"sum\": \"";
const CLOSE: &[u8] = b"\"";
const END: &[u8] = b"\n}\n";
/// A SHA-256 in hex.
const HEX: usize = 64;

/// What the seal in a file covers, and the seal.
pub struct Sealed {
    body: Vec<u8>,
    seal: Vec<u8>,
}

impl Sealed {
    /// True when the key's owner wrote it.
    pub fn by(&self, key: &Option<FingerprintKey>) -> bool {
        key.as_ref().is_some_and(|key| key.seal("saved-plan", &self.body).as_bytes() == self.seal)
    }
}

pub fn encode(plan: &SavedPlan, key: &FingerprintKey) -> Result<Vec<u8>, StateError> {
    let mut out = serde_json::to_vec_pretty(plan).map_err(|error| StateError::Misused(format!("a plan has no JSON form: {error}")))?;
    // Without its closing `\n}`.
    out.truncate(out.len().saturating_sub(2));
    let seal = key.seal("saved-plan", &out);
    for part in [SEAL, seal.as_bytes(), CLOSE] {
        out.extend_from_slice(part);
    }
    let sum = sha256_hex(&out);
    for part in [SUM, sum.as_bytes(), CLOSE, END] {
        out.extend_from_slice(part);
    }
    Ok(out)
}

pub fn decode(bytes: &[u8]) -> Result<(SavedPlan, Sealed), SavedPlanError> {
    let damaged = |problem: &str| SavedPlanError::Damaged(problem.to_owned());
    if bytes.is_empty() {
        return Err(damaged("it has no bytes"));
    }
    let Some((sealed, sum)) = bytes.strip_suffix(END).and_then(|rest| member(rest, SUM)) else {
        return Err(if looks_like_one(bytes) { damaged("its end is missing") } else { SavedPlanError::Foreign });
    };
    if sha256_hex(sealed).as_bytes() != sum {
        return Err(damaged("it is not what was written"));
    }
    let (body, seal) = member(sealed, SEAL).ok_or_else(|| damaged("it has no seal"))?;
    let json = [body, b"\n}"].concat();
    #[derive(serde::Deserialize)]
    struct Format {
        format: String,
    }
    let wrong = |error: serde_json::Error| SavedPlanError::Damaged(error.to_string());
    let Format { format } = serde_json::from_slice(&json).map_err(wrong)?;
    if format != FORMAT {
        return Err(SavedPlanError::Newer(format));
    }
    let plan = serde_json::from_slice(&json).map_err(wrong)?;
    Ok((plan, Sealed { body: body.to_vec(), seal: seal.to_vec() }))
}

/// The last member of an object, with a hash in hex as its value: what is before it, and the hash.
fn member<'a>(bytes: &'a [u8], name: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let bytes = bytes.strip_suffix(CLOSE)?;
    let (rest, hash) = bytes.split_at_checked(bytes.len().checked_sub(HEX)?)?;
    Some((rest.strip_suffix(name)?, hash))
}

fn looks_like_one(bytes: &[u8]) -> bool {
    let head = bytes.get(..100.min(bytes.len())).unwrap_or(bytes);
    let start = format!("{{\n  \"format\": \"{}", FORMAT.trim_end_matches(|c: char| c.is_ascii_digit()));
    head.starts_with(start.as_bytes()) || start.as_bytes().starts_with(head)
}
