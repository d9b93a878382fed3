//! Ids, ARNs and everything else that the cloud sets: made from types and names alone, the same in every run.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use sha2::{Digest, Sha256};

use super::ACCOUNT;
use crate::schema::{Attribute, Mode, ResourceSchema, Unit, value_from_json};
use crate::types::Type;
use crate::value::{Duration, Object, Size, Value, Version};

/// A stream of numbers that depends on nothing but the texts it was made from.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub fn new(texts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for text in texts {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        Self(hash.finalize().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// SplitMix64.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit.max(1)
    }

    pub fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits + 16);
        while text.len() < digits {
            text.push_str(&format!("{:016x}", self.roll()));
        }
        text.truncate(digits);
        text
    }

    /// Letters and digits, as in a generated password.
    pub fn letters(&mut self, count: usize) -> String {
        const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        (0..count).filter_map(|_| LETTERS.get(usize::try_from(self.below(62)).unwrap_or(0)).map(|b| char::from(*b))).collect()
    }
}

/// `SecurityGroup` is `sg`, `VPC` is `vpc`, `Subnet` is `subnet`, `DBInstance` is `dbi`: one word whole, several by their initials.
fn prefix(type_name: &str) -> String {
    let words = words(last_part(type_name));
    match words.as_slice() {
        [word] => word.to_lowercase(),
        words => {
            // An acronym (`DB`, `VPC`) stands for itself.
            let short = |w: &&str| if is_acronym(w) { w.to_lowercase() } else { w.to_lowercase().chars().take(1).collect() };
            words.iter().map(short).collect()
        }
    }
}

fn is_acronym(word: &str) -> bool {
    word.chars().count() > 1 && word.chars().all(|c| c.is_ascii_uppercase())
}

fn last_part(type_name: &str) -> &str {
    type_name.rsplit('.').next().unwrap_or(type_name)
}

/// `aws.ec2.VPC` → `ec2`
fn service(type_name: &str) -> &str {
    type_name.rsplit('.').nth(1).unwrap_or("sandbox")
}

/// `DBSubnetGroup` → `DB`, `Subnet`, `Group`
fn words(name: &str) -> Vec<&str> {
    let mut starts = vec![0];
    let chars: Vec<(usize, char)> = name.char_indices().collect();
    for (i, (at, c)) in chars.iter().enumerate().skip(1) {
        let after_lower = chars.get(i - 1).is_some_and(|(_, p)| !p.is_ascii_uppercase());
        let before_lower = chars.get(i + 1).is_some_and(|(_, n)| n.is_ascii_lowercase());
        if c.is_ascii_uppercase() && (after_lower || before_lower) {
            starts.push(*at);
        }
    }
    let ends = starts.iter().skip(1).copied().chain([name.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| name.get(*start..end)).filter(|w| !w.is_empty()).collect()
}

fn kebab(type_name: &str) -> String {
    words(last_part(type_name)).join("-").to_lowercase()
}

/// Makes up what the cloud sets on one thing.
pub(super) struct Maker<'a> {
    schema: &'a ResourceSchema,
    region: &'a str,
    /// What a person would call the thing.
    name: String,
    /// 17 hex digits of its own.
    hex: String,
    dice: Dice,
    /// The world's clock, in seconds since 1970.
    now: i64,
}

impl<'a> Maker<'a> {
    /// `called` is the address's last name; a name among the inputs goes before it.
    pub fn new(schema: &'a ResourceSchema, region: &'a str, called: &str, inputs: &Object, mut dice: Dice, now: i64) -> Self {
        let given = schema.import.iter().find_map(|name| inputs.get(*name)).and_then(Value::as_str);
        let named = || inputs.iter().find(|(k, _)| k.ends_with("name")).and_then(|(_, v)| v.as_str());
        let name = given.or_else(named).unwrap_or(called).to_owned();
        let hex = dice.hex(17);
        Self { schema, region, name, hex, dice, now }
    }

    /// The value of an attribute that the cloud sets; `None` for what cannot be read.
    pub fn attribute(&mut self, attribute: &Attribute, known: &Object) -> Option<Value> {
        if attribute.ty.holds_secret() || attribute.write_only {
            return None;
        }
        // A name that the cloud chooses is never taken yet.
        let chosen_name = attribute.is_input() && self.schema.import.contains(&attribute.name);
        if !attribute.sample.is_empty() && (!chosen_name || attribute.sample.iter().any(|text| text.contains("{id}"))) {
            return self.sample(attribute);
        }
        let own = self.schema.import.iter().chain(&self.schema.arn).chain(&self.schema.id).any(|own| *own == attribute.name);
        let own_arn = attribute.mode == Mode::Computed && matches!(attribute.ty.required(), Type::Arn(of) if **of == *self.schema.name);
        if own || own_arn {
            return Some(self.own(attribute, known));
        }
        // What may stay empty once the cloud has chosen stays empty: no one said what would be plausible.
        if attribute.mode == Mode::Chosen && matches!(attribute.ty, Type::Optional(_)) {
            return None;
        }
        let bounds = attribute.range.map_or((None, None), |(low, high)| (Some(low), Some(high)));
        Some(self.value(&attribute.ty, attribute.name, bounds, attribute.unit))
    }

