//! A document: text, and the places where its lines may break. It is one row of operations, so that printing needs no recursion.

/// Columns of a line.
pub(super) const WIDTH: usize = 100;

/// A group of a [`Document`]: its breakable places break together or not at all.
pub(super) type GroupId = usize;

#[derive(Debug, Clone, Copy)]
pub(super) enum Op<'t> {
    /// Text without a newline.
    Text(&'t str),
    /// Text of several lines that stays as it is.
    Verbatim(&'t str),
    /// A `"""` block of several lines: moves with the code around it.
    Block(&'t str),
    /// A newline where the group is broken, else `flat`.
    Line {
        flat: &'static str,
        blank: bool,
    },
    /// Always a newline.
    Hard {
        blank: bool,
    },
    /// A comment or documentation on a line of its own. A newline follows, whatever comes next.
    Own(&'t str),
    /// A comment behind code. A newline follows.
    Behind(&'t str),
    /// Only where the group is broken.
    IfBroken(&'static str),
    Open(GroupId),
    Close,
    /// Indents where the group is broken.
    In,
    Out,
    /// Where the name of an aligned entry ends.
    Align(usize),
    Nothing,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Group {
    pub open: usize,
    pub close: usize,
    /// Broken as the author broke it.
    pub broken: bool,
    /// The group at this one's end that breaks in its place: `f({` … `})`.
    pub tail: Option<GroupId>,
}

/// `name = value`, whose `=` stands under that of its neighbours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Aligned {
    /// Columns of the name.
    pub name: usize,
    /// Columns of what stands between name and value.
    pub between: usize,
    /// The value's operations.
    pub value: (usize, usize),
    /// The entry on the next line.
    pub next: Option<usize>,
}

#[derive(Debug, Default)]
pub(super) struct Document<'t> {
    pub ops: Vec<Op<'t>>,
    pub groups: Vec<Group>,
    pub entries: Vec<Aligned>,
}

/// Columns that a text takes.
pub(super) fn columns(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

impl Op<'_> {
    /// Columns on one line.
    fn flat(&self) -> usize {
        match self {
            Op::Text(text) => columns(text),
            Op::Verbatim(text) | Op::Block(text) => columns(text.lines().next().unwrap_or("")),
            Op::Line { flat, .. } => flat.len(),
            _ => 0,
        }
    }

    /// Cannot stand in one line with what follows.
    fn is_hard(&self) -> bool {
        matches!(self, Op::Hard { .. } | Op::Own(_) | Op::Behind(_) | Op::Verbatim(_) | Op::Block(_))
    }
}

impl<'t> Document<'t> {
    pub fn open(&mut self, broken: bool) -> GroupId {
        let group = self.groups.len();
        self.groups.push(Group { open: self.ops.len(), broken, ..Group::default() });
        self.ops.push(Op::Open(group));
        group
    }

    pub fn close(&mut self, group: GroupId) {
        if let Some(group) = self.groups.get_mut(group) {
            group.close = self.ops.len();
        }
        self.ops.push(Op::Close);
    }

    pub fn group(&mut self, group: GroupId) -> Option<&mut Group> {
        self.groups.get_mut(group)
    }

    pub fn print(&self) -> String {
        let measured = Measured::new(self);
        let mut printer = Printer {
            document: self,
            measured,
            out: String::new(),
            column: 0,
            line: 0,
            indent: 0,
            line_indent: 0,
            fresh: true,
            must_break: false,
            modes: vec![Mode::Broken],
            indents: Vec::new(),
            pads: vec![None; self.entries.len()],
            behind: Vec::new(),
        };
        for (index, op) in self.ops.iter().enumerate() {
            printer.op(index, *op);
        }
        printer.finish()
    }
}

/// What stands before each operation: columns on one line, forced newlines, places where a line may break.
struct Measured {
    flat: Vec<usize>,
    hard: Vec<usize>,
    soft: Vec<usize>,
}

impl Measured {
    fn new(document: &Document<'_>) -> Self {
        let row = || Vec::with_capacity(document.ops.len() + 1);
        let (mut flat, mut hard, mut soft) = (row(), row(), row());
        let (mut columns, mut newlines, mut places) = (0, 0, 0);
        for op in &document.ops {
            flat.push(columns);
            hard.push(newlines);
            soft.push(places);
            columns += op.flat();
            let broken = matches!(op, Op::Open(group) if document.groups.get(*group).is_some_and(|g| g.broken));
            newlines += usize::from(op.is_hard() || broken);
            places += usize::from(matches!(op, Op::Line { .. }));
        }
        flat.push(columns);
        hard.push(newlines);
        soft.push(places);
        Self { flat, hard, soft }
    }

    fn between(row: &[usize], from: usize, to: usize) -> usize {
        row.get(to).copied().unwrap_or(0).saturating_sub(row.get(from).copied().unwrap_or(0))
    }

    fn flat(&self, from: usize, to: usize) -> usize {
        Self::between(&self.flat, from, to)
    }

    fn hard(&self, from: usize, to: usize) -> usize {
        Self::between(&self.hard, from, to)
    }

    fn soft(&self, from: usize, to: usize) -> usize {
        Self::between(&self.soft, from, to)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// One line, and all that is in it.
    Flat,
    /// Its own breakable places stay on the line; what is in it decides for itself.
    Held,
    Broken,
}

/// A comment behind code, for [`Printer::finish`] to align.
#[derive(Debug, Clone, Copy)]
struct Behind {
    /// Where it begins in the output.
    offset: usize,
    column: usize,
    line: usize,
    indent: usize,
}

struct Printer<'d, 't> {
    document: &'d Document<'t>,
    measured: Measured,
    out: String,
    column: usize,
    line: usize,
    indent: usize,
    /// Indentation of the line that is being written.
    line_indent: usize,
    /// Nothing is on the line yet.
    fresh: bool,
    /// A comment is on the line.
    must_break: bool,
    modes: Vec<Mode>,
    indents: Vec<bool>,
    /// Spaces behind each aligned entry's name.
    pads: Vec<Option<usize>>,
    behind: Vec<Behind>,
}

impl<'t> Printer<'_, 't> {
    fn mode(&self) -> Mode {
        self.modes.last().copied().unwrap_or(Mode::Broken)
    }

    fn op(&mut self, index: usize, op: Op<'t>) {
        match op {
            Op::Text(text) => self.text(text),
            Op::Verbatim(text) => self.verbatim(text),
            Op::Block(text) => self.block(text),
            Op::Line { blank, .. } if self.mode() == Mode::Broken => self.newline(blank),
            Op::Line { flat, .. } => self.text(flat),
            Op::Hard { blank } => self.newline(blank),
            Op::Own(text) => self.own(text),
            Op::Behind(text) => self.comment_behind(text),
            Op::IfBroken(text) if self.mode() == Mode::Broken => self.text(text),
            Op::Open(group) => {
                let mode = self.decide(index, group);
                self.modes.push(mode);
            }
            Op::Close => drop(self.modes.pop()),
            Op::In => {
                let indents = self.mode() == Mode::Broken;
                self.indent += if indents { 2 } else { 0 };
                self.indents.push(indents);
            }
            Op::Out => self.indent -= if self.indents.pop() == Some(true) { 2 } else { 0 },
            Op::Align(entry) if self.mode() == Mode::Broken => {
                let pad = self.pad(entry);
                self.out.extend(std::iter::repeat_n(' ', pad));
                self.column += pad;
            }
            Op::IfBroken(_) | Op::Align(_) | Op::Nothing => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.must_break {
            self.newline(false);
        }
        let text = if self.fresh { text.trim_start_matches(' ') } else { text };
        if text.is_empty() {
            return;
        }
        self.start_line();
        self.out.push_str(text);
        self.column += columns(text);
    }

    fn start_line(&mut self) {
        if self.fresh {
            self.out.extend(std::iter::repeat_n(' ', self.indent));
            (self.column, self.line_indent, self.fresh) = (self.indent, self.indent, false);
        }
    }

    fn newline(&mut self, blank: bool) {
        self.must_break = false;
        while self.out.ends_with(' ') {
            self.out.pop();
        }
        let wanted = if self.out.is_empty() { 0 } else { 1 + usize::from(blank) };
        let there = if self.fresh { self.out.bytes().rev().take(2).take_while(|b| *b == b'\n').count() } else { 0 };
        for _ in there..wanted {
            self.out.push('\n');
            self.line += 1;
        }
        self.fresh = true;
        self.column = 0;
    }

    fn own(&mut self, text: &str) {
        if !self.fresh {
            self.newline(false);
        }
        self.text(text);
        self.must_break = true;
    }

    fn comment_behind(&mut self, text: &str) {
        if self.fresh || self.must_break {
            return self.own(text);
        }
        while self.out.ends_with(' ') {
            self.out.pop();
            self.column -= 1;
        }
        self.out.push(' ');
        self.behind.push(Behind { offset: self.out.len(), column: self.column, line: self.line, indent: self.line_indent });
        self.out.push_str(text);
        self.must_break = true;
    }

    fn verbatim(&mut self, text: &str) {
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        self.text(first);
        for line in rest.split('\n') {
            self.next_line_of_text(line);
        }
    }

    fn next_line_of_text(&mut self, line: &str) {
        self.out.push('\n');
        self.out.push_str(line);
        self.line += 1;
        self.column = columns(line);
    }

    /// Moves a block's lines so that the leftmost stands under the code that the block is part of: at its level when these are the
    /// closing quotes alone, else one level in. All lines move together, so what the block says stays.
    fn block(&mut self, text: &str) {
        let blanks = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let filled = || rest.split('\n').filter(|line| !line.trim().is_empty());
        let least = filled().map(blanks).min().unwrap_or(0);
        if filled().any(|line| line.get(..blanks(line)).is_some_and(|b| b.contains('\t'))) {
            return self.verbatim(text);
        }
        self.text(first);
        let outermost = filled().filter(|line| blanks(line) == least).count();
        let quotes_alone = rest.rsplit('\n').next().is_some_and(|last| blanks(last) == least && last.trim() == "\"\"\"");
        let indent = self.line_indent + if quotes_alone && outermost == 1 { 0 } else { 2 };
        for line in rest.split('\n') {
            match line.get(blanks(line).min(least)..) {
                Some(line) if !line.is_empty() => self.next_line_of_text(&format!("{:indent$}{line}", "")),
                _ => self.next_line_of_text(""),
            }
        }
    }

    /// How a group is laid out that begins at `index`.
    fn decide(&self, index: usize, id: GroupId) -> Mode {
        if self.mode() == Mode::Flat {
            return Mode::Flat;
        }
        let Some(group) = self.document.groups.get(id) else { return Mode::Broken };
        let hard = self.measured.hard(group.open, group.close);
        let column = if self.fresh || self.must_break { self.indent } else { self.column };
        if hard == 0 && self.fits(index, WIDTH.saturating_sub(column)) {
            return Mode::Flat;
        }
        let Some(tail) = group.tail.and_then(|tail| self.document.groups.get(tail)) else { return Mode::Broken };
        // With the tail's bracket.
        let head = self.measured.flat(group.open, tail.open + 2);
        if hard == self.measured.hard(tail.open, tail.close) && column + head <= WIDTH { Mode::Held } else { Mode::Broken }
    }

    /// Does the group at `index` fit in a line with what follows, up to the next place where a line may break?
    fn fits(&self, index: usize, room: usize) -> bool {
        let mut left = room;
        let (mut inside, mut past) = (0usize, false);
        let mut around = self.modes.len();
        for op in self.document.ops.iter().skip(index) {
            match op {
                Op::Open(_) => inside += 1,
                Op::Close if inside > 0 => {
                    inside -= 1;
                    past |= inside == 0;
                }
                Op::Close => around = around.saturating_sub(1),
                Op::Line { .. } if past && (inside > 0 || self.mode_around(around) == Mode::Broken) => return true,
                op if past && op.is_hard() => return !matches!(op, Op::Verbatim(_) | Op::Block(_)) || op.flat() <= left,
                op => match left.checked_sub(op.flat()) {
                    Some(rest) => left = rest,
                    None => return false,
                },
            }
        }
        true
    }

    fn mode_around(&self, depth: usize) -> Mode {
        depth.checked_sub(1).and_then(|i| self.modes.get(i)).copied().unwrap_or(Mode::Broken)
    }

    /// Spaces behind an entry's name. A run of entries ends with a value of several lines, and before an entry whose name would make
    /// the others' lines too long.
    fn pad(&mut self, first: usize) -> usize {
        if let Some(pad) = self.pads.get(first).copied().flatten() {
            return pad;
        }
        let (mut members, mut name, mut longest) = (Vec::new(), 0, 0);
        let mut current = Some(first);
        while let Some((id, entry)) = current.and_then(|id| Some((id, self.document.entries.get(id)?))) {
            let (start, end) = entry.value;
            let value = entry.between + self.measured.flat(start, end);
            let new_name = name.max(entry.name);
            // What cannot be broken is as long as it is, in whatever column it begins.
            let can_break = self.measured.soft(start, end) > 0;
            let several = self.measured.hard(start, end) > 0 || (can_break && self.indent + new_name + value > WIDTH);
            let new_longest = if several || !can_break { longest } else { longest.max(value) };
            if !members.is_empty() && self.indent + new_name + new_longest > WIDTH {
                break;
            }
            (name, longest) = (new_name, new_longest);
            members.push((id, entry.name));
            if several {
                break;
            }
            current = entry.next;
        }
        for (id, own) in members {
            if let Some(pad) = self.pads.get_mut(id) {
                *pad = Some(name - own);
            }
        }
        self.pads.get(first).copied().flatten().unwrap_or(0)
    }

    /// The output, with the comments behind consecutive lines of one level in one column.
    fn finish(mut self) -> String {
        if !self.fresh {
            self.newline(false);
        }
        let mut aligned = String::with_capacity(self.out.len() + self.behind.len() * 4);
        let mut done = 0;
        let mut runs = self.behind.as_slice();
        while let Some(first) = runs.first() {
            let length = runs.iter().enumerate().take_while(|(i, b)| b.line == first.line + i && b.indent == first.indent).count();
            let (run, rest) = runs.split_at(length);
            let column = run.iter().map(|b| b.column).max().unwrap_or(0);
            for comment in run {
                aligned.push_str(self.out.get(done..comment.offset).unwrap_or(""));
                aligned.extend(std::iter::repeat_n(' ', column - comment.column));
                done = comment.offset;
            }
            runs = rest;
        }
        aligned.push_str(self.out.get(done..).unwrap_or(""));
        aligned
    }
}
