//! Declarations.

use super::document::{Document, GroupId, Op, columns};
use super::layout::{BODY, Brackets, CALL, Commas, Layout};
use crate::syntax::{Node, Rule};

impl<'t> Layout<'t> {
    /// The whole file.
    pub fn file(mut self) -> Document<'t> {
        let roots = self.tree.roots().flat_map(|root| root.children());
        for (index, item) in roots.filter(|n| n.rule() == Rule::item).enumerate() {
            let blank = self.gap(item.start(), index == 0);
            self.push(Op::Hard { blank });
            self.item(item);
        }
        let blank = self.at == 0;
        self.gap(self.text.len(), blank);
        self.document
    }

    fn item(&mut self, node: Node<'t>) {
        self.docs(node);
        let Some(inner) = node.children().find(|n| n.rule() != Rule::doc) else { return };
        self.flush(inner.start());
        if inner.rule() == Rule::env {
            return self.env(inner);
        }
        self.neighbour = None;
        self.declaration(inner);
        self.neighbour = None;
    }

    fn declaration(&mut self, inner: Node<'t>) {
        match inner.rule() {
            Rule::stack => self.stack(inner),
            Rule::param => self.param(inner),
            Rule::type_decl => self.type_decl(inner),
            Rule::let_decl => self.let_decl(inner),
            Rule::fn_decl => self.fn_decl(inner),
            Rule::use_decl => self.use_decl(inner),
            Rule::component => self.component(inner),
            Rule::resource => self.resource(inner, "resource "),
            Rule::lookup => self.resource(inner, "lookup "),
            Rule::output => self.output(inner),
            Rule::assert_decl => self.check(inner, "assert "),
            Rule::policy => self.policy(inner),
            Rule::waive => self.waiver(inner),
            Rule::test => self.test(inner),
            Rule::moved => self.addresses(inner, "moved ", " -> "),
            Rule::import_decl => self.addresses(inner, "import ", " = "),
            Rule::forget => self.addresses(inner, "forget ", ""),
            _ => self.unknown(inner),
        }
    }

    fn stack(&mut self, node: Node<'t>) {
        let mut parts = node.children();
        let (Some(name), Some(body)) = (parts.next(), parts.next()) else { return self.unknown(node) };
        self.mark("stack ", node.start());
        self.word(name);
        self.put(" ");
        self.record(body);
    }

    /// Environments on consecutive lines stand in columns, like entries.
    fn env(&mut self, node: Node<'t>) {
        let mut parts = node.children();
        let (Some(name), Some(body)) = (parts.next(), parts.next()) else { return self.unknown(node) };
        let entry = self.aligned("env ".len() + columns(name.text()), 1);
        self.mark("env ", node.start());
        self.word(name);
        self.push(Op::Align(entry));
        self.put(" ");
        self.aligned_value(entry, |l| _ = l.record(body));
    }

    fn param(&mut self, node: Node<'t>) {
        let mut parts = node.children();
        let (Some(name), Some(ty)) = (parts.next(), parts.next()) else { return self.unknown(node) };
        self.mark("param ", node.start());
        self.word(name);
        self.put(": ");
        self.ty(ty);
        for part in parts {
            if part.rule() == Rule::checks {
                self.put(" ");
                let checks: Vec<_> = part.children().collect();
                self.enclosed((part.start(), part.end() - 1), &checks, BODY, checks.len() > 1, |l, check| {
                    l.check(check, "check ");
                    None
                });
            } else {
                self.default(Some(part));
            }
        }
    }

    /// A condition, and what to say when it does not hold.
    fn check(&mut self, node: Node<'t>, keyword: &'static str) {
        self.mark(keyword, node.start());
        let parts: Vec<_> = node.children().collect();
        self.condition_and_message(&parts);
    }

    fn condition_and_message(&mut self, parts: &[Node<'t>]) {
        let [condition, message @ ..] = parts else { return };
        let group = self.document.open(false);
        self.expr(*condition);
        if let [message, ..] = message {
            self.put(",");
            self.push(Op::In);
            self.gap(message.start(), true);
            self.line(" ");
            self.expr(*message);
            self.push(Op::Out);
        }
        self.document.close(group);
    }

    fn type_decl(&mut self, node: Node<'t>) {
        let mut parts = node.children();
        let (Some(name), Some(ty)) = (parts.next(), parts.next()) else { return self.unknown(node) };
        self.mark("type ", node.start());
        self.word(name);
        self.put(" = ");
        self.right(ty.start(), |l| l.ty(ty));
    }

    fn let_decl(&mut self, node: Node<'t>) {
        self.mark("let ", node.start());
        for part in node.children() {
            match part.rule() {
                Rule::ty => {
                    self.put(": ");
                    self.ty(part);
                }
                Rule::expr => self.default(Some(part)),
                _ => self.word(part),
            }
        }
    }

    fn fn_decl(&mut self, node: Node<'t>) {
        let parts: Vec<_> = node.children().collect();
        let [name, params, ty, body] = parts.as_slice() else { return self.unknown(node) };
        self.mark("fn ", node.start());
        self.word(*name);
        let list: Vec<_> = params.children().collect();
        self.enclosed((params.start(), params.end() - 1), &list, CALL, false, |l, param| {
            let mut parts = param.children();
            if let (Some(name), Some(ty)) = (parts.next(), parts.next()) {
                l.word(name);
                l.put(": ");
                l.ty(ty);
            }
            None
        });
        self.put(" => ");
        self.ty(*ty);
        self.default(Some(*body));
    }

    fn use_decl(&mut self, node: Node<'t>) {
        let mut parts = node.children();
        let (Some(source), Some(names)) = (parts.next(), parts.next()) else { return self.unknown(node) };
        self.mark("use ", node.start());
        self.word(source);
        self.put(".");
        let list: Vec<_> = names.children().collect();
        let brackets = Brackets { space: "", commas: Commas::Trailing, ..BODY };
        self.enclosed((names.start(), names.end() - 1), &list, brackets, false, |l, name| {
            for (index, word) in name.children().enumerate() {
                if index > 0 {
                    l.put(" as ");
                }
                l.word(word);
            }
            None
        });
    }

    fn component(&mut self, node: Node<'t>) {
        let parts: Vec<_> = node.children().collect();
        let Some((name, items)) = parts.split_first() else { return self.unknown(node) };
        self.mark("component ", node.start());
        self.word(*name);
        self.put(" ");
        let open = self.next_mark(name.end());
        self.enclosed((open, node.end() - 1), items, BODY, items.len() > 1, |l, item| {
            l.item(item);
            None
        });
    }

    fn resource(&mut self, node: Node<'t>, keyword: &'static str) {
        let parts: Vec<_> = node.children().collect();
        let [name, path, rest @ ..] = parts.as_slice() else { return self.unknown(node) };
        self.mark(keyword, node.start());
        self.head_and_record(*name, Some(*path), rest);
    }

    /// What stands before a body: a name, perhaps a type, and clauses. Where these need lines of their own they stand further in than the
    /// body below. The keyword is written already.
    fn head(&mut self, name: Node<'t>, ty: Option<Node<'t>>, clauses: &[Node<'t>]) {
        let group = self.document.open(false);
        self.word(name);
        if let Some(ty) = ty {
            self.put(": ");
            self.word(ty);
        }
        self.push(Op::In);
        self.push(Op::In);
        let mut tail = None;
        for clause in clauses {
            match clause.rule() {
                Rule::for_clause => tail = self.for_clause(*clause),
                Rule::if_clause => tail = self.condition(*clause),
                Rule::policy_for => self.policy_for(*clause),
                Rule::address => self.waived(*clause),
                _ => self.unknown(*clause),
            }
        }
        self.push(Op::Out);
        self.push(Op::Out);
        self.document.close(group);
        self.holds(group, tail);
    }

    fn head_and_record(&mut self, name: Node<'t>, ty: Option<Node<'t>>, rest: &[Node<'t>]) {
        let (body, clauses) = match rest.split_last() {
            Some((last, clauses)) if last.rule() == Rule::record => (Some(*last), clauses),
            _ => (None, rest),
        };
        self.head(name, ty, clauses);
        if let Some(body) = body {
            self.put(" ");
            self.record(body);
        }
    }

    fn for_clause(&mut self, node: Node<'t>) -> Option<GroupId> {
        let mut parts = node.children();
        let (binders, source) = (parts.next()?, parts.next()?);
        self.flush(node.start());
        self.line(" ");
        self.mark("for ", node.start());
        self.binders(binders);
        self.put(" in ");
        let tail = self.expr(source);
        let Some(key) = parts.next() else { return tail };
        self.put(" by ");
        self.expr(key)
    }

    fn output(&mut self, node: Node<'t>) {
        let mut parts = node.children();
        let (Some(name), Some(ty), Some(value)) = (parts.next(), parts.next(), parts.next()) else { return self.unknown(node) };
        self.mark("output ", node.start());
        self.word(name);
        self.put(": ");
        self.ty(ty);
        self.default(Some(value));
    }

    fn policy(&mut self, node: Node<'t>) {
        let parts: Vec<_> = node.children().collect();
        let Some((name, rest)) = parts.split_first() else { return self.unknown(node) };
        let rules = rest.iter().position(|n| n.rule() == Rule::policy_rule).unwrap_or(rest.len());
        let (head, rules) = rest.split_at(rules);
        self.mark("policy ", node.start());
        self.head(*name, None, head);
        self.put(" ");
        let open = self.next_mark(head.last().unwrap_or(name).end());
        self.enclosed((open, node.end() - 1), rules, BODY, rules.len() > 1, |l, rule| {
            l.policy_rule(rule);
            None
        });
    }

    /// `for x: T | U`
    fn policy_for(&mut self, node: Node<'t>) {
        self.flush(node.start());
        self.line(" ");
        self.mark("for ", node.start());
        for (index, part) in node.children().enumerate() {
            match index {
                0 => {}
                1 => self.put(": "),
                _ => {
                    self.flush(part.start());
                    self.line(" ");
                    self.put("| ");
                }
            }
            self.word(part);
        }
    }

    fn waiver(&mut self, node: Node<'t>) {
        let parts: Vec<_> = node.children().collect();
        let Some((name, rest)) = parts.split_first() else { return self.unknown(node) };
        self.mark("waive ", node.start());
        self.head_and_record(*name, None, rest);
    }

    /// `for net.private`
    fn waived(&mut self, node: Node<'t>) {
        self.flush(node.start());
        self.line(" ");
        self.put("for ");
        self.address(node);
    }

    fn policy_rule(&mut self, node: Node<'t>) {
        self.docs(node);
        let parts: Vec<_> = node.children().filter(|n| n.rule() != Rule::doc).collect();
        match parts.as_slice() {
            [entry] if entry.rule() == Rule::entry => self.entry(*entry),
            [verdict, rest @ ..] => {
                self.neighbour = None;
                self.word(*verdict);
                self.put(" if ");
                self.condition_and_message(rest);
            }
            [] => self.unknown(node),
        }
    }

    fn test(&mut self, node: Node<'t>) {
        let parts: Vec<_> = node.children().collect();
        let Some((name, steps)) = parts.split_first() else { return self.unknown(node) };
        self.mark("test ", node.start());
        self.word(*name);
        self.put(" ");
        let open = self.next_mark(name.end());
        self.enclosed((open, node.end() - 1), steps, BODY, steps.len() > 1, |l, step| {
            l.test_step(step);
            None
        });
    }

    fn test_step(&mut self, step: Node<'t>) {
        self.docs(step);
        self.neighbour = None;
        let Some(inner) = step.children().find(|n| n.rule() != Rule::doc) else { return self.unknown(step) };
        match inner.rule() {
            Rule::test_env => self.words_and_record(inner, "env "),
            Rule::test_with => self.words_and_record(inner, "with "),
            Rule::test_run => self.words_and_record(inner, ""),
            Rule::expect => {
                self.mark("expect ", inner.start());
                self.put("error");
                for part in inner.children() {
                    self.put(" ");
                    self.word(part);
                }
            }
            Rule::assert_decl => self.check(inner, "assert "),
            _ => self.declaration(inner),
        }
        self.neighbour = None;
    }

    /// A keyword, words and a record, as far as they are there.
    fn words_and_record(&mut self, node: Node<'t>, keyword: &'static str) {
        self.mark(keyword, node.start());
        for (index, part) in node.children().enumerate() {
            if index > 0 {
                self.put(" ");
            }
            match part.rule() {
                Rule::record => _ = self.record(part),
                _ => self.word(part),
            }
        }
    }

    /// `moved a -> b`, `import a = "id"`, `forget a`
    fn addresses(&mut self, node: Node<'t>, keyword: &'static str, between: &'static str) {
        self.mark(keyword, node.start());
        for (index, part) in node.children().enumerate() {
            if index > 0 {
                self.put(between);
            }
            match part.rule() {
                Rule::address => self.address(part),
                _ => self.right(part.start(), |l| _ = l.expr(part)),
            }
        }
    }

    fn address(&mut self, node: Node<'t>) {
        for (index, step) in node.children().enumerate() {
            if index > 0 {
                self.put(".");
            }
            for part in step.children() {
                if part.rule() == Rule::string {
                    self.put("[");
                    self.word(part);
                    self.put("]");
                    self.at += 1;
                } else {
                    self.word(part);
                }
            }
        }
    }
}
