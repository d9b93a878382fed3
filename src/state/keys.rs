//! What wraps a data key: a key made of a passphrase, one of a key service, or age recipients.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::envelope::{broken, close, open, unhex};
use super::fingerprint::{fill, hex};
use super::{StateError, StateFile};
use crate::age::{self, Chance, Identity, OpenError, Recipient};
use crate::value::SecretText;

const KDF: &str = "argon2id";
/// What OWASP recommends for Argon2id: 19 MiB, two passes, one lane.
const COST: Cost = Cost { memory_kib: 19 * 1024, passes: 2, lanes: 1 };
/// What a file may ask for at most: a planted one must not eat the machine.
const MOST: Cost = Cost { memory_kib: 1024 * 1024, passes: 32, lanes: 16 };

#[derive(Clone, Copy)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// A data key, as it is in memory.
pub type DataKey = Zeroizing<[u8; 32]>;

/// What data keys are wrapped with from now on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum KeyChoice {
    /// Nothing is encrypted.
    #[default]
    None,
    Passphrase,
    /// A key of AWS KMS: its id, ARN or alias. `region`: `None` for the one that the ARN or the environment names.
    Kms {
        key: String,
        region: Option<String>,
    },
    Age(Vec<Recipient>),
}

/// What opens and makes wrapped keys. None of it is in the program.
#[derive(Default)]
pub struct Secrets {
    pub passphrase: Option<SecretText>,
    pub identities: Vec<Identity>,
    /// AWS KMS, where this build speaks to it.
    pub kms: Option<Box<dyn KeyService>>,
}

/// A service that wraps and unwraps with keys that never leave it. Both calls wait for the network.
pub trait KeyService: Send + Sync {
    /// Wraps `data` with `key`, bound to `context`. The error is for people.
    fn wrap(&self, key: &str, region: Option<&str>, context: &Context, data: &[u8]) -> Result<ServiceWrapped, String>;

    /// Unwraps `blob` if it was wrapped with `key` and is bound to `context`.
    fn unwrap(&self, key: &str, region: &str, context: &Context, blob: &[u8]) -> Result<Zeroizing<Vec<u8>>, String>;
}

/// What a key service made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceWrapped {
    pub blob: Vec<u8>,
    /// Of the key that an alias stands for.
    pub arn: String,
    pub region: String,
}

/// The state that a key is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    pub stack: String,
    pub env: String,
    pub lineage: String,
}

impl Context {
    pub fn of(state: &StateFile) -> Self {
        Self { stack: state.stack.clone(), env: state.env.clone(), lineage: state.lineage.clone() }
    }
}

/// A wrapped data key: useless without what it is wrapped with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum WrappedKey {
    /// The one kind that format version 1 of HEAD knows, and that says no `wrap`.
    Passphrase(PassphraseKey),
    Kms(KmsKey),
    Age(AgeKey),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassphraseKey {
    kdf: String,
    pub(super) memory_kib: u32,
    passes: u32,
    lanes: u32,
    /// In hex, as is `key`: nonce, wrapped data key, tag.
    salt: String,
    key: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KmsKey {
    wrap: KmsTag,
    /// As the stack says it: often an alias, which can come to stand for another key.
    key: String,
    /// Of the key itself.
    arn: String,
    region: String,
    context: Context,
    /// In hex: what KMS made.
    blob: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum KmsTag {
    #[serde(rename = "aws-kms")]
    AwsKms,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgeKey {
    wrap: AgeTag,
    /// Sorted; each is there once.
    recipients: Vec<String>,
    /// In hex: a file of age.
    blob: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum AgeTag {
    #[serde(rename = "age")]
    Age,
}

impl fmt::Display for KeyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyChoice::None => f.write_str("no key"),
            KeyChoice::Passphrase => f.write_str("a passphrase"),
            KeyChoice::Kms { key, region } => kms_name(f, key, region.as_deref()),
            KeyChoice::Age(recipients) => age_name(f, &names(recipients)),
        }
    }
}

impl fmt::Display for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WrappedKey::Passphrase(_) => f.write_str("a passphrase"),
            WrappedKey::Kms(kms) => kms_name(f, &kms.key, Some(&kms.region)),
            WrappedKey::Age(age) => age_name(f, &age.recipients),
        }
    }
}

