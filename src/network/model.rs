//! The network as the program draws it: what lies in what, and what refers to what.

use std::collections::HashMap;
use std::sync::Arc;

use ipnet::IpNet;

use super::Tri;
use super::acls::Acl;
use super::groups::{self, Rules};
use super::references::{Catalogue, Ref};
use super::vocabulary::Kind;
use crate::address::Address;
use crate::desired::{Desired, DesiredResource};
use crate::value::{Hashing, Object, Value};

pub(super) type Resource = Arc<DesiredResource>;

/// All networks of one program.
#[derive(Debug, Default)]
pub struct Network {
    /// False while lookups wait for answers or something is in error: what is not there may still come.
    pub(super) complete: bool,
    pub(super) vpcs: Vec<Vpc>,
    pub(super) subnets: Vec<Subnet>,
    pub(super) tables: Vec<RouteTable>,
    pub(super) associations: Vec<Association>,
    pub(super) routes: Vec<Route>,
    pub(super) internet_gateways: Vec<Resource>,
    pub(super) attachments: Vec<Attachment>,
    pub(super) nats: Vec<Nat>,
    pub(super) peerings: Vec<Peering>,
    pub(super) groups: Vec<Group>,
    /// Subnets with a network ACL of their own.
    pub(super) guarded: Vec<Guarded>,
    pub(super) acls: Vec<Acl>,
    /// The lists that come with networks, of those that the program adds rules to.
    pub(super) default_acls: HashMap<usize, Acl>,
    /// A rule in a network ACL that is not known, or that the program does not make.
    pub(super) foreign_acl_rule: Option<Resource>,
    acl_entries: Vec<Resource>,
    /// Rules of security groups that are resources of their own.
    group_rules: Vec<(Kind, Resource)>,
    /// Subnet groups of databases and of caches.
    pub(super) database_subnets: Vec<Bundle>,
    pub(super) cache_subnets: Vec<Bundle>,
    pub(super) workloads: Vec<Workload>,
    /// Positions in `workloads`.
    databases: Vec<usize>,
    database_clusters: Vec<usize>,
    clusters: Vec<usize>,
    /// Some route goes into a table that the program does not make, so that a main table may have more than its local route.
    pub(super) foreign_tables: bool,
    /// Some association is of a subnet that is not known.
    pub(super) loose_associations: bool,
    /// Some gateway is attached to a network that is not known, or some attachment's gateway is not known.
    pub(super) loose_attachments: bool,
    pub(super) places: HashMap<Address, Placed, Hashing>,
    /// Attachments of each internet gateway.
    pub(super) by_gateway: HashMap<Ref, Vec<usize>>,
}

/// What an address stands for as one end of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placed {
    Subnet(usize),
    Workload(usize),
    InternetGateway(usize),
}

