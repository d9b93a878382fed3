//! One world: a program that changes, a cloud that fails, processes that die.

use std::collections::BTreeSet;

use plat::plan::Options;
use plat::plan::past::unknown_secrets;
use plat::provider::sandbox::{Fault, Faults, What};
use plat::value::{Duration, Object, Value};

use super::dice::Dice;
use crate::lifecycle::kinds::{ALARM, GROUP, NETWORK, REGION, RULE, SERVICE, SUBNET};
use crate::lifecycle::place::{Death, Place};
use crate::lifecycle::program::{Expr, Program, Spec, address, cidr, int, of, text};

/// A kind refers to kinds of a lower rank only, so there is never a circle.
const RANKS: [&[&str]; 5] = [&[NETWORK], &[SUBNET], &[GROUP], &[RULE, SERVICE], &[ALARM]];

fn rank(kind: &str) -> usize {
    RANKS.iter().position(|kinds| kinds.contains(&kind)).unwrap()
}

pub struct Life {
    dice: Dice,
    place: Place,
    program: Program,
    /// Ids of what was forgotten or retained.
    left: BTreeSet<String>,
    /// Numbers names, so that none is used twice.
    names: usize,
    /// The program of an earlier apply that went through, and the serial it came to.
    before: Option<(Program, u64)>,
    /// What was done, for a failure.
    story: Vec<String>,
}

impl Drop for Life {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}\nthe program: {:#?}", self.story.join("\n"), self.program);
        }
    }
}

impl Life {
    pub fn new(dice: Dice) -> Self {
        let mut life = Self {
            dice,
            place: Place::alone(),
            program: Program::default(),
            left: BTreeSet::new(),
            names: 0,
            before: None,
            story: Vec::new(),
        };
        for _ in 0..8 {
            life.add();
        }
        life
    }

    /// Some changes to the program or the cloud, and one apply, which may fail or die.
    pub fn step(&mut self) {
        for _ in 0..=self.dice.below(3) {
            self.change();
        }
        if self.dice.percent(20) {
            self.drift();
        }
        if self.dice.percent(50) {
            self.fail();
        } else {
            self.go_through();
        }
    }

    /// Everything is deleted.
    pub fn end(&mut self) {
        self.go_through();
        self.story.push("destroy".to_owned());
        self.place.destroy(&self.program).succeeded();
        self.place.check(&Program::default(), &self.left);
    }

    /// An apply that nothing disturbs: it must come to its end whatever happened before.
    fn go_through(&mut self) {
        self.story.push("apply".to_owned());
        self.place.cloud.set_faults(Faults::none());
        // What an earlier run left open is looked into by the apply alone, so that only a settled state can be rehearsed.
        if !self.place.is_open() {
            assert_eq!(self.place.rehearse(&self.program).flaws, [], "a false alarm");
        }
        self.place.apply(&self.program).succeeded();
        self.place.check(&self.program, &self.left);
        if self.dice.percent(30) {
            self.go_back();
        }
        self.program.moves.clear();
        self.program.forgets.clear();
        self.before = Some((self.program.clone(), self.place.state().serial));
    }

    /// Back to the apply before, and the program along with it: it must have nothing to do.
    fn go_back(&mut self) {
        let Some((mut before, serial)) = self.before.take().filter(|(_, serial)| *serial < self.place.state().serial) else { return };
        let (prepared, _) = self.place.way_back(&self.program, serial);
        if !unknown_secrets(&prepared.plan).is_empty() {
            return;
        }
        self.story.push(format!("back to {serial}"));
        let (then, now) = (self.place.state_of(serial), self.place.state());
        self.place.roll_back(&self.program, serial);
        // Secrets stay those of today, wherever the thing stands today.
        for (at, spec) in &mut before.resources {
            let thing = then.resources.get(&address(at)).map(|record| (&record.type_name, &record.id));
            let moved = now.resources.iter().find(|(_, record)| Some((&record.type_name, &record.id)) == thing);
            let at = moved.map_or_else(|| at.clone(), |(today, _)| today.to_string());
            let today = self.program.resources.get(&at).filter(|today| today.kind == spec.kind);
            for (name, expr) in &mut spec.inputs {
                if let (Expr::Secret(_), Some(now @ Expr::Secret(_))) = (&*expr, today.and_then(|today| today.inputs.get(name))) {
                    *expr = now.clone();
                }
            }
        }
        self.program = before;
        let state = self.place.state();
        self.left.retain(|id| !state.resources.values().any(|record| record.id == *id));
        self.place.check(&self.program, &self.left);
    }

