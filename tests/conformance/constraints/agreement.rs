//! What a type's attributes say of their values, against the registry.

use plat::schema::{Attribute, ResourceSchema, Scalar, Shape};
use plat::types::Type;

use super::walk;

/// The patterns that the engine does not take.
pub fn of_patterns(shape: &Shape) -> Vec<String> {
    let mut wrong = Vec::new();
    walk(shape, None, "", &mut |shape, _, path| {
        let patterns = [&shape.pattern, &shape.format_pattern].into_iter().flatten();
        wrong.extend(patterns.filter(|p| !p.is_valid()).map(|p| format!("{path}: {}", p.text)));
    });
    wrong
}

/// One line for each difference: `type attribute: problem`.
pub fn problems(schema: &ResourceSchema) -> Vec<String> {
    let mut problems = Vec::new();
    let Some(shape) = schema.constraints.shape() else { return vec![format!("{}: no constraints", schema.name)] };
    names(schema, shape, &mut problems);
    for attribute in &schema.attributes {
        let mut at = |problem: String| problems.push(format!("{} {}: {problem}", schema.name, attribute.name));
        if let Some(plat::schema::Node::Shape(shape)) = shape.properties.get(attribute.name) {
            bounds(attribute, shape, &mut at);
            walk(shape, Some(&attribute.ty), attribute.name, &mut |shape, ty, path| types(attribute, shape, ty, path, &mut at));
        }
    }
    for (path, transform) in &shape.transforms {
        let name = path.split('.').next().unwrap_or_default();
        let problem = match schema.attribute(name) {
            None => Some("no such attribute".to_owned()),
            Some(attribute) => transformed(schema, attribute, path, transform),
        };
        problems.extend(problem.map(|problem| format!("{} {path}: {problem}", schema.name)));
    }
    problems
}

/// Every name in a rule is an attribute.
fn names(schema: &ResourceSchema, shape: &Shape, problems: &mut Vec<String>) {
    let mut check = |shape: &Shape, has: &dyn Fn(&str) -> bool, path: &str| {
        let groups = [&shape.required, &shape.required_xor, &shape.required_or, &shape.ordered];
        let dependent = [&shape.dependent_required, &shape.dependent_excluded];
        let dependent = dependent.into_iter().flatten().flat_map(|(name, others)| std::iter::once(name).chain(others));
        let all = groups.into_iter().flatten().chain(dependent).chain(shape.properties.keys());
        for name in all.filter(|name| !has(name)) {
            problems.push(format!("{} {path}: the registry has `{name}`, and plat has not", schema.name));
        }
    };
    let is_input = |name: &str| schema.attribute(name).is_some_and(Attribute::is_input);
    walk(shape, None, "", &mut |shape, _, path| {
        if path.is_empty() {
            check(shape, &is_input, path);
        }
    });
    for attribute in &schema.attributes {
        let Some(plat::schema::Node::Shape(shape)) = shape.properties.get(attribute.name) else { continue };
        walk(shape, Some(&attribute.ty), attribute.name, &mut |shape, ty, path| {
            if let Some(Type::Record(record)) = ty.map(Type::required) {
                check(shape, &|name| record.field(name).is_some(), path);
            }
        });
    }
}

