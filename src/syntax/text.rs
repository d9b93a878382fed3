//! Escapes and the indentation of `"""` blocks.

/// The character an escape stands for; `None` when there is no such character.
pub(super) fn unescape(escape: &str) -> Option<char> {
    let body = escape.strip_prefix('\\')?;
    match body {
        "n" => Some('\n'),
        "t" => Some('\t'),
        "r" => Some('\r'),
        _ => match body.strip_prefix("u{").and_then(|b| b.strip_suffix('}')) {
            Some(hex) => u32::from_str_radix(hex, 16).ok().and_then(char::from_u32),
            None => body.chars().next(),
        },
    }
}

/// The indentation that all lines of a block share, its last line (that of the closing quotes) included.
pub(super) fn indentation(block: &str) -> usize {
    block
        .lines()
        .skip(1)
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches([' ', '\t']).len())
        .min()
        .unwrap_or(0)
}

/// One stretch of a block's text without the shared indentation. The newline right after the opening quotes is not part of
/// the text; nor is the indentation before the closing ones.
pub(super) fn dedent(text: &str, indent: usize, first: bool) -> String {
    let first = first && text.starts_with(['\n', '\r']);
    let mut out = String::with_capacity(text.len());
    for (i, line) in text.split('\n').enumerate() {
        if i > 0 && !(first && i == 1) {
            out.push('\n');
        }
        let line = line.strip_suffix('\r').unwrap_or(line);
        if i == 0 {
            out.push_str(line);
        } else {
            let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
            out.push_str(line.get(blank.min(indent)..).unwrap_or(""));
        }
    }
    out
}
