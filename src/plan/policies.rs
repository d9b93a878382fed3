//! What the stack's policies say of a plan: denials, warnings, what is waived, and what can only be told later.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::address::{Address, Step};
use crate::desired::{Desired, DesiredResource, Judgement, Policies, Policy, Read, Resources, Ruling, Waiver};
use crate::diagnostic::{Code, DENIED, Diagnostic, closest};
use crate::source::Span;
use crate::value::{Date, EvalFailure, Known, Source, Value};

/// Resources of one declaration that a diagnostic names; the others are counted.
const NAMED: usize = 3;

/// What the policies say.
#[derive(Debug, Clone, Default)]
pub struct Policing {
    /// Resource by resource in the program's order, then the stack as a whole. Rules that hold say nothing.
    pub findings: Vec<PolicyFinding>,
    /// Every waiver for this environment.
    pub waivers: Vec<WaiverUse>,
    today: Option<Date>,
}

/// A rule that does not hold, or cannot be told yet.
#[derive(Debug, Clone)]
pub struct PolicyFinding {
    pub policy: Arc<Policy>,
    /// `None`: the stack as a whole.
    pub resource: Option<Arc<DesiredResource>>,
    /// `deny`, not `warn`.
    pub denies: bool,
    pub standing: Standing,
    /// The rule's condition.
    pub rule: Span,
    pub reads: Vec<Read>,
}

#[derive(Debug, Clone)]
pub enum Standing {
    /// `ended`: a waiver that let it be, until its day came.
    Broken {
        message: Arc<str>,
        ended: Option<Arc<Waiver>>,
    },
    Waived {
        message: Arc<str>,
        by: Arc<Waiver>,
    },
    /// Depends on what is known after apply.
    Later(Source),
}

/// A waiver, and what it does.
#[derive(Debug, Clone)]
pub struct WaiverUse {
    pub waiver: Arc<Waiver>,
    pub state: WaiverState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaiverState {
    /// Lets something be, or may once more is known.
    Waives,
    /// Its last day is over.
    Ended,
    /// There is nothing that it lets be. `missing`: not even what it is for.
    Idle { missing: bool },
    /// The policies that it names look at nothing in this environment.
    Unasked,
}

/// Asks every policy about every resource of its types. Linear in the number of pairs. `today` is the caller's; without
/// one no waiver ends.
pub(super) fn police(
    policies: &Policies,
    resources: &Resources,
    known: &dyn Known,
    today: Option<Date>,
) -> Result<Policing, Vec<Diagnostic>> {
    let mut rounds = Rounds { policies, today, findings: Vec::new(), mistakes: Vec::new(), used: HashMap::new() };
    let mut by_type: HashMap<&str, Vec<&Arc<Policy>>> = HashMap::new();
    for policy in &policies.policies {
        for name in policy.types.iter().flatten() {
            by_type.entry(name).or_default().push(policy);
        }
    }
    if !by_type.is_empty() {
        for resource in resources.values() {
            for policy in by_type.get(&*resource.type_name).into_iter().flatten() {
                rounds.ask(policy, Some(resource), known);
            }
        }
    }
    for policy in policies.policies.iter().filter(|policy| policy.types.is_none()) {
        rounds.ask(policy, None, known);
    }
    rounds.end(resources)
}

/// What the policies say as far as it is known without the cloud and without a state.
pub fn police_program(desired: &Desired, today: Option<Date>) -> Result<Policing, Vec<Diagnostic>> {
    struct Nothing;
    impl Known for Nothing {
        fn attribute(&self, _: &Address, _: &str) -> Option<Value> {
            None
        }
    }
    police(&desired.policies, &desired.resources, &Nothing, today)
}

struct Rounds<'a> {
    policies: &'a Policies,
    today: Option<Date>,
    findings: Vec<PolicyFinding>,
    mistakes: Vec<Diagnostic>,
    /// Waivers that something was looked at for, by position; true: there was something to waive.
    used: HashMap<usize, bool>,
}

