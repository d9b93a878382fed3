//! The files that a program reads: those whose text is a value like any other, and those whose text is a secret.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// What `file(…)` has read so far: each file once, so that one run sees one text of it. And where `secret.file(…)` looks.
#[derive(Debug, Default)]
pub struct Files {
    plain: Mutex<BTreeMap<PathBuf, PlainFile>>,
    /// By their path from the project's root.
    secret: Mutex<BTreeMap<Arc<str>, Span>>,
}

#[derive(Debug)]
struct PlainFile {
    text: Arc<str>,
    /// Where the program first asks for it.
    span: Span,
}

impl Files {
    /// The file's text: as it was the first time, or as `read` gives it now.
    pub fn text<E>(&self, place: &Path, span: Span, read: impl FnOnce() -> Result<Arc<str>, E>) -> Result<Arc<str>, E> {
        let mut known = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = known.get(place) {
            return Ok(file.text.clone());
        }
        let text = read()?;
        known.insert(place.to_owned(), PlainFile { text: text.clone(), span });
        Ok(text)
    }

    /// Every file that was read, by its place.
    pub fn read(&self) -> Vec<(PathBuf, Arc<str>)> {
        let known = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().map(|(place, file)| (place.clone(), file.text.clone())).collect()
    }

    /// The program names a secret in a file.
    pub fn name_secret(&self, path: &Arc<str>, span: Span) {
        self.secret.lock().unwrap_or_else(PoisonError::into_inner).entry(path.clone()).or_insert(span);
    }

    /// A warning for each file that is a secret and is read by `file(…)` as well, whatever its two paths are.
    pub fn shown_secrets(&self, root: &Path) -> Vec<Diagnostic> {
        let plain = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
        if plain.is_empty() {
            return Vec::new();
        }
        let secret = self.secret.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        for (path, at) in secret.iter() {
            let place = root.join(&**path);
            let Some(identity) = identity(&place) else { continue };
            // A hard link is the same file under another name.
            let Some(file) = plain.iter().find_map(|(other, file)| (self::identity(other) == Some(identity)).then_some(file)) else {
                continue;
            };
            let help = "what `file` reads is shown in plans and kept in the state: read it with `secret.file` here, too, or keep the secret in a file of its own";
            let warning = Diagnostic::warning(Code(401), file.span, format!("`{path}` is a secret, and `file` reads it as a plain text"));
            found.push(warning.label("shown from here on").also(*at, "a secret here").help(help));
        }
        found
    }
}

/// The same for all names of a file, links included.
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).ok().map(|about| (about.dev(), about.ino()))
}
