//! Everything that exists, in memory, and the lines that its file is made of.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::references::{Index, View};
use crate::schema::{ObjectCodec, ObjectText, Registry, ResourceSchema};
use crate::value::{Hashing, Object};

/// When every world begins: 2026-01-01, in seconds since 1970.
pub(super) const EPOCH: i64 = 1_767_225_600;

/// The version of the file's format that this build writes.
const FORMAT: u32 = 1;

/// Identity of a thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub type_name: Arc<str>,
    pub region: Arc<str>,
    pub id: Arc<str>,
}

/// One thing that exists.
#[derive(Debug, Clone)]
pub(super) struct Thing {
    /// Id of the operation that created it.
    pub operation: Arc<str>,
    /// The address it was created for.
    pub address: Arc<str>,
    /// When its last change was through, on the world's clock.
    pub ready: i64,
    /// The chosen attributes that the caller left to the cloud.
    pub made: Vec<Arc<str>>,
    pub body: Body,
}

/// The attributes: as the file has them until someone asks.
#[derive(Debug, Clone)]
pub(super) enum Body {
    Text(Box<str>),
    Read(Arc<Object>),
}

impl Thing {
    pub fn attributes(&self, codec: &ObjectCodec) -> Result<Arc<Object>, String> {
        match &self.body {
            Body::Read(object) => Ok(object.clone()),
            Body::Text(text) => codec.read(text).map(Arc::new).map_err(|e| format!("a `{}` cannot be read: {e}", codec.schema().name)),
        }
    }
}

/// The schemas, and what reads their objects.
#[derive(Debug)]
pub(super) struct Codecs {
    registry: Arc<Registry>,
    by_type: HashMap<&'static str, Arc<ObjectCodec>>,
    /// Ids and names of what was made up as an answer, where that is done.
    elsewhere: Option<HashSet<Arc<str>>>,
}

impl Codecs {
    pub fn new(registry: Arc<Registry>) -> Self {
        Self { registry, by_type: HashMap::new(), elsewhere: None }
    }

    /// From here on, what is looked up in vain is made up.
    pub fn make_up(&mut self) {
        self.elsewhere.get_or_insert_default();
    }

    pub fn makes_up(&self) -> bool {
        self.elsewhere.is_some()
    }

    /// These may be referred to, although nothing in the world is called so.
    pub fn exists_elsewhere<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) {
        self.elsewhere.get_or_insert_default().extend(texts.into_iter().map(Arc::from));
    }

    pub fn is_elsewhere(&self, text: &str) -> bool {
        self.elsewhere.as_ref().is_some_and(|texts| texts.contains(text))
    }

    pub fn schema(&self, type_name: &str) -> Option<&Arc<ResourceSchema>> {
        self.registry.get(type_name)
    }

    pub fn of(&mut self, type_name: &str) -> Option<Arc<ObjectCodec>> {
        if let Some(codec) = self.by_type.get(type_name) {
            return Some(codec.clone());
        }
        let schema = self.registry.get(type_name)?.clone();
        let name = schema.name;
        Some(self.by_type.entry(name).or_insert_with(|| Arc::new(ObjectCodec::new(schema))).clone())
    }
}

type Shelf = HashMap<Arc<str>, Thing, Hashing>;

/// Everything that exists.
#[derive(Debug, Default)]
pub(super) struct World {
    /// By type and region.
    shelves: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Shelf>>,
    /// How many things an address has ever had, living ones included.
    births: HashMap<u64, u32, Hashing>,
    /// Seconds since 1970, at least those of [`EPOCH`].
    clock: i64,
    living: usize,
    /// Lines in the file, to see when most of them are of the past.
    lines: usize,
    index: Option<Index>,
}

impl World {
    pub fn clock(&self) -> i64 {
        self.clock.max(EPOCH)
    }

    pub fn advance(&mut self, to: i64) {
        self.clock = self.clock.max(to);
    }

    pub fn get(&self, type_name: &str, region: &str, id: &str) -> Option<&Thing> {
        self.shelves.get(type_name)?.get(region)?.get(id)
    }

    pub fn at(&self, key: &Key) -> Option<&Thing> {
        self.get(&key.type_name, &key.region, &key.id)
    }

    /// Things of one type in one region, in the order of their ids.
    pub fn of_type(&self, type_name: &str, region: &str) -> Vec<(&Arc<str>, &Thing)> {
        let shelf = self.shelves.get(type_name).and_then(|regions| regions.get(region));
        let mut things: Vec<_> = shelf.into_iter().flatten().collect();
        things.sort_unstable_by_key(|(id, _)| *id);
        things
    }

