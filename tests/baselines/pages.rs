//! Pages of types, and resources written as source.

use plat::render::{Style, resource_source, type_page};
use plat::value::{Object, Size, Value};

use super::golden;
use super::made::{registry, tags, text};

#[test]
fn a_type_has_a_page() {
    let registry = registry();
    golden("type.txt", &type_page(registry.get("aws.rds.DBInstance").unwrap(), Style::PLAIN));
}

#[test]
fn what_exists_becomes_source() {
    let registry = registry();
    let observed: Object = [
        ("db_instance_class", text("db.t3.${micro}")),
        ("allocated_storage", Value::Size(Size::gib(100))),
        ("multi_az", Value::Bool(false)),
        ("tags", tags(&[("Name", "a \"b\""), ("aws:x", &"long ".repeat(20))])),
        ("endpoint", text("db.internal")),
    ]
    .into_iter()
    .map(|(k, v)| (k.into(), v))
    .collect();
    let (source, missing) = resource_source("db", registry.get("aws.rds.DBInstance").unwrap(), &observed);
    golden("source.plat", &source);
    assert!(missing.is_empty(), "{missing:?}");
    let (_, missing) = resource_source("net", registry.get("aws.ec2.Subnet").unwrap(), &Object::default());
    assert_eq!(missing, ["vpc_id", "cidr_block"]);
}
