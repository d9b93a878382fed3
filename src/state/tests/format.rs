//! The format: nothing is lost on the way to bytes and back, and what was written once can be read for ever.

use std::time::Instant;

use super::super::{StateError, StateFile, decode, encode};
use super::shape::fits;
use super::*;
use crate::value::{SecretReference, SecretStore, SecretText};

const FIXTURE: &str = include_str!("../../../state/fixtures/v1.json");
const SCHEMA: &str = include_str!("../../../state/schema.json");

fn read(bytes: &[u8]) -> Result<StateFile, StateError> {
    decode("test", bytes, &registry())
}

#[test]
fn a_state_survives_its_bytes() {
    let bytes = encode(&sample()).unwrap();
    let again = read(&bytes).unwrap();
    assert_eq!(again, sample());
    assert_eq!(encode(&again).unwrap(), bytes, "the same state has the same bytes");
    let ratio = again.resources.get(&Address::root("new", Some("a \"b\"\n".into()))).unwrap();
    assert!(matches!((ratio.inputs.get("ratio"), ratio.observed.get("ratio")), (Some(Value::Float(_)), Some(Value::Int(_)))));
}

#[test]
fn a_plat_without_the_schemas_loses_nothing() {
    let bytes = encode(&sample()).unwrap();
    let untyped = decode("test", &bytes, &Registry::default()).unwrap();
    assert_eq!(read(&encode(&untyped).unwrap()).unwrap(), sample());
}

#[test]
fn random_states_survive_their_bytes() {
    let mut dice = Dice(7);
    for _ in 0..300 {
        let mut state = sample();
        for n in 0..dice.roll(5) {
            let mut record = Arc::unwrap_or_clone(stranger());
            record.inputs = (0..dice.roll(6)).map(|i| (Arc::from(format!("in{i}")), random_value(&mut dice, 3))).collect();
            let mut observed = record.inputs.clone();
            observed.retain(|_, _| dice.roll(4) > 0);
            observed.extend((0..dice.roll(4)).map(|i| (Arc::from(format!("in{i}")), random_value(&mut dice, 3))));
            record.observed = ResolvedObject::new(observed).unwrap();
            state.resources.insert(subnet_address(100 + n), record.into());
        }
        let bytes = encode(&state).unwrap();
        assert_eq!(read(&bytes).unwrap(), state);
        assert_eq!(encode(&read(&bytes).unwrap()).unwrap(), bytes, "the same state has the same bytes");
    }
}

fn random_value(dice: &mut Dice, depth: usize) -> Value {
    let texts = ["", "a", "10.0.0.0/8", "$secret", "\u{1F980}\"\\\n\u{0}", "1GiB"];
    let text = |dice: &mut Dice| texts[dice.roll(texts.len())];
    match dice.roll(if depth == 0 { 5 } else { 7 }) {
        0 => Value::Null,
        1 => Value::Bool(dice.roll(2) == 0),
        2 => Value::Int([0, -1, i64::MAX, i64::MIN][dice.roll(4)]),
        3 => Value::Float([0.5, -2.0, 1e300][dice.roll(3)]),
        4 => Value::str(text(dice)),
        5 => Value::list((0..dice.roll(4)).map(|_| random_value(dice, depth - 1)).collect::<Vec<_>>()),
        _ => Value::object((0..dice.roll(4)).map(|_| (text(dice), random_value(dice, depth - 1))).collect::<Vec<_>>()),
    }
}

#[test]
fn version_1_is_read_for_ever() {
    let state = read(FIXTURE.as_bytes()).unwrap();
    assert_eq!(state, sample());
    assert_eq!(String::from_utf8(encode(&sample()).unwrap()).unwrap(), FIXTURE);
}

#[test]
fn a_newer_version_is_refused_by_name() {
    let newer = FIXTURE.replacen("\"version\":1", "\"version\":2,\"surprise\":[]", 1);
    let error = read(newer.as_bytes()).unwrap_err();
    assert!(matches!(error, StateError::Newer { found: 2, known: 1, .. }), "{error}");
    assert_eq!(error.to_string(), "`test` has format version 2, and this plat knows versions up to 1; use a newer plat");
}

