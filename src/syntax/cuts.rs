//! Where a file that does not parse is cut into declarations, each to be parsed alone.

use super::recover::KEYWORDS;

/// A part of a file that holds one declaration, or what should be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk<'t> {
    pub start: usize,
    pub text: &'t str,
    /// Where a text begins, `"""`, that the chunk does not end.
    pub open_block: Option<usize>,
}

/// How a part of a declaration looks at the end of a line.
#[derive(Debug, Clone, Copy, Default)]
struct Open {
    brackets: usize,
    block: Option<usize>,
    /// A line ended within a text.
    text: bool,
}

impl Open {
    fn is_nothing(self) -> bool {
        self.brackets == 0 && self.block.is_none() && !self.text
    }

    fn read(&mut self, line: &str, start: usize) {
        let bytes = line.as_bytes();
        let is_at = |at: usize, what: &[u8]| bytes.get(at..).is_some_and(|rest| rest.starts_with(what));
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if self.block.is_some() {
                match byte {
                    b'\\' => at += 2,
                    b'"' if is_at(at, b"\"\"\"") => {
                        self.block = None;
                        at += 3;
                    }
                    _ => at += 1,
                }
                continue;
            }
            match byte {
                b'/' if is_at(at, b"//") => return,
                b'"' if is_at(at, b"\"\"\"") => {
                    self.block = Some(start + at);
                    at += 3;
                }
                b'"' => match text_end(bytes, at + 1) {
                    Some(end) => at = end,
                    None => {
                        self.text = true;
                        return;
                    }
                },
                b'(' | b'[' | b'{' => {
                    self.brackets += 1;
                    at += 1;
                }
                b')' | b']' | b'}' => {
                    self.brackets = self.brackets.saturating_sub(1);
                    at += 1;
                }
                _ => at += 1,
            }
        }
    }
}

/// Behind the quotes that end a text within its line. Texts in `${}` are its own.
fn text_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    // For each text that is open: how many braces are, in the `${` that it is in.
    let mut open: Vec<usize> = vec![0];
    while let Some(byte) = bytes.get(at) {
        let braces = open.last_mut()?;
        match (byte, *braces) {
            (b'\n', _) => return None,
            (b'\\', 0) => at += 1,
            (b'"', 0) => {
                open.pop();
                if open.is_empty() {
                    return Some(at + 1);
                }
            }
            (b'$', 0) if bytes.get(at + 1) == Some(&b'{') => {
                *braces = 1;
                at += 1;
            }
            (b'"', _) => open.push(0),
            (b'{', 1..) => *braces += 1,
            (b'}', 1..) => *braces -= 1,
            _ => {}
        }
        at += 1;
    }
    None
}

/// Cuts before each line that starts with the keyword of a declaration; before one with some other word when that looks like a
/// declaration, or nothing is open above. The documentation above it goes with it. With `blocks`, a text in `"""` is not looked into.
pub(super) fn chunks(text: &str, blocks: bool) -> Vec<Chunk<'_>> {
    let mut chunks: Vec<Chunk<'_>> = Vec::new();
    let mut open = Open::default();
    let (mut start, mut doc_start, mut offset) = (0, None, 0);
    let mut cut = |start: usize, end: usize, open_block: Option<usize>| {
        if let Some(text) = text.get(start..end).filter(|text| !text.is_empty()) {
            chunks.push(Chunk { start, text, open_block });
        }
    };
    let mut heredoc: Option<&str> = None;
    for line in text.split_inclusive('\n') {
        if let Some(end) = heredoc {
            heredoc = (line.trim() != end).then_some(end);
            offset += line.len();
            continue;
        }
        heredoc = super::foreign::heredoc(line).filter(|end| text.get(offset..).is_some_and(|rest| rest.lines().any(|l| l.trim() == *end)));
        let begins = begins(line, open) && !(blocks && open.block.is_some());
        if begins {
            let here = doc_start.unwrap_or(offset);
            cut(start, here, open.block);
            start = here;
            open = Open::default();
        }
        if line.starts_with("///") && open.block.is_none() {
            doc_start.get_or_insert(offset);
        } else {
            doc_start = None;
        }
        open.read(line, offset);
        offset += line.len();
    }
    cut(start, text.len(), open.block);
    chunks
}

