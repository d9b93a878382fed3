//! Modules from elsewhere: a git repository at one commit, fetched beforehand, held to the sum in `plat.lock`.
//!
//! Nothing is fetched here. What `plat modules` fetched lies in the stack's `.plat/modules`; it is read, never run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{files, module_paths};
use crate::source::FileId;
use crate::syntax::{self, ast};

/// The file of sums, in the stack's folder.
pub const LOCK_FILE: &str = "plat.lock";
/// Most files of a module.
pub const MAX_FILES: usize = 10_000;
/// Most bytes of all of a module's files.
pub const MAX_BYTES: u64 = 64 << 20;

/// Largest `plat.lock`, in bytes.
const MAX_LOCK: u64 = 16 << 20;

const HEAD: &str = "# Sums of modules from elsewhere; `plat modules lock` writes it. Keep it under version control.\n";
const SCHEMES: [&str; 3] = ["https", "ssh", "file"];

/// `git::https://host/repo//sub?rev=…`
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remote {
    /// For `git fetch`.
    pub url: String,
    /// A whole commit id.
    pub rev: String,
    /// Folder inside the repository; empty for its root.
    pub sub: String,
}

impl Remote {
    /// True for the text of a `use` that is not a folder of the project.
    pub fn is_one(text: &str) -> bool {
        text.starts_with("git::")
    }

    /// Reads the text of a `use`; the error is the problem and the way out.
    pub fn parse(text: &str) -> Result<Self, (String, String)> {
        let form = "write `git::https://host/repository//folder?rev=` and the commit's whole id".to_owned();
        let wrong = |problem: &str| (problem.to_owned(), form.clone());
        let rest = text.strip_prefix("git::").ok_or_else(|| wrong("a module from elsewhere begins with `git::`"))?;
        let (scheme, place) = rest.split_once("://").ok_or_else(|| wrong("the repository's address has no `://`"))?;
        if !SCHEMES.contains(&scheme) {
            return Err((format!("a repository cannot be fetched by `{scheme}`"), "use `https` or `ssh`".to_owned()));
        }
        let (place, query) = place.split_once('?').unwrap_or((place, ""));
        let rev = match query.strip_prefix("rev=") {
            Some(rev) => rev,
            None if query.is_empty() => return Err(wrong("which commit of the repository?")),
            None => return Err(wrong("behind `?` stands only `rev=`")),
        };
        if rev.len() != 40 || !rev.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c)) {
            let help = "a branch, a tag or a short id may mean another commit tomorrow; `git rev-parse NAME` tells the 40 digits";
            return Err((format!("`{rev}` is not a whole commit id"), help.to_owned()));
        }
        let (place, sub) = place.split_once("//").unwrap_or((place, ""));
        let plain = |c: char| c.is_ascii_graphic() && !"\"'\\`$<>|;".contains(c);
        let outside = sub.split('/').any(|part| matches!(part, ".." | ".")) || sub.starts_with('/');
        if place.trim_matches('/').is_empty() || place.starts_with('-') || !place.chars().chain(sub.chars()).all(plain) || outside {
            return Err(wrong("this is not the address of a repository and a folder in it"));
        }
        if scheme == "https" && place.split('/').next().is_some_and(|host| host.contains('@')) {
            let help = "git takes credentials from its own helpers; leave what is before the `@` out";
            return Err(("credentials do not belong into a program".to_owned(), help.to_owned()));
        }
        let sub = sub.trim_end_matches('/').to_owned();
        Ok(Self { url: format!("{scheme}://{}", place.trim_end_matches('/')), rev: rev.to_owned(), sub })
    }

    /// What the lock knows it by: the repository and the commit.
    pub fn key(&self) -> String {
        format!("git::{}?rev={}", self.url, self.rev)
    }

    /// Where the whole repository lies once it is fetched.
    pub fn tree(&self, stack: &Path) -> PathBuf {
        let short: String = hex(&Sha256::digest(self.url.as_bytes())).chars().take(12).collect();
        stack.join(".plat").join("modules").join(format!("{}-{short}", self.rev))
    }

    /// What it is called: the last part of its folder, or of the repository.
    pub fn name(&self) -> Arc<str> {
        let last = |path: &str| path.rsplit('/').find(|part| !part.is_empty()).map(|part| part.trim_end_matches(".git").to_owned());
        last(&self.sub).or_else(|| last(&self.url)).unwrap_or_else(|| "module".to_owned()).into()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The sums that a stack holds its modules to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock(pub BTreeMap<String, String>);

impl Lock {
    /// The stack's lock; a file that is not there holds nothing.
    pub fn read(stack: &Path) -> Result<Self, String> {
        let path = stack.join(LOCK_FILE);
        let text = match crate::files::read_text(&path, MAX_LOCK) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(format!("cannot read `{}`: {error}", path.display())),
        };
        let mut sums = BTreeMap::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#')) {
            let entry = line.split_once(" sha256:").filter(|(_, sum)| sum.len() == 64 && sum.chars().all(|c| c.is_ascii_hexdigit()));
            let (key, sum) = entry.ok_or_else(|| format!("`{LOCK_FILE}` cannot be understood in line {}", number + 1))?;
            if sums.insert(key.to_owned(), sum.to_owned()).is_some() {
                return Err(format!("`{LOCK_FILE}` has `{key}` twice"));
            }
        }
        Ok(Self(sums))
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let lines = self.0.iter().map(|(key, sum)| format!("{key} sha256:{sum}\n"));
        std::iter::once(HEAD.to_owned()).chain(lines).collect()
    }
}