fn kms_name(f: &mut fmt::Formatter<'_>, key: &str, region: Option<&str>) -> fmt::Result {
    write!(f, "the KMS key `{key}`")?;
    region.map_or(Ok(()), |region| write!(f, " of {region}"))
}

fn age_name(f: &mut fmt::Formatter<'_>, recipients: &[String]) -> fmt::Result {
    let list: Vec<String> = recipients.iter().map(|recipient| format!("`{recipient}`")).collect();
    write!(f, "the age recipient{} {}", if list.len() == 1 { "" } else { "s" }, list.join(", "))
}

fn names(recipients: &[Recipient]) -> Vec<String> {
    let mut names: Vec<String> = recipients.iter().map(ToString::to_string).collect();
    names.sort();
    names.dedup();
    names
}

/// Chance of the system.
struct System;

impl Chance for System {
    fn fill(&mut self, bytes: &mut [u8]) -> Option<()> {
        fill(bytes).ok()
    }
}

impl KeyChoice {
    /// True where `wrapped` is wrapped with this.
    pub(super) fn made(&self, wrapped: &WrappedKey) -> bool {
        match (self, wrapped) {
            (KeyChoice::Passphrase, WrappedKey::Passphrase(_)) => true,
            (KeyChoice::Kms { key, region }, WrappedKey::Kms(kms)) => {
                *key == kms.key && region.as_ref().is_none_or(|region| *region == kms.region)
            }
            (KeyChoice::Age(recipients), WrappedKey::Age(age)) => names(recipients) == age.recipients,
            _ => false,
        }
    }

    /// Wraps `data`, and tries whether it can be unwrapped again: a key that closes and does not open is told before anything is done.
    pub(super) fn wrap(&self, secrets: &Secrets, place: &str, context: &Context, data: &DataKey) -> Result<WrappedKey, StateError> {
        let wrapped = match self {
            KeyChoice::None => return Err(broken()),
            // Nothing but the passphrase has a part in this, and nothing can go wrong that trying would tell.
            KeyChoice::Passphrase => return PassphraseKey::of(data, secrets.passphrase(place)?).map(WrappedKey::Passphrase),
            KeyChoice::Kms { key, region } => {
                let made = secrets.service().and_then(|kms| kms.wrap(key, region.as_deref(), context, data.as_slice()));
                let made = made.map_err(|problem| unusable(place, self, problem))?;
                let (key, context) = (key.clone(), context.clone());
                WrappedKey::Kms(KmsKey { wrap: KmsTag::AwsKms, key, arn: made.arn, region: made.region, context, blob: hex(&made.blob) })
            }
            KeyChoice::Age(recipients) => {
                let file = age::seal(recipients, data.as_slice(), &mut System).ok_or_else(broken)?;
                WrappedKey::Age(AgeKey { wrap: AgeTag::Age, recipients: names(recipients), blob: hex(&file) })
            }
        };
        match wrapped.unwrap(secrets, place, false)? == *data {
            true => Ok(wrapped),
            false => Err(unusable(place, self, "what it wrapped is another key when it is unwrapped".to_owned())),
        }
    }
}

fn unusable(place: &str, key: &impl fmt::Display, problem: String) -> StateError {
    StateError::KeyUnusable { place: place.to_owned(), key: key.to_string(), problem }
}

impl Secrets {
    fn passphrase(&self, place: &str) -> Result<&SecretText, StateError> {
        let given = self.passphrase.as_ref().filter(|text| !text.expose().is_empty());
        given.ok_or_else(|| StateError::NoPassphrase { place: place.to_owned() })
    }

