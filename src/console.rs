//! Expressions in a stack's scope, one line after another: what `plat console` answers.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::address::Address;
use crate::check::lines::{Line, Lines, members};
use crate::check::typed::Program;
use crate::check::{Checked, PLAN_COUNT, PLAN_LISTS};
use crate::diagnostic::Diagnostic;
use crate::eval::{Scenario, evaluate_scenario, laid_out};
use crate::plan::{Answers, Engine, Options, PrepareError, Prepared, prepare};
use crate::schema::Registry;
use crate::source::SourceMap;
use crate::state::StateFile;
use crate::trial::plan_value;
use crate::value::{Known, Value};

/// A stack that answers.
pub struct Console {
    lines: Lines,
    env: Option<String>,
    answers: Answers,
    knowledge: Knowledge,
}

/// What is known of resources.
enum Knowledge {
    /// What the state records.
    Recorded(Box<StateFile>),
    Planned(Box<Prepared>),
}

impl Known for Knowledge {
    fn attribute(&self, address: &Address, attribute: &str) -> Option<Value> {
        match self {
            Knowledge::Recorded(state) => {
                let record = state.resources.get(address)?;
                record.observed.get(attribute).or_else(|| record.inputs.get(attribute)).cloned()
            }
            Knowledge::Planned(prepared) => prepared.facts.attribute(address, attribute),
        }
    }
}

/// What a line comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The value as the language writes it, on as many lines as it needs.
    pub text: String,
    /// Its type.
    pub ty: String,
    /// The name that the line gave it.
    pub named: Option<Arc<str>>,
}

impl Console {
    /// Reads and checks a stack. The console answers only when nothing is wrong with it.
    pub fn open(
        folder: &Path,
        registry: &Arc<Registry>,
        params: &[(String, String)],
        env: Option<&str>,
        state: StateFile,
    ) -> (Checked, Self) {
        let (checked, mut lines) = Lines::open(folder, registry, params);
        lines.choose(env);
        let console = Self { lines, env: env.map(str::to_owned), answers: Answers::new(), knowledge: Knowledge::Recorded(Box::new(state)) };
        (checked, console)
    }

    /// Asks the cloud what lookups find, and works out the plan: from then on `plan` has a value, and so has what the plan tells.
    pub async fn plan(&mut self, program: &Arc<Program>, engine: &Engine, state: StateFile, options: &Options) -> Result<(), PrepareError> {
        let last: Mutex<Answers> = Mutex::default();
        let evaluate = |answers: &Answers| {
            last.lock().unwrap_or_else(PoisonError::into_inner).clone_from(answers);
            crate::eval::evaluate(program, self.env.as_deref(), answers)
        };
        let prepared = prepare(engine, &evaluate, state, options).await?;
        self.answers = last.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.knowledge = Knowledge::Planned(Box::new(prepared));
        Ok(())
    }

    /// The text of the stack and of every line so far, for diagnostics.
    pub fn sources(&self) -> &SourceMap {
        self.lines.sources()
    }

    /// Computes one line.
    pub fn line(&mut self, text: &str, width: usize) -> Result<Answered, Vec<Diagnostic>> {
        let line = self.lines.line(text)?;
        let value = self.value(&line)?;
        let ty = line.program.expr(line.value).map(|expr| expr.ty.clone());
        let secret = ty.as_ref().is_some_and(crate::types::Type::holds_secret);
        // A secret that the program or the command line has as a text is a text in here, and its type alone tells.
        let value = match &ty {
            Some(ty) => crate::eval::veiled(value, ty),
            None => value,
        };
        let text = match value {
            Value::List(_) | Value::Object(_) => laid_out(&value, width),
            _ if secret => "(secret)".to_owned(),
            value => laid_out(&value, width),
        };
        let named = line.named.as_ref().map(|named| named.name.node.clone());
        if let Some(named) = line.named {
            self.lines.keep(named);
        }
        Ok(Answered { text, ty: ty.map(|ty| ty.to_string()).unwrap_or_default(), named })
    }

