//! Renaming, adopting and letting go, as a user meets them.

use super::Stack;

const HEAD: &str = "stack shop { }\nenv dev { @region = \"us-east-1\" }\n";

fn network(name: &str) -> String {
    format!(
        "{HEAD}use std.network.{{Network}}\nresource {name}: Network {{ cidr = 10.0.0.0/16, zones = 2 }}\noutput vpc: String = {name}.vpc.vpc_id\n"
    )
}

#[test]
fn a_component_is_renamed_by_the_line_that_the_plan_offers() {
    let stack = Stack::new(&network("net"));
    stack.sandbox(&["apply", "--yes"]).ends(0);
    let before = stack.sandbox(&["output", "vpc"]).ends(0).out;
    let things = stack.sandbox(&["state", "list"]).ends(0).out.lines().count();

    stack.write("main.plat", &network("network"));
    let plan = stack.sandbox(&["plan"]).ends(0);
    let offer = format!("\n  moved net -> network  {things} resources\n");
    assert!(plan.out.contains(&offer), "{}", plan.out);
    assert!(plan.out.find("moved net").unwrap() < plan.out.find("deleted:").unwrap(), "{}", plan.out);
    let json = stack.sandbox(&["plan", "--json"]).ends(0).json();
    assert_eq!((json["renames"][0]["line"].as_str(), json["renames"].as_array().unwrap().len()), (Some("moved net -> network"), 1));
    assert_eq!(json["summary"]["destroy"].as_u64(), Some(things as u64));
    let markdown = stack.sandbox(&["plan", "--format", "markdown"]).ends(0).out;
    assert!(markdown.contains("```\nmoved net -> network\n```"), "{markdown}");

    stack.write("moved.plat", "moved net -> network\n");
    let plan = stack.sandbox(&["plan"]).ends(0);
    assert!(plan.out.contains("0 to add, 0 to change, 0 to destroy"), "{}", plan.out);
    stack.sandbox(&["apply", "--yes"]).ends(0);
    assert_eq!(stack.sandbox(&["output", "vpc"]).ends(0).out, before);
    let done = stack.sandbox(&["plan", "--detailed-exitcode"]).ends(0);
    assert!(done.out.contains("Done here; can go") && done.out.contains("moved.plat:1"), "{}", done.out);
    stack.sandbox(&["apply", "--yes"]).ends(0);
    std::fs::remove_file(stack.path().join("moved.plat")).unwrap();
    stack.sandbox(&["plan", "--detailed-exitcode"]).ends(0);
}

#[test]
fn what_was_let_go_is_adopted_again_with_its_differences() {
    let vpc = |label: &str| format!("{HEAD}resource main: aws.ec2.VPC {{ cidr_block = 10.0.0.0/16, tags = {{ Name = \"{label}\" }} }}\n");
    let stack = Stack::new(&format!("{}output id: String = main.vpc_id\n", vpc("a")));
    stack.sandbox(&["apply", "--yes"]).ends(0);
    let id = stack.sandbox(&["output", "id"]).ends(0).out.trim().to_owned();

    stack.write("main.plat", &format!("{HEAD}forget main\n"));
    let plan = stack.sandbox(&["plan"]).ends(0);
    assert!(plan.out.contains("1 to forget"), "{}", plan.out);
    stack.sandbox(&["apply", "--yes"]).ends(0);
    assert!(stack.sandbox(&["plan"]).ends(0).out.contains("  forget main  main.plat:3"));

    stack.write("main.plat", &format!("{}import main = \"vpc-00000000\"\n", vpc("b")));
    let missing = stack.sandbox(&["plan"]).ends(1);
    assert!(
        missing.err.contains("E0317") && missing.err.contains("there is no `aws.ec2.VPC` with the id `vpc-00000000`"),
        "{}",
        missing.err
    );

    stack.write("main.plat", &format!("{}param id: String = \"{id}\"\nimport main = id\n", vpc("b")));
    let plan = stack.sandbox(&["plan"]).ends(0);
    assert!(plan.out.contains(" in main") && plan.out.contains("{ Name = \"a\" } → { Name = \"b\" }"), "{}", plan.out);
    stack.sandbox(&["apply", "--yes"]).ends(0);
    stack.sandbox(&["plan", "--detailed-exitcode"]).ends(0);

    let twice = format!("{}resource other: aws.ec2.VPC {{ cidr_block = 10.0.0.0/16 }}\nimport other = \"{id}\"\n", vpc("b"));
    stack.write("main.plat", &twice);
    let twice = stack.sandbox(&["plan"]).ends(1);
    assert!(twice.err.contains("E0318") && twice.err.contains("managed already, as `main`"), "{}", twice.err);
}
