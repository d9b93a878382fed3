//! The typed view of a file: what the checker reads.

use std::sync::Arc;

use crate::diagnostic::Code;
use crate::source::{FileId, Span, Spanned};
use crate::value::Value;

pub type Name = Spanned<Arc<str>>;

#[derive(Debug, Clone)]
pub struct File {
    pub id: FileId,
    pub items: Vec<Item>,
}

#[derive(Debug, Clone)]
pub struct Item {
    pub doc: Arc<str>,
    pub span: Span,
    pub kind: ItemKind,
}

/// What is large and rare is boxed: most items are resources, and there may be tens of thousands.
#[derive(Debug, Clone)]
pub enum ItemKind {
    Stack { name: Name, entries: Vec<Entry> },
    Env { name: Name, entries: Vec<Entry> },
    Param(Param),
    Type { name: Name, ty: TypeExpr },
    Let(Let),
    Fn(Function),
    Use(Use),
    Component { name: Name, items: Vec<Item> },
    Resource(Resource),
    Lookup(Resource),
    Output(Output),
    Assert(Assert),
    Policy(Box<Policy>),
    Waiver(Box<Waiver>),
    Test(Test),
    Moved { from: Address, to: Address },
    Import { address: Address, id: Expr },
    Forget { address: Address },
}

#[derive(Debug, Clone)]
pub struct Param {
    pub name: Name,
    pub ty: TypeExpr,
    pub default: Option<Expr>,
    pub checks: Vec<Assert>,
}

#[derive(Debug, Clone)]
pub struct Let {
    pub name: Name,
    pub ty: Option<TypeExpr>,
    pub value: Expr,
}

#[derive(Debug, Clone)]
pub struct Function {
    pub name: Name,
    pub params: Vec<(Name, TypeExpr)>,
    pub result: TypeExpr,
    pub body: Expr,
}

