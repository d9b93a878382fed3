//! Relations between attributes and between resources that AWS enforces, as data.
//!
//! A rule applies when every test of `when` holds; then every test of `must` has to hold. A test on a value that
//! is not known is undecided, and an undecided rule reports nothing.

use crate::value::Value;

/// A relation that AWS enforces.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The rule as a sentence; the title of the report and the line in the reference.
    pub text: &'static str,
    /// A list of records: the rule is about each record in it, and own paths name fields of the record.
    pub each: Option<&'static str>,
    pub when: &'static [Test],
    pub must: &'static [Test],
    /// The next step of somebody who broke the rule.
    pub help: &'static str,
    /// Where AWS documents the rule.
    pub link: &'static str,
}

impl Rule {
    pub const fn new(text: &'static str, link: &'static str) -> Self {
        Self { text, each: None, when: &[], must: &[], help: "", link }
    }

    /// Makes the rule about each record of a list.
    #[must_use]
    pub const fn each(mut self, list: &'static str) -> Self {
        self.each = Some(list);
        self
    }

    #[must_use]
    pub const fn when(mut self, tests: &'static [Test]) -> Self {
        self.when = tests;
        self
    }

    #[must_use]
    pub const fn must(mut self, tests: &'static [Test]) -> Self {
        self.must = tests;
        self
    }

    #[must_use]
    pub const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }
}

/// Whose attribute a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The resource, or the record that the rule is about.
    Own,
    /// The resource as it was before the change.
    Prior,
    /// The resource of the type `type_name` that the attribute `through` refers to.
    Target { through: &'static str, type_name: &'static str },
}

/// An attribute, or a field of the record in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path {
    pub owner: Owner,
    pub attribute: &'static str,
    pub fields: &'static [&'static str],
}

/// An attribute of the resource, or a field of the record that the rule is about.
pub const fn own(attribute: &'static str) -> Path {
    Path { owner: Owner::Own, attribute, fields: &[] }
}

/// An attribute of the resource before the change.
pub const fn prior(attribute: &'static str) -> Path {
    Path { owner: Owner::Prior, attribute, fields: &[] }
}

/// An attribute of the resource that `through` refers to.
pub const fn target(through: &'static str, type_name: &'static str, attribute: &'static str) -> Path {
    Path { owner: Owner::Target { through, type_name }, attribute, fields: &[] }
}

impl Path {
    /// The same path before the change.
    #[must_use]
    pub const fn before(mut self) -> Self {
        self.owner = Owner::Prior;
        self
    }

    /// A field of the record that the path leads to.
    #[must_use]
    pub const fn then(mut self, fields: &'static [&'static str]) -> Self {
        self.fields = fields;
        self
    }
}

/// A condition on values.
#[derive(Debug, Clone, Copy)]
pub enum Test {
    /// The configuration sets it.
    Set(Path),
    /// The configuration leaves it out.
    Unset(Path),
    /// The resource does not exist yet.
    Creates,
    /// The resource is about to be deleted. A rule with this test is about deletes alone.
    Deletes,
    Is(Path, Literal),
    /// Is one of these texts; case is ignored.
    AnyOf(Path, &'static [&'static str]),
    /// Begins with one of these texts; case is ignored.
    StartsWith(Path, &'static [&'static str]),
    /// In the value's own base unit: seconds of a duration, GiB of a size.
    AtLeast(Path, f64),
    AtMost(Path, f64),
    MultipleOf(Path, i64),
    /// The number of characters of a text, or of items of a list or map.
    Length(Path, usize, usize),
    /// A version that is this one or a later one.
    Since(Path, &'static str),
    /// Both are known and equal. Case of texts is ignored, and a version equals what it covers.
    Equal(Path, Path),
    /// The first is greater than the second, or equal to it.
    NotLess(Path, Path),
    /// The configuration sets all of them or none.
    Together(&'static [Path]),
    ExactlyOne(&'static [Path]),
    AtMostOne(&'static [Path]),
    AtLeastOne(&'static [Path]),
    /// A change leads from one value to one of those listed beside it. A value that is not listed may change to any.
    Steps(Path, &'static [(&'static str, &'static [&'static str])]),
    /// The resources that a list refers to have at least this many distinct values of an attribute.
    Spread {
        through: Path,
        type_name: &'static str,
        attribute: &'static str,
        least: usize,
    },
    Not(&'static Test),
    All(&'static [Test]),
    Any(&'static [Test]),
    /// A pure function of the values, for a relation that the other tests cannot express.
    Custom(&'static Custom),
}

/// A named function of the values at some paths; `None` when they do not decide.
#[derive(Debug)]
pub struct Custom {
    pub name: &'static str,
    /// What it looks at; only these are reported.
    pub paths: &'static [Path],
    /// Gets the values in the order of `paths`.
    pub holds: fn(&[Reading<'_>]) -> Option<bool>,
}

/// What is known at a path.
#[derive(Debug, Clone, Copy)]
pub enum Reading<'v> {
    Unset,
    Unknown,
    Value(&'v Value),
}

impl<'v> Reading<'v> {
    pub fn value(self) -> Option<&'v Value> {
        match self {
            Reading::Value(value) => Some(value),
            Reading::Unset | Reading::Unknown => None,
        }
    }

    pub fn text(self) -> Option<&'v str> {
        match self.value()? {
            Value::String(text) => Some(text),
            Value::Version(version) => Some(&version.0),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Literal {
    Bool(bool),
    Int(i64),
    Text(&'static str),
}

impl Test {
    /// Calls `found` with every path that the test looks at.
    pub fn paths(&self, found: &mut dyn FnMut(Path)) {
        match self {
            Test::Set(path)
            | Test::Unset(path)
            | Test::Is(path, _)
            | Test::AnyOf(path, _)
            | Test::StartsWith(path, _)
            | Test::AtLeast(path, _)
            | Test::AtMost(path, _)
            | Test::MultipleOf(path, _)
            | Test::Length(path, ..)
            | Test::Since(path, _) => found(*path),
            Test::Spread { through, .. } => found(*through),
            Test::Equal(a, b) | Test::NotLess(a, b) => {
                found(*a);
                found(*b);
            }
            Test::Steps(path, _) => {
                found(*path);
                found(path.before());
            }
            Test::Together(paths) | Test::ExactlyOne(paths) | Test::AtMostOne(paths) | Test::AtLeastOne(paths) => {
                paths.iter().for_each(|path| found(*path));
            }
            Test::Custom(custom) => custom.paths.iter().for_each(|path| found(*path)),
            Test::Not(test) => test.paths(found),
            Test::All(tests) | Test::Any(tests) => tests.iter().for_each(|test| test.paths(found)),
            Test::Creates | Test::Deletes => {}
        }
    }
}
