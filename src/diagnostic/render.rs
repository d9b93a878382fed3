//! Diagnostics as text with their source, and as JSON.

use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};

use super::excerpt::Near;
use super::{CODES, Diagnostic, Severity};
use crate::source::{FileId, SourceFile, SourceMap, Span};

/// Most diagnostics that are drawn; the others are counted.
const SHOWN: usize = 50;
/// Most characters of a message.
const MOST: usize = 600;

/// How a diagnostic is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Drawing {
    pub color: bool,
    /// Columns of a line.
    pub width: usize,
}

/// The diagnostic with its source, its help and the way to the long story; ends in a line break.
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap, drawing: Drawing) -> String {
    let head = paint(drawing, if diagnostic.is_error() { "1;31" } else { "1;33" }, &severity(diagnostic));
    let mut out = format!("{head}: {}\n", set_apart(&printable(&diagnostic.message)));
    for (file, labels) in labels_by_file(diagnostic) {
        if let Some(file) = sources.file(file) {
            out.push_str(&snippet(file, labels, drawing));
        }
    }
    let story = CODES.iter().any(|info| info.code == diagnostic.code);
    let tells = format!("plat explain {} tells more", diagnostic.code);
    let help = paint(drawing, "36", "help");
    match &diagnostic.help {
        Some(text) => {
            let text = printable(text);
            let mut lines = text.lines();
            out.push_str(&format!("  {help}: {}\n", lines.next().unwrap_or("")));
            out.extend(lines.map(|line| format!("        {line}\n")));
            if story {
                out.push_str(&format!("        {}\n", paint(drawing, "2", &tells)));
            }
        }
        None if story => out.push_str(&format!("  {help}: {tells}\n")),
        None => {}
    }
    out
}

/// All of them, errors and warnings in the order given, with an empty line between and a closing count.
pub fn render_all(diagnostics: &[Diagnostic], sources: &SourceMap, drawing: Drawing) -> String {
    let mut out = diagnostics.iter().take(SHOWN).map(|one| render(one, sources, drawing)).collect::<Vec<_>>().join("\n");
    if diagnostics.len() > SHOWN {
        out.push_str(&format!("\n… and {} more\n", diagnostics.len() - SHOWN));
    }
    let errors = diagnostics.iter().filter(|one| one.is_error()).count();
    let warnings = diagnostics.len() - errors;
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let said: Vec<_> =
        [(errors, "error"), (warnings, "warning")].into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| count(n, what)).collect();
    if !said.is_empty() {
        out.push_str(&format!("\n{}\n", said.join(", ")));
    }
    out
}

/// The JSON form; docs/json.md is the contract.
pub fn to_json(diagnostic: &Diagnostic, sources: &SourceMap) -> serde_json::Value {
    let related: Vec<_> =
        diagnostic.related.iter().map(|(span, text)| serde_json::json!({ "message": text, "place": place(*span, sources) })).collect();
    serde_json::json!({
        "severity": match diagnostic.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "code": diagnostic.code.to_string(),
        "message": diagnostic.message,
        "label": diagnostic.label,
        "place": place(diagnostic.span, sources),
        "related": related,
        "help": diagnostic.help,
    })
}

fn place(span: Span, sources: &SourceMap) -> serde_json::Value {
    let Some(file) = sources.file(span.file) else { return serde_json::Value::Null };
    let ((line, column), (end_line, end_column)) = (file.line_column(span.start), file.line_column(span.end));
    serde_json::json!({ "file": &*file.name, "line": line, "column": column, "end_line": end_line, "end_column": end_column })
}

fn severity(diagnostic: &Diagnostic) -> String {
    format!("{}[{}]", if diagnostic.is_error() { "error" } else { "warning" }, diagnostic.code)
}

fn paint(drawing: Drawing, sgr: &str, text: &str) -> String {
    if drawing.color { format!("\x1b[{sgr}m{text}\x1b[0m") } else { text.to_owned() }
}

/// One label under a snippet; the first of a file is drawn first.
struct Label {
    span: Span,
    text: String,
    primary: bool,
}

/// The labels of each file, the file of the mistake itself first.
fn labels_by_file(diagnostic: &Diagnostic) -> Vec<(FileId, Vec<Label>)> {
    let own = Label { span: diagnostic.span, text: diagnostic.label.clone(), primary: true };
    let mut files = vec![(diagnostic.span.file, vec![own])];
    for (span, text) in &diagnostic.related {
        let label = Label { span: *span, text: text.clone(), primary: false };
        match files.iter_mut().find(|(file, _)| *file == span.file) {
            Some((_, labels)) => labels.push(label),
            None => files.push((span.file, vec![label])),
        }
    }
    files
}

