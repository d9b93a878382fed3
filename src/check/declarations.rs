//! Units: the stack and its components, declaration by declaration in the order of their references.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::late;
use super::names::{self, Reference};
use super::typed::{self, Assert, ComponentDeclaration, Declaration, DeclarationKind, Each, ExprId, Instances, ResourceDeclaration, Unit};
use super::{Checker, Member, Scope, Signature, Slot};
use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::ModuleId;
use crate::schema::Kind;
use crate::source::Span;
use crate::syntax::ast::{self, Item, ItemKind};
use crate::types::Type;
use crate::value::Hashing;

impl<'a> Checker<'a> {
    /// Checks all declarations of a unit.
    pub(super) fn unit(&mut self, module: ModuleId, name: Arc<str>, doc: Arc<str>, items: &'a [Item], is_stack: bool) -> Unit {
        let mut declared: Vec<(&'a Item, &'a ast::Name)> = Vec::with_capacity(items.len());
        let mut slots: HashMap<Arc<str>, usize, Hashing> = HashMap::with_capacity_and_hasher(items.len(), Hashing::default());
        for item in items {
            let Some(name) = declared_name(&item.kind) else {
                self.misplaced(item, is_stack);
                continue;
            };
            if let Some(first) = slots.get(&name.node).and_then(|i| declared.get(*i)).map(|(_, first)| first.span) {
                self.report(
                    Diagnostic::error(Code(206), name.span, format!("`{}` is declared twice", name.node))
                        .label("the second")
                        .also(first, "the first")
                        .help("rename one of them"),
                );
                continue;
            }
            slots.insert(name.node.clone(), declared.len());
            declared.push((item, name));
        }
        let registry = self.registry;
        let references = |(item, _): &(&Item, &ast::Name)| {
            let schema = if let ItemKind::Resource(resource) = &item.kind { registry.get(&resource.ty.node) } else { None };
            let deferred = |name: &str| schema.and_then(|schema| schema.attribute(name)).is_some_and(|attribute| attribute.deferred);
            names::references(&item.kind, &slots, &deferred)
        };
        let edges: Vec<Vec<Reference>> = declared.iter().map(references).collect();
        let spans: Vec<(Arc<str>, Span)> = declared.iter().map(|(_, name)| (name.node.clone(), name.span)).collect();
        // A component is there before what is in it, and what is applied after a create may refer to any resource.
        let modules = self.modules;
        let is_late = |_: usize, reference: &Reference| match declared.get(reference.to).map(|(item, _)| &item.kind) {
            Some(ItemKind::Resource(resource)) => {
                let found = modules.find(module, &resource.ty.node).map(|(_, item)| &item.kind);
                reference.late || matches!(found, Some(ItemKind::Component { .. }))
            }
            _ => false,
        };
        let order = late::order(&spans, edges, is_late, &mut self.diagnostics);

        let scope_slots = HashMap::with_capacity_and_hasher(declared.len(), Hashing::default());
        let mut scope =
            Scope { module, slots: scope_slots, locals: Vec::new(), only_constants: false, facts: super::facts::Facts::default() };
        // Broken ones are in reach as errors from the start, so that a circle is told once.
        for index in &order.broken {
            if let Some((_, name)) = declared.get(*index) {
                scope.slots.insert(name.node.clone(), Slot { index: *index, ty: Type::Error, span: name.span });
            }
        }
        for index in &order.early {
            if let Some((Item { kind: ItemKind::Resource(resource), .. }, name)) = declared.get(*index) {
                let before = self.diagnostics.len();
                let ty = several(self.named_type(module, &resource.ty), resource);
                // Reported where it is checked.
                self.diagnostics.truncate(before);
                scope.slots.entry(name.node.clone()).or_insert(Slot { index: *index, ty, span: name.span });
            }
        }
        let unchecked = |(item, name): &(&Item, &ast::Name)| Declaration {
            name: (*name).clone(),
            doc: item.doc.clone(),
            ty: Type::Error,
            kind: DeclarationKind::Broken,
        };
        let mut declarations: Vec<Declaration> = declared.iter().map(unchecked).collect();
        for index in &order.order {
            let Some((item, name)) = declared.get(*index) else { continue };
            let (ty, kind) = self.declaration(&mut scope, item);
            if let ItemKind::Resource(ast::Resource { each: None, condition: Some(condition), .. })
            | ItemKind::Lookup(ast::Resource { each: None, condition: Some(condition), .. }) = &item.kind
            {
                scope.facts.exists_if(&name.node, condition);
            }
            let ty = if order.broken.contains(index) { Type::Error } else { ty };
            scope.slots.insert(name.node.clone(), Slot { index: *index, ty: ty.clone(), span: name.span });
            if let Some(declaration) = declarations.get_mut(*index) {
                (declaration.ty, declaration.kind) = (ty, kind);
            }
        }
        let mut asserts = Vec::new();
        for item in items {
            match &item.kind {
                ItemKind::Assert(assert) => {
                    self.in_assert = true;
                    asserts.push(self.assert(&mut scope, assert));
                    self.in_assert = false;
                }
                ItemKind::Policy(policy) if is_stack => self.policy(&mut scope, policy, item),
                _ => {}
            }
        }
        let mut unit = Unit::new(name, doc, declarations, order.order, asserts);
        unit.circles = order.circles;
        unit
    }

