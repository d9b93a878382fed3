//! Address ranges: each lies inside its parent's. Driven by what the schemas say of themselves.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

use crate::address::Address;
use crate::desired::{Desired, DesiredResource};
use crate::diagnostic::{Code, Diagnostic};
use crate::schema::Registry;
use crate::value::Value;

/// Ranges in the order of their first addresses, so that what overlaps is found without looking at every pair.
#[derive(Debug, Default)]
pub struct RangeIndex {
    /// First and last address, and the position that it came in.
    sorted: Vec<(IpAddr, IpAddr, usize)>,
    /// For each of `sorted`: the one of it and those before that ends last.
    furthest: Vec<usize>,
}

impl RangeIndex {
    pub fn new(ranges: impl IntoIterator<Item = IpNet>) -> Self {
        let mut sorted: Vec<_> = ranges.into_iter().enumerate().map(|(position, net)| (net.network(), net.broadcast(), position)).collect();
        // Of those that begin together the widest is first, and of equals the earliest.
        sorted.sort_by_key(|(first, last, position)| (*first, std::cmp::Reverse(*last), *position));
        let mut furthest = Vec::with_capacity(sorted.len());
        let mut best: Option<(IpAddr, usize)> = None;
        for (position, (_, last, _)) in sorted.iter().enumerate() {
            if best.is_none_or(|(end, _)| *last > end) {
                best = Some((*last, position));
            }
            furthest.push(best.map_or(position, |(_, at)| at));
        }
        Self { sorted, furthest }
    }

    /// Every range that shares addresses with one before it in order, with that one: `(one, other)`, by the positions they came in.
    pub fn overlaps(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.sorted.iter().enumerate().skip(1).filter_map(|(position, (first, _, after))| {
            let (_, end, before) = self.sorted.get(*self.furthest.get(position.checked_sub(1)?)?)?;
            (end >= first).then_some((*before, *after))
        })
    }

    /// A range that shares addresses with `net`, if there is one.
    pub fn overlapping(&self, net: IpNet) -> Option<usize> {
        let (first, last) = (net.network(), net.broadcast());
        // Those that begin at or before its end; the one of them that ends last decides.
        let until = self.sorted.partition_point(|(begin, ..)| *begin <= last);
        let (_, end, position) = self.sorted.get(*self.furthest.get(until.checked_sub(1)?)?)?;
        (*end >= first).then_some(*position)
    }
}

/// Ranges that are not of the internet: private networks, shared and link-local ones, this host, multicast (RFC 6890).
const PRIVATE: [(Ipv4Addr, u8); 8] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
    (Ipv4Addr::new(0, 0, 0, 0), 8),
];

pub(super) fn private_ranges() -> impl Iterator<Item = Ipv4Net> {
    PRIVATE.iter().filter_map(|(base, length)| Ipv4Net::new(*base, *length).ok())
}

/// Does the range lie wholly in addresses that the internet does not route? IPv6: unique local and link-local ones.
pub(super) fn is_private(net: IpNet) -> bool {
    match net {
        IpNet::V4(net) => private_ranges().any(|range| range.contains(&net)),
        IpNet::V6(net) => {
            let head = net.network().segments().first().copied().unwrap_or(0);
            net.prefix_len() >= 7 && (head & 0xfe00 == 0xfc00 || head & 0xffc0 == 0xfe80)
        }
    }
}

pub(super) fn overlap_each_other(a: IpNet, b: IpNet) -> bool {
    a.contains(&b) || b.contains(&a)
}

/// E0502: a range that lies outside the one of the resource it belongs to. That siblings share no address is a claim of their types.
pub(super) fn check(desired: &Desired, registry: &Registry, diagnostics: &mut Vec<Diagnostic>) {
    let mut outside = Vec::new();
    for resource in desired.resources.values() {
        let Some(rule) = registry.get(&resource.type_name).and_then(|s| s.range) else { continue };
        let (Some(within), Some(Value::Cidr(net))) = (rule.within, resource.inputs.get(rule.attribute)) else { continue };
        let Some(parent) = resource.inputs.get(within).and_then(parent_of) else { continue };
        let Some(outer) = desired.resources.get(parent).and_then(|parent| own_range(parent, registry)) else { continue };
        if !outer.contains(net) {
            outside.push((parent, resource, rule.attribute, *net, outer));
        }
    }
    outside.sort_by_key(|(parent, ..)| *parent);
    for (parent, resource, attribute, net, outer) in outside {
        let parent_span = desired.resources.get(parent).map(|r| r.attribute_spans.iter().find(|s| s.start > 0).unwrap_or(r.span));
        let span = resource.attribute_spans.get(attribute).unwrap_or(resource.span);
        let diagnostic = Diagnostic::error(Code(502), span, format!("`{net}` lies outside `{parent}`"))
            .label(format!("the range of `{}`", resource.address))
            .help(format!("`{parent}` has `{outer}`: choose a range inside it, as `{}`", inside(outer, net)));
        diagnostics.push(match parent_span {
            Some(span) => diagnostic.also(span, format!("`{parent}` is `{outer}`")),
            None => diagnostic,
        });
    }
}

/// The range of an outermost resource.
fn own_range(resource: &DesiredResource, registry: &Registry) -> Option<IpNet> {
    let rule = registry.get(&resource.type_name)?.range.filter(|rule| rule.within.is_none())?;
    match resource.inputs.get(rule.attribute)? {
        Value::Cidr(net) => Some(*net),
        _ => None,
    }
}

/// The resource whose id an attribute is; none where which one it is depends on more.
fn parent_of(value: &Value) -> Option<&Address> {
    match value {
        Value::Unknown(unknown) => unknown.reference().map(|source| &source.address),
        _ => None,
    }
}

/// A range of the same size inside `outer`, for a suggestion.
fn inside(outer: IpNet, wanted: IpNet) -> IpNet {
    IpNet::new(outer.network(), wanted.prefix_len().max(outer.prefix_len())).unwrap_or(outer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_internet_is_what_is_not_private() {
        let private = |text: &str| is_private(text.parse().unwrap());
        for text in ["10.0.0.0/8", "10.1.2.0/24", "172.31.0.0/16", "192.168.7.1/32", "100.64.0.0/10", "fd00::/8"] {
            assert!(private(text), "{text}");
        }
        for text in ["0.0.0.0/0", "8.8.8.8/32", "172.0.0.0/8", "11.0.0.0/8", "::/0", "2001:db8::/32"] {
            assert!(!private(text), "{text}");
        }
    }
}
