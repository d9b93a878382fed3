//! The stack that a command works on: its folder, its checked program, its environment.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use plat::address::Address;
use plat::check::typed::{Declaration, DeclarationKind, Files, Program};
use plat::check::{Checked, check};
use plat::desired::{Desired, Stack, StateLocation};
use plat::diagnostic::{Diagnostic, closest};
use plat::plan::{Answers, Glob};
use plat::schema::Registry;
use plat::source::SourceMap;
use plat::state::{Encryption, Holder, Loaded, LocalStore, OpenOptions, RemoteStore, StateStore};

use crate::args::{StackArgs, StackOptions};
use crate::buckets;
use crate::failure::Failure;
use crate::keys;
use crate::terminal::Terminal;

/// A program that passed the checker, and what the command line says about it.
pub struct Project {
    pub dir: PathBuf,
    pub sources: SourceMap,
    pub registry: Arc<Registry>,
    /// `None`: it has told all that is asked of it.
    program: Mutex<Option<Arc<Program>>>,
    about: About,
    options: StackOptions,
    env: Option<String>,
    /// What the program comes to without answers of the cloud, until someone takes it: a second time would cost as much again.
    first: Mutex<Option<Desired>>,
    /// What opens encrypted states.
    keys: keys::Given,
    /// One for all that is opened, so that a key is unwrapped once.
    encryption: OnceLock<Encryption>,
}

/// What is asked of a program besides what it comes to.
struct About {
    root: PathBuf,
    files: Arc<Files>,
    /// Params of the stack whose values may be written down.
    plain: BTreeSet<Arc<str>>,
}

impl About {
    fn new(program: &Program) -> Self {
        let params = declarations(program).iter().filter(|d| matches!(d.kind, DeclarationKind::Param { .. }) && !d.ty.holds_secret());
        Self {
            root: program.root.clone(),
            files: program.files.clone(),
            plain: params.map(|declaration| declaration.name.node.clone()).collect(),
        }
    }
}

/// What the stack itself declares.
fn declarations(program: &Program) -> &[Declaration] {
    program.units.first().map_or(&[], |stack| stack.declarations.as_slice())
}

/// Every type that this build knows.
pub fn registry() -> Arc<Registry> {
    Arc::new(Registry::new(plat_aws::schemas()))
}

/// `-p name=value`, split.
pub fn params(given: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let split = |text: &String| match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
        // Without a name it may be anybody's secret.
        _ => Err(Failure::usage("`-p` takes NAME=VALUE").help("write `-p nodes=3` or `-p 'name=\"web\"'`")),
    };
    given.iter().map(split).collect()
}

/// Reads and checks a folder.
pub fn load(dir: &Path, given: &[String], registry: &Arc<Registry>) -> Result<Checked, Failure> {
    let params = params(given)?;
    if !dir.is_dir() {
        return Err(Failure::new(format!("there is no folder `{}`", dir.display())).help("give the folder of a stack, or run plat in it"));
    }
    Ok(check(dir, registry, &params))
}

impl Project {
    /// Loads and checks; warnings are told, errors end it.
    pub fn open(args: &StackArgs, terminal: &Terminal) -> Result<Self, Failure> {
        let registry = registry();
        let Checked { sources, diagnostics, program } = load(&args.dir, &args.common.params, &registry)?;
        let Some(program) = program else {
            return Err(Failure::diagnostics(diagnostics, &sources));
        };
        if !diagnostics.is_empty() {
            terminal.diagnostics(&diagnostics, &sources);
        }
        let env = choose(&program, args.common.env.as_deref())?;
        let keys = keys::Given::read(keys::CURRENT)?;
        let (dir, options) = (args.dir.clone(), args.common.clone());
        let about = About::new(&program);
        let (program, first, encryption) = (Mutex::new(Some(program)), Mutex::default(), OnceLock::new());
        Ok(Self { dir, sources, registry, program, about, options, env, first, keys, encryption })
    }

    /// The checked program. Once it was let go of, it is read anew.
    fn program(&self) -> Result<Arc<Program>, Vec<Diagnostic>> {
        let known = self.program.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let again = || {
            let Checked { diagnostics, program, .. } = check(&self.dir, &self.registry, &params(&self.options.params).unwrap_or_default());
            program.ok_or(diagnostics)
        };
        known.map_or_else(again, Ok)
    }

