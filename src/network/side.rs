//! One end of a path: where it is, what it listens on, and what guards it.

use ipnet::IpNet;

use super::Tri;
use super::findings::Place;
use super::groups::Ports;
use super::model::{GroupRef, Network, Placed, Workload, flag, part};
use super::reach::End;
use super::references::Ref;
use super::vocabulary::Kind;
use crate::value::Value;

/// Who sends or is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Internet,
    /// Any machine with an address of the range.
    Range(IpNet),
    /// Any machine in the subnet: what its security groups say is not asked.
    Subnet(usize),
    Workload(usize),
    /// A workload, as far as it is in one of its subnets.
    Part(usize, usize),
}

/// The security groups of an end.
#[derive(Debug)]
pub(super) enum Guards {
    /// There is nothing to have groups.
    None,
    Groups(Vec<GroupRef>),
    Unknown,
}

/// What an end listens on, and where that is said.
pub(super) struct Ear {
    pub ports: Ports,
    pub place: Place,
}

impl Network {
    pub(super) fn who(&self, end: &End) -> Option<Who> {
        Some(match end {
            End::Internet => Who::Internet,
            End::Range(net) => Who::Range(*net),
            End::Resource(address) => match self.places.get(address)? {
                Placed::Subnet(index) => Who::Subnet(*index),
                Placed::Workload(index) => Who::Workload(*index),
                Placed::InternetGateway(_) => Who::Internet,
            },
        })
    }

    /// Its name in a message.
    pub(super) fn called(&self, who: Who) -> String {
        match who {
            Who::Internet => "the internet".to_owned(),
            Who::Range(net) => format!("`{net}`"),
            Who::Subnet(index) => self.subnets.get(index).map(|s| format!("`{}`", s.resource.address)).unwrap_or_default(),
            Who::Workload(index) => self.workloads.get(index).map(|w| format!("`{}`", w.resource.address)).unwrap_or_default(),
            Who::Part(index, subnet) => format!("{} in {}", self.called(Who::Workload(index)), self.called(Who::Subnet(subnet))),
        }
    }

    /// Its declaration.
    pub(super) fn declared(&self, who: Who) -> Option<Place> {
        match who {
            Who::Internet | Who::Range(_) => None,
            Who::Subnet(index) => self.subnets.get(index).map(|s| Place::of(&s.resource.address)),
            Who::Workload(index) | Who::Part(index, _) => self.workloads.get(index).map(|w| Place::of(&w.resource.address)),
        }
    }

    pub(super) fn workload(&self, who: Who) -> Option<&Workload> {
        match who {
            Who::Workload(index) | Who::Part(index, _) => self.workloads.get(index),
            _ => None,
        }
    }

    /// The subnets of the program that it is in, and whether these are all.
    pub(super) fn subnets_of_end(&self, who: Who) -> (Vec<usize>, bool) {
        match who {
            Who::Subnet(index) | Who::Part(_, index) => (vec![index], true),
            Who::Workload(index) => match self.workloads.get(index).and_then(|w| w.subnets.as_ref()) {
                Some(subnets) => {
                    let own: Vec<usize> = subnets.iter().filter_map(Ref::own).collect();
                    let all = own.len() == subnets.len();
                    (own, all)
                }
                None => (Vec::new(), false),
            },
            Who::Internet | Who::Range(_) => (Vec::new(), true),
        }
    }

    /// The network it is in.
    pub(super) fn network_of(&self, who: Who) -> Ref {
        let (subnets, _) = self.subnets_of_end(who);
        subnets.first().and_then(|s| self.subnets.get(*s)).map_or(Ref::Unknown, |subnet| subnet.vpc.clone())
    }

    /// Its addresses inside its network, and whether these are all.
    pub(super) fn addresses(&self, who: Who) -> (Vec<IpNet>, bool) {
        match who {
            Who::Range(net) => (vec![net], true),
            Who::Internet => (Vec::new(), true),
            _ => {
                let (subnets, all) = self.subnets_of_end(who);
                let known: Vec<IpNet> = subnets.iter().filter_map(|s| self.subnets.get(*s)?.range).collect();
                let all = all && known.len() == subnets.len();
                (known, all)
            }
        }
    }

    pub(super) fn guards(&self, who: Who) -> Guards {
        let Some(workload) = self.workload(who) else { return Guards::None };
        match &workload.groups {
            Some(groups) if !groups.is_empty() => Guards::Groups(groups.clone()),
            // Without one a thing has the default group of its network.
            Some(_) => match self.network_of(who) {
                Ref::Own(vpc) => Guards::Groups(vec![GroupRef::Default(vpc)]),
                _ => Guards::Unknown,
            },
            None => Guards::Unknown,
        }
    }