#[test]
fn what_plat_did_not_write_is_refused() {
    let cases = [
        FIXTURE.replacen("\"serial\":41", "\"serial\":41,\"extra\":1", 1),
        FIXTURE.replacen("\"serial\":41", "\"serial\":41,\"serial\":42", 1),
        FIXTURE.replacen("\"id\":\"shop-db\"", "\"id\":\"shop-db\",\"extra\":1", 1),
        FIXTURE.replacen("\"type\":\"aws.rds.DBInstance\",", "", 1),
        FIXTURE.replacen("\"version\":1", "\"version\":0", 1),
        FIXTURE.replacen("\"version\":1,", "", 1),
        format!("{FIXTURE}x"),
        String::new(),
        "null".to_owned(),
        "{}".to_owned(),
    ];
    for case in cases {
        assert!(matches!(read(case.as_bytes()), Err(StateError::Damaged { .. })), "{case}");
    }
}

#[test]
fn a_secret_that_is_not_a_fingerprint_never_gets_into_a_state() {
    let plain = Value::Secret(Secret::Plain(SecretText::new("hunter2")));
    let reference = Value::Secret(Secret::Reference(Arc::new(SecretReference { store: SecretStore::Aws, argument: Value::str("db") })));
    for (secret, what) in [(plain, "the text of a secret"), (reference, "a secret that was not fetched")] {
        for inside in [secret.clone(), Value::list([secret.clone()]), Value::object([("x", secret)])] {
            let mut state = sample();
            Arc::make_mut(state.resources.get_mut(&subnet_address(0)).unwrap()).inputs.insert("password".into(), inside);
            let error = encode(&state).unwrap_err().to_string();
            assert_eq!(
                error,
                format!(
                    "`password` of `network.private[\"0\"]` cannot be stored: it is {what}; this is plat's own mistake, please report it"
                )
            );
        }
    }
}

#[test]
fn ten_thousand_resources_are_small_and_quick() {
    let mut state = sample();
    state.resources = (0..10_000).map(|n| (subnet_address(n), subnet(n))).collect();
    let bytes = encode(&state).unwrap();
    let each = bytes.len() / 10_000;
    assert!(each < 420, "{each} bytes per resource");
    let registry = registry();
    let start = Instant::now();
    let again = decode("test", &bytes, &registry).unwrap();
    let decoding = start.elapsed();
    let start = Instant::now();
    let tree: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let yardstick = start.elapsed();
    assert_eq!(again.resources.len(), tree["resources"].as_object().unwrap().len());
    println!("{each} bytes per resource, decoded in {decoding:?}; a tree of JSON takes {yardstick:?}");
    assert!(decoding < yardstick * 5, "{decoding:?}, and {yardstick:?} for a tree of JSON");
}

#[test]
fn the_schema_fits_what_is_written_and_nothing_else() {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    let check = |text: &str| fits(&schema, &schema, &serde_json::from_str(text).unwrap(), "");
    check(FIXTURE).unwrap();
    let new = StateFile::new("shop", "dev").unwrap();
    check(&String::from_utf8(encode(&new).unwrap()).unwrap()).unwrap();
    for (from, to) in [
        ("\"version\":1", "\"version\":2"),
        ("\"serial\":41", "\"serial\":-1"),
        ("\"status\":\"broken\"", "\"status\":\"sad\""),
        ("\"id\":\"shop-db\"", "\"ident\":\"shop-db\""),
        ("\"protect\":true", "\"protect\":1"),
        ("\"account\":\"123456789012\"", "\"account\":\"12\""),
    ] {
        let changed = FIXTURE.replacen(from, to, 1);
        assert_ne!(changed, FIXTURE, "{from} is not in the fixture");
        assert!(check(&changed).is_err(), "{to}");
    }
}
