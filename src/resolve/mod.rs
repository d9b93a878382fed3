//! From a folder to the modules of a program: reads files, follows `use`, knows what each module declares.

mod files;
mod library;
pub mod module_paths;
pub mod remote;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, closest, listed};
use crate::source::{FileId, SourceMap, Span, Spanned};
use crate::syntax::{self, Parsed, ast};
use crate::threads::spread;

pub use files::read_file;
use remote::{LOCK_FILE, Lock, Remote};

pub use library::{MODULES as LIBRARY, text as library_text};

/// A module's place in [`Modules`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleId(pub usize);

/// One folder of `.plat` files, or one of the standard library.
#[derive(Debug)]
pub struct Module {
    /// `std.network`, or the folder's name; the stack's own is empty.
    pub name: Arc<str>,
    pub items: Vec<ast::Item>,
    /// What `use` brought in: the module and the name there.
    pub imported: HashMap<Arc<str>, (ModuleId, Spanned<Arc<str>>)>,
    /// Types, components, functions and policies declared here.
    pub declared: HashMap<Arc<str>, usize>,
}

/// All modules of a program; the stack's own is the first.
#[derive(Debug, Default)]
pub struct Modules {
    pub modules: Vec<Module>,
    /// The stack's folder, and the folder that nothing is read outside of.
    pub folder: PathBuf,
    pub root: PathBuf,
    /// Files of fetched modules: the folder that `file(…)` is relative to, and the one that it cannot leave.
    pub fetched: HashMap<FileId, (PathBuf, PathBuf)>,
    /// Names of declarations that could not be read: that they are not known is no mistake of its own.
    pub lost: HashSet<Arc<str>>,
}

impl Modules {
    pub fn get(&self, id: ModuleId) -> Option<&Module> {
        self.modules.get(id.0)
    }

    /// The type, component, function or policy that `name` means in a module, and where it is declared.
    pub fn find(&self, module: ModuleId, name: &str) -> Option<(ModuleId, &ast::Item)> {
        let here = self.get(module)?;
        if let Some(index) = here.declared.get(name) {
            return here.items.get(*index).map(|item| (module, item));
        }
        let (there, name) = here.imported.get(name)?;
        let there_module = self.get(*there)?;
        there_module.declared.get(&name.node).and_then(|index| there_module.items.get(*index)).map(|item| (*there, item))
    }
}

/// Reads a stack's folder and everything it uses.
pub fn load(folder: &Path, sources: &mut SourceMap, diagnostics: &mut Vec<Diagnostic>) -> Modules {
    let root = files::project_root(folder);
    let root_of = root.clone();
    let mut loader = Loader {
        sources,
        diagnostics,
        root: root.clone(),
        by_place: BTreeMap::new(),
        modules: Modules { folder: folder.to_owned(), root, ..Modules::default() },
        open: Vec::new(),
    };
    loader.folder(folder, "".into(), None, &root_of);
    loader.follow_uses();
    loader.modules
}

/// The one module that `text` is, for tests and the editor: `use` reaches the standard library only.
pub fn load_text(name: &str, text: &str, sources: &mut SourceMap, diagnostics: &mut Vec<Diagnostic>) -> Modules {
    let mut loader =
        Loader { sources, diagnostics, root: PathBuf::new(), by_place: BTreeMap::new(), modules: Modules::default(), open: Vec::new() };
    let id = loader.reserve("".into());
    let file = loader.sources.add(Path::new(name), name, text);
    let items = loader.parse(file, &Arc::from(text));
    loader.finish(id, items, Path::new(""), Path::new(""));
    loader.follow_uses();
    loader.modules
}

/// Bytes below which starting a thread costs more than it saves.
const WORTH_A_THREAD: usize = 64 << 10;

/// What is kept of a file that was parsed: its tree is as large again, and nobody asks for it.
type Read = (Vec<ast::Item>, Vec<Diagnostic>, Vec<Arc<str>>);

/// Parses files on all cores; what comes out is in the order of what goes in.
fn parse_all(files: &[(FileId, Arc<str>)]) -> Vec<Read> {
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    spread(files, bytes / WORTH_A_THREAD, |(file, text)| {
        let Parsed { file, diagnostics, lost, .. } = syntax::parse(*file, text);
        (file.items, diagnostics, lost)
    })
}

struct Loader<'a> {
    sources: &'a mut SourceMap,
    diagnostics: &'a mut Vec<Diagnostic>,
    root: PathBuf,
    by_place: BTreeMap<PathBuf, ModuleId>,
    modules: Modules,
    open: Vec<Open>,
}

