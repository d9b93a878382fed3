//! The values that scopes and keys of claims are made of, compared as the services compare them.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use ipnet::IpNet;

use crate::address::Address;
use crate::schema::Form;
use crate::value::Value;

/// A part of a scope or a key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Atom<'v> {
    /// Not set.
    Absent,
    Text(&'v str, Form),
    Number(i64),
    Flag(bool),
    Net(IpNet),
    Ip(IpAddr),
    /// An attribute of another resource that is not known yet; without an attribute, the id of the resource.
    Reference {
        address: &'v Address,
        attribute: &'v str,
    },
}

/// Which attributes are a resource's own id.
pub(crate) trait Identities {
    fn is_id(&self, address: &Address, attribute: &str) -> bool;
}

/// Where every reference is compared as it is written.
pub(crate) struct AsWritten;

impl Identities for AsWritten {
    fn is_id(&self, _: &Address, attribute: &str) -> bool {
        attribute.is_empty()
    }
}

/// Protocols that have ports, or types of ICMP, by number and name.
const WITH_PORTS: [(i64, &str); 4] = [(1, "icmp"), (6, "tcp"), (17, "udp"), (58, "icmpv6")];

impl<'v> Atom<'v> {
    /// `None` for a value that is computed from what is not known yet, and for one that is no key: a secret, a list.
    pub(crate) fn of(value: Option<&'v Value>, form: Form) -> Option<Self> {
        Some(match value {
            None | Some(Value::Null) => Atom::Absent,
            Some(Value::String(text)) if form == Form::Protocol => Atom::Number(protocol(text)?),
            Some(Value::String(text)) => Atom::Text(text, form),
            Some(Value::Int(number)) => Atom::Number(*number),
            Some(Value::Bool(flag)) => Atom::Flag(*flag),
            Some(Value::Cidr(net)) => Atom::Net(net.trunc()),
            Some(Value::Ip(ip)) => Atom::Ip(*ip),
            Some(Value::Unknown(unknown)) => {
                let source = unknown.reference()?;
                Atom::Reference { address: &source.address, attribute: &source.attribute }
            }
            Some(_) => return None,
        })
    }

    pub(crate) fn is_same(&self, other: &Atom<'_>, identities: &dyn Identities) -> bool {
        match (self, other) {
            (Atom::Absent, Atom::Absent) => true,
            (Atom::Text(a, form), Atom::Text(b, other)) => folded(a, *form).eq(folded(b, *other)),
            (Atom::Number(a), Atom::Number(b)) => a == b,
            (Atom::Flag(a), Atom::Flag(b)) => a == b,
            (Atom::Net(a), Atom::Net(b)) => a == b,
            (Atom::Ip(a), Atom::Ip(b)) => a == b,
            (Atom::Reference { address: a, attribute: x }, Atom::Reference { address: b, attribute: y }) => {
                a == b && (x == y || (identities.is_id(a, x) && identities.is_id(b, y)))
            }
            _ => false,
        }
    }

    /// Some order, so that a pair has one form.
    pub(super) fn sorts_before(&self, other: &Atom<'_>) -> bool {
        match (self, other) {
            (Atom::Text(a, _), Atom::Text(b, _)) => a <= b,
            (Atom::Reference { address: a, .. }, Atom::Reference { address: b, .. }) => a <= b,
            (Atom::Text(..), _) => true,
            _ => false,
        }
    }

    /// For a message; nothing for what is not set.
    pub(super) fn text(&self) -> Option<String> {
        Some(match self {
            Atom::Absent => return None,
            Atom::Text(text, _) => (*text).to_owned(),
            Atom::Number(number) => number.to_string(),
            Atom::Flag(flag) => flag.to_string(),
            Atom::Net(net) => net.to_string(),
            Atom::Ip(ip) => ip.to_string(),
            Atom::Reference { address, .. } => address.to_string(),
        })
    }
}

impl PartialEq for Atom<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other, &AsWritten)
    }
}

/// The attribute of a reference does not count: which ones are a resource's id is looked up only where hashes are equal.
impl Hash for Atom<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Atom::Absent => {}
            Atom::Text(text, Form::Exact) => text.hash(state),
            Atom::Text(text, form) => {
                folded(text, *form).for_each(|byte| state.write_u8(byte));
                // The end that `str` writes, too.
                state.write_u8(0xff);
            }
            Atom::Number(number) => number.hash(state),
            Atom::Flag(flag) => flag.hash(state),
            Atom::Net(net) => net.hash(state),
            Atom::Ip(ip) => ip.hash(state),
            Atom::Reference { address, .. } => address.hash(state),
        }
    }
}

/// The bytes that a service compares.
fn folded(text: &str, form: Form) -> impl Iterator<Item = u8> + '_ {
    let text = match form {
        Form::Label => text.trim_end(),
        Form::Url => text.strip_prefix("https://").unwrap_or(text).trim_end_matches('/'),
        Form::Exact | Form::IgnoreCase | Form::Protocol => text,
    };
    let lower = matches!(form, Form::IgnoreCase | Form::Label);
    text.bytes().map(move |byte| if lower { byte.to_ascii_lowercase() } else { byte })
}

/// The number of an IP protocol; −1 for all of them.
fn protocol(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("all") {
        return Some(-1);
    }
    let named = WITH_PORTS.iter().find(|(_, name)| text.eq_ignore_ascii_case(name));
    named.map(|(number, _)| *number).or_else(|| text.trim().parse().ok())
}

/// Protocol and ports of a traffic rule as they are compared: other protocols than TCP, UDP and ICMP have no ports, and
/// −1 stands for all types and codes of ICMP.
#[allow(clippy::type_complexity, reason = "the protocol, and at most two ports")]
pub(super) fn ports<'v>(protocol: Option<&'v Value>, from: Option<&'v Value>, to: Option<&'v Value>) -> Option<(Atom<'v>, Vec<Atom<'v>>)> {
    let Atom::Number(number) = Atom::of(protocol, Form::Protocol)? else { return None };
    let is_icmp = matches!(number, 1 | 58);
    let port = |value| {
        Some(match Atom::of(value, Form::Exact)? {
            Atom::Absent if is_icmp => Atom::Number(-1),
            other => other,
        })
    };
    let has_ports = WITH_PORTS.iter().any(|(known, _)| *known == number);
    Some((Atom::Number(number), if has_ports { vec![port(from)?, port(to)?] } else { Vec::new() }))
}