/// The sum of all files of a fetched module, by name and content. A link that leads out is refused.
pub fn sum(tree: &Path) -> Result<String, String> {
    let root = fs::canonicalize(tree).map_err(|e| format!("cannot read `{}`: {e}", tree.display()))?;
    let mut found = Vec::new();
    collect(&root, &root, 0, &mut found)?;
    found.sort();
    module_paths::check_bare(found.iter().map(|(name, _)| name.as_str()))?;
    let mut bytes = 0;
    let mut all = Sha256::new();
    for (name, path) in found {
        let problem = |e: std::io::Error| format!("cannot read `{name}` of the module: {e}");
        let link = fs::symlink_metadata(&path).map_err(problem)?.is_symlink();
        let content = if link {
            let inside = fs::canonicalize(&path).is_ok_and(|place| place.starts_with(&root));
            if !inside {
                return Err(format!("`{name}` of the module is a link that leads out of it"));
            }
            fs::read_link(&path).map_err(problem)?.to_string_lossy().into_owned().into_bytes()
        } else {
            crate::files::read_unlinked(&path, MAX_BYTES - bytes).map_err(problem)?
        };
        bytes += content.len() as u64;
        if bytes > MAX_BYTES {
            return Err(format!("the module has more than {} MiB", MAX_BYTES >> 20));
        }
        let kind = if link { "link" } else { "file" };
        all.update(format!("{kind} {} {name}\n{}\n", name.len(), content.len()));
        all.update(&content);
    }
    Ok(hex(&all.finalize()))
}

fn collect(root: &Path, folder: &Path, depth: usize, found: &mut Vec<(String, PathBuf)>) -> Result<(), String> {
    let problem = |e: std::io::Error| format!("cannot read `{}`: {e}", folder.display());
    if depth > module_paths::MAX_DEPTH {
        return Err(format!("the module has folders in each other, more than {}", module_paths::MAX_DEPTH));
    }
    for entry in fs::read_dir(folder).map_err(problem)? {
        let path = entry.map_err(problem)?.path();
        let kind = fs::symlink_metadata(&path).map_err(problem)?.file_type();
        if kind.is_dir() {
            collect(root, &path, depth + 1, found)?;
        } else if kind.is_file() || kind.is_symlink() {
            let name = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .to_str()
                .ok_or_else(|| format!("`{}` of the module has a name that is not UTF-8", path.to_string_lossy().escape_debug()))?;
            module_paths::check(name, kind.is_symlink())?;
            found.push((name.to_owned(), path));
        } else {
            return Err(format!("`{}` is neither a file nor a folder", path.display()));
        }
        if found.len() > MAX_FILES {
            return Err(format!("the module has more than {MAX_FILES} files"));
        }
    }
    Ok(())
}

/// Every module from elsewhere that a stack uses, also those that its modules use, as far as they are fetched.
pub fn used(stack: &Path) -> Result<Vec<Remote>, String> {
    let root = files::project_root(stack);
    let mut found: Vec<Remote> = Vec::new();
    let mut open = vec![(stack.to_owned(), root)];
    let mut seen = Vec::new();
    while let Some((folder, root)) = open.pop() {
        let place = files::resolve_inside(&folder, &root)?;
        if seen.contains(&place) {
            continue;
        }
        seen.push(place.clone());
        for (_, text) in files::read_folder(&place, &root)? {
            for item in syntax::parse(FileId(0), &text).file.items {
                let ast::ItemKind::Use(used) = item.kind else { continue };
                let ast::UseSource::Folder(text) = &used.source.node else { continue };
                if !Remote::is_one(text) {
                    open.push((place.join(&**text), root.clone()));
                    continue;
                }
                let remote = Remote::parse(text).map_err(|(problem, help)| format!("`{text}`: {problem}; {help}"))?;
                if let Ok(tree) = fs::canonicalize(remote.tree(stack)) {
                    open.push((tree.join(&remote.sub), tree));
                }
                if !found.contains(&remote) {
                    found.push(remote);
                }
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REV: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn an_address_is_read_in_its_parts() {
        let remote = Remote::parse(&format!("git::https://example.com/infra/modules.git//eks/small?rev={REV}")).unwrap();
        assert_eq!(
            (remote.url.as_str(), remote.sub.as_str(), &*remote.name()),
            ("https://example.com/infra/modules.git", "eks/small", "small")
        );
        assert_eq!(&*Remote::parse(&format!("git::ssh://git@example.com/modules.git?rev={REV}")).unwrap().name(), "modules");
        for (text, why) in [
            ("git::https://example.com/x", "which commit"),
            ("git::https://example.com/x?rev=main", "not a whole commit id"),
            ("git::https://example.com/x?rev=0123456", "not a whole commit id"),
            ("git::https://example.com/x?ref=v1", "only `rev=`"),
            (&format!("git::ext://sh -c evil?rev={REV}"), "cannot be fetched by `ext`"),
            (&format!("git::https://user:pass@example.com/x?rev={REV}"), "credentials"),
            (&format!("git::https://example.com/x//../y?rev={REV}"), "not the address"),
            (&format!("git::https://--upload-pack=x/y?rev={REV}"), "not the address"),
            (&format!("git::https://example.com/$(x)?rev={REV}"), "not the address"),
        ] {
            let (problem, _) = Remote::parse(text).unwrap_err();
            assert!(problem.contains(why), "{text}: {problem}");
        }
    }
}
