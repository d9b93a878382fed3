//! Plans of any size fit a comment, and none hides what is lost.

use plat::plan::{Action, Plan};
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