/// What miette draws: one file's text and the labels in it. The message is ours, so this one has none.
struct Excerpt {
    source: NamedSource<String>,
    labels: Vec<LabeledSpan>,
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Excerpt").finish_non_exhaustive()
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Excerpt {}

impl miette::Diagnostic for Excerpt {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

fn snippet(file: &SourceFile, labels: Vec<Label>, drawing: Drawing) -> String {
    // What is missing at the end is shown right behind the last word.
    let length = file.text.trim_end().len();
    let spans = labels.iter().map(|label| (label.span.start as usize).min(length)..(label.span.end as usize).min(length));
    let near = Near::new(file, &spans.collect::<Vec<_>>());
    let labels = labels.into_iter().map(|label| {
        let start = near.place((label.span.start as usize).min(length));
        let span = (start, near.place((label.span.end as usize).min(length)).saturating_sub(start));
        let text = Some(printable(&label.text)).filter(|text| !text.is_empty());
        if label.primary { LabeledSpan::new_primary_with_span(text, span) } else { LabeledSpan::new_with_span(text, span) }
    });
    let excerpt =
        Excerpt { source: NamedSource::new(&*printable(&file.name).replace('\n', " "), harmless(&near.text)), labels: labels.collect() };
    let theme = if drawing.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler =
        GraphicalReportHandler::new_themed(theme).with_width(drawing.width.max(40)).with_context_lines(1).without_syntax_highlighting();
    let mut drawn = String::new();
    if handler.render_report(&mut drawn, &excerpt).is_err() {
        return String::new();
    }
    // Before the frame stands miette's own line for the message, which is empty.
    let frame = drawn.lines().skip_while(|line| !line.contains('╭'));
    frame.map(|line| format!("{}\n", line.trim_end())).collect()
}

/// A message of several lines, so that none but the first stands where a message of plat's begins: behind a bar, or where it is indented already.
pub fn set_apart(text: &str) -> String {
    let mut lines = text.lines();
    let mut out = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        out.push_str(if line.starts_with("  ") || line.is_empty() { "\n" } else { "\n  │ " });
        out.push_str(line);
    }
    out
}

/// The text, of the same length in bytes, with every character that steers a terminal or turns text replaced.
fn harmless(text: &str) -> String {
    let instead = |c: char| match c.len_utf8() {
        1 => "?",
        2 => "¿",
        3 => "\u{fffd}",
        _ => "\u{1f6ab}",
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if misleads(c) { out.push_str(instead(c)) } else { out.push(c) }
    }
    out
}

/// A message without such characters; what is longer than anyone reads is cut.
fn printable(text: &str) -> String {
    let mut out: String = text.chars().filter(|c| !misleads(*c)).take(MOST).collect();
    if text.len() > MOST && text.chars().nth(MOST).is_some() {
        out.push('…');
    }
    out
}

fn misleads(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(u32::from(c), 0x061c | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    const DRAWING: Drawing = Drawing { color: false, width: 100 };

    fn sources() -> (SourceMap, FileId, FileId) {
        let mut sources = SourceMap::default();
        let a = sources.add(
            "network.plat".as_ref(),
            "network.plat",
            "let a = 1\nresource web: aws.ec2.SecurityGroup {\n  vpc_id = public\n}\n",
        );
        let b = sources.add("other.plat".as_ref(), "other.plat", "resource public: aws.ec2.Subnet {\n}\n");
        (sources, a, b)
    }

    #[test]
    fn an_error_shows_both_places() {
        let (sources, a, b) = sources();
        let error = Diagnostic::error(Code(203), Span::new(a, 59, 65), "`vpc_id` wants the id of an `aws.ec2.VPC`")
            .label("a subnet")
            .also(Span::new(b, 9, 15), "declared here")
            .help("write `vpc_id = main`");
        let text = render(&error, &sources, DRAWING);
        assert!(text.starts_with("error[E0203]: `vpc_id` wants the id of an `aws.ec2.VPC`\n"), "{text}");
        for part in ["network.plat:3:12", "other.plat:1:10", "a subnet", "declared here", "  help: write `vpc_id = main`\n"] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }

    #[test]
    fn source_text_cannot_steer_the_terminal() {
        let mut sources = SourceMap::default();
        let text = "let a = \"\x1b[31m\u{202e}\" // é\nlet b = c\n";
        let file = sources.add("a.plat".as_ref(), "a\x1b.plat", text);
        let at = text.find('c').unwrap();
        let error = Diagnostic::error(Code(1), Span::new(file, at, at + 1), "no \x07name").label("here");
        let drawn = render(&error, &sources, DRAWING);
        assert!(drawn.chars().all(|c| c == '\n' || !misleads(c)), "{drawn:?}");
        assert_eq!(harmless(text).len(), text.len());
    }

    #[test]
    fn a_span_past_the_end_is_drawn_all_the_same() {
        let (sources, a, _) = sources();
        let error = Diagnostic::error(Code(1), Span::new(a, 9_000, 9_001), "unexpected end");
        assert!(render(&error, &sources, DRAWING).contains("unexpected end"));
    }

    #[test]
    fn no_line_of_a_text_begins_where_a_message_does() {
        let (sources, a, _) = sources();
        let text = "first\nsecond\n  third\n::error::fourth";
        let diagnostic = Diagnostic::error(Code(201), Span::new(a, 0, 3), text).label(text).also(Span::new(a, 4, 5), text).help(text);
        let drawn = render(&diagnostic, &sources, DRAWING);
        assert!(drawn.contains("second") && drawn.matches("fourth").count() == 4, "{drawn}");
        assert!(drawn.lines().skip(1).all(|line| line.starts_with(' ')), "{drawn}");
    }
}
