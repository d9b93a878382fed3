//! Programs of every form that the grammar has, carelessly typed: spaces, newlines and comments wherever they may stand.

use crate::properties::dice::Dice;

pub struct Writer {
    dice: Dice,
    out: String,
    comments: usize,
    /// How likely a newline or a comment is where one may stand, in percent.
    mess: usize,
}

const NAMES: &[&str] = &["a", "b", "name", "cidr_block", "x1", "a_rather_long_name_of_something_else", "zones", "_"];
const OPERATORS: &[&str] = &["&&", "||", "??", "==", "<", "+", "-", "*", "/", "%", "..", "..="];
const LITERALS: &[&str] = &[
    "1",
    "1_000",
    "2.5",
    "true",
    "null",
    "10.0.0.0/16",
    "10.0.0.1",
    "::1",
    "2001:db8::/32",
    "100GiB",
    "30d",
    "1h30m",
    "\"text\"",
    "\"\"",
    "\"a ${b} c\"",
    "\"${ a\n // inside\n}\"",
    "\"\\\" // none \\u{41}\"",
    "\"ä — ✓\"",
    "\"\"\"one line\"\"\"",
    "\"\"\"\n    a\n\n      ${b}\n  \"\"\"",
    "\"\"\"\n  text\n  more\"\"\"",
    "\"\"\"\n\ta\n\t\"\"\"",
];

