use super::*;
use crate::schema::{Attribute, Constraints, Kind, Mode, Recovery, Takes};
use crate::value::{Duration, Secret, SecretText};

/// A type with one attribute `a`, and the constraints of the whole.
fn schema(constraints: &'static str, attributes: Vec<Attribute>) -> ResourceSchema {
    ResourceSchema {
        name: "t.Thing",
        doc: "",
        kind: Kind::Managed,
        attributes,
        import: &[],
        arn: None,
        id: None,
        recovery: Recovery::Tag,
        range: None,
        stateful: false,
        remains: None,
        takes: Takes::default(),
        timeouts: Default::default(),
        rules: &[],
        claims: Vec::new(),
        constraints: Constraints::parse(constraints).unwrap(),
    }
}

fn attribute(name: &'static str, ty: Type) -> Attribute {
    Attribute::new(name, ty, Mode::Chosen)
}

fn found(schema: &ResourceSchema, inputs: Vec<(&str, Value)>) -> Vec<String> {
    let inputs: Object = inputs.into_iter().map(|(name, value)| (name.into(), value)).collect();
    let all = violations(schema, &inputs);
    all.into_iter().map(|v| format!("{} {}{}", v.code.0, v.message, v.help.map_or(String::new(), |help| format!("; {help}")))).collect()
}

#[test]
fn texts_have_a_form_and_a_near_one_is_offered() {
    let shape = r#"{"properties":{"a":{"pattern":"^[a-z](?:-?[a-z0-9])*$","maxLength":10}}}"#;
    let schema = schema(shape, vec![attribute("a", Type::String)]);
    assert!(found(&schema, vec![("a", Value::str("my-db"))]).is_empty());
    assert_eq!(
        found(&schema, vec![("a", Value::str("My_Db"))]),
        ["540 expected `a` to match `^[a-z](?:-?[a-z0-9])*$`, found \"My_Db\"; \"my-db\" is taken"]
    );
    assert_eq!(
        found(&schema, vec![("a", Value::str("much-too-long"))]),
        ["540 expected at most 10 characters in `a`, found 13; \"much-too-l\" is taken"]
    );
    let secret = Value::Secret(Secret::Plain(SecretText::new("Geheim_1")));
    let said = found(&schema, vec![("a", secret)]);
    assert_eq!(
        said,
        ["540 expected `a` to match `^[a-z](?:-?[a-z0-9])*$`, found a secret; write a text that matches `^[a-z](?:-?[a-z0-9])*$`"]
    );
}

#[test]
fn numbers_are_compared_in_their_unit() {
    let shape = r#"{"properties":{"a":{"minimum":7,"maximum":30},"b":{"enum":[1,3]}}}"#;
    let days = |name| Attribute { unit: Some(Unit::Days), ..attribute(name, Type::Duration) };
    let schema = schema(shape, vec![days("a"), days("b")]);
    let day = |days: i64| Value::Duration(Duration::seconds(days * 86_400));
    assert!(found(&schema, vec![("a", day(7)), ("b", day(3))]).is_empty());
    assert_eq!(
        found(&schema, vec![("a", day(40)), ("b", day(2))]),
        [
            "541 expected at most 30 days in `a`, found 40 days; the nearest that is taken: 30 days",
            "541 expected `b` to be 1 or 3, found 2d; write 1 or 3"
        ]
    );
}

#[test]
fn lists_have_sizes_and_elements_are_there_once() {
    let shape = r#"{"properties":{"a":{"maxItems":2,"uniqueItems":true,"items":{"minLength":2}}}}"#;
    let schema = schema(shape, vec![attribute("a", Type::list(Type::String))]);
    let list = |items: &[&str]| Value::list(items.iter().map(|t| Value::str(*t)));
    assert!(found(&schema, vec![("a", list(&["aa", "bb"]))]).is_empty());
    assert_eq!(
        found(&schema, vec![("a", list(&["aa", "bb", "aa"]))]),
        [
            "542 expected at most 2 elements in `a`, found 3; remove 1",
            "542 expected each element of `a` once, found \"aa\" twice; remove this one"
        ]
    );
    assert_eq!(violations(&schema, &[("a".into(), list(&["aa", "b"]))].into_iter().collect())[0].path, [Part::Name("a"), Part::At(1)]);
}

#[test]
fn attributes_need_and_exclude_each_other() {
    let shape = r#"{"requiredXor":["a","b"],"dependentRequired":{"c":["a"]},"dependentExcluded":{"c":["d"],"d":["c"]}}"#;
    let schema = schema(shape, ["a", "b", "c", "d"].map(|name| attribute(name, Type::String)).into());
    let set = |names: &[&'static str]| found(&schema, names.iter().map(|name| (*name, Value::str("x"))).collect());
    assert!(set(&["a", "c"]).is_empty());
    assert_eq!(set(&["a", "b"]), ["543 expected `a` or `b`, found both; remove `a` or `b`"]);
    assert_eq!(set(&[]), ["543 expected `a` or `b`, found none of them; add one of them"]);
    assert_eq!(set(&["b", "c"]), ["543 expected `a` beside `c`, found none; add `a`, or remove `c`"]);
    assert_eq!(set(&["a", "c", "d"]), ["543 expected `c` or `d`, found both; remove `c` or `d`"]);
}

#[test]
fn conditions_say_why() {
    let shape =
        r#"{"if":{"required":["a"],"properties":{"a":{"enum":["all"]}}},"then":{"properties":{"b":false},"message":"all has no `b`"}}"#;
    let schema = schema(shape, vec![attribute("a", Type::String), attribute("b", Type::Int)]);
    assert!(found(&schema, vec![("a", Value::str("one")), ("b", Value::Int(1))]).is_empty());
    let inputs: Object = [("a".into(), Value::str("all")), ("b".into(), Value::Int(1))].into_iter().collect();
    let all = violations(&schema, &inputs);
    assert_eq!((all[0].message.as_str(), all[0].label.as_str()), ("expected no `b`", "all has no `b`"));
    assert_eq!(all.len(), 1);
}

#[test]
fn what_is_not_known_is_not_refused() {
    let shape = r#"{"requiredXor":["a","b"],"properties":{"a":{"minLength":3},"b":{"anyOf":[{"pattern":"^x"},{"pattern":"^y"}]}}}"#;
    let optional = Type::optional(Type::String);
    let schema = schema(shape, vec![attribute("a", optional.clone()), attribute("b", optional.clone())]);
    let unknown = |ty: Type| {
        let source = crate::value::Source {
            address: crate::address::Address::root("x", None),
            attribute: "id".into(),
            span: crate::source::Span::new(crate::source::FileId(0), 0, 0),
        };
        Value::Unknown(std::sync::Arc::new(crate::value::Unknown { ty, phase: crate::value::Phase::Apply, source, deferred: None }))
    };
    assert!(found(&schema, vec![("a", unknown(optional.clone()))]).is_empty());
    assert!(found(&schema, vec![("a", unknown(optional)), ("b", Value::str("xx"))]).is_empty());
    assert_eq!(found(&schema, vec![("a", unknown(Type::String)), ("b", Value::str("xx"))]).len(), 1);
    let refused = found(&schema, vec![("b", Value::str("zz"))]);
    assert_eq!(
        refused,
        [
            "540 expected a text that matches `^x` or a text that matches `^y` in `b`, found \"zz\"; write a text that matches `^x` or a text that matches `^y`"
        ]
    );
}
