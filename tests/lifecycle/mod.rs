//! Engine and sandbox together, through the library: what an apply does, what a crash leaves, what the next apply makes of it.
//!
//! The oracle is the world's inventory, never plat's own word.

pub mod bucket;
pub mod kinds;
pub mod place;
pub mod program;

mod basics;
mod choosing;
mod claims;
mod crashes;
mod faults;
mod going_back;
mod races;
mod rehearsing;
mod settings;
#[path = "../../src/state/tests/shape.rs"]
mod shape;

use kinds::{ALARM, GROUP, NETWORK, RULE, SERVICE, SUBNET};
use program::{Expr, Program, Spec, cidr, of, text};

/// One of everything, referring to each other.
pub fn everything() -> Program {
    let subnet = |n: i64| Spec::new(SUBNET, [("network", of("net", "network_id")), ("size", program::int(n))]).create_first();
    Program::default()
        .with("net", Spec::new(NETWORK, [("cidr", cidr("10.0.0.0/16")), ("label", text("one"))]).create_first())
        .with("subnet[\"a\"]", subnet(2))
        .with("subnet[\"b\"]", subnet(3))
        .with("group", Spec::new(GROUP, [("name", text("team")), ("members", Expr::List(vec![of("subnet[\"a\"]", "subnet_id")]))]))
        .with("rule", Spec::new(RULE, [("source", of("subnet[\"b\"]", "subnet_id")), ("target", of("group", "name"))]))
        .with(
            "service",
            Spec::new(
                SERVICE,
                [
                    ("groups", Expr::List(vec![of("group", "name")])),
                    ("role", of("group", "arn")),
                    ("settings", Expr::Record(vec![("network", of("net", "network_id")), ("retries", program::int(3))])),
                    ("password", Expr::Secret("db".to_owned())),
                ],
            )
            .create_first()
            .after("rule"),
        )
        .with("alarm", Spec::new(ALARM, [("target", of("service", "service_id")), ("text", of("service", "endpoint"))]))
}

/// The same stack later: something changed in place, something replaced, something gone, something new.
pub fn everything_later() -> Program {
    everything()
        .set("net", "cidr", cidr("10.1.0.0/16"))
        .set("group", "members", Expr::List(vec![of("subnet[\"b\"]", "subnet_id")]))
        .set("service", "plan", text("large"))
        .set("service", "password", Expr::Secret("db-2".to_owned()))
        .without("rule")
        .without("subnet[\"a\"]")
        .with("subnet[\"c\"]", Spec::new(SUBNET, [("network", of("net", "network_id"))]).create_first())
        .with("other", Spec::new(ALARM, [("target", of("service", "service_id"))]))
        .patch("service", |spec| spec.after.clear())
}

/// Forty resources: four networks with all that belongs into one.
pub fn forty() -> Program {
    (0..4).fold(Program::default(), |program, n| {
        let at = |what: &str| format!("part[\"{n}\"].{what}");
        let subnet = |size| Spec::new(SUBNET, [("network", of(&at("net"), "network_id")), ("size", program::int(size))]).create_first();
        let group = |name: &str, of_subnet: &str| {
            Spec::new(GROUP, [("name", text(&format!("{name} {n}"))), ("members", Expr::List(vec![of(&at(of_subnet), "subnet_id")]))])
        };
        let rule =
            |source: &str, target: &str| Spec::new(RULE, [("source", of(&at(source), "subnet_id")), ("target", of(&at(target), "name"))]);
        let service = Spec::new(
            SERVICE,
            [
                ("groups", Expr::List(vec![of(&at("team"), "name"), of(&at("guests"), "name")])),
                ("role", of(&at("team"), "arn")),
                ("password", Expr::Secret(format!("db-{n}"))),
            ],
        );
        program
            .with(&at("net"), Spec::new(NETWORK, [("cidr", cidr(&format!("10.{n}.0.0/16"))), ("label", text("one"))]).create_first())
            .with(&at("a"), subnet(2))
            .with(&at("b"), subnet(3))
            .with(&at("c"), subnet(4))
            .with(&at("team"), group("team", "a"))
            .with(&at("guests"), group("guests", "b"))
            .with(&at("one"), rule("a", "team"))
            .with(&at("two"), rule("c", "guests"))
            .with(&at("service"), service.create_first().after(&at("one")))
            .with(&at("alarm"), Spec::new(ALARM, [("target", of(&at("service"), "service_id")), ("text", of(&at("service"), "endpoint"))]))
    })
}

/// The forty later: one network replaced with all in it, something changed in place everywhere, some gone, some new.
pub fn forty_later() -> Program {
    let program = forty()
        .set("part[\"0\"].net", "cidr", cidr("10.9.0.0/16"))
        .without("part[\"1\"].one")
        .patch("part[\"1\"].service", |spec| spec.after.clear())
        .without("part[\"2\"].two")
        .with("more", Spec::new(ALARM, [("target", of("part[\"1\"].service", "service_id"))]))
        .with("new", Spec::new(SUBNET, [("network", of("part[\"2\"].net", "network_id"))]).create_first());
    (0..4).fold(program, |program, n| {
        program.set(&format!("part[\"{n}\"].service"), "plan", text("large")).set(&format!("part[\"{n}\"].net"), "label", text("two")).set(
            &format!("part[\"{n}\"].team"),
            "members",
            Expr::List(vec![of(&format!("part[\"{n}\"].b"), "subnet_id")]),
        )
    })
}
