//! Every resource type against the CloudFormation registry: names, what is required, what a change replaces, what only AWS sets, what
//! cannot be read, import ids, enums, types. The registry's schemas are those that cfn-lint carries.

mod constraints;
mod exceptions;
mod names;
mod registry;

use std::collections::BTreeSet;
use std::fmt;

use plat::schema::{Attribute, Kind, Mode, ResourceSchema};
use plat::types::{Record, Type};

use names::snake_case;
use registry::{Property, Registry, RegistryType};

/// What a type is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// The registry has the type.
    Exists,
    /// The registry has the property.
    Known,
    /// plat has the property.
    Complete,
    /// Required in one, and so in the other.
    Required,
    /// `replaces` is the registry's createOnly.
    Replaces,
    /// `computed` is the registry's readOnly.
    Computed,
    /// `write_only` only where the registry says so.
    WriteOnly,
    /// The import id is the registry's primary identifier.
    Import,
    /// A union has the enum's texts.
    Enum,
    /// The type fits the property's JSON type.
    Type,
    /// An operation may take as long as the registry's handler.
    Timeout,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    /// `aws.ec2.VPC`
    of: String,
    /// `tags`, `scaling_config.min_size`; empty for the type itself.
    at: String,
    rule: Rule,
    problem: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({:?}): {}", self.of, self.at, self.rule, self.problem)
    }
}

#[test]
fn resource_types_are_those_of_the_registry() {
    let registry = Registry::load();
    let mut findings: Vec<Finding> =
        plat_aws::schemas().iter().filter(|schema| schema.kind == Kind::Managed).flat_map(|schema| compare(schema, &registry)).collect();
    findings.sort();

    let mut unused: BTreeSet<_> = exceptions::ALL.iter().collect();
    findings.retain(|finding| {
        let excepted =
            exceptions::ALL.iter().find(|e| e.of == finding.of && e.rule == finding.rule && e.names.contains(&finding.at.as_str()));
        match excepted {
            Some(exception) => {
                unused.remove(exception);
                false
            }
            None => true,
        }
    });
    let problems: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{} differences:\n{}", problems.len(), problems.join("\n"));
    assert!(unused.is_empty(), "exceptions that nothing needs:\n{unused:#?}");
}

#[test]
fn every_exception_says_why() {
    for exception in exceptions::ALL {
        assert!(exception.why.len() > 20 && !exception.names.is_empty(), "{exception:?}");
    }
}

fn compare(schema: &ResourceSchema, registry: &Registry) -> Vec<Finding> {
    let Some(registered) = registry.find(schema.name) else {
        let problem = "the registry has no such type".to_owned();
        return vec![Finding { of: schema.name.to_owned(), at: String::new(), rule: Rule::Exists, problem }];
    };
    let mut report = Report { of: schema.name, findings: Vec::new() };
    for attribute in &schema.attributes {
        // plat's own, such as a reading of something that the registry spells as text.
        if attribute.cfn != Some("") {
            match property_of(attribute, &registered) {
                Some(property) => report.attribute(attribute, &property, &registered),
                None => report.say(attribute.name, Rule::Known, "the registry has no such property"),
            }
        }
    }
    for property in registered.properties() {
        if !schema.attributes.iter().any(|a| stands_for(a, &property.name)) {
            report.say(&snake_case(&property.name), Rule::Complete, format!("`{}` is missing", property.name));
        }
    }
    let import: Vec<String> = schema.import.iter().map(|name| (*name).to_owned()).collect();
    let identifier: Vec<String> = registered.identifier().iter().map(|name| attribute_name(schema, name)).collect();
    if import != identifier {
        report.say("", Rule::Import, format!("import is {import:?}, and the primary identifier {identifier:?}"));
    }
    let timeouts = schema.timeouts;
    for (operation, timeout) in [("create", timeouts.create), ("update", timeouts.update), ("delete", timeouts.delete)] {
        let registered = registered.timeout(operation);
        if timeout != registered {
            report.say("", Rule::Timeout, format!("{operation} has {timeout}, and the registry's handler {registered}"));
        }
    }
    report.findings
}

/// True when `attribute` is the registry's `property`.
fn stands_for(attribute: &Attribute, property: &str) -> bool {
    match attribute.cfn {
        Some(name) if !name.is_empty() && name == property => true,
        Some(_) => false,
        None => attribute.name == snake_case(property),
    }
}

fn property_of(attribute: &Attribute, registered: &RegistryType) -> Option<Property> {
    registered.properties().into_iter().find(|property| stands_for(attribute, &property.name))
}

