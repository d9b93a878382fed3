//! The stacks of [`super::stacks`] in an account where each changing call is refused at first: as busy, then as not yet
//! propagated, where the service refuses it so, and then as one call too many.

use super::cloud::Cloud;
use super::connect2;
use super::fault::Rule;
use super::marketing_websites;
use super::stacks::lives_on;

fn disturbed() -> Cloud {
    let cloud = Cloud::start();
    for rule in [Rule::busy_at_first(), Rule::not_propagated_at_first(), Rule::throttled_at_first()] {
        cloud.proxy.inject(rule);
    }
    cloud
}

fn lives(name: &str) {
    lives_on(&disturbed(), name);
}

#[test]
fn keys_logs_roles_and_secrets() {
    lives("basics");
}

#[test]
fn networks() {
    lives("network");
}

#[test]
fn endpoints_and_flow_logs() {
    lives("endpoints");
}

#[test]
fn network_acls() {
    lives("acls");
}

#[test]
fn peering_connections() {
    lives("peering");
}

#[test]
fn databases() {
    lives("database");
}

#[test]
fn clusters() {
    lives("kubernetes");
}

#[test]
fn access_to_clusters() {
    lives("access");
}

#[test]
fn caches() {
    lives("cache");
}

#[test]
fn clusters_of_the_standard_library() {
    lives("platform");
}

#[test]
fn connect2_in_production() {
    connect2::production_lives_on(&disturbed());
}

#[test]
fn marketing_websites_in_production() {
    marketing_websites::lives_on(&disturbed(), "production");
}
