//! `plat console`

use std::cell::RefCell;
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::rc::Rc;

use plat::check::typed::Program;
use plat::console::Console;
use plat::plan::{Options, PrepareError};
use plat::render::{Role, clean};
use plat::state::StateFile;
use plat::syntax::KEYWORDS;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor};

use super::block_on;
use crate::args;
use crate::cloud::{Access, Cloud};
use crate::failure::{Answer, Exit, Failure};
use crate::project::{Project, params};
use crate::terminal::Terminal;

const HELP: &str = "\
Any expression of the language, with the stack's names in reach: `db.multi_az`, `net.private_subnets.len()`,
`plan.creates`. `let x = …` names a value. What has an open bracket or text goes on in the next line.

  :type EXPRESSION   its type
  :names             every name in reach
  :help              this
  :quit              leave; so does Ctrl-D

The history of what was typed is a file beside the state; a line that begins with a space is left out of it.
";

/// What can be typed beside expressions.
const COMMANDS: [&str; 4] = [":help", ":names", ":quit", ":type "];

pub fn run(args: &args::Console, terminal: &Terminal) -> Answer {
    let project = Project::open(&args.stack, terminal)?;
    let stack = project.stack()?;
    let recorded = project.store(&stack).and_then(|store| Ok(store.load(&project.registry)?.state));
    let state = match recorded {
        Ok(state) => state,
        Err(failure) => {
            failure.tell(terminal);
            terminal.note("going on without the state: what AWS decides is not known\n");
            StateFile::new(stack.name.to_string(), stack.env.to_string())?
        }
    };
    let given = params(&args.stack.common.params)?;
    let env = project.env();
    let (checked, mut console) = Console::open(&project.dir, &project.registry, &given, env, state.clone());
    let Some(program) = checked.program else {
        return Err(Failure::diagnostics(checked.diagnostics, &checked.sources));
    };
    ask_the_cloud(&project, &mut console, &program, state, terminal)?;
    if std::io::stdin().is_terminal() {
        let prompt = format!("{} · {}> ", stack.name, stack.env);
        return talk(console, &prompt, project.safe_state_dir()?.join("history"), terminal);
    }
    let mut answerer = Answerer { console: Rc::new(RefCell::new(console)), terminal };
    let mut all_right = true;
    let mut typed = String::new();
    let mut lines = std::io::stdin().lock().lines();
    loop {
        let line = lines.next().transpose().map_err(|error| Failure::new(format!("standard input cannot be read: {error}")))?;
        if let Some(line) = &line {
            typed.push_str(if typed.is_empty() { "" } else { "\n" });
            typed.push_str(line);
            if is_open(&typed) {
                continue;
            }
        }
        match answerer.answer(&std::mem::take(&mut typed)) {
            Went::Well => {}
            Went::Wrong => all_right = false,
            Went::Away => break,
        }
        if line.is_none() {
            break;
        }
    }
    if all_right { Ok(Exit::Done) } else { Err(Failure::told(Exit::Error)) }
}

/// Lookups and the plan want the cloud; without one the console answers what is known without.
fn ask_the_cloud(
    project: &Project,
    console: &mut Console,
    program: &std::sync::Arc<Program>,
    state: StateFile,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let asked = block_on(async {
        let cloud = Cloud::open(project, Access::ReadOnly).await?;
        let options = Options { refresh: false, region: cloud.region.clone(), ..Options::default() };
        Ok(console.plan(program, &cloud.engine, state, &options).await)
    });
    let failure = match asked {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(PrepareError::Program(diagnostics))) => return Err(Failure::diagnostics(diagnostics, &project.sources)),
        Ok(Err(error)) => Failure::new(error.to_string()),
        Err(failure) => failure,
    };
    failure.tell(terminal);
    terminal.note("going on without the cloud: lookups are not answered, and `plan` is empty\n");
    Ok(())
}

