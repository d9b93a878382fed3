//! The passphrase of encrypted states: from the environment, never from the program or the command line.

use plat::value::SecretText;

use crate::failure::Failure;

/// The passphrase itself, or with `_FILE` behind it the path of a file that holds it.
pub const CURRENT: &str = "PLAT_STATE_PASSPHRASE";
/// What `plat state rekey` changes it to.
pub const NEW: &str = "PLAT_STATE_NEW_PASSPHRASE";

/// The passphrase that a variable gives; `None` where it is not set.
pub fn read(variable: &str) -> Result<Option<SecretText>, Failure> {
    let file = format!("{variable}_FILE");
    match (std::env::var(variable), std::env::var_os(&file)) {
        (Ok(_), Some(_)) => Err(Failure::usage(format!("`{variable}` and `{file}` are both set")).help("set one of them")),
        (Ok(text), None) => Ok(Some(SecretText::new(text))),
        (Err(std::env::VarError::NotUnicode(_)), _) => Err(Failure::usage(format!("`{variable}` is not UTF-8 text"))),
        (Err(_), None) => Ok(None),
        (Err(_), Some(path)) => match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(SecretText::new(text.trim_end_matches(['\n', '\r'])))),
            Err(error) => Err(Failure::new(format!("the file that `{file}` names cannot be read: {error}"))),
        },
    }
}
