use super::*;

fn parsed(text: &str) -> Parsed {
    parse(FileId(0), &Arc::from(text))
}

#[test]
fn the_whole_stack_of_the_design_parses() {
    let parsed = parsed(include_str!("../../grammar/corpus/whole_stack.plat"));
    assert_eq!(parsed.diagnostics, []);
    assert_eq!(parsed.file.items.len(), 27);
}

#[test]
fn one_slip_hides_nothing_else() {
    let parsed = parsed("let a = 1\n\n/// doc\nresource x: aws.ec2.VPC { cidr_block 1 }\nresourc y: A {}\nlet b = 2\nlet c = [1, 2\n");
    assert_eq!(parsed.file.items.len(), 2);
    let messages: Vec<_> = parsed.diagnostics.iter().map(|d| d.to_string()).collect();
    assert_eq!(
        messages,
        [
            "error[E0101]: `1` cannot stand here",
            "error[E0102]: `resourc` starts no declaration",
            "error[E0101]: the end of the line cannot stand here"
        ]
    );
}

#[test]
fn precedence_groups_as_written_in_the_reference() {
    let group = |text: &str| {
        fn show(e: &ast::Expr) -> String {
            match &*e.node {
                ast::ExprKind::Binary { op, operands } => format!("({} {} {})", show(&operands.left), op.text(), show(&operands.right)),
                ast::ExprKind::Name(n) => n.to_string(),
                _ => "?".to_owned(),
            }
        }
        show(&parse_expression(FileId(0), &Arc::from(text)).unwrap())
    };
    assert_eq!(group("a + b * c - d"), "((a + (b * c)) - d)");
    assert_eq!(group("a || b && c == d ?? e"), "(a || (b && (c == (d ?? e))))");
    assert_eq!(group("a\n  && b\n  && c"), "((a && b) && c)");
}

#[test]
fn blocks_lose_their_indentation() {
    let text = "\"\"\"\n    a ${x}\n      b\n    \"\"\"";
    let expr = parse_expression(FileId(0), &Arc::from(text)).unwrap();
    let ast::ExprKind::Template(parts) = *expr.node else { panic!() };
    assert!(matches!(&parts[0], ast::Part::Text(t) if &**t == "a "));
    assert!(matches!(&parts[2], ast::Part::Text(t) if &**t == "\n  b\n"));
}

#[test]
fn the_tree_loses_nothing() {
    let text = "// first\nlet a = [1, // second\n 2] // third\n";
    let parsed = parsed(text);
    let mut comments = Vec::new();
    fn walk<'t>(node: Node<'t>, comments: &mut Vec<&'t str>) {
        let (mut at, end) = (node.start(), node.end());
        for child in node.all_children() {
            assert!(at <= child.start() && child.end() <= end, "a child lies inside its parent, behind its elder");
            at = child.end();
            walk(child, comments);
        }
        if node.rule() == Rule::comment {
            comments.push(node.text());
        }
    }
    for root in parsed.tree.roots() {
        assert_eq!((root.start(), root.end()), (0, text.len()));
        walk(root, &mut comments);
    }
    assert_eq!(comments, ["// first", "// second", "// third"]);
}

#[test]
fn deep_nesting_is_refused_not_a_crash() {
    for text in [format!("let a = {}", "[".repeat(10_000)), format!("let a = {}1", "x => ".repeat(10_000))] {
        assert_eq!(parsed(&text).diagnostics[0].code, Code(103));
    }
}

#[test]
fn documentation_behind_a_value_is_no_division() {
    let parsed = parsed("param a: Int = 1\n/// about b\nparam b: Int = 2\n");
    assert_eq!(parsed.diagnostics, []);
    assert_eq!(&*parsed.file.items[1].doc, "about b");
}

#[test]
fn a_guard_may_be_one_name() {
    assert_eq!(parsed("let a = match b {\n  1 if ready => 2\n  _ => 3\n}\n").diagnostics, []);
}

#[test]
fn an_expression_is_small() {
    assert_eq!((size_of::<ast::ExprKind>(), size_of::<ast::Expr>(), size_of::<ast::Entry>()), (64, 24, 96));
}
