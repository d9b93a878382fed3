//! Programs that ask for more than there is: numbers, texts and lists without end, and things that need themselves.

use std::fmt::Write;

use super::Project;

/// `let a0 = …`, and 60 more that each make twice as much of the one before; the last is asked for.
fn doubling(first: &str, twice: impl Fn(&str) -> String) -> String {
    let mut program = format!("stack s {{}}\nlet a0 = {first}\n");
    for i in 1..=60 {
        writeln!(program, "let a{i} = {}", twice(&format!("a{}", i - 1))).unwrap();
    }
    program
}

#[test]
fn what_doubles_is_stopped() {
    let text = "\"xxxxxxxxxxxxxxxx\"";
    for (name, first, twice) in [
        ("texts", text, (|a: &str| format!("\"${{{a}}}${{{a}}}\"")) as fn(&str) -> String),
        ("sums of texts", text, |a| format!("{a} + {a}")),
        ("blocks", text, |a| format!("\"\"\"${{{a}}}${{{a}}}\"\"\"")),
        ("joined texts", text, |a| format!("[{a}, {a}].join(\"\")")),
        ("replaced texts", text, |a| format!("{a}.replace(\"x\", \"xx\")")),
        ("lists", "[1, 2]", |a| format!("{a} + {a}")),
        ("flattened lists", "[1, 2]", |a| format!("[{a}, {a}].flatten()")),
        ("flat maps", "[1, 2]", |a| format!("{a}.flat_map(x => [x, x])")),
    ] {
        Project::of(doubling(first, twice)).refuses(name, "error[E03");
    }
    let mut functions = "stack s {}\nfn f0(x: Int) => Int = x\n".to_owned();
    for i in 1..=60 {
        writeln!(functions, "fn f{i}(x: Int) => Int = f{}(x) + f{}(x)", i - 1, i - 1).unwrap();
    }
    Project::of(format!("{functions}let a = f60(1)\n")).refuses("functions", "evaluation takes more than");
}

#[test]
fn what_is_shared_is_not_written_out() {
    let program = doubling("1", |a| format!("[{a}, {a}]"));
    Project::of(format!("{program}output a: String = json(a60)\n")).refuses("json", "error[E0");
    Project::of(format!("{program}assert a60 == a60\n")).takes("a comparison");
    let other = program.replace("stack s {}\n", "").replace('a', "b");
    Project::of(format!("{program}{other}assert a60 == b60\n")).takes("a comparison of two that are alike");
}

#[test]
fn long_ways_are_stopped() {
    for (name, program) in [
        ("a range", "let a = 0..1000000000\n"),
        ("a range in a comprehension", "let a = [for i in 0..1000000000: i]\n"),
        ("the whole range", "let a = -9223372036854775807..=9223372036854775807\n"),
        ("ranges in ranges", "let a = [for i in 0..100000: [for j in 0..100000: i + j]]\n"),
        ("a map of a range", "let a = { for i in 0..1000000000: \"${i}\" = i }\n"),
        ("lambdas in lambdas", "let a = (0..100000).map(i => (0..100000).map(j => i + j))\n"),
        ("contains in a loop", "let l = 0..300000\nlet a = [for i in l if l.contains(-1): i]\n"),
        ("subnets", "let a = 10.0.0.0/8.subnet(24, 99999999999)\n"),
    ] {
        Project::of(format!("stack s {{}}\n{program}")).refuses(name, "error[E03");
    }
    let resources = "stack s {}\nresource a: aws.ec2.VPC for i in (0..1000000).map(i => \"${i}\") {\n  cidr_block = 10.0.0.0/16\n}\n";
    Project::of(resources).refuses("a million resources", "E0307");
    Project::of("stack s {}\nlet a = (0..100000).map(i => { a = i }).unique()\n").refuses("records told apart", "error[E0305]");
    Project::of("stack s {}\nlet a = (0..100000).map(i => \"${i}\").unique()\n").takes("texts told apart");
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    for (name, value) in [
        ("an Int", "9223372036854775808"),
        ("a sum", "9223372036854775807 + 1"),
        ("a difference", "-9223372036854775807 - 2"),
        ("a product", "9223372036854775807 * 2"),
        ("a least number over minus one", "(-9223372036854775807 - 1) / -1"),
        ("a remainder of it", "(-9223372036854775807 - 1) % -1"),
        ("minus the least", "-(-9223372036854775807 - 1)"),
        ("a division by zero", "1 / 0"),
        ("a remainder by zero", "1 % 0"),
        ("a sum of a list", "[9223372036854775807, 1].sum()"),
        ("a size", "99999999999999999999PiB"),
        ("a size that was multiplied", "16000PiB * 16000"),
        ("a duration", "99999999999999999999w"),
        ("a duration that was multiplied", "9000000000000000s * 99999"),
        ("an address", "999.0.0.1"),
        ("a prefix", "10.0.0.0/99"),
        ("a prefix of a prefix", "10.0.0.0/99999999999999999999"),
        ("a subnet of too many bits", "10.0.0.0/16.subnet(9223372036854775807, 0)"),
        ("a subnet of too few", "10.0.0.0/16.subnet(-9223372036854775807, 0)"),
        ("a host", "10.0.0.0/16.host(9223372036854775807)"),
        ("an index", "[1][9223372036854775807]"),
        ("an index below zero", "[1][-1]"),
    ] {
        Project::of(format!("stack s {{}}\nlet a = {value}\n")).refuses(name, "error[E0");
    }
}