    /// What only stands in a stack is refused in a component, and what has no meaning yet is said to have none.
    fn misplaced(&mut self, item: &Item, is_stack: bool) {
        let (word, name) = match &item.kind {
            ItemKind::Policy(policy) => ("policy", policy.name.span),
            ItemKind::Waiver(waiver) => ("waive", waiver.policy.span),
            ItemKind::Test(test) => ("test", test.name.span),
            ItemKind::Stack { name, .. } => ("stack", name.span),
            ItemKind::Env { name, .. } => ("env", name.span),
            ItemKind::Component { name, .. } => ("component", name.span),
            ItemKind::Type { name, .. } => ("type", name.span),
            ItemKind::Fn(function) => ("fn", function.name.span),
            ItemKind::Use(used) => ("use", used.source.span),
            ItemKind::Moved { from, .. } => ("moved", from.span),
            ItemKind::Import { address, .. } => ("import", address.span),
            ItemKind::Forget { address } => ("forget", address.span),
            _ => return,
        };
        if !is_stack {
            self.report(
                Diagnostic::error(Code(225), name, format!("`{word}` cannot stand inside a component"))
                    .label("not possible here")
                    .help("move it out of the component, to the file"),
            );
        }
    }

    pub(super) fn assert(&mut self, scope: &mut Scope, assert: &ast::Assert) -> Assert {
        let condition = self.expect(scope, &assert.condition, &Type::Bool, "the condition");
        let message = assert.message.as_ref().map(|m| self.expect(scope, m, &Type::String, "the message"));
        Assert { condition, message, text: self.text(assert.condition.span).into(), span: assert.condition.span }
    }

    fn declaration(&mut self, scope: &mut Scope, item: &'a Item) -> (Type, DeclarationKind) {
        match &item.kind {
            ItemKind::Param(param) => self.param(scope, param),
            ItemKind::Let(l) => {
                let id = match &l.ty {
                    Some(ty) => {
                        let ty = self.value_type(scope.module, ty);
                        self.expect(scope, &l.value, &ty, &format!("`{}`", l.name.node))
                    }
                    None => self.infer_free(scope, &l.value),
                };
                (self.ty(id).clone(), DeclarationKind::Let(id))
            }
            ItemKind::Output(output) => {
                let ty = self.value_type(scope.module, &output.ty);
                let what = format!("output `{}`", output.name.node);
                let id = self.expect(scope, &output.value, &ty, &what);
                (ty, DeclarationKind::Output(id))
            }
            ItemKind::Resource(resource) => self.resource(scope, resource),
            ItemKind::Lookup(resource) => self.lookup(scope, resource),
            _ => (Type::Error, DeclarationKind::Broken),
        }
    }

    fn param(&mut self, scope: &mut Scope, param: &'a ast::Param) -> (Type, DeclarationKind) {
        let ty = self.value_type(scope.module, &param.ty);
        let default = param.default.as_ref().map(|d| self.expect(scope, d, &ty, &format!("`{}`", param.name.node)));
        // In its own checks the param's value is the innermost name.
        scope.with_locals(&[(param.name.node.clone(), ty.clone(), param.name.span)]);
        let checks = param.checks.iter().map(|check| self.assert(scope, check)).collect();
        scope.locals.clear();
        (ty, DeclarationKind::Param { default, checks })
    }

