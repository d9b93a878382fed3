//! Reading source files: regular files only, of sane size, inside the project.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest source file, in bytes. Ten thousand resources are two million.
pub const MAX_FILE: u64 = 16 << 20;

/// The folder that nothing is read outside of: the nearest one above with a `.git`, else the one that holds the stack's.
pub fn project_root(folder: &Path) -> PathBuf {
    let place = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let root = place.ancestors().find(|a| a.join(".git").exists()).or_else(|| place.parent()).unwrap_or(&place);
    root.to_owned()
}

/// The real place of a path, links followed, when that is inside the project.
pub fn resolve_inside(path: &Path, root: &Path) -> Result<PathBuf, String> {
    let place = fs::canonicalize(path).map_err(|e| format!("cannot read `{}`: {}", path.display(), reason(&e)))?;
    if place.starts_with(root) {
        Ok(place)
    } else {
        Err(format!("`{}` is outside the project; nothing outside `{}` is read", path.display(), root.display()))
    }
}

/// The `.plat` files of a folder by name, with their text. Links are followed as far as `root` reaches.
pub fn read_folder(folder: &Path, root: &Path) -> Result<Vec<(PathBuf, Arc<str>)>, String> {
    let problem = |e: &std::io::Error| format!("cannot read the folder `{}`: {}", folder.display(), reason(e));
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| problem(&e))? {
        let path = entry.map_err(|e| problem(&e))?.path();
        let hidden = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        if path.extension().is_some_and(|e| e == "plat") && !hidden {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(format!("there is no `.plat` file in `{}`", folder.display()));
    }
    paths.sort();
    paths.into_iter().map(|path| read_file(&resolve_inside(&path, root)?).map(|text| (path, text))).collect()
}

/// The text of one regular file.
pub fn read_file(path: &Path) -> Result<Arc<str>, String> {
    let problem = |e: &std::io::Error| format!("cannot read `{}`: {}", path.display(), reason(e));
    let meta = fs::metadata(path).map_err(|e| problem(&e))?;
    if !meta.is_file() {
        return Err(format!("`{}` is not a regular file", path.display()));
    }
    if meta.len() > MAX_FILE {
        return Err(format!("`{}` has {} MB; a source file has at most {}", path.display(), meta.len() >> 20, MAX_FILE >> 20));
    }
    let bytes = crate::files::read(path, MAX_FILE).map_err(|e| problem(&e))?;
    let text = String::from_utf8(bytes)
        .map_err(|e| format!("`{}` is not UTF-8 text: byte {} is not part of a character", path.display(), e.utf8_error().valid_up_to()))?;
    Ok(text.into())
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
        std::io::ErrorKind::PermissionDenied => "no permission".to_owned(),
        _ => error.to_string(),
    }
}

/// What messages call a file: relative to the stack's folder where that is shorter than `../..`.
pub fn shown_name(path: &Path, folder: &Path) -> String {
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let shown = if let Ok(inside) = path.strip_prefix(&folder) {
        inside.display().to_string()
    } else if let Some(beside) = folder.parent().and_then(|parent| path.strip_prefix(parent).ok()) {
        format!("../{}", beside.display())
    } else {
        path.display().to_string()
    };
    // Messages stand on lines of their own, whatever a file is called.
    match shown.contains(char::is_control) {
        true => shown.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect(),
        false => shown,
    }
}