impl Rounds<'_> {
    fn ask(&mut self, policy: &Arc<Policy>, resource: Option<&Arc<DesiredResource>>, known: &dyn Known) {
        let judged = match policy.judge.judge(resource, known) {
            Ok(Some(judged)) => judged,
            Ok(None) => return,
            Err(failure) => {
                self.mistakes.push(failed(&failure, resource));
                return;
            }
        };
        let address = resource.map(|resource| &resource.address);
        for (at, waiver) in self.policies.waivers.iter().enumerate() {
            if waiver.covers(policy.id, address) {
                *self.used.entry(at).or_default() |= !judged.is_empty();
            }
        }
        for judgement in judged {
            let standing = standing(&judgement, policy, address, &self.policies.waivers, self.today);
            let Judgement { denies, span: rule, reads, .. } = judgement;
            self.findings.push(PolicyFinding { policy: policy.clone(), resource: resource.cloned(), denies, standing, rule, reads });
        }
    }

    fn end(mut self, resources: &Resources) -> Result<Policing, Vec<Diagnostic>> {
        if !self.mistakes.is_empty() {
            self.mistakes.dedup();
            return Err(self.mistakes);
        }
        let policies = |waiver: &Waiver| self.policies.policies.iter().filter(|p| waiver.policies.contains(&p.id)).collect::<Vec<_>>();
        let waivers = self.policies.waivers.iter().enumerate().map(|(at, waiver)| {
            let named = policies(waiver);
            let mut within = resources.values().filter(|r| waiver.address.as_ref().is_some_and(|own| r.address.is_within(own))).peekable();
            let there = waiver.address.is_none() || within.peek().is_some();
            let mut looked_at = || within.any(|r| named.iter().any(|p| p.types.iter().flatten().any(|name| *name == r.type_name)));
            let state = match self.used.get(&at) {
                Some(true) if ended(waiver, self.today) => WaiverState::Ended,
                Some(true) => WaiverState::Waives,
                Some(false) => WaiverState::Idle { missing: false },
                // Of its type, but left out by the policy's `if`.
                None if named.is_empty() || waiver.address.is_none() || looked_at() => WaiverState::Unasked,
                None => WaiverState::Idle { missing: !there },
            };
            WaiverUse { waiver: waiver.clone(), state }
        });
        Ok(Policing { waivers: waivers.collect(), findings: self.findings, today: self.today })
    }
}

fn failed(failure: &EvalFailure, resource: Option<&Arc<DesiredResource>>) -> Diagnostic {
    let diagnostic = super::diff::failed(failure);
    match resource {
        Some(resource) => diagnostic.also(resource.span, format!("for `{}`", resource.address)),
        None => diagnostic,
    }
}

fn ended(waiver: &Waiver, today: Option<Date>) -> bool {
    today.is_some_and(|today| today > waiver.until)
}

fn standing(judgement: &Judgement, policy: &Policy, address: Option<&Address>, waivers: &[Arc<Waiver>], today: Option<Date>) -> Standing {
    let message = match &judgement.ruling {
        Ruling::Later(source) => return Standing::Later(source.clone()),
        Ruling::Broken { message } => message.clone(),
    };
    let covering = waivers.iter().filter(|waiver| waiver.covers(policy.id, address));
    match covering.clone().find(|waiver| !ended(waiver, today)) {
        Some(by) => Standing::Waived { message, by: by.clone() },
        None => Standing::Broken { message, ended: covering.max_by_key(|waiver| waiver.until).cloned() },
    }
}

/// Findings that one line of the program causes, or one that is missing: of the same rule, with the same message.
#[derive(Debug)]
pub struct Alike<'a> {
    pub first: &'a PolicyFinding,
    pub others: Vec<&'a PolicyFinding>,
}

impl<'a> Alike<'a> {
    fn of(findings: impl Iterator<Item = &'a PolicyFinding>) -> Vec<Self> {
        let mut lines: IndexMap<(Span, Option<Span>, &str), Self> = IndexMap::new();
        for finding in findings {
            let line = (finding.rule, finding.written(), finding.message().map_or("", |message| message));
            match lines.entry(line) {
                indexmap::map::Entry::Occupied(mut line) => line.get_mut().others.push(finding),
                indexmap::map::Entry::Vacant(line) => _ = line.insert(Self { first: finding, others: Vec::new() }),
            }
        }
        lines.into_values().collect()
    }

