//! What a parser that calls itself must not be given: it is looked at before the grammar is.

use super::MAX_DEPTH;

/// What the reader is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// Brackets, with how many `=>`, `if`, `match` and `else` have been opened in them: what follows these is within them.
    Brackets {
        opened: usize,
    },
    Text,
    Block,
}

struct Scan<'t> {
    text: &'t str,
    at: usize,
    inside: Vec<Inside>,
    depth: usize,
    /// How many `<` right behind a word have found no `>`: types within types. A comma does not end them.
    angles: usize,
    /// The last byte that is neither space nor comment.
    last: u8,
}

/// Where more than [`MAX_DEPTH`] levels are open.
pub(super) fn too_deep(text: &str) -> Option<usize> {
    let mut scan = Scan { text, at: 0, inside: vec![Inside::Brackets { opened: 0 }], depth: 0, angles: 0, last: b'\n' };
    while let Some(byte) = scan.byte(0) {
        scan.step(byte);
        if scan.depth + scan.angles > MAX_DEPTH {
            return Some(scan.at.saturating_sub(1));
        }
    }
    None
}

impl Scan<'_> {
    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn is_at(&self, what: &str) -> bool {
        self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(what.as_bytes()))
    }

    fn step(&mut self, byte: u8) {
        match self.inside.last().copied() {
            Some(Inside::Text) => self.in_text(byte, byte == b'"' || byte == b'\n', 1),
            Some(Inside::Block) => self.in_text(byte, self.is_at("\"\"\""), 3),
            _ => self.in_code(byte),
        }
    }

    fn in_text(&mut self, byte: u8, ends: bool, length: usize) {
        match byte {
            _ if ends => {
                self.inside.pop();
                self.at += length;
                self.last = b'"';
            }
            b'\\' => self.at += 2,
            b'$' if self.byte(1) == Some(b'{') => {
                self.at += 1;
                self.open();
            }
            _ => self.skip(|byte| !matches!(byte, b'"' | b'\n' | b'\\' | b'$')),
        }
    }

    /// Past this byte, and past those behind it that are alike.
    fn skip(&mut self, alike: impl Fn(u8) -> bool) {
        let rest = self.text.as_bytes().get(self.at + 1..).unwrap_or_default();
        self.at += 1 + rest.iter().position(|byte| !alike(*byte)).unwrap_or(rest.len());
    }

    fn open(&mut self) {
        self.inside.push(Inside::Brackets { opened: 0 });
        self.depth += 1;
        self.at += 1;
        self.last = b'(';
    }

    fn in_code(&mut self, byte: u8) {
        match byte {
            b'/' if self.byte(1) == Some(b'/') => {
                let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
                self.at += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
            }
            b' ' | b'\t' | b'\r' => self.skip(|byte| byte == b' '),
            b'\n' => {
                if !self.goes_on() {
                    self.forget();
                    self.angles = if self.last == b',' || self.ahead().first() == Some(&b',') { self.angles } else { 0 };
                }
                self.at += 1;
            }
            b'"' if self.is_at("\"\"\"") => self.text_opens(Inside::Block, 3),
            b'"' => self.text_opens(Inside::Text, 1),
            b'(' | b'[' | b'{' => self.open(),
            b')' | b']' | b'}' => {
                self.forget();
                if self.inside.len() > 1 {
                    self.inside.pop();
                    self.depth -= 1;
                }
                self.at += 1;
                self.last = byte;
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
            _ => {
                match byte {
                    b',' => self.forget(),
                    b'>' if self.last == b'=' => self.deeper(),
                    b'>' => self.angles = self.angles.saturating_sub(1),
                    b'<' if self.behind_word() => self.angles += 1,
                    _ => {}
                }
                self.at += 1;
                self.last = byte;
            }
        }
    }

    fn text_opens(&mut self, what: Inside, length: usize) {
        self.inside.push(what);
        self.at += length;
    }

    fn word(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|b| !b.is_ascii_alphanumeric() && *b != b'_').unwrap_or(rest.len());
        if matches!(rest.get(..end), Some(b"if" | b"match" | b"else")) {
            self.deeper();
        }
        self.at += end;
        self.last = b'a';
    }

    fn deeper(&mut self) {
        if let Some(Inside::Brackets { opened }) = self.inside.last_mut() {
            *opened += 1;
            self.depth += 1;
        }
    }

    /// An expression has ended, and what it opened with it.
    fn forget(&mut self) {
        if let Some(Inside::Brackets { opened }) = self.inside.last_mut() {
            self.depth -= std::mem::take(opened);
        }
    }

    fn behind_word(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.text.as_bytes().get(at));
        before.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    }

    /// What comes next that is no space.
    fn ahead(&self) -> &[u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default().trim_ascii_start()
    }

    /// Does the expression before a newline go on behind it? Only an operator can make it.
    fn goes_on(&self) -> bool {
        let operator = |byte: u8| b"=><!&|?+-*/%.:".contains(&byte);
        let next = self.ahead();
        operator(self.last) || next.starts_with(b"else") || next.first().copied().is_some_and(operator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nests_is_counted() {
        for (open, times) in
            [("[", 201), ("x => ", 201), ("x =>\n", 201), ("if ", 201), ("match ", 201), ("\"${", 201), ("f(", 201), ("{ a = ", 201)]
        {
            let text = format!("let a = {}", open.repeat(times));
            assert!(too_deep(&text).is_some(), "{open}");
            let text = format!("let a = {}", open.repeat(times - 2));
            assert_eq!(too_deep(&text), None, "{open}");
        }
        assert!(too_deep(&format!("let a = if b {{ 1 }}{}", " else if b { 1 }".repeat(101))).is_some());
        for open in ["A<", "A<\n", "A<B,\n", "A<B\n,", "A<[B], ", "A<B | "] {
            assert!(too_deep(&format!("type T = {}", open.repeat(201))).is_some(), "{open}");
        }
        assert!(too_deep(&format!("let a = if b\n{}", "+ if b\n".repeat(201))).is_some());
    }

    #[test]
    fn what_only_follows_is_not() {
        for line in [
            "let a = x => x\n",
            "a = if b { 1 } else { 2 }\n",
            "// ((( if\n",
            "let a = \"(((${b}\"\n",
            "  1 => 2\n",
            "/// if [\n",
            "x => 1, ",
            "param a: Id<aws.ec2.VPC>\n",
            "let a = b<c\n",
            "b < c, ",
        ] {
            assert_eq!(too_deep(&line.repeat(1_000)), None, "{line}");
        }
        assert_eq!(too_deep(&format!("let a = \"\"\"{}\"\"\"", "(\n\" [".repeat(1_000))), None);
    }
}
