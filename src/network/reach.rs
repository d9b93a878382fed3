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
            return Answer { reachable: None, from: String::new(), to: String::new(), hops: Vec::new() };
        };
        let (from_name, to_name) = (self.called(from), self.called(to));
        if !self.complete {
            let hops = vec![Hop::passing("what there is follows from lookups that are not answered yet", "not known", None)];
            return Answer { reachable: None, from: from_name, to: to_name, hops };
        }
        let protocol = question.protocol.unwrap_or(if question.port.is_some() { Protocol::TCP } else { Protocol::All });
        let ports = question.port.map_or(Ports::ALL, Ports::one);
        let leg = self.heard(to, Wanted { protocol, ports }, |wanted| self.way(from, to, wanted));
        let reachable = match leg.verdict {
            Tri::Yes => Some(true),
            Tri::No => Some(false),
            Tri::Unknown => None,
        };
        Answer { reachable, from: from_name, to: to_name, hops: leg.hops }
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
