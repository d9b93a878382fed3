//! Types as they are written.

use std::fmt;

use super::Type;

/// Most types that are written out for one.
const MAX_SHOWN: usize = 200;

/// The type as it is written; of a long one the beginning.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self, f, &mut MAX_SHOWN.clone())
    }
}

fn write(ty: &Type, f: &mut fmt::Formatter<'_>, left: &mut usize) -> fmt::Result {
    let Some(rest) = left.checked_sub(1) else { return f.write_str("…") };
    *left = rest;
    let mut around = |f: &mut fmt::Formatter<'_>, open: &str, of: &Type, close: &str| {
        f.write_str(open)?;
        write(of, f, left)?;
        f.write_str(close)
    };
    match ty {
        Type::Error => f.write_str("?"),
        Type::Json => f.write_str("Json"),
        Type::Null => f.write_str("null"),
        Type::String => f.write_str("String"),
        Type::Int => f.write_str("Int"),
        Type::Float => f.write_str("Float"),
        Type::Bool => f.write_str("Bool"),
        Type::Cidr => f.write_str("Cidr"),
        Type::Ip => f.write_str("Ip"),
        Type::Size => f.write_str("Size"),
        Type::Duration => f.write_str("Duration"),
        Type::Version => f.write_str("Version"),
        Type::Union(texts) => each(f, texts, left, " | ", |f, text, _| write!(f, "\"{text}\"")),
        Type::Id(of) => write!(f, "Id<{of}>"),
        Type::Arn(of) if of.is_empty() => f.write_str("Arn"),
        Type::Arn(of) => write!(f, "Arn<{of}>"),
        Type::Secret(of) => around(f, "Secret<", of, ">"),
        Type::List(of) => around(f, "[", of, "]"),
        Type::Map(of) => around(f, "{", of, "}"),
        Type::Optional(of) => match **of {
            Type::Union(_) | Type::Function(_) => around(f, "(", of, ")?"),
            _ => around(f, "", of, "?"),
        },
        Type::Record(record) => match &record.name {
            Some(name) => f.write_str(name),
            None => {
                f.write_str("{ ")?;
                each(f, &record.fields, left, ", ", |f, field, left| {
                    write!(f, "{}: ", field.name)?;
                    write(&field.ty, f, left)
                })?;
                f.write_str(" }")
            }
        },
        Type::Function(function) => {
            f.write_str("(")?;
            each(f, &function.params, left, ", ", |f, param, left| write(param, f, left))?;
            f.write_str(") => ")?;
            write(&function.result, f, left)
        }
        Type::Resource(name) | Type::Component(name) => f.write_str(name),
    }
}

/// What stands side by side, until no more is written.
fn each<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    left: &mut usize,
    between: &str,
    mut one: impl FnMut(&mut fmt::Formatter<'_>, &T, &mut usize) -> fmt::Result,
) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        f.write_str(if i > 0 { between } else { "" })?;
        if *left == 0 {
            return f.write_str("…");
        }
        // A text of a union is no type of its own, and counts all the same.
        *left -= 1;
        one(f, item, left)?;
    }
    Ok(())
}
