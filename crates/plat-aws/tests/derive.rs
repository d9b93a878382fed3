//! What the derives write, by using it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use plat::schema::{AnyResource, Arn, Field, Id, Kind, Mode, Named, Recovery, Resource, Unit};
use plat::types::Type;
use plat::value::{Duration, Object, SecretText, Size, Value};
use plat_derive::{Record, Resource};

/// A database.
///
/// Second paragraph.
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.test.Database", import(name, zone), id = name, arn = database_arn, recovery = Name, stateful,
           takes(create = "6m", delete = "1h30m"))]
struct Database {
    /// Its name.
    #[attr(chosen, replaces, cfn = "DBName")]
    name: Option<String>,
    /// Its zone.
    #[attr(required)]
    zone: String,
    /// Kept this long.
    #[attr(optional, default = 7, unit = days, range = 0..=35)]
    backup: Duration,
    /// Its disk.
    #[attr(optional, unit = gib)]
    disk: Option<Size>,
    /// Kind of disk.
    #[attr(optional, one_of("gp2", "gp3"))]
    disk_type: Option<String>,
    /// Its key.
    #[attr(chosen, nullable)]
    key: Option<Id<AnyResource>>,
    /// A second copy.
    #[attr(optional, default = false, interrupts = "restarts it")]
    multi: bool,
    /// Its password.
    #[attr(optional, write_only)]
    password: Option<SecretText>,
    /// Its groups.
    #[attr(optional, unordered)]
    groups: Vec<Id<Database>>,
    /// Its rules.
    #[attr(optional)]
    rules: Vec<Rule>,
    /// Its tags.
    #[attr(optional)]
    tags: BTreeMap<String, String>,
    /// Its ARN.
    #[attr(computed)]
    database_arn: Arn<Database>,
}

/// A rule.
#[derive(Debug, Clone, Default, PartialEq, Record)]
struct Rule {
    /// From.
    #[attr(required)]
    from: i64,
    /// Why.
    #[attr(optional)]
    description: Option<String>,
}

fn object(entries: &[(&str, Value)]) -> Object {
    entries.iter().map(|(k, v)| ((*k).into(), v.clone())).collect()
}

#[test]
fn the_schema_says_what_the_struct_says() {
    let schema = Database::schema();
    assert_eq!(schema.name, "aws.test.Database");
    assert_eq!(<Database as Named>::NAME, "aws.test.Database");
    assert_eq!(schema.doc, "A database.\n\nSecond paragraph.");
    assert_eq!(schema.kind, Kind::Managed);
    assert_eq!(schema.import, ["name", "zone"]);
    assert_eq!(schema.arn, Some("database_arn"));
    assert_eq!(schema.recovery, Recovery::Name);
    assert!(schema.stateful);
    assert_eq!((schema.takes.create, schema.takes.update, schema.takes.delete), (Duration(360), Duration(2), Duration(5_400)));
    let attribute = |name| schema.attribute(name).unwrap();
    assert_eq!(attribute("name").ty, Type::String);
    assert_eq!(attribute("name").cfn, Some("DBName"));
    assert!(attribute("name").replaces);
    assert_eq!(attribute("key").ty.to_string(), "Id<>?");
    assert_eq!(attribute("backup").mode, Mode::Optional { default: Value::Duration(Duration::days(7)) });
    assert_eq!((attribute("backup").unit, attribute("backup").range), (Some(Unit::Days), Some((0, 35))));
    assert_eq!(attribute("disk").mode, Mode::Optional { default: Value::Null });
    assert_eq!(attribute("disk_type").ty.to_string(), "(\"gp2\" | \"gp3\")?");
    assert_eq!(attribute("multi").interrupts, Some("restarts it"));
    assert!(attribute("password").write_only && attribute("password").ty.holds_secret());
    assert!(attribute("groups").unordered);
    assert_eq!(attribute("groups").mode, Mode::Optional { default: Value::list([]) });
    assert_eq!(attribute("rules").ty.to_string(), "[Rule]");
    assert_eq!(attribute("database_arn").mode, Mode::Computed);
}

#[test]
fn what_is_missing_takes_its_default() {
    let read = Database::from_object(&object(&[("zone", Value::str("a")), ("disk", Value::Null)])).unwrap();
    assert_eq!(read, Database { zone: "a".into(), backup: Duration::days(7), ..Database::default() });
    let written = read.to_object();
    let names: Vec<&str> = written.keys().map(AsRef::as_ref).collect();
    assert_eq!(names, ["zone", "backup", "multi", "groups", "rules", "tags"]);
}

#[test]
fn values_survive() {
    let rule = Rule { from: 22, description: Some("ssh".into()) };
    let database = Database {
        name: Some("main".into()),
        zone: "a".into(),
        disk: Some(Size::gib(20)),
        disk_type: Some("gp3".into()),
        groups: vec!["sg-1".into()],
        rules: vec![rule, Rule { from: 80, description: None }],
        tags: BTreeMap::from([("Name".into(), "x".into())]),
        database_arn: "arn:aws:test".into(),
        ..Database::default()
    };
    assert_eq!(Database::from_object(&database.to_object()).unwrap(), database);
}

#[test]
fn errors_say_where() {
    let error = Database::from_object(&Object::default()).unwrap_err();
    assert_eq!(error.to_string(), "`zone` is missing");
    let rules = Value::list([Value::object([("from", Value::str("x"))])]);
    let error = Database::from_object(&object(&[("zone", Value::str("a")), ("rules", rules)])).unwrap_err();
    assert_eq!(error.to_string(), "`rules.0.from` should be Int and is a String");
    let error = Rule::decode(&Value::Int(1)).unwrap_err();
    assert_eq!(error.problem, "should be Rule and is an Int");
}