fn begins(line: &str, open: Open) -> bool {
    let word = word(line);
    if word.is_empty() {
        return false;
    }
    let rest = line.get(word.len()..).unwrap_or("");
    if KEYWORDS.contains(&word) {
        return rest.starts_with([' ', '\t']);
    }
    let named = rest.starts_with(' ') && !self::word(rest.trim_start()).is_empty() && open.block.is_none() && !open.text;
    named || open.is_nothing()
}

/// The word that a line starts with.
fn word(line: &str) -> &str {
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(line.len());
    line.get(..end).filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')).unwrap_or("")
}

/// Names that a chunk would declare, as far as can be told: what follows a keyword or a word where one should be, and what a `use` brings.
pub(super) fn names(chunk: &str) -> Vec<&str> {
    let mut names: Vec<&str> = super::foreign::names(chunk).into_iter().collect();
    for (number, line) in chunk.lines().filter(|line| !line.trim_start().starts_with("//")).enumerate() {
        let line = line.trim_start();
        let first = word(line);
        if first == "use" {
            let brought = chunk.split_once('{').map_or("", |(_, names)| names);
            names.extend(
                line.rsplit_once('.').map(|(_, name)| word(name)).filter(|name| name.starts_with(|c: char| c.is_ascii_uppercase())),
            );
            names.extend(brought.split([',', '\n', '}', ' ']).map(word).filter(|name| !name.is_empty() && *name != "as"));
        } else if number == 0 || KEYWORDS.contains(&first) {
            let name = word(line.get(first.len()..).unwrap_or("").trim_start());
            names.extend(Some(name).filter(|name| !first.is_empty() && !name.is_empty()));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, blocks: bool) -> Vec<&str> {
        chunks(text, blocks).into_iter().map(|chunk| chunk.text).collect()
    }

    #[test]
    fn each_declaration_is_a_chunk_with_its_documentation() {
        assert_eq!(
            cut("let a = 1\n/// b\nlet b = 2\nresourc c: D {\n}\n", true),
            ["let a = 1\n", "/// b\nlet b = 2\n", "resourc c: D {\n}\n"]
        );
        assert_eq!(cut("  let a = [\none,\ntwo\nlet b = 1\n", true), ["  let a = [\none,\ntwo\n", "let b = 1\n"]);
        assert_eq!(cut("let a = \"one\ntwo\"\nlet b = 1\n", true), ["let a = \"one\ntwo\"\n", "let b = 1\n"]);
        assert_eq!(cut("let a = \"${f(\"}\")} {\"\nb\n", true), ["let a = \"${f(\"}\")} {\"\n", "b\n"]);
    }

    #[test]
    fn a_block_of_text_is_looked_into_only_when_it_is_not_one() {
        let text = "let a = \"\"\"\nlet it be\n\"\"\"\nlet b = 1\n";
        assert_eq!(cut(text, true), ["let a = \"\"\"\nlet it be\n\"\"\"\n", "let b = 1\n"]);
        assert_eq!(cut(text, false).len(), 3);
        assert_eq!(chunks("let a = \"\"\"\nx\n", true)[0].open_block, Some(8));
    }

    #[test]
    fn what_a_chunk_would_declare_is_known() {
        assert_eq!(names("/// doc\nlet a = [\n"), ["a"]);
        assert_eq!(names("use std.network.{Network, Subnet as S\n"), ["Network", "Subnet", "S"]);
        assert_eq!(names("resourc x: A {\n  let = 1\n}\n"), ["x"]);
        assert_eq!(names("component C {\n  param cidr: Cidr\n  x y\n"), ["C", "cidr"]);
    }
}
