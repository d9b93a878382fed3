//! From the tree to the typed view. The grammar guarantees the shape; what only lowering can tell (a number too large,
//! an address with host bits) is reported here.

use std::collections::HashSet;
use std::sync::Arc;

use super::ast::{self, *};
use super::text;
use super::{Node, Rule, Tree};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span, Spanned};
use crate::value::{Duration, Hashing, Size, Value};

pub(super) struct Lowering<'a> {
    file: FileId,
    tree: &'a Tree,
    diagnostics: &'a mut Vec<Diagnostic>,
    /// The same word in many places is kept once.
    words: HashSet<Arc<str>, Hashing>,
}

impl<'a> Lowering<'a> {
    pub(super) fn new(file: FileId, tree: &'a Tree, diagnostics: &'a mut Vec<Diagnostic>) -> Self {
        Self { file, tree, diagnostics, words: HashSet::default() }
    }

    pub(super) fn file(&mut self) -> Vec<Item> {
        let tree = self.tree;
        let links = tree.links();
        let mut items = Vec::new();
        for node in tree.roots().flat_map(|root| if root.rule() == Rule::item { vec![root] } else { root.children().collect() }) {
            if node.rule() != Rule::item {
                continue;
            }
            match links.too_many(node, super::MAX_LINKS) {
                Some(place) => {
                    self.diagnostics.push(super::too_many_links(self.file, place));
                }
                None => items.extend(self.item(node)),
            }
        }
        items
    }

    pub(super) fn lone_expression(&mut self) -> Option<Expr> {
        let tree = self.tree;
        let node = tree.roots().next()?.child(Rule::expr)?;
        Some(self.expr(node))
    }

    fn span(&self, node: Node<'_>) -> Span {
        Span::new(self.file, node.start(), node.end())
    }

    fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(word) = self.words.get(text) {
            return word.clone();
        }
        let word: Arc<str> = text.into();
        self.words.insert(word.clone());
        word
    }

    fn name(&mut self, node: Node<'_>) -> Name {
        Spanned::new(self.word(node.text()), self.span(node))
    }

    /// The node's own children, documentation and comments left out.
    fn parts<'t>(node: Node<'t>) -> impl Iterator<Item = Node<'t>> + Clone {
        node.children().filter(|n| n.rule() != Rule::doc)
    }

    fn doc(node: Node<'_>) -> Arc<str> {
        if node.child(Rule::doc).is_none() {
            return Arc::default();
        }
        let lines: Vec<&str> = node
            .children()
            .filter(|n| n.rule() == Rule::doc)
            .map(|n| n.text().trim_start_matches('/'))
            .map(|l| l.strip_prefix(' ').unwrap_or(l).trim_end())
            .collect();
        lines.join("\n").into()
    }

    // ------------------------------------------------------------ items

    fn item(&mut self, node: Node<'_>) -> Option<Item> {
        let inner = Self::parts(node).next()?;
        let kind = match inner.rule() {
            Rule::stack => {
                let mut parts = Self::parts(inner);
                let name = self.name(parts.next()?);
                let entries = parts.next()?.children().filter_map(|n| self.stack_entry(n)).collect();
                ItemKind::Stack { name, entries }
            }
            Rule::env => {
                let mut parts = Self::parts(inner);
                ItemKind::Env { name: self.name(parts.next()?), entries: self.entries(parts.next()?) }
            }
            Rule::param => ItemKind::Param(self.param(inner)?),
            Rule::type_decl => {
                let mut parts = Self::parts(inner);
                ItemKind::Type { name: self.name(parts.next()?), ty: self.ty(parts.next()?)? }
            }
            Rule::let_decl => ItemKind::Let(self.let_decl(inner)?),
            Rule::fn_decl => ItemKind::Fn(self.function(inner)?),
            Rule::use_decl => ItemKind::Use(self.use_decl(inner)?),
            Rule::component => {
                let mut parts = Self::parts(inner);
                let name = self.name(parts.next()?);
                ItemKind::Component { name, items: parts.filter_map(|n| self.item(n)).collect() }
            }
            Rule::resource => ItemKind::Resource(self.resource(inner)?),
            Rule::lookup => ItemKind::Lookup(self.resource(inner)?),
            Rule::output => {
                let mut parts = Self::parts(inner);
                ItemKind::Output(Output { name: self.name(parts.next()?), ty: self.ty(parts.next()?)?, value: self.expr(parts.next()?) })
            }
            Rule::assert_decl => ItemKind::Assert(self.assert(inner)?),
            Rule::policy => ItemKind::Policy(Box::new(self.policy(inner)?)),
            Rule::waive => ItemKind::Waiver(Box::new(self.waiver(inner)?)),
            Rule::test => ItemKind::Test(self.test(inner)?),
            Rule::moved => {
                let mut parts = Self::parts(inner);
                ItemKind::Moved { from: self.address(parts.next()?)?, to: self.address(parts.next()?)? }
            }
            Rule::import_decl => {
                let mut parts = Self::parts(inner);
                ItemKind::Import { address: self.address(parts.next()?)?, id: self.expr(parts.next()?) }
            }
            Rule::forget => ItemKind::Forget { address: self.address(Self::parts(inner).next()?)? },
            _ => return None,
        };
        Some(Item { doc: Self::doc(node), span: self.span(inner), kind })
    }

    fn stack_entry(&mut self, node: Node<'_>) -> Option<Entry> {
        if node.rule() != Rule::stack_entry {
            return None;
        }
        let mut parts = Self::parts(node);
        let key = self.key(parts.next()?);
        let value = parts.next()?;
        let span = self.span(value);
        let value = if value.rule() == Rule::tagged {
            let mut inner = Self::parts(value);
            let tag = self.name(inner.next()?);
            Spanned::new(Box::new(ExprKind::Tagged { tag, entries: self.entries(inner.next()?) }), span)
        } else {
            self.expr(value)
        };
        Some(Entry { doc: Self::doc(node), key, value, span: self.span(node) })
    }

    fn param(&mut self, node: Node<'_>) -> Option<Param> {
        let mut parts = Self::parts(node);
        let name = self.name(parts.next()?);
        let ty = self.ty(parts.next()?)?;
        let (mut default, mut checks) = (None, Vec::new());
        for part in parts {
            match part.rule() {
                Rule::expr => default = Some(self.expr(part)),
                _ => checks = part.children().filter_map(|n| self.assert(n)).collect(),
            }
        }
        Some(Param { name, ty, default, checks })
    }

    fn assert(&mut self, node: Node<'_>) -> Option<Assert> {
        let mut parts = Self::parts(node);
        Some(Assert { condition: self.expr(parts.next()?), message: parts.next().map(|n| self.expr(n)), span: self.span(node) })
    }

    fn let_decl(&mut self, node: Node<'_>) -> Option<Let> {
        let name = self.name(Self::parts(node).next()?);
        let ty = match node.child(Rule::ty) {
            Some(ty) => Some(self.ty(ty)?),
            None => None,
        };
        Some(Let { name, ty, value: self.expr(node.child(Rule::expr)?) })
    }

    fn function(&mut self, node: Node<'_>) -> Option<Function> {
        let mut parts = Self::parts(node);
        let name = self.name(parts.next()?);
        let mut params = Vec::new();
        for param in Self::parts(parts.next()?) {
            let mut inner = Self::parts(param);
            params.push((self.name(inner.next()?), self.ty(inner.next()?)?));
        }
        Some(Function { name, params, result: self.ty(parts.next()?)?, body: self.expr(parts.next()?) })
    }

    fn use_decl(&mut self, node: Node<'_>) -> Option<Use> {
        let mut parts = Self::parts(node);
        let source = parts.next()?;
        let span = self.span(source);
        let what = if source.rule() == Rule::use_path {
            UseSource::Library(self.word(source.text()))
        } else {
            let expr = self.string(source);
            match *expr.node {
                ExprKind::Literal(Value::String(text)) => UseSource::Folder(text),
                _ => {
                    self.diagnostics.push(
                        Diagnostic::error(Code(104), span, "the folder of a `use` must be plain text")
                            .label("this has `${}` in it")
                            .help("name the one folder, and give what differs between environments to its components as params"),
                    );
                    return None;
                }
            }
        };
        let mut names = Vec::new();
        for entry in Self::parts(parts.next()?) {
            let mut inner = Self::parts(entry);
            let there = self.name(inner.next()?);
            let here = inner.next().map_or_else(|| there.clone(), |n| self.name(n));
            names.push((there, here));
        }
        Some(Use { source: Spanned::new(what, span), names })
    }

    fn resource(&mut self, node: Node<'_>) -> Option<Resource> {
        let mut parts = Self::parts(node);
        let name = self.name(parts.next()?);
        let ty = self.path(parts.next()?);
        let (mut each, mut condition, mut entries) = (None, None, Vec::new());
        for part in parts {
            match part.rule() {
                Rule::for_clause => {
                    let mut inner = Self::parts(part);
                    let (first, second) = self.binders(inner.next()?)?;
                    each = Some(Box::new(For { first, second, source: self.expr(inner.next()?), key: inner.next().map(|n| self.expr(n)) }));
                }
                Rule::if_clause => condition = Some(self.expr(Self::parts(part).next()?)),
                _ => entries = self.entries(part),
            }
        }
        Some(Resource { name, ty, each, condition, entries })
    }

    /// A dotted path as one name; spaces are not part of it by the grammar.
    fn path(&mut self, node: Node<'_>) -> Name {
        self.name(node)
    }

    fn binders(&mut self, node: Node<'_>) -> Option<(Name, Option<Name>)> {
        let mut parts = Self::parts(node);
        let first = self.name(parts.next()?);
        Some((first, parts.next().map(|n| self.name(n))))
    }

    fn policy(&mut self, node: Node<'_>) -> Option<Policy> {
        let mut parts = Self::parts(node);
        let name = self.plain_or_text_name(parts.next()?);
        let (mut subject, mut condition, mut rules, mut entries) = (None, None, Vec::new(), Vec::new());
        for part in parts {
            match part.rule() {
                Rule::policy_for => {
                    let mut inner = Self::parts(part);
                    let name = self.name(inner.next()?);
                    subject = Some(PolicySubject { name, types: inner.map(|n| self.path(n)).collect() });
                }
                Rule::if_clause => condition = Some(self.expr(Self::parts(part).next()?)),
                Rule::policy_rule => match part.child(Rule::entry) {
                    Some(entry) => entries.extend(self.entry(entry)),
                    None => {
                        let mut inner = Self::parts(part);
                        let verdict = self.name(inner.next()?);
                        let condition = self.expr(inner.next()?);
                        let message = inner.next().map(|n| self.expr(n));
                        rules.push(PolicyRule { verdict, assert: Assert { condition, message, span: self.span(part) } });
                    }
                },
                _ => {}
            }
        }
        Some(Policy { name, subject, condition, rules, entries })
    }

    fn waiver(&mut self, node: Node<'_>) -> Option<Waiver> {
        let mut parts = Self::parts(node);
        let waived = parts.next()?;
        let names = Self::parts(waived).map(|n| self.plain_or_text_name(n)).collect();
        let (mut address, mut condition, mut entries) = (None, None, Vec::new());
        for part in parts {
            match part.rule() {
                Rule::address => address = Some(self.address(part)?),
                Rule::if_clause => condition = Some(self.expr(Self::parts(part).next()?)),
                _ => entries = self.entries(part),
            }
        }
        Some(Waiver { policy: Spanned::new(names, self.span(waived)), address, condition, entries })
    }

    fn plain_or_text_name(&mut self, node: Node<'_>) -> Name {
        if node.rule() == Rule::string { self.text_name(node) } else { self.name(node) }
    }

    fn text_name(&mut self, node: Node<'_>) -> Name {
        let span = self.span(node);
        match *self.string(node).node {
            ExprKind::Literal(Value::String(text)) => Spanned::new(text, span),
            _ => Spanned::new(self.word(node.text()), span),
        }
    }

    fn test(&mut self, node: Node<'_>) -> Option<Test> {
        let mut parts = Self::parts(node);
        let name = self.text_name(parts.next()?);
        let (mut items, mut steps) = (Vec::new(), Vec::new());
        for part in parts {
            let Some(inner) = Self::parts(part).next() else { continue };
            match inner.rule() {
                Rule::param | Rule::resource | Rule::lookup => items.extend(self.item(part)),
                _ => steps.extend(self.test_step(inner)),
            }
        }
        // A test with a stack of its own may name a value for it: above the first thing it does.
        let first = steps.iter().position(|step| !matches!(step, TestStep::Let(_))).unwrap_or(steps.len());
        if !items.is_empty() {
            items.extend(steps.drain(..first).filter_map(|step| match step {
                TestStep::Let(l) => Some(Item { doc: "".into(), span: l.name.span, kind: ItemKind::Let(l) }),
                _ => None,
            }));
        }
        Some(Test { name, items, steps })
    }

    fn test_step(&mut self, node: Node<'_>) -> Option<TestStep> {
        let mut parts = Self::parts(node);
        Some(match node.rule() {
            Rule::test_env => {
                TestStep::Env { name: self.name(parts.next()?), entries: parts.next().map(|n| self.entries(n)).unwrap_or_default() }
            }
            Rule::test_with => TestStep::With { entries: self.entries(parts.next()?), span: self.span(node) },
            Rule::test_run => {
                let verb = parts.next()?;
                let what = match verb.text() {
                    "plan" => Verb::Plan,
                    "apply" => Verb::Apply,
                    _ => Verb::Destroy,
                };
                TestStep::Run(Spanned::new(what, self.span(verb)))
            }
            Rule::expect => {
                let code = parts.next()?;
                let text = parts.next().map(|n| self.text_name(n));
                TestStep::Expect { code: Spanned::new(code.text().parse().ok(), self.span(code)), text }
            }
            Rule::assert_decl => TestStep::Assert(self.assert(node)?),
            _ => TestStep::Let(self.let_decl(node)?),
        })
    }

    fn address(&mut self, node: Node<'_>) -> Option<ast::Address> {
        let mut steps = Vec::new();
        for step in Self::parts(node) {
            let mut inner = Self::parts(step);
            let name = self.name(inner.next()?);
            steps.push((name, inner.next().map(|n| self.string(n))));
        }
        Some(ast::Address { steps, span: self.span(node) })
    }

    // ------------------------------------------------------------ bodies

    fn entries(&mut self, node: Node<'_>) -> Vec<Entry> {
        let nodes = node.children().filter(|n| n.rule() == Rule::entry);
        // A program is mostly entries: a list that grows would keep room for four where there is one.
        let mut entries = Vec::with_capacity(nodes.clone().count());
        entries.extend(nodes.filter_map(|n| self.entry(n)));
        entries
    }

    fn entry(&mut self, node: Node<'_>) -> Option<Entry> {
        let mut parts = Self::parts(node);
        let key = self.key(parts.next()?);
        let value = self.expr(parts.next()?);
        Some(Entry { doc: Self::doc(node), key, value, span: self.span(node) })
    }

    fn key(&mut self, node: Node<'_>) -> Key {
        match node.rule() {
            Rule::at_name => Key::Engine(Spanned::new(self.word(node.text().trim_start_matches('@')), self.span(node))),
            Rule::string => {
                let expr = self.string(node);
                match &*expr.node {
                    ExprKind::Literal(Value::String(text)) => Key::Name(Spanned::new(text.clone(), expr.span)),
                    _ => Key::Text(expr),
                }
            }
            _ => Key::Name(self.name(node)),
        }
    }

    // ------------------------------------------------------------ types

    fn ty(&mut self, node: Node<'_>) -> Option<TypeExpr> {
        let span = self.span(node);
        let mut members: Vec<TypeExpr> = Self::parts(node).filter_map(|n| self.ty_one(n)).collect();
        match members.len() {
            0 | 1 => members.pop(),
            _ => Some(Spanned::new(Box::new(TypeKind::Union(members)), span)),
        }
    }

    fn ty_one(&mut self, node: Node<'_>) -> Option<TypeExpr> {
        let span = self.span(node);
        let mut parts = Self::parts(node);
        let atom = parts.next()?;
        let kind = match atom.rule() {
            Rule::ty_text => TypeKind::Text(self.text_name(Self::parts(atom).next()?).node),
            Rule::ty_list => TypeKind::List(self.ty(Self::parts(atom).next()?)?),
            Rule::ty_map => TypeKind::Map(self.ty(Self::parts(atom).next()?)?),
            Rule::ty_record => TypeKind::Record(Self::parts(atom).filter_map(|n| self.field(n)).collect()),
            Rule::ty_paren => {
                let mut types: Vec<TypeExpr> = Self::parts(atom).filter(|n| n.rule() == Rule::ty).filter_map(|n| self.ty(n)).collect();
                match atom.child(Rule::ty_result) {
                    Some(result) => TypeKind::Function(types, self.ty(Self::parts(result).next()?)?),
                    None => *types.pop()?.node,
                }
            }
            _ => {
                let mut inner = Self::parts(atom);
                let path = self.path(inner.next()?);
                let args = inner.next().map(|n| Self::parts(n).filter_map(|n| self.ty(n)).collect()).unwrap_or_default();
                TypeKind::Named { path, args }
            }
        };
        let ty = Spanned::new(Box::new(kind), self.span(atom));
        Some(parts.fold(ty, |ty, _| Spanned::new(Box::new(TypeKind::Optional(ty)), span)))
    }

    fn field(&mut self, node: Node<'_>) -> Option<FieldExpr> {
        let mut parts = Self::parts(node);
        let name = self.name(parts.next()?);
        Some(FieldExpr { doc: Self::doc(node), name, ty: self.ty(parts.next()?)?, default: parts.next().map(|n| self.expr(n)) })
    }

    // ------------------------------------------------------------ expressions

    fn boxed(&self, node: Node<'_>, kind: ExprKind) -> Expr {
        Spanned::new(Box::new(kind), self.span(node))
    }

    /// What stands for an expression that was reported as wrong.
    fn nothing(&self, node: Node<'_>) -> Expr {
        self.boxed(node, ExprKind::Broken)
    }

    fn expr(&mut self, node: Node<'_>) -> Expr {
        if let Some(lambda) = node.child(Rule::lambda) {
            let mut parts = Self::parts(lambda);
            let params = parts.next().map(|n| Self::parts(n).map(|n| self.name(n)).collect()).unwrap_or_default();
            let body = match parts.next() {
                Some(body) => self.expr(body),
                None => self.nothing(lambda),
            };
            return self.boxed(lambda, ExprKind::Lambda { params, body });
        }
        let mut parts = Self::parts(node);
        if let (Some(only), None) = (parts.next(), parts.next()) {
            return self.unary(only);
        }
        let mut operands = Vec::new();
        let mut operators = Vec::new();
        for part in Self::parts(node) {
            if part.rule() == Rule::binary_op {
                operators.push(Spanned::new(binary_op(part.text()), self.span(part)));
            } else {
                operands.push(self.unary(part));
            }
        }
        self.climb(operands, operators).unwrap_or_else(|| self.nothing(node))
    }

    /// Precedence climbing over a flat row, with two stacks; operators of one level group to the left.
    fn climb(&mut self, operands: Vec<Expr>, operators: Vec<Spanned<BinaryOp>>) -> Option<Expr> {
        let mut operands = operands.into_iter();
        let mut values = vec![operands.next()?];
        let mut waiting: Vec<Spanned<BinaryOp>> = Vec::new();
        for (op, operand) in operators.into_iter().zip(operands) {
            while let Some(last) = waiting.pop_if(|last| last.precedence() >= op.precedence()) {
                if last.is_comparison() && op.is_comparison() {
                    self.diagnostics.push(
                        Diagnostic::error(Code(105), op.span, "comparisons do not chain")
                            .label(format!("a second `{}` after `{}`", op.text(), last.text()))
                            .also(last.span, "the first")
                            .help("join two comparisons with `&&`"),
                    );
                    if let Some(operand) = values.last_mut() {
                        *operand.node = ExprKind::Broken;
                    }
                }
                join(&mut values, last)?;
            }
            waiting.push(op);
            values.push(operand);
        }
        while let Some(op) = waiting.pop() {
            join(&mut values, op)?;
        }
        values.pop()
    }

    fn unary(&mut self, node: Node<'_>) -> Expr {
        let mut operators = Vec::new();
        let mut operand = None;
        for part in Self::parts(node) {
            if part.rule() == Rule::unary_op {
                let op = if part.text() == "!" { UnaryOp::Not } else { UnaryOp::Minus };
                operators.push(Spanned::new(op, self.span(part)));
            } else if let Some(op) = operators.pop_if(|op| op.node == UnaryOp::Minus && is_least(part)) {
                operand = Some(Spanned::new(Box::new(ExprKind::Literal(Value::Int(i64::MIN))), op.span.to(self.span(part))));
            } else {
                operand = Some(self.postfix(part));
            }
        }
        let operand = operand.unwrap_or_else(|| self.nothing(node));
        operators.into_iter().rev().fold(operand, |operand, op| {
            let span = op.span.to(operand.span);
            Spanned::new(Box::new(ExprKind::Unary { op, operand }), span)
        })
    }

    fn postfix(&mut self, node: Node<'_>) -> Expr {
        let mut parts = Self::parts(node);
        let Some(first) = parts.next() else { return self.nothing(node) };
        let mut base = self.primary(first);
        for part in parts {
            let span = base.span.to(self.span(part));
            let kind = match part.rule() {
                Rule::member => {
                    let safe = part.child(Rule::safe_dot).is_some();
                    let Some(name) = part.child(Rule::name) else { continue };
                    ExprKind::Member { base, name: self.name(name), safe }
                }
                Rule::call => ExprKind::Call { callee: base, args: Self::parts(part).map(|n| self.expr(n)).collect() },
                _ => {
                    let index = match Self::parts(part).next() {
                        Some(index) => self.expr(index),
                        None => self.nothing(part),
                    };
                    ExprKind::Index { base, index }
                }
            };
            base = Spanned::new(Box::new(kind), span);
        }
        base
    }

    fn primary(&mut self, node: Node<'_>) -> Expr {
        match node.rule() {
            Rule::name_ref => {
                let name = self.word(node.text());
                self.boxed(node, ExprKind::Name(name))
            }
            Rule::string | Rule::block_string => self.string(node),
            Rule::paren => match Self::parts(node).next() {
                // The brackets belong to the expression's place, so that an underline covers what is written.
                Some(inner) => Spanned::new(self.expr(inner).node, self.span(node)),
                None => self.nothing(node),
            },
            Rule::list => {
                let items = Self::parts(node).map(|n| self.expr(n)).collect();
                self.boxed(node, ExprKind::List(items))
            }
            Rule::record => {
                let entries = self.entries(node);
                self.boxed(node, ExprKind::Record(entries))
            }
            Rule::list_for | Rule::map_for => self.comprehension(node).unwrap_or_else(|| self.nothing(node)),
            Rule::if_expr => self.if_expr(node).unwrap_or_else(|| self.nothing(node)),
            Rule::match_expr => self.match_expr(node).unwrap_or_else(|| self.nothing(node)),
            _ => {
                let kind = self.literal(node).map_or(ExprKind::Broken, ExprKind::Literal);
                self.boxed(node, kind)
            }
        }
    }

    fn comprehension(&mut self, node: Node<'_>) -> Option<Expr> {
        let mut parts = Self::parts(node);
        let mut inner = Self::parts(parts.next()?);
        let (first, second) = self.binders(inner.next()?)?;
        let source = self.expr(inner.next()?);
        let condition = inner.next().and_then(|n| Self::parts(n).next()).map(|n| self.expr(n));
        let head = Box::new(ForHead { first, second, source, condition });
        let body = self.expr(parts.next()?);
        Some(match parts.next() {
            None => self.boxed(node, ExprKind::ListFor { head, body }),
            Some(value) => {
                let value = self.expr(value);
                self.boxed(node, ExprKind::MapFor { head, key: body, value })
            }
        })
    }

    fn if_expr(&mut self, node: Node<'_>) -> Option<Expr> {
        let mut parts = Self::parts(node);
        let condition = self.expr(parts.next()?);
        let then = self.expr(parts.next()?);
        let last = parts.next()?;
        let otherwise = if last.rule() == Rule::if_expr { self.if_expr(last)? } else { self.expr(last) };
        Some(self.boxed(node, ExprKind::If { condition, branches: Box::new(ast::Branches { then, otherwise }) }))
    }

    fn match_expr(&mut self, node: Node<'_>) -> Option<Expr> {
        let mut parts = Self::parts(node);
        let subject = self.expr(parts.next()?);
        let mut arms = Vec::new();
        for arm in parts {
            let (mut patterns, mut guard, mut body) = (Vec::new(), None, None);
            for part in Self::parts(arm) {
                match part.rule() {
                    Rule::pattern => {
                        let span = self.span(part);
                        patterns.push(Spanned::new(self.pattern(Self::parts(part).next()?)?, span));
                    }
                    Rule::if_clause => guard = Some(self.expr(Self::parts(part).next()?)),
                    _ => body = Some(self.expr(part)),
                }
            }
            arms.push(Arm { patterns, guard, body: body? });
        }
        Some(self.boxed(node, ExprKind::Match { subject, arms }))
    }

    fn pattern(&mut self, node: Node<'_>) -> Option<Pattern> {
        Some(match node.rule() {
            Rule::wildcard => Pattern::Any,
            Rule::range_pattern => {
                let mut parts = Self::parts(node);
                let from = self.literal_pattern(parts.next()?)?;
                let inclusive = parts.next()?.text() == "..=";
                Pattern::Range { from, to: self.literal_pattern(parts.next()?)?, inclusive }
            }
            _ => Pattern::Value(self.literal_pattern(node)?),
        })
    }

    fn literal_pattern(&mut self, node: Node<'_>) -> Option<Value> {
        let minus = node.child(Rule::minus).is_some();
        let inner = Self::parts(node).find(|n| n.rule() != Rule::minus)?;
        if inner.rule() == Rule::string {
            return Some(Value::String(self.text_name(inner).node));
        }
        if minus && is_least(inner) {
            return Some(Value::Int(i64::MIN));
        }
        Some(match (self.literal(inner)?, minus) {
            (Value::Int(n), true) => Value::Int(n.checked_neg()?),
            (Value::Float(n), true) => Value::Float(-n),
            (value, _) => value,
        })
    }

    fn literal(&mut self, node: Node<'_>) -> Option<Value> {
        let text = node.text();
        let plain = || text.replace('_', "");
        let (value, what, way_out) = match node.rule() {
            Rule::int => (plain().parse().ok().map(Value::Int), "a whole number", "the largest is 9223372036854775807"),
            Rule::float => (plain().parse().ok().map(Value::Float), "a number", ""),
            Rule::size => (Size::parse(text).map(Value::Size), "a size", "the largest is about 16383PiB"),
            Rule::duration => {
                (Duration::parse(text).map(Value::Duration), "a duration", "the units are w, d, h, m and s, the largest first")
            }
            Rule::ip4 | Rule::ip6 => (text.parse().ok().map(Value::Ip), "an IP address", "each part of an IPv4 address is 0 to 255"),
            Rule::cidr4 | Rule::cidr6 => (self.cidr(node), "a network", "a network is an address and a prefix length, `10.0.0.0/16`"),
            Rule::boolean => (Some(Value::Bool(text == "true")), "", ""),
            Rule::null => (Some(Value::Null), "", ""),
            _ => (None, "a value", ""),
        };
        if value.is_none() {
            let mut diagnostic = Diagnostic::error(Code(106), self.span(node), format!("`{text}` is not {what}")).label("this literal");
            if !way_out.is_empty() {
                diagnostic = diagnostic.help(way_out);
            }
            self.diagnostics.push(diagnostic);
        }
        value
    }

    /// A network, its host bits checked: `10.0.1.5/24` is a slip for `10.0.1.0/24` or for an address.
    fn cidr(&mut self, node: Node<'_>) -> Option<Value> {
        let net: ipnet::IpNet = node.text().parse().ok()?;
        if net.addr() != net.network() {
            let fixed = net.trunc();
            self.diagnostics.push(
                Diagnostic::error(Code(107), self.span(node), format!("`{net}` has bits set beyond its prefix"))
                    .label("an address within a network, not a network")
                    .help(format!("write `{fixed}`")),
            );
        }
        Some(Value::Cidr(net.trunc()))
    }

    fn string(&mut self, node: Node<'_>) -> Expr {
        let mut parts: Vec<Part> = Vec::new();
        let mut buffer = String::new();
        let block = node.rule() == Rule::block_string;
        let indent = if block { text::indentation(node.text()) } else { 0 };
        for part in Self::parts(node) {
            match part.rule() {
                Rule::interpolation => {
                    if !buffer.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut buffer).into()));
                    }
                    if let Some(inner) = Self::parts(part).next() {
                        parts.push(Part::Expr(self.expr(inner)));
                    }
                }
                Rule::escape => match text::unescape(part.text()) {
                    Some(c) => buffer.push(c),
                    None => self.diagnostics.push(
                        Diagnostic::error(Code(108), self.span(part), format!("`{}` is not a character", part.text()))
                            .label("this escape")
                            .help("characters are `\\u{0}` to `\\u{10ffff}`, those of half a pair, `\\u{d800}` to `\\u{dfff}`, left out"),
                    ),
                },
                Rule::block_text => {
                    let first = parts.is_empty() && buffer.is_empty();
                    buffer.push_str(&text::dedent(part.text(), indent, first));
                }
                _ => buffer.push_str(part.text()),
            }
        }
        if parts.is_empty() {
            let value = Value::String(self.word(&buffer));
            return self.boxed(node, ExprKind::Literal(value));
        }
        if !buffer.is_empty() {
            parts.push(Part::Text(buffer.into()));
        }
        self.boxed(node, ExprKind::Template(parts))
    }
}

