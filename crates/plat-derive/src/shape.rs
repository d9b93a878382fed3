//! What a field's Rust type looks like: which containers, around what.

use syn::{GenericArgument, PathArguments, Type};

/// `Option<Vec<String>>` as `[Option, Vec]` around `String`.
pub struct Shape {
    containers: Vec<Container>,
    innermost: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    Option,
    List,
    Map,
}

impl Shape {
    pub fn of(ty: &Type) -> Self {
        let mut containers = Vec::new();
        let mut current = ty;
        loop {
            let name = last_name(current);
            let container = match name.as_str() {
                "Option" => Container::Option,
                "Vec" => Container::List,
                "BTreeMap" => Container::Map,
                _ => return Self { containers, innermost: name },
            };
            containers.push(container);
            match last_argument(current) {
                Some(inner) => current = inner,
                None => return Self { containers, innermost: String::new() },
            }
        }
    }

    pub fn containers(&self) -> &[Container] {
        &self.containers
    }

    /// Name of the type inside all containers.
    pub fn innermost(&self) -> &str {
        &self.innermost
    }

    pub fn is_option(&self) -> bool {
        self.containers.first() == Some(&Container::Option)
    }

    pub fn is_list(&self) -> bool {
        self.containers.contains(&Container::List)
    }

    /// One of the vocabulary's own types is inside, not a record.
    pub fn is_plain(&self) -> bool {
        const PLAIN: [&str; 14] =
            ["", "bool", "i64", "f64", "String", "Id", "Arn", "IpNet", "IpAddr", "Size", "Duration", "Version", "SecretText", "Json"];
        PLAIN.contains(&self.innermost.as_str())
    }

    /// There is a value that says "nothing": `None`, `[]`, `{}`.
    pub fn has_empty(&self) -> bool {
        !self.containers.is_empty()
    }
}

fn last_name(ty: &Type) -> String {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default(),
        _ => String::new(),
    }
}

/// `T` of `Option<T>`, `V` of `BTreeMap<K, V>`.
fn last_argument(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    match arguments.args.last()? {
        GenericArgument::Type(inner) => Some(inner),
        _ => None,
    }
}