    /// The thing's own id, name or ARN.
    fn own(&mut self, attribute: &Attribute, known: &Object) -> Value {
        let id = format!("{}-{}", prefix(self.schema.name), self.hex);
        let is_arn = matches!(attribute.ty.required(), Type::Arn(_)) || self.schema.arn == Some(attribute.name);
        match attribute.ty.required() {
            _ if is_arn => {
                let of_id = self.schema.id_attribute().filter(|own| *own != attribute.name);
                let last = match of_id.and_then(|own| known.get(own)).and_then(Value::as_str) {
                    Some(text) => text.to_owned(),
                    None => format!("{}-{}", self.name, self.hex.get(..6).unwrap_or(&self.hex)),
                };
                Value::str(self.arn(self.schema.name, &last))
            }
            Type::Id(_) => Value::str(id),
            // A name that the caller left to the cloud.
            Type::String if attribute.is_input() => {
                Value::str(format!("{}-{}", self.name, self.hex.get(..12).unwrap_or(&self.hex).to_uppercase()))
            }
            Type::String => Value::str(id),
            ty => {
                let ty = ty.clone();
                self.value(&ty, attribute.name, (None, None), attribute.unit)
            }
        }
    }

    fn arn(&self, type_name: &str, last: &str) -> String {
        let (service, region, kind) = (service(type_name), self.region, kebab(type_name));
        format!("arn:aws:{service}:{region}:{ACCOUNT}:{kind}/{last}")
    }

