//! Types.

use super::layout::{BODY, CALL, Commas, Layout};
use crate::syntax::{Node, Rule};

impl<'t> Layout<'t> {
    /// A type, or several with `|` between.
    pub fn ty(&mut self, node: Node<'t>) {
        let members: Vec<_> = node.children().collect();
        if let [one] = members.as_slice() {
            return self.ty_one(*one);
        }
        self.flush(node.start());
        let group = self.document.open(false);
        for (index, member) in members.into_iter().enumerate() {
            self.flush(member.start());
            if index == 0 {
                self.ty_one(member);
                self.push(super::document::Op::In);
            } else {
                self.line(" ");
                self.put("| ");
                self.ty_one(member);
            }
        }
        self.push(super::document::Op::Out);
        self.document.close(group);
    }

    fn ty_one(&mut self, node: Node<'t>) {
        for part in node.children() {
            match part.rule() {
                Rule::optional | Rule::ty_text => self.word(part),
                Rule::ty_list => self.ty_around(part, "[", "]"),
                Rule::ty_map => self.ty_around(part, "{", "}"),
                Rule::ty_paren => self.ty_paren(part),
                Rule::ty_record => {
                    let fields: Vec<_> = part.children().collect();
                    self.enclosed((part.start(), part.end() - 1), &fields, BODY, false, |l, field| {
                        l.field(field);
                        None
                    });
                }
                Rule::ty_name => self.ty_name(part),
                _ => self.unknown(part),
            }
        }
    }

    fn ty_around(&mut self, node: Node<'t>, open: &'static str, close: &'static str) {
        let Some(inner) = node.children().next() else { return self.unknown(node) };
        self.around(node, open, close, |l| l.ty(inner));
    }

    fn field(&mut self, node: Node<'t>) {
        self.docs(node);
        let mut parts = node.children().filter(|n| n.rule() != Rule::doc);
        let (Some(name), Some(ty)) = (parts.next(), parts.next()) else { return self.unknown(node) };
        self.word(name);
        self.put(": ");
        self.ty(ty);
        self.default(parts.next());
    }

    /// ` = value`, where there is one.
    pub fn default(&mut self, value: Option<Node<'t>>) {
        if let Some(value) = value {
            self.put(" = ");
            self.right(value.start(), |l| l.expr(value));
        }
    }

    fn ty_paren(&mut self, node: Node<'t>) {
        let Some(result) = node.child(Rule::ty_result).and_then(|result| result.children().next()) else {
            return self.ty_around(node, "(", ")");
        };
        let types: Vec<_> = node.children().filter(|part| part.rule() == Rule::ty).collect();
        let close = self.next_mark(types.last().map_or(node.start() + 1, |last| last.end()));
        let brackets = super::layout::Brackets { commas: Commas::Between, ..CALL };
        self.enclosed((node.start(), close), &types, brackets, false, |l, ty| {
            l.ty(ty);
            None
        });
        self.put(" => ");
        self.ty(result);
    }

    fn ty_name(&mut self, node: Node<'t>) {
        let mut parts = node.children();
        let Some(path) = parts.next() else { return self.unknown(node) };
        self.word(path);
        if let Some(args) = parts.next() {
            let types: Vec<_> = args.children().collect();
            let brackets = super::layout::Brackets { open: "<", close: ">", commas: Commas::Between, ..CALL };
            self.enclosed((args.start(), args.end() - 1), &types, brackets, false, |l, ty| {
                l.ty(ty);
                None
            });
        }
    }
}