    /// The resources, each as `shown` shows it; many are counted: `a, b, c and 7 more`.
    pub fn subjects(&self, shown: impl Fn(&str) -> String) -> String {
        let all = std::iter::once(&self.first).chain(&self.others);
        let named: Vec<String> = match &self.first.resource {
            Some(_) => all.take(NAMED).map(|finding| shown(&finding.subject())).collect(),
            None => vec![self.first.subject()],
        };
        match (self.others.len() + 1).saturating_sub(named.len()) {
            0 => match named.split_last() {
                Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
                _ => named.concat(),
            },
            more => format!("{} and {more} more", named.join(", ")),
        }
    }
}

impl PolicyFinding {
    pub fn is_broken(&self) -> bool {
        matches!(self.standing, Standing::Broken { .. })
    }

    pub fn message(&self) -> Option<&Arc<str>> {
        match &self.standing {
            Standing::Broken { message, .. } | Standing::Waived { message, .. } => Some(message),
            Standing::Later(_) => None,
        }
    }

    /// Where the program sets what the rule blames.
    fn written(&self) -> Option<Span> {
        let resource = self.resource.as_ref()?;
        self.reads.iter().find_map(|read| resource.attribute_spans.get(&read.attribute))
    }

    /// The attribute that the rule blames, where the program sets it; else the resource, else the rule.
    pub fn place(&self) -> Span {
        self.written().unwrap_or_else(|| self.resource.as_ref().map_or(self.rule, |resource| resource.span))
    }

    /// `db.instance`, or what there is of the stack.
    pub fn subject(&self) -> String {
        self.resource.as_ref().map_or_else(|| "the stack".to_owned(), |resource| resource.address.to_string())
    }
}

impl Policing {
    /// Rules that deny, no waiver in the way.
    pub fn denied(&self) -> impl Iterator<Item = &PolicyFinding> + Clone {
        self.findings.iter().filter(|finding| finding.denies && finding.is_broken())
    }

    pub fn warned(&self) -> impl Iterator<Item = &PolicyFinding> + Clone {
        self.findings.iter().filter(|finding| !finding.denies && finding.is_broken())
    }

    /// What is denied, together where it comes from one line.
    pub fn denials(&self) -> Vec<Alike<'_>> {
        Alike::of(self.denied())
    }

    /// What is warned of, together where it comes from one line.
    pub fn warnings(&self) -> Vec<Alike<'_>> {
        Alike::of(self.warned())
    }

    pub fn waived(&self) -> impl Iterator<Item = (&PolicyFinding, &Arc<Waiver>)> {
        self.findings.iter().filter_map(|finding| match &finding.standing {
            Standing::Waived { by, .. } => Some((finding, by)),
            _ => None,
        })
    }

    /// What can be told only after apply, and the attribute that it waits for.
    pub fn later(&self) -> impl Iterator<Item = (&PolicyFinding, &Source)> + Clone {
        self.findings.iter().filter_map(|finding| match &finding.standing {
            Standing::Later(source) => Some((finding, source)),
            _ => None,
        })
    }

    /// Asks again what could not be told; the answers take the place of the questions.
    pub(crate) fn ask_again(&mut self, known: &dyn Known) {
        let waivers: Vec<Arc<Waiver>> = self.waivers.iter().map(|used| used.waiver.clone()).collect();
        let today = self.today;
        let again = |mut finding: PolicyFinding| {
            if !matches!(finding.standing, Standing::Later(_)) {
                return Some(finding);
            }
            // What cannot be computed even now stays open; the next plan says so.
            let Ok(judged) = finding.policy.judge.judge(finding.resource.as_ref(), known) else { return Some(finding) };
            let judgement = judged.into_iter().flatten().find(|judgement| judgement.span == finding.rule)?;
            let address = finding.resource.as_ref().map(|resource| &resource.address);
            finding.standing = standing(&judgement, &finding.policy, address, &waivers, today);
            finding.reads = judgement.reads;
            Some(finding)
        };
        self.findings = std::mem::take(&mut self.findings).into_iter().filter_map(again).collect();
    }

    /// Denials as errors, then warnings and waivers that do nothing. What one line of the program does wrong is told once,
    /// for however many resources; and so is what no line of it sets.
    pub fn diagnostics(&self, resources: &[&Address]) -> Vec<Diagnostic> {
        let alike = self.denials().into_iter().chain(self.warnings());
        alike.map(|alike| diagnostic(&alike)).chain(self.waivers.iter().filter_map(|used| idle(used, resources))).collect()
    }
}

