//! Standard output and standard error: their styles, and writing to them.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use plat::diagnostic::{Diagnostic, Drawing, render_all, set_apart};
use plat::render::{Role, Style, clean, neutralized};
use plat::source::SourceMap;

use crate::args::ColorChoice;
use crate::failure::{Exit, Failure};

/// Columns of a line where nobody says otherwise: wide enough for a log.
const WIDTH: usize = 120;

/// The process's two streams.
#[derive(Debug)]
pub struct Terminal {
    pub out: Style,
    pub err: Style,
    /// Standard error is a terminal that can be redrawn.
    pub live: bool,
    /// Somebody watches standard output.
    pub watched: bool,
    /// Whoever read standard output is gone: nothing more is written, and nobody is told.
    closed: AtomicBool,
    failed: AtomicBool,
}

impl Terminal {
    pub fn new(color: ColorChoice) -> Self {
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let plain = dumb || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colored = |terminal: bool| match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && !plain,
        };
        let width = |terminal: bool| match terminal_size::terminal_size() {
            Some((terminal_size::Width(columns), _)) if terminal && columns >= 40 => usize::from(columns),
            _ => WIDTH,
        };
        Self {
            out: Style { color: colored(out), width: width(out) },
            err: Style { color: colored(err), width: width(err) },
            live: err && !dumb,
            watched: out,
            closed: AtomicBool::new(false),
            failed: AtomicBool::new(false),
        }
    }

    /// Writes to standard output, with no command in it that a build server would follow.
    pub fn print(&self, text: &str) {
        self.print_exactly(&neutralized(text));
    }

    /// Writes to standard output what another program takes as it is: a source file that came from standard input, a shell's script.
    pub fn print_exactly(&self, text: &str) {
        if self.closed.load(Ordering::Relaxed) {
            return;
        }
        let mut out = io::stdout().lock();
        if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            self.closed.store(true, Ordering::Relaxed);
            if error.kind() != io::ErrorKind::BrokenPipe {
                self.failed.store(true, Ordering::Relaxed);
                self.note(&format!("cannot write to standard output: {error}\n"));
            }
        }
    }

    /// Writes a document to standard output, on as many lines as it has parts.
    pub fn json(&self, document: &serde_json::Value) {
        self.print(&format!("{document:#}\n"));
    }

    /// Writes to standard error. There is nobody left to tell when that fails.
    pub fn note(&self, text: &str) {
        let mut err = io::stderr().lock();
        let _ = err.write_all(neutralized(text).as_bytes()).and_then(|()| err.flush());
    }

    /// Something that was asked for could not be written, for another reason than a reader that left.
    pub fn write_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    pub fn error(&self, text: &str, help: Option<&str>) {
        let head = self.err.paint(Role::Error, "error");
        let mut message = format!("{head}: {}\n", set_apart(&clean(text)));
        if let Some(help) = help {
            message.push_str(&format!("  {}: {}\n", self.err.paint(Role::Help, "help"), set_apart(&clean(help))));
        }
        self.note(&message);
    }

    pub fn diagnostics(&self, diagnostics: &[Diagnostic], sources: &SourceMap) {
        self.note(&render_all(diagnostics, sources, Drawing { color: self.err.color, width: self.err.width }));
    }

    /// Asks for a literal `yes` to `question`; anything else is a no. Refuses when nobody is there to answer.
    pub fn confirm(&self, question: &str, instead: &str) -> Result<bool, Failure> {
        if !io::stdin().is_terminal() {
            return Err(Failure::new("there is nobody to ask: standard input is not a terminal")
                .help(instead.to_owned())
                .exit(Exit::Error));
        }
        self.note(&format!("\n{question} Only `yes` is taken as a yes: "));
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(|error| Failure::new(format!("the answer cannot be read: {error}")))?;
        Ok(answer.trim_end_matches(['\n', '\r']) == "yes")
    }
}