    /// An apply in bad weather.
    fn fail(&mut self) {
        let faults: Vec<Fault> = (0..self.dice.below(4)).map(|_| self.fault()).collect();
        let death = if self.dice.percent(50) { Death::at(i64::try_from(self.dice.below(60)).unwrap() + 1) } else { Death::never() };
        self.story.push(format!("apply with {faults:?}"));
        self.place.cloud.set_faults(faults.into_iter().collect());
        let run = self.place.run(&self.program, &Options::default(), &death);
        self.story.push(format!("  it ended so: {}", format!("{run:?}").chars().take(300).collect::<String>()));
        self.place.cloud.set_faults(Faults::none());
    }

    fn fault(&mut self) -> Fault {
        let what = match self.dice.below(9) {
            0 => What::LoseRequest,
            1 | 2 => What::LoseResponse,
            3 => What::Refuse { code: "InternalFailure".to_owned(), message: "no".to_owned() },
            4 => What::Deny,
            5 => What::Throttle { attempts: 3 },
            6 => What::Slow(Duration::seconds(100)),
            7 => What::TimeOut,
            _ => What::Fail,
        };
        let nth = u64::try_from(self.dice.below(10)).unwrap() + 1;
        Fault::nth(nth, what).times(u64::try_from(self.dice.below(3)).unwrap() + 1)
    }

    fn of_kind(&self, kind: &str) -> Vec<String> {
        self.program.resources.iter().filter(|(_, spec)| spec.kind == kind).map(|(at, _)| at.clone()).collect()
    }

    fn name(&mut self, what: &str) -> String {
        self.names += 1;
        match self.dice.below(3) {
            0 => format!("{what}_{}", self.names),
            1 => format!("{what}[\"{}\"]", self.names),
            _ => format!("part_{}.{what}[\"{}\"]", self.names % 3, self.names),
        }
    }

    fn change(&mut self) {
        match self.dice.below(12) {
            0..=3 => self.add(),
            4 | 5 => self.remove_one(),
            6..=8 => self.edit(),
            9 => self.rename(),
            10 => self.forget(),
            _ => self.wait_for(),
        }
    }

    fn add(&mut self) {
        let (networks, subnets, groups, services) =
            (self.of_kind(NETWORK), self.of_kind(SUBNET), self.of_kind(GROUP), self.of_kind(SERVICE));
        let kind = *self.dice.pick(&[NETWORK, SUBNET, SUBNET, GROUP, RULE, SERVICE, ALARM]).unwrap();
        let (mut at, mut spec) = match kind {
            SUBNET if !networks.is_empty() => {
                let network = self.dice.pick(&networks).unwrap().clone();
                (self.name("subnet"), Spec::new(SUBNET, [("network", of(&network, "network_id"))]).create_first())
            }
            GROUP => (self.name("group"), Spec::new(GROUP, [("name", text(&format!("group {}", self.names)))]).create_first()),
            // While something is being moved, a rule of the same pair may still be there under the old name.
            RULE if !subnets.is_empty() && !groups.is_empty() && self.program.moves.is_empty() => {
                let (source, target) = (self.dice.pick(&subnets).unwrap().clone(), self.dice.pick(&groups).unwrap().clone());
                let inputs = [("source", of(&source, "subnet_id")), ("target", of(&target, "name"))];
                let same = |spec: &Spec| spec.kind == RULE && inputs.iter().all(|(name, expr)| spec.inputs.get(name) == Some(expr));
                if self.program.resources.values().any(same) {
                    return;
                }
                // Named after the pair: two addresses never stand for the same relation.
                let key = |at: &str| at.replace(['"', '[', ']', '.'], "_");
                (format!("rule[\"{}:{}\"]", key(&source), key(&target)), Spec::new(RULE, inputs))
            }
            SERVICE => (self.name("service"), Spec::new(SERVICE, []).create_first()),
            ALARM if !services.is_empty() => {
                let service = self.dice.pick(&services).unwrap().clone();
                (self.name("alarm"), Spec::new(ALARM, [("target", of(&service, "service_id"))]))
            }
            _ => (self.name("net"), self.network()),
        };
        // A relation that went and came back under a name that another took meanwhile.
        while self.program.resources.contains_key(&at) {
            at = self.name("again");
        }
        self.fill(&mut spec);
        self.story.push(format!("add `{at}`: {}", spec.kind));
        self.program.resources.insert(at, spec);
    }

