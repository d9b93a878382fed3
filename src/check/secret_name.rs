//! What a store can look a secret up by, as far as the text alone tells.

use crate::value::SecretStore;

/// What is wrong with the name, and the way out.
pub(super) fn problem(store: SecretStore, name: &str) -> Option<(String, &'static str)> {
    let quoted = format!("`{name}`");
    match store {
        SecretStore::Aws if name.trim().is_empty() => {
            Some(("a secret of AWS has a name or an ARN".to_owned(), "write `secret.aws(\"connect2/db\")`"))
        }
        SecretStore::Env if !is_variable(name) => {
            Some((format!("{quoted} is not the name of an environment variable"), "letters, digits and `_`: `secret.env(\"DB_PASSWORD\")`"))
        }
        SecretStore::File if name.is_empty() || name.starts_with(['/', '\\', '~']) || parts(name).any(|part| part == "..") => Some((
            format!("{quoted} is not a file inside the project"),
            "name it from the project's root, without `..`: `secret.file(\"secrets/db\")`",
        )),
        SecretStore::Vault => {
            let way_out = "path and key, the mount first: `secret.vault(\"secret/connect2/db#password\")`";
            let (path, key) = match name.split_once('#') {
                Some(found) => found,
                None => return Some((format!("{quoted} does not say which key of the secret it is"), way_out)),
            };
            let odd = path.starts_with('/') || path.ends_with('/') || !path.contains('/');
            let wrong = odd || key.is_empty() || key.contains('#') || parts(path).any(|part| matches!(part, "" | "." | ".."));
            wrong.then(|| (format!("{quoted} is not a path and a key of Vault"), way_out))
        }
        _ => None,
    }
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split(['/', '\\'])
}

fn is_variable(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}