    fn value(&self, line: &Line) -> Result<Value, Vec<Diagnostic>> {
        let scenario = Scenario::of_env(&line.program, self.env.as_deref()).map_err(|diagnostic| vec![*diagnostic])?;
        let (_, names) = evaluate_scenario(&line.program, &scenario, &self.answers)?;
        let plan = match &self.knowledge {
            Knowledge::Planned(prepared) => plan_value(prepared),
            Knowledge::Recorded(_) => {
                let lists = PLAN_LISTS.into_iter().map(|(name, _)| (name, Value::list([])));
                Value::object(lists.chain([(PLAN_COUNT, Value::Int(0))]))
            }
        };
        let mut locals = vec![plan];
        for kept in &line.lets {
            let value = names.value(*kept, &locals, &self.knowledge).map_err(|diagnostic| vec![diagnostic])?;
            locals.push(value);
        }
        names.value(line.value, &locals, &self.knowledge).map_err(|diagnostic| vec![diagnostic])
    }

    /// What a word at the end of `before` can go on to: names in reach, or behind a `.` what the value before it has.
    pub fn completions(&mut self, before: &str) -> Vec<String> {
        let word = word_at_the_end(before);
        let head = before.get(..before.len() - word.len()).unwrap_or_default();
        let candidates = match head.strip_suffix("?.").or_else(|| head.strip_suffix('.')) {
            Some(base) => self.members_of(chain_at_the_end(base)),
            None => self.names(),
        };
        candidates.into_iter().filter(|name| name.starts_with(word)).collect()
    }

    fn members_of(&mut self, base: &str) -> Vec<String> {
        match base {
            "env" | "stack" => return vec!["name".to_owned()],
            "secret" => return ["aws(", "env(", "file(", "vault("].map(str::to_owned).to_vec(),
            _ => {}
        }
        let Ok(line) = self.lines.aside(base) else { return Vec::new() };
        line.program.expr(line.value).map(|expr| members(&line.program, &expr.ty)).unwrap_or_default()
    }

    /// Every name in reach.
    pub fn names(&mut self) -> Vec<String> {
        let mut names: Vec<String> = ["env", "plan", "stack", "secret"].map(str::to_owned).to_vec();
        names.extend(self.lines.kept().map(str::to_owned));
        if let Ok(line) = self.lines.aside("null") {
            names.extend(line.program.units.first().into_iter().flat_map(|unit| &unit.declarations).map(|d| d.name.node.to_string()));
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn word_at_the_end(text: &str) -> &str {
    text.rfind(|c| !is_word(c)).map_or(text, |at| text.get(at..).map_or("", |rest| rest.trim_start_matches(|c| !is_word(c))))
}

/// `net.subnets["a"]` of `len(net.subnets["a"]`: names, dots and closed brackets.
fn chain_at_the_end(text: &str) -> &str {
    let mut depth = 0usize;
    let mut start = text.len();
    for (at, c) in text.char_indices().rev() {
        match c {
            ')' | ']' => depth += 1,
            '(' | '[' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            c if is_word(c) || c == '.' || c == '?' => {}
            _ => break,
        }
        start = at;
    }
    text.get(network_before(text, start).unwrap_or(start)..).unwrap_or_default()
}

/// Where a network begins whose prefix length stands at `start`: in `10.0.0.0/16` the `/` divides nothing.
fn network_before(text: &str, start: usize) -> Option<usize> {
    let head = text.get(..start)?.strip_suffix('/')?;
    let address = head.len() - head.chars().rev().take_while(|c| c.is_ascii_hexdigit() || matches!(c, '.' | ':')).count();
    let length = text.get(start..)?.bytes().take_while(u8::is_ascii_digit).count();
    text.get(address..start + length)?.parse::<ipnet::IpNet>().is_ok().then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_line_is_found() {
        assert_eq!(word_at_the_end("net.priv"), "priv");
        assert_eq!(word_at_the_end("net."), "");
        assert_eq!(word_at_the_end("ne"), "ne");
        assert_eq!(chain_at_the_end("1 + f(net.subnets[\"a b\"]"), "net.subnets[\"a b\"]");
        assert_eq!(chain_at_the_end("!db"), "db");
        assert_eq!(chain_at_the_end("[10.0.0.0/16"), "10.0.0.0/16");
        assert_eq!(chain_at_the_end("fd00::/8.subnets(4).first()"), "fd00::/8.subnets(4).first()");
        assert_eq!(chain_at_the_end("count/16"), "16");
        assert_eq!(chain_at_the_end("[a, xs.map(x => x.id).first()"), "xs.map(x => x.id).first()");
    }
}
