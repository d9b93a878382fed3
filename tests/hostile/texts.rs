//! Texts that are hard to read: deep, long, with what nobody sees in them.

use super::Project;

const DEEP: usize = 10_000;

/// What can stand in itself: its name, how it begins, how it ends.
const NESTS: [(&str, &str, &str); 19] = [
    ("lists", "[", "]"),
    ("lists that are not closed", "[", ""),
    ("records", "{ a = ", " }"),
    ("brackets", "(", ")"),
    ("calls", "f(", ")"),
    ("indexes", "a[", "]"),
    ("texts", "\"${", "}\""),
    ("blocks", "\"\"\"${", "}\"\"\""),
    ("lambdas", "x => ", ""),
    ("lambdas over lines", "x =>\n", ""),
    ("lambdas with brackets", "(x) => ", ""),
    ("conditions", "if ", " { 1 } else { 2 }"),
    ("branches", "if a { ", " } else { 2 }"),
    ("other branches", "if a { 1 } else { ", " }"),
    ("matches", "match ", " { _ => 1 }"),
    ("arms", "match a { _ => ", " }"),
    ("comprehensions", "[for x in ", ": x]"),
    ("bodies of comprehensions", "[for x in a: ", "]"),
    ("maps", "{for k in a: k = ", "}"),
];

#[test]
fn what_nests_too_deeply_is_refused() {
    for (name, open, close) in NESTS {
        let program = format!("let a = {}1{}\n", open.repeat(DEEP), close.repeat(DEEP));
        Project::of(program).refuses(name, "error[E0103]: this is nested more than 200 deep");
    }
    let ladder = format!("let a = if b {{ 1 }}{} else {{ 2 }}\n", " else if b { 1 }".repeat(DEEP));
    Project::of(ladder).refuses("a ladder", "nested more than 200 deep");
    for (name, open, close) in [
        ("types of lists", "[", "]"),
        ("of maps", "{", "}"),
        ("in parentheses", "(", ")"),
        ("of functions", "() => ", ""),
        ("of functions of functions", "(", ") => Int"),
        ("of secrets", "Secret<", ">"),
    ] {
        let program = format!("type A = {}Int{}\n", open.repeat(DEEP), close.repeat(DEEP));
        Project::of(program).refuses(name, "nested more than 200 deep");
    }
}

/// As deep as is allowed, and no deeper than the stack of a thread: what is said of such a program does not matter here.
#[test]
fn what_nests_deeply_is_read() {
    for (name, open, close) in NESTS {
        let project = Project::of(format!("let a = {}1{}\n", open.repeat(199), close.repeat(199)));
        for command in [&["plan", "--sandbox"][..], &["fmt", "--check"]] {
            let said = project.run(name, command);
            assert!(matches!(said.code, Some(0 | 1)), "{name}: {:?} {}", said.code, said.text);
        }
    }
}

/// What a type or an expression can begin with, so that another one follows in it. None of them is ever closed.
const TYPES_BEGIN: [&str; 11] = ["(", "[", "{", "{ a: ", "List<", "Map<Int, ", "() => ", "(Int) => ", "(Int, ", "Int | ", "{ a: Int = "];
const EXPRESSIONS_BEGIN: [&str; 24] = [
    "(",
    "[",
    "{ a = ",
    "{ \"a\" = ",
    "[for x in ",
    "[for x in a: ",
    "{for x in ",
    "{for x in a: ",
    "{for x in a: x = ",
    "f(",
    "f(1, ",
    "a[",
    "(x) => ",
    "x => ",
    "\"${",
    "\"\"\"${",
    "if ",
    "if a { ",
    "if a { 1 } else { ",
    "match ",
    "match a { _ => ",
    "match a { 1 if ",
    "-",
    "a ?? ",
];

/// Where two rules of the grammar begin alike, what is inside them is read twice, what is inside that four times, and nobody waits for the end.
#[test]
fn what_begins_alike_is_read_once() {
    let project = Project::of("stack s {}\n");
    for (kind, start, begins) in [("type", "type A = ", &TYPES_BEGIN[..]), ("let", "let a = ", &EXPRESSIONS_BEGIN)] {
        for (i, first) in begins.iter().enumerate() {
            for (j, then) in begins.iter().enumerate() {
                let open = format!("{first}{then}").repeat(45);
                project.write(format!("{kind}_{i}_{j}.plat"), format!("{start}{open}\n"));
                project.write(format!("{kind}_{i}_{j}_named.plat"), format!("{start}{open}A\n"));
            }
        }
    }
    let said = project.run("what begins alike", &["fmt", "--check"]);
    assert_eq!(said.code, Some(1), "{:?} {}", said.code, said.text.chars().take(3_000).collect::<String>());
}

