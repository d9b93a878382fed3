//! Expressions. Each gives the group at its end that can break in the place of those around it.

use super::document::{GroupId, Op};
use super::layout::{BODY, Brackets, CALL, Commas, LIST, Layout};
use crate::syntax::{Node, Rule};

/// How tightly an operator binds: what binds more loosely breaks first.
fn binding(operator: &str) -> u8 {
    match operator {
        "||" => 0,
        "&&" => 1,
        "==" | "!=" | "<" | "<=" | ">" | ">=" => 2,
        "??" => 3,
        ".." | "..=" => 4,
        "+" | "-" => 5,
        _ => 6,
    }
}

impl<'t> Layout<'t> {
    pub fn expr(&mut self, node: Node<'t>) -> Option<GroupId> {
        let parts: Vec<_> = node.children().collect();
        match parts.as_slice() {
            [lambda] if lambda.rule() == Rule::lambda => self.lambda(*lambda),
            [one] => self.unary(*one),
            row => self.row(row),
        }
    }

    /// Operands with operators between; each level of binding breaks on its own.
    fn row(&mut self, row: &[Node<'t>]) -> Option<GroupId> {
        let (first, rest) = row.split_first()?;
        let Some(loosest) = operators(rest).map(|op| binding(op.text())).min() else { return self.unary(*first) };
        let cuts = rest.iter().enumerate().filter(|(i, op)| i % 2 == 0 && binding(op.text()) == loosest).map(|(i, _)| i + 1);
        let cuts: Vec<usize> = cuts.chain([row.len()]).collect();
        self.flush(first.start());
        let group = self.document.open(false);
        let (mut start, mut tail) = (0, None);
        for (index, end) in cuts.into_iter().enumerate() {
            let part = row.get(start..end).unwrap_or_default();
            match part {
                [operator, operands @ ..] if index > 0 => {
                    if index == 1 {
                        self.push(Op::In);
                    }
                    tail = self.operation(*operator, operands);
                }
                operands => tail = self.row(operands),
            }
            start = end;
        }
        self.push(Op::Out);
        self.document.close(group);
        self.holds(group, tail);
        None
    }

    fn operation(&mut self, operator: Node<'t>, operands: &[Node<'t>]) -> Option<GroupId> {
        // A comment between an operator and its operand stands before both: a broken line begins with its operator.
        self.flush(operands.first().map_or(operator.start(), |o| o.start()));
        match operator.text() {
            ".." | "..=" => self.put(operator.text()),
            text => {
                self.line(" ");
                self.put(text);
                self.put(" ");
            }
        }
        self.row(operands)
    }

    fn lambda(&mut self, node: Node<'t>) -> Option<GroupId> {
        let mut parts = node.children();
        let (params, body) = (parts.next()?, parts.next()?);
        if params.text().starts_with('(') {
            let names: Vec<_> = params.children().collect();
            let brackets = Brackets { commas: Commas::Between, ..CALL };
            self.enclosed((params.start(), params.end() - 1), &names, brackets, false, |l, name| {
                l.word(name);
                None
            });
        } else {
            self.word(params);
        }
        self.put(" => ");
        self.right(body.start(), |l| l.expr(body))
    }

    fn unary(&mut self, node: Node<'t>) -> Option<GroupId> {
        let mut tail = None;
        for part in node.children() {
            match part.rule() {
                Rule::postfix => tail = self.postfix(part),
                _ => self.word(part),
            }
        }
        tail
    }