    fn service(&self) -> Result<&dyn KeyService, String> {
        self.kms.as_deref().ok_or_else(|| "this build of plat does not speak to AWS".to_owned())
    }
}

impl WrappedKey {
    /// The data key. `moved`: an alias may have come to stand for another key since.
    pub(super) fn unwrap(&self, secrets: &Secrets, place: &str, moved: bool) -> Result<DataKey, StateError> {
        let odd = || StateError::damaged(place, "its key is not one that plat wraps");
        let data = match self {
            WrappedKey::Passphrase(wrapped) => wrapped.open(place, secrets.passphrase(place)?)?,
            WrappedKey::Kms(kms) => {
                let blob = unhex(&kms.blob).ok_or_else(odd)?;
                let key = if moved { &kms.arn } else { &kms.key };
                let data = secrets.service().and_then(|service| service.unwrap(key, &kms.region, &kms.context, &blob));
                data.map_err(|problem| unusable(place, self, problem))?
            }
            WrappedKey::Age(wrapped) => {
                if secrets.identities.is_empty() {
                    return Err(StateError::NoIdentity { place: place.to_owned() });
                }
                let wrong = |error| match error {
                    OpenError::NotForThese => StateError::WrongIdentity { place: place.to_owned(), key: self.to_string() },
                    OpenError::Malformed => odd(),
                };
                age::open(&secrets.identities, &unhex(&wrapped.blob).ok_or_else(odd)?).map_err(wrong)?
            }
        };
        data.as_slice().try_into().map(Zeroizing::new).map_err(|_| odd())
    }

    /// Whether it is for this state. Only a key service binds a key to one; with the others, what is encrypted is bound.
    pub(super) fn is_for(&self, context: &Context) -> bool {
        match self {
            WrappedKey::Kms(kms) => kms.context == *context,
            WrappedKey::Passphrase(_) | WrappedKey::Age(_) => true,
        }
    }
}

impl PassphraseKey {
    fn of(data: &DataKey, passphrase: &SecretText) -> Result<Self, StateError> {
        let mut salt = [0; 16];
        fill(&mut salt)?;
        let Cost { memory_kib, passes, lanes } = COST;
        let mut wrapped = Self { kdf: KDF.to_owned(), memory_kib, passes, lanes, salt: hex(&salt), key: String::new() };
        let key = wrapped.derive(passphrase).ok_or_else(broken)?;
        wrapped.key = hex(&close(&key, &wrapped.bound(), data.as_slice())?);
        Ok(wrapped)
    }

    fn open(&self, place: &str, passphrase: &SecretText) -> Result<Zeroizing<Vec<u8>>, StateError> {
        let odd = || StateError::damaged(place, "its key is not one that plat wraps");
        let sane = self.memory_kib <= MOST.memory_kib && self.passes <= MOST.passes && self.lanes <= MOST.lanes && self.kdf == KDF;
        let key = sane.then(|| self.derive(passphrase)).flatten().ok_or_else(odd)?;
        let wrapped = unhex(&self.key).ok_or_else(odd)?;
        let data = open(&key, &self.bound(), &wrapped).map(Zeroizing::new);
        data.ok_or_else(|| StateError::WrongPassphrase { place: place.to_owned() })
    }

    fn derive(&self, passphrase: &SecretText) -> Option<DataKey> {
        let params = argon2::Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).ok()?;
        let argon = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let mut key = Zeroizing::new([0; 32]);
        argon.hash_password_into(passphrase.expose().as_bytes(), &unhex(&self.salt)?, key.as_mut_slice()).ok()?;
        Some(key)
    }

    /// What the wrapping is bound to.
    fn bound(&self) -> Vec<u8> {
        format!("plat:key\n{}\n{}\n{}\n{}\n{}", self.kdf, self.memory_kib, self.passes, self.lanes, self.salt).into_bytes()
    }
}
