//! HashiCorp Vault: secrets of its KV engine, version 2.
//!
//! <https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2>

use std::path::PathBuf;

use plat::diagnostic::closest;
use plat::provider::{ErrorKind, ProviderError};
use plat::value::SecretText;
use serde_json::Value as Json;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use crate::http::{Answer, Question, ask};

/// Vault as the environment describes it; asked for nothing before the first secret.
#[derive(Default)]
pub struct Vault {
    open: OnceCell<Open>,
}

/// A Vault that lets us in.
struct Open {
    settings: Settings,
    token: SecretText,
}

/// What the environment says, in the names that Vault's own programs use.
struct Settings {
    /// Without a slash at the end.
    address: String,
    namespace: Option<String>,
    authority: Option<PathBuf>,
    login: Login,
}

enum Login {
    Token(SecretText),
    AppRole { role: String, secret: SecretText },
}

fn refused(message: impl Into<String>) -> ProviderError {
    ProviderError::new(ErrorKind::Refused, "secret.vault", message)
}

fn denied(message: impl Into<String>) -> ProviderError {
    ProviderError::new(ErrorKind::Denied, "secret.vault", message)
}

impl Vault {
    /// The text behind `path#key`. No error holds anything of a secret but the names of its keys.
    pub async fn text(&self, name: &str) -> Result<SecretText, ProviderError> {
        let (path, key) = name
            .split_once('#')
            .filter(|(path, key)| path.contains('/') && !key.is_empty())
            .ok_or_else(|| refused(format!("`{name}` is not `path#key`, like `secret/connect2/db#password`")))?;
        let open = self.open.get_or_try_init(Open::new).await?;
        let mount = open.mount(path).await?;
        open.read(&mount, path, key).await
    }
}

impl Settings {
    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ProviderError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let address = set("VAULT_ADDR")
            .ok_or_else(|| refused("`VAULT_ADDR` is not set; set it to the address of Vault, like `https://vault.example.com:8200`"))?;
        let login = match (set("VAULT_TOKEN"), set("VAULT_ROLE_ID"), set("VAULT_SECRET_ID")) {
            (Some(token), ..) => Login::Token(SecretText::new(token)),
            (None, Some(role), Some(secret)) => Login::AppRole { role, secret: SecretText::new(secret) },
            (None, Some(_), None) => return Err(denied("`VAULT_ROLE_ID` is set and `VAULT_SECRET_ID` is not; an AppRole needs both")),
            (None, None, Some(_)) => return Err(denied("`VAULT_SECRET_ID` is set and `VAULT_ROLE_ID` is not; an AppRole needs both")),
            (None, None, None) => return Err(denied("no credentials; set `VAULT_TOKEN`, or `VAULT_ROLE_ID` and `VAULT_SECRET_ID`")),
        };
        Ok(Self {
            address: address.trim_end_matches('/').to_owned(),
            namespace: set("VAULT_NAMESPACE"),
            authority: set("VAULT_CACERT").map(PathBuf::from),
            login,
        })
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        token: Option<&SecretText>,
        body: Option<Zeroizing<String>>,
    ) -> Result<Answer, ProviderError> {
        let url = format!("{}/v1/{}", self.address, encoded(path));
        let mut headers = vec![("X-Vault-Request", "true")];
        headers.extend(self.namespace.as_deref().map(|namespace| ("X-Vault-Namespace", namespace)));
        headers.extend(token.map(|token| ("X-Vault-Token", token.expose())));
        let question = Question { method, url: &url, headers, body, authority: self.authority.as_ref() };
        let answer = ask(question).await.map_err(|problem| refused(format!("Vault at {}: {problem}", self.address)))?;
        match (answer.status, &answer.location) {
            (300..=399, Some(place)) => {
                Err(refused(format!("Vault at {} leads to {place}; set `VAULT_ADDR` to the server that answers", self.address)))
            }
            (503, _) => Err(refused(format!("Vault at {} is sealed, or not ready", self.address))),
            (500..=599, _) => Err(refused(format!("Vault at {} answers with status {}", self.address, answer.status))),
            _ => Ok(answer),
        }
    }
}