/// How a line went.
enum Went {
    Well,
    Wrong,
    /// The user wants to leave.
    Away,
}

struct Answerer<'a> {
    console: Rc<RefCell<Console>>,
    terminal: &'a Terminal,
}

impl Answerer<'_> {
    fn answer(&mut self, line: &str) -> Went {
        let line = line.trim();
        let mut console = self.console.borrow_mut();
        let (expression, want_type) = match line.split_once(char::is_whitespace).unwrap_or((line, "")) {
            ("", _) => return Went::Well,
            (":quit" | ":q" | "quit" | "exit", "") => return Went::Away,
            (":help" | ":h" | "help", "") => {
                self.terminal.print(HELP);
                return Went::Well;
            }
            (":names", _) => {
                self.terminal.print(&format!("{}\n", console.names().join("\n")));
                return Went::Well;
            }
            (":type" | ":t", rest) if !rest.trim().is_empty() => (rest, true),
            (":type" | ":t", _) => {
                self.terminal.error("`:type` tells the type of an expression", Some("write one behind it: `:type db.multi_az`"));
                return Went::Wrong;
            }
            (command, _) if command.starts_with(':') => {
                self.terminal.error(&format!("there is no `{command}`"), Some("`:help` tells what there is"));
                return Went::Wrong;
            }
            _ if line.starts_with("//") => return Went::Well,
            _ => (line, false),
        };
        match console.line(expression, self.terminal.out.width) {
            Ok(answered) => {
                let style = self.terminal.out;
                let text = match &answered.named {
                    _ if want_type => answered.ty,
                    Some(name) => format!("{} {}", style.paint(Role::Faint, format!("{name} =")), clean(&answered.text)),
                    None => clean(&answered.text).into_owned(),
                };
                self.terminal.print(&format!("{text}\n"));
                Went::Well
            }
            Err(_) if declares(expression) => {
                let word = expression.split(' ').next().unwrap_or_default();
                self.terminal.error(
                    &format!("`{word}` declares something, and here values are computed"),
                    Some("write it into a `.plat` file of the stack and open the console again; `let x = …` names a value here"),
                );
                Went::Wrong
            }
            Err(diagnostics) => {
                let drawing = plat::diagnostic::Drawing { color: self.terminal.err.color, width: self.terminal.err.width };
                for diagnostic in &diagnostics {
                    self.terminal.note(&plat::diagnostic::render(diagnostic, console.sources(), drawing));
                }
                Went::Wrong
            }
        }
    }
}

/// `resource x: …`, and no name that happens to be called so.
fn declares(line: &str) -> bool {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    // A name of its own has a value.
    word != "let" && KEYWORDS.contains(&word) && rest.trim_start().starts_with(|c: char| c.is_ascii_alphabetic() || c == '"')
}

/// As many lines as the history keeps.
const HISTORY: usize = 1_000;
/// Largest history that is read, in bytes.
const MAX_HISTORY: u64 = 16 << 20;

/// Reads from a person, until they leave.
fn talk(console: Console, prompt: &str, history: PathBuf, terminal: &Terminal) -> Answer {
    let console = Rc::new(RefCell::new(console));
    let wrong = |error: ReadlineError| Failure::new(format!("the terminal cannot be read: {error}"));
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .auto_add_history(true)
        .history_ignore_space(true)
        .max_history_size(HISTORY)
        .map_err(wrong)?
        .build();
    let mut editor: Editor<Assistant, FileHistory> = Editor::with_config(config).map_err(wrong)?;
    editor.set_helper(Some(Assistant(console.clone())));
    // A history that cannot be read or kept is none; the file may have come with the repository.
    if plat::files::read_unlinked(&history, MAX_HISTORY).is_ok() {
        let _ = editor.load_history(&history);
    }
    let mut answerer = Answerer { console, terminal };
    terminal.note("`:help` tells what there is\n");
    loop {
        match editor.readline(prompt) {
            Ok(line) => {
                if let Went::Away = answerer.answer(&line) {
                    break;
                }
            }
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(wrong(error)),
        }
    }
    if history.parent().is_some_and(|folder| std::fs::create_dir_all(folder).is_ok()) && plat::files::open_to_change(&history, true).is_ok()
    {
        let _ = editor.save_history(&history);
    }
    Ok(Exit::Done)
}

