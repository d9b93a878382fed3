//! Plans of any size fit a comment, and none hides what is lost.

use plat::plan::{Action, Plan, police_program};
use plat::render::{LIMIT, Style, View, plan_markdown};

use super::made::{change, plan, registry, sources, step, text};

fn markdown(plan: &Plan) -> String {
    let (sources, registry) = (sources(), registry());
    let view = View { sources: &sources, registry: &registry, style: Style::PLAIN, full: false, destroying: false, state_age: None };
    let page = plan_markdown(plan, &view);
    assert!(page.len() < LIMIT, "{} bytes", page.len());
    page
}

/// `n` deletes among many long changes and creations.
fn large(deletes: usize, others: usize) -> Plan {
    let mut steps = Vec::new();
    for n in 0..others {
        let long = |c: &str| Some(text(&c.repeat(150)));
        steps.push(step(&format!("part{n}.thing"), "aws.ec2.VPC", Action::Update, vec![change("description", long("a"), long("b"))]));
        steps.push(step(&format!("new{n}"), "aws.ec2.VPC", Action::Create, vec![change("description", None, long("c"))]));
    }
    for n in 0..deletes {
        let action =
            if n % 2 == 0 { Action::Delete } else { Action::Replace { forced_by: vec!["cidr_block".into()], create_first: false } };
        steps.push(step(&format!("old[\"instance-{n}\"]"), "aws.ec2.Instance", action, Vec::new()));
    }
    plan(steps)
}

#[test]
fn every_delete_and_replacement_is_named() {
    for (deletes, others) in [(3, 10), (3, 400), (300, 400), (1_500, 2_000)] {
        let page = markdown(&large(deletes, others));
        for n in 0..deletes {
            assert!(page.contains(&format!("`old[\"instance-{n}\"]`")), "{deletes} deletes, {others} others: number {n} is hidden");
        }
    }
}

#[test]
fn what_cannot_be_named_is_counted_aloud() {
    let page = markdown(&large(20_000, 10));
    assert!(page.contains("20000 resources are destroyed or replaced"), "{page}");
    assert!(page.contains("Read the plan in the log before you approve it"));
    assert!(page.contains("`old`: 20000"));
}

#[test]
fn even_the_counts_have_an_end() {
    let steps = (0..20_000).map(|n| step(&format!("a_rather_long_name_{n}"), "aws.ec2.VPC", Action::Delete, Vec::new())).collect();
    let page = markdown(&plan(steps));
    assert!(page.contains("20000 resources are destroyed or replaced") && page.contains(" more\n"), "{page}");
}

#[test]
fn denials_of_thousands_leave_room_for_what_is_lost() {
    // Each from a line and with a message of its own.
    let line = |n: usize| {
        format!("resource a{n}: aws.ec2.VPC {{ cidr_block = 10.0.0.0/16, enable_dns_support = false, tags = {{ n = \"{n}\" }} }}\n")
    };
    let program: String = (0..2_000).map(line).collect();
    let rule = "policy p for net: aws.ec2.VPC { deny if !net.enable_dns_support, \"network ${net.tags[\"n\"]} @team <b>\" }\n";
    let desired = crate::suite::desired(&(program + rule));
    let policing = police_program(&desired, None).unwrap();
    assert_eq!(policing.denied().count(), 2_000);
    for deletes in [3, 1_500] {
        let page = markdown(&Plan { policing: policing.clone(), ..large(deletes, 10) });
        let said = if deletes > 1_000 { "**2000 rules of policies deny**" } else { "network 0 @\u{2060}team &lt;b&gt;" };
        assert!(page.contains(said) && page.contains("rules of policies deny"), "{page}");
        for n in 0..deletes {
            assert!(page.contains(&format!("`old[\"instance-{n}\"]`")), "number {n} is hidden");
        }
    }
    let page = markdown(&Plan { policing, ..large(20_000, 10) });
    assert!(page.contains("**2000 rules of policies deny**") && page.contains("20000 resources are destroyed or replaced"), "{page}");
}