/// The digits of the least `Int`, which is further from zero than the largest: alone they are none.
fn is_least(node: Node<'_>) -> bool {
    node.text().bytes().filter(|byte| *byte != b'_').eq(*b"9223372036854775808")
}

fn join(values: &mut Vec<Expr>, op: Spanned<BinaryOp>) -> Option<()> {
    let right = values.pop()?;
    let left = values.pop()?;
    let span = left.span.to(right.span);
    values.push(Spanned::new(Box::new(ExprKind::Binary { op, operands: Box::new(ast::Operands { left, right }) }), span));
    Some(())
}

fn binary_op(text: &str) -> BinaryOp {
    match text {
        "||" => BinaryOp::Or,
        "&&" => BinaryOp::And,
        "==" => BinaryOp::Equal,
        "!=" => BinaryOp::NotEqual,
        "<" => BinaryOp::Less,
        "<=" => BinaryOp::LessEqual,
        ">" => BinaryOp::Greater,
        ">=" => BinaryOp::GreaterEqual,
        "??" => BinaryOp::Default,
        ".." => BinaryOp::Range,
        "..=" => BinaryOp::RangeInclusive,
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Subtract,
        "*" => BinaryOp::Multiply,
        "/" => BinaryOp::Divide,
        _ => BinaryOp::Remainder,
    }
}