/// Completes names, and lets a line with open brackets go on.
struct Assistant(Rc<RefCell<Console>>);

impl Completer for Assistant {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let before = line.get(..pos).unwrap_or_default();
        if before.starts_with(':') && !before.contains(' ') {
            return Ok((0, COMMANDS.into_iter().filter(|command| command.starts_with(before)).map(str::to_owned).collect()));
        }
        let word = before.chars().rev().take_while(|c| c.is_alphanumeric() || *c == '_').map(char::len_utf8).sum::<usize>();
        // While a line is being answered nobody types.
        let found = self.0.try_borrow_mut().map(|mut console| console.completions(before)).unwrap_or_default();
        Ok((pos - word, found))
    }
}

impl Hinter for Assistant {
    type Hint = String;
}

impl Highlighter for Assistant {}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_open(context.input()) { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl rustyline::Helper for Assistant {}

/// A bracket, or a text in three quotes, is not closed.
fn is_open(input: &str) -> bool {
    #[derive(PartialEq)]
    enum In {
        Code,
        Text,
        Block,
    }
    // What is open around: each `${` in a text begins code of its own.
    let mut open: Vec<(In, i32)> = vec![(In::Code, 0)];
    let mut rest = input;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        let within = open.len() > 1;
        match open.last_mut() {
            Some((In::Code, depth)) => match c {
                '/' if rest.starts_with("//") => length = rest.find('\n').unwrap_or(rest.len()),
                '"' if rest.starts_with("\"\"\"") => {
                    length = 3;
                    open.push((In::Block, 0));
                }
                '"' => open.push((In::Text, 0)),
                '(' | '[' | '{' => *depth += 1,
                '}' if *depth == 0 && within => _ = open.pop(),
                ')' | ']' | '}' => *depth -= 1,
                _ => {}
            },
            Some((inside, _)) => match c {
                '\\' => length += rest.chars().nth(1).map_or(0, char::len_utf8),
                '$' if rest.starts_with("${") => {
                    length = 2;
                    open.push((In::Code, 0));
                }
                '"' if *inside == In::Block && rest.starts_with("\"\"\"") => {
                    length = 3;
                    open.pop();
                }
                '"' if *inside == In::Text => _ = open.pop(),
                // A text ends with its line, whether it is closed or not.
                '\n' if *inside == In::Text => return false,
                _ => {}
            },
            None => return false,
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    let text = open.iter().any(|(inside, _)| *inside == In::Text);
    !text && open.iter().any(|(inside, depth)| *inside == In::Block || *depth > 0)
}

#[cfg(test)]
mod tests {
    use super::{declares, is_open};

    #[test]
    fn a_declaration_is_told_from_a_name() {
        assert!(declares("resource x: aws.ec2.VPC {}") && declares("test \"a\" {}") && declares("param x: Int"));
        assert!(!declares("test + 1") && !declares("env.name") && !declares("output") && !declares("net.vpc_id"));
    }

    #[test]
    fn an_open_bracket_goes_on() {
        assert!(is_open("[1,"));
        assert!(is_open("xs.map(x =>"));
        assert!(is_open("\"\"\"\nabc ( \" [") && is_open("[ // one ]\n 1"));
        for whole in
            ["1", "\"(\"", "f(\"\\\"(\")", "]", "[1, 2]", "\"\"\"\n(\n\"\"\"", "1 // (", "\"a ${f(\"(\")} (\"", "\"open (", "f(\"open"]
        {
            assert!(!is_open(whole), "{whole}");
        }
    }
}