    fn network(&mut self) -> Spec {
        let spec = Spec::new(NETWORK, [("cidr", cidr(&format!("10.{}.0.0/16", self.dice.below(200))))]);
        if self.dice.percent(50) { spec.create_first() } else { spec }
    }

    /// Sets what may be set or left out.
    fn fill(&mut self, spec: &mut Spec) {
        let optional: &[&'static str] = match spec.kind {
            NETWORK => &["label", "tags"],
            SUBNET => &["size", "zone"],
            GROUP => &["members"],
            RULE => &["note"],
            SERVICE => &["plan", "groups", "role", "settings", "password", "hint", "tags"],
            _ => &["text"],
        };
        for name in optional {
            if self.dice.percent(60) {
                let value = self.value(name);
                spec.inputs.extend(value.map(|value| (*name, value)));
            }
        }
    }

    /// `None` when there is nothing to refer to.
    fn value(&mut self, name: &str) -> Option<Expr> {
        let number = self.dice.below(5);
        let all = |names: Vec<&String>, attribute| Expr::List(names.into_iter().map(|at| of(at, attribute)).collect());
        Some(match name {
            // 1 is the default, which a program's evaluation leaves out.
            "size" => int(i64::try_from(number).unwrap() + 2),
            "tags" => Expr::Is(Value::object((0..number % 3).map(|i| (format!("k{i}"), Value::str(format!("v{number}")))))),
            "plan" => text(if number < 3 { "small" } else { "large" }),
            "password" => Expr::Secret(format!("secret-{number}")),
            "members" => all(self.dice.some(&self.of_kind(SUBNET)), "subnet_id"),
            "groups" => all(self.dice.some(&self.of_kind(GROUP)), "name"),
            "role" => of(self.dice.pick(&self.of_kind(GROUP))?, "arn"),
            "settings" => {
                let network = self.dice.pick(&self.of_kind(NETWORK)).map(|at| ("network", of(at, "network_id")));
                Expr::Record(network.into_iter().chain([("retries", int(i64::try_from(number).unwrap()))]).collect())
            }
            "text" => match self.dice.pick(&self.of_kind(SERVICE)) {
                Some(service) => of(service, "endpoint"),
                None => text("none"),
            },
            _ => text(&format!("{name} {number}")),
        })
    }

    /// Another value, another reference, or nothing where something was.
    fn edit(&mut self) {
        let all: Vec<String> = self.program.resources.keys().cloned().collect();
        let Some(at) = self.dice.pick(&all).cloned() else { return };
        let mut spec = self.program.resources[&at].clone();
        match spec.kind {
            NETWORK if self.dice.percent(50) => {
                spec.inputs.insert("cidr", cidr(&format!("10.{}.0.0/16", self.dice.below(200))));
            }
            SUBNET if self.dice.percent(40) => {
                let network = self.dice.pick(&self.of_kind(NETWORK)).unwrap().clone();
                spec.inputs.insert("network", of(&network, "network_id"));
            }
            GROUP if self.dice.percent(30) => {
                self.names += 1;
                spec.inputs.insert("name", text(&format!("group {}", self.names)));
            }
            ALARM if self.dice.percent(40) => {
                let service = self.dice.pick(&self.of_kind(SERVICE)).unwrap().clone();
                spec.inputs.insert("target", of(&service, "service_id"));
            }
            _ => {
                spec.inputs.retain(|name, _| REQUIRED.contains(name));
                self.fill(&mut spec);
            }
        }
        self.story.push(format!("edit `{at}`"));
        self.program.resources.insert(at, spec);
    }

    fn remove_one(&mut self) {
        let all: Vec<String> = self.program.resources.keys().cloned().collect();
        if let Some(at) = self.dice.pick(&all).cloned() {
            self.remove(&at);
        }
    }

