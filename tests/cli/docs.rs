//! `plat docs` and `plat explain`, as a reader meets them.

use super::Stack;

#[test]
fn what_a_stack_declares_is_told_of_beside_what_plat_brings() {
    let stack = Stack::new(
        "use \"eks\".{Web}\n\n/// A thing of ours.\ncomponent Thing { param size: Int }\nresource broken: Thing { size = \"x\" }\n",
    );
    std::fs::create_dir(stack.path().join("eks")).unwrap();
    stack.write("eks/web.plat", "/// Web servers.\ncomponent Web {\n  output port: Int = 80\n}\n");
    let all = stack.plat(&["docs"]).ends(0).out;
    for name in ["Thing", "eks.Web", "std.network.Network", "aws.ec2.VPC", "resource", "Cidr"] {
        assert!(all.lines().any(|line| line.starts_with(&format!("  {name} "))), "{name}:\n{all}");
    }
    assert!(stack.plat(&["docs", "Web"]).ends(0).out.starts_with("eks.Web\n\nWeb servers.\n"));
    assert!(stack.plat(&["docs", "Thing"]).ends(0).out.contains("- `size`: `Int`; required.\n"));
    assert_eq!(stack.plat(&["docs", "Web", "--json"]).ends(0).json()["name"], "eks.Web");
}

#[test]
fn a_near_miss_is_told_what_was_meant() {
    let stack = Stack::new("");
    for (name, meant) in [("Cdir.subnet", "Cidr.subnet"), ("std.network.Netwrk", "std.network.Network"), ("resorce", "resource")] {
        let said = stack.plat(&["docs", name]).ends(1);
        assert!(said.err.contains(&format!("did you mean `{meant}`?")), "{}", said.err);
        assert!(said.out.is_empty());
    }
    let said = stack.plat(&["docs", "cluster"]).ends(1).err;
    assert!(said.contains("`aws.eks.Cluster`, `std.kubernetes.Cluster`"), "{said}");
    assert!(stack.plat(&["explain", "E0199"]).ends(1).err.contains("there is no error code `E0199`"));
}

#[test]
fn stories_are_told_without_the_marks_of_markdown() {
    let stack = Stack::new("");
    let said = stack.plat(&["explain", "e0203"]).ends(0).out;
    assert!(said.starts_with("E0203: A value of another type than is wanted\n\n"), "{said}");
    assert!(said.contains("\n    resource web: aws.ec2.SecurityGroup {\n      group_description = \"web\"\n"), "{said}");
    assert!(!said.contains("```"), "{said}");
    let all = stack.plat(&["explain"]).ends(0).out;
    assert!(all.lines().all(|line| line.starts_with('E') && line.get(5..7) == Some("  ")), "{all}");
    let one = stack.plat(&["explain", "E0203", "--json"]).ends(0).json();
    assert_eq!((one["code"].as_str(), one["title"].as_str()), (Some("E0203"), Some("A value of another type than is wanted")));
    assert_eq!(stack.plat(&["explain", "--json"]).ends(0).json().as_array().unwrap().len(), all.lines().count());
}

#[test]
fn what_terraform_calls_it_is_found_and_what_holds_several_lists_them() {
    let stack = Stack::new("");
    for (theirs, ours) in [
        ("aws_vpc", "aws.ec2.VPC\n"),
        ("aws_db_instance", "aws.rds.DBInstance\n"),
        ("depends_on", "`@after`"),
        ("variable", "`param`"),
        ("for_each", "`for`"),
        ("lifecycle", "`@after`"),
        ("backend", "`stack`"),
    ] {
        let said = stack.plat(&["docs", theirs]).ends(0).out;
        assert!(said.lines().next().unwrap().contains(ours.trim()), "{theirs}: {said}");
    }
    let said = stack.plat(&["docs", "aws.kms"]).ends(1).err;
    assert!(said.contains("`aws.kms` is no page") && said.contains("`aws.kms.Key`"), "{said}");
}
