//! The policies that are in force, ready to be asked about what is planned.

use std::fmt;
use std::sync::Arc;

use super::DesiredResource;
use crate::address::Address;
use crate::source::Span;
use crate::value::{Date, EvalFailure, Known, Source, Value};

/// The policies and waivers of one environment of a stack.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    pub policies: Vec<Arc<Policy>>,
    pub waivers: Vec<Arc<Waiver>>,
}

/// A policy that is in force.
#[derive(Debug)]
pub struct Policy {
    /// What waivers know it by.
    pub id: usize,
    pub name: Arc<str>,
    /// The groups through which it is in force, from the outermost in.
    pub groups: Vec<Arc<str>>,
    pub doc: Arc<str>,
    /// Why there is such a rule.
    pub reason: Option<Arc<str>>,
    pub span: Span,
    /// Types of the resources that it is about; `None`: it is about the stack as a whole.
    pub types: Option<Vec<Arc<str>>>,
    pub judge: Box<dyn Judge>,
}

/// Says what a policy's rules come to.
pub trait Judge: fmt::Debug + Send + Sync {
    /// What there is to say of a resource, or of the stack, as far as `known` knows what will be: rules that hold say nothing.
    /// `None`: the policy's `if` excludes it.
    fn judge(&self, resource: Option<&Arc<DesiredResource>>, known: &dyn Known) -> Result<Option<Vec<Judgement>>, EvalFailure>;
}

/// What one rule says.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// `deny`, not `warn`.
    pub denies: bool,
    pub ruling: Ruling,
    /// The rule's condition.
    pub span: Span,
    /// What the condition reads of the resource.
    pub reads: Vec<Read>,
}

#[derive(Debug, Clone)]
pub enum Ruling {
    Broken {
        message: Arc<str>,
    },
    /// Cannot be told before this is known.
    Later(Source),
}

/// A part of a resource, and its planned value.
#[derive(Debug, Clone)]
pub struct Read {
    /// `resources_vpc_config.endpoint_public_access`
    pub path: Arc<str>,
    pub attribute: Arc<str>,
    pub value: Value,
    /// The value in a sentence; never a secret's text.
    pub said: Arc<str>,
}

/// Lets what a policy forbids be, until a day.
#[derive(Debug, Clone)]
pub struct Waiver {
    /// As written: `production.multi_az`.
    pub title: Arc<str>,
    /// Ids of policies.
    pub policies: Vec<usize>,
    /// What it is for, and all inside; `None`: the stack as a whole.
    pub address: Option<Address>,
    pub owner: Arc<str>,
    /// The last day.
    pub until: Date,
    pub reason: Arc<str>,
    pub span: Span,
}

impl Waiver {
    /// Is it for this resource, or, without one, for the stack as a whole?
    pub fn covers(&self, policy: usize, resource: Option<&Address>) -> bool {
        self.policies.contains(&policy)
            && match (&self.address, resource) {
                (Some(own), Some(address)) => address.is_within(own),
                (None, None) => true,
                _ => false,
            }
    }
}
