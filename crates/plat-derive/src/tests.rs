//! What the derives refuse. What they write is tested where it is used, in plat-aws's tests/derive.rs.

use syn::parse_str;

fn refused(source: &str) -> String {
    let input = parse_str(source).unwrap();
    crate::generate::resource(&input).expect_err("should be refused").to_string()
}

fn with_attr(attr: &str, ty: &str) -> String {
    format!("/// Doc.\n#[resource(\"aws.ec2.VPC\", import = a, recovery = Tag)]\nstruct Vpc {{\n/// Doc.\n#[attr({attr})]\na: {ty},\n}}")
}

fn with_resource(settings: &str) -> String {
    format!("/// Doc.\n#[resource({settings})]\nstruct Vpc {{\n/// Doc.\n#[attr(required)]\na: String,\n}}")
}

#[test]
fn accepts_what_is_right() {
    for (attr, ty) in [
        ("required, replaces", "String"),
        ("optional, default = 7, unit = days, range = 0..=35", "Duration"),
        ("optional, one_of(\"a\", \"b\"), default = \"a\"", "String"),
        ("optional, unordered", "Vec<Id<Other>>"),
        ("chosen, nullable, cfn = \"DBName\"", "Option<String>"),
        ("computed", "Arn<Vpc>"),
    ] {
        let input = parse_str(&with_attr(attr, ty)).unwrap();
        assert!(crate::generate::resource(&input).is_ok(), "{attr}");
    }
}

#[test]
fn an_attribute_is_refused_with_what_it_should_be() {
    for (attr, ty, message) in [
        ("optional", "String", "an optional attribute is an Option"),
        ("required, computed", "String", "one mode"),
        ("required, default = 1", "i64", "only an optional attribute"),
        ("required, shiny", "String", "unknown setting"),
        ("required, unordered", "String", "only a Vec"),
        ("optional, nullable", "Option<String>", "`nullable` is for"),
        ("chosen, always", "Option<String>", "`always` is for"),
        ("required, unit = weeks", "Duration", "units are"),
        ("required, unit = gib", "Duration", "units of a Size"),
        ("required, one_of(\"a\")", "i64", "is for texts"),
        ("optional, one_of(\"a\"), default = \"b\"", "String", "the default `b`"),
        ("optional, default = \"x\"", "i64", "a literal of the attribute's type"),
        ("required, range = 0..=9", "String", "a range is for"),
        ("required, range = 9..=0", "i64", "greater than the greatest"),
        ("replaces", "String", "needs one of required"),
    ] {
        let said = refused(&with_attr(attr, ty));
        assert!(said.contains(message), "{attr}: {said}");
    }
}

#[test]
fn a_resource_is_refused_without_what_the_engine_needs() {
    for (settings, message) in [
        ("\"aws.ec2.VPC\", import = a", "say how a create whose answer was lost is found again"),
        ("\"aws.ec2.VPC\", recovery = Tag", "say which attribute is the import id"),
        ("\"aws.ec2.VPC\", import = b, recovery = Tag", "there is no attribute `b`"),
        ("\"aws.ec2.VPC\", import = a, recovery = Magic", "recovery is one of"),
        ("\"VPC\", import = a, recovery = Tag", "is named like"),
        ("\"aws.ec2.VPC\", lookup, recovery = Tag", "nothing to recover"),
        ("\"aws.ec2.VPC\", import = a, recovery = Tag, takes(create = \"soon\")", "a duration is written like"),
    ] {
        let said = refused(&with_resource(settings));
        assert!(said.contains(message), "{settings}: {said}");
    }
    let said =
        refused("/// Doc.\n#[resource(\"aws.ec2.VPC\", import = a, recovery = Tag)]\nstruct Vpc {\n#[attr(required)]\na: String,\n}");
    assert!(said.contains("needs a doc comment"), "{said}");
}

#[test]
fn durations_of_takes() {
    assert_eq!(crate::container::seconds("1h30m"), Some(5_400));
    assert_eq!(crate::container::seconds("6m"), Some(360));
    assert_eq!(crate::container::seconds("6"), None);
    assert_eq!(crate::container::seconds(""), None);
}
