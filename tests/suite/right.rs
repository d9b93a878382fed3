//! Programs that are right, and what they come to.

use std::path::Path;

use plat::check::check;
use plat::eval::{Lookups, evaluate};

use super::{desired, errors, registry, shown, trials};

#[test]
fn the_examples_are_right_in_every_environment() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    for example in ["connect2", "marketing-websites"] {
        let checked = check(&root.join(example), registry(), &[]);
        let program = checked.program.unwrap_or_else(|| panic!("{example}\n{}", shown(&checked.sources, &checked.diagnostics)));
        assert!(!program.envs.is_empty());
        for env in &program.envs {
            if let Err(errors) = evaluate(&program, Some(&env.name.node), &Lookups::new()) {
                panic!("{example} {}\n{}", env.name.node, shown(&checked.sources, &errors));
            }
        }
    }
}

#[test]
fn the_tests_of_examples_and_of_the_standard_library_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (folder, at_least) in [("examples/connect2", 6), ("stdlib", 8)] {
        let checked = check(&root.join(folder), registry(), &[]);
        let program = checked.program.unwrap_or_else(|| panic!("{folder}\n{}", shown(&checked.sources, &checked.diagnostics)));
        assert!(program.tests.len() >= at_least, "{folder} has {} tests", program.tests.len());
        let failed = trials(&program, &checked.sources);
        assert!(failed.is_empty(), "{folder}\n{}", shown(&checked.sources, &failed));
    }
}

/// Each file under `right/` shows a rule of the language, and has a test of what it comes to.
#[test]
fn each_program_that_is_right_comes_to_what_it_says() {
    let mut failed = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/suite/right");
    let programs = crate::project::files(&folder, "plat");
    assert!(programs.len() >= 20);
    for program in programs {
        let text = std::fs::read_to_string(&program).unwrap();
        let (sources, diagnostics) = errors(&text);
        let name = program.file_stem().unwrap().to_string_lossy();
        if !text.contains("\ntest \"") && !text.starts_with("test \"") {
            failed.push(format!("{name} tests nothing"));
        }
        if !diagnostics.is_empty() {
            failed.push(format!("{name}\n{}", shown(&sources, &diagnostics)));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[test]
fn every_component_of_the_standard_library_is_tested() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stdlib");
    for (module, _) in plat::resolve::LIBRARY {
        let file = root.join(module.trim_start_matches("std.")).with_extension("plat");
        let text = std::fs::read_to_string(file).unwrap();
        let tests = text.find("\ntest ").map_or("", |at| &text[at..]);
        for component in text.lines().filter_map(|line| line.strip_prefix("component ")).map(|rest| rest.split_whitespace().next().unwrap())
        {
            assert!(tests.contains(&format!(": {component} ")), "{module}: no test uses `{component}`");
        }
    }
}

#[test]
fn a_reference_is_a_dependency_and_an_unknown() {
    let desired = desired(
        "resource net: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }\nresource a: aws.ec2.Subnet for r in [10.0.0.0/24, 10.0.1.0/24] { vpc_id = net, cidr_block = r }\noutput ids: [Id<aws.ec2.Subnet>] = a.values()\noutput n: Int = a.values().map(s => s.subnet_id).len()",
    );
    let names: Vec<String> = desired.resources.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["net", "a[\"10.0.0.0/24\"]", "a[\"10.0.1.0/24\"]"]);
    let subnet = &desired.resources[1];
    assert_eq!(subnet.dependencies.len(), 1);
    assert_eq!(subnet.dependencies[0].on.to_string(), "net");
    assert!(subnet.inputs.get("vpc_id").unwrap().unknown().is_some());
    assert_eq!(desired.outputs[1].value, plat::value::Value::Int(2));
}

#[test]
fn what_a_for_goes_over_is_waited_for() {
    let desired = desired(
        r#"
resource net: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
resource a: aws.ec2.Subnet for key, r in { x = 10.0.0.0/24, y = 10.0.1.0/24, z = 10.0.2.0/24 } { vpc_id = net, cidr_block = r }
resource routes: aws.ec2.RouteTable { vpc_id = net }
resource own: aws.ec2.SubnetRouteTableAssociation for key, part in { one = { of = a["x"].subnet_id }, two = { of = a["y"].subnet_id } } {
  subnet_id      = part.of
  route_table_id = routes
}
resource logs: aws.logs.LogGroup for key, name in { one = "/${a["x"].subnet_id}", two = "/fixed" } { log_group_name = name }
component Tied {
  param id: Id<aws.ec2.Subnet>
  resource tie: aws.ec2.SubnetRouteTableAssociation { subnet_id = id, route_table_id = "rtb-0a1b2c3d4e5f60718" }
}
resource tied: Tied for key, id in { one = a["z"].subnet_id } { id = id }
"#,
    );
    let waits = |address: &str| -> Vec<String> {
        let (_, resource) = desired.resources.iter().find(|(at, _)| at.to_string() == address).unwrap();
        resource.dependencies.iter().map(|dependency| dependency.on.to_string()).collect()
    };
    assert_eq!(waits("own[\"one\"]"), ["a[\"x\"]", "routes"]);
    assert_eq!(waits("own[\"two\"]"), ["a[\"y\"]", "routes"]);
    assert_eq!(waits("logs[\"one\"]"), ["a[\"x\"]"]);
    assert!(waits("logs[\"two\"]").is_empty());
    assert_eq!(waits("tied[\"one\"].tie"), ["a[\"z\"]"]);
}
