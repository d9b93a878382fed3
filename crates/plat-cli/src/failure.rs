//! How a command ends when it does not succeed: one message, one exit code.

use plat::diagnostic::Diagnostic;
use plat::plan::PrepareError;
use plat::source::SourceMap;
use plat::state::StateError;

use crate::terminal::Terminal;

/// What the process answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    Error = 1,
    /// Only with `--detailed-exitcode`.
    Changes = 2,
    /// An assert or a policy does not hold.
    Assert = 3,
    /// Another process holds the lock.
    Locked = 4,
    /// A saved plan that does not fit any more, or was carried out already.
    Stale = 5,
    Usage = 64,
    /// Ctrl-C.
    Interrupted = 130,
}

/// Why a command failed, ready to be shown.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    /// Shown already, or several lines with their source.
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// One line, and the way out when it is not in the line.
    Message {
        text: String,
        help: Option<String>,
    },
    Diagnostics {
        diagnostics: Vec<Diagnostic>,
        sources: SourceMap,
    },
    /// Was told already.
    Told,
}

/// The answer of a command.
pub type Answer = Result<Exit, Failure>;

impl Failure {
    pub fn new(text: impl Into<String>) -> Self {
        Self { exit: Exit::Error, kind: Kind::Message { text: text.into(), help: None } }
    }

    pub fn usage(text: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::new(text) }
    }

    #[must_use]
    pub fn help(mut self, way_out: impl Into<String>) -> Self {
        if let Kind::Message { help, .. } = &mut self.kind {
            *help = Some(way_out.into());
        }
        self
    }

    #[must_use]
    pub fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    pub fn diagnostics(diagnostics: Vec<Diagnostic>, sources: &SourceMap) -> Self {
        Self { exit: Exit::Error, kind: Kind::Diagnostics { diagnostics, sources: sources.clone() } }
    }

    /// The command said it all itself.
    pub fn told(exit: Exit) -> Self {
        Self { exit, kind: Kind::Told }
    }

    /// Shows it on standard error.
    pub fn tell(&self, terminal: &Terminal) {
        match &self.kind {
            Kind::Told => {}
            Kind::Message { text, help } => terminal.error(text, help.as_deref()),
            Kind::Diagnostics { diagnostics, sources } => terminal.diagnostics(diagnostics, sources),
        }
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        let exit = match &error {
            StateError::Locked { .. } | StateError::LockLost { .. } | StateError::AnotherLease { .. } => Exit::Locked,
            _ => Exit::Error,
        };
        let failure = Failure::new(error.to_string()).exit(exit);
        match error {
            StateError::Locked { epoch: Some(epoch), .. } => {
                failure.help(format!("if that process is gone for good, `plat state unlock {epoch}` breaks its lock"))
            }
            StateError::NoPassphrase { .. } | StateError::WrongPassphrase { .. } => {
                failure.help("set PLAT_STATE_PASSPHRASE, or PLAT_STATE_PASSPHRASE_FILE to the path of a file that holds it")
            }
            StateError::NoIdentity { .. } | StateError::WrongIdentity { .. } => {
                failure.help("set PLAT_AGE_IDENTITY_FILE to the path of a file of `age-keygen`, or PLAT_AGE_IDENTITY to what is in it")
            }
            _ => failure,
        }
    }
}

/// An error of `prepare`, with its places in the program where it has some.
pub fn prepare_failure(error: PrepareError, sources: &SourceMap) -> Failure {
    let place = |span: plat::source::Span| match sources.place(span) {
        place if place.is_empty() => String::new(),
        place => format!("  {place}"),
    };
    match error {
        PrepareError::Program(diagnostics) => Failure::diagnostics(diagnostics, sources),
        PrepareError::Policies(diagnostics) => Failure::diagnostics(diagnostics, sources).exit(Exit::Assert),
        PrepareError::Asserts(failed) => {
            let lines: Vec<_> = failed.iter().map(|(message, span)| format!("{message}{}", place(*span))).collect();
            let text = format!("{} not hold: {}", if lines.len() == 1 { "an assert does" } else { "asserts do" }, lines.join("; "));
            Failure::new(text).help("make it hold, or change the assert").exit(Exit::Assert)
        }
        PrepareError::Protected(protected) => {
            let lost: Vec<_> = protected.iter().map(|p| format!("{}{}", p.address, p.span.map(place).unwrap_or_default())).collect();
            let consent: Vec<_> =
                protected.iter().map(|p| format!("--consent-to-lose {}", plat::render::shell_quoted(&p.address))).collect();
            Failure::new(format!("the plan would lose what is protected: {}", lost.join(", ")))
                .help(format!("keep it in the program; or, if it may go, add {}", consent.join(" ")))
        }
        PrepareError::Undeletable(kept) => {
            let lines: Vec<_> =
                kept.iter().map(|k| format!("{}{}: {}", k.address, k.span.map(place).unwrap_or_default(), k.reason)).collect();
            let mut help: Vec<&str> = kept.iter().map(|k| k.help).collect();
            help.dedup();
            Failure::new(format!("AWS refuses to delete {}", lines.join("; "))).help(help.join("; "))
        }
        PrepareError::Unmatched { ref near, .. } => {
            let near = near.as_ref().map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
            Failure::new(error.to_string())
                .help(format!("{near}a pattern names addresses: `net`, `net.*`, `sub[\"us-*\"]`, or a file: `network.plat`"))
        }
        other => {
            let at = span_of(&other).map(place).unwrap_or_default();
            Failure::new(format!("{other}{at}"))
        }
    }
}

fn span_of(error: &PrepareError) -> Option<plat::source::Span> {
    match error {
        PrepareError::WrongAccount { span, .. } | PrepareError::Secret { span, .. } => *span,
        PrepareError::ResourceAccount { span, .. } | PrepareError::Lookup { span, .. } | PrepareError::EndlessLookup { span, .. } => {
            Some(*span)
        }
        _ => None,
    }
}
