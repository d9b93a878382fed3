//! E0530 and E0501: two resources of one configuration occupy the same thing.

use std::sync::Arc;

use super::Findings;
use crate::address::Address;
use crate::claims::{Held, Holder, Identities, Ranges, Values};
use crate::desired::{DesiredResource, Resources};
use crate::diagnostic::{Code, Diagnostic};
use crate::network::{Part, Place};
use crate::schema::{Reach, Registry, ResourceSchema};
use crate::types::Type;
use crate::value::Hashing;

/// A claim by position: the resource, the claim of its type, the item of the list.
type Position = (usize, usize, Option<usize>);

/// Reports every claim that another resource, or the same one, makes before it.
pub(super) fn check(resources: &Resources, registry: &Registry, findings: &mut Findings<'_>) {
    let hashing = Hashing::default();
    let mut ranges: Ranges<Position> = Ranges::default();
    let mut exact: Vec<(u64, Position)> = Vec::new();
    let mut last: Option<&Arc<ResourceSchema>> = None;
    for (number, resource) in resources.values().enumerate() {
        if last.is_none_or(|schema| *schema.name != *resource.type_name) {
            last = registry.get(&resource.type_name);
        }
        let Some(schema) = last.filter(|schema| !schema.claims.is_empty()) else { continue };
        holder(resource, schema).each(&mut |held| {
            let Some(hash) = held.hash(&hashing) else { return };
            let position = (number, held.index, held.item.map(|(item, _)| item));
            match held.range() {
                Some(net) => ranges.add(hash, net, position),
                None if held.claim.is_range => {}
                None => exact.push((hash, position)),
            }
        });
    }
    exact.sort_unstable();
    let mut pairs = ranges.overlaps();
    for group in exact.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
        let first = group.first().map(|(_, first)| *first);
        pairs.extend(group.iter().skip(1).filter_map(|(_, later)| Some((first?, *later))));
    }
    pairs.sort_unstable_by_key(|(first, later)| (*later, *first));
    let names = Names { resources, registry };
    let at = |(number, index, item): Position| {
        let (_, resource) = resources.get_index(number)?;
        holder(resource, registry.get(&resource.type_name)?).at(index, item)
    };
    for (first, later) in pairs {
        if let (Some(first), Some(later)) = (at(first), at(later))
            && first.is_same(later, &names)
        {
            report(first, later, findings);
        }
    }
}

fn holder<'v>(resource: &'v DesiredResource, schema: &'v ResourceSchema) -> Holder<'v> {
    Holder {
        schema,
        address: &resource.address,
        region: resource.options.region.as_deref().unwrap_or(""),
        id: None,
        values: Values::Set(&resource.inputs),
    }
}

struct Names<'d> {
    resources: &'d Resources,
    registry: &'d Registry,
}

impl Identities for Names<'_> {
    fn is_id(&self, address: &Address, attribute: &str) -> bool {
        let schema = self.resources.get(address).and_then(|resource| self.registry.get(&resource.type_name));
        attribute.is_empty() || schema.is_some_and(|schema| is_id(schema, attribute))
    }
}

/// True for an attribute that holds the id of the resource itself.
pub(crate) fn is_id(schema: &ResourceSchema, attribute: &str) -> bool {
    let is_of_itself = || schema.attribute(attribute).is_some_and(|a| matches!(&a.ty, Type::Id(of) if **of == *schema.name));
    schema.id_attribute() == Some(attribute) || is_of_itself()
}

fn report(first: Held<'_>, later: Held<'_>, findings: &mut Findings<'_>) {
    let (spans, swap) = {
        let (a, b) = (findings.span(&place(first)), findings.span(&place(later)));
        // The one written later is the one to change.
        if b < a { ((b, a), true) } else { ((a, b), false) }
    };
    let (first, later) = if swap { (later, first) } else { (first, later) };
    findings.add(conflict(first, spans.0, later, spans.1));
}

/// Two claims that cannot be held at the same time; `later` is the one to change.
pub(crate) fn conflict(first: Held<'_>, first_span: crate::source::Span, later: Held<'_>, span: crate::source::Span) -> Diagnostic {
    let (one, other) = (first.holder.address, later.holder.address);
    if let (Some(net), Some(widest)) = (later.range(), first.range()) {
        let message = if net == widest {
            format!("`{one}` and `{other}` have the same range as each other, `{net}`")
        } else {
            format!("`{net}` of `{other}` overlaps `{widest}` of `{one}`")
        };
        let help = format!("ranges within {} must not share addresses; `cidr.subnet(bits, number)` gives ones that do not", scope(later));
        return Diagnostic::error(Code(501), span, message)
            .label(format!("`{other}`"))
            .also(first_span, format!("`{one}` has `{widest}`"))
            .help(help);
    }
    let (what, key) = (later.claim.what, later.key());
    let (attribute, _) = later.written();
    let allowed = format!("AWS allows one {what} {key}{}", reach(later));
    if one == other {
        return Diagnostic::error(Code(530), span, format!("`{other}` claims the {what} {key} twice"))
            .label("claimed before")
            .also(first_span, "first claimed here")
            .help(format!("{allowed}: remove one of the two"));
    }
    let change = match attribute {
        Some(attribute) => format!("change `{attribute}` of one of the two, or remove one"),
        None => "remove one of the two".to_owned(),
    };
    Diagnostic::error(Code(530), span, format!("`{other}` claims the {what} {key}, which `{one}` has"))
        .label(format!("`{other}`"))
        .also(first_span, format!("`{one}` claims it, too"))
        .help(format!("{allowed}: {change}"))
}

/// The scope of a claim for a message: `` `vpc` ``.
fn scope(held: Held<'_>) -> String {
    match held.scope_text() {
        Some(text) => format!("`{text}`"),
        None => "one network".to_owned(),
    }
}

/// How far a key is exclusive; a resource is exclusive everywhere.
fn reach(held: Held<'_>) -> String {
    match (held.scope_text(), held.claim.reach) {
        (Some(text), _) => format!(" within `{text}`"),
        (None, _) if !held.claim.within.is_empty() || held.claim.what != "name" => String::new(),
        (None, Reach::Region) => " per account and region".to_owned(),
        (None, Reach::Account) => " per account".to_owned(),
    }
}

fn place(held: Held<'_>) -> Place {
    let (attribute, item) = held.written();
    let mut place = match attribute {
        Some(attribute) => Place::named(held.holder.address, attribute),
        None => Place::of(held.holder.address),
    };
    if let Some(item) = item {
        place = place.with(Part::At(item));
    }
    place
}