fn attribute_name(schema: &ResourceSchema, property: &str) -> String {
    let own = schema.attributes.iter().find(|a| stands_for(a, property));
    own.map_or_else(|| snake_case(property), |a| a.name.to_owned())
}

struct Report<'a> {
    of: &'a str,
    findings: Vec<Finding>,
}

impl Report<'_> {
    fn say(&mut self, at: &str, rule: Rule, problem: impl Into<String>) {
        self.findings.push(Finding { of: self.of.to_owned(), at: at.to_owned(), rule, problem: problem.into() });
    }

    fn attribute(&mut self, attribute: &Attribute, property: &Property, registered: &RegistryType) {
        let name = attribute.name;
        let computed = attribute.mode == Mode::Computed;
        if computed != registered.is_read_only(&property.name) {
            self.say(name, Rule::Computed, if computed { "the registry lets it be set" } else { "only AWS sets it" });
        }
        let required = attribute.mode == Mode::Required;
        if required != registered.is_required(&property.name) {
            self.say(name, Rule::Required, if required { "optional in the registry" } else { "required in the registry" });
        }
        if !computed && registered.is_create_only(&property.name).is_some_and(|create_only| create_only != attribute.replaces) {
            self.say(name, Rule::Replaces, if attribute.replaces { "can change in place" } else { "a change replaces" });
        }
        if attribute.write_only && !registered.is_write_only(&property.name) {
            self.say(name, Rule::WriteOnly, "the registry can read it");
        }
        // AWS may answer with a text that is not in the enum yet; a program may not write one.
        self.ty(name, &attribute.ty, property, !computed);
    }

    fn ty(&mut self, at: &str, ty: &Type, property: &Property, input: bool) {
        let ty = match ty.required() {
            Type::Secret(of) => of.required(),
            ty => ty,
        };
        let fits = match (property.kind(), ty) {
            // Text that plat reads, or a document that the registry takes as an object or as text.
            (_, Type::Json) => true,
            ("string", Type::String | Type::Id(_) | Type::Arn(_) | Type::Cidr | Type::Ip | Type::Version | Type::Union(_)) => true,
            ("string", Type::Duration | Type::Size | Type::Int) => property.is_number_as_text(),
            ("boolean", Type::Bool) | ("number", Type::Float | Type::Int) | ("integer", Type::Int | Type::Size | Type::Duration) => true,
            ("number", Type::Size | Type::Duration) => true,
            ("array", Type::List(_)) | ("object", Type::Record(_) | Type::Map(_)) => true,
            // A list of keys and values.
            ("array", Type::Map(_)) => property.is_list_of_tags(),
            ("", _) => true,
            _ => false,
        };
        if !fits {
            self.say(at, Rule::Type, format!("{ty} does not fit {}", property.kind()));
        }
        match ty {
            Type::List(item) => {
                if let Some(inner) = property.item() {
                    self.ty(at, item, &inner, input);
                }
            }
            Type::Record(record) => self.record(at, record, property, input),
            _ if input => self.texts(at, ty, property),
            _ => {}
        }
    }

    fn record(&mut self, at: &str, record: &Record, property: &Property, input: bool) {
        let inner = property.fields();
        if inner.is_empty() {
            return;
        }
        for field in &record.fields {
            let path = format!("{at}.{}", field.name);
            match inner.iter().find(|p| snake_case(&p.name) == *field.name) {
                Some(p) => {
                    if property.requires(&p.name) && field.optional {
                        self.say(&path, Rule::Required, "required in the registry");
                    }
                    self.ty(&path, &field.ty, p, input);
                }
                None => self.say(&path, Rule::Known, "the registry has no such property"),
            }
        }
        for p in &inner {
            let name = snake_case(&p.name);
            if record.field(&name).is_none() {
                self.say(&format!("{at}.{name}"), Rule::Complete, format!("`{}` is missing", p.name));
            }
        }
    }

    fn texts(&mut self, at: &str, ty: &Type, property: &Property) {
        let registered = property.texts();
        match ty {
            Type::Union(texts) if !registered.is_empty() => {
                let ours: BTreeSet<&str> = texts.iter().map(|t| &**t).collect();
                let theirs: BTreeSet<&str> = registered.iter().map(String::as_str).collect();
                let (more, fewer): (Vec<_>, Vec<_>) = (ours.difference(&theirs).collect(), theirs.difference(&ours).collect());
                if !more.is_empty() || !fewer.is_empty() {
                    self.say(at, Rule::Enum, format!("not in the registry: {more:?}; only there: {fewer:?}"));
                }
            }
            Type::String if !registered.is_empty() => self.say(at, Rule::Enum, format!("one of {registered:?} in the registry")),
            _ => {}
        }
    }
}
