//! Programs that are right, and what they come to.

use std::path::Path;

use plat::check::check;
use plat::eval::{Lookups, evaluate};

use super::{desired, registry, shown};

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
fn a_reference_is_a_dependency_and_an_unknown() {
    let desired = desired(
        "resource net: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }\nresource a: aws.ec2.Subnet for r in [10.0.0.0/24, 10.0.1.0/24] { vpc_id = net, cidr_block = r }\noutput ids: [Id<aws.ec2.Subnet>] = a.values()\noutput n: Int = a.values().map(s => s.subnet_id).len()",
    );
    let names: Vec<String> = desired.resources.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["net", "a[\"10.0.0.0/24\"]", "a[\"10.0.1.0/24\"]"]);
    let subnet = &desired.resources[1];
    assert_eq!(subnet.dependencies.len(), 1);
    assert_eq!(subnet.dependencies[0].on.to_string(), "net");
    assert!(subnet.inputs["vpc_id"].unknown().is_some());
    assert_eq!(desired.outputs[1].value, plat::value::Value::Int(2));
}
