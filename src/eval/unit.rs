//! Evaluates a unit: the stack, or one instance of a component.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use super::handle::{ComponentHandle, Frame, ResourceHandle, ResourceKind, SlotValue, resources_in};
use super::instances::{self, Found};
use super::machine::{Locals, Machine, Slots, World, written_out};
use super::origins::{Origins, Reads};
use super::stack::failure;
use super::{Lookups, MAX_INSTANCES, counted};
use crate::address::Address;
use crate::check::typed::{self, ComponentDeclaration, Declaration, DeclarationKind, ExprId, ResourceDeclaration, Setting};
use crate::desired::{Dependency, Desired, DesiredResource, Lookup, Options, Reason};
use crate::diagnostic::{Code, Diagnostic};
use crate::schema::{Attribute, ResourceSchema, Unit as Measure};
use crate::source::Span;
use crate::types::Type;
use crate::value::{Duration, Object, Phase, Secret, SecretText, Size, Unknown, Value};

/// Most components, one in another.
const MAX_NESTED: usize = 50;

/// One evaluation of a whole program.
pub(super) struct Evaluation<'a> {
    pub world: World,
    pub lookups: &'a Lookups,
    pub desired: Desired,
    pub diagnostics: Vec<Diagnostic>,
    /// The stack's tags, merged into every resource that has tags.
    pub tags: Option<Arc<Object>>,
    pub steps: Rc<Cell<u64>>,
    /// Units whose asserts wait until everything is told.
    pub pending: Vec<(usize, Arc<Frame>)>,
    /// Of a program that is evaluated in rounds: the frames of this round, those of the one before, and how many inputs may be computed
    /// from what is not there yet.
    pub frames: Vec<(Option<Address>, Arc<Frame>)>,
    pub before: HashMap<Option<Address>, Arc<Frame>>,
    pub suspects: usize,
    /// Components so far.
    pub components: usize,
    /// Whether there are too many instances, which is told once.
    pub full: bool,
}

/// What a component's use passes on to everything in it.
#[derive(Clone, Default)]
pub(super) struct Surroundings {
    pub address: Option<Address>,
    pub after: Vec<(Address, Span)>,
    pub region: Option<Arc<str>>,
    pub account: Option<Arc<str>>,
    pub protect: Option<bool>,
    pub retain: bool,
    pub create_first: bool,
    pub timeout: Option<Duration>,
}

impl Surroundings {
    fn child(&self, name: &Arc<str>, key: Option<Arc<str>>) -> Address {
        match &self.address {
            Some(address) => address.child(name.clone(), key),
            None => Address::root(name.clone(), key),
        }
    }
}

/// Evaluates expressions in one frame, keeping the attributes they read.
pub(super) struct Reader<'a> {
    world: &'a World,
    frame: &'a Frame,
    steps: &'a Cell<u64>,
    origins: RefCell<Reads>,
    /// Late reads up to the last value that was taken.
    late: Cell<u64>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(world: &'a World, frame: &'a Frame, steps: &'a Cell<u64>) -> Self {
        let late = world.late.as_ref().map_or(0, |late| late.reads());
        Self { world, frame, steps, origins: RefCell::default(), late: Cell::new(late) }
    }

    pub(super) fn machine(&self) -> Machine<'_> {
        Machine { world: self.world, slots: Slots::Frame(self.frame), known: None, origins: &self.origins, steps: self.steps }
    }

    pub(super) fn eval(&self, id: ExprId, locals: &Locals) -> Result<Value, Diagnostic> {
        self.machine().eval(id, locals).map_err(|f| failure(&f))
    }

    /// Returns whether a value, computed since the last call, or what it will be computed from is not there yet.
    fn is_late(&self, value: &Value) -> bool {
        let Some(late) = &self.world.late else { return false };
        let before = self.late.replace(late.reads());
        super::late::is_late(value) || (late.reads() > before && super::late::is_computed_later(value))
    }

    /// The value of a declaration, with what was read for it since the last call.
    fn slot(&self, value: Value) -> SlotValue {
        SlotValue { late: self.is_late(&value), value, from: self.take() }
    }

    /// What was read since the last call.
    fn take(&self) -> Origins {
        self.origins.borrow_mut().take()
    }
}

