//! A checked program: every name resolved, every expression typed.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::diagnostic::Code;
use crate::diagnostic::Diagnostic;
use crate::schema::{Registry, ResourceSchema};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{BinaryOp, UnaryOp, Verb};
use crate::types::Type;
use crate::value::{Hashing, SecretStore, Value};

use super::builtin::{Builtin, Method};
pub use super::files_read::Files;

/// A stack that passed the checker. Immutable; evaluation and unknown values share it.
#[derive(Debug)]
pub struct Program {
    pub registry: Arc<Registry>,
    pub exprs: Vec<Expr>,
    pub functions: Vec<Function>,
    pub field_defaults: super::defaults::FieldDefaults,
    /// The stack itself is the first; the others are components.
    pub units: Vec<Unit>,
    pub stack: Stack,
    pub envs: Vec<Env>,
    /// Values given on the command line, which win over the environment's.
    pub overrides: Vec<Setting>,
    pub moves: Vec<crate::desired::Move>,
    pub imports: Vec<Import>,
    pub forgets: Vec<(crate::address::Address, Span)>,
    pub tests: Vec<Test>,
    /// Those that can be in force; which of them are is for the environment to say.
    pub policies: Vec<Policy>,
    pub policy_groups: Vec<PolicyGroup>,
    /// What the stack declares and brings in itself.
    pub policy_roots: Vec<PolicyMember>,
    pub waivers: Vec<Waiver>,
    /// The folder that `file(…)` may read.
    pub root: PathBuf,
    /// Files of fetched modules: the folder that `file(…)` is relative to there, and the one that it cannot leave.
    pub fetched: std::collections::HashMap<crate::source::FileId, (PathBuf, PathBuf)>,
    pub files: Arc<Files>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExprId(pub u32);

/// One for each word of the program: its size is what a large program takes.
#[derive(Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub ty: Type,
    pub span: Span,
}

#[derive(Debug)]
pub enum ExprKind {
    Const(Value),
    Template(Box<[ExprId]>),
    List(Box<[ExprId]>),
    Record(Box<[(RecordKey, ExprId)]>),
    /// A declaration of the same unit.
    Slot(usize),
    /// A name bound by `for`, a lambda or a function; counted from the innermost.
    Local(usize),
    EnvName,
    StackName,
    Member {
        base: ExprId,
        name: Arc<str>,
        safe: bool,
    },
    Index {
        base: ExprId,
        index: ExprId,
    },
    Unary {
        op: UnaryOp,
        operand: ExprId,
    },
    Binary {
        op: BinaryOp,
        left: ExprId,
        right: ExprId,
    },
    If {
        condition: ExprId,
        then: ExprId,
        otherwise: ExprId,
    },
    Match {
        subject: ExprId,
        arms: Box<[Arm]>,
    },
    ListFor {
        head: Box<ForHead>,
        body: ExprId,
    },
    MapFor {
        head: Box<ForHead>,
        key: ExprId,
        value: ExprId,
    },
    Lambda {
        params: usize,
        body: ExprId,
    },
    Call {
        function: u32,
        args: Box<[ExprId]>,
    },
    /// A param of a `fn` that is a function, called.
    Apply {
        callee: ExprId,
        args: Box<[ExprId]>,
    },
    Builtin {
        builtin: Builtin,
        args: Box<[ExprId]>,
    },
    Method {
        receiver: ExprId,
        method: Method,
        args: Box<[ExprId]>,
    },
    Secret {
        store: SecretStore,
        argument: ExprId,
    },
    /// The value in the form that the expression's type asks for: a resource as its id, a text as a version.
    Coerce(ExprId),
}

#[derive(Debug)]
pub enum RecordKey {
    Name(Arc<str>),
    Computed(ExprId),
}

#[derive(Debug)]
pub struct Arm {
    pub patterns: Vec<crate::syntax::ast::Pattern>,
    pub guard: Option<ExprId>,
    pub body: ExprId,
}

#[derive(Debug)]
pub struct ForHead {
    pub source: ExprId,
    /// One name or two.
    pub binders: usize,
    pub condition: Option<ExprId>,
}

