//! Names of files that a module may have. Whoever writes the repository chooses them, so that git, a file system or a terminal could take one
//! for something else.

use std::collections::HashSet;

/// Longest path of a module's file, in bytes.
const MAX_PATH: usize = 1_024;
/// Most folders in each other.
pub const MAX_DEPTH: usize = 32;

/// Files that git reads the settings of a repository from. None of them may be a link.
const GIT_FILES: [&str; 4] = [".gitmodules", ".gitattributes", ".gitignore", ".mailmap"];
/// Their short names on NTFS, before the number; the second of each is what NTFS makes when the first is taken.
const GIT_FILES_SHORT: [&str; 8] = ["gitmod~", "gi7eba~", "gitatt~", "gi7d29~", "gitign~", "gi250a~", "mailma~", "maba30~"];

/// Refuses a path that is not plainly a file inside the module.
///
/// # Errors
/// What is wrong with the path, which is quoted without what could steer a terminal.
pub fn check(path: &str, link: bool) -> Result<(), String> {
    let refused = |problem: &str| Err(format!("`{}` of the repository {problem}", path.escape_debug()));
    if path.len() > MAX_PATH {
        let start: String = path.chars().take(60).collect();
        return Err(format!("a path of the repository is longer than {MAX_PATH} bytes: `{}…`", start.escape_debug()));
    }
    if path.chars().any(char::is_control) {
        return refused("has control characters in its name");
    }
    if path.contains('\\') {
        return refused("has a backslash in its name, which stands for a folder on other systems");
    }
    if path.split('/').count() > MAX_DEPTH {
        return refused(&format!("lies in more than {} folders", MAX_DEPTH - 1));
    }
    for part in path.split('/') {
        if matches!(part, "" | "." | "..") {
            return refused("lies outside of it");
        }
        if is_git_folder(part) {
            return refused("is what git takes for a repository of its own (`.git`)");
        }
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    if link && is_git_file(name) {
        return refused("is a link, and git reads settings from it");
    }
    Ok(())
}

/// Refuses folders that git takes for a repository although none of their names is `.git`: a `git status` in one would follow its `config`.
///
/// # Errors
/// The first such folder.
pub fn check_bare<'a>(paths: impl IntoIterator<Item = &'a str>) -> Result<(), String> {
    let mut places = HashSet::new();
    let mut heads = Vec::new();
    for path in paths {
        let path = path.to_lowercase();
        for (end, _) in path.match_indices('/') {
            places.insert(path.get(..end).unwrap_or_default().to_owned());
        }
        if let Some(folder) = path.strip_suffix("head").filter(|folder| folder.is_empty() || folder.ends_with('/')) {
            heads.push(folder.to_owned());
        }
        places.insert(path);
    }
    let has = |folder: &str, name: &str| places.contains(&format!("{folder}{name}"));
    match heads.iter().find(|folder| has(folder, "commondir") || (has(folder, "objects") && has(folder, "refs"))) {
        Some(folder) => {
            Err(format!("the folder `/{}` of the repository is what git takes for a repository of its own", folder.escape_debug()))
        }
        None => Ok(()),
    }
}

/// True for `.git` as git, NTFS and HFS+ read a name: `.GIT`, `git~1`, `.git. .`, `.git::$INDEX_ALLOCATION`, `.g\u{200c}it`.
fn is_git_folder(name: &str) -> bool {
    [plain(name), name.to_ascii_lowercase()].iter().any(|name| {
        let rest = name.strip_prefix(".git").or_else(|| name.strip_prefix("git~1"));
        // Up to the name of a stream, NTFS drops dots and spaces at the end.
        rest.and_then(|rest| rest.split(':').next()).is_some_and(|rest| rest.chars().all(|c| matches!(c, '.' | ' ')))
    })
}