#[derive(Debug)]
pub(super) struct Vpc {
    pub resource: Resource,
    /// `None` when AWS chooses it.
    pub range: Option<IpNet>,
    /// Positions in `attachments`, `tables` and `subnets`.
    pub attachments: Vec<usize>,
    pub tables: Vec<usize>,
    pub subnets: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct Subnet {
    pub resource: Resource,
    pub vpc: Ref,
    pub range: Option<IpNet>,
    pub public_addresses: Option<bool>,
    /// Its association; without one it has the network's main table.
    pub association: Option<usize>,
}

#[derive(Debug)]
pub(super) struct RouteTable {
    pub resource: Resource,
    pub vpc: Ref,
    pub routes: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct Association {
    pub resource: Resource,
    pub subnet: Ref,
    pub table: Ref,
}

#[derive(Debug)]
pub(super) struct Route {
    pub resource: Resource,
    pub table: Ref,
    /// `None`: a prefix list, or not known.
    pub destination: Option<IpNet>,
    pub target: Target,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    InternetGateway(Ref),
    Nat(Ref),
    /// Another network, over a connection that the program makes.
    Peering(usize),
    /// Another network, a line to an office, an appliance: the attribute, and the id where it is known.
    Beyond(&'static str, Option<Arc<str>>),
    Unknown,
}

/// A connection between two networks.
#[derive(Debug)]
pub(super) struct Peering {
    pub resource: Resource,
    pub vpc: Ref,
    pub peer: Ref,
}

impl Peering {
    /// The network at the other end, for one of the two.
    pub(super) fn beyond(&self, vpc: &Ref) -> Option<&Ref> {
        match (self.vpc.same(vpc), self.peer.same(vpc)) {
            (Tri::Yes, _) => Some(&self.peer),
            (_, Tri::Yes) => Some(&self.vpc),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(super) struct Attachment {
    pub resource: Resource,
    pub vpc: Ref,
    /// `None` for a virtual private gateway.
    pub internet_gateway: Option<Ref>,
}

#[derive(Debug)]
pub(super) struct Nat {
    pub resource: Resource,
    /// `None` for a regional gateway, which has none.
    pub subnet: Option<Ref>,
    /// To the internet, not between private networks; `None` when not known.
    pub public: Option<bool>,
}

/// A network ACL's association with a subnet.
#[derive(Debug)]
pub(super) struct Guarded {
    pub resource: Resource,
    pub subnet: Ref,
    pub acl: Ref,
}

#[derive(Debug)]
pub(super) struct Group {
    pub resource: Resource,
    /// `None`: the account's default network.
    pub vpc: Option<Ref>,
    pub ingress: Rules,
    pub egress: Rules,
}

/// A subnet group.
#[derive(Debug)]
pub(super) struct Bundle {
    pub resource: Resource,
    pub subnets: Option<Vec<Ref>>,
}

/// A security group, of whichever origin.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum GroupRef {
    Own(usize),
    /// The one that comes with a network.
    Default(usize),
    /// The one that EKS makes for a cluster; its position in `workloads`.
    Cluster(usize),
    Foreign(Arc<str>),
    Unknown,
}

/// Something that runs in the network.
#[derive(Debug)]
pub(super) struct Workload {
    pub resource: Resource,
    pub kind: Kind,
    /// Where it may be placed; `None` when not known.
    pub subnets: Option<Vec<Ref>>,
    /// Its security groups; `None` when not known. Empty: the default group of its network.
    pub groups: Option<Vec<GroupRef>>,
    /// The attribute and the path that say where it is placed, for messages.
    pub placed_by: &'static str,
}

impl Network {
    /// Reads the networks of a program. `complete` is false while something of it is still to come.
    pub fn of(desired: &Desired, complete: bool) -> Self {
        let catalogue = Catalogue::new(desired);
        let mut network = Network { complete, ..Network::default() };
        for (position, resource) in desired.resources.values().enumerate() {
            if let Some(kind) = catalogue.kind_at(position) {
                network.add(kind, resource, &catalogue);
            }
        }
        network.settle(&catalogue);
        network.link();
        network
    }

    /// True when the program has nothing to do with networks.
    pub fn is_empty(&self) -> bool {
        self.vpcs.is_empty() && self.subnets.is_empty() && self.groups.is_empty() && self.workloads.is_empty()
    }

    fn add(&mut self, kind: Kind, resource: &Resource, catalogue: &Catalogue<'_>) {
        let get = |name: &str| resource.inputs.get(name);
        let resource = resource.clone();
        match kind {
            Kind::Vpc => {
                let range = cidr(get("cidr_block"));
                self.vpcs.push(Vpc { resource: resource.clone(), range, attachments: Vec::new(), tables: Vec::new(), subnets: Vec::new() });
            }
            Kind::Subnet => {
                self.places.insert(resource.address.clone(), Placed::Subnet(self.subnets.len()));
                let public_addresses = flag(get("map_public_ip_on_launch"), false);
                let vpc = catalogue.resolve(get("vpc_id"), Kind::Vpc);
                let range = cidr(get("cidr_block"));
                self.subnets.push(Subnet { resource: resource.clone(), vpc, range, public_addresses, association: None });
            }
            Kind::RouteTable => {
                let vpc = catalogue.resolve(get("vpc_id"), Kind::Vpc);
                self.tables.push(RouteTable { resource: resource.clone(), vpc, routes: Vec::new() });
            }
            Kind::Association => {
                let subnet = catalogue.resolve(get("subnet_id"), Kind::Subnet);
                let table = catalogue.resolve(get("route_table_id"), Kind::RouteTable);
                self.associations.push(Association { resource: resource.clone(), subnet, table });
            }
            Kind::Route => {
                let table = catalogue.resolve(get("route_table_id"), Kind::RouteTable);
                let destination = cidr(get("destination_cidr_block").or_else(|| get("destination_ipv6_cidr_block")));
                let target = target(&resource.inputs, catalogue);
                self.routes.push(Route { resource: resource.clone(), table, destination, target });
            }
            Kind::InternetGateway => {
                self.places.insert(resource.address.clone(), Placed::InternetGateway(self.internet_gateways.len()));
                self.internet_gateways.push(resource.clone());
            }
            Kind::Attachment => {
                let vpc = catalogue.resolve(get("vpc_id"), Kind::Vpc);
                let internet_gateway = match (get("internet_gateway_id"), get("vpn_gateway_id")) {
                    (None, Some(_)) => None,
                    (gateway, _) => Some(catalogue.resolve(gateway, Kind::InternetGateway)),
                };
                self.attachments.push(Attachment { resource: resource.clone(), vpc, internet_gateway });
            }
            Kind::NatGateway => {
                let subnet = get("subnet_id").map(|value| catalogue.resolve(Some(value), Kind::Subnet));
                let public = text(get("connectivity_type"), "public").map(|text| &*text == "public");
                self.nats.push(Nat { resource: resource.clone(), subnet, public });
            }
            Kind::Peering => {
                let (vpc, peer) = (catalogue.resolve(get("vpc_id"), Kind::Vpc), catalogue.resolve(get("peer_vpc_id"), Kind::Vpc));
                self.peerings.push(Peering { resource: resource.clone(), vpc, peer });
            }
            Kind::NetworkAcl => self.acls.push(Acl { resource: Some(resource), ..Acl::default() }),
            Kind::AclEntry => self.acl_entries.push(resource),
            Kind::GroupIngress | Kind::GroupEgress => self.group_rules.push((kind, resource)),
            Kind::AclAssociation => {
                let subnet = catalogue.resolve(get("subnet_id"), Kind::Subnet);
                let acl = catalogue.resolve(get("network_acl_id"), Kind::NetworkAcl);
                self.guarded.push(Guarded { resource: resource.clone(), subnet, acl });
            }
            Kind::SecurityGroup => {
                let vpc = get("vpc_id").map(|value| catalogue.resolve(Some(value), Kind::Vpc));
                self.groups.push(Group { resource: resource.clone(), vpc, ingress: Rules::Unknown, egress: Rules::Unknown });
            }
            Kind::DatabaseSubnets | Kind::CacheSubnets => {
                let bundle = Bundle { resource: resource.clone(), subnets: catalogue.resolve_all(get("subnet_ids"), Kind::Subnet) };
                if kind == Kind::DatabaseSubnets { self.database_subnets.push(bundle) } else { self.cache_subnets.push(bundle) }
            }
            Kind::Database | Kind::DatabaseCluster | Kind::Cache | Kind::Cluster | Kind::Nodes => {
                self.add_workload(kind, &resource, catalogue)
            }
        }
    }

    /// Where it is placed follows in [`Self::settle`], when all subnet groups are read.
    fn add_workload(&mut self, kind: Kind, resource: &Resource, catalogue: &Catalogue<'_>) {
        let get = |name: &str| resource.inputs.get(name);
        let (subnets, placed_by) = match kind {
            Kind::Database | Kind::DatabaseCluster => (None, "db_subnet_group_name"),
            Kind::Cache => (None, "cache_subnet_group_name"),
            Kind::Cluster => {
                let listed = part(get("resources_vpc_config"), "subnet_ids");
                (catalogue.resolve_all(listed, Kind::Subnet), "resources_vpc_config")
            }
            _ => (catalogue.resolve_all(get("subnets"), Kind::Subnet), "subnets"),
        };
        match kind {
            Kind::Database => self.databases.push(self.workloads.len()),
            Kind::DatabaseCluster => self.database_clusters.push(self.workloads.len()),
            Kind::Cluster => self.clusters.push(self.workloads.len()),
            _ => {}
        }
        self.places.insert(resource.address.clone(), Placed::Workload(self.workloads.len()));
        self.workloads.push(Workload { resource: resource.clone(), kind, subnets, groups: None, placed_by });
    }

    /// What needs all resources: subnets of databases and caches, and security groups with their rules.
    fn settle(&mut self, catalogue: &Catalogue<'_>) {
        let entries = std::mem::take(&mut self.acl_entries);
        self.fill_acls(&entries, catalogue);
        for index in 0..self.workloads.len() {
            let Some(workload) = self.workloads.get(index) else { continue };
            let subnets = match workload.kind {
                Kind::Database | Kind::DatabaseCluster | Kind::Cache => self.bundled(workload, catalogue),
                _ => workload.subnets.clone(),
            };
            let groups = self.groups_of(workload, catalogue);
            if let Some(workload) = self.workloads.get_mut(index) {
                workload.subnets = subnets;
                workload.groups = groups;
            }
        }
        let rules: Vec<_> = self
            .groups
            .iter()
            .map(|group| {
                let get = |name: &str| group.resource.inputs.get(name);
                let ingress = groups::rules(get("security_group_ingress"), "source_", catalogue, self).unwrap_or(Rules::Listed(Vec::new()));
                let egress = groups::rules(get("security_group_egress"), "destination_", catalogue, self).unwrap_or(Rules::Everything);
                (ingress, egress)
            })
            .collect();
        for (group, (ingress, egress)) in self.groups.iter_mut().zip(rules) {
            group.ingress = ingress;
            group.egress = egress;
        }
        for (kind, resource) in std::mem::take(&mut self.group_rules) {
            self.add_rule(kind, &resource, catalogue);
        }
    }

    /// A rule that is a resource of its own, beside those in its group's list. Of a group that is not known, it may be any group's.
    fn add_rule(&mut self, kind: Kind, resource: &Resource, catalogue: &Catalogue<'_>) {
        let side = if kind == Kind::GroupIngress { "source_" } else { "destination_" };
        let add = |group: &mut Group, rule| match if kind == Kind::GroupIngress { &mut group.ingress } else { &mut group.egress } {
            Rules::Listed(rules) => rules.push(rule),
            Rules::Everything | Rules::Unknown => {}
        };
        match catalogue.resolve(resource.inputs.get("group_id"), Kind::SecurityGroup) {
            Ref::Own(index) => {
                let rule = groups::standalone(resource, side, catalogue, self);
                if let Some(group) = self.groups.get_mut(index) {
                    add(group, rule);
                }
            }
            Ref::Foreign(_) => {}
            Ref::Unknown => self.groups.iter_mut().for_each(|group| add(group, groups::Rule::unknown())),
        }
    }

    /// The subnets of the subnet group that a database or cache names; a replica without one stands in its source's, a member of a cluster in
    /// its cluster's.
    fn bundled(&self, workload: &Workload, catalogue: &Catalogue<'_>) -> Option<Vec<Ref>> {
        let (bundles, kind) = match workload.kind {
            Kind::Database | Kind::DatabaseCluster => (&self.database_subnets, Kind::DatabaseSubnets),
            _ => (&self.cache_subnets, Kind::CacheSubnets),
        };
        let own = workload.resource.inputs.get(workload.placed_by);
        let source = || {
            if let Some(cluster) = self.cluster_of(workload, catalogue) {
                return cluster.resource.inputs.get(workload.placed_by);
            }
            let source = catalogue.resolve(workload.resource.inputs.get("source_db_instance_identifier"), Kind::Database).own()?;
            self.workloads.get(*self.databases.get(source)?)?.resource.inputs.get(workload.placed_by)
        };
        let bundle = catalogue.resolve(own.or_else(source), kind).own()?;
        bundles.get(bundle)?.subnets.clone()
    }

    /// The database cluster of the program that a database is a member of.
    fn cluster_of(&self, workload: &Workload, catalogue: &Catalogue<'_>) -> Option<&Workload> {
        let named = workload.resource.inputs.get("db_cluster_identifier").filter(|_| workload.kind == Kind::Database);
        let cluster = catalogue.resolve(Some(named?), Kind::DatabaseCluster).own()?;
        self.workloads.get(*self.database_clusters.get(cluster)?)
    }

    fn groups_of(&self, workload: &Workload, catalogue: &Catalogue<'_>) -> Option<Vec<GroupRef>> {
        let get = |name: &str| workload.resource.inputs.get(name);
        let listed = |value: Option<&Value>| match value {
            None => Some(Vec::new()),
            Some(Value::List(items)) => Some(items.iter().map(|item| self.group(item, catalogue)).collect()),
            Some(_) => None,
        };
        match workload.kind {
            // A member has its cluster's, and cannot have others.
            Kind::Database if get("db_cluster_identifier").is_some() => {
                listed(self.cluster_of(workload, catalogue)?.resource.inputs.get("vpc_security_group_ids"))
            }
            Kind::Database => listed(get("vpc_security_groups")),
            Kind::DatabaseCluster => listed(get("vpc_security_group_ids")),
            Kind::Cache => listed(get("security_group_ids")),
            Kind::Cluster => {
                let own = *self.places.get(&workload.resource.address).and_then(Placed::workload)?;
                let more = listed(part(get("resources_vpc_config"), "security_group_ids"))?;
                Some([GroupRef::Cluster(own)].into_iter().chain(more).collect())
            }
            // A launch template may name other groups.
            _ if get("launch_template").is_some() => None,
            _ => match catalogue.resolve(get("cluster_name"), Kind::Cluster) {
                Ref::Own(cluster) => Some(vec![GroupRef::Cluster(*self.clusters.get(cluster)?)]),
                _ => None,
            },
        }
    }

    /// The security group that a value means.
    pub(super) fn group(&self, value: &Value, catalogue: &Catalogue<'_>) -> GroupRef {
        match value {
            Value::String(id) => GroupRef::Foreign(id.clone()),
            value => match catalogue.pointer(value) {
                Some(p) if p.kind == Kind::SecurityGroup && p.kind.is_id(p.attribute) => GroupRef::Own(p.index),
                Some(p) if p.kind == Kind::Vpc && p.attribute == "default_security_group" => GroupRef::Default(p.index),
                Some(p) if p.kind == Kind::Cluster && p.attribute == "cluster_security_group_id" => {
                    self.clusters.get(p.index).map_or(GroupRef::Unknown, |workload| GroupRef::Cluster(*workload))
                }
                _ => GroupRef::Unknown,
            },
        }
    }

    /// Makes what refers to something known to it.
    fn link(&mut self) {
        for (position, association) in self.associations.iter().enumerate() {
            match &association.subnet {
                Ref::Own(subnet) => {
                    if let Some(subnet) = self.subnets.get_mut(*subnet) {
                        subnet.association = Some(position);
                    }
                }
                Ref::Foreign(_) => {}
                Ref::Unknown => self.loose_associations = true,
            }
        }
        for (position, route) in self.routes.iter().enumerate() {
            match route.table.own().and_then(|table| self.tables.get_mut(table)) {
                Some(table) => table.routes.push(position),
                None => self.foreign_tables = true,
            }
        }
        for (position, attachment) in self.attachments.iter().enumerate() {
            self.loose_attachments |= attachment.vpc == Ref::Unknown || attachment.internet_gateway == Some(Ref::Unknown);
            if let Some(vpc) = attachment.vpc.own().and_then(|vpc| self.vpcs.get_mut(vpc)) {
                vpc.attachments.push(position);
            }
            if let Some(gateway) = &attachment.internet_gateway {
                self.by_gateway.entry(gateway.clone()).or_default().push(position);
            }
        }
        for (position, table) in self.tables.iter().enumerate() {
            if let Some(vpc) = table.vpc.own().and_then(|vpc| self.vpcs.get_mut(vpc)) {
                vpc.tables.push(position);
            }
        }
        for (position, subnet) in self.subnets.iter().enumerate() {
            if let Some(vpc) = subnet.vpc.own().and_then(|vpc| self.vpcs.get_mut(vpc)) {
                vpc.subnets.push(position);
            }
        }
    }
}

impl Placed {
    fn workload(&self) -> Option<&usize> {
        match self {
            Placed::Workload(index) => Some(index),
            _ => None,
        }
    }
}

/// Attributes of a route that lead to somewhere else than an internet or NAT gateway.
const BEYOND: [&str; 10] = [
    "vpc_peering_connection_id",
    "transit_gateway_id",
    "vpc_endpoint_id",
    "network_interface_id",
    "instance_id",
    "carrier_gateway_id",
    "core_network_arn",
    "egress_only_internet_gateway_id",
    "local_gateway_id",
    "odb_network_arn",
];

fn target(inputs: &Object, catalogue: &Catalogue<'_>) -> Target {
    if let Some(gateway) = inputs.get("gateway_id") {
        return match catalogue.resolve(Some(gateway), Kind::InternetGateway) {
            // `gateway_id` also takes a virtual private gateway.
            Ref::Foreign(id) if !id.starts_with("igw-") => Target::Beyond("gateway_id", Some(id)),
            found => Target::InternetGateway(found),
        };
    }
    if let Some(nat) = inputs.get("nat_gateway_id") {
        return Target::Nat(catalogue.resolve(Some(nat), Kind::NatGateway));
    }
    if let Ref::Own(peering) = catalogue.resolve(inputs.get("vpc_peering_connection_id"), Kind::Peering) {
        return Target::Peering(peering);
    }
    let beyond = BEYOND.iter().find_map(|name| Some((*name, inputs.get(*name)?)));
    beyond.map_or(Target::Unknown, |(name, value)| Target::Beyond(name, value.as_str().map(Arc::from)))
}

/// One part of a record.
pub(super) fn part<'v>(value: Option<&'v Value>, name: &str) -> Option<&'v Value> {
    match value {
        Some(Value::Object(parts)) => parts.get(name).filter(|v| !v.is_null()),
        _ => None,
    }
}

pub(super) fn cidr(value: Option<&Value>) -> Option<IpNet> {
    match value {
        Some(Value::Cidr(net)) => Some(*net),
        _ => None,
    }
}

/// A flag with what it is when nothing is said; `None` while it is unknown.
pub(super) fn flag(value: Option<&Value>, default: bool) -> Option<bool> {
    match value {
        None | Some(Value::Null) => Some(default),
        Some(Value::Bool(flag)) => Some(*flag),
        Some(_) => None,
    }
}

fn text(value: Option<&Value>, default: &str) -> Option<Arc<str>> {
    match value {
        None | Some(Value::Null) => Some(default.into()),
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) => None,
    }
}