/// The kind of rule fits the kind of value.
fn types(attribute: &Attribute, shape: &Shape, ty: Option<&Type>, path: &str, at: &mut dyn FnMut(String)) {
    let Some(ty) = ty else { return };
    let ty = match ty.required() {
        Type::Secret(of) => of.required(),
        ty => ty,
    };
    let numeric = [shape.minimum, shape.maximum, shape.exclusive_minimum, shape.exclusive_maximum].iter().any(Option::is_some)
        || shape.any_of_these.iter().any(|scalar| matches!(scalar, Scalar::Number(_)));
    let counted = matches!(ty, Type::Int | Type::Float) || (matches!(ty, Type::Duration | Type::Size) && attribute.unit.is_some());
    if numeric && !counted {
        at(format!("{path} is {ty}, which is not compared with numbers"));
    }
    if (shape.keys.is_some() || shape.values.is_some() || shape.max_entries.is_some()) && !matches!(ty, Type::Map(_)) {
        at(format!("{path} is {ty}, and the registry has a map"));
    }
    if (shape.items.is_some() || shape.max_items.is_some() || shape.min_items.is_some()) && !matches!(ty, Type::List(_)) {
        at(format!("{path} is {ty}, and the registry has a list"));
    }
    if !shape.properties.is_empty() && !matches!(ty, Type::Record(_)) {
        at(format!("{path} is {ty}, and the registry has a record"));
    }
    if (shape.prefix_max.is_some() || matches!(shape.format, Some("ipv4-network" | "ipv6-network"))) && *ty != Type::Cidr {
        at(format!("{path} is {ty}, and the registry has a network"));
    }
}

/// `range` and `among`, which the checker knows, and the registry's numbers.
fn bounds(attribute: &Attribute, shape: &Shape, at: &mut dyn FnMut(String)) {
    #[allow(clippy::cast_precision_loss)]
    let float = |n: i64| n as f64;
    let registered = (shape.minimum, shape.maximum);
    if let Some((least, most)) = attribute.range.filter(|_| attribute.among.is_empty())
        && (registered.0.is_some_and(|minimum| minimum != float(least)) || registered.1.is_some_and(|maximum| maximum != float(most)))
    {
        at(format!("range {least} to {most}, and {registered:?} in the registry"));
    }
    if !attribute.among.is_empty() {
        let theirs: Vec<f64> = shape.any_of_these.iter().filter_map(|s| if let Scalar::Number(n) = s { Some(*n) } else { None }).collect();
        let ours: Vec<f64> = attribute.among.iter().map(|n| float(*n)).collect();
        if !theirs.is_empty() && ours != theirs {
            at(format!("among {ours:?}, and {theirs:?} in the registry"));
        }
    }
}

/// What AWS makes of a value is no difference for plat.
fn transformed(schema: &ResourceSchema, attribute: &Attribute, path: &str, transform: &str) -> Option<String> {
    if !attribute.is_input() || attribute.write_only {
        return None;
    }
    let same = |asked: &str, observed: &str| {
        let value = |text: &str| plat::schema::value_from_json(&serde_json::Value::from(text), &attribute.ty).ok();
        value(asked).zip(value(observed)).is_some_and(|(asked, observed)| attribute.same(&asked, &observed))
    };
    let fits = match transform {
        "lower" | "upper" | "any-case" => same("Main-1", "main-1") && same("Main-1", "MAIN-1"),
        "prefix" => same("15", "15.4"),
        "network" => same("10.0.0.1/24", "10.0.0.0/24"),
        "trim-newline" => attribute.ty.required() == &Type::Json || same("a\n", "a"),
        "protocol" | "protocol-ports" => attribute.canonical.is_some(),
        "key-arn" => refuses_an_alias(schema, path),
        _ => return Some(format!("AWS answers with {transform}")),
    };
    (!fits).then(|| format!("AWS answers with another form ({transform}), and plat would report a difference"))
}

fn refuses_an_alias(schema: &ResourceSchema, path: &str) -> bool {
    let alias = serde_json::Value::from("arn:aws:kms:eu-central-1:123456789012:alias/main");
    let json = path.rsplit('.').fold(alias, |inner, name| serde_json::json!({ name: inner }));
    let (name, value) = json.as_object().and_then(|fields| fields.iter().next()).unwrap();
    let Some(Ok(value)) = schema.attribute(name).map(|a| plat::schema::value_from_json(value, &a.ty)) else { return false };
    let inputs = [(name.as_str().into(), value)].into_iter().collect();
    plat::validate::constraints::violations(schema, &inputs).iter().any(|v| v.path.len() == path.split('.').count())
}
