//! What a resource occupies exclusively, declared beside its type.

/// Something that a resource holds while it exists and that no other resource may hold at the same time.
///
/// Two claims conflict when they have the same [`namespace`](Self::namespace), the same reach, equal parts of
/// [`within`](Self::within), and equal parts of [`key`](Self::key) or, for a range, addresses in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The thing held, as a message names it: `name`, `destination`.
    pub what: &'static str,
    /// Claims of one namespace exclude each other, whatever the types of their resources.
    pub namespace: &'static str,
    pub reach: Reach,
    /// The list attribute whose items make one claim each.
    pub each: Option<&'static str>,
    /// The scope: a part that is not set counts as equal to another that is not set.
    pub within: Vec<Part>,
    /// The thing held. Without a value for each part that is not optional there is no claim.
    pub key: Vec<Part>,
    /// The key is one address range, and sharing addresses is a conflict.
    pub is_range: bool,
    /// Attributes that must have one of these values, as text, for the resource to make the claim; without values: that must be set.
    pub when: Vec<(&'static str, &'static [&'static str])>,
    /// The error code with which AWS refuses a second holder; `None` where AWS takes the thing from its holder.
    pub refusal: Option<&'static str>,
    /// The claim is the import id of its type.
    pub is_identity: bool,
}

/// How far a claim reaches when its scope says no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// One region of an account.
    Region,
    /// All regions of an account.
    Account,
}

/// One part of a scope or a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub of: Of,
    pub form: Form,
    pub optional: bool,
}

/// Where a part comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    /// The first of these attributes that is set.
    Resource(&'static [&'static str]),
    /// The first of these fields of the list's item that is set; without fields the item itself.
    Item(&'static [&'static str]),
    /// The resource itself.
    Itself,
    /// The ports of a traffic rule: attributes or fields of the protocol, the first and the last port.
    Ports { protocol: &'static str, from: &'static str, to: &'static str },
    /// Two attributes in either order.
    Pair(&'static str, &'static str),
}

/// How a service compares texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Exact,
    IgnoreCase,
    /// Case and spaces at the end do not count.
    Label,
    /// An IP protocol by name or number.
    Protocol,
    /// A URL without its scheme.
    Url,
}

impl Part {
    const fn new(of: Of) -> Self {
        Self { of, form: Form::Exact, optional: false }
    }

    /// The first of these attributes that is set.
    pub const fn of(names: &'static [&'static str]) -> Self {
        Self::new(Of::Resource(names))
    }

    /// The first of these fields of the list's item that is set; without fields the item itself.
    pub const fn item(fields: &'static [&'static str]) -> Self {
        Self::new(Of::Item(fields))
    }

    /// The resource that makes the claim.
    pub const fn itself() -> Self {
        Self::new(Of::Itself)
    }

    /// The ports of a traffic rule.
    pub const fn ports(protocol: &'static str, from: &'static str, to: &'static str) -> Self {
        Self::new(Of::Ports { protocol, from, to })
    }

    /// Two attributes in either order.
    pub const fn pair(one: &'static str, other: &'static str) -> Self {
        Self::new(Of::Pair(one, other))
    }

    #[must_use]
    pub const fn form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// The claim holds also without a value for this part.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The attributes of the resource that the part reads.
    pub fn attributes(&self) -> Vec<&'static str> {
        match &self.of {
            Of::Resource(names) => names.to_vec(),
            Of::Pair(one, other) => vec![one, other],
            Of::Ports { protocol, from, to } => vec![protocol, from, to],
            Of::Item(_) | Of::Itself => Vec::new(),
        }
    }
}

impl Claim {
    fn new(what: &'static str, namespace: &'static str, key: Vec<Part>) -> Self {
        Self {
            what,
            namespace,
            reach: Reach::Region,
            each: None,
            within: Vec::new(),
            key,
            is_range: false,
            when: Vec::new(),
            refusal: None,
            is_identity: false,
        }
    }

    /// One holder for each value of the key.
    pub fn one(what: &'static str, namespace: &'static str, key: impl Into<Vec<Part>>) -> Self {
        Self::new(what, namespace, key.into())
    }

    /// A name that is unique in its region.
    pub fn name(namespace: &'static str, attribute: &'static [&'static str]) -> Self {
        Self::new("name", namespace, vec![Part::of(attribute)])
    }

    /// An address range that shares no address with another one.
    pub fn range(what: &'static str, namespace: &'static str, attribute: &'static [&'static str]) -> Self {
        Self { is_range: true, ..Self::new(what, namespace, vec![Part::of(attribute)]) }
    }

    /// Only within equal values of these parts.
    #[must_use]
    pub fn within(mut self, parts: impl Into<Vec<Part>>) -> Self {
        self.within = parts.into();
        self
    }

    /// In all regions of the account.
    #[must_use]
    pub fn per_account(mut self) -> Self {
        self.reach = Reach::Account;
        self
    }

    /// One claim for each item of a list attribute.
    #[must_use]
    pub fn each(mut self, list: &'static str) -> Self {
        self.each = Some(list);
        self
    }

    /// Compares the texts of the key in another form than letter by letter.
    #[must_use]
    pub fn form(mut self, form: Form) -> Self {
        for part in &mut self.key {
            part.form = form;
        }
        self
    }

    /// Only where the attribute has one of these values; without values, where it is set.
    #[must_use]
    pub fn when(mut self, attribute: &'static str, values: &'static [&'static str]) -> Self {
        self.when.push((attribute, values));
        self
    }

    /// The error code with which AWS refuses a second holder.
    #[must_use]
    pub fn refusal(mut self, code: &'static str) -> Self {
        self.refusal = Some(code);
        self
    }

    /// The attributes of the resource that the claim depends on.
    pub fn attributes(&self) -> impl Iterator<Item = &'static str> {
        let parts = self.within.iter().chain(&self.key).flat_map(|part| match self.each {
            // Ports are fields of the items.
            Some(_) if matches!(part.of, Of::Ports { .. }) => Vec::new(),
            _ => part.attributes(),
        });
        parts.chain(self.each).chain(self.when.iter().map(|(name, _)| *name)).collect::<Vec<_>>().into_iter()
    }

    /// True when the claim is on exactly the attributes of an import id.
    fn covers(&self, import: &[&str]) -> bool {
        let names: Vec<&str> = self.within.iter().chain(&self.key).flat_map(Part::attributes).collect();
        let same = names.len() == import.len() && import.iter().all(|name| names.contains(name));
        same && self.each.is_none() && self.when.is_empty() && !self.is_range
    }
}

impl super::ResourceSchema {
    /// Adds what every type claims: an import id that is made of inputs alone.
    pub(super) fn claim_identity(&mut self) {
        let is_input = |name: &&&str| self.attribute(name).is_some_and(super::Attribute::is_input);
        if self.kind != super::Kind::Managed || self.import.is_empty() || self.import.iter().filter(is_input).count() < self.import.len() {
            return;
        }
        let import = self.import;
        if let Some(own) = self.claims.iter_mut().find(|claim| claim.covers(import)) {
            own.is_identity = true;
            return;
        }
        let parts: Vec<Part> = import.chunks(1).map(Part::of).collect();
        self.claims.push(Claim { is_identity: true, ..Claim::one("name", self.name, parts).refusal("AlreadyExists") });
    }
}