    fn resource(&mut self, scope: &mut Scope, resource: &'a ast::Resource) -> (Type, DeclarationKind) {
        let ty = self.named_type(scope.module, &resource.ty);
        let (instances, before) = self.instances(scope, resource);
        let known = resource.condition.as_ref().map(|condition| scope.learn(condition, true));
        let (ty, kind) = match &ty {
            Type::Resource(name) => {
                let Some(schema) = self.registry.get(name).cloned() else { return (Type::Error, DeclarationKind::Broken) };
                if schema.kind == Kind::LookupOnly {
                    self.report(
                        Diagnostic::error(Code(204), resource.ty.span, format!("`{name}` can only be looked up"))
                            .label("nothing that can be made")
                            .help(format!("write `lookup {}: {name}`", resource.name.node)),
                    );
                    scope.locals.truncate(before);
                    known.into_iter().for_each(|known| scope.forget(known));
                    return (Type::Error, DeclarationKind::Broken);
                }
                let (entries, options) = self.resource_body(scope, &schema, resource, false);
                (ty, DeclarationKind::Resource(ResourceDeclaration { schema, instances, entries, options }))
            }
            Type::Component(name) => {
                let Some(unit) = self.units_by_name.get(name).copied() else {
                    return (Type::Error, DeclarationKind::Broken);
                };
                let (entries, options) = self.component_body_of(scope, unit, resource);
                (ty, DeclarationKind::Component(ComponentDeclaration { unit, instances, entries, options }))
            }
            Type::Error => (Type::Error, DeclarationKind::Broken),
            other => {
                self.report(
                    Diagnostic::error(Code(204), resource.ty.span, format!("`{other}` is not a resource type or component"))
                        .label("nothing that can be made")
                        .help("`plat docs` lists the resource types"),
                );
                (Type::Error, DeclarationKind::Broken)
            }
        };
        scope.locals.truncate(before);
        known.into_iter().for_each(|known| scope.forget(known));
        (several(ty, resource), kind)
    }

    fn lookup(&mut self, scope: &mut Scope, resource: &'a ast::Resource) -> (Type, DeclarationKind) {
        let ty = self.named_type(scope.module, &resource.ty);
        let (instances, before) = self.instances(scope, resource);
        let schema = match &ty {
            Type::Resource(name) => self.registry.get(name).cloned(),
            Type::Error => None,
            other => {
                self.report(
                    Diagnostic::error(Code(204), resource.ty.span, format!("`{other}` cannot be looked up"))
                        .label("not a resource type")
                        .help("what is looked up is one thing of AWS: name its type, as in `lookup net: aws.ec2.VPC { … }`"),
                );
                None
            }
        };
        let Some(schema) = schema else {
            scope.locals.truncate(before);
            return (Type::Error, DeclarationKind::Broken);
        };
        let known = resource.condition.as_ref().map(|condition| scope.learn(condition, true));
        let (entries, options) = self.resource_body(scope, &schema, resource, true);
        known.into_iter().for_each(|known| scope.forget(known));
        scope.locals.truncate(before);
        (several(ty, resource), DeclarationKind::Lookup(ResourceDeclaration { schema, instances, entries, options }))
    }

    /// The `for` and `if` of a resource; binds the names of `for`, which the caller unbinds.
    fn instances(&mut self, scope: &mut Scope, resource: &'a ast::Resource) -> (Instances, usize) {
        let mut before = scope.locals.len();
        let each = resource.each.as_ref().map(|each| {
            let source = self.infer_free(scope, &each.source);
            before = self.bind_each(scope, source, &each.first, each.second.as_ref());
            let key = each.key.as_ref().map(|k| self.key(scope, k));
            if key.is_none() {
                self.keyed_by_itself(source, each);
            }
            Each { source, binders: 1 + usize::from(each.second.is_some()), key }
        });
        let condition = resource.condition.as_ref().map(|c| self.expect(scope, c, &Type::Bool, "the condition"));
        (Instances { each, condition }, before)
    }

    fn key(&mut self, scope: &mut Scope, key: &ast::Expr) -> ExprId {
        let id = self.infer_free(scope, key);
        let ty = self.ty(id).clone();
        if !is_key(&ty) && ty != Type::Error {
            let span = self.span(id);
            self.report(
                Diagnostic::error(Code(221), span, format!("a key is a text or a network, and this is {}", super::mismatch::describe(&ty)))
                    .label(format!("`{ty}`"))
                    .help("choose a part that names the instance: `by p.name`"),
            );
        }
        id
    }