/// A path in a URL: everything but letters, digits and a few marks as its bytes.
fn encoded(path: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

impl Open {
    async fn new() -> Result<Self, ProviderError> {
        let settings = Settings::read(|name| std::env::var(name).ok())?;
        let token = match &settings.login {
            Login::Token(token) => token.clone(),
            Login::AppRole { role, secret } => settings.logged_in(role, secret).await?,
        };
        Ok(Self { settings, token })
    }

    /// The mount that holds the path; the engine says which it is to whoever may read there.
    async fn mount(&self, path: &str) -> Result<String, ProviderError> {
        let answer = self.settings.ask("GET", &format!("sys/internal/ui/mounts/{path}"), Some(&self.token), None).await?;
        match answer.status {
            200 => {}
            // It answers so where nothing is mounted, and where nothing may be read.
            400 | 403 | 404 => return Err(denied(format!("Vault has no mount for `{path}`, or these credentials may not read there"))),
            status => return Err(unexpected(status)),
        }
        let json = json(&answer)?;
        let of = |name: &str| json.pointer(&format!("/data/{name}")).and_then(Json::as_str).unwrap_or_default();
        let mount = of("path");
        if mount.is_empty() || !path.starts_with(mount.trim_end_matches('/')) {
            return Err(unexpected(200));
        }
        match (of("type"), of("options/version")) {
            ("kv" | "generic", "2") => Ok(mount.trim_end_matches('/').to_owned()),
            ("kv" | "generic", _) => Err(refused(format!(
                "`{mount}` is a KV engine of version 1, and plat reads version 2; `vault kv enable-versioning {mount}` upgrades it"
            ))),
            (other, _) => Err(refused(format!("`{mount}` is an engine of the type `{other}`, and plat reads KV, version 2"))),
        }
    }

    async fn read(&self, mount: &str, path: &str, key: &str) -> Result<SecretText, ProviderError> {
        let inside = path.strip_prefix(mount).unwrap_or_default().trim_matches('/');
        let answer = self.settings.ask("GET", &format!("{mount}/data/{inside}"), Some(&self.token), None).await?;
        match answer.status {
            200 => {}
            403 => return Err(denied(format!("these credentials may not read `{path}` in Vault"))),
            404 => return Err(self.missing(mount, path, inside, &answer)),
            status => return Err(unexpected(status)),
        }
        let json = json(&answer)?;
        let Some(entries) = json.pointer("/data/data").and_then(Json::as_object) else { return Err(unexpected(200)) };
        match entries.get(key) {
            Some(Json::String(text)) if text.is_empty() => Err(refused(format!("`{key}` of `{path}` is empty"))),
            Some(Json::String(text)) => Ok(SecretText::new(text.as_str())),
            Some(_) => Err(refused(format!("`{key}` of `{path}` is not a text"))),
            None => {
                let near = closest(key, entries.keys().map(String::as_str)).map(|near| format!("; did you mean `{near}`?"));
                Err(refused(format!("`{path}` has no key `{key}`{}", near.unwrap_or_default())))
            }
        }
    }

    fn missing(&self, mount: &str, path: &str, inside: &str, answer: &Answer) -> ProviderError {
        let deleted = serde_json::from_slice::<Json>(&answer.body)
            .is_ok_and(|json| json.pointer("/data/metadata/deletion_time").and_then(Json::as_str).is_some_and(|time| !time.is_empty()));
        let message = match inside.strip_prefix("data/") {
            _ if deleted => format!("the latest version of `{path}` in Vault is deleted"),
            Some(rest) => format!("Vault has no secret `{path}`; write `{mount}/{rest}`, without the `data/` of the API"),
            None => format!("Vault has no secret `{path}`"),
        };
        ProviderError::new(ErrorKind::NotFound, "secret.vault", message)
    }
}

impl Settings {
    async fn logged_in(&self, role: &str, secret: &SecretText) -> Result<SecretText, ProviderError> {
        let body = serde_json::json!({ "role_id": role, "secret_id": secret.expose() }).to_string();
        let answer = self.ask("POST", "auth/approle/login", None, Some(Zeroizing::new(body))).await?;
        match answer.status {
            200 => {}
            400 | 401 | 403 => return Err(denied("Vault does not take this `VAULT_ROLE_ID` and `VAULT_SECRET_ID`")),
            404 => return Err(denied("Vault has no AppRole login at `auth/approle`")),
            status => return Err(unexpected(status)),
        }
        let token = json(&answer)?.pointer("/auth/client_token").and_then(Json::as_str).map(SecretText::new);
        token.ok_or_else(|| unexpected(200))
    }
}

/// What Vault's answers hold; an error says nothing of them.
fn json(answer: &Answer) -> Result<Json, ProviderError> {
    serde_json::from_slice(&answer.body).map_err(|_| unexpected(answer.status))
}

fn unexpected(status: u16) -> ProviderError {
    ProviderError::new(
        ErrorKind::Internal,
        "secret.vault",
        format!("an answer that is not one of Vault's (status {status}); is `VAULT_ADDR` right?"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(set: &[(&str, &str)]) -> Result<Settings, ProviderError> {
        Settings::read(|name| set.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_environment_says_where_vault_is_and_who_asks() {
        let told = settings(&[("VAULT_ADDR", "http://127.0.0.1:8200/"), ("VAULT_TOKEN", "t"), ("VAULT_NAMESPACE", "team")]).unwrap();
        assert_eq!((told.address.as_str(), told.namespace.as_deref()), ("http://127.0.0.1:8200", Some("team")));
        assert!(matches!(told.login, Login::Token(_)));
        let role = settings(&[("VAULT_ADDR", "http://v"), ("VAULT_ROLE_ID", "r"), ("VAULT_SECRET_ID", "s"), ("VAULT_TOKEN", "")]).unwrap();
        assert!(matches!(role.login, Login::AppRole { .. }));
        for (set, says) in [
            (&[][..], "`VAULT_ADDR` is not set"),
            (&[("VAULT_ADDR", "http://v")][..], "no credentials"),
            (&[("VAULT_ADDR", "http://v"), ("VAULT_ROLE_ID", "r")][..], "`VAULT_SECRET_ID` is not"),
        ] {
            let error = settings(set).err().unwrap();
            assert!(error.message.contains(says), "{error}");
        }
    }

    #[test]
    fn a_path_is_one_in_a_url() {
        assert_eq!(encoded("secret/data/a b#?ü"), "secret/data/a%20b%23%3F%C3%BC");
    }
}
