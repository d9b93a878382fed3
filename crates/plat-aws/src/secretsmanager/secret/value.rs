//! Where a secret's value comes from. It is held in memory that is wiped, and goes nowhere but into the request.

use plat::provider::{ErrorKind, ProviderError};
use plat::value::SecretText;
use serde_json::Value as JsonValue;

use super::{GenerateSecretString, Secret};
use crate::client::Aws;
use crate::error::{incomplete, provider_error};

/// The value of a new secret; `None` for a secret that has none yet.
pub(super) async fn initial(aws: &Aws, desired: &Secret) -> Result<Option<SecretText>, ProviderError> {
    match (&desired.secret_string, &desired.generate_secret_string) {
        (Some(_), Some(_)) => Err(twice()),
        (Some(given), None) => Ok(Some(given.clone())),
        (None, Some(settings)) => generated(aws, settings).await.map(Some),
        (None, None) => Ok(None),
    }
}

/// The value that a change brings; `None` when it stays. `empty`: the secret has no value at all.
pub(super) async fn changed(aws: &Aws, prior: &Secret, desired: &Secret, empty: bool) -> Result<Option<SecretText>, ProviderError> {
    if !changes(prior, desired, empty) {
        return Ok(None);
    }
    initial(aws, desired).await
}

/// A generated value that is in use is made again only when it is certain that something else is asked for.
fn changes(prior: &Secret, desired: &Secret, empty: bool) -> bool {
    match (&desired.secret_string, &desired.generate_secret_string) {
        (Some(given), _) => prior.secret_string.as_ref() != Some(given),
        (None, Some(settings)) => match &prior.generate_secret_string {
            Some(before) => before != settings,
            None => prior.secret_string.is_some() || empty,
        },
        (None, None) => false,
    }
}

async fn generated(aws: &Aws, settings: &GenerateSecretString) -> Result<SecretText, ProviderError> {
    let operation = "GetRandomPassword";
    let call = aws
        .secretsmanager()
        .get_random_password()
        .set_password_length(settings.password_length)
        .set_exclude_characters(settings.exclude_characters.clone())
        .set_exclude_lowercase(settings.exclude_lowercase)
        .set_exclude_uppercase(settings.exclude_uppercase)
        .set_exclude_numbers(settings.exclude_numbers)
        .set_exclude_punctuation(settings.exclude_punctuation)
        .set_include_space(settings.include_space)
        .set_require_each_included_type(settings.require_each_included_type);
    let answer = call.send().await.map_err(|e| provider_error(operation, e))?;
    let password = SecretText::new(answer.random_password.ok_or_else(|| incomplete(operation, "RandomPassword"))?);
    placed(password, settings)
}

/// Puts a generated password where the template wants it.
fn placed(password: SecretText, settings: &GenerateSecretString) -> Result<SecretText, ProviderError> {
    let (template, key) = match (&settings.secret_string_template, &settings.generate_string_key) {
        (None, None) => return Ok(password),
        (Some(template), Some(key)) => (template, key),
        _ => return Err(refused("`secret_string_template` and `generate_string_key` go together: say both or neither")),
    };
    let Ok(JsonValue::Object(mut document)) = serde_json::from_str::<JsonValue>(template) else {
        return Err(refused("`secret_string_template` is not a JSON object; write one like `{\"username\": \"admin\"}`"));
    };
    document.insert(key.clone(), JsonValue::String(password.expose().to_owned()));
    Ok(SecretText::new(JsonValue::Object(document).to_string()))
}

fn twice() -> ProviderError {
    refused("`secret_string` and `generate_secret_string` exclude each other: take one away")
}

fn refused(message: &str) -> ProviderError {
    ProviderError::new(ErrorKind::Refused, "CreateSecret", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generate(length: i64) -> Option<GenerateSecretString> {
        Some(GenerateSecretString { password_length: Some(length), ..GenerateSecretString::default() })
    }

    #[test]
    fn a_generated_value_is_kept_until_something_else_is_asked_for() {
        let none = Secret::default();
        let short = Secret { generate_secret_string: generate(16), ..Secret::default() };
        let long = Secret { generate_secret_string: generate(32), ..Secret::default() };
        let given = Secret { secret_string: Some(SecretText::new("a")), ..Secret::default() };
        assert!(!changes(&short, &short, false));
        assert!(changes(&short, &long, false));
        assert!(!changes(&none, &long, false), "what the prior value was made with is not known, so it stays");
        assert!(changes(&none, &long, true), "there is no value yet");
        assert!(changes(&given, &long, false));
        assert!(!changes(&long, &none, false));
    }

    #[test]
    fn a_given_value_is_sent_when_it_differs() {
        let secret = |text: &str| Secret { secret_string: Some(SecretText::new(text)), ..Secret::default() };
        assert!(!changes(&secret("a"), &secret("a"), false));
        assert!(changes(&secret("a"), &secret("b"), false));
        assert!(changes(&Secret::default(), &secret("a"), false));
    }

    #[test]
    fn a_template_takes_the_password() {
        let settings = |template: &str, key: Option<&str>| GenerateSecretString {
            secret_string_template: Some(template.to_owned()),
            generate_string_key: key.map(str::to_owned),
            ..GenerateSecretString::default()
        };
        let password = || SecretText::new("p\"w");
        let placed_in = |template: &str, key| placed(password(), &settings(template, key));
        let document = placed_in("{\"username\": \"admin\"}", Some("password")).unwrap();
        let parsed: JsonValue = serde_json::from_str(document.expose()).unwrap();
        assert_eq!(parsed, serde_json::json!({ "username": "admin", "password": "p\"w" }));
        for (template, key) in [("{}", None), ("[]", Some("a")), ("{", Some("a"))] {
            let error = placed_in(template, key).unwrap_err();
            assert!(!error.to_string().contains("p\"w"), "{error}");
        }
        assert_eq!(placed(password(), &GenerateSecretString::default()).unwrap().expose(), "p\"w");
    }
}
