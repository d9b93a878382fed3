//! Programs in the documentation: accepted, or refused where they are marked `plat wrong`.

use super::fences;
use crate::project::{files, read, root};
use crate::suite::{errors, shown};

#[test]
fn programs_in_the_documentation_are_what_they_say() {
    let mut pages: Vec<_> = files(&root().join("docs"), "md");
    pages.push(root().join("README.md"));
    let mut programs = 0;
    let mut failed = Vec::new();
    for page in pages {
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
