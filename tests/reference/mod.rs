//! What plat tells of itself: stories of error codes, pages of reference. Every example in them is checked.

mod codes;
mod fences;
mod pages;
mod tutorial;

/// A fence of a Markdown text: the words behind its backticks, its text, and the line it opens on.
struct Fence {
    info: String,
    text: String,
    line: usize,
}

fn fences(markdown: &str) -> Vec<Fence> {
    let mut found = Vec::new();
    let mut lines = markdown.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let text: String =
            lines.by_ref().map(|(_, line)| line).take_while(|line| !line.starts_with("```")).map(|l| format!("{l}\n")).collect();
        found.push(Fence { info: info.trim().to_owned(), text, line: number + 1 });
    }
    found
}
