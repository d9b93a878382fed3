//! What the sandbox refuses because of a relation between attributes or resources.

use std::collections::HashMap;
use std::sync::Arc;

use super::Inner;
use super::checks::refusal;
use crate::provider::{ErrorKind, Operation, ProviderError};
use crate::schema::ResourceSchema;
use crate::schema::rules::{Owner, Path, Test, own};
use crate::validate::Seen;
use crate::validate::rules::{self, Before, Others, Reference, Subject};
use crate::value::{Object, Value};

/// The things that the inputs refer to, by type and by the text that names them.
type Targets = HashMap<(&'static str, Arc<str>), Arc<Object>>;

impl Others for Targets {
    fn attribute(&self, through: Reference<'_>, attribute: &str) -> Seen<'static> {
        let Value::String(text) = through.value else { return Seen::Unknown };
        let found = self.iter().find(|((type_name, name), _)| *type_name == through.type_name && name == text);
        found.map_or(Seen::Unknown, |(_, attributes)| attributes.get(attribute).map_or(Seen::Unset, |value| Seen::of_owned(value.clone())))
    }
}

impl Inner {
    /// Refuses a call whose inputs break a rule of the type. `prior`: the thing before a change.
    ///
    /// A replica holds values that were made up for what is not known yet; the plan has checked what is known.
    pub(super) fn check_rules(
        &mut self,
        call: &str,
        op: &Operation<'_>,
        schema: &ResourceSchema,
        inputs: &Object,
        prior: Option<&Object>,
    ) -> Result<(), ProviderError> {
        if schema.rules.is_empty() || self.is_replica() {
            return Ok(());
        }
        let others = self.targets(schema, inputs, op.region);
        let before = prior.map(|prior| Before { observed: prior, inputs: prior });
        let subject = Subject { schema, asked: inputs, creates: Some(prior.is_none()), deletes: false, before, others: &others };
        match rules::refusal(&subject) {
            Some(message) => Err(refusal(ErrorKind::Refused, call, schema.name, "InvalidParameterCombination", message)),
            None => Ok(()),
        }
    }

    fn targets(&mut self, schema: &ResourceSchema, inputs: &Object, region: &str) -> Targets {
        let mut named: Vec<(&'static str, Arc<str>)> = Vec::new();
        let mut note = |type_name: &'static str, path: Path| {
            let fields = path.fields.iter().fold(inputs.get(path.attribute), |value, field| match value? {
                Value::Object(entries) => entries.get(*field),
                _ => None,
            });
            match fields {
                Some(Value::String(text)) => named.push((type_name, text.clone())),
                Some(Value::List(items)) => named.extend(items.iter().filter_map(|item| Some((type_name, Arc::from(item.as_str()?))))),
                _ => {}
            }
        };
        for test in schema.rules().flat_map(|rule| rule.must.iter().chain(rule.when)) {
            spreads(test, &mut note);
            test.paths(&mut |path| {
                if let Owner::Target { through, type_name } = path.owner {
                    note(type_name, own(through));
                }
            });
        }
        named.into_iter().filter_map(|(type_name, text)| Some(((type_name, text.clone()), self.named(type_name, &text, region)?))).collect()
    }

    fn named(&mut self, type_name: &str, text: &str, region: &str) -> Option<Arc<Object>> {
        let key = self.world.index(&mut self.codecs).resolve(type_name, text, region)?.clone();
        let codec = self.codecs.of(&key.type_name)?;
        self.world.at(&key)?.attributes(&codec).ok()
    }
}

fn spreads(test: &Test, note: &mut dyn FnMut(&'static str, Path)) {
    match test {
        Test::Spread { through, type_name, .. } => note(type_name, *through),
        Test::Not(test) => spreads(test, note),
        Test::All(tests) | Test::Any(tests) => tests.iter().for_each(|test| spreads(test, note)),
        _ => {}
    }
}
