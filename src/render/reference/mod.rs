//! Everything that can be told of by its name: resource types, components, functions, types of values, words of the language, error codes.
//! `plat docs` shows it, and the pages under docs/reference are written from it.

mod builtins;
mod components;
mod language;
mod types;

use super::clean::clean;
use super::estimate::count;
use super::style::{Role, Style, cut, pad};
use crate::diagnostic::{CODES, closest};
use crate::resolve::Modules;
use crate::schema::Registry;
use crate::source::SourceMap;

/// What a page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    Type,
    Lookup,
    /// What another page names: a record type of a resource type, a type, function or policy of a module.
    Part,
    /// One attribute, found by its full name only; its text is a part of the type's page.
    Attribute,
    /// What the stack or a folder that it uses declares.
    Own,
    Component,
    Module,
    Word,
    Functions,
    Value,
    /// A function that is called on a value; its text is a part of the value's page.
    Method,
    Code,
}

/// One page.
#[derive(Debug, Clone)]
pub struct Page {
    pub topic: Topic,
    /// `aws.ec2.VPC`, `Cidr.subnet`, `resource`.
    pub name: String,
    /// One sentence.
    pub about: String,
    /// All of it, Markdown.
    pub text: String,
}

/// Why there is no page of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// Several have a name that ends so.
    Several(Vec<String>),
    /// None has; the nearest name, where one is near.
    Nothing(Option<String>),
}

/// The groups of an overview: what they are called, the folder of their pages.
const GROUPS: [(&str, &[Topic], &str); 8] = [
    ("What this stack declares", &[Topic::Own], ""),
    ("Components", &[Topic::Component], "components"),
    ("Modules of the standard library", &[Topic::Module], "components"),
    ("Resource types", &[Topic::Type], "types"),
    ("What can only be looked up", &[Topic::Lookup], "types"),
    ("The language", &[Topic::Word], ""),
    ("Functions and types of values", &[Topic::Functions, Topic::Value], "builtins"),
    ("Error codes", &[Topic::Code], "errors"),
];

/// Words of Terraform's, and the words of the language that have their place.
const TERRAFORM: [(&str, &str); 16] = [
    ("variable", "param"),
    ("locals", "let"),
    ("local", "let"),
    ("data", "lookup"),
    ("module", "component"),
    ("count", "for"),
    ("for_each", "for"),
    ("each", "for"),
    ("depends_on", "@after"),
    ("lifecycle", "@protect"),
    ("prevent_destroy", "@protect"),
    ("ignore_changes", "@ignore"),
    ("timeouts", "@timeout"),
    ("removed", "forget"),
    ("backend", "stack"),
    ("provider", "@region"),
];

/// All pages.
#[derive(Debug, Clone)]
pub struct Reference {
    pages: Vec<Page>,
}

impl Reference {
    /// What plat itself brings.
    pub fn new(registry: &Registry) -> Self {
        let mut pages: Vec<Page> = registry.iter().flat_map(|schema| types::pages(schema)).collect();
        pages.extend(components::library());
        pages.extend(language::pages());
        pages.extend(builtins::pages());
        pages.extend(CODES.iter().map(|info| Page {
            topic: Topic::Code,
            name: info.code.to_string(),
            about: info.title().to_owned(),
            text: format!("# {}: {}\n\n{}\n", info.code, info.title(), info.story()),
        }));
        Self { pages }
    }

    /// And what a stack and the folders that it uses declare.
    #[must_use]
    pub fn with_stack(mut self, modules: &Modules, sources: &SourceMap) -> Self {
        self.pages.extend(components::of_stack(modules, sources));
        self
    }

    /// The page of that name: as it is, by its last part, or in other capitals.
    pub fn find(&self, name: &str) -> Result<&Page, Missing> {
        let dotted = name.replace("::", ".");
        let lower = dotted.to_lowercase();
        let alike: [&dyn Fn(&Page) -> bool; 4] =
            [&|page| page.name == dotted, &|page| last_part(&page.name) == dotted, &|page| page.name.to_lowercase() == lower, &|page| {
                last_part(&page.name).to_lowercase() == lower
            }];
        for alike in alike {
            let found: Vec<&Page> = self.pages.iter().filter(|page| alike(page)).collect();
            match found.as_slice() {
                [] => {}
                // The stack's own come last and win.
                [.., one] if found.len() == 1 || one.topic == Topic::Own => return Ok(one),
                several => return Err(Missing::Several(several.iter().map(|page| page.name.clone()).collect())),
            }
        }
        if let Some(page) = self.of_terraform(&dotted) {
            return Ok(page);
        }
        let within = self
            .pages
            .iter()
            .filter(|page| page.topic != Topic::Attribute && page.name.strip_prefix(&dotted).is_some_and(|rest| rest.starts_with('.')));
        let within: Vec<String> = within.map(|page| page.name.clone()).collect();
        if !within.is_empty() {
            return Err(Missing::Several(within));
        }
        Err(Missing::Nothing(self.near(&dotted).map(|page| page.name.clone())))
    }

