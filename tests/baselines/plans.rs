//! Whole plans, in every format.

use plat::desired::Assert;
use plat::plan::{Action, Drift, DriftKind, Plan, Rename, Spent, Verdict};
use plat::render::{Style, View, plan_json, plan_markdown, plan_text};
use plat::types::Type;
use plat::value::{Duration, Value};

use super::golden;
use super::made::{CANARY, address, change, changed, connect2, output, plan, registry, secret, sources, span, step, tags, text, unknown};

fn show(plan: &Plan, style: Style, full: bool) -> [String; 3] {
    let (sources, registry) = (sources(), registry());
    let view = View { sources: &sources, registry: &registry, style, full, destroying: false, state_age: Some(Duration::minutes(12)) };
    let shown = [plan_text(plan, &view), plan_markdown(plan, &view), plan_json(plan, &view)];
    for text in &shown {
        assert!(!text.contains(CANARY), "a secret is shown:\n{text}");
    }
    shown
}

fn check(name: &str, plan: &Plan) {
    let [text, markdown, json] = show(plan, Style::PLAIN, false);
    golden(&format!("{name}.txt"), &text);
    golden(&format!("{name}.md"), &markdown);
    golden(&format!("{name}.json"), &json);
}

#[test]
fn what_is_lost_comes_first_and_what_is_new_is_folded() {
    check("connect2", &connect2());
}

#[test]
fn many_new_things_are_counted() {
    let new = |n: usize| {
        step(
            &format!("thing{n}"),
            if n.is_multiple_of(3) { "aws.ec2.VPC" } else { "aws.ec2.Subnet" },
            Action::Create,
            vec![change("name", None, Some(text("x")))],
        )
    };
    let [text, ..] = show(&plan((0..60).map(new).collect()), Style::PLAIN, false);
    golden("many.txt", &text);
}

#[test]
fn everything_is_shown_when_asked() {
    let [text, markdown, _] = show(&connect2(), Style::PLAIN, true);
    golden("connect2-full.txt", &text);
    golden("connect2-full.md", &markdown);
}

#[test]
fn a_narrow_coloured_terminal() {
    let [text, ..] = show(&connect2(), Style { color: true, width: 80 }, false);
    golden("connect2-colour.txt", &text);
}

#[test]
fn nothing_to_do() {
    check("empty", &plan(vec![step("net.vpc", "aws.ec2.VPC", Action::NoOp, Vec::new())]));
}

#[test]
fn only_outputs_and_moves() {
    let mut plan = plan(Vec::new());
    plan.outputs = vec![output("endpoint", text("new"), Some("old".into()))];
    plan.moves = vec![(address("a"), address("net.a"))];
    check("outputs", &plan);
}

#[test]
fn a_rename_is_offered_above_what_it_would_destroy() {
    let mut plan = plan(vec![
        step("net.vpc", "aws.ec2.VPC", Action::Delete, Vec::new()),
        step("net.private[\"a\"]", "aws.ec2.Subnet", Action::Delete, Vec::new()),
        step("audit[\"api\"]", "aws.logs.LogGroup", Action::Delete, Vec::new()),
        step("network.vpc", "aws.ec2.VPC", Action::Create, Vec::new()),
        step("network.private[\"a\"]", "aws.ec2.Subnet", Action::Create, Vec::new()),
        step("audit[\"http\"]", "aws.logs.LogGroup", Action::Create, Vec::new()),
    ]);
    let rename = |from: &str, to: &str, resources| Rename { from: address(from), to: address(to), resources };
    plan.renames = vec![rename("audit[\"api\"]", "audit[\"http\"]", 1), rename("net", "network", 2)];
    check("renames", &plan);
    plan.renames = vec![rename("audit[\"```@team\"]", "audit[\"http\"]", 1)];
    let [_, markdown, _] = show(&plan, Style::PLAIN, false);
    assert!(markdown.contains("````\nmoved audit[\"```@team"), "{markdown}");
}

#[test]
fn what_is_done_can_go() {
    let mut plan = plan(Vec::new());
    let spent = |line: &str, instead: Option<&str>| Spent { line: line.into(), span: span(12), instead: instead.map(str::to_owned) };
    plan.spent = vec![
        spent("moved net -> network", None),
        spent("forget alarm", None),
        spent("import web = \"vpc-1\"", Some("`web` is `vpc-2` already")),
    ];
    check("spent", &plan);
}