    fn postfix(&mut self, node: Node<'t>) -> Option<GroupId> {
        let parts: Vec<_> = node.children().collect();
        let (primary, chain) = parts.split_first()?;
        if chain.is_empty() {
            return self.primary(*primary);
        }
        self.flush(node.start());
        let group = self.document.open(false);
        self.primary(*primary);
        let indented = self.document.ops.len();
        self.push(Op::In);
        let (mut dots, mut tail) = (Vec::new(), None);
        for (index, part) in chain.iter().enumerate() {
            self.flush(part.start());
            tail = None;
            match part.rule() {
                Rule::member => {
                    if chain.get(index + 1).is_some_and(|next| next.rule() == Rule::call) {
                        dots.push(self.document.ops.len());
                        self.line("");
                    }
                    self.word(*part);
                }
                Rule::call => tail = self.call(*part),
                _ => {
                    if let Some(inner) = part.children().next() {
                        self.around(*part, "[", "]", |l| _ = l.expr(inner));
                    }
                }
            }
        }
        let outdented = self.document.ops.len();
        self.push(Op::Out);
        self.document.close(group);
        self.holds(group, tail);
        // One call alone does not leave its line.
        if dots.len() < 2 {
            for dot in dots.into_iter().chain([indented, outdented]) {
                if let Some(op) = self.document.ops.get_mut(dot) {
                    *op = Op::Nothing;
                }
            }
        }
        None
    }

    fn call(&mut self, node: Node<'t>) -> Option<GroupId> {
        let arguments: Vec<_> = node.children().collect();
        let (group, tail) = self.enclosed((node.start(), node.end() - 1), &arguments, CALL, false, Self::expr);
        self.holds(group?, tail);
        group
    }

    fn primary(&mut self, node: Node<'t>) -> Option<GroupId> {
        match node.rule() {
            Rule::paren => {
                match node.children().next() {
                    Some(inner) => _ = self.around(node, "(", ")", |l| _ = l.expr(inner)),
                    None => self.unknown(node),
                }
                None
            }
            Rule::list => {
                let items: Vec<_> = node.children().collect();
                let (group, tail) = self.enclosed((node.start(), node.end() - 1), &items, LIST, false, Self::expr);
                if items.len() == 1 {
                    self.holds(group?, tail);
                }
                group
            }
            Rule::record => self.record(node),
            Rule::list_for => self.comprehension(node, "[", "]"),
            Rule::map_for => self.comprehension(node, "{", "}"),
            Rule::if_expr => self.if_expr(node),
            Rule::match_expr => self.match_expr(node),
            Rule::block_string if node.text().contains('\n') => {
                self.flush(node.start());
                let group = self.document.open(false);
                self.push(Op::Block(node.text()));
                self.written(node.end());
                self.document.close(group);
                Some(group)
            }
            _ => {
                self.word(node);
                None
            }
        }
    }

    /// `[for x in xs: value]` and `{for k, v in m: k = value}`
    fn comprehension(&mut self, node: Node<'t>, open: &'static str, close: &'static str) -> Option<GroupId> {
        let mut parts = node.children();
        let (head, first, second) = (parts.next()?, parts.next()?, parts.next());
        let mut tail = None;
        let group = self.around(node, open, close, |l| {
            l.flush(head.start());
            let inner = l.document.open(false);
            l.for_head(head);
            // An address would take a `:` at its end for its own.
            l.put(if ends_in(head, Rule::ip6) { " :" } else { ":" });
            l.push(Op::In);
            l.gap(first.start(), true);
            l.line(" ");
            tail = l.expr(first);
            if let Some(value) = second {
                l.put(" = ");
                tail = l.right(value.start(), |l| l.expr(value));
            }
            l.push(Op::Out);
            l.document.close(inner);
            l.holds(inner, tail);
        });
        if self.is_broken_at(node.start() + 1)
            && let Some(group) = self.document.group(group)
        {
            group.broken = true;
        }
        self.holds(group, tail);
        Some(group)
    }

    fn for_head(&mut self, node: Node<'t>) {
        let mut parts = node.children();
        let (Some(binders), Some(source)) = (parts.next(), parts.next()) else { return self.unknown(node) };
        let group = self.document.open(false);
        self.mark("for ", node.start());
        self.binders(binders);
        self.put(" in ");
        let tail = self.expr(source);
        let condition = parts.next();
        match condition {
            Some(condition) => {
                self.push(Op::In);
                self.condition(condition);
                self.push(Op::Out);
            }
            None => self.holds(group, tail),
        }
        self.document.close(group);
    }