    /// Lets go of the program where nothing can ask for it any more but who plans a second time: it takes as much memory as what it comes to.
    pub fn let_go(&self) {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if first.as_ref().is_some_and(|desired| desired.lookups.is_empty()) {
            *self.program.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// The program with the chosen environment and the lookups answered so far.
    pub fn evaluate(&self, answers: &Answers) -> Result<Desired, Vec<Diagnostic>> {
        if answers.is_empty()
            && let Some(desired) = self.first.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            return Ok(desired);
        }
        plat::eval::evaluate(&self.program()?, self.env.as_deref(), answers)
    }

    /// The program as far as it is known without asking the cloud.
    pub fn desired(&self) -> Result<Desired, Failure> {
        self.known(Desired::clone)
    }

    /// Settings of the stack and the chosen environment.
    pub fn stack(&self) -> Result<Stack, Failure> {
        self.known(|desired| desired.stack.clone())
    }

    /// A part of what is known without asking the cloud, of which the whole is kept.
    fn known<T>(&self, part: impl FnOnce(&Desired) -> T) -> Result<T, Failure> {
        let desired = self.evaluate(&Answers::new()).map_err(|diagnostics| Failure::diagnostics(diagnostics, &self.sources))?;
        let part = part(&desired);
        *self.first.lock().unwrap_or_else(PoisonError::into_inner) = Some(desired);
        Ok(part)
    }

    /// The environment that was chosen; none in a stack that declares none.
    pub fn env(&self) -> Option<&str> {
        self.env.as_deref()
    }

    /// What the command line said of the stack.
    pub fn given(&self) -> &StackOptions {
        &self.options
    }

    pub fn sandbox(&self) -> bool {
        self.options.sandbox
    }

    /// A param of the command line whose value must not be written down.
    pub fn is_secret(&self, param: &str) -> bool {
        !self.about.plain.contains(param)
    }

    /// What `file(…)` has read so far, by its place in the project.
    pub fn files_read(&self) -> Vec<(String, Arc<str>)> {
        let name = |place: &Path| place.strip_prefix(&self.about.root).unwrap_or(place).display().to_string();
        self.about.files.read().into_iter().map(|(place, text)| (name(&place), text)).collect()
    }

    /// The folder that files of secrets are read in.
    pub fn root(&self) -> &Path {
        &self.about.root
    }

    /// Where local state lies. The sandbox has its own, so that what is made up never mixes with what is real.
    fn state_dir(&self) -> PathBuf {
        let dir = self.options.state_dir.clone().unwrap_or_else(|| self.dir.join(".plat"));
        if self.options.sandbox { dir.join("sandbox") } else { dir }
    }

    /// The same, to write there: no folder that may have come with the repository is a link that leads elsewhere.
    pub fn safe_state_dir(&self) -> Result<PathBuf, Failure> {
        let (root, dir) = (self.options.state_dir.as_deref().unwrap_or(&self.dir), self.state_dir());
        plat::files::refuse_links(root, &dir)
            .map_err(|error| Failure::new(error.to_string()).help("to keep states elsewhere, name the folder with `--state-dir`"))?;
        Ok(dir)
    }

    /// The file in which the sandbox's world lies.
    pub fn world(&self) -> PathBuf {
        self.state_dir().join("world")
    }

    /// The place that keeps the state of the stack's environment.
    pub fn store(&self, stack: &Stack) -> Result<Box<dyn StateStore>, Failure> {
        match &stack.state {
            _ if self.options.sandbox => Ok(Box::new(self.local(stack)?)),
            StateLocation::Local => Ok(Box::new(self.local(stack)?)),
            place => {
                let store = RemoteStore::new(buckets::open(place, stack.region.as_deref())?, &stack.name, &stack.env)?;
                Ok(Box::new(store.with_encryption(self.encryption(stack))))
            }
        }
    }

    fn local(&self, stack: &Stack) -> Result<LocalStore, Failure> {
        Ok(LocalStore::at(&self.safe_state_dir()?, &stack.name, &stack.env).with_encryption(self.encryption(stack)))
    }

    /// How the stack's states and saved plans are written.
    pub fn encryption(&self, stack: &Stack) -> Encryption {
        self.encryption.get_or_init(|| Encryption::new(keys::choice(stack, self.options.sandbox), self.keys.secrets())).clone()
    }

    /// What is stored of the stack's environment.
    pub fn loaded(&self) -> Result<Loaded, Failure> {
        self.load(&self.stack()?)
    }

    /// What is stored of this stack.
    pub fn load(&self, stack: &Stack) -> Result<Loaded, Failure> {
        Ok(self.store(stack)?.load(&self.registry)?)
    }

    /// What a file of the stack declares: its resources, and all inside its components.
    pub fn declared_in(&self, file: &str) -> Result<Vec<Glob>, Failure> {
        let wanted = file.trim_start_matches("./");
        let program = self.program().map_err(|diagnostics| Failure::diagnostics(diagnostics, &self.sources))?;
        let things =
            declarations(&program).iter().filter(|d| matches!(d.kind, DeclarationKind::Resource(_) | DeclarationKind::Component(_)));
        let named: Vec<_> = things.filter_map(|d| Some((self.sources.file(d.name.span.file)?.name.clone(), &d.name.node))).collect();
        let here = |name: &str| name == wanted || name.strip_suffix(wanted).is_some_and(|folder| folder.ends_with('/'));
        let globs: Vec<Glob> = named.iter().filter(|(name, _)| here(name)).map(|(_, d)| Address::root((*d).clone(), None).into()).collect();
        if !globs.is_empty() {
            return Ok(globs);
        }
        let files: std::collections::BTreeSet<&str> = named.iter().map(|(name, _)| &**name).collect();
        let list: Vec<_> = files.iter().map(|name| format!("`{name}`")).collect();
        Err(Failure::new(format!("no file `{file}` of the stack declares a resource")).help(format!("these do: {}", list.join(", "))))
    }

    /// `plat apply -e production`: a command for the same stack.
    pub fn command(&self, name: &str) -> String {
        let mut words = vec!["plat".to_owned(), name.to_owned()];
        if self.dir != Path::new(".") {
            words.push(quoted(&self.dir.display().to_string()));
        }
        if let Some(env) = &self.options.env {
            words.extend(["-e".to_owned(), quoted(env)]);
        }
        for param in &self.options.params {
            // A command is shown, and kept with the lock.
            let shown = match param.split_once('=') {
                Some((name, _)) if self.is_secret(name.trim()) => format!("{}=…", name.trim()),
                _ => quoted(param),
            };
            words.extend(["-p".to_owned(), shown]);
        }
        if let Some(dir) = &self.options.state_dir {
            words.extend(["--state-dir".to_owned(), quoted(&dir.display().to_string())]);
        }
        if self.options.sandbox {
            words.push("--sandbox".to_owned());
        }
        words.join(" ")
    }
}

/// A word of a shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,@".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// The environment to work on: the one that is named, or the only one there is.
fn choose(program: &Program, wanted: Option<&str>) -> Result<Option<String>, Failure> {
    let names: Vec<&str> = program.envs.iter().map(|env| &**env.name).collect();
    let list = || names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match (wanted, names.as_slice()) {
        (Some(name), names) if names.contains(&name) => Ok(Some(name.to_owned())),
        (Some(name), []) => Err(Failure::new(format!("the stack declares no env, so there is no `{name}`"))
            .help(format!("leave `-e {name}` out, or write `env {name} {{ }}`"))),
        (Some(name), names) => {
            let near = closest(name, names.iter().copied()).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
            Err(Failure::new(format!("there is no env `{name}`")).help(format!("{near}the stack has {}", list())))
        }
        (None, []) => Ok(None),
        (None, [only]) => Ok(Some((*only).to_owned())),
        (None, _) => {
            Err(Failure::new("the stack has several envs, and none was chosen").help(format!("add `-e NAME`; there are {}", list())))
        }
    }
}

/// The environments to check: the one that is named, or all; `None` stands for the one of a stack that declares none.
pub fn envs(program: &Program, wanted: Option<&str>) -> Result<Vec<Option<String>>, Failure> {
    if wanted.is_some() || program.envs.is_empty() {
        return Ok(vec![choose(program, wanted)?]);
    }
    Ok(program.envs.iter().map(|env| Some(env.name.to_string())).collect())
}

/// Who takes the lock.
pub fn open_options(command: String, wait_seconds: u64) -> OpenOptions {
    let user =
        ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok()).unwrap_or_else(|| "someone".to_owned());
    let host = plat::files::read_text(Path::new("/proc/sys/kernel/hostname"), 1 << 10).ok().map(|name| name.trim().to_owned());
    let host = host
        .or_else(|| std::env::var("HOSTNAME").ok())
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .unwrap_or_else(|| "this machine".to_owned());
    let holder = Holder { who: format!("{user}@{host}"), pid: std::process::id(), command, since: now() };
    OpenOptions { holder, wait: std::time::Duration::from_secs(wait_seconds) }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The day on which waivers are looked at.
pub fn today() -> plat::value::Date {
    plat::value::Date::of_unix(now())
}

/// How long ago a moment was.
pub fn age(written: Option<u64>) -> Option<plat::value::Duration> {
    written.map(|then| plat::value::Duration(i64::try_from(now().saturating_sub(then)).unwrap_or(i64::MAX)))
}
