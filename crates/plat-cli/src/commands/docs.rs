//! `plat docs`

use plat::diagnostic::closest;
use plat::render::{type_json, type_list, type_page};
use plat::schema::Registry;

use crate::args::Docs;
use crate::failure::{Answer, Exit, Failure};
use crate::terminal::Terminal;

pub fn run(args: &Docs, registry: &Registry, terminal: &Terminal) -> Answer {
    let Some(name) = &args.type_name else {
        if args.json {
            let types: Vec<_> = registry.iter().map(|schema| type_json(schema)).collect();
            terminal.print(&format!("{:#}\n", serde_json::Value::from(types)));
        } else {
            terminal.print(&type_list(registry, terminal.out));
        }
        return Ok(Exit::Done);
    };
    let schema = find(name, registry)?;
    if args.json {
        terminal.print(&format!("{:#}\n", type_json(schema)));
    } else {
        terminal.print(&type_page(schema, terminal.out));
    }
    Ok(Exit::Done)
}

/// A type by its name, or by its last part when that says enough.
pub fn find<'a>(name: &str, registry: &'a Registry) -> Result<&'a plat::schema::ResourceSchema, Failure> {
    if let Some(schema) = registry.get(name) {
        return Ok(schema);
    }
    let short = |full: &str| full.rsplit('.').next().unwrap_or(full).to_lowercase();
    let wanted = name.to_lowercase().replace("::", ".");
    let alike: Vec<&str> = registry.iter().map(|s| s.name).filter(|full| full.to_lowercase() == wanted || short(full) == wanted).collect();
    if let [one] = alike.as_slice()
        && let Some(schema) = registry.get(one)
    {
        return Ok(schema);
    }
    let near = alike.first().copied().or_else(|| closest(name, registry.iter().map(|s| s.name)));
    let near = near.or_else(|| {
        let by_part = closest(&short(name), registry.iter().map(|s| s.name.rsplit('.').next().unwrap_or(s.name)))?;
        registry.iter().map(|s| s.name).find(|full| full.ends_with(&format!(".{by_part}")))
    });
    let help = near.map_or("`plat docs` lists all types".to_owned(), |near| format!("did you mean `{near}`? `plat docs` lists all types"));
    Err(Failure::new(format!("there is no type `{name}`")).help(help))
}
