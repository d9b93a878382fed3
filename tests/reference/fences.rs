//! Programs in the documentation: accepted, or refused where they are marked `plat wrong`; and in the one style.

use std::path::PathBuf;

use plat::format::format;
use plat::source::FileId;

use super::fences;
use crate::project::{files, read, root};
use crate::suite::{errors, shown};

/// Every page that is read as it is.
fn pages() -> Vec<PathBuf> {
    let mut pages = files(&root().join("docs"), "md");
    pages.push(root().join("README.md"));
    pages
}

/// Every page that the pages above are written from.
fn sources() -> Vec<PathBuf> {
    ["src/diagnostic/stories", "src/render/reference/values"].iter().flat_map(|folder| files(&root().join(folder), "md")).collect()
}

#[test]
fn programs_in_the_documentation_are_what_they_say() {
    let mut programs = 0;
    let mut failed = Vec::new();
    for page in pages() {
        let name = page.strip_prefix(root()).unwrap().display().to_string();
        for fence in fences(&read(&page)) {
            let wrong = match fence.info.as_str() {
                "plat" => false,
                "plat wrong" => true,
                _ => continue,
            };
            programs += 1;
            let (sources, diagnostics) = errors(&fence.text);
            if wrong == diagnostics.is_empty() {
                let said = if wrong { "is accepted".to_owned() } else { shown(&sources, &diagnostics) };
                failed.push(format!("{name}:{}\n{}{said}", fence.line, fence.text));
            }
        }
    }
    assert!(programs > 0, "no programs found");
    assert!(failed.is_empty(), "\n{}", failed.join("\n\n"));
}

#[test]
fn programs_in_the_documentation_are_formatted() {
    let mut ragged = Vec::new();
    for page in [pages(), sources()].concat() {
        let mut text = read(&page);
        for fence in fences(&text.clone()).into_iter().filter(|fence| fence.info.starts_with("plat")) {
            // What cannot be parsed has no format.
            let Ok(formatted) = format(FileId(0), &fence.text) else { continue };
            if formatted != fence.text {
                ragged.push(format!("{}:{}\n{formatted}", page.strip_prefix(root()).unwrap().display(), fence.line));
                text = text.replace(&format!("\n{}```", fence.text), &format!("\n{formatted}```"));
            }
        }
        if std::env::var_os("PLAT_ACCEPT").is_some() {
            std::fs::write(&page, text).unwrap();
        }
    }
    assert!(ragged.is_empty(), "formatted (PLAT_ACCEPT=1 does it where they are written by hand), they are\n\n{}", ragged.join("\n\n"));
}

/// What the page for Terraform's users shows of Terraform is recognised when somebody leaves it as it is.
#[test]
fn what_terraform_writes_is_told_what_plat_has_for_it() {
    let page = read(root().join("docs/for-terraform-users.md"));
    let blocks: Vec<_> = fences(&page).into_iter().filter(|fence| fence.info == "hcl").collect();
    assert!(blocks.len() > 8);
    for fence in blocks {
        let (sources, diagnostics) = errors(&fence.text);
        let helped = diagnostics.iter().all(|diagnostic| diagnostic.help.is_some());
        assert!(
            helped && diagnostics.iter().any(|d| d.label == "as Terraform writes it"),
            "line {}\n{}",
            fence.line,
            shown(&sources, &diagnostics)
        );
    }
}