    /// Removes a resource, what cannot be without it, and what others say of it.
    fn remove(&mut self, at: &str) {
        self.story.push(format!("remove `{at}`"));
        self.program.resources.shift_remove(at);
        // A move to an instance that is not there is refused.
        self.program.moves.retain(|(_, to)| to != at || !at.ends_with(']'));
        let mut doomed = Vec::new();
        for (name, spec) in &mut self.program.resources {
            spec.after.retain(|on| on != at);
            let refers = spec.references().into_iter().filter(|(_, on, _)| on == at).map(|(attribute, ..)| attribute);
            for attribute in refers.collect::<BTreeSet<_>>() {
                if REQUIRED.contains(&attribute) {
                    doomed.push(name.clone());
                } else {
                    spec.inputs.remove(attribute);
                }
            }
        }
        for name in doomed {
            self.remove(&name);
        }
    }

    fn rename(&mut self) {
        // A relation keeps the name of its pair.
        let all: Vec<String> = self.program.resources.iter().filter(|(_, s)| s.kind != RULE).map(|(at, _)| at.clone()).collect();
        let Some(from) = self.dice.pick(&all).cloned() else { return };
        let to = self.name("moved");
        self.story.push(format!("move `{from}` to `{to}`"));
        let rename = |expr: &mut Expr| renamed(expr, &from, &to);
        self.program.resources = std::mem::take(&mut self.program.resources)
            .into_iter()
            .map(|(at, mut spec)| {
                spec.inputs.values_mut().for_each(rename);
                spec.after.iter_mut().filter(|on| **on == from).for_each(|on| on.clone_from(&to));
                (if at == from { to.clone() } else { at }, spec)
            })
            .collect();
        self.program.moves.push((from, to));
    }

    /// Networks only: what else is forgotten goes on referring to things that plat then cannot delete.
    fn forget(&mut self) {
        let Some(at) = self.dice.pick(&self.of_kind(NETWORK)).cloned() else { return };
        // Only what is settled: what a dying process left open has no id yet.
        self.go_through();
        // It may have gone back to before it was there.
        let Some(id) = self.place.state().resources.get(&address(&at)).map(|record| record.id.clone()) else { return };
        self.remove(&at);
        if self.dice.percent(50) {
            self.program.forgets.push(at.clone());
            self.story.push(format!("forget `{at}`"));
            self.left.insert(id);
        }
    }

    /// Order without a reference.
    fn wait_for(&mut self) {
        let all: Vec<String> = self.program.resources.keys().cloned().collect();
        let (Some(at), Some(on)) = (self.dice.pick(&all).cloned(), self.dice.pick(&all).cloned()) else { return };
        if rank(self.program.resources[&at].kind) > rank(self.program.resources[&on].kind) {
            self.story.push(format!("`{at}` after `{on}`"));
            self.program.resources[&at].after.push(on);
        }
    }

    /// Somebody works behind plat's back.
    fn drift(&mut self) {
        let state = self.place.state();
        let all: Vec<_> = state.resources.iter().collect();
        let Some((at, record)) = self.dice.pick(&all) else { return };
        if !self.place.inventory().contains_key(&(record.type_name.to_string(), record.id.clone())) {
            return;
        }
        // What has a name of its own and is in use, nobody can delete: there would be no way to make it anew either.
        if &*record.type_name == GROUP && state.resources.values().any(|other| other.dependencies.contains(at)) {
            return;
        }
        let attribute = match &*record.type_name {
            NETWORK => "label",
            RULE => "note",
            SERVICE => "hint",
            ALARM => "text",
            _ => "",
        };
        if attribute.is_empty() || self.dice.percent(40) {
            self.story.push(format!("`{at}` vanishes"));
            self.place.cloud.vanish(&record.type_name, REGION, &record.id).unwrap();
        } else {
            self.story.push(format!("`{at}`.{attribute} drifts"));
            let value = if self.dice.percent(50) { Value::str("by hand") } else { Value::Null };
            let change: Object = [(attribute.into(), value)].into_iter().collect();
            self.place.cloud.tamper(&record.type_name, REGION, &record.id, &change).unwrap();
        }
    }
}

const REQUIRED: [&str; 5] = ["cidr", "network", "name", "source", "target"];

fn renamed(expr: &mut Expr, from: &str, to: &str) {
    match expr {
        Expr::Of(at, _) if at == from => to.clone_into(at),
        Expr::List(items) => items.iter_mut().for_each(|item| renamed(item, from, to)),
        Expr::Record(fields) => fields.iter_mut().for_each(|(_, field)| renamed(field, from, to)),
        Expr::Of(..) | Expr::Is(_) | Expr::Secret(_) => {}
    }
}