#[derive(Debug)]
pub struct Function {
    pub name: Arc<str>,
    pub body: ExprId,
}

/// The stack, or a component: a scope of declarations.
#[derive(Debug)]
pub struct Unit {
    pub name: Arc<str>,
    pub doc: Arc<str>,
    pub declarations: Vec<Declaration>,
    /// Positions of `declarations` such that each comes after what it refers to.
    pub order: Vec<usize>,
    pub asserts: Vec<Assert>,
    /// Circles of declarations that are no error as long as no resource waits for itself: in them a declaration is read before it is there.
    pub circles: Vec<Diagnostic>,
    /// Where each name is among the declarations.
    slots: HashMap<Arc<str>, usize, Hashing>,
}

#[derive(Debug)]
pub struct Declaration {
    pub name: Spanned<Arc<str>>,
    pub doc: Arc<str>,
    pub ty: Type,
    pub kind: DeclarationKind,
}

#[derive(Debug)]
pub enum DeclarationKind {
    Param {
        default: Option<ExprId>,
        checks: Vec<Assert>,
    },
    Let(ExprId),
    Output(ExprId),
    Resource(ResourceDeclaration),
    Lookup(ResourceDeclaration),
    Component(ComponentDeclaration),
    /// Reported as wrong.
    Broken,
}

#[derive(Debug)]
pub struct Assert {
    pub condition: ExprId,
    pub message: Option<ExprId>,
    /// What `condition` says, for when there is no message.
    pub text: Arc<str>,
    pub span: Span,
}

/// A rule book for resources of some types, or for the stack as a whole.
#[derive(Debug)]
pub struct Policy {
    pub name: Spanned<Arc<str>>,
    pub doc: Arc<str>,
    pub reason: Option<Arc<str>>,
    pub about: About,
}

/// Brings others into force, while its condition holds.
#[derive(Debug)]
pub struct PolicyGroup {
    pub condition: Option<ExprId>,
    pub members: Vec<PolicyMember>,
}

/// What a group, or the stack itself, brings into force, and what it calls that.
#[derive(Debug)]
pub struct PolicyMember {
    pub name: Arc<str>,
    pub of: PolicyNode,
}

/// By position in [`Program::policies`] or [`Program::policy_groups`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyNode {
    Policy(usize),
    Group(usize),
}

#[derive(Debug)]
pub enum About {
    Stack(Rules),
    /// The same rules, checked for each type; the resource is the only name that is bound.
    Resources(Vec<(Arc<ResourceSchema>, Rules)>),
}

#[derive(Debug)]
pub struct Rules {
    pub condition: Option<ExprId>,
    pub rules: Vec<Rule>,
}

/// `deny if …` or `warn if …`
#[derive(Debug)]
pub struct Rule {
    pub denies: bool,
    pub assert: Assert,
    /// What the condition reads of the resource.
    pub reads: Vec<Arc<[Arc<str>]>>,
}

/// Lets something that a policy forbids be, until a day.
#[derive(Debug)]
pub struct Waiver {
    /// As written: `production.multi_az`.
    pub title: Arc<str>,
    /// Positions in [`Program::policies`].
    pub policies: Vec<usize>,
    /// What it is for, and all inside; `None`: the stack as a whole.
    pub address: Option<crate::address::Address>,
    pub condition: Option<ExprId>,
    pub owner: Arc<str>,
    /// The last day.
    pub until: crate::value::Date,
    pub reason: Arc<str>,
    pub span: Span,
}

#[derive(Debug)]
pub struct Instances {
    pub each: Option<Each>,
    pub condition: Option<ExprId>,
}

#[derive(Debug)]
pub struct Each {
    pub source: ExprId,
    pub binders: usize,
    pub key: Option<ExprId>,
}

#[derive(Debug)]
pub struct ResourceDeclaration {
    pub schema: Arc<ResourceSchema>,
    pub instances: Instances,
    pub entries: Vec<Setting>,
    pub options: Options,
}

