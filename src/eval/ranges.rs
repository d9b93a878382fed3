//! Address ranges: each lies inside its parent's, and no two of one parent overlap. Driven by what the schemas say of themselves.

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::address::Address;
use crate::desired::{Desired, DesiredResource};
use crate::diagnostic::{Code, Diagnostic};
use crate::schema::Registry;
use crate::source::Span;
use crate::value::Value;

/// A known range of one resource.
struct Range<'d> {
    resource: &'d DesiredResource,
    net: IpNet,
    span: Span,
}

pub(super) fn check(desired: &Desired, registry: &Registry, diagnostics: &mut Vec<Diagnostic>) {
    let mut parents: BTreeMap<&Address, IpNet> = BTreeMap::new();
    let mut children: BTreeMap<Address, Vec<Range<'_>>> = BTreeMap::new();
    for resource in desired.resources.values() {
        let Some(rule) = registry.get(&resource.type_name).and_then(|s| s.range) else { continue };
        let Some(Value::Cidr(net)) = resource.inputs.get(rule.attribute) else { continue };
        match rule.within {
            None => {
                parents.insert(&resource.address, *net);
            }
            Some(within) => {
                if let Some(parent) = resource.inputs.get(within).and_then(parent_of) {
                    let span = resource.attribute_spans.get(rule.attribute).copied().unwrap_or(resource.span);
                    children.entry(parent).or_default().push(Range { resource, net: *net, span });
                }
            }
        }
    }
    for (parent, mut ranges) in children {
        let outer = parents.get(&parent).copied();
        let parent_span =
            desired.resources.get(&parent).map(|r| r.attribute_spans.values().find(|s| s.start > 0).copied().unwrap_or(r.span));
        if let Some(outer) = outer {
            for range in ranges.iter().filter(|r| !outer.contains(&r.net)) {
                let diagnostic = Diagnostic::error(Code(502), range.span, format!("`{}` lies outside `{parent}`", range.net))
                    .label(format!("the range of `{}`", range.resource.address))
                    .help(format!("`{parent}` has `{outer}`: choose a range inside it, as `{}`", inside(outer, range.net)));
                diagnostics.push(match parent_span {
                    Some(span) => diagnostic.also(span, format!("`{parent}` is `{outer}`")),
                    None => diagnostic,
                });
            }
        }
        // Sorted by first address, an overlap shows between neighbours.
        ranges.sort_by_key(|r| (r.net.network(), r.net.prefix_len()));
        let mut widest: Option<&Range<'_>> = None;
        for range in &ranges {
            if let Some(before) = widest.filter(|b| b.net.contains(&range.net)) {
                diagnostics.push(overlap(before, range, &parent));
            }
            if widest.is_none_or(|w| range.net.broadcast() > w.net.broadcast()) {
                widest = Some(range);
            }
        }
    }
}

/// The resource whose id an attribute waits for.
fn parent_of(value: &Value) -> Option<Address> {
    match value {
        Value::Unknown(unknown) => Some(unknown.source.address.clone()),
        _ => None,
    }
}

fn overlap(a: &Range<'_>, b: &Range<'_>, parent: &Address) -> Diagnostic {
    // The one written later is the one to change.
    let (first, second) = if a.span <= b.span { (a, b) } else { (b, a) };
    let both = if first.net == second.net { "the same range as" } else { "overlaps" };
    let message = if first.net == second.net {
        format!("`{}` and `{}` have {both} each other, `{}`", first.resource.address, second.resource.address, second.net)
    } else {
        format!("`{}` of `{}` overlaps `{}` of `{}`", second.net, second.resource.address, first.net, first.resource.address)
    };
    Diagnostic::error(Code(501), second.span, message)
        .label(format!("`{}`", second.resource.address))
        .also(first.span, format!("`{}` has `{}`", first.resource.address, first.net))
        .help(format!("ranges within `{parent}` must not share addresses; `cidr.subnet(bits, number)` gives ones that do not"))
}

/// A range of the same size inside `outer`, for a suggestion.
fn inside(outer: IpNet, wanted: IpNet) -> IpNet {
    IpNet::new(outer.network(), wanted.prefix_len().max(outer.prefix_len())).unwrap_or(outer)
}
