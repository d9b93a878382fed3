//! Engine and sandbox together, through the library: what an apply does, what a crash leaves, what the next apply makes of it.
//!
//! The oracle is the world's inventory, never plat's own word.

pub mod kinds;
pub mod place;
pub mod program;

mod basics;
mod choosing;
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
