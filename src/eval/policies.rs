//! Policies: which are in force in the chosen environment, and what their rules say of what is planned.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::handle::{Frame, ResourceHandle, ResourceKind};
use super::machine::{Locals, Machine, Slots, World};
use super::origins::Reads;
use super::unit::{Evaluation, Reader, shown};
use crate::check::typed::{self, About, ExprId, PolicyMember, PolicyNode, Rule, Rules};
use crate::desired::{DesiredResource, Judge, Judgement, Policy, Read, Ruling, Waiver};
use crate::diagnostic::{Code, Diagnostic};
use crate::schema::ResourceSchema;
use crate::value::{EvalFailure, Known, Phase, Source, Unknown, Value};

/// Puts the policies that are in force, and the waivers, into what is desired.
pub(super) fn collect(evaluation: &mut Evaluation<'_>, frame: &Arc<Frame>) {
    let (world, counted) = (evaluation.world.clone(), evaluation.steps.clone());
    let program = world.program.clone();
    let reader = Reader::new(&world, frame, &counted);
    let steps = Arc::new(AtomicU64::new(0));
    let (mut ways, mut mistakes) = (Ways::new(&program), Vec::new());
    ways.follow(&program.policy_roots, &reader, &mut mistakes);
    for ((id, policy), way) in program.policies.iter().enumerate().zip(ways.found) {
        let Some(mut groups) = way else { continue };
        let name = groups.pop().unwrap_or_else(|| policy.name.node.clone());
        let judge = Box::new(Judging { world: world.clone(), frame: frame.clone(), policy: id, steps: steps.clone() });
        let (doc, reason, span) = (policy.doc.clone(), policy.reason.clone(), policy.name.span);
        let policy = Policy { id, name, groups, doc, reason, span, types: types(policy), judge };
        evaluation.desired.policies.policies.push(Arc::new(policy));
    }
    mistakes.into_iter().for_each(|mistake| evaluation.report(mistake));
    for waiver in &program.waivers {
        match waiver.condition.map_or(Ok(true), |id| holds(id, &reader)) {
            Ok(true) => evaluation.desired.policies.waivers.push(Arc::new(Waiver {
                title: waiver.title.clone(),
                policies: waiver.policies.clone(),
                address: waiver.address.clone(),
                owner: waiver.owner.clone(),
                until: waiver.until,
                reason: waiver.reason.clone(),
                span: waiver.span,
            })),
            Ok(false) => {}
            Err(diagnostic) => evaluation.report(diagnostic),
        }
    }
}

fn types(policy: &typed::Policy) -> Option<Vec<Arc<str>>> {
    match &policy.about {
        About::Stack(_) => None,
        About::Resources(types) => Some(types.iter().map(|(schema, _)| schema.name.into()).collect()),
    }
}

/// The first way in which each policy is in force here: the names of the groups and, last, the policy's own.
struct Ways<'p> {
    program: &'p typed::Program,
    found: Vec<Option<Vec<Arc<str>>>>,
    /// Groups that were looked into, or are not in force.
    done: Vec<bool>,
    /// The names from the stack to here.
    names: Vec<Arc<str>>,
}

impl<'p> Ways<'p> {
    fn new(program: &'p typed::Program) -> Self {
        let (policies, groups) = (program.policies.len(), program.policy_groups.len());
        Self { program, found: vec![None; policies], done: vec![false; groups], names: Vec::new() }
    }

    fn follow(&mut self, members: &[PolicyMember], reader: &Reader<'_>, mistakes: &mut Vec<Diagnostic>) {
        for member in members {
            self.names.push(member.name.clone());
            match member.of {
                PolicyNode::Policy(at) => {
                    if let Some(place @ None) = self.found.get_mut(at) {
                        *place = Some(self.names.clone());
                    }
                }
                PolicyNode::Group(at) => {
                    if self.done.get_mut(at).is_some_and(|done| !std::mem::replace(done, true))
                        && let Some(group) = self.program.policy_groups.get(at)
                    {
                        match group.condition.map_or(Ok(true), |condition| holds(condition, reader)) {
                            Ok(true) => self.follow(&group.members, reader, mistakes),
                            Ok(false) => {}
                            Err(mistake) => mistakes.push(mistake),
                        }
                    }
                }
            }
            self.names.pop();
        }
    }
}

/// Whether a policy is in force must be known by plan; while a lookup is open it is taken to be.
fn holds(condition: ExprId, reader: &Reader<'_>) -> Result<bool, Diagnostic> {
    match reader.eval(condition, &Locals::default())? {
        Value::Unknown(unknown) if unknown.phase == Phase::Apply => {
            let source = format!("{}.{}", unknown.source.address, unknown.source.attribute);
            let span = reader.machine().span(condition);
            Err(Diagnostic::error(Code(303), span, "whether a policy is in force must be known before anything is created")
                .label(format!("depends on `{source}`"))
                .also(unknown.source.span, format!("`{source}` is known only after apply"))
                .help("use what the program itself gives, such as a param or `env.name`"))
        }
        Value::Bool(false) => Ok(false),
        _ => Ok(true),
    }
}

/// Asks one policy.
#[derive(Debug)]
struct Judging {
    world: World,
    /// The stack's declarations, which its own policies may refer to.
    frame: Arc<Frame>,
    policy: usize,
    /// Spent by all policies together.
    steps: Arc<AtomicU64>,
}