impl Writer {
    /// A whole file.
    pub fn file(dice: Dice, mess: usize) -> String {
        let mut writer = Self { dice, out: String::new(), comments: 0, mess };
        writer.nl();
        for _ in 0..writer.dice.below(5) {
            writer.item(2);
            writer.ws();
            writer.newline();
            writer.nl();
        }
        writer.out
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn name(&mut self) {
        let name = *self.dice.pick(NAMES).unwrap();
        self.put(name);
    }

    /// Spaces within a line.
    fn ws(&mut self) {
        let spaces = *self.dice.pick(&["", " ", "  ", "\t"]).unwrap();
        self.put(spaces);
    }

    /// At least one space, where words would grow together.
    fn gap(&mut self) {
        self.put(" ");
        self.ws();
    }

    fn newline(&mut self) {
        if self.dice.percent(self.mess) {
            self.comment();
        }
        let newline = if self.dice.percent(10) { "\r\n" } else { "\n" };
        self.put(newline);
    }

    fn comment(&mut self) {
        self.comments += 1;
        let start = *self.dice.pick(&["// ", "//", "////", "//! \"", "// {[("]).unwrap();
        let end = *self.dice.pick(&["", "  ", "\t"]).unwrap();
        self.put(&format!("{start}c{}{end}", self.comments));
    }

    /// Whatever may stand over several lines.
    fn nl(&mut self) {
        self.ws();
        while self.dice.percent(self.mess) {
            self.newline();
            self.ws();
        }
    }

    fn separator(&mut self) {
        self.ws();
        if self.dice.percent(50) {
            self.put(",");
        } else {
            self.newline();
        }
        self.nl();
    }

    fn docs(&mut self) {
        while self.dice.percent(self.mess / 2) {
            self.comments += 1;
            let text = format!("/// doc {} ", self.comments);
            self.put(&text);
            self.put("\n");
            self.nl();
        }
    }

    // ------------------------------------------------------------ items

    fn item(&mut self, depth: usize) {
        self.docs();
        match self.dice.below(if depth < 2 { 13 } else { 17 }) {
            0 => {
                self.words("param name");
                self.colon();
                self.ty(depth);
                if self.dice.percent(50) {
                    self.equals();
                    self.expr(depth);
                }
                if self.dice.percent(30) {
                    self.ws();
                    self.checks(depth);
                }
            }
            1 => {
                self.words("type T");
                self.equals();
                self.ty(depth);
            }
            2 => {
                self.words("let name");
                if self.dice.percent(30) {
                    self.colon();
                    self.ty(depth);
                }
                self.equals();
                self.expr(depth);
            }
            3 => self.function(depth),
            4 => self.import(),
            5 | 6 => {
                let keyword = if self.dice.percent(80) { "resource thing" } else { "lookup thing" };
                self.words(keyword);
                self.colon();
                self.put("aws.ec2.VPC");
                if self.dice.percent(40) {
                    self.put(" ");
                    self.nl();
                    self.put("for ");
                    self.binders();
                    self.put(" in ");
                    self.expr(depth);
                    if self.dice.percent(20) {
                        self.put(" by ");
                        self.expr(depth);
                    }
                }
                if self.dice.percent(30) {
                    self.put(" ");
                    self.nl();
                    self.put("if ");
                    self.row(depth);
                }
                self.put(" ");
                self.record(depth);
            }
            7 => {
                self.words("output name");
                self.colon();
                self.ty(depth);
                self.equals();
                self.expr(depth);
            }
            8 => {
                self.put("assert ");
                self.condition(depth);
            }
            9 if self.dice.percent(50) => self.waiver(depth),
            9 => self.policy(depth),
            10 => self.test(depth),
            11 => {
                self.words("moved a[\"x\"].b");
                self.gap();
                self.put("->");
                self.gap();
                self.put("c[ \"y\" ]");
            }
            12 => {
                self.words("import a.b");
                self.equals();
                self.expr(depth);
            }
            13 => {
                self.words("env dev");
                self.gap();
                self.record(depth);
            }
            14 => {
                self.words("stack s");
                self.gap();
                self.put("{");
                self.nl();
                self.put("state");
                self.equals();
                self.put("s3 ");
                self.record(depth);
                self.separator();
                self.put("@region = \"x\"");
                self.nl();
                self.put("}");
            }
            15 => self.words("forget a.b[\"c\"]"),
            _ => {
                self.words("component C");
                self.gap();
                self.put("{");
                self.nl();
                for _ in 0..self.dice.below(4) {
                    self.item(depth - 1);
                    self.ws();
                    self.newline();
                    self.nl();
                }
                self.put("}");
            }
        }
    }

    fn words(&mut self, text: &str) {
        for (index, word) in text.split(' ').enumerate() {
            if index > 0 {
                self.gap();
            }
            self.put(word);
        }
    }

    fn colon(&mut self) {
        self.ws();
        self.put(":");
        self.ws();
    }

    fn equals(&mut self) {
        self.ws();
        self.put("=");
        self.put(" ");
        self.nl();
    }

    fn binders(&mut self) {
        self.name();
        if self.dice.percent(40) {
            self.ws();
            self.put(",");
            self.ws();
            self.name();
        }
    }

    fn condition(&mut self, depth: usize) {
        self.expr(depth);
        if self.dice.percent(50) {
            self.ws();
            self.put(",");
            self.nl();
            self.put("\"a message that says what is wrong, ${name}\"");
        }
    }

    fn checks(&mut self, depth: usize) {
        self.put("{");
        self.nl();
        for _ in 0..self.dice.below(3) {
            self.put("check ");
            self.expr(depth);
            self.put(", \"message\"");
            self.separator();
        }
        self.put("}");
    }

    fn function(&mut self, depth: usize) {
        self.words("fn name");
        self.ws();
        self.put("(");
        self.nl();
        for _ in 0..self.dice.below(4) {
            self.name();
            self.colon();
            self.ty(depth);
            self.nl();
            self.put(",");
            self.nl();
        }
        self.put("x: Int");
        self.nl();
        self.put(")");
        self.ws();
        self.put("=>");
        self.ws();
        self.ty(depth);
        self.equals();
        self.expr(depth);
    }

    fn import(&mut self) {
        let source = *self.dice.pick(&["std.network", "\"../a\""]).unwrap();
        self.words(&format!("use {source}"));
        self.put(".{");
        self.nl();
        for _ in 0..self.dice.below(4) {
            self.name();
            if self.dice.percent(30) {
                self.words(" as B");
            }
            self.separator();
        }
        self.put("}");
    }

    fn policy(&mut self, depth: usize) {
        self.words("policy \"p\"");
        if self.dice.percent(50) {
            self.put(" ");
            self.nl();
            self.words("for x");
            self.colon();
            self.put("aws.ec2.VPC");
            while self.dice.percent(30) {
                self.gap_of_lines();
                self.put("|");
                self.gap_of_lines();
                self.put("aws.rds.DBInstance");
            }
        }
        if self.dice.percent(30) {
            self.put(" ");
            self.nl();
            self.put("if ");
            self.row(depth);
        }
        self.put(" {");
        self.nl();
        for _ in 0..self.dice.below(3) {
            if self.dice.percent(50) {
                self.put("deny if ");
                self.condition(depth);
            } else {
                self.entry(depth);
            }
            self.separator();
        }
        self.put("}");
    }

    /// Anything that may stand before and behind a sign.
    fn gap_of_lines(&mut self) {
        self.put(" ");
        self.nl();
    }

    fn waiver(&mut self, depth: usize) {
        self.words("waive a_group.policy");
        if self.dice.percent(70) {
            self.gap_of_lines();
            self.words("for net[\"x\"].b");
        }
        if self.dice.percent(30) {
            self.gap_of_lines();
            self.put("if ");
            self.row(depth);
        }
        self.put(" ");
        self.record(depth);
    }

    fn test(&mut self, depth: usize) {
        self.words("test \"t\"");
        self.put(" {");
        self.nl();
        for _ in 0..self.dice.below(4) {
            self.docs();
            match self.dice.below(9) {
                0 => self.words("env dev"),
                1 => {
                    self.words("env dev");
                    self.gap();
                    self.record(depth);
                }
                2 => {
                    self.put("with ");
                    self.record(depth);
                }
                3 => self.words("apply"),
                4 => self.words("expect error E0203"),
                5 => self.words("expect error E0203 \"why\""),
                6 => {
                    self.words("let name");
                    self.equals();
                    self.expr(depth);
                }
                7 => {
                    self.words("param name");
                    self.colon();
                    self.ty(depth);
                }
                _ => {
                    self.put("assert ");
                    self.condition(depth);
                }
            }
            self.ws();
            self.newline();
            self.nl();
        }
        self.put("}");
    }

    // ------------------------------------------------------------ types

    fn ty(&mut self, depth: usize) {
        match self.dice.below(if depth == 0 { 3 } else { 9 }) {
            0 => self.put("String"),
            1 => self.put("aws.ec2.VPC?"),
            2 => self.put("Int"),
            3 => {
                self.put("\"one\"");
                for _ in 0..self.dice.below(4) {
                    self.nl();
                    self.put("|");
                    self.nl();
                    self.put("\"another member\"");
                }
            }
            4 => self.surrounded("[", "]", |w| w.ty(depth - 1)),
            5 => self.surrounded("{", "}", |w| w.ty(depth - 1)),
            6 => self.surrounded("Secret<", ">", |w| w.ty(depth - 1)),
            7 => {
                self.surrounded("(", ")", |w| w.ty(depth - 1));
                self.put(" => ");
                self.ty(depth - 1);
            }
            _ => {
                self.put("{");
                self.nl();
                for _ in 0..self.dice.below(4) {
                    self.docs();
                    self.name();
                    self.colon();
                    self.ty(depth - 1);
                    if self.dice.percent(40) {
                        self.equals();
                        self.expr(depth - 1);
                    }
                    self.separator();
                }
                self.put("last: Int");
                self.nl();
                self.put("}");
            }
        }
    }

    fn surrounded(&mut self, open: &str, close: &str, inner: impl FnOnce(&mut Self)) {
        self.put(open);
        self.nl();
        inner(self);
        self.nl();
        self.put(close);
    }

    // ------------------------------------------------------------ expressions

    fn expr(&mut self, depth: usize) {
        if depth > 0 && self.dice.percent(8) {
            let params = *self.dice.pick(&["x", "(x)", "(x,\n y)", "()"]).unwrap();
            self.put(params);
            self.put(" => ");
            self.nl();
            return self.expr(depth - 1);
        }
        self.row(depth);
    }

    /// Operands and operators: no lambda.
    fn row(&mut self, depth: usize) {
        self.operand(depth);
        if depth == 0 {
            return;
        }
        let mut compared = false;
        while self.dice.percent(25) {
            let operator = *self.dice.pick(OPERATORS).unwrap();
            let compares = matches!(operator, "==" | "<");
            if compared && compares {
                continue;
            }
            compared |= compares;
            self.nl();
            self.put(" ");
            self.put(operator);
            self.put(" ");
            self.nl();
            self.operand(depth - 1);
        }
    }

    fn operand(&mut self, depth: usize) {
        if self.dice.percent(5) {
            self.put("-");
        }
        self.primary(depth);
        if depth == 0 {
            return;
        }
        while self.dice.percent(30) {
            match self.dice.below(4) {
                0 => {
                    self.nl();
                    self.put(".member");
                }
                1 => self.surrounded("[", "]", |w| w.expr(depth - 1)),
                _ => {
                    self.nl();
                    self.put(".method");
                    self.elements("(", ")", depth);
                }
            }
        }
    }

    /// A list's elements or a call's arguments.
    fn elements(&mut self, open: &str, close: &str, depth: usize) {
        self.put(open);
        self.nl();
        for index in 0..self.dice.below(4) {
            if index > 0 {
                self.nl();
                self.put(",");
                self.nl();
            }
            self.expr(depth - 1);
        }
        if !self.out.ends_with(open) && self.dice.percent(20) && !self.out.trim_end().ends_with(['(', '[']) && !self.in_comment() {
            self.nl();
            self.put(",");
        }
        self.nl();
        self.put(close);
    }

    fn in_comment(&self) -> bool {
        self.out.lines().last().is_some_and(|line| line.contains("//"))
            || self.out.trim_end().lines().last().is_some_and(|l| l.contains("//"))
    }

    fn primary(&mut self, depth: usize) {
        match self.dice.below(if depth == 0 { 3 } else { 12 }) {
            0 | 1 => self.name_of_value(),
            2 => {
                let literal = *self.dice.pick(LITERALS).unwrap();
                self.put(literal);
            }
            3 => self.elements("[", "]", depth),
            4 | 5 => self.record(depth - 1),
            6 => self.surrounded("(", ")", |w| w.expr(depth - 1)),
            7 => {
                self.put("[");
                self.nl();
                self.for_head(depth);
                self.expr(depth - 1);
                self.nl();
                self.put("]");
            }
            8 => {
                self.put("{");
                self.nl();
                self.for_head(depth);
                self.name_of_value();
                self.equals();
                self.expr(depth - 1);
                self.nl();
                self.put("}");
            }
            9 | 10 => self.if_expr(depth),
            _ => self.match_expr(depth),
        }
    }

    fn name_of_value(&mut self) {
        let name = *self.dice.pick(&["a", "net", "some_longer_name_of_a_value", "b_2"]).unwrap();
        self.put(name);
    }

    fn for_head(&mut self, depth: usize) {
        self.put("for ");
        self.binders();
        self.put(" in ");
        self.expr(depth - 1);
        if self.dice.percent(30) {
            self.nl();
            self.put(" if ");
            self.row(depth - 1);
        }
        self.put(" : ");
        self.nl();
    }

    fn if_expr(&mut self, depth: usize) {
        self.put("if ");
        self.expr(depth - 1);
        self.ws();
        self.surrounded("{", "}", |w| w.expr(depth - 1));
        self.nl();
        self.put("else ");
        if self.dice.percent(20) {
            return self.if_expr(depth);
        }
        self.surrounded("{", "}", |w| w.expr(depth - 1));
    }

    fn match_expr(&mut self, depth: usize) {
        self.put("match ");
        self.name_of_value();
        self.put(" {");
        self.nl();
        for _ in 0..=self.dice.below(3) {
            self.put("1");
            for _ in 0..self.dice.below(3) {
                self.nl();
                self.put("|");
                self.nl();
                self.put("-5..=7");
            }
            if self.dice.percent(20) {
                self.put(" if ");
                self.row(depth - 1);
            }
            self.put(" => ");
            self.nl();
            self.expr(depth - 1);
            self.separator();
        }
        self.put("_ => 0");
        self.nl();
        self.put("}");
    }

    fn record(&mut self, depth: usize) {
        self.put("{");
        self.nl();
        for _ in 0..self.dice.below(5) {
            self.entry(depth);
            self.separator();
        }
        self.put("}");
    }

    fn entry(&mut self, depth: usize) {
        self.docs();
        let key = *self.dice.pick(&["a", "@after", "\"any key\"", "for", "a_rather_long_key_of_a_record"]).unwrap();
        self.put(key);
        self.equals();
        self.expr(depth.saturating_sub(1));
    }
}
