//! The texts of age: Bech32 (BIP 173) for keys, Base64 without padding for headers.

use std::fmt::Write as _;

const CHARSET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Symbols of a checksum.
const SUM: usize = 6;

/// The 32 bytes of a key under its prefix, in small letters.
pub fn bech32(prefix: &str, bytes: &[u8; 32]) -> String {
    let data = regroup(bytes, 8, 5, true).unwrap_or_default();
    let sum = polymod(spread(prefix).chain(data.iter().copied()).chain([0; SUM])) ^ 1;
    let mut text = format!("{prefix}1");
    for symbol in data.into_iter().chain((0..SUM).rev().map(|at| low_bits(sum >> (5 * at), 5))) {
        text.push(CHARSET.get(usize::from(symbol)).map_or('?', |byte| char::from(*byte)));
    }
    text
}

/// What [`bech32`] made. `None`: another prefix, another length, mixed case, or a mistyped letter.
pub fn unbech32(prefix: &str, text: &str) -> Option<[u8; 32]> {
    let lower = text.to_ascii_lowercase();
    if text != lower && text != text.to_ascii_uppercase() {
        return None;
    }
    let (found, symbols) = lower.rsplit_once('1')?;
    if found != prefix {
        return None;
    }
    let value = |symbol: u8| CHARSET.iter().position(|known| *known == symbol).and_then(|at| u8::try_from(at).ok());
    let values: Vec<u8> = symbols.bytes().map(value).collect::<Option<_>>()?;
    if polymod(spread(prefix).chain(values.iter().copied())) != 1 {
        return None;
    }
    let data = values.get(..values.len().checked_sub(SUM)?)?;
    regroup(data, 5, 8, false)?.try_into().ok()
}

fn spread(prefix: &str) -> impl Iterator<Item = u8> {
    prefix.bytes().map(|byte| byte >> 5).chain([0]).chain(prefix.bytes().map(|byte| byte & 31))
}

fn polymod(values: impl Iterator<Item = u8>) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |sum: u32, value| {
        let next = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
        GENERATOR.iter().enumerate().filter(|(bit, _)| sum >> (25 + bit) & 1 == 1).fold(next, |next, (_, term)| next ^ term)
    })
}

fn low_bits(value: u32, bits: u32) -> u8 {
    u8::try_from(value & ((1 << bits) - 1)).unwrap_or(0)
}

/// The same bits in groups of another size. Without `pad` what is left over must be less than a group, and zero.
fn regroup(groups: &[u8], from: u32, to: u32, pad: bool) -> Option<Vec<u8>> {
    let (mut bits, mut held) = (0_u32, 0_u32);
    let mut out = Vec::new();
    for group in groups {
        bits = bits << from | u32::from(*group);
        held += from;
        while held >= to {
            held -= to;
            out.push(low_bits(bits >> held, to));
        }
        bits &= (1 << held) - 1;
    }
    match (pad, held) {
        (true, 1..) => out.push(low_bits(bits << (to - held), to)),
        (false, held) if held >= from || bits != 0 => return None,
        _ => {}
    }
    Some(out)
}

pub fn base64(bytes: &[u8]) -> String {
    let groups = regroup(bytes, 8, 6, true).unwrap_or_default();
    let mut text = String::with_capacity(groups.len());
    for group in groups {
        // Writing to a text cannot fail.
        let _ = text.write_char(BASE64.get(usize::from(group)).map_or('?', |byte| char::from(*byte)));
    }
    text
}

/// `None`: it is not what [`base64`] makes of any bytes.
pub fn unbase64(text: &str) -> Option<Vec<u8>> {
    let value = |symbol: u8| BASE64.iter().position(|known| *known == symbol).and_then(|at| u8::try_from(at).ok());
    regroup(&text.bytes().map(value).collect::<Option<Vec<_>>>()?, 6, 8, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_one_form() {
        for (bytes, text) in [(&b""[..], ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foo", "Zm9v"), (b"foobar", "Zm9vYmFy"), (&[255, 254], "//4")]
        {
            assert_eq!(base64(bytes), text);
            assert_eq!(unbase64(text).as_deref(), Some(bytes));
        }
        for text in ["Z", "Zh", "Zg==", "Zm9", "Z m8", "Zg-_"] {
            assert_eq!(unbase64(text), None, "{text}");
        }
    }

    #[test]
    fn a_mistyped_key_is_none() {
        let key = [7; 32];
        let text = bech32("age", &key);
        assert_eq!(unbech32("age", &text), Some(key));
        assert_eq!(unbech32("age", &text.to_uppercase()), Some(key));
        assert_eq!(unbech32("age-secret-key-", &text), None);
        for at in 4..text.len() {
            let mut typed = text.clone().into_bytes();
            typed[at] = if typed[at] == b'q' { b'p' } else { b'q' };
            assert_eq!(unbech32("age", std::str::from_utf8(&typed).unwrap()), None, "letter {at}");
            assert_eq!(unbech32("age", &text[..at]), None);
        }
    }
}