impl Evaluation<'_> {
    /// Evaluates all declarations of a unit; `given` are the values of its params.
    pub(super) fn unit(
        &mut self,
        number: usize,
        given: BTreeMap<Arc<str>, (SlotValue, Span)>,
        around: &Surroundings,
    ) -> (Arc<Frame>, Vec<Address>) {
        let program = self.world.program.clone();
        let Some(unit) = program.units.get(number) else { return (Arc::new(Frame::new(0)), Vec::new()) };
        let frame = Frame::new(unit.declarations.len());
        let frame = match self.world.late {
            Some(_) => {
                let frame = Arc::new(frame.with_early_reads(self.before.get(&around.address).cloned()));
                self.frames.push((around.address.clone(), frame.clone()));
                frame
            }
            None => Arc::new(frame),
        };
        let mut resources = Vec::new();
        for slot in &unit.order {
            let Some(declaration) = unit.declarations.get(*slot) else { continue };
            match self.declaration(declaration, &frame, &given, around, &mut resources) {
                Ok(value) => frame.set(*slot, value),
                // What depends on it stays without value; its own errors would only repeat this one.
                Err(diagnostic) => self.report(diagnostic),
            }
        }
        self.pending.push((number, frame.clone()));
        (frame, resources)
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        let follows = diagnostic.message.ends_with("because of an earlier error");
        if !follows || self.diagnostics.is_empty() {
            self.diagnostics.push(diagnostic);
        }
    }

    fn declaration(
        &mut self,
        declaration: &Declaration,
        frame: &Arc<Frame>,
        given: &BTreeMap<Arc<str>, (SlotValue, Span)>,
        around: &Surroundings,
        resources: &mut Vec<Address>,
    ) -> Result<SlotValue, Diagnostic> {
        match &declaration.kind {
            DeclarationKind::Param { default, checks } => self.param(declaration, *default, checks, frame, given),
            DeclarationKind::Let(id) | DeclarationKind::Output(id) => {
                let (world, steps) = (self.world.clone(), self.steps.clone());
                let reader = Reader::new(&world, frame, &steps);
                let value = reader.eval(*id, &Locals::default())?;
                Ok(reader.slot(value))
            }
            DeclarationKind::Resource(resource) => self.resources(declaration, resource, frame, around, resources),
            DeclarationKind::Lookup(lookup) => self.lookup(declaration, lookup, frame, around, given.get(&declaration.name.node)),
            DeclarationKind::Component(component) => self.components(declaration, component, frame, around, resources),
            DeclarationKind::Broken => Ok(SlotValue::new(Value::Null, Origins::default())),
        }
    }

    fn param(
        &mut self,
        declaration: &Declaration,
        default: Option<ExprId>,
        checks: &[typed::Assert],
        frame: &Frame,
        given: &BTreeMap<Arc<str>, (SlotValue, Span)>,
    ) -> Result<SlotValue, Diagnostic> {
        let (world, steps) = (self.world.clone(), self.steps.clone());
        let reader = Reader::new(&world, frame, &steps);
        let (slot, span) = match (given.get(&declaration.name.node), default) {
            (Some((value, span)), _) => (value.clone(), *span),
            (None, Some(default)) => {
                let value = reader.eval(default, &Locals::default())?;
                (reader.slot(value), reader.machine().span(default))
            }
            (None, None) if matches!(declaration.ty, crate::types::Type::Optional(_)) => {
                (SlotValue::new(Value::Null, Origins::default()), declaration.name.span)
            }
            (None, None) => {
                let name = &declaration.name.node;
                return Err(Diagnostic::error(Code(208), declaration.name.span, format!("`{name}` has no value"))
                    .label("a param without a default")
                    .help(format!("give one with `-p {name}=…`, in an `env`, or as a default")));
            }
        };
        let locals = Locals::default().with(slot.value.clone());
        for check in checks {
            if let Value::Bool(false) = reader.eval(check.condition, &locals)? {
                let message = match check.message.map(|m| reader.eval(m, &locals)).transpose()? {
                    Some(Value::String(text)) => text,
                    _ => format!("`{}` must hold", check.text).into(),
                };
                self.report(
                    Diagnostic::error(Code(306), span, format!("`{}`: {message}", declaration.name.node))
                        .label(format!("this is {}", shown(&slot.value)))
                        .also(check.span, "the check")
                        .help(format!("give a value for which `{}` holds", check.text.split_whitespace().collect::<Vec<_>>().join(" "))),
                );
            }
        }
        Ok(slot)
    }

    // ------------------------------------------------------------ resources

    fn resources(
        &mut self,
        declaration: &Declaration,
        resource: &ResourceDeclaration,
        frame: &Frame,
        around: &Surroundings,
        resources: &mut Vec<Address>,
    ) -> Result<SlotValue, Diagnostic> {
        let (world, steps) = (self.world.clone(), self.steps.clone());
        let reader = Reader::new(&world, frame, &steps);
        let found = instances::find(&reader.machine(), &resource.instances)?;
        self.count(self.desired.resources.len(), &found, declaration.name.span)?;
        // Why it exists depends on what `for` and `if` read; that is known by now and orders nothing.
        reader.take();
        let mut make = |this: &mut Self, key: Option<Arc<str>>, locals: &Locals| -> Result<Value, Diagnostic> {
            let address = around.child(&declaration.name.node, key);
            let handle = this.resource(declaration, resource, &reader, address.clone(), locals, around)?;
            resources.push(address);
            Ok(Value::Handle(Arc::new(handle)))
        };
        let value = expand(declaration, found, |key, locals| make(self, key, locals))?;
        Ok(SlotValue::new(value, Origins::default()))
    }

    /// Refuses instances beyond those that there are when they are too many; gives how many more they are.
    fn count(&mut self, before: usize, found: &Found, span: Span) -> Result<usize, Diagnostic> {
        let more = match found {
            Found::Each(each) => each.len(),
            Found::None => 0,
            _ => 1,
        };
        if before + more <= MAX_INSTANCES && !self.full {
            return Ok(more);
        }
        Err(match std::mem::replace(&mut self.full, true) {
            false => counted::too_many(span),
            true => Diagnostic::error(Code(307), span, "this is not made, because of an earlier error"),
        })
    }

    fn resource(
        &mut self,
        declaration: &Declaration,
        resource: &ResourceDeclaration,
        reader: &Reader<'_>,
        address: Address,
        locals: &Locals,
        around: &Surroundings,
    ) -> Result<ResourceHandle, Diagnostic> {
        let mut inputs = Object::with_capacity(resource.entries.len() + usize::from(self.tags.is_some()));
        let mut spans = Vec::with_capacity(resource.entries.len());
        let mut dependencies: Vec<Dependency> = Vec::new();
        for entry in &resource.entries {
            let value = reader.eval(entry.value, locals)?;
            self.suspects += usize::from(reader.is_late(&value));
            let origins = reader.take().all();
            reader.machine().charge(origins.len() as u64, reader.machine().span(entry.value)).map_err(|f| failure(&f))?;
            for origin in origins {
                let reason = Reason::Reference { attribute: entry.name.node.clone(), of: origin.attribute };
                depend(&mut dependencies, Dependency { on: origin.address, reason, span: origin.span });
            }
            spans.push((entry.name.node.clone(), reader.machine().span(entry.value)));
            if value.is_null() {
                continue;
            }
            let mut value = value;
            if let Some(attribute) = resource.schema.attribute(&entry.name.node) {
                in_range(attribute, &value, reader.machine().span(entry.value))?;
                let weight = written_out(&value, reader.machine().span(entry.value)).map_err(|f| failure(&f))?;
                reader.machine().charge(weight, reader.machine().span(entry.value)).map_err(|f| failure(&f))?;
                value = veiled(value, &attribute.ty);
            }
            inputs.insert(entry.name.node.clone(), value);
        }
        self.add_tags(&resource.schema, &mut inputs);
        let options = self.options(&resource.options, reader, locals, around, &mut dependencies)?;
        for (on, span) in &around.after {
            depend(&mut dependencies, Dependency { on: on.clone(), reason: Reason::After, span: *span });
        }
        dependencies.shrink_to_fit();
        let desired = Arc::new(DesiredResource {
            address: address.clone(),
            type_name: resource.schema.name.into(),
            span: declaration.name.span,
            attribute_spans: spans.into_iter().collect(),
            inputs,
            dependencies,
            options,
        });
        self.desired.resources.insert(address.clone(), desired.clone());
        Ok(ResourceHandle { address, schema: resource.schema.clone(), kind: ResourceKind::Managed(desired) })
    }

    /// The stack's tags under the resource's own, which win.
    fn add_tags(&self, schema: &ResourceSchema, inputs: &mut Object) {
        let Some(common) = self.tags.as_ref().filter(|_| schema.taggable()) else { return };
        let tags = match inputs.get("tags") {
            None => common.clone(),
            Some(Value::Object(own)) => {
                let more = own.keys().filter(|name| !common.contains_key(*name)).count();
                let mut tags = Object::with_capacity(common.len() + more);
                tags.extend(common.iter().chain(own.iter()).map(|(name, value)| (name.clone(), value.clone())));
                Arc::new(tags)
            }
            Some(_) => return,
        };
        inputs.insert("tags".into(), Value::Object(tags));
    }

    fn options(
        &self,
        options: &typed::Options,
        reader: &Reader<'_>,
        locals: &Locals,
        around: &Surroundings,
        dependencies: &mut Vec<Dependency>,
    ) -> Result<Options, Diagnostic> {
        for (on, span) in after(options, reader, locals)? {
            depend(dependencies, Dependency { on, reason: Reason::After, span });
        }
        let text = |id: Option<ExprId>, what: &str| -> Result<Option<Arc<str>>, Diagnostic> {
            Ok(match id.map(|id| known(reader, id, locals, what)).transpose()? {
                Some(Value::String(text)) => Some(text),
                _ => None,
            })
        };
        let flag = |id: Option<ExprId>, what: &str| -> Result<Option<bool>, Diagnostic> {
            Ok(match id.map(|id| known(reader, id, locals, what)).transpose()? {
                Some(Value::Bool(flag)) => Some(flag),
                _ => None,
            })
        };
        let ignore = match options.ignore.map(|id| known(reader, id, locals, "`@ignore`")).transpose()? {
            Some(Value::List(items)) => {
                items.iter().filter_map(|item| if let Value::String(t) = item { Some(t.clone()) } else { None }).collect()
            }
            _ => Vec::new(),
        };
        let timeout = match options.timeout.map(|id| known(reader, id, locals, "`@timeout`")).transpose()? {
            Some(Value::Duration(timeout)) if timeout.0 > 0 => Some(timeout),
            Some(given @ Value::Duration(_)) => {
                let span = options.timeout.map_or_else(|| Span::new(crate::source::FileId(0), 0, 0), |id| reader.machine().span(id));
                return Err(Diagnostic::error(Code(309), span, "`@timeout` leaves an operation no time")
                    .label(format!("this is {}", shown(&given)))
                    .help("give it some, `20m`; without `@timeout` an operation takes as long as AWS says it may"));
            }
            _ => None,
        };
        let made = Options {
            region: text(options.region, "`@region`")?.or_else(|| around.region.clone()),
            account: text(options.account, "`@account`")?.or_else(|| around.account.clone()),
            protect: flag(options.protect, "`@protect`")?.or(around.protect),
            retain: flag(options.retain, "`@retain`")?.unwrap_or(around.retain),
            ignore,
            create_first: text(options.replace, "`@replace`")?.map_or(around.create_first, |how| &*how == "create_first"),
            timeout: timeout.or(around.timeout),
        };
        // Settings of the engine order nothing.
        reader.take();
        Ok(made)
    }

    // ------------------------------------------------------------ lookups

    fn lookup(
        &mut self,
        declaration: &Declaration,
        lookup: &ResourceDeclaration,
        frame: &Frame,
        around: &Surroundings,
        told: Option<&(SlotValue, Span)>,
    ) -> Result<SlotValue, Diagnostic> {
        let (world, steps) = (self.world.clone(), self.steps.clone());
        let reader = Reader::new(&world, frame, &steps);
        let make = |this: &mut Self, key: Option<Arc<str>>, locals: &Locals| -> Result<Value, Diagnostic> {
            let told = told.and_then(|(told, _)| match (&told.value, &key) {
                (Value::Object(each), Some(key)) => each.get(key).cloned(),
                (value, _) => Some(value.clone()),
            });
            let address = around.child(&declaration.name.node, key);
            let mut query = Object::default();
            let mut waits = false;
            for entry in &lookup.entries {
                let value = reader.eval(entry.value, locals)?;
                written_out(&value, reader.machine().span(entry.value)).map_err(|f| failure(&f))?;
                if let Some(unknown) = value.unknown() {
                    if unknown.phase == Phase::Apply {
                        return Err(too_late(&reader, entry, unknown));
                    }
                    waits = true;
                }
                if !value.is_null() {
                    query.insert(entry.name.node.clone(), value);
                }
            }
            // What a test says of it is part of what is asked, so that it is part of the answer.
            if let Some(Value::Object(told)) = told {
                query.extend(told.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            let options = this.options(&lookup.options, &reader, locals, around, &mut Vec::new())?;
            let kind = match this.lookups.get(&address) {
                Some(found) => ResourceKind::Found(found.clone()),
                None => {
                    if !waits {
                        let type_name = lookup.schema.name.into();
                        let span = declaration.name.span;
                        this.desired.lookups.push(Lookup { address: address.clone(), type_name, region: options.region, query, span });
                    }
                    ResourceKind::Asked
                }
            };
            Ok(Value::Handle(Arc::new(ResourceHandle { address, schema: lookup.schema.clone(), kind })))
        };
        let found = instances::find(&reader.machine(), &lookup.instances)?;
        let value = expand(declaration, found, |key, locals| make(self, key, locals))?;
        Ok(SlotValue::new(value, Origins::default()))
    }

    // ------------------------------------------------------------ components

    fn components(
        &mut self,
        declaration: &Declaration,
        component: &ComponentDeclaration,
        frame: &Frame,
        around: &Surroundings,
        resources: &mut Vec<Address>,
    ) -> Result<SlotValue, Diagnostic> {
        let (world, steps) = (self.world.clone(), self.steps.clone());
        let reader = Reader::new(&world, frame, &steps);
        let found = instances::find(&reader.machine(), &component.instances)?;
        self.components += self.count(self.components, &found, declaration.name.span)?;
        reader.take();
        let mut make = |this: &mut Self, key: Option<Arc<str>>, locals: &Locals| -> Result<Value, Diagnostic> {
            let mut given = BTreeMap::new();
            for entry in &component.entries {
                let value = reader.eval(entry.value, locals)?;
                let slot = reader.slot(value);
                given.insert(entry.name.node.clone(), (slot, reader.machine().span(entry.value)));
            }
            if around.address.as_ref().is_some_and(|address| address.steps().len() >= MAX_NESTED) {
                return Err(Diagnostic::error(
                    Code(307),
                    declaration.name.span,
                    format!("components stand in each other more than {MAX_NESTED} deep"),
                )
                .label("one too many")
                .help("put several of them into one"));
            }
            let mut inside = around.clone();
            inside.address = Some(around.child(&declaration.name.node, key));
            inside.after.extend(after(&component.options, &reader, locals)?);
            let options = this.options(&component.options, &reader, locals, around, &mut Vec::new())?;
            inside.region = options.region;
            inside.account = options.account;
            inside.protect = options.protect;
            inside.retain = options.retain;
            inside.create_first = options.create_first;
            inside.timeout = options.timeout;
            let (frame, made) = this.unit(component.unit, given, &inside);
            resources.extend(made.iter().cloned());
            Ok(Value::Handle(Arc::new(ComponentHandle { unit: component.unit, frame, resources: made })))
        };
        let value = expand(declaration, found, |key, locals| make(self, key, locals))?;
        Ok(SlotValue::new(value, Origins::default()))
    }
}

/// The value of a declaration from its instances: one, `null`, or a map by key.
fn expand(
    declaration: &Declaration,
    found: Found,
    mut make: impl FnMut(Option<Arc<str>>, &Locals) -> Result<Value, Diagnostic>,
) -> Result<Value, Diagnostic> {
    Ok(match found {
        Found::One(locals) => make(None, &locals)?,
        Found::None => Value::Null,
        Found::Each(each) => {
            let mut object = Object::with_capacity(each.len());
            for (key, locals) in each {
                let value = make(Some(key.clone()), &locals)?;
                object.insert(key, value);
            }
            Value::Object(Arc::new(object))
        }
        Found::Later(unknown) => waiting(declaration, &unknown),
    })
}

/// Stands for instances that cannot be told yet.
fn waiting(declaration: &Declaration, unknown: &Arc<Unknown>) -> Value {
    #[derive(Debug)]
    struct Instances(Arc<Unknown>);
    impl crate::value::Deferred for Instances {
        // Instances are only ever told by evaluating the program again.
        fn force(&self, _: &dyn crate::value::Known) -> Result<Value, crate::value::EvalFailure> {
            Ok(Value::Unknown(self.0.clone()))
        }
    }
    Value::Unknown(Arc::new(Unknown {
        ty: declaration.ty.clone(),
        phase: unknown.phase,
        source: unknown.source.clone(),
        deferred: Some(Box::new(Instances(unknown.clone()))),
    }))
}

/// One dependency for each pair of attributes is enough.
fn depend(dependencies: &mut Vec<Dependency>, new: Dependency) {
    if !dependencies.iter().rev().take(64).any(|d| d.on == new.on && d.reason == new.reason) {
        dependencies.push(new);
    }
}

fn after(options: &typed::Options, reader: &Reader<'_>, locals: &Locals) -> Result<Vec<(Address, Span)>, Diagnostic> {
    let mut all = Vec::new();
    for id in &options.after {
        let value = reader.eval(*id, locals)?;
        let mut found = Vec::new();
        resources_in(&value, &mut found);
        let span = reader.machine().span(*id);
        all.extend(found.into_iter().map(|address| (address, span)));
    }
    reader.take();
    Ok(all)
}

/// A setting that must be known by plan.
pub(super) fn known(reader: &Reader<'_>, id: ExprId, locals: &Locals, what: &str) -> Result<Value, Diagnostic> {
    let value = reader.eval(id, locals)?;
    match value.unknown() {
        Some(unknown) if unknown.phase == Phase::Apply => {
            let source = format!("{}.{}", unknown.source.address, unknown.source.attribute);
            Err(Diagnostic::error(Code(303), reader.machine().span(id), format!("{what} must be known before anything is created"))
                .label(format!("depends on `{source}`"))
                .also(unknown.source.span, format!("`{source}` is known only after apply"))
                .help("use what the program itself gives, such as a param"))
        }
        _ => Ok(value),
    }
}

fn too_late(reader: &Reader<'_>, entry: &Setting, unknown: &Unknown) -> Diagnostic {
    let source = format!("{}.{}", unknown.source.address, unknown.source.attribute);
    Diagnostic::error(
        Code(304),
        reader.machine().span(entry.value),
        format!("`{}` of a lookup must be known before anything is created", entry.name.node),
    )
    .label(format!("depends on `{source}`"))
    .also(unknown.source.span, format!("`{source}` is known only after apply"))
    .help("what the stack itself creates needs no lookup: refer to the resource")
}

/// Durations, sizes and numbers are what AWS can count.
fn in_range(attribute: &Attribute, value: &Value, span: Span) -> Result<(), Diagnostic> {
    let raw = match value {
        Value::Duration(d) => d.0,
        Value::Size(s) => i64::try_from(s.0).unwrap_or(i64::MAX),
        Value::Int(n) => *n,
        _ => return Ok(()),
    };
    let factor = attribute.unit.map_or(1, Measure::factor);
    let error = |message: String, label: String, help: String| Err(Diagnostic::error(Code(309), span, message).label(label).help(help));
    if raw % factor != 0 {
        let unit = attribute.unit.map_or("", Measure::name);
        return error(
            format!("AWS counts `{}` in whole {unit}", attribute.name),
            format!("{} is not a whole number of {unit}", shown(value)),
            format!("write the next that is one: {}", shown(&of_kind(value, (raw / factor + 1) * factor))),
        );
    }
    if let Some(nearest) = attribute.nearest(raw / factor) {
        let taken = attribute.among.iter().map(|n| shown(&of_kind(value, n * factor))).collect::<Vec<_>>().join(", ");
        let nearest = shown(&of_kind(value, nearest * factor));
        let refused = Diagnostic::error(Code(309), span, format!("AWS takes no `{}` of {}", attribute.name, shown(value)));
        return Err(refused.label(format!("the nearest that it takes is {nearest}")).help(format!("it takes {taken}")));
    }
    match attribute.range {
        Some((least, most)) if raw / factor < least || raw / factor > most => {
            let unit = attribute.unit.map_or(String::new(), |u| format!(" {}", u.name()));
            let nearest = (raw / factor).clamp(least, most);
            error(
                format!("`{}` must be from {least} to {most}{unit}", attribute.name),
                format!("this is {}", shown(value)),
                format!("the nearest that AWS takes: {nearest}{unit}"),
            )
        }
        _ => Ok(()),
    }
}

/// So many seconds, bytes or pieces, as what `like` is.
fn of_kind(like: &Value, amount: i64) -> Value {
    match like {
        Value::Duration(_) => Value::Duration(Duration(amount)),
        Value::Size(_) => Value::Size(Size(amount.unsigned_abs())),
        _ => Value::Int(amount),
    }
}

/// A value in a message.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{text}\""),
        Value::Secret(_) => "a secret".to_owned(),
        Value::Null => "not set".to_owned(),
        Value::Unknown(_) => "known after apply".to_owned(),
        Value::List(items) if items.is_empty() => "an empty list".to_owned(),
        Value::List(items) => format!("a list of {}", items.len()),
        Value::Object(entries) if entries.is_empty() => "empty".to_owned(),
        Value::Object(_) => "a record".to_owned(),
        other => {
            let mut text = String::new();
            super::builtins::print(other, &mut text);
            text
        }
    }
}

/// What a secret attribute takes is a secret, also when the program has it as a text: nothing shows or stores it from here on.
pub(crate) fn veiled(value: Value, ty: &Type) -> Value {
    match (value, ty) {
        (value, ty) if !ty.holds_secret() => value,
        (Value::String(text), Type::Secret(_)) => Value::Secret(Secret::Plain(SecretText::new(text.to_string()))),
        (value, Type::Optional(of)) => veiled(value, of),
        (Value::List(items), Type::List(of)) => Value::list(items.iter().map(|item| veiled(item.clone(), of))),
        (Value::Object(entries), Type::Map(of)) => {
            Value::Object(Arc::new(entries.iter().map(|(name, value)| (name.clone(), veiled(value.clone(), of))).collect()))
        }
        (Value::Object(entries), Type::Record(record)) => {
            let field = |name: &str, value: &Value| record.field(name).map_or(value.clone(), |field| veiled(value.clone(), &field.ty));
            Value::Object(Arc::new(entries.iter().map(|(name, value)| (name.clone(), field(name, value))).collect()))
        }
        (value, _) => value,
    }
}
