//! Against what other implementations wrote.

use super::*;

/// Counts up, so that a file is the same each time.
struct Counter(u8);

impl Chance for Counter {
    fn fill(&mut self, bytes: &mut [u8]) -> Option<()> {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
        Some(())
    }
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// Made by pyrage 1.4.0, which is rage: the bytes 0 to 31, for two recipients, with a stanza of a kind that nobody knows.
const OF_RAGE: &str = "6167652d656e6372797074696f6e2e6f72672f76310a2d3e2058323535313920445949464a77376f6c655658374e445554326d6f6e396b44486c796b787957494f4f37326449635a357a630a6e5756654639566a58665572465a38526561536d4c536f4462417936705050523863706870306b754d34490a2d3e20583235353139203343454375754368467162496f4e62353233386c7852446370426a4e4f4c67756a7a6e576f75544b3743550a327a6930706b654230546c724c513756384b395431324b5870714f5955386f435537536a61415a67457a4d0a2d3e2031254e696b434c2d677265617365203c465e464c20414b396020425b0a4d69705a762f666f2f4d302b59794b73385149543245717070697a63396839646d5a344f4d6a45417956756f426f385170727a550a2d2d2d204a627150596b3245784a543353644e7039514349422b33423157352f656a565669716c387a43456c5873770a253388b2b97f11fd1053a710a4a2715ff255049f9e99bb8cdc9ace0c654321962e39c12d6067ebc8e0bedb32d96363be599bc23d4cb3e1a6d7154f4159fc7126";
const ONE: (&str, &str) = (
    "AGE-SECRET-KEY-1JE3SP96A90N3KXKWEWF0CW2M305TEQ6XRX8234R3REE4HYWKDJVSE4GTF5",
    "age1xlj9qm77r5xp84zmkvfxnjhvyaw4yej8curdsvrgalcrq646q9sqf0attk",
);
const OTHER: (&str, &str) = (
    "AGE-SECRET-KEY-1CN9YACH6TGJP2W85Y858QL0CXQ9DQETHE5P24VKFZFSE7Z477EXSSY6HGH",
    "age1mtmmhvapphs0frjqsm2hyv0d0urqvdp8yacjsxdzgmdqmspnhs2swhsks8",
);

#[test]
fn keys_are_those_of_other_implementations() {
    for (identity, recipient) in [ONE, OTHER] {
        assert_eq!(Identity::parse(identity).unwrap().recipient().to_string(), recipient);
        assert_eq!(Recipient::parse(recipient).unwrap().to_string(), recipient);
        assert!(Recipient::parse(identity).is_none() && Identity::parse(recipient).is_none());
    }
    let file = format!("# created: 2026-11-21\n# public key: {}\n{}\n\n", ONE.1, ONE.0);
    assert_eq!(Identity::parse_file(&file).unwrap()[0].recipient().to_string(), ONE.1);
    assert_eq!(Identity::parse_file(&format!("{}\nnonsense\n", ONE.0)).err(), Some(2));
}

#[test]
fn a_file_of_another_implementation_opens() {
    let file = unhex(OF_RAGE);
    for (identity, _) in [ONE, OTHER] {
        assert_eq!(*open(&[Identity::parse(identity).unwrap()], &file).unwrap(), (0..32).collect::<Vec<u8>>());
    }
    let stranger = Identity(Zeroizing::new([9; 32]));
    assert_eq!(open(std::slice::from_ref(&stranger), &file).err(), Some(OpenError::NotForThese));
    assert!(open(&[stranger, Identity::parse(ONE.0).unwrap()], &file).is_ok());
}

/// The case `x25519` of C2SP's test vectors: the header's key and MAC. Its payload is another program's business.
#[test]
fn the_header_of_the_official_vector_gives_its_file_key() {
    let header = "age-encryption.org/v1\n-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\n\
                  hjabGXwSLQ9c3S6Lw2i+S2Tu2fiwQHHslbBN6B41FLE\n--- WyJp9F/9FOZh7gJdheq2WIJcwHgYc8NIVh3ddwhrcNg\n";
    let identity = Identity::parse("AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0").unwrap();
    let header = Header::read(header.as_bytes()).unwrap();
    let key = header.stanzas[0].open(&identity).unwrap();
    assert_eq!(*key, unhex("59454c4c4f57205355424d4152494e45"));
    assert!(header_mac(&key, header.bound).verify_slice(&header.mac).is_ok());
}

#[test]
fn what_is_sealed_opens_for_each_recipient_and_only_whole() {
    let recipients = [ONE, OTHER].map(|(_, recipient)| Recipient::parse(recipient).unwrap());
    let identities = [ONE, OTHER].map(|(identity, _)| Identity::parse(identity).unwrap());
    let file = seal(&recipients, b"hunter2", &mut Counter(0)).unwrap();
    for identity in &identities {
        assert_eq!(open(std::slice::from_ref(identity), &file).unwrap().as_slice(), b"hunter2");
    }
    assert!(seal(&[], b"hunter2", &mut Counter(0)).is_none());
    for at in 0..file.len() {
        let mut flipped = file.clone();
        flipped[at] ^= 1;
        assert!(open(&identities[..1], &flipped).is_err(), "byte {at}");
        assert!(open(&identities, &file[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn a_share_that_makes_a_secret_of_everybody_is_refused() {
    let all_zero = base64(&[0; 32]);
    let body = base64(&[1; 32]);
    let file = format!("{INTRO}\n-> X25519 {all_zero}\n{body}\n--- {body}\n");
    assert_eq!(open(&[Identity::parse(ONE.0).unwrap()], file.as_bytes()).err(), Some(OpenError::NotForThese));
    assert!(seal(&[Recipient([0; 32])], b"x", &mut Counter(0)).is_none());
}