    /// All things, in the order of type, region and id.
    pub fn all(&self) -> impl Iterator<Item = (Key, &Thing)> {
        self.shelves.iter().flat_map(|(type_name, regions)| {
            regions.iter().flat_map(move |(region, shelf)| {
                let mut things: Vec<_> = shelf.iter().collect();
                things.sort_unstable_by_key(|(id, _)| *id);
                things
                    .into_iter()
                    .map(move |(id, thing)| (Key { type_name: type_name.clone(), region: region.clone(), id: id.clone() }, thing))
            })
        })
    }

    /// How often something was created for this address before.
    pub fn births(&self, type_name: &str, region: &str, address: &str) -> u32 {
        self.births.get(&birthplace(type_name, region, address)).copied().unwrap_or(0)
    }

    /// Puts a thing in its place, new or changed.
    pub fn put(&mut self, key: &Key, thing: Thing, codecs: &mut Codecs) {
        self.unindex(key, codecs);
        self.advance(thing.ready);
        let place = birthplace(&key.type_name, &key.region, &thing.address);
        let shelf = self.shelves.entry(key.type_name.clone()).or_default().entry(key.region.clone()).or_default();
        if shelf.insert(key.id.clone(), thing).is_none() {
            self.living += 1;
            *self.births.entry(place).or_default() += 1;
        }
        if let (Some(index), Some(codec)) = (&mut self.index, codecs.of(&key.type_name)) {
            view_of(&self.shelves, key, &codec, |view| index.add(view));
        }
    }

    pub fn remove(&mut self, key: &Key, at: i64, codecs: &mut Codecs) {
        self.unindex(key, codecs);
        self.advance(at);
        let shelf = self.shelves.get_mut(&key.type_name).and_then(|regions| regions.get_mut(&key.region));
        if shelf.is_some_and(|shelf| shelf.remove(&key.id).is_some()) {
            self.living -= 1;
        }
    }

    fn unindex(&mut self, key: &Key, codecs: &mut Codecs) {
        if let (Some(index), Some(codec)) = (&mut self.index, codecs.of(&key.type_name)) {
            view_of(&self.shelves, key, &codec, |view| index.remove(view));
        }
    }

    /// Who is called what and who refers to whom; worked out when it is first asked for, and kept up to date from then on.
    pub fn index(&mut self, codecs: &mut Codecs) -> &Index {
        if self.index.is_none() {
            let mut index = Index::default();
            for (key, _) in self.all() {
                if let Some(codec) = codecs.of(&key.type_name) {
                    view_of(&self.shelves, &key, &codec, |view| index.add(view));
                }
            }
            self.index = Some(index);
        }
        self.index.get_or_insert_default()
    }

    /// Most of the file is of the past.
    pub fn is_stale(&self) -> bool {
        self.lines > 2 * self.living + 1_000
    }

    /// Takes in one line of the file.
    pub fn take(&mut self, line: &str, codecs: &mut Codecs) -> Result<(), String> {
        let line: Line<'_> = serde_json::from_str(line).map_err(|e| e.to_string())?;
        self.lines += 1;
        if let Some(version) = line.world {
            return match version {
                1..=FORMAT => Ok(()),
                newer => Err(format!("the world is of format {newer}, and this plat knows formats up to {FORMAT}; use a newer plat")),
            };
        }
        for (place, count) in line.births.unwrap_or_default() {
            *self.births.entry(place).or_default() += count;
        }
        if let Some(name) = line.gone {
            self.remove(&self.key(&name), line.ready, codecs);
        }
        if let (Some(name), Some(attributes)) = (line.put, line.attributes) {
            let thing = Thing {
                operation: line.operation.0.into(),
                address: line.address.0.into(),
                ready: line.ready,
                made: line.made.iter().map(|m| Arc::from(&*m.0)).collect(),
                body: Body::Text(attributes.get().into()),
            };
            self.put(&self.key(&name), thing, codecs);
        }
        Ok(())
    }

    /// A key with the types' and regions' names shared.
    fn key(&self, name: &Name<'_>) -> Key {
        let type_name = self.shelves.get_key_value(&*name.0.0).map_or_else(|| Arc::from(&*name.0.0), |(known, _)| known.clone());
        let regions = self.shelves.get(&type_name);
        let region = regions.and_then(|r| r.get_key_value(&*name.1.0)).map_or_else(|| Arc::from(&*name.1.0), |(known, _)| known.clone());
        Key { type_name, region, id: Arc::from(&*name.2.0) }
    }