#[test]
fn circles_are_found() {
    for (name, program, words) in [
        ("one let", "let a = a\n", "E0601"),
        ("lets", "let a = b\nlet b = c\nlet c = a\n", "E0601"),
        ("params", "param a: Int = b\nparam b: Int = a\n", "E0"),
        ("one function", "fn f(x: Int) => Int = f(x)\n", "E0"),
        ("functions", "fn f(x: Int) => Int = g(x)\nfn g(x: Int) => Int = f(x)\n", "E0"),
        ("one type", "type A = A\n", "E0"),
        ("types", "type A = [B]\ntype B = { a: A }\n", "E0"),
        ("one component", "component A {\n  resource a: A {}\n}\nresource a: A {}\n", "E0"),
        ("components", "component A {\n  resource b: B {}\n}\ncomponent B {\n  resource a: A {}\n}\nresource a: A {}\n", "E0"),
        (
            "resources",
            "resource a: aws.ec2.VPC { cidr_block = b.cidr_block }\nresource b: aws.ec2.VPC { cidr_block = a.cidr_block }\n",
            "E0601",
        ),
        ("order", "resource a: aws.ec2.EIP { @after = [b] }\nresource b: aws.ec2.EIP { @after = [a] }\n", "E0601"),
    ] {
        Project::of(format!("stack s {{}}\n{program}")).refuses(name, words);
    }
    let long: String = (0..5_000).map(|i| format!("let a{i} = a{}\n", (i + 1) % 5_000)).collect();
    Project::of(format!("stack s {{}}\n{long}")).refuses("a long circle", "E0601");
}

#[test]
fn what_is_said_twice_is_refused() {
    for (name, program) in [
        ("keys", "let a = { b = 1, b = 2 }\n"),
        ("attributes", "resource a: aws.ec2.VPC { cidr_block = 10.0.0.0/16, cidr_block = 10.0.0.0/16 }\n"),
        ("settings", "resource a: aws.ec2.VPC { cidr_block = 10.0.0.0/16, @protect = true, @protect = true }\n"),
        ("keys of a map", "let a = {for x in [1, 1]: \"a\" = x}\n"),
        ("lets", "let a = 1\nlet a = 2\n"),
        ("stacks", "stack t {}\n"),
        ("envs", "env a {}\nenv a {}\n"),
        ("fields", "type A = { a: Int, a: Int }\n"),
        ("params of a function", "fn f(a: Int, a: Int) => Int = a\n"),
        ("keys of a for", "resource a: aws.ec2.EIP for k in [\"a\", \"a\"] {}\n"),
    ] {
        Project::of(format!("stack s {{}}\n{program}")).refuses(name, "error[E0");
    }
}