impl Judge for Judging {
    fn judge(&self, resource: Option<&Arc<DesiredResource>>, known: &dyn Known) -> Result<Option<Vec<Judgement>>, EvalFailure> {
        let Some((schema, rules)) = self.rules(resource) else { return Ok(None) };
        let subject = resource.zip(schema).map(|(resource, schema)| {
            let kind = ResourceKind::Planned(resource.clone());
            ResourceHandle { address: resource.address.clone(), schema: schema.clone(), kind }
        });
        let subject = subject.map(|handle| Value::Handle(Arc::new(handle)));
        let locals = subject.clone().map_or_else(Locals::default, |subject| Locals::default().with(subject));
        let (origins, steps) = (RefCell::new(Reads::default()), Cell::new(self.steps.load(Ordering::Relaxed)));
        let machine =
            Machine { world: &self.world, slots: Slots::Frame(&self.frame), known: Some(known), origins: &origins, steps: &steps };
        let said_of_it = self.world.program.policies.get(self.policy).and_then(|policy| first_line(&policy.doc));
        let judged = Court { machine: &machine, locals: &locals, subject: subject.as_ref(), said_of_it }.judge(rules);
        self.steps.fetch_max(steps.get(), Ordering::Relaxed);
        judged
    }
}

impl Judging {
    fn rules(&self, resource: Option<&Arc<DesiredResource>>) -> Option<(Option<&Arc<ResourceSchema>>, &Rules)> {
        let policy = self.world.program.policies.get(self.policy)?;
        match (&policy.about, resource) {
            (About::Stack(rules), None) => Some((None, rules)),
            (About::Resources(types), Some(resource)) => {
                types.iter().find(|(schema, _)| *schema.name == *resource.type_name).map(|(schema, rules)| (Some(schema), rules))
            }
            _ => None,
        }
    }
}

/// One policy before one resource.
struct Court<'a> {
    machine: &'a Machine<'a>,
    locals: &'a Locals,
    subject: Option<&'a Value>,
    /// The first line of the policy's documentation, for rules without a message.
    said_of_it: Option<Arc<str>>,
}

impl Court<'_> {
    fn judge(&self, rules: &Rules) -> Result<Option<Vec<Judgement>>, EvalFailure> {
        let waits = match rules.condition.map(|id| self.machine.eval(id, self.locals)).transpose()? {
            None | Some(Value::Bool(true)) => None,
            Some(Value::Unknown(unknown)) => Some(unknown),
            Some(_) => return Ok(None),
        };
        let mut found = Vec::new();
        for rule in &rules.rules {
            let ruling = match self.machine.eval(rule.assert.condition, self.locals)? {
                Value::Bool(true) => match &waits {
                    Some(unknown) => Ruling::Later(source(unknown)),
                    None => Ruling::Broken { message: self.message(rule)? },
                },
                Value::Unknown(unknown) => Ruling::Later(source(waits.as_ref().unwrap_or(&unknown))),
                _ => continue,
            };
            found.push(Judgement { denies: rule.denies, ruling, span: rule.assert.span, reads: self.reads(rule)? });
        }
        Ok(Some(found))
    }

    fn message(&self, rule: &Rule) -> Result<Arc<str>, EvalFailure> {
        Ok(match rule.assert.message.map(|id| self.machine.eval(id, self.locals)).transpose()? {
            Some(Value::String(text)) => text,
            // What the message wants to say is not known yet, or there is none.
            _ => self.said_of_it.clone().unwrap_or_else(|| format!("`{}`", rule.assert.text).into()),
        })
    }

    fn reads(&self, rule: &Rule) -> Result<Vec<Read>, EvalFailure> {
        let Some(subject) = self.subject else { return Ok(Vec::new()) };
        let mut reads = Vec::with_capacity(rule.reads.len());
        for path in &rule.reads {
            let Some(attribute) = path.first() else { continue };
            let mut value = subject.clone();
            for name in path.iter() {
                value = match &value {
                    Value::Unknown(_) => break,
                    base => self.machine.part(base, name, rule.assert.span)?,
                };
            }
            let said = said(&value).into();
            reads.push(Read { path: path.join(".").into(), attribute: attribute.clone(), value, said });
        }
        Ok(reads)
    }
}

/// Letters of a list or record that a sentence has room for.
const ROOM: usize = 80;

/// A value in a sentence: small lists and records as they are, large ones as what they are.
fn said(value: &Value) -> String {
    let whole = match value {
        value if value.weight() > ROOM as u64 => return shown(value),
        Value::List(items) if !items.is_empty() && items.len() <= ROOM => {
            format!("[{}]", items.iter().map(said).collect::<Vec<_>>().join(", "))
        }
        Value::Object(entries) if !entries.is_empty() && entries.len() <= ROOM => {
            let set = entries.iter().filter(|(_, value)| !value.is_null());
            format!("{{ {} }}", set.map(|(name, value)| format!("{name} = {}", said(value))).collect::<Vec<_>>().join(", "))
        }
        value => return shown(value),
    };
    if whole.chars().count() <= ROOM { whole } else { shown(value) }
}

fn first_line(doc: &str) -> Option<Arc<str>> {
    let line = doc.lines().next()?.trim().trim_end_matches('.');
    (!line.is_empty()).then(|| line.into())
}

fn source(unknown: &Unknown) -> Source {
    unknown.source.clone()
}