    /// `for x in xs` needs elements that are keys themselves; `for k, v in map` has its keys.
    fn keyed_by_itself(&mut self, source: ExprId, each: &'a ast::For) {
        let ty = self.ty(source).clone();
        let bad = match (&ty, &each.second) {
            (Type::List(of), None) => !is_key(of) && **of != Type::Error,
            (Type::List(_), Some(_)) => true,
            _ => false,
        };
        let by_position = matches!((&ty, &each.second), (Type::List(of), Some(_)) if is_key(of));
        if let (true, Some(second)) = (by_position, &each.second) {
            let span = self.span(source);
            self.report(
                Diagnostic::error(Code(221), each.first.span, "instances need a key, and a position is none")
                    .label("one more in the middle would touch all behind it")
                    .help(format!("leave it out, so that each is its own key: `for {} in {}`", second.node, self.text(span))),
            );
        } else if bad {
            let span = self.span(source);
            let element = if let Type::List(of) = &ty { of.to_string() } else { ty.to_string() };
            self.report(
                Diagnostic::error(Code(221), span, format!("instances need a key, and `{element}` is none"))
                    .label("positions are no keys: one more in the middle would touch all behind it")
                    .help(name_each(&ty, &each.first.node, self.text(span))),
            );
        }
    }

    // ------------------------------------------------------------ components and functions

    /// The unit of a component, registered at its first mention; its body is checked later.
    pub(super) fn component(&mut self, module: ModuleId, name: &Arc<str>) -> Option<usize> {
        let key = (module, name.clone());
        if let Some(unit) = self.component_ids.get(&key).copied() {
            self.mention(&key);
            return Some(unit);
        }
        let modules = self.modules;
        let (_, item) = modules.find(module, name)?;
        let ItemKind::Component { name: declared, items } = &item.kind else { return None };
        let outer = self.enter(declared.span)?;
        let unit = self.units.len();
        self.component_ids.insert(key.clone(), unit);
        self.component_keys.insert(unit, key.clone());
        self.units.push(None);
        let home = modules.get(module).map(|m| m.name.clone()).unwrap_or_default();
        let full: Arc<str> = if home.is_empty() { declared.node.clone() } else { format!("{home}.{}", declared.node).into() };
        // Of two components of one name the first is meant by it.
        self.units_by_name.entry(full.clone()).or_insert(unit);
        self.signatures.push(Signature { name: full, ..Signature::default() });
        let mut params = Vec::new();
        let mut outputs = Vec::new();
        let mut resources = Vec::new();
        for item in items {
            match &item.kind {
                ItemKind::Param(param) => {
                    let ty = self.value_type(module, &param.ty);
                    let required = param.default.is_none() && !matches!(ty, Type::Optional(_));
                    params.push(Member { name: param.name.node.clone(), ty, required });
                }
                ItemKind::Output(output) => {
                    let before = self.diagnostics.len();
                    let ty = self.value_type(module, &output.ty);
                    // Reported when the body is checked.
                    self.diagnostics.truncate(before);
                    outputs.push(Member { name: output.name.node.clone(), ty, required: true });
                }
                ItemKind::Resource(resource) => {
                    let before = self.diagnostics.len();
                    let ty = several(self.named_type(module, &resource.ty), resource);
                    self.diagnostics.truncate(before);
                    resources.push(Member { name: resource.name.node.clone(), ty, required: true });
                }
                _ => {}
            }
        }
        if let Some(signature) = self.signatures.get_mut(unit) {
            signature.params = params;
            signature.outputs = outputs;
            signature.resources = resources;
        }
        self.leave(&key, declared.span, outer);
        Some(unit)
    }

    /// Checks the body of a registered component.
    pub(super) fn component_body(&mut self, unit: usize) {
        if self.units.get(unit).is_none_or(Option::is_some) {
            return;
        }
        let Some((module, name)) = self.component_keys.get(&unit).cloned() else { return };
        let modules: &'a crate::resolve::Modules = self.modules;
        let Some((_, item)) = modules.find(module, &name) else { return };
        let ItemKind::Component { items, .. } = &item.kind else { return };
        let full = self.signatures.get(unit).map(|s| s.name.clone()).unwrap_or_default();
        let checked = self.unit(module, full, item.doc.clone(), items, false);
        if let Some(place) = self.units.get_mut(unit) {
            *place = Some(checked);
        }
    }

    /// A component that holds itself would never end.
    pub(super) fn refuse_recursion(&mut self) {
        // Units that are looked into, and those that are done.
        let (mut open, mut done): (HashSet<usize>, HashSet<usize>) = (HashSet::new(), HashSet::new());
        let mut told: HashSet<usize> = HashSet::new();
        for start in 1..self.units.len() {
            if done.contains(&start) {
                continue;
            }
            open.insert(start);
            let mut way = vec![(start, self.components_in(start).into_iter())];
            while let Some((unit, inside)) = way.last_mut() {
                match inside.next() {
                    None => {
                        open.remove(unit);
                        done.insert(*unit);
                        way.pop();
                    }
                    Some((used, _)) if open.contains(&used) && !told.insert(used) => {}
                    Some((used, span)) if open.contains(&used) => self.report(
                        Diagnostic::error(Code(224), span, "a component cannot contain itself")
                            .label("comes back to the component it stands in")
                            .help("use `for` to make several of a thing"),
                    ),
                    Some((used, _)) if !done.contains(&used) => {
                        open.insert(used);
                        way.push((used, self.components_in(used).into_iter()));
                    }
                    Some(_) => {}
                }
            }
        }
    }

