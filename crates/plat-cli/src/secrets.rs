//! Where the text of secrets comes from: the cloud's own store, the environment, files of the project, Vault.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use plat::provider::{ErrorKind, Provider, ProviderError, SecretResolver};
use plat::value::{Secret, SecretReference, SecretStore, SecretText, Value};

use crate::vault::Vault;

/// A secret is a password or a key; what is larger is a mistake.
const LARGEST: u64 = 1 << 20;

/// The stores that the command line can reach.
pub struct Stores {
    pub provider: Arc<dyn Provider>,
    /// No file outside this folder is read.
    pub root: PathBuf,
    pub vault: Vault,
}

#[async_trait]
impl SecretResolver for Stores {
    async fn text(&self, region: &str, reference: &SecretReference) -> Result<SecretText, ProviderError> {
        if reference.store == SecretStore::Text {
            return self.joined(region, &reference.argument).await;
        }
        let Some(argument) = reference.argument.as_str() else {
            return Err(ProviderError::new(ErrorKind::Internal, "secret", "what the secret is looked up by is not a text"));
        };
        match reference.store {
            SecretStore::Aws => self.provider.secret(region, argument).await,
            SecretStore::Env => from_environment(argument),
            SecretStore::File => from_file(&self.root, argument),
            SecretStore::Text => self.joined(region, &reference.argument).await,
            SecretStore::Vault => self.vault.text(argument).await,
        }
    }
}

impl Stores {
    /// A text with secrets in it.
    async fn joined(&self, region: &str, parts: &Value) -> Result<SecretText, ProviderError> {
        let Value::List(parts) = parts else {
            return Err(ProviderError::new(ErrorKind::Internal, "secret", "a text with secrets in it is not a list of its parts"));
        };
        // Kept in a type that wipes itself; a part at a time, so that no plain copy is left behind.
        let (mut whole, mut secrets) = (SecretText::new(""), Vec::new());
        for part in parts.iter() {
            let next = match part {
                Value::String(text) => SecretText::new(text.to_string()),
                Value::Secret(Secret::Plain(text)) => text.clone(),
                Value::Secret(Secret::Reference(inner)) => self.text(region, inner).await?,
                _ => {
                    return Err(ProviderError::new(
                        ErrorKind::Internal,
                        "secret",
                        "a part of a text with secrets in it is neither text nor secret",
                    ));
                }
            };
            whole = SecretText::new([whole.expose(), next.expose()].concat());
            if matches!(part, Value::Secret(_)) {
                secrets.push(next);
            }
        }
        Ok(SecretText::composed(whole.expose(), secrets))
    }
}

fn refused(operation: &str, message: String) -> ProviderError {
    ProviderError::new(ErrorKind::Refused, operation, message)
}

fn from_environment(name: &str) -> Result<SecretText, ProviderError> {
    match std::env::var(name) {
        Ok(text) if text.is_empty() => Err(refused("secret.env", format!("the environment variable `{name}` is empty"))),
        Ok(text) => Ok(SecretText::new(text)),
        Err(std::env::VarError::NotPresent) => {
            Err(refused("secret.env", format!("the environment variable `{name}` is not set; set it for this run")))
        }
        Err(std::env::VarError::NotUnicode(_)) => Err(refused("secret.env", format!("the environment variable `{name}` is not UTF-8"))),
    }
}

/// The file's text without its last line break. Its path is relative to the project's root, and stays in it after links are resolved.
fn from_file(root: &Path, path: &str) -> Result<SecretText, ProviderError> {
    let said = |problem: String| refused("secret.file", format!("`{path}`: {problem}"));
    let relative = Path::new(path);
    if relative.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(said("a secret's file is named relative to the project, without `..`".to_owned()));
    }
    let root = root.canonicalize().map_err(|error| said(format!("the project's folder cannot be read: {error}")))?;
    let real = root.join(relative).canonicalize().map_err(|error| said(format!("cannot be read: {error}")))?;
    if !real.starts_with(&root) {
        return Err(said("leads out of the project through a link".to_owned()));
    }
    let bytes = plat::files::read(&real, LARGEST).map_err(|error| said(format!("cannot be read: {error}")))?;
    // Neither the bytes nor what is wrong with them may reach the message.
    let text = SecretText::new(String::from_utf8(bytes).map_err(|_| said("is not UTF-8".to_owned()))?);
    let trimmed = text.expose().strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text));
    match trimmed.unwrap_or(text.expose()) {
        "" => Err(said("is empty".to_owned())),
        text => Ok(SecretText::new(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stay_in_the_project() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        std::fs::create_dir_all(root.join("secrets")).unwrap();
        std::fs::write(root.join("secrets/db"), "hunter2\n").unwrap();
        std::fs::write(root.join("empty"), "\n").unwrap();
        std::fs::write(root.join("binary"), [0xff, 0xfe]).unwrap();
        std::fs::write(folder.path().join("outside"), "not ours").unwrap();
        std::os::unix::fs::symlink(folder.path().join("outside"), root.join("link")).unwrap();
        assert_eq!(from_file(&root, "secrets/db").unwrap().expose(), "hunter2");
        for (path, why) in [
            ("../outside", "without `..`"),
            ("link", "leads out"),
            ("empty", "is empty"),
            ("binary", "not UTF-8"),
            ("none", "cannot be read"),
        ] {
            let error = from_file(&root, path).unwrap_err();
            assert!(error.message.contains(why), "{path}: {error}");
        }
        let absolute = folder.path().join("outside");
        assert!(from_file(&root, absolute.to_str().unwrap()).is_err());
    }
}