    pub fn sample(&mut self, attribute: &Attribute) -> Option<Value> {
        let ty = attribute.ty.required();
        let of = if let Type::List(of) = ty { of.required() } else { ty };
        let mut texts = attribute.sample.iter().map(|text| self.fill(text)).collect::<Vec<_>>().into_iter().map(|text| {
            let json = match of {
                Type::Int | Type::Float | Type::Bool | Type::List(_) | Type::Map(_) | Type::Record(_) | Type::Json => {
                    serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text))
                }
                _ => serde_json::Value::String(text),
            };
            value_from_json(&json, of).ok()
        });
        match ty {
            Type::List(_) => texts.collect::<Option<Vec<_>>>().map(Value::list),
            _ => texts.next().flatten(),
        }
    }

    fn fill(&self, text: &str) -> String {
        let fill = |text: String, hole: &str, with: &str| if text.contains(hole) { text.replace(hole, with) } else { text };
        let text = fill(text.to_owned(), "{region}", self.region);
        let text = fill(text, "{account}", ACCOUNT);
        let text = fill(text, "{name}", &self.name);
        fill(text, "{id}", &self.hex)
    }

    /// A plausible value of a type, for an attribute or field called `name`.
    fn value(&mut self, ty: &Type, name: &str, bounds: (Option<i64>, Option<i64>), unit: Option<Unit>) -> Value {
        let units = |n: i64| n.saturating_mul(unit.map_or(1, Unit::factor));
        match ty {
            Type::Optional(of) => self.value(of, name, bounds, unit),
            Type::Bool => Value::Bool(false),
            Type::Int => Value::Int(self.number(name, bounds)),
            Type::Float => Value::Float(1.0),
            Type::String => Value::str(self.text(name)),
            Type::Union(texts) => texts.first().map_or(Value::Null, |text| Value::String(text.clone())),
            Type::Id(of) => Value::str(format!("{}-{}", prefix(of), self.dice.hex(17))),
            Type::Arn(of) => {
                let last = format!("{}-{}", self.name, self.dice.hex(6));
                let of: &str = if of.is_empty() { self.schema.name } else { of };
                Value::str(self.arn(of, &last))
            }
            Type::Cidr => Value::Cidr(self.network(name)),
            Type::Ip => Value::Ip(self.address(name)),
            Type::Size => Value::Size(match (unit, bounds.0) {
                (Some(_), Some(low)) => Size(units(low.max(1)).unsigned_abs()),
                _ => Size::gib(8),
            }),
            Type::Duration => Value::Duration(match (unit, bounds.0) {
                (Some(_), Some(low)) => Duration(units(low)),
                _ => Duration::days(1),
            }),
            Type::Version => Value::Version(Version("1.0".into())),
            Type::List(of) => match of.required() {
                Type::Record(_) | Type::List(_) | Type::Map(_) | Type::Json => Value::list([]),
                of => {
                    let singular = name.strip_suffix('s').unwrap_or(name).to_owned();
                    Value::list([self.value(of, &singular, (None, None), None)])
                }
            },
            Type::Record(record) => {
                let fields = record.fields.iter().filter(|f| !f.ty.holds_secret()).collect::<Vec<_>>();
                let entries = fields.into_iter().map(|f| (f.name.clone(), self.value(&f.ty, &f.name, (None, None), None)));
                Value::Object(Arc::new(entries.collect::<Object>()))
            }
            Type::Map(_) | Type::Json => Value::Object(Arc::default()),
            Type::Error | Type::Null | Type::Secret(_) | Type::Function(_) | Type::Resource(_) | Type::Component(_) => Value::Null,
        }
    }

    fn number(&mut self, name: &str, (low, high): (Option<i64>, Option<i64>)) -> i64 {
        if name.ends_with("port") {
            let (low, high) = (low.unwrap_or(1_024), high.unwrap_or(32_767));
            let room = u64::try_from(high.saturating_sub(low).saturating_add(1)).unwrap_or(1);
            return low.saturating_add(i64::try_from(self.dice.below(room)).unwrap_or(0));
        }
        low.unwrap_or(1).max(1).min(high.unwrap_or(i64::MAX))
    }

    fn text(&mut self, name: &str) -> String {
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        if ends(&["availability_zone", "zone_name"]) {
            let letter = ["a", "b", "c"].get(usize::try_from(self.dice.below(3)).unwrap_or(0)).copied().unwrap_or("a");
            format!("{}{letter}", self.region)
        } else if ends(&["zone_id"]) && name.contains("availability") {
            format!("{}-az{}", self.region, self.dice.below(3) + 1)
        } else if name == "region" || ends(&["_region"]) {
            self.region.to_owned()
        } else if ends(&["owner_id", "account_id", "account", "owner"]) {
            ACCOUNT.to_owned()
        } else if ends(&["arn"]) {
            let last = format!("{}-{}", self.name, self.dice.hex(6));
            self.arn(self.schema.name, &last)
        } else if ends(&["endpoint", "address", "host", "hostname", "dns_name", "domain_name"]) {
            self.host()
        } else if ends(&["url", "uri", "issuer"]) {
            format!("https://{}", self.host())
        } else if ends(&["status", "state"]) {
            "available".to_owned()
        } else if ends(&["time", "_at", "date"]) {
            timestamp(self.now)
        } else if ends(&["certificate", "certificate_data", "fingerprint"]) {
            self.dice.letters(64)
        } else if ends(&["_id"]) {
            self.dice.hex(17)
        } else if ends(&["port"]) {
            self.number(name, (None, None)).to_string()
        } else if ends(&["name"]) {
            self.name.clone()
        } else {
            format!("{}-{}", name.replace('_', "-"), self.dice.hex(8))
        }
    }

    fn host(&mut self) -> String {
        let label: String = self.name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
        let label = label.trim_matches('-');
        format!("{label}.{}.{}.{}.amazonaws.com", self.dice.hex(12), self.region, service(self.schema.name))
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.dice.below(254) + 1).unwrap_or(1)
    }

    fn address(&mut self, name: &str) -> IpAddr {
        match name {
            name if name.contains("v6") => IpAddr::V6(self.v6()),
            // 203.0.113.0/24 is for documentation, RFC 5737.
            name if name.contains("public") => IpAddr::V4(Ipv4Addr::new(203, 0, 113, self.byte())),
            _ => IpAddr::V4(Ipv4Addr::new(10, 0, self.byte(), self.byte())),
        }
    }

    /// 2001:db8::/32 is for documentation, RFC 3849.
    fn v6(&mut self) -> Ipv6Addr {
        Ipv6Addr::new(0x2001, 0xdb8, u16::from(self.byte()), u16::from(self.byte()), 0, 0, 0, 0)
    }

    fn network(&mut self, name: &str) -> IpNet {
        if name.contains("v6") {
            return Ipv6Net::new(self.v6(), 64).map_or_else(|_| IpNet::default(), |net| IpNet::V6(net.trunc()));
        }
        let net = Ipv4Addr::new(10, self.byte(), self.byte(), 0);
        Ipv4Net::new(net, 24).map_or_else(|_| IpNet::default(), IpNet::V4)
    }
}

/// RFC 3339, in UTC. Days to a date after Howard Hinnant's `civil_from_days`.
fn timestamp(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400) + 719_468, seconds.rem_euclid(86_400));
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3_600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_look_like_the_clouds() {
        for (name, wanted) in [
            ("aws.ec2.VPC", "vpc"),
            ("aws.ec2.Subnet", "subnet"),
            ("aws.ec2.SecurityGroup", "sg"),
            ("aws.rds.DBInstance", "dbi"),
            ("aws.ec2.EIP", "eip"),
        ] {
            assert_eq!(prefix(name), wanted);
        }
        assert_eq!(kebab("aws.rds.DBSubnetGroup"), "db-subnet-group");
    }

    #[test]
    fn timestamps_are_dates() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00Z");
        assert_eq!(timestamp(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(timestamp(super::super::world::EPOCH), "2026-01-01T00:00:00Z");
    }

    #[test]
    fn dice_depend_on_texts_alone() {
        assert_eq!(Dice::new(&["a", "b"]).hex(17), Dice::new(&["a", "b"]).hex(17));
        assert_ne!(Dice::new(&["a", "b"]).hex(17), Dice::new(&["ab", ""]).hex(17));
        assert_eq!(Dice::new(&["a"]).hex(17).len(), 17);
    }
}