    fn components_in(&self, unit: usize) -> Vec<(usize, Span)> {
        let declarations = self.units.get(unit).and_then(Option::as_ref).map_or(&[][..], |unit| &unit.declarations);
        let used = |d: &Declaration| if let DeclarationKind::Component(c) = &d.kind { Some((c.unit, d.name.span)) } else { None };
        declarations.iter().filter_map(used).collect()
    }

    /// A user's function by name; its body is checked at the first mention.
    pub(super) fn function(&mut self, module: ModuleId, name: &Arc<str>) -> Option<usize> {
        let modules: &'a crate::resolve::Modules = self.modules;
        let (there, item) = modules.find(module, name)?;
        let ItemKind::Fn(function) = &item.kind else { return None };
        let key = (there, function.name.node.clone());
        match self.function_ids.get(&key) {
            Some(Some(id)) => {
                let id = *id;
                self.mention(&key);
                return Some(id);
            }
            Some(None) => {
                self.report(
                    Diagnostic::error(Code(224), function.name.span, format!("`{}` calls itself", function.name.node))
                        .label("directly or through another")
                        .help("functions do not recurse, so that evaluation always ends; use a comprehension"),
                );
                return None;
            }
            None => {}
        }
        let outer = self.enter(function.name.span)?;
        self.function_ids.insert(key.clone(), None);
        let params: Vec<_> = function.params.iter().map(|(n, ty)| (n.node.clone(), self.type_of(there, ty), n.span)).collect();
        let result = self.value_type(there, &function.result);
        for (index, (name, _)) in function.params.iter().enumerate() {
            if let Some((first, _)) = function.params.iter().take(index).find(|(other, _)| other.node == name.node) {
                self.duplicate(&name.node, name.span, first.span);
            }
        }
        let mut scope = Scope::constants(there);
        scope.with_locals(&params);
        let outside = std::mem::replace(&mut self.in_function, true);
        let body = self.expect(&mut scope, &function.body, &result, &format!("`{}`", function.name.node));
        self.in_function = outside;
        let id = self.functions.len();
        self.functions.push(typed::Function { name: function.name.node.clone(), body });
        self.function_types.push((params.into_iter().map(|(_, ty, _)| ty).collect(), result));
        self.leave(&key, function.name.span, outer);
        self.function_ids.insert(key, Some(id));
        Some(id)
    }
}

/// The type of the name: one, perhaps one, or one for each key.
fn several(ty: Type, resource: &ast::Resource) -> Type {
    match (&ty, &resource.each, &resource.condition) {
        (Type::Error, ..) => Type::Error,
        (_, Some(_), _) => Type::map(ty),
        (_, None, Some(_)) => Type::optional(ty),
        (_, None, None) => ty,
    }
}

/// How instances over these get their keys.
fn name_each(list: &Type, name: &str, source: &str) -> String {
    let Type::List(of) = list else { return format!("say what names each: `for {name} in {source} by …`") };
    match &**of {
        Type::Int => format!("name them, `for {name} in [\"a\", \"b\"]`, or say that the number is the name: `by \"${{{name}}}\"`"),
        Type::Record(record) => {
            let part = record.fields.iter().find(|field| is_key(&field.ty)).map_or("name", |field| &*field.name);
            format!("say which part names each: `for {name} in {source} by {name}.{part}`")
        }
        _ => format!("say which part names each: `for {name} in {source} by {name}.name`"),
    }
}

fn is_key(ty: &Type) -> bool {
    matches!(ty, Type::String | Type::Union(_) | Type::Id(_) | Type::Arn(_) | Type::Cidr | Type::Ip | Type::Version)
}

pub(super) fn declared_name(item: &ItemKind) -> Option<&ast::Name> {
    match item {
        ItemKind::Param(param) => Some(&param.name),
        ItemKind::Let(l) => Some(&l.name),
        ItemKind::Output(output) => Some(&output.name),
        ItemKind::Resource(resource) | ItemKind::Lookup(resource) => Some(&resource.name),
        _ => None,
    }
}
