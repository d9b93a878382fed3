//! Relations that Secrets Manager enforces.

use plat::schema::rules::Literal::Bool;
use plat::schema::rules::Test::{All, AtLeast, AtMost, AtMostOne, Custom as Is_, Is, Length, Not, Set, Together};
use plat::schema::rules::{Custom, Path, Reading, Rule, own};
use plat::value::Value;

use crate::rules::tag_rule;

const CREATE: &str = "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html";
const PASSWORD: &str = "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html";
const TEMPLATE: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-secretsmanager-secret-generatesecretstring.html";
const REPLICATE: &str = "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ReplicateSecretToRegions.html";

const GENERATE: Path = own("generate_secret_string");

pub(super) const RULES: &[Rule] = &[
    Rule::new("a value is given with `secret_string` or made with `generate_secret_string`", TEMPLATE)
        .must(&[AtMostOne(&[own("secret_string"), own("generate_secret_string")])])
        .help("leave one of them out"),
    Rule::new("`secret_string_template` and `generate_string_key` belong together", TEMPLATE)
        .when(&[Set(GENERATE)])
        .must(&[Together(&[GENERATE.then(&["secret_string_template"]), GENERATE.then(&["generate_string_key"])])])
        .help("set both: the value is put into the document under the key"),
    Rule::new("`secret_string_template` is a JSON object", TEMPLATE)
        .when(&[Set(GENERATE.then(&["secret_string_template"]))])
        .must(&[Is_(&Custom { name: "a JSON object", paths: &[GENERATE.then(&["secret_string_template"])], holds: is_object })])
        .help("write for example \"{\\\"username\\\": \\\"app\\\"}\""),
    Rule::new("a generated value has 1 to 4096 characters", PASSWORD)
        .when(&[Set(GENERATE.then(&["password_length"]))])
        .must(&[AtLeast(GENERATE.then(&["password_length"]), 1.0), AtMost(GENERATE.then(&["password_length"]), 4096.0)])
        .help("set a `password_length` within this range"),
    Rule::new("a generated value needs some kind of character", PASSWORD)
        .when(&[Set(GENERATE)])
        .must(&[Not(&All(&[
            Is(GENERATE.then(&["exclude_lowercase"]), Bool(true)),
            Is(GENERATE.then(&["exclude_uppercase"]), Bool(true)),
            Is(GENERATE.then(&["exclude_numbers"]), Bool(true)),
            Is(GENERATE.then(&["exclude_punctuation"]), Bool(true)),
        ]))])
        .help("leave one of the `exclude_` settings out"),
    Rule::new("a generated value is as long as there are kinds of characters, or `require_each_included_type` is false", PASSWORD)
        .when(&[Set(GENERATE.then(&["password_length"])), Not(&Is(GENERATE.then(&["require_each_included_type"]), Bool(false)))])
        .must(&[Is_(&Custom { name: "long enough", paths: &[GENERATE], holds: is_long_enough })])
        .help("set a larger `password_length`, or `require_each_included_type = false`"),
    Rule::new("a generated value excludes whole kinds of characters with the `exclude_` settings", PASSWORD)
        .when(&[Set(GENERATE.then(&["exclude_characters"]))])
        .must(&[
            Length(GENERATE.then(&["exclude_characters"]), 0, 4096),
            Is_(&Custom { name: "some remain", paths: &[GENERATE], holds: some_remain }),
        ])
        .help("exclude fewer characters, or set `exclude_numbers` or another of the kind"),
    Rule::new("a secret has one copy in each region", REPLICATE)
        .when(&[Set(own("replica_regions"))])
        .must(&[Is_(&Custom { name: "one in each region", paths: &[own("replica_regions")], holds: has_each_region_once })])
        .help("keep each region once in `replica_regions`"),
    Rule::new("a secret has at most 65536 bytes", CREATE)
        .when(&[Set(own("secret_string"))])
        .must(&[Length(own("secret_string"), 1, 65_536)])
        .help("keep large documents elsewhere, and the key to them here"),
    Rule::new("a description has at most 2048 characters", CREATE)
        .when(&[Set(own("description"))])
        .must(&[Length(own("description"), 0, 2_048)])
        .help("write a shorter description"),
    tag_rule!(),
];

fn is_object(values: &[Reading<'_>]) -> Option<bool> {
    let text = values.first()?.text()?;
    Some(serde_json::from_str::<serde_json::Value>(text).is_ok_and(|json| json.is_object()))
}

/// The kinds of characters that a record of settings leaves: their settings and characters.
fn kinds(settings: &plat::value::Object) -> Vec<&'static str> {
    const KINDS: [(&str, &str); 4] = [
        ("exclude_lowercase", "abcdefghijklmnopqrstuvwxyz"),
        ("exclude_uppercase", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("exclude_numbers", "0123456789"),
        ("exclude_punctuation", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
    ];
    let is_left = |name: &str| !matches!(settings.get(name), Some(Value::Bool(true)));
    KINDS.into_iter().filter(|(name, _)| is_left(name)).map(|(_, characters)| characters).collect()
}

fn is_long_enough(values: &[Reading<'_>]) -> Option<bool> {
    let Value::Object(settings) = values.first()?.value()? else { return None };
    let Some(Value::Int(length)) = settings.get("password_length") else { return None };
    Some(usize::try_from(*length).ok()? >= kinds(settings).len())
}

/// With each kind required, none may be excluded by its characters.
fn some_remain(values: &[Reading<'_>]) -> Option<bool> {
    let Value::Object(settings) = values.first()?.value()? else { return None };
    let excluded = settings.get("exclude_characters")?.as_str()?;
    let remains = |kind: &&str| kind.chars().any(|c| !excluded.contains(c));
    let each = !matches!(settings.get("require_each_included_type"), Some(Value::Bool(false)));
    let kinds = kinds(settings);
    Some(if each { kinds.iter().all(remains) } else { kinds.iter().any(remains) })
}

fn has_each_region_once(values: &[Reading<'_>]) -> Option<bool> {
    let Value::List(copies) = values.first()?.value()? else { return None };
    let region = |copy: &Value| if let Value::Object(copy) = copy { copy.get("region").cloned() } else { None };
    let mut regions: Vec<Value> = Vec::new();
    for copy in copies.iter() {
        let region = region(copy)?;
        region.as_str()?;
        if regions.contains(&region) {
            return Some(false);
        }
        regions.push(region);
    }
    Some(true)
}
