//! `plat docs`

use std::path::Path;

use plat::diagnostic::closest;
use plat::render::{Missing, Page, Reference, Topic, markdown, type_json, type_page};
use plat::schema::Registry;
use plat::source::SourceMap;

use crate::args::Docs;
use crate::failure::{Answer, Exit, Failure};
use crate::terminal::Terminal;

pub fn run(args: &Docs, registry: &Registry, terminal: &Terminal) -> Answer {
    let reference = with_stack(Reference::new(registry), &args.dir);
    let Some(name) = &args.name else {
        if args.json {
            let types: Vec<_> = registry.iter().map(|schema| type_json(schema)).collect();
            terminal.json(&types.into());
        } else {
            terminal.print(&reference.overview(terminal.out));
        }
        return Ok(Exit::Done);
    };
    let page = reference.find(name).map_err(|missing| nothing(name, missing))?;
    let schema = matches!(page.topic, Topic::Type | Topic::Lookup).then(|| registry.get(&page.name)).flatten();
    match (schema, args.json) {
        (Some(schema), true) => terminal.json(&type_json(schema)),
        (Some(schema), false) => terminal.print(&type_page(schema, terminal.out)),
        (None, true) => terminal.json(&json(page)),
        (None, false) => terminal.print(&markdown(&page.text, terminal.out)),
    }
    Ok(Exit::Done)
}

/// What the folder's own files declare is told too. That something is wrong in them is no reason to tell nothing.
fn with_stack(reference: Reference, dir: &Path) -> Reference {
    let mut sources = SourceMap::default();
    let modules = plat::resolve::load(dir, &mut sources, &mut Vec::new());
    reference.with_stack(&modules, &sources)
}

fn json(page: &Page) -> serde_json::Value {
    serde_json::json!({ "name": page.name, "about": page.about, "markdown": page.text })
}

fn nothing(name: &str, missing: Missing) -> Failure {
    match missing {
        Missing::Several(names) if names.iter().all(|full| full.starts_with(&format!("{name}."))) => {
            Failure::new(format!("`{name}` is no page, and several are in it"))
                .help(format!("say which: {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")))
        }
        Missing::Several(names) => Failure::new(format!("several things are called `{name}`"))
            .help(format!("say which: {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))),
        Missing::Nothing(Some(near)) => {
            Failure::new(format!("there is no `{name}` to tell of")).help(format!("did you mean `{near}`? `plat docs` lists everything"))
        }
        Missing::Nothing(None) => Failure::new(format!("there is no `{name}` to tell of")).help("`plat docs` lists everything"),
    }
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