    /// What it listens on; `None` when it may be anything.
    pub(super) fn ear(&self, who: Who) -> Option<Ear> {
        let workload = self.workload(who)?;
        let inputs = &workload.resource.inputs;
        let address = &workload.resource.address;
        let (port, attribute) = match (workload.kind, inputs.get("port")) {
            (Kind::Database | Kind::DatabaseCluster | Kind::Cache, Some(Value::Int(port))) => (u16::try_from(*port).ok()?, Some("port")),
            (Kind::Database | Kind::DatabaseCluster | Kind::Cache, Some(_)) | (Kind::Nodes, _) => return None,
            // It is the cluster that says it.
            (Kind::Database, None) if inputs.get("db_cluster_identifier").is_some() => return None,
            (Kind::Database | Kind::DatabaseCluster, None) => (engine_port(inputs.get("engine")?.as_str()?)?, Some("engine")),
            (Kind::Cache, None) => (6379, None),
            (Kind::Cluster, _) => (443, None),
            _ => return None,
        };
        let place = attribute.map_or_else(|| Place::of(address), |attribute| Place::named(address, attribute));
        Some(Ear { ports: Ports::one(port), place })
    }

    /// Has it an address that the internet knows, while it is in that subnet? With why, and where that is said.
    pub(super) fn public_address(&self, who: Who, subnet: usize) -> (Tri, String, Option<Place>) {
        let name = self.called(who);
        let of_subnet = || {
            let Some(subnet) = self.subnets.get(subnet) else { return (Tri::Unknown, String::new(), None) };
            let address = &subnet.resource.address;
            let has = Tri::of(subnet.public_addresses);
            let verb = if has == Tri::No { "gives out no public addresses" } else { "gives out public addresses" };
            let place = if has == Tri::No { Place::of(address) } else { Place::named(address, "map_public_ip_on_launch") };
            (has, format!("`{address}` {verb}"), Some(place))
        };
        let Some(workload) = self.workload(who) else { return of_subnet() };
        let address = &workload.resource.address;
        match workload.kind {
            Kind::Nodes => of_subnet(),
            Kind::Database | Kind::DatabaseCluster => {
                let place = Some(Place::named(address, "publicly_accessible"));
                match workload.resource.inputs.get("publicly_accessible") {
                    Some(Value::Bool(true)) => (Tri::Yes, format!("{name} has a public address"), place),
                    Some(Value::Bool(false)) => (Tri::No, format!("{name} has no public address"), place),
                    Some(_) => (Tri::Unknown, format!("whether {name} has a public address is not known"), place),
                    // Without an internet gateway there is none. With one, RDS decides: its documents of different years say both.
                    None => match self.has_internet(&self.network_of(who)) {
                        Tri::No => (
                            Tri::No,
                            format!("{name} has no public address: its network has no internet gateway"),
                            Some(Place::of(address)),
                        ),
                        _ => {
                            let text = format!("{name} does not say `publicly_accessible`, and RDS decides");
                            (Tri::Unknown, text, Some(Place::of(address)))
                        }
                    },
                }
            }
            Kind::Cache => (Tri::No, format!("{name} has no public address: ElastiCache gives none"), Some(Place::of(address))),
            _ => (Tri::No, format!("{name} has no public address in its subnets"), Some(Place::of(address))),
        }
    }

    /// Of a cluster: is its API on the internet, on its network, and from which public ranges?
    pub(super) fn api(&self, who: Who) -> Option<Api> {
        let workload = self.workload(who).filter(|w| w.kind == Kind::Cluster)?;
        let config = workload.resource.inputs.get("resources_vpc_config");
        let from = match part(config, "public_access_cidrs") {
            None => Some(Vec::new()),
            Some(Value::List(items)) => {
                items.iter().map(|item| if let Value::Cidr(net) = item { Some(*net) } else { None }).collect::<Option<Vec<_>>>()
            }
            Some(_) => None,
        };
        let at = Place::named(&workload.resource.address, "resources_vpc_config");
        Some(Api {
            public: Tri::of(flag(part(config, "endpoint_public_access"), true)),
            private: Tri::of(flag(part(config, "endpoint_private_access"), false)),
            from,
            place: at,
        })
    }
}

/// The Kubernetes API of a cluster.
pub(super) struct Api {
    pub public: Tri,
    pub private: Tri,
    /// Empty: from anywhere. `None`: not known.
    pub from: Option<Vec<IpNet>>,
    pub place: Place,
}

/// The port of a database engine when none is said (RDS, `CreateDBInstance`, `Port`).
fn engine_port(engine: &str) -> Option<u16> {
    let ports = [
        ("postgres", 5432),
        ("aurora-postgresql", 5432),
        ("mysql", 3306),
        ("aurora", 3306),
        ("mariadb", 3306),
        ("oracle", 1521),
        ("sqlserver", 1433),
        ("db2", 50_000),
    ];
    ports.into_iter().find(|(name, _)| engine.to_ascii_lowercase().starts_with(name)).map(|(_, port)| port)
}