#[test]
fn long_rows_of_declarations_are_taken() {
    let chain: String = (1..5_000).map(|i| format!("let a{i} = a{} + 1\n", i - 1)).collect();
    Project::of(format!("stack s {{}}\nlet a0 = 1\n{chain}")).takes("a long chain of lets");
    for (name, first, next) in [
        ("functions", "fn f0(x: Int) => Int = x\n", (|i, j| format!("fn f{i}(x: Int) => Int = f{j}(x)\n")) as fn(usize, usize) -> String),
        ("types", "type T0 = Int\n", |i, j| format!("type T{i} = T{j}\n")),
        ("types of lists", "type T0 = Int\n", |i, j| format!("type T{i} = [T{j}]\n")),
        ("components", "component C0 { param a: Int = 1 }\n", |i, j| format!("component C{i} {{\n  resource c: C{j} {{}}\n}}\n")),
    ] {
        for order in [false, true] {
            let mut rows: Vec<String> = (1..3_000).map(|i| next(i, i - 1)).collect();
            if order {
                rows.reverse();
            }
            let last = match name {
                "functions" => "let a = f2999(1)\n",
                "components" => "resource c: C2999 {}\n",
                _ => "param a: T2999? = null\n",
            };
            let project = Project::of(format!("stack s {{}}\n{last}{first}{}", rows.concat()));
            let said = project.run(name, &["plan", "--sandbox"]);
            assert!(
                matches!(said.code, Some(0 | 1)),
                "a long row of {name}: {:?} {}",
                said.code,
                said.text.chars().take(1_000).collect::<String>()
            );
            said.in_few_words();
        }
    }
    let nested: String = (1..10_000).map(|i| format!("let a{i} = [a{}]\n", i - 1)).collect();
    Project::of(format!("stack s {{}}\nlet a0 = 1\n{nested}")).refuses("lists in lists by name", "error[E0");
}

#[test]
fn what_doubles_in_a_declaration_is_looked_at_once() {
    let chain = |count: usize, link: &dyn Fn(usize) -> String| (1..=count).map(link).collect::<String>();
    let types = chain(40, &|i| format!("type T{i} = {{ a: T{}, b: T{} }}\n", i - 1, i - 1));
    Project::of(format!("stack s {{}}\ntype T0 = Int\n{types}param p: T40? = null\n")).takes("types");
    let lets = chain(40, &|i| format!("let a{i} = {{ a = a{}, b = a{} }}\n", i - 1, i - 1));
    Project::of(format!("stack s {{}}\nlet a0 = 1\n{lets}")).takes("records");
    let rule = "policy p0 for it: aws.ec2.EIP { deny if 1 == 2, \"x\" }\n";
    let groups = chain(60, &|i| format!("policy p{i} {{ policies = [p{}, p{}] }}\n", i - 1, i - 1));
    Project::of(format!("stack s {{}}\n{rule}{groups}")).takes("groups of policies");
    for (name, inside) in [("components", ""), ("components of resources", "resource v: aws.ec2.EIP {}")] {
        let components = chain(40, &|i| format!("component C{i} {{\n  resource a: C{} {{}}\n  resource b: C{} {{}}\n}}\n", i - 1, i - 1));
        Project::of(format!("stack s {{}}\ncomponent C0 {{ {inside} }}\n{components}resource c: C40 {{}}\n"))
            .refuses(name, "E0307]: the stack has more than 200000 resources or components");
    }
}

#[test]
fn each_function_counts_what_it_touches() {
    let text = doubling("\"xxxxxxxxxxxxxxxx\"", |a| format!("\"${{{a}}}${{{a}}}\"")).lines().take(20).collect::<Vec<_>>().join("\n");
    for method in
        ["len()", "upper()", "trim()", "starts_with(\"y\")", "contains(\"y\")", "split(\"y\")", "replace(\"y\", \"z\")", "take(1)"]
    {
        Project::of(format!("{text}\nlet a = [for i in 0..100000: a18.{method}]\n")).refuses(method, "evaluation takes more than");
    }
}

#[test]
fn unknown_names_are_told_of_in_linear_time() {
    let lets: String = (0..10_000).map(|i| format!("let l{i} = unknown_name_{i}\n")).collect();
    let said = Project::of(format!("stack s {{}}\n{lets}")).run("unknown names", &["validate"]);
    assert_eq!(said.code, Some(1), "{}", said.text.chars().take(2_000).collect::<String>());
    assert_eq!(said.text.matches("error[E0200]").count(), 50);
    assert!(said.text.contains("… and 9950 more") && said.text.contains("10000 errors"));
}

#[test]
fn modules_in_modules_are_loaded_however_many() {
    let project = Project::of("stack s {}\nuse \"../m3000\".{T3000}\nparam p: T3000? = null\n");
    for i in 1..=3_000 {
        let below = format!("use \"../m{}\".{{T{}}}\ntype T{i} = {{ a: T{} }}\n", i - 1, i - 1, i - 1);
        project.write(format!("../m{i}/a.plat"), if i == 1 { "type T1 = Int\n".to_owned() } else { below });
    }
    project.refuses("modules", "stand on each other");
}
