//! `plat rollback` and rehearsals over the wire.

use super::cloud::Cloud;
use super::plat::{Project, Run};
use super::witness::Inventory;

const REGION: &str = "us-west-2";

fn project() -> Project {
    Project::of_tests("back", "test")
}

fn at(project: &Project, cloud: &Cloud, step: usize, command: &str, more: &[&str]) -> Run {
    project.run(cloud, command, &[&["-p", &format!("step={step}")], more].concat())
}

/// What there is, without what another thing of the same kind has otherwise: ids, and the mark of the operation that made it. Where one thing
/// names another, only its kind is left.
fn without_ids(there: &Inventory) -> Vec<String> {
    let mut things: Vec<String> =
        there.kinds().flat_map(|(kind, things)| things.iter().map(move |thing| format!("{kind} {}", masked(&thing.to_string())))).collect();
    things.sort();
    things
}

fn masked(text: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() || c == '-' {
            word.push(c);
            continue;
        }
        let (kind, hex) = word.rsplit_once('-').unwrap_or(("", &word));
        let is_id = hex.len() >= 12 && hex.chars().all(|c| c.is_ascii_hexdigit());
        out.push_str(if is_id { kind } else { &word });
        word.clear();
        out.push(c);
    }
    out
}

/// Step 1, step 2, and back: the account is as it was after step 1 but for the ids of what came anew.
#[test]
fn a_rollback_brings_back_what_was_there() {
    let cloud = Cloud::start();
    let project = project();
    at(&project, &cloud, 1, "apply", &["--yes"]).ends(0);
    let before = Inventory::of(&cloud, REGION);

    let rehearsed = at(&project, &cloud, 2, "plan", &["--rehearse"]).ends(0);
    assert!(rehearsed.out.contains("Rehearsed: "), "{rehearsed}");
    let told = at(&project, &cloud, 2, "apply", &["--yes", "--json"]).ends(0).json();
    let between = Inventory::of(&cloud, REGION);
    assert_ne!(without_ids(&before), without_ids(&between));
    assert_eq!(told["back"], format!("plat rollback --to 1 {} -e test -p step=2", project.folder()), "{told:#}");

    let mark = cloud.proxy.ledger().len();
    let shown = at(&project, &cloud, 2, "rollback", &["--to", "1", "--dry-run"]).ends(0);
    assert!(shown.out.contains("Cannot be undone"), "{shown}");
    assert_eq!(cloud.proxy.ledger().changed_after(mark, "plat").count(), 0, "looking at the way back changes something");
    at(&project, &cloud, 2, "rollback", &["--to", "1", "--yes"]).ends(0);
    let after = Inventory::of(&cloud, REGION);
    assert_eq!(without_ids(&after), without_ids(&before));
    // What was only changed in place kept its id; what was replaced has another one.
    assert_eq!(after.one("vpcs")["id"], before.one("vpcs")["id"]);
    let subnet = |there: &Inventory, range: &str| there.find("subnets", "cidr", range)["id"].clone();
    assert_eq!(subnet(&after, "10.0.1.0/24"), subnet(&before, "10.0.1.0/24"));
    assert_ne!(subnet(&after, "10.0.2.0/24"), subnet(&before, "10.0.2.0/24"));

    // The program of then has nothing to do, and forward again goes as well.
    at(&project, &cloud, 1, "plan", &["--detailed-exitcode"]).ends(0);
    at(&project, &cloud, 2, "apply", &["--yes"]).ends(0);
    assert_eq!(without_ids(&Inventory::of(&cloud, REGION)), without_ids(&between));
    at(&project, &cloud, 2, "rollback", &["--to", "0", "--yes"]).ends(0);
    let left = Inventory::of(&cloud, REGION);
    assert!(left.is_empty(), "{left:#?}");
}

/// A name that another resource has is refused before the first changing call.
#[test]
fn what_would_be_refused_is_not_tried() {
    let cloud = Cloud::start();
    let project = project();
    at(&project, &cloud, 1, "apply", &["--yes"]).ends(0);
    project.edit("resource ways: aws.ec2.RouteTable { vpc_id = vpc }", "forget ways");
    project.edit("resource goes: aws.ec2.SubnetRouteTableAssociation for n in [\"1\", \"2\"] {\n  subnet_id      = subnet[n]\n  route_table_id = ways\n}\n", "");
    project.edit("log_group_name    = \"/back/api\"", "log_group_name    = \"/back/audit\"");
    let mark = cloud.proxy.ledger().len();
    let refused = at(&project, &cloud, 1, "apply", &["--yes"]).ends(1);
    assert!(refused.err.contains("error[E0530]") && refused.err.contains("`/back/audit`"), "{refused}");
    assert_eq!(cloud.proxy.ledger().changed_after(mark, "plat").count(), 0, "{}", cloud.proxy.ledger());
}