fn diagnostic(alike: &Alike<'_>) -> Diagnostic {
    let (finding, others) = (alike.first, &alike.others);
    let policy = &finding.policy;
    let message = finding.message().map_or("", |message| message);
    let subject = alike.subjects(|address| format!("`{address}`"));
    let mut diagnostic = if finding.denies {
        Diagnostic::error(DENIED, finding.place(), format!("the policy `{}` denies {subject}: {message}", policy.name))
    } else {
        Diagnostic::warning(Code(802), finding.place(), format!("the policy `{}` warns of {subject}: {message}", policy.name))
    };
    if finding.resource.is_some() {
        diagnostic = diagnostic.label(planned(finding));
        for other in others.iter().take(NAMED - 1).filter(|other| other.place() != finding.place()) {
            diagnostic = diagnostic.also(other.place(), planned(other));
        }
        diagnostic = diagnostic.also(finding.rule, format!("the rule of `{}`", policy.name));
    } else {
        diagnostic = diagnostic.label(format!("the rule of `{}`", policy.name));
    }
    if let Standing::Broken { ended: Some(waiver), .. } = &finding.standing {
        diagnostic = diagnostic.also(waiver.span, format!("this waiver of {} ended on {}", waiver.owner, waiver.until));
    }
    diagnostic.help(way_out(finding, others))
}

/// `multi_az` is false, as it is when left out
fn planned(finding: &PolicyFinding) -> String {
    let Some(resource) = &finding.resource else { return String::new() };
    let said = finding.reads.iter().map(|read| {
        let left_out = if resource.inputs.contains_key(&read.attribute) || read.value.is_null() { "" } else { ", as it is when left out" };
        format!("`{}` is {}{left_out}", read.path, read.said)
    });
    said.collect::<Vec<_>>().join("; ")
}

/// Why there is the rule, what to change, and how to be let off for a time.
fn way_out(finding: &PolicyFinding, others: &[&PolicyFinding]) -> String {
    let mut lines: Vec<String> = finding.policy.reason.iter().map(|reason| reason.to_string()).collect();
    let change = match finding.reads.as_slice() {
        [Read { path, value: Value::Bool(flag), .. }] => format!("set `{path} = {}`; or ", !flag),
        [] => String::new(),
        reads => format!("change {}; or ", reads.iter().map(|read| format!("`{}`", read.path)).collect::<Vec<_>>().join(" or ")),
    };
    let target = finding.resource.as_ref().map(|resource| format!(" for {}", waivable(&resource.address, others))).unwrap_or_default();
    let waive = format!("waive {}{target} {{ owner = \"…\", until = \"YYYY-MM-DD\", reason = \"…\" }}", finding.policy.name);
    lines.push(format!("{change}let it be for a time with `{waive}`"));
    lines.join("\n")
}

/// The address that a waiver for all of them has: without keys when they are instances of one declaration.
fn waivable(address: &Address, others: &[&PolicyFinding]) -> Address {
    let mut others = others.iter().filter_map(|other| other.resource.as_ref()).peekable();
    let names = |address: &Address| address.steps().iter().map(|step| step.name.clone()).collect::<Vec<_>>();
    if others.peek().is_none() || others.any(|other| names(&other.address) != names(address)) {
        return address.clone();
    }
    Address::from(names(address).into_iter().map(|name| Step { name, key: None }).collect::<Vec<_>>())
}

/// The warning about a waiver that does nothing.
fn idle(used: &WaiverUse, resources: &[&Address]) -> Option<Diagnostic> {
    let waiver = &used.waiver;
    let WaiverState::Idle { missing } = used.state else { return None };
    let subject = waiver.address.as_ref().map_or_else(|| "the stack".to_owned(), |address| format!("`{address}`"));
    let near = || {
        let names: Vec<String> = resources.iter().map(|address| address.to_string()).collect();
        closest(&waiver.address.as_ref()?.to_string(), names.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"))
    };
    Some(match missing {
        true => {
            Diagnostic::warning(Code(805), waiver.span, format!("the waiver of `{}` is for {subject}, which is not there", waiver.title))
                .label("waives nothing")
                .help(near().unwrap_or_else(|| "remove it, or give it an `if` of the environments that have it".to_owned()))
        }
        false => Diagnostic::warning(Code(805), waiver.span, format!("`{}` has nothing against {subject}", waiver.title))
            .label("waives nothing")
            .help("remove the waiver: what it let be is mended"),
    })
}
