//! The files of a commit: as git lists them, and as they are written.

use std::io::{self, BufRead, Read as _, Write as _};
use std::path::Path;

use plat::files;
use plat::resolve::module_paths;

/// Longest target of a link, in bytes.
const MAX_LINK: u64 = 1_024;

/// What an entry of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    File,
    Link,
    Folder,
    /// Another repository, which is not fetched.
    Submodule,
}

/// A line of `git ls-tree -l -z`: `100644 blob 0123…    12<tab>name`.
#[derive(Debug)]
pub struct Entry {
    pub form: Form,
    pub object: String,
    /// In bytes; 0 of what is no file.
    pub size: u64,
    pub name: String,
}

/// A commit's entries.
#[derive(Debug, Default)]
pub struct Entries {
    /// Files and links.
    pub kept: Vec<Entry>,
    others: Vec<String>,
}

impl Entries {
    pub fn take(&mut self, entry: Entry) {
        match entry.form {
            Form::File | Form::Link => self.kept.push(entry),
            Form::Folder | Form::Submodule => self.others.push(entry.name),
        }
    }

    /// Names of everything, folders included.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.kept.iter().map(|entry| entry.name.as_str()).chain(self.others.iter().map(String::as_str))
    }
}

impl Entry {
    pub fn read(line: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(line).map_err(|_| "a file of the repository has a name that is not UTF-8".to_owned())?;
        let odd = || format!("git lists `{}`, which is not understood", text.escape_debug());
        let (head, name) = text.split_once('\t').ok_or_else(odd)?;
        let mut words = head.split_ascii_whitespace();
        let (Some(mode), Some(_), Some(object), Some(size)) = (words.next(), words.next(), words.next(), words.next()) else {
            return Err(odd());
        };
        let form = match mode {
            "040000" => Form::Folder,
            "120000" => Form::Link,
            "160000" => Form::Submodule,
            // `100664` is of old.
            mode if mode.starts_with("100") => Form::File,
            _ => return Err(odd()),
        };
        module_paths::check(name, form == Form::Link)?;
        let size = match form {
            Form::File | Form::Link => size.parse().map_err(|_| odd())?,
            Form::Folder | Form::Submodule => 0,
        };
        if form == Form::Link && size > MAX_LINK {
            return Err(format!("the link `{name}` of the repository leads to a path of more than {MAX_LINK} bytes"));
        }
        Ok(Self { form, object: object.to_owned(), size, name: name.to_owned() })
    }
}

/// Writes one file or link. No folder that it is in is a link, and nothing is there already.
pub fn write(folder: &Path, entry: &Entry, content: &[u8]) -> Result<(), String> {
    let path = folder.join(&entry.name);
    let problem = |error: io::Error| format!("`{}` cannot be written: {error}", path.display());
    if let Some(parent) = path.parent() {
        files::create_folders(folder, parent).map_err(problem)?;
    }
    if entry.form == Form::Link {
        let target = std::str::from_utf8(content).map_err(|_| format!("the link `{}` of the repository is not UTF-8", entry.name))?;
        return std::os::unix::fs::symlink(target, &path).map_err(problem);
    }
    files::create_new(&path, files::SHARED).and_then(|mut file| file.write_all(content)).map_err(problem)
}

/// The bytes up to `end`, which is left out, or up to the end of the stream; `None` where there are none.
pub fn read_until(stream: &mut impl BufRead, end: u8, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    stream.take(limit).read_until(end, &mut bytes)?;
    match bytes.pop() {
        None => Ok(None),
        Some(last) if last == end => Ok(Some(bytes)),
        Some(_) => Err(io::Error::other(if bytes.len() as u64 + 1 == limit { "a line is too long" } else { "it breaks off" })),
    }
}