fn is_git_file(name: &str) -> bool {
    let name = plain(name);
    let name = name.split(':').next().unwrap_or_default().trim_end_matches(['.', ' ']);
    let short = |start: &&str| name.strip_prefix(start).is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit()));
    GIT_FILES.contains(&name) || GIT_FILES_SHORT.iter().any(short)
}

/// In lower case, without the characters that HFS+ ignores in names and those that nobody sees.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !is_ignored(*c)).flat_map(char::to_lowercase).collect()
}

fn is_ignored(c: char) -> bool {
    matches!(u32::from(c), 0x00ad | 0x034f | 0x061c | 0x180b..=0x180f | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0xfe00..=0xfe0f | 0xfeff | 0xe0000..=0xe0fff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_git_is_refused() {
        let spellings = [
            ".git",
            ".GIT",
            ".Git",
            "git~1",
            "GIT~1",
            ".git.",
            ".git ",
            ".git. . .",
            ".git::$INDEX_ALLOCATION",
            ".git:x",
            "git~1.",
            "git~1::$INDEX_ALLOCATION",
            ".g\u{200c}it",
            "\u{200d}.git",
            ".git\u{feff}",
            ".gi\u{202e}t",
            ".\u{206a}g\u{206f}It",
            ".git\u{200b}",
            ".git .:stream",
        ];
        for spelling in spellings {
            for path in [spelling.to_owned(), format!("{spelling}/config"), format!("a/b/{spelling}/config"), format!("a/{spelling}")] {
                assert!(check(&path, false).unwrap_err().contains("takes for a repository"), "{path:?}");
            }
        }
        for path in [
            ".gitignore",
            ".github/workflows/a.yml",
            ".gitattributes",
            ".gitmodules",
            "git",
            "git~2",
            "git~10",
            "a.git",
            ".gita",
            "x.git/a",
        ] {
            assert_eq!(check(path, false), Ok(()), "{path}");
        }
    }

    #[test]
    fn paths_are_plain_and_bounded() {
        for (path, problem) in [
            ("..", "outside"),
            ("a/../b", "outside"),
            ("/etc/passwd", "outside"),
            ("a//b", "outside"),
            ("./a", "outside"),
            ("", "outside"),
            ("a\\..\\b", "backslash"),
            (".git\\config", "backslash"),
            ("a\n::stop-commands::x", "control characters"),
            ("a\u{1b}[2J", "control characters"),
        ] {
            let error = check(path, false).unwrap_err();
            assert!(error.contains(problem) && !error.chars().any(char::is_control), "{path:?}: {error}");
        }
        assert!(check(&"a/".repeat(MAX_DEPTH), false).is_err());
        assert!(check(&format!("{}a", "a/".repeat(MAX_DEPTH - 1)), false).is_ok());
        assert!(check(&"a".repeat(MAX_PATH + 1), false).unwrap_err().len() < 200);
    }

    #[test]
    fn settings_of_git_are_no_links() {
        for name in
            [".gitmodules", ".GITMODULES", "a/.gitmodules ", "gitmod~1", "GI7EBA~12", ".gitattributes", ".git\u{200c}ignore", ".mailmap:x"]
        {
            assert!(check(name, true).unwrap_err().contains("is a link"), "{name}");
            assert!(check(name, false).is_ok(), "{name}");
        }
        assert!(check("gitmod~", true).is_ok() && check("link", true).is_ok());
    }

    #[test]
    fn a_repository_without_the_name_is_found() {
        let refused = |paths: &[&str]| check_bare(paths.iter().copied()).is_err();
        assert!(refused(&["a/HEAD", "a/objects/x", "a/refs/heads/y", "a/config"]));
        assert!(refused(&["HEAD", "config", "objects/x", "refs/y"]));
        assert!(refused(&["a/b/head", "a/b/Objects", "a/b/REFS/x"]));
        assert!(refused(&["a/HEAD", "a/commondir", "a/config"]));
        assert!(!refused(&["a/HEAD", "a/objects/x", "b/refs/y", "ahead", "objects", "refs"]));
    }
}