/// A module of which not all that it uses is loaded.
struct Open {
    id: ModuleId,
    uses: std::vec::IntoIter<ast::Use>,
    place: PathBuf,
    root: PathBuf,
}

impl Loader<'_> {
    fn reserve(&mut self, name: Arc<str>) -> ModuleId {
        self.modules.modules.push(Module { name, items: Vec::new(), imported: HashMap::new(), declared: HashMap::new() });
        ModuleId(self.modules.modules.len() - 1)
    }

    fn parse(&mut self, file: FileId, text: &Arc<str>) -> Vec<ast::Item> {
        let parsed = syntax::parse(file, text);
        self.diagnostics.extend(parsed.diagnostics);
        self.modules.lost.extend(parsed.lost);
        parsed.file.items
    }

    /// `root` is what the folder's files cannot leave: the project, or the fetched module they are part of.
    fn folder(&mut self, folder: &Path, name: Arc<str>, used_at: Option<Span>, root: &Path) -> Option<ModuleId> {
        let place = match files::resolve_inside(folder, root) {
            Ok(place) => place,
            Err(problem) => return self.cannot_read(problem, used_at),
        };
        if let Some(id) = self.by_place.get(&place) {
            return Some(*id);
        }
        let texts = match files::read_folder(&place, &self.root) {
            Ok(texts) => texts,
            Err(problem) => return self.cannot_read(problem, used_at),
        };
        let id = self.reserve(name);
        self.by_place.insert(place.clone(), id);
        let mut added = Vec::new();
        for (path, text) in texts {
            let shown = files::shown_name(&path, &self.modules.folder);
            let file = self.sources.add(&path, shown, text.clone());
            if root != self.root {
                self.modules.fetched.insert(file, (place.clone(), root.to_owned()));
            }
            added.push((file, text));
        }
        let parsed = parse_all(&added);
        let mut items = Vec::with_capacity(parsed.iter().map(|(items, ..)| items.len()).sum());
        for (read, diagnostics, lost) in parsed {
            self.diagnostics.extend(diagnostics);
            self.modules.lost.extend(lost);
            items.extend(read);
        }
        self.finish(id, items, &place, root);
        Some(id)
    }

    fn cannot_read(&mut self, problem: String, used_at: Option<Span>) -> Option<ModuleId> {
        let span = used_at.unwrap_or(Span::new(FileId(u32::MAX), 0, 0));
        self.diagnostics.push(Diagnostic::error(Code(110), span, problem).label("used here"));
        None
    }

    /// A module from elsewhere, when it is there and is what the lock says.
    fn remote(&mut self, text: &str, span: Span) -> Option<ModuleId> {
        let refused =
            |code, problem: String, label: &str, help: String| Diagnostic::error(Code(code), span, problem).label(label).help(help);
        let remote = match Remote::parse(text) {
            Ok(remote) => remote,
            Err((problem, help)) => {
                self.diagnostics.push(Diagnostic::error(Code(214), span, problem).label("not a module").help(help));
                return None;
            }
        };
        let stack = self.modules.folder.clone();
        let (key, tree) = (remote.key(), remote.tree(&stack));
        let found = Lock::read(&stack).and_then(|lock| {
            let known = lock.0.get(&key).cloned();
            let there = tree.is_dir();
            Ok((known, if there { Some(remote::sum(&tree)?) } else { None }))
        });
        let mistake = match found {
            Err(problem) => refused(110, problem, "used here", "`plat modules fetch` fetches modules anew".to_owned()),
            Ok((None, _)) => {
                let help = "run `plat modules lock`, and keep the file under version control".to_owned();
                refused(110, format!("`{LOCK_FILE}` has no sum for this module"), "not locked", help)
            }
            Ok((Some(_), None)) => {
                refused(110, "this module is not fetched yet".to_owned(), "used here", "run `plat modules fetch`".to_owned())
            }
            Ok((Some(known), Some(sum))) if known != sum => {
                let help = "run `plat modules fetch` to fetch it anew; `plat modules update` if the lock is to change".to_owned();
                refused(110, format!("the files of this module are not those that `{LOCK_FILE}` says"), "was changed", help)
            }
            Ok(_) => {
                let tree = std::fs::canonicalize(&tree).unwrap_or(tree);
                return self.folder(&tree.join(&remote.sub), remote.name(), Some(span), &tree);
            }
        };
        self.diagnostics.push(mistake);
        None
    }

    fn library(&mut self, name: &Arc<str>, span: Span) -> Option<ModuleId> {
        let place = PathBuf::from(format!("<{name}>"));
        if let Some(id) = self.by_place.get(&place) {
            return Some(*id);
        }
        let Some(text) = library::text(name) else {
            let known = library::MODULES.iter().map(|(name, _)| *name);
            let list = known.clone().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
            let help = match closest(name, known) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("the standard library has {list}; a folder is written as text, `use \"../modules/eks\".{{…}}`"),
            };
            self.diagnostics.push(
                Diagnostic::error(Code(214), span, format!("there is no module `{name}`")).label("not in the standard library").help(help),
            );
            return None;
        };
        let id = self.reserve(name.clone());
        self.by_place.insert(place.clone(), id);
        let shown = format!("{}.plat", name.replace('.', "/"));
        let text: Arc<str> = text.into();
        let file = self.sources.add(&place, shown, text.clone());
        let items = self.parse(file, &text);
        self.finish(id, items, Path::new(""), Path::new(""));
        Some(id)
    }

    /// Registers what a module declares; what it uses is loaded after it.
    fn finish(&mut self, id: ModuleId, items: Vec<ast::Item>, place: &Path, root: &Path) {
        let mut declared: HashMap<Arc<str>, usize> = HashMap::new();
        let mut spans: HashMap<Arc<str>, Span> = HashMap::new();
        for (index, item) in items.iter().enumerate() {
            let name = match &item.kind {
                ast::ItemKind::Type { name, .. } | ast::ItemKind::Component { name, .. } => name,
                ast::ItemKind::Fn(function) => &function.name,
                ast::ItemKind::Policy(policy) => &policy.name,
                _ => continue,
            };
            match spans.get(&name.node) {
                Some(first) => self.diagnostics.push(
                    Diagnostic::error(Code(206), name.span, format!("`{}` is declared twice", name.node))
                        .label("the second")
                        .also(*first, "the first")
                        .help("rename one of them"),
                ),
                None => {
                    spans.insert(name.node.clone(), name.span);
                    declared.insert(name.node.clone(), index);
                }
            }
        }
        let uses: Vec<ast::Use> = items
            .iter()
            .filter_map(|item| match &item.kind {
                ast::ItemKind::Use(used) => Some(used.clone()),
                _ => None,
            })
            .collect();
        if let Some(module) = self.modules.modules.get_mut(id.0) {
            module.items = items;
            module.declared = declared;
        }
        self.open.push(Open { id, uses: uses.into_iter(), place: place.to_owned(), root: root.to_owned() });
    }

    /// Loads what the modules use, the modules that those use, and so on: a chain of them may be longer than the stack is deep.
    fn follow_uses(&mut self) {
        while let Some(open) = self.open.last_mut() {
            let Some(used) = open.uses.next() else {
                self.open.pop();
                continue;
            };
            let (id, place, root) = (open.id, open.place.clone(), open.root.clone());
            self.import(id, &used, &place, &root);
        }
    }

    fn import(&mut self, id: ModuleId, used: &ast::Use, place: &Path, root: &Path) {
        let there = match &used.source.node {
            ast::UseSource::Library(name) => self.library(name, used.source.span),
            ast::UseSource::Folder(text) if Remote::is_one(text) => self.remote(text, used.source.span),
            ast::UseSource::Folder(folder) => {
                let name = Path::new(&**folder).file_name().map_or_else(|| folder.to_string(), |n| n.to_string_lossy().into_owned());
                self.folder(&place.join(&**folder), name.into(), Some(used.source.span), root)
            }
        };
        let Some(there) = there else {
            // The names stay known, so that their uses are not reported as well.
            for (name, here) in &used.names {
                self.put_import(id, here, ModuleId(usize::MAX), name);
            }
            return;
        };
        for (name, here) in &used.names {
            let declares = self.modules.get(there).is_some_and(|m| m.declared.contains_key(&name.node));
            if !declares {
                let module = self.modules.get(there);
                let names: Vec<Arc<str>> = module.map(|m| m.declared.keys().cloned().collect()).unwrap_or_default();
                let mut sorted: Vec<&str> = names.iter().map(|n| &**n).collect();
                sorted.sort_unstable();
                let title = module.map(|m| m.name.clone()).unwrap_or_default();
                let help = match closest(name, sorted.iter().copied()) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => format!("it has {}", listed(&sorted)),
                };
                self.diagnostics.push(
                    Diagnostic::error(Code(215), name.span, format!("`{title}` has no `{}`", name.node))
                        .label("not declared there")
                        .help(help),
                );
            }
            self.put_import(id, here, there, name);
        }
    }

    fn put_import(&mut self, id: ModuleId, here: &ast::Name, there: ModuleId, name: &ast::Name) {
        if let Some(module) = self.modules.modules.get_mut(id.0) {
            module.imported.insert(here.node.clone(), (there, name.clone()));
        }
    }
}
