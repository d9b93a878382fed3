//! `reachable(a, b, port)`: does what is sent get there?

use ipnet::IpNet;

use super::Tri;
use super::findings::Place;
use super::gates::Wanted;
use super::groups::{Ports, Protocol};
use super::model::Network;
use super::side::Who;
use crate::address::Address;

/// One end of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Internet,
    Range(IpNet),
    Resource(Address),
}

/// May some machine at `from` open a connection to some machine at `to`?
#[derive(Debug, Clone)]
pub struct Question {
    pub from: End,
    pub to: End,
    /// `None`: to any port.
    pub port: Option<u16>,
    /// `None`: TCP when there is a port, and otherwise any.
    pub protocol: Option<Protocol>,
}

/// What was found, and the way there.
#[derive(Debug, Clone)]
pub struct Answer {
    /// `None`: the program does not say.
    pub reachable: Option<bool>,
    /// From one end to the other, `a` to `b`, as a message calls them.
    pub from: String,
    pub to: String,
    /// In the order of the way. When the answer is no, the last one is what stops it; when it is not known, the last is what is not.
    pub hops: Vec<Hop>,
    /// When the answer is yes: a part of the one end that does not get there, and what stops it.
    pub short: Option<(String, Hop)>,
}

/// One thing on the way that lets through, or stops.
#[derive(Debug, Clone)]
pub struct Hop {
    pub text: String,
    /// The text of a label there.
    pub title: String,
    pub place: Option<Place>,
    /// Of what stops: what would not.
    pub help: Option<String>,
}

/// A part of the way.
#[derive(Debug)]
pub(super) struct Leg {
    pub verdict: Tri,
    pub hops: Vec<Hop>,
}

impl Leg {
    pub(super) fn open(hops: Vec<Hop>) -> Self {
        Self { verdict: Tri::Yes, hops }
    }

    pub(super) fn stopped(hop: Hop) -> Self {
        Self { verdict: Tri::No, hops: vec![hop] }
    }

    pub(super) fn unknown(text: impl Into<String>, place: Option<Place>) -> Self {
        Self { verdict: Tri::Unknown, hops: vec![Hop::passing(text, "not known", place)] }
    }

    /// This one and then the next. What stops, stops all; the story ends there.
    pub(super) fn then(mut self, next: impl FnOnce() -> Leg) -> Leg {
        if self.verdict == Tri::No {
            return self;
        }
        let next = next();
        if next.verdict == Tri::No {
            self.hops.retain(|_| self.verdict == Tri::Yes);
        }
        // What is not known is told last.
        if self.verdict == Tri::Unknown && next.verdict == Tri::Yes {
            return self;
        }
        self.hops.extend(next.hops);
        Leg { verdict: self.verdict.and(next.verdict), hops: self.hops }
    }

    /// The best of several ways: any that is open will do.
    pub(super) fn best(legs: impl IntoIterator<Item = Leg>) -> Option<Leg> {
        legs.into_iter().reduce(|best, leg| if leg.verdict > best.verdict { leg } else { best })
    }
}

impl Hop {
    pub(super) fn passing(text: impl Into<String>, title: impl Into<String>, place: Option<Place>) -> Self {
        Self { text: text.into(), title: title.into(), place, help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Network {
    /// Follows the way from one end to the other.
    pub fn reach(&self, question: &Question) -> Answer {
        let (Some(from), Some(to)) = (self.who(&question.from), self.who(&question.to)) else {
            return unknown_end(question);
        };
        let (from_name, to_name) = (self.called(from), self.called(to));
        if !self.complete {
            let hops = vec![Hop::passing("what there is follows from lookups that are not answered yet", "not known", None)];
            return Answer { reachable: None, from: from_name, to: to_name, hops, short: None };
        }
        let protocol = question.protocol.unwrap_or(if question.port.is_some() { Protocol::TCP } else { Protocol::All });
        let ports = question.port.map_or(Ports::ALL, Ports::one);
        let wanted = Wanted { protocol, ports };
        let leg = self.heard(to, wanted, |wanted| self.way(from, to, wanted));
        let short = if leg.verdict == Tri::Yes { self.left_behind(from, to, wanted) } else { None };
        let reachable = match leg.verdict {
            Tri::Yes => Some(true),
            Tri::No => Some(false),
            Tri::Unknown => None,
        };
        Answer { reachable, from: from_name, to: to_name, hops: leg.hops, short }
    }

    /// What runs in several subnets may get there from some of them only.
    fn left_behind(&self, from: Who, to: Who, wanted: Wanted) -> Option<(String, Hop)> {
        let Who::Workload(index) = from else { return None };
        let (subnets, _) = self.subnets_of_end(from);
        subnets.iter().filter(|_| subnets.len() > 1).find_map(|subnet| {
            let part = Who::Part(index, *subnet);
            let leg = self.heard(to, wanted, |wanted| self.way(part, to, wanted));
            let stop = leg.hops.into_iter().next_back()?;
            (leg.verdict == Tri::No).then(|| (self.called(part), stop))
        })
    }

    /// The end must listen on what is asked for; then only that matters.
    fn heard(&self, to: Who, wanted: Wanted, way: impl FnOnce(Wanted) -> Leg) -> Leg {
        let Some(ear) = self.ear(to) else { return way(wanted) };
        let name = self.called(to);
        if !wanted.protocol.meets(Protocol::TCP) || wanted.ports.meet(ear.ports).is_none() {
            let asked =
                if wanted.protocol.meets(Protocol::TCP) { format!(", not {}", wanted.ports) } else { format!(", not {}", wanted.protocol) };
            let text = format!("{name} listens on TCP {}{asked}", ear.ports);
            let help = format!("ask for port {}, or leave the port out", ear.ports.from);
            return Leg::stopped(Hop::passing(text, format!("listens on {}", ear.ports), Some(ear.place)).help(help));
        }
        way(Wanted { protocol: Protocol::TCP, ports: ear.ports })
    }
}

/// The answer when an end is made elsewhere.
fn unknown_end(question: &Question) -> Answer {
    let name = |end: &End| match end {
        End::Internet => "the internet".to_owned(),
        End::Range(net) => format!("`{net}`"),
        End::Resource(address) => format!("`{address}`"),
    };
    let (from, to) = (name(&question.from), name(&question.to));
    let hops = vec![Hop::passing(format!("what is around {from} or {to} is made elsewhere"), "not known", None)];
    Answer { reachable: None, from, to, hops, short: None }
}