#[derive(Debug)]
pub struct ComponentDeclaration {
    pub unit: usize,
    pub instances: Instances,
    pub entries: Vec<Setting>,
    pub options: Options,
}

/// `import address = id`
#[derive(Debug)]
pub struct Import {
    pub address: crate::address::Address,
    /// A text, or nothing where nothing is to be imported.
    pub id: ExprId,
    pub span: Span,
}

/// `name = value`: an attribute, or a param of the unit it is for.
#[derive(Debug)]
pub struct Setting {
    pub name: Spanned<Arc<str>>,
    pub value: ExprId,
}

/// `@…` settings.
#[derive(Debug, Default)]
pub struct Options {
    /// The names as they are written, without the `@`.
    pub names: Vec<Spanned<Arc<str>>>,
    pub after: Vec<ExprId>,
    pub region: Option<ExprId>,
    pub account: Option<ExprId>,
    pub protect: Option<ExprId>,
    pub retain: Option<ExprId>,
    pub ignore: Option<ExprId>,
    pub replace: Option<ExprId>,
    pub timeout: Option<ExprId>,
}

#[derive(Debug)]
pub struct Env {
    pub name: Spanned<Arc<str>>,
    pub settings: Vec<Setting>,
    pub options: Options,
}

/// A `test` block.
#[derive(Debug)]
pub struct Test {
    pub name: Spanned<Arc<str>>,
    /// What it is about: the stack, which is unit 0, or the test's own declarations.
    pub unit: usize,
    /// One of the stack's environments; for a test with declarations of its own any name, or none.
    pub env: Option<Arc<str>>,
    pub steps: Vec<TestStep>,
}

/// What a test does. Expressions see the names of the unit, and as locals `plan`, and then each `let` above them.
#[derive(Debug)]
pub enum TestStep {
    /// Other values for params and the engine's settings, from here on.
    With {
        settings: Vec<Setting>,
        options: Options,
        span: Span,
    },
    Run(Spanned<Verb>),
    /// An error of this code, whose message holds this text.
    Expect {
        code: Code,
        text: Option<Arc<str>>,
        span: Span,
    },
    Assert(Assert),
    Let(ExprId),
}

#[derive(Debug)]
pub struct Stack {
    pub name: Arc<str>,
    pub tags: Option<ExprId>,
    pub external_tags: Option<ExprId>,
    pub state: StateDeclaration,
    pub encryption: EncryptionDeclaration,
    pub options: Options,
}

/// What the state is encrypted with.
#[derive(Debug)]
pub enum EncryptionDeclaration {
    None,
    Passphrase,
    Kms { key: ExprId, region: Option<ExprId> },
    Age { recipients: ExprId },
}

#[derive(Debug)]
pub enum StateDeclaration {
    Local,
    S3 { bucket: ExprId, region: Option<ExprId>, prefix: Option<ExprId> },
    Gcs { bucket: ExprId, prefix: Option<ExprId> },
    Azure { account: ExprId, container: ExprId, prefix: Option<ExprId> },
}

impl Program {
    /// The expression; ids only come from the checker that made this program.
    pub fn expr(&self, id: ExprId) -> Option<&Expr> {
        self.exprs.get(id.0 as usize)
    }

    pub fn env(&self, name: &str) -> Option<&Env> {
        self.envs.iter().find(|env| &**env.name == name)
    }
}

impl Unit {
    pub fn new(name: Arc<str>, doc: Arc<str>, declarations: Vec<Declaration>, order: Vec<usize>, asserts: Vec<Assert>) -> Self {
        let slots = declarations.iter().enumerate().map(|(slot, declaration)| (declaration.name.node.clone(), slot)).collect();
        Self { name, doc, declarations, order, asserts, circles: Vec::new(), slots }
    }

    pub fn find(&self, name: &str) -> Option<(usize, &Declaration)> {
        let slot = *self.slots.get(name)?;
        self.declarations.get(slot).map(|declaration| (slot, declaration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_small() {
        assert_eq!((size_of::<ExprKind>(), size_of::<Expr>()), (32, 72));
    }
}