    pub fn binders(&mut self, node: Node<'t>) {
        for (index, name) in node.children().enumerate() {
            if index > 0 {
                self.put(", ");
            }
            self.word(name);
        }
    }

    /// `if condition` on a line of its own, or behind what it is for.
    pub fn condition(&mut self, clause: Node<'t>) -> Option<GroupId> {
        self.flush(clause.start());
        self.line(" ");
        let inner = clause.children().next()?;
        self.mark("if ", clause.start());
        self.expr(inner)
    }

    fn if_expr(&mut self, node: Node<'t>) -> Option<GroupId> {
        self.flush(node.start());
        let group = self.document.open(false);
        let (mut node, mut broken) = (node, false);
        loop {
            let parts: Vec<_> = node.children().collect();
            let [condition, then, last] = parts.as_slice() else { break };
            self.mark("if ", node.start());
            self.expr(*condition);
            self.put(" ");
            broken |= self.block(self.next_mark(condition.end()), *then);
            let otherwise = self.next_mark(self.at);
            self.flush(otherwise);
            self.put(" ");
            self.mark("else", otherwise);
            self.put(" ");
            if last.rule() != Rule::if_expr {
                broken |= self.block(self.next_mark(otherwise + "else".len()), *last);
                break;
            }
            node = *last;
        }
        self.document.close(group);
        if let Some(group) = self.document.group(group) {
            group.broken = broken;
        }
        None
    }

    /// `{ value }` at `open`; true when the author broke it.
    fn block(&mut self, open: usize, value: Node<'t>) -> bool {
        self.mark("{", open);
        self.push(Op::In);
        self.gap(value.start(), true);
        self.line(" ");
        self.expr(value);
        let close = self.next_mark(value.end());
        self.gap(close, false);
        self.push(Op::Out);
        self.line(" ");
        self.mark("}", close);
        self.is_broken_at(open + 1)
    }

    fn match_expr(&mut self, node: Node<'t>) -> Option<GroupId> {
        let parts: Vec<_> = node.children().collect();
        let (subject, arms) = parts.split_first()?;
        self.mark("match ", node.start());
        self.expr(*subject);
        self.put(" ");
        let open = self.next_mark(subject.end());
        self.enclosed((open, node.end() - 1), arms, BODY, false, |l, arm| {
            l.arm(arm);
            None
        })
        .0
    }

    fn arm(&mut self, node: Node<'t>) {
        let parts: Vec<_> = node.children().collect();
        let patterns = parts.iter().take_while(|n| n.rule() == Rule::pattern).count();
        let (patterns, rest) = parts.split_at(patterns);
        self.flush(node.start());
        let group = self.document.open(false);
        self.push(Op::In);
        for (index, pattern) in patterns.iter().enumerate() {
            self.flush(pattern.start());
            if index > 0 {
                self.line(" ");
                self.put("| ");
            }
            self.word(*pattern);
        }
        self.push(Op::Out);
        self.document.close(group);
        for part in rest {
            match part.rule() {
                Rule::if_clause => {
                    self.put(" if ");
                    if let Some(guard) = part.children().next() {
                        self.expr(guard);
                    }
                }
                _ => {
                    self.put(" => ");
                    self.right(part.start(), |l| l.expr(*part));
                }
            }
        }
    }
}

fn operators<'a, 't>(rest: &'a [Node<'t>]) -> impl Iterator<Item = &'a Node<'t>> {
    rest.iter().step_by(2)
}

fn ends_in(node: Node<'_>, rule: Rule) -> bool {
    let mut last = Some(node);
    while let Some(node) = last {
        if node.rule() == rule {
            return true;
        }
        last = node.children().last();
    }
    false
}