    /// The page of what has this name in Terraform.
    fn of_terraform(&self, name: &str) -> Option<&Page> {
        if let Some((_, ours)) = TERRAFORM.iter().find(|(theirs, _)| *theirs == name) {
            return self.pages.iter().find(|page| page.topic == Topic::Word && page.name == *ours);
        }
        let bare = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        let wanted = bare(name.strip_prefix("aws_")?);
        let named =
            |page: &&Page| bare(last_part(&page.name)) == wanted || page.name.strip_prefix("aws.").is_some_and(|rest| bare(rest) == wanted);
        let mut found = self.of(&[Topic::Type, Topic::Lookup]).filter(named);
        found.next().filter(|_| found.next().is_none())
    }

    fn near(&self, name: &str) -> Option<&Page> {
        let full = closest(name, self.pages.iter().map(|page| &*page.name));
        // `Netwrk` is more like `Network` than like `network`.
        let capital = |text: &str| text.starts_with(char::is_uppercase);
        let parts = || self.pages.iter().filter(|page| page.topic != Topic::Attribute).map(|page| last_part(&page.name));
        let by_part = || {
            let part = last_part(name);
            closest(part, parts().filter(|other| capital(other) == capital(part))).or_else(|| closest(part, parts()))
        };
        match full {
            Some(full) => self.pages.iter().find(|page| page.name == full),
            None => {
                by_part().and_then(|part| self.pages.iter().find(|page| page.topic != Topic::Attribute && last_part(&page.name) == part))
            }
        }
    }

    fn of<'a>(&'a self, topics: &'a [Topic]) -> impl Iterator<Item = &'a Page> {
        self.pages.iter().filter(|page| topics.contains(&page.topic))
    }

    /// The pages of a list. Words that share a page share a line.
    fn listed<'a>(&'a self, topics: &'a [Topic]) -> Vec<(String, &'a Page)> {
        let mut listed: Vec<(String, &Page)> = Vec::new();
        for page in self.of(topics) {
            match listed.last_mut() {
                Some((names, before)) if before.text == page.text => names.push_str(&format!(", {}", page.name)),
                _ => listed.push((page.name.clone(), page)),
            }
        }
        listed
    }

    /// Everything by name, one line each; of the error codes only how many there are.
    pub fn overview(&self, style: Style) -> String {
        let mut out = String::new();
        let shown = || GROUPS.iter().filter(|(_, topics, _)| !topics.contains(&Topic::Code));
        let width = shown().flat_map(|(_, topics, _)| self.of(topics)).map(|page| page.name.len()).max().unwrap_or(0).min(40);
        for (title, topics, _) in shown().filter(|(_, topics, _)| self.of(topics).next().is_some()) {
            out.push_str(&format!("{}\n", style.paint(Role::Strong, title)));
            for (name, page) in self.listed(topics) {
                let line = format!("  {}  {}", style.paint(Role::Help, pad(&cut(&name, width), width)), clean(&page.about));
                out.push_str(&format!("{}\n", line.trim_end()));
            }
            out.push('\n');
        }
        let types = count(self.of(&[Topic::Type, Topic::Lookup]).count(), "type", "types");
        let codes = count(self.of(&[Topic::Code]).count(), "error code", "error codes");
        out.push_str(&format!("{types}. `plat docs NAME` tells all of one; `plat explain` lists {codes}.\n"));
        out
    }

    /// The pages as files, by their path from the folder of the reference: what plat brings, not what a stack declares.
    pub fn files(&self) -> Vec<(String, String)> {
        let mut files = vec![("README.md".to_owned(), self.index())];
        for (_, topics, folder) in GROUPS.iter().filter(|(.., folder)| !folder.is_empty()) {
            files.extend(self.of(topics).map(|page| (format!("{folder}/{}.md", page.name), page.text.clone())));
        }
        files
    }

    fn index(&self) -> String {
        let mut out = "# Reference\n\nWhat `plat docs` tells, as pages. They are written from the program itself; only [the language](language.md) is written by\nhand.\n".to_owned();
        for (title, topics, folder) in GROUPS.iter().filter(|(_, topics, _)| !topics.contains(&Topic::Own)) {
            out.push_str(&format!("\n## {title}\n\n"));
            for (name, page) in self.listed(topics) {
                let place = match page.topic {
                    Topic::Word => format!("language.md#{}", language::anchor(&page.text)),
                    _ => format!("{folder}/{}.md", page.name),
                };
                let about = if page.about.is_empty() { String::new() } else { format!(": {}", page.about) };
                let name = name.replace(", ", "`, `");
                out.push_str(&format!("- [`{name}`]({place}){about}\n"));
            }
        }
        out
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The first sentence of a documentation.
fn about(doc: &str) -> String {
    let paragraph: Vec<&str> = doc.trim().lines().map(str::trim).take_while(|line| !line.is_empty() && !line.starts_with("```")).collect();
    let text = paragraph.join(" ");
    match text.split_once(". ") {
        Some((sentence, _)) => format!("{sentence}."),
        None => text,
    }
}

/// A documentation within an item of a list.
fn in_item(doc: &str) -> String {
    let words: Vec<&str> = doc.split_whitespace().collect();
    if words.is_empty() { String::new() } else { format!(" {}", words.join(" ")) }
}
