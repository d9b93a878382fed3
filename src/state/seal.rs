//! Lines that carry their own checksum, each bound to the line before it.
//!
//! A line is a JSON object whose last member is `"sum"`: the first 8 bytes of the SHA-256 over the seal of the line
//! before and every byte of this line up to the sum. So each byte of a line is either hashed or compared.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

const MARK: &[u8] = b",\"sum\":\"";
const CLOSE: &[u8] = b"\"}";
const HEX: usize = 16;

/// What binds a line to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal([u8; 8]);

impl Seal {
    /// The start of a chain. Lines of one chain never pass for lines of another.
    pub fn start(name: &str) -> Self {
        Self::of(&[b"plat:", name.as_bytes()])
    }

    fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part);
        }
        let mut sum = [0; 8];
        sum.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
        Self(sum)
    }

    fn hex(self) -> String {
        super::fingerprint::hex(&self.0)
    }

    /// Ends a JSON object (not an empty one) with its sum and a newline, and goes on to the next line's seal.
    pub fn close(&mut self, mut object: Vec<u8>) -> Vec<u8> {
        if object.last() == Some(&b'}') {
            object.pop();
        }
        *self = Self::of(&[&self.0, &object]);
        object.extend_from_slice(MARK);
        object.extend_from_slice(self.hex().as_bytes());
        object.extend_from_slice(CLOSE);
        object.push(b'\n');
        object
    }

    /// Checks a line (without its newline) and gives its JSON without the sum. `None`: it is not what was written.
    pub fn check(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let (object, tail) = line.split_at_checked(line.len().checked_sub(MARK.len() + HEX + CLOSE.len())?)?;
        let next = Self::of(&[&self.0, object]);
        let sum = tail.strip_prefix(MARK)?.strip_suffix(CLOSE)?;
        (sum == next.hex().as_bytes()).then(|| {
            *self = next;
            [object, b"}"].concat()
        })
    }
}

impl Serialize for Seal {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.hex())
    }
}

impl<'de> Deserialize<'de> for Seal {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let number = u64::from_str_radix(&text, 16).map_err(serde::de::Error::custom)?;
        Ok(Self(number.to_be_bytes()))
    }
}

/// The SHA-256 of `bytes`, in hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    super::fingerprint::hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flip_of_a_line_shows() {
        let line = Seal::start("x").close(br#"{"a":1}"#.to_vec());
        let line = line.strip_suffix(b"\n").unwrap();
        assert!(serde_json::from_slice::<serde_json::Value>(line).is_ok());
        assert!(Seal::start("x").check(line).is_some());
        assert!(Seal::start("y").check(line).is_none());
        for at in 0..line.len() {
            for bit in 0..8 {
                let mut flipped = line.to_vec();
                flipped[at] ^= 1 << bit;
                assert!(Seal::start("x").check(&flipped).is_none(), "byte {at}, bit {bit}");
            }
            assert!(Seal::start("x").check(&line[..at]).is_none());
        }
    }
}