#[derive(Debug, Clone)]
pub struct Use {
    pub source: Spanned<UseSource>,
    /// Name there, name here.
    pub names: Vec<(Name, Name)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UseSource {
    /// `std.network`
    Library(Arc<str>),
    /// `"../modules/eks"`
    Folder(Arc<str>),
}

#[derive(Debug, Clone)]
pub struct Resource {
    pub name: Name,
    pub ty: Name,
    pub each: Option<Box<For>>,
    pub condition: Option<Expr>,
    pub entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
pub struct For {
    pub first: Name,
    pub second: Option<Name>,
    pub source: Expr,
    pub key: Option<Expr>,
}

#[derive(Debug, Clone)]
pub struct Output {
    pub name: Name,
    pub ty: TypeExpr,
    pub value: Expr,
}

#[derive(Debug, Clone)]
pub struct Assert {
    pub condition: Expr,
    pub message: Option<Expr>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Policy {
    pub name: Name,
    /// `for x: T | U`
    pub subject: Option<PolicySubject>,
    pub condition: Option<Expr>,
    pub rules: Vec<PolicyRule>,
    pub entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
pub struct PolicySubject {
    pub name: Name,
    pub types: Vec<Name>,
}

/// `deny if condition, "message"`
#[derive(Debug, Clone)]
pub struct PolicyRule {
    /// `deny` or `warn`
    pub verdict: Name,
    pub assert: Assert,
}

/// `waive production.multi_az for db.instance { … }`
#[derive(Debug, Clone)]
pub struct Waiver {
    /// The policy's name, behind those of groups that it is in.
    pub policy: Spanned<Vec<Name>>,
    pub address: Option<Address>,
    pub condition: Option<Expr>,
    pub entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
pub struct Test {
    pub name: Name,
    /// What it declares: a small stack of its own. Without any it is about the stack that it stands in.
    pub items: Vec<Item>,
    /// What it does, in the order of its lines.
    pub steps: Vec<TestStep>,
}

#[derive(Debug, Clone)]
pub enum TestStep {
    Env {
        name: Name,
        entries: Vec<Entry>,
    },
    /// `with { … }`: other params from here on.
    With {
        entries: Vec<Entry>,
        span: Span,
    },
    Run(Spanned<Verb>),
    /// `expect error E0306 "a part of its text"`; no code where the word is none.
    Expect {
        code: Spanned<Option<Code>>,
        text: Option<Name>,
    },
    Assert(Assert),
    Let(Let),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Plan,
    Apply,
    Destroy,
}

/// `a["x"].b` in `moved`, `import` and `forget`.
#[derive(Debug, Clone)]
pub struct Address {
    pub steps: Vec<(Name, Option<Expr>)>,
    pub span: Span,
}

/// `name = value`
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub doc: Arc<str>,
    pub key: Key,
    pub value: Expr,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    Name(Name),
    /// `@after`, without the `@`.
    Engine(Name),
    /// `"any text"`
    Text(Expr),
}

impl Key {
    pub fn span(&self) -> Span {
        match self {
            Key::Name(name) | Key::Engine(name) => name.span,
            Key::Text(expr) => expr.span,
        }
    }
}

pub type TypeExpr = Spanned<Box<TypeKind>>;

#[derive(Debug, Clone)]
pub enum TypeKind {
    Named { path: Name, args: Vec<TypeExpr> },
    Text(Arc<str>),
    List(TypeExpr),
    Map(TypeExpr),
    Record(Vec<FieldExpr>),
    Function(Vec<TypeExpr>, TypeExpr),
    Optional(TypeExpr),
    Union(Vec<TypeExpr>),
}

#[derive(Debug, Clone)]
pub struct FieldExpr {
    pub doc: Arc<str>,
    pub name: Name,
    pub ty: TypeExpr,
    pub default: Option<Expr>,
}

pub type Expr = Spanned<Box<ExprKind>>;

/// What is large and rare is boxed here, too: a large program has several for each line.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    Literal(Value),
    /// Reported as wrong; says nothing more.
    Broken,
    /// Text with `${}` in it.
    Template(Vec<Part>),
    Name(Arc<str>),
    List(Vec<Expr>),
    Record(Vec<Entry>),
    ListFor {
        head: Box<ForHead>,
        body: Expr,
    },
    MapFor {
        head: Box<ForHead>,
        key: Expr,
        value: Expr,
    },
    Lambda {
        params: Vec<Name>,
        body: Expr,
    },
    Unary {
        op: Spanned<UnaryOp>,
        operand: Expr,
    },
    Binary {
        op: Spanned<BinaryOp>,
        operands: Box<Operands>,
    },
    Member {
        base: Expr,
        name: Name,
        safe: bool,
    },
    Index {
        base: Expr,
        index: Expr,
    },
    Call {
        callee: Expr,
        args: Vec<Expr>,
    },
    If {
        condition: Expr,
        branches: Box<Branches>,
    },
    Match {
        subject: Expr,
        arms: Vec<Arm>,
    },
    /// `s3 { … }`, in `stack` only.
    Tagged {
        tag: Name,
        entries: Vec<Entry>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Operands {
    pub left: Expr,
    pub right: Expr,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Branches {
    pub then: Expr,
    pub otherwise: Expr,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    Text(Arc<str>),
    Expr(Expr),
}

#[derive(Debug, Clone, PartialEq)]
pub struct ForHead {
    pub first: Name,
    pub second: Option<Name>,
    pub source: Expr,
    pub condition: Option<Expr>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    pub patterns: Vec<Spanned<Pattern>>,
    pub guard: Option<Expr>,
    pub body: Expr,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    Any,
    Value(Value),
    Range { from: Value, to: Value, inclusive: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    Not,
    Minus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    /// `??`
    Default,
    /// `..`
    Range,
    /// `..=`
    RangeInclusive,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl BinaryOp {
    pub fn text(self) -> &'static str {
        match self {
            BinaryOp::Or => "||",
            BinaryOp::And => "&&",
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "!=",
            BinaryOp::Less => "<",
            BinaryOp::LessEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterEqual => ">=",
            BinaryOp::Default => "??",
            BinaryOp::Range => "..",
            BinaryOp::RangeInclusive => "..=",
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
            BinaryOp::Remainder => "%",
        }
    }

    /// How tightly it binds; comparisons do not chain.
    pub fn precedence(self) -> u8 {
        match self {
            BinaryOp::Or => 1,
            BinaryOp::And => 2,
            BinaryOp::Equal | BinaryOp::NotEqual | BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual => 3,
            BinaryOp::Default => 4,
            BinaryOp::Range | BinaryOp::RangeInclusive => 5,
            BinaryOp::Add | BinaryOp::Subtract => 6,
            BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Remainder => 7,
        }
    }

    pub fn is_comparison(self) -> bool {
        self.precedence() == 3
    }
}