#[test]
fn chains_that_never_end_are_refused() {
    for (name, start, link) in [
        ("a sum", "1", " + 1"),
        ("a sum over lines", "1", "\n  + 1"),
        ("truths", "true", " && true"),
        ("defaults", "null", " ?? null"),
        ("members", "a", ".b"),
        ("careful members", "a", "?.b"),
        ("calls", "\"a\"", ".upper()"),
        ("indexes", "a", "[0]"),
    ] {
        Project::of(format!("let x = {start}{}\n", link.repeat(DEEP)))
            .refuses(name, "error[E0103]: this expression has more than 400 links");
    }
    for (name, link) in [("minuses", "-"), ("nots", "!")] {
        Project::of(format!("let x = {}1\n", link.repeat(DEEP))).refuses(name, "E0103");
    }
    Project::of(format!("type A = Int{}\n", "?".repeat(DEEP))).refuses("optionals", "E0103");
}

#[test]
fn what_nobody_sees_is_refused_and_shown() {
    for (name, c) in [
        ("nul", '\0'),
        ("bell", '\u{7}'),
        ("escape", '\u{1b}'),
        ("delete", '\u{7f}'),
        ("next line", '\u{85}'),
        ("right to left override", '\u{202e}'),
        ("left to right embedding", '\u{202a}'),
        ("isolate", '\u{2067}'),
        ("end of isolate", '\u{2069}'),
        ("right to left mark", '\u{200f}'),
        ("line separator", '\u{2028}'),
        ("byte order mark", '\u{feff}'),
        ("carriage return", '\r'),
    ] {
        let words = format!("error[E0109]: there is a character here that nobody sees, U+{:04X}", u32::from(c));
        for program in
            [format!("// a{c}b\nlet a = 1\n"), format!("let a = \"x{c}y\"\n"), format!("let a{c} = 1\n"), format!("let a = {c}1\n")]
        {
            Project::of(program).refuses(name, &words);
        }
    }
    Project::of("\u{feff}stack s {}\r\nlet a = \"ü ✓\"\r\n").takes("a byte order mark at the start and lines that end as on Windows");
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    for (name, bytes) in
        [("half a character", &b"let a = \"\xc3\"\n"[..]), ("UTF-16", b"\xff\xfel\0e\0t\0"), ("too long a form", b"// \xc0\xaf\n")]
    {
        Project::of(bytes).refuses(name, "is not UTF-8 text");
    }
}

#[test]
fn long_lines_are_cut_where_they_are_shown() {
    let long = "x".repeat(1_000_000);
    for (name, program) in [
        ("a long name", format!("let {long} = y\n")),
        ("a long unknown name", format!("let a = {long}\n")),
        ("a long text that is not closed", format!("let a = \"{long}\n")),
        ("a long word", format!("{long} a\n")),
        ("a long literal", format!("let a = {}\n", "9".repeat(1_000_000))),
        ("a slip at the end of a long line", format!("let a = [\"{long}\" 1]\n")),
        ("a slip at the start of a long line", format!("let a = ] // {long}\n")),
        ("a slip in the middle", format!("let a = {{ a = \"{long}\", b = c, d = \"{long}\" }}\n")),
    ] {
        Project::of(program).refuses(name, "error[E0");
    }
}

#[test]
fn names_cannot_play_tricks() {
    for (name, program, words) in [
        ("an escape in a name", "let a\\u{41} = 1\n", "E0101"),
        ("a quote in a name", "let a\" = 1\n", "E0101"),
        ("another alphabet", "let а = 1\n", "E0101"),
        ("no character", "let a = \"\\u{110000}\"\n", "E0108"),
        ("half a pair", "let a = \"\\u{d800}\"\n", "E0108"),
        ("a path out of a name", "resource ../a: aws.ec2.VPC {}\n", "E0101"),
    ] {
        Project::of(program).refuses(name, words);
    }
}

#[test]
fn many_errors_are_told_of_in_moderation() {
    let project = Project::of("x = 1\n".repeat(100_000));
    let said = project.run("many errors", &["plan", "--sandbox"]);
    assert_eq!(said.code, Some(1));
    assert!(said.text.contains("100000 errors") && said.text.len() < 100_000, "{} bytes", said.text.len());
}
