//! What opens encrypted states: passphrases and age identities from the environment, never from the program or the command line; and AWS KMS.

use plat::age::Identity;
use plat::desired::{Stack, StateKey};
use plat::state::{KeyChoice, KeyService, Secrets};
use plat::value::SecretText;

use crate::failure::Failure;

/// The passphrase itself, or with `_FILE` behind it the path of a file that holds it.
pub const CURRENT: &str = "PLAT_STATE_PASSPHRASE";
/// What `plat state rekey` changes it to.
pub const NEW: &str = "PLAT_STATE_NEW_PASSPHRASE";
/// Private keys of age, one in a line; or with `_FILE` behind it the path of a file that holds them.
const IDENTITY: &str = "PLAT_AGE_IDENTITY";

/// Largest file with a passphrase or identities, in bytes.
const LARGEST: u64 = 1 << 20;

/// What the environment gives.
#[derive(Clone, Default)]
pub struct Given {
    pub passphrase: Option<SecretText>,
    identities: Vec<Identity>,
}

impl Given {
    /// What is set now. `passphrase`: the variable with the passphrase.
    pub fn read(passphrase: &str) -> Result<Self, Failure> {
        Ok(Self { passphrase: read(passphrase)?, identities: identities()? })
    }

    pub fn secrets(&self) -> Secrets {
        Secrets { passphrase: self.passphrase.clone(), identities: self.identities.clone(), kms: kms() }
    }
}

#[cfg(feature = "aws")]
fn kms() -> Option<Box<dyn KeyService>> {
    Some(Box::new(plat_aws::StateKeys::new(plat_aws::Settings::default())))
}

#[cfg(not(feature = "aws"))]
fn kms() -> Option<Box<dyn KeyService>> {
    None
}

/// The key that the stack says. What is made up in the sandbox is not worth a key that lies in a cloud.
pub fn choice(stack: &Stack, sandbox: bool) -> KeyChoice {
    match &stack.encryption {
        StateKey::None => KeyChoice::None,
        StateKey::Kms { .. } if sandbox => KeyChoice::None,
        StateKey::Passphrase => KeyChoice::Passphrase,
        StateKey::Kms { key, region } => {
            // An ARN says where its key is.
            let region = if key.starts_with("arn:") { region.as_deref() } else { region.as_deref().or(stack.region.as_deref()) };
            KeyChoice::Kms { key: key.to_string(), region: region.map(str::to_owned) }
        }
        StateKey::Age { recipients } => KeyChoice::Age(recipients.clone()),
    }
}

fn identities() -> Result<Vec<Identity>, Failure> {
    let Some(text) = read(IDENTITY)? else { return Ok(Vec::new()) };
    Identity::parse_file(text.expose()).map_err(|line| {
        Failure::usage(format!("line {line} of what `{IDENTITY}` or `{IDENTITY}_FILE` gives is not an age identity"))
            .help("give what `age-keygen` printed: `AGE-SECRET-KEY-1` and 58 letters and digits")
    })
}

/// The text that a variable gives; `None` where it is not set.
pub fn read(variable: &str) -> Result<Option<SecretText>, Failure> {
    let file = format!("{variable}_FILE");
    match (std::env::var(variable), std::env::var_os(&file)) {
        (Ok(_), Some(_)) => Err(Failure::usage(format!("`{variable}` and `{file}` are both set")).help("set one of them")),
        (Ok(text), None) => Ok(Some(SecretText::new(text))),
        (Err(std::env::VarError::NotUnicode(_)), _) => Err(Failure::usage(format!("`{variable}` is not UTF-8 text"))),
        (Err(_), None) => Ok(None),
        (Err(_), Some(path)) => match plat::files::read_text(std::path::Path::new(&path), LARGEST) {
            Ok(text) => Ok(Some(SecretText::new(text.trim_end_matches(['\n', '\r'])))),
            Err(error) => Err(Failure::new(format!("the file that `{file}` names cannot be read: {error}"))),
        },
    }
}