#[test]
fn deletes_forgets_imports_and_asserts() {
    let mut new_db =
        step("db", "aws.rds.DBInstance", Action::Replace { forced_by: vec!["@region".into()], create_first: true }, Vec::new());
    new_db.estimate = Duration::minutes(10);
    let mut plan = plan(vec![
        step("old", "aws.rds.DBInstance", Action::Delete, Vec::new()),
        step("web[\"a b\"]", "aws.ec2.Instance", Action::Delete, Vec::new()),
        new_db,
        step("kept", "aws.ec2.VPC", Action::Forget, Vec::new()),
        step("found", "aws.ec2.VPC", Action::Import { id: "vpc-1".into() }, Vec::new()),
    ]);
    let assert = |message: &str| Assert { condition: Value::Bool(false), message: message.into(), span: span(40) };
    plan.asserts =
        vec![(assert("one port each"), Verdict::Fails), (assert("in two zones"), Verdict::Later), (assert("holds"), Verdict::Holds)];
    plan.drift = vec![
        Drift { address: address("gone"), type_name: "aws.ec2.VPC".into(), kind: DriftKind::Gone },
        changed("old", "aws.rds.DBInstance", "db_instance_class", text("db.t3.micro"), text("db.t3.large"), false),
    ];
    check("deletes", &plan);
}

#[test]
fn documents_and_texts_are_compared_line_by_line() {
    let policy = |effect: &str, actions: &[&str]| {
        let statement = Value::object([
            ("Effect", text(effect)),
            ("Action", Value::list(actions.iter().map(|a| text(a)))),
            ("Resource", text("arn:aws:s3:::a-bucket-with-a-long-name/*")),
        ]);
        Value::object([("Version", text("2012-10-17")), ("Statement", Value::list([statement]))])
    };
    let script =
        |port: u16| text(&format!("#!/bin/sh\nset -e\n::warning::not a command\napt-get update\nserve --port {port}\necho done\nexit 0\n"));
    let update = step(
        "role",
        "aws.iam.Role",
        Action::Update,
        vec![
            change("policy", Some(policy("Allow", &["s3:GetObject"])), Some(policy("Allow", &["s3:GetObject", "s3:PutObject"]))),
            change("user_data", Some(script(80)), Some(script(8080))),
            change("tags", Some(tags(&[("Name", "a"), ("Old", "x")])), Some(tags(&[("Name", "b"), ("New", "y"), ("aws:x y", "z")]))),
            change("boundary", Some(text("arn:x")), None),
            change(
                "rules",
                Some(Value::list((0..12).map(|n| text(&format!("rule-{n}"))))),
                Some(Value::list((1..13).map(|n| text(&format!("rule-{n}"))))),
            ),
        ],
    );
    let create = step(
        "other",
        "aws.iam.Role",
        Action::Create,
        vec![change("policy", None, Some(policy("Deny", &["*"]))), change("user_data", None, Some(script(1)))],
    );
    check("documents", &plan(vec![update, create]));
}

#[test]
fn hostile_values_stay_values() {
    let nasty = text("a\u{1b}[31mred\u{202e}txt\n::error::pwn\r\n```\n@everyone <img src=x> ##[command] [x](http://evil) `tick`");
    let mut plan = plan(vec![
        step("web[\"```@team\u{202e}\"]", "aws.ec2.Instance", Action::Delete, Vec::new()),
        step(
            "app",
            "aws.ec2.Instance",
            Action::Update,
            vec![
                change("name", Some(nasty.clone()), Some(text("plain"))),
                change("user_data", Some(nasty.clone()), Some(nasty_more())),
                change("key", Some(secret()), Some(secret())),
                change("nested", None, Some(Value::object([("password", secret()), ("id", unknown("web", "id"))]))),
            ],
        ),
    ]);
    plan.stack = "evil\u{1b}]0;title\u{7}`*stack*`".into();
    plan.outputs = vec![output("x", nasty, Some("\u{2066}was".into()))];
    plan.asserts =
        vec![(Assert { condition: Value::Bool(false), message: "see `a` or @team\n::set-env::".into(), span: span(2) }, Verdict::Fails)];
    check("hostile", &plan);
    for shown in show(&plan, Style::PLAIN, true) {
        assert!(
            !shown.chars().any(|c| (c.is_control() && c != '\n') || matches!(u32::from(c), 0x202a..=0x202e | 0x2066..=0x2069)),
            "{shown:?}"
        );
        for line in shown.lines() {
            assert!(!line.trim_start().starts_with("::"), "a runner would obey: {line}");
        }
    }
}

fn nasty_more() -> Value {
    text("one\n::error::pwn\ntwo ````\nthree\n")
}

#[test]
fn ids_read_without_quotes_and_texts_with_them() {
    assert_eq!(plat::render::inline(&text("vpc-1"), &Type::Id("aws.ec2.VPC".into())), "vpc-1");
    assert_eq!(plat::render::inline(&text("vpc-1"), &Type::String), "\"vpc-1\"");
}
