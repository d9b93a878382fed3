//! The CloudFormation registry's schemas, as cfn-lint carries them.

use std::path::PathBuf;

use plat::schema::Timeouts;
use plat::value::Duration;
use serde_json::Value;

use crate::project::tool;

/// All types of the registry in us-east-1.
pub struct Registry {
    folder: PathBuf,
    hashes: Value,
}

/// One type's schema.
pub struct RegistryType(Value);

/// One property, at any depth, with `$ref` followed.
#[derive(Clone)]
pub struct Property {
    pub name: String,
    schema: Value,
    root: Value,
}

impl Registry {
    pub fn load() -> Self {
        let library = tool("oracle", "lib");
        let python = std::fs::read_dir(&library).unwrap().map(|e| e.unwrap().path()).find(|p| p.join("site-packages/cfnlint").is_dir());
        let folder = python.expect("cfn-lint in .venv/oracle: run tests/install").join("site-packages/cfnlint/data/schemas");
        let hashes = parse(&folder.join("providers/us-east-1.json"));
        assert!(hashes.as_object().is_some_and(|types| types.len() > 1_000), "the registry is not whole");
        Self { folder, hashes }
    }

    /// `aws.ec2.VPC` is `AWS::EC2::VPC`: the service in small letters, the type verbatim.
    pub fn find(&self, name: &str) -> Option<RegistryType> {
        let wanted = name.strip_prefix("aws.")?.split_once('.')?;
        let (_, hash) = self.hashes.as_object()?.iter().find(|(registered, _)| {
            let mut parts = registered.split("::").skip(1);
            parts.next().is_some_and(|service| service.to_lowercase() == wanted.0) && parts.next() == Some(wanted.1)
        })?;
        Some(RegistryType(parse(&self.folder.join("resources").join(format!("{}.json", hash.as_str()?)))))
    }
}

fn parse(path: &PathBuf) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}: run tests/install", path.display()));
    serde_json::from_str(&text).expect("JSON of cfn-lint's")
}

impl RegistryType {
    pub fn properties(&self) -> Vec<Property> {
        fields(&self.0, &self.0)
    }

    /// How long the handler of `create`, `update` or `delete` may take; one that declares nothing has CloudFormation's limit.
    pub fn timeout(&self, operation: &str) -> Duration {
        let minutes = self.0["handlers"][operation]["timeoutInMinutes"].as_i64();
        minutes.map_or(Timeouts::USUAL, Duration::minutes)
    }

    pub fn is_required(&self, name: &str) -> bool {
        self.0["required"].as_array().is_some_and(|names| names.iter().any(|n| n == name))
    }

    /// Read-only itself, or an object of which every part is, or has parts that are.
    pub fn is_read_only(&self, name: &str) -> bool {
        let paths = self.paths("readOnlyProperties");
        if paths.iter().any(|p| p == name) {
            return true;
        }
        let Some(property) = self.properties().into_iter().find(|p| p.name == name) else { return false };
        let parts = property.fields();
        let covered = |part: &Property| {
            let path = format!("{name}/{}", part.name);
            paths.iter().any(|p| *p == path || p.starts_with(&format!("{path}/")))
        };
        !parts.is_empty() && parts.iter().all(covered)
    }

    /// None when it depends, on its value or on a part of it.
    pub fn is_create_only(&self, name: &str) -> Option<bool> {
        let within = |path: &String| path == name || path.starts_with(&format!("{name}/"));
        if self.paths("createOnlyProperties").iter().any(|p| p == name) {
            return Some(true);
        }
        let partly =
            self.paths("createOnlyProperties").iter().any(within) || self.paths("conditionalCreateOnlyProperties").iter().any(within);
        if partly { None } else { Some(false) }
    }

    pub fn is_write_only(&self, name: &str) -> bool {
        self.paths("writeOnlyProperties").iter().any(|p| p == name)
    }

    pub fn identifier(&self) -> Vec<String> {
        self.paths("primaryIdentifier")
    }

    /// `/properties/A/B` as `A/B`.
    fn paths(&self, list: &str) -> Vec<String> {
        let paths = self.0[list].as_array().into_iter().flatten();
        paths.filter_map(Value::as_str).map(|p| p.trim_start_matches("/properties/").to_owned()).collect()
    }
}

impl Property {
    /// `string`, `array`, …; empty when the registry leaves it open.
    pub fn kind(&self) -> &str {
        match &self.schema["type"] {
            Value::String(kind) => kind,
            Value::Array(kinds) if kinds.iter().any(|k| k == "object") => "object",
            Value::Array(kinds) => kinds.first().and_then(Value::as_str).unwrap_or(""),
            _ => "",
        }
    }

    pub fn texts(&self) -> Vec<String> {
        self.schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    pub fn fields(&self) -> Vec<Property> {
        fields(&self.schema, &self.root)
    }

    pub fn item(&self) -> Option<Property> {
        let item = self.schema.get("items")?;
        Some(Property { name: String::new(), schema: follow(item, &self.root), root: self.root.clone() })
    }

    pub fn requires(&self, name: &str) -> bool {
        self.schema["required"].as_array().is_some_and(|names| names.iter().any(|n| n == name))
    }

    pub fn is_list_of_tags(&self) -> bool {
        self.item().is_some_and(|item| {
            let names: Vec<String> = item.fields().into_iter().map(|field| field.name).collect();
            names == ["Key", "Value"]
        })
    }

    /// A number that CloudFormation writes as text, such as `AllocatedStorage` of a database.
    pub fn is_number_as_text(&self) -> bool {
        self.schema.get("pattern").is_some_and(|p| p == "^[0-9]*$") || matches!(self.name.as_str(), "AllocatedStorage" | "Port")
    }
}

fn fields(schema: &Value, root: &Value) -> Vec<Property> {
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties.map(|(name, schema)| Property { name: name.clone(), schema: follow(schema, root), root: root.clone() }).collect()
}

fn follow(schema: &Value, root: &Value) -> Value {
    match schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#')) {
        Some(pointer) => root.pointer(pointer).map_or(Value::Null, |target| follow(target, root)),
        None => schema.clone(),
    }
}