    pub fn wrote(&mut self, lines: usize) {
        self.lines += lines;
    }

    /// The file's whole text, without its past.
    pub fn text(&mut self) -> Result<String, String> {
        let mut text = header()?;
        let mut rest = self.births.clone();
        let mut lines = 1;
        for (key, thing) in self.all() {
            if let Some(count) = rest.get_mut(&birthplace(&key.type_name, &key.region, &thing.address)) {
                *count = count.saturating_sub(1);
            }
            put_line(&mut text, &key, thing)?;
            lines += 1;
        }
        let births: Vec<(u64, u32)> = rest.into_iter().filter(|(_, count)| *count > 0).collect();
        if !births.is_empty() {
            write_line(&mut text, &Line { births: Some(births), ready: self.clock(), ..Line::default() })?;
            lines += 1;
        }
        self.lines = lines;
        Ok(text)
    }
}

/// Shows a thing to the index, when it is there and readable.
fn view_of(shelves: &BTreeMap<Arc<str>, BTreeMap<Arc<str>, Shelf>>, key: &Key, codec: &ObjectCodec, show: impl FnOnce(View<'_>)) {
    let thing = shelves.get(&key.type_name).and_then(|regions| regions.get(&key.region)).and_then(|shelf| shelf.get(&key.id));
    let Some(thing) = thing else { return };
    if let Ok(attributes) = thing.attributes(codec) {
        show(View { key, schema: codec.schema(), attributes: &attributes, made: &thing.made, operation: &thing.operation });
    }
}

/// FNV-1a over the three texts: the file keeps it, so it must never change.
fn birthplace(type_name: &str, region: &str, address: &str) -> u64 {
    let bytes = type_name.bytes().chain([0]).chain(region.bytes()).chain([0]).chain(address.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A text, borrowed from the line where it has no escapes.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Text<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Name<'a>(#[serde(borrow)] Text<'a>, #[serde(borrow)] Text<'a>, #[serde(borrow)] Text<'a>);

/// One line of the file: a header, a thing as it is from now on, or one that is gone.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Line<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    world: Option<u32>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    put: Option<Name<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    gone: Option<Name<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Text::is_empty")]
    operation: Text<'a>,
    #[serde(borrow, default, skip_serializing_if = "Text::is_empty")]
    address: Text<'a>,
    #[serde(default)]
    ready: i64,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    made: Vec<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    births: Option<Vec<(u64, u32)>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    attributes: Option<&'a RawValue>,
}

fn write_line(text: &mut String, line: &Line<'_>) -> Result<(), String> {
    text.push_str(&serde_json::to_string(line).map_err(|e| e.to_string())?);
    text.push('\n');
    Ok(())
}

/// The first line of a world's file.
pub(super) fn header() -> Result<String, String> {
    let mut text = String::new();
    write_line(&mut text, &Line { world: Some(FORMAT), ready: EPOCH, ..Line::default() })?;
    Ok(text)
}

fn name_of(key: &Key) -> Name<'_> {
    Name(Text((&*key.type_name).into()), Text((&*key.region).into()), Text((&*key.id).into()))
}

/// The line for a thing that is new or changed.
pub(super) fn put_line(text: &mut String, key: &Key, thing: &Thing) -> Result<(), String> {
    let raw: Cow<'_, RawValue> = match &thing.body {
        Body::Text(text) => Cow::Borrowed(serde_json::from_str(text).map_err(|e| e.to_string())?),
        Body::Read(object) => Cow::Owned(serde_json::value::to_raw_value(&ObjectText(object)).map_err(|e| e.to_string())?),
    };
    let line = Line {
        put: Some(name_of(key)),
        operation: Text((&*thing.operation).into()),
        address: Text((&*thing.address).into()),
        ready: thing.ready,
        made: thing.made.iter().map(|m| Text((&**m).into())).collect(),
        attributes: Some(&raw),
        ..Line::default()
    };
    write_line(text, &line)
}

/// The line for a thing that is gone.
pub(super) fn gone_line(text: &mut String, key: &Key, at: i64) -> Result<(), String> {
    write_line(text, &Line { gone: Some(name_of(key)), ready: at, ..Line::default() })
}
