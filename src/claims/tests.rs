use super::*;
use crate::schema::Kind;
use crate::types::Type;

fn schema(claims: Vec<Claim>) -> ResourceSchema {
    let attribute = |name| Attribute::new(name, Type::String, Mode::Chosen);
    let names = ["vpc", "range", "name", "other", "rules", "kind", "protocol", "from", "to"];
    ResourceSchema {
        name: "test.one.Thing",
        doc: "",
        kind: Kind::Managed,
        attributes: names.into_iter().map(attribute).collect(),
        import: &["name"],
        arn: None,
        id: None,
        recovery: crate::schema::Recovery::Name,
        range: None,
        claims,
        rules: &[],
        stateful: false,
        remains: None,
        takes: Default::default(),
        constraints: Default::default(),
        timeouts: Default::default(),
    }
}

fn hashes(schema: &ResourceSchema, hashing: &Hashing, inputs: Value) -> Vec<u64> {
    let Value::Object(inputs) = inputs else { panic!("an object") };
    let address = Address::root("a", None);
    let holder = Holder { schema, address: &address, region: "r", id: None, values: Values::Set(&inputs) };
    let mut found = Vec::new();
    holder.each(&mut |held| found.extend(held.hash(hashing)));
    found
}

#[test]
fn keys_are_compared_as_the_service_compares_them() {
    let hashing = Hashing::default();
    let same = |form, a: &str, b: &str| {
        let schema = schema(vec![Claim::name("n", &["name"]).form(form)]);
        let of = |text: &str| hashes(&schema, &hashing, Value::object([("name", Value::str(text))]));
        of(a) == of(b)
    };
    assert!(same(Form::Exact, "a", "a") && !same(Form::Exact, "a", "A"));
    assert!(same(Form::IgnoreCase, "Main", "main") && !same(Form::IgnoreCase, "main", "main "));
    assert!(same(Form::Label, "Web ", "web") && !same(Form::Label, " web", "web"));
    assert!(same(Form::Protocol, "TCP", "6") && same(Form::Protocol, "all", "-1") && !same(Form::Protocol, "udp", "6"));
    assert!(same(Form::Url, "https://a.b/c/", "a.b/c"));
}

#[test]
fn a_claim_needs_every_part_of_its_key_and_no_part_of_its_scope() {
    let hashing = Hashing::default();
    let schema = schema(vec![Claim::one("x", "x", [Part::of(&["name"]), Part::of(&["other"]).optional()]).within([Part::of(&["vpc"])])]);
    let of = |entries: &[(&'static str, &str)]| hashes(&schema, &hashing, Value::object(entries.iter().map(|(k, v)| (*k, Value::str(*v)))));
    assert!(of(&[("other", "o"), ("vpc", "v")]).is_empty());
    assert_eq!(of(&[("name", "n")]).len(), 1);
    assert_ne!(of(&[("name", "n")]), of(&[("name", "n"), ("vpc", "v")]));
    assert_ne!(of(&[("name", "n")]), of(&[("name", "n"), ("other", "o")]));
}

#[test]
fn conditions_and_items_decide_which_claims_are_made() {
    let hashing = Hashing::default();
    let schema = schema(vec![
        Claim::one("rule", "rule", [Part::item(&["cidr"]), Part::ports("protocol", "from", "to")]).each("rules").within([Part::itself()]),
        Claim::name("kind", &["name"]).when("kind", &["a"]),
        Claim::name("set", &["name"]).when("other", &[]),
    ]);
    let rule = |protocol: &str, from: Option<i64>, cidr: &str| {
        let port = |port: Option<i64>| port.map_or(Value::Null, Value::Int);
        let cidr = Value::Cidr(cidr.parse().unwrap());
        Value::object([("protocol", Value::str(protocol)), ("from", port(from)), ("to", port(from)), ("cidr", cidr)])
    };
    let of = |rules: Vec<Value>| hashes(&schema, &hashing, Value::object([("rules", Value::list(rules))]));
    let equal = |a, b| of(vec![a]) == of(vec![b]);
    assert!(equal(rule("tcp", Some(443), "10.1.2.3/16"), rule("6", Some(443), "10.1.0.0/16")));
    assert!(!equal(rule("tcp", Some(443), "10.1.0.0/16"), rule("tcp", Some(80), "10.1.0.0/16")));
    assert!(equal(rule("-1", Some(0), "10.0.0.0/8"), rule("-1", None, "10.0.0.0/8")));
    assert!(equal(rule("icmpv6", Some(-1), "::/0"), rule("58", None, "::/0")));
    assert!(!equal(rule("47", None, "10.0.0.0/8"), rule("-1", None, "10.0.0.0/8")));
    let named = |extra: &'static str, value| hashes(&schema, &hashing, Value::object([("name", Value::str("n")), (extra, value)]));
    assert_eq!((named("kind", Value::str("a")).len(), named("kind", Value::str("b")).len(), named("vpc", Value::Null).len()), (1, 0, 0));
    assert_eq!(named("other", Value::str("o")).len(), 1);
}

#[test]
fn ranges_meet_where_they_share_addresses_in_one_scope() {
    let ranges = |list: &[(u64, &str)]| {
        let mut ranges = Ranges::default();
        list.iter().enumerate().for_each(|(n, (scope, net))| ranges.add(*scope, net.parse().unwrap(), n));
        ranges
    };
    let one = [(1, "10.0.0.0/24"), (1, "10.0.1.0/24"), (2, "10.0.0.0/8"), (1, "fd00::/64"), (1, "10.0.0.128/25")];
    assert_eq!(ranges(&one).overlaps(), [(0, 4)]);
    let other = [(1, "10.0.0.0/16"), (1, "10.0.1.7/32"), (2, "11.0.0.0/8"), (2, "10.9.0.0/16"), (1, "fd00::/48")];
    let mut met = ranges(&one).meet(ranges(&other));
    met.sort_unstable();
    let net = |list: &[(u64, &str)], n: usize| (list[n].0, list[n].1.parse::<IpNet>().unwrap());
    let all = (0..5).flat_map(|a| (0..5).map(move |b| (a, b)));
    let wanted: Vec<_> = all
        .filter(|(a, b)| {
            let ((scope, a), (other_scope, b)) = (net(&one, *a), net(&other, *b));
            scope == other_scope && (a.contains(&b) || b.contains(&a))
        })
        .collect();
    assert_eq!(met, wanted);
}

#[test]
fn an_import_id_of_inputs_is_a_claim_of_every_type() {
    let registry = crate::schema::Registry::new([schema(Vec::new())]);
    let claims = &registry.get("test.one.Thing").unwrap().claims;
    assert!(claims.len() == 1 && claims[0].is_identity && claims[0].attributes().eq(["name"]));
    let registry = crate::schema::Registry::new([schema(vec![Claim::name("n", &["name"]).form(Form::IgnoreCase)])]);
    let claims = &registry.get("test.one.Thing").unwrap().claims;
    assert!(claims.len() == 1 && claims[0].is_identity && claims[0].key[0].form == Form::IgnoreCase);
}
