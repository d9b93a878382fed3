//! The functions and methods of the language: what they take and give. `eval::builtins` says what they do.

use std::sync::Arc;

use crate::types::Type;

/// A function called by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Builtin {
    Cidr,
    Ip,
    File,
    Json,
    Reachable,
}

/// All builtin functions: name, parameters, result. [`super::builtin_docs`] tells what they do.
pub const BUILTINS: [(&str, Builtin, &[Simple], Simple); 5] = [
    ("cidr", Builtin::Cidr, &[Simple::String], Simple::Cidr),
    ("file", Builtin::File, &[Simple::String], Simple::String),
    ("ip", Builtin::Ip, &[Simple::String], Simple::Ip),
    ("json", Builtin::Json, &[Simple::Json], Simple::String),
    ("reachable", Builtin::Reachable, &[Simple::Place, Simple::Place, Simple::Int, Simple::String], Simple::Bool),
];

/// A parameter's or result's type in [`BUILTINS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Simple {
    String,
    Cidr,
    Ip,
    Json,
    Int,
    Bool,
    /// A resource with a place in a network, a range, or `internet`.
    Place,
}

impl From<Simple> for Type {
    fn from(simple: Simple) -> Type {
        match simple {
            Simple::String => Type::String,
            Simple::Cidr => Type::Cidr,
            Simple::Ip => Type::Ip,
            Simple::Json => Type::Json,
            Simple::Int => Type::Int,
            Simple::Bool => Type::Bool,
            Simple::Place => Type::Component("End".into()),
        }
    }
}

/// A function called on a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    ListLen,
    ListMap,
    ListFilter,
    ListFlatMap,
    ListAny,
    ListAll,
    ListUnique,
    ListSort,
    ListReverse,
    ListFirst,
    ListLast,
    ListTake,
    ListSkip,
    ListContains,
    ListJoin,
    ListFlatten,
    ListZip,
    ListSum,
    ListMin,
    ListMax,
    ListToMap,
    MapLen,
    MapKeys,
    MapValues,
    MapMap,
    MapFilter,
    MapContains,
    MapGet,
    MapMerge,
    StringLen,
    StringUpper,
    StringLower,
    StringTrim,
    StringSplit,
    StringReplace,
    StringStartsWith,
    StringEndsWith,
    StringContains,
    StringTake,
    CidrSubnet,
    CidrContains,
    CidrOverlaps,
    CidrPrefix,
    CidrAddress,
    CidrHost,
    NumberAbs,
    NumberMin,
    NumberMax,
    ToText,
}

/// What a call takes of the program's allowance of steps. Each builtin and method says it, so that none is free by oversight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// The same whatever it is called on.
    One,
    /// The elements of the receiver and of what it is given are moved or counted, or compared, which is charged as it is done.
    Items,
    /// All is looked at that is in the receiver and in what it is given, text by text.
    All,
    /// As `All`, for each time that sorting comes upon it.
    Sorted,
    /// A file is looked up.
    File,
    /// A way is looked for through the network.
    Network,
}

impl Builtin {
    pub const fn cost(self) -> Cost {
        match self {
            Self::Cidr | Self::Ip | Self::Json => Cost::All,
            Self::File => Cost::File,
            Self::Reachable => Cost::Network,
        }
    }
}

impl Method {
    pub const fn cost(self) -> Cost {
        match self {
            Self::ListLen | Self::ListFirst | Self::ListLast | Self::MapLen | Self::CidrPrefix | Self::CidrAddress => Cost::One,
            Self::MapContains | Self::MapGet | Self::CidrHost | Self::CidrSubnet | Self::NumberAbs => Cost::One,
            Self::ListMap | Self::ListFilter | Self::ListFlatMap | Self::ListAny | Self::ListAll | Self::ListToMap => Cost::Items,
            Self::ListReverse | Self::ListTake | Self::ListSkip | Self::ListContains | Self::ListFlatten => Cost::Items,
            Self::MapKeys | Self::MapValues | Self::MapMap | Self::MapFilter | Self::MapMerge => Cost::Items,
            Self::ListUnique | Self::ListZip | Self::ListJoin | Self::ListSum | Self::ListMin | Self::ListMax => Cost::All,
            Self::ListSort => Cost::Sorted,
            Self::StringLen | Self::StringUpper | Self::StringLower | Self::StringTrim | Self::StringSplit => Cost::All,
            Self::StringReplace | Self::StringStartsWith | Self::StringEndsWith | Self::StringContains | Self::StringTake => Cost::All,
            Self::CidrContains | Self::CidrOverlaps | Self::NumberMin | Self::NumberMax | Self::ToText => Cost::All,
        }
    }
}

/// What a method takes and gives on a receiver of a certain type.
pub struct Signature {
    pub method: Method,
    pub params: Vec<Param>,
    pub result: Answer,
}

pub enum Param {
    Value(Type),
    /// One type or the other.
    Either(Type, Type),
    /// This, or what has a type in common with it.
    Like(Type),
    /// A lambda over these, whose result is `Some(type)` or free.
    Lambda(Vec<Type>, Option<Type>),
}

pub enum Answer {
    Type(Type),
    /// A list of what the lambda gives.
    ListOfLambda,
    /// What the lambda gives, which must be a list.
    Lambda,
    /// A map of what the lambda gives.
    MapOfLambda,
    /// What the receiver and the value have in common.
    Joined,
}

/// Names of all methods, in the order in which they are told of.
pub const METHODS: [&str; 39] = [
    "len",
    "map",
    "filter",
    "flat_map",
    "any",
    "all",
    "unique",
    "sort",
    "reverse",
    "first",
    "last",
    "take",
    "skip",
    "contains",
    "join",
    "flatten",
    "zip",
    "sum",
    "min",
    "max",
    "to_map",
    "keys",
    "values",
    "get",
    "merge",
    "upper",
    "lower",
    "trim",
    "split",
    "replace",
    "starts_with",
    "ends_with",
    "subnet",
    "overlaps",
    "prefix",
    "address",
    "host",
    "abs",
    "to_text",
];

/// Names of the methods that a receiver of type `ty` has, for "did you mean".
pub fn names(ty: &Type) -> Vec<&'static str> {
    METHODS.into_iter().filter(|name| signature(ty, name).is_some()).collect()
}

/// The method `name` of a receiver of type `ty`.
pub fn signature(ty: &Type, name: &str) -> Option<Signature> {
    match ty {
        Type::List(of) => list(of, name),
        Type::Map(of) => map(of, name),
        Type::Record(record) => map(&super::join::any_field(record), name),
        Type::String | Type::Union(_) | Type::Id(_) | Type::Arn(_) => string(name),
        Type::Cidr => cidr(name),
        Type::Int | Type::Float | Type::Size | Type::Duration => number(ty, name),
        _ => None,
    }
    .or_else(|| match (name, ty) {
        ("to_text", Type::Int | Type::Float | Type::Bool | Type::Cidr | Type::Ip | Type::Size | Type::Duration | Type::Version) => {
            plain(Method::ToText, [], Type::String)
        }
        _ => None,
    })
}

fn plain<const N: usize>(method: Method, params: [Type; N], result: Type) -> Option<Signature> {
    Some(Signature { method, params: params.into_iter().map(Param::Value).collect(), result: Answer::Type(result) })
}

fn lambda(method: Method, over: Vec<Type>, gives: Option<Type>, result: Answer) -> Option<Signature> {
    Some(Signature { method, params: vec![Param::Lambda(over, gives)], result })
}

fn list(of: &Arc<Type>, name: &str) -> Option<Signature> {
    let item = || Type::clone(of);
    let same = || Type::List(of.clone());
    match name {
        "len" => plain(Method::ListLen, [], Type::Int),
        "map" => lambda(Method::ListMap, vec![item()], None, Answer::ListOfLambda),
        "filter" => lambda(Method::ListFilter, vec![item()], Some(Type::Bool), Answer::Type(same())),
        "flat_map" => lambda(Method::ListFlatMap, vec![item()], None, Answer::Lambda),
        "any" => lambda(Method::ListAny, vec![item()], Some(Type::Bool), Answer::Type(Type::Bool)),
        "all" => lambda(Method::ListAll, vec![item()], Some(Type::Bool), Answer::Type(Type::Bool)),
        "to_map" => lambda(Method::ListToMap, vec![item()], Some(Type::String), Answer::Type(Type::Map(of.clone()))),
        "unique" => plain(Method::ListUnique, [], same()),
        "sort" => plain(Method::ListSort, [], same()),
        "reverse" => plain(Method::ListReverse, [], same()),
        "first" => plain(Method::ListFirst, [], Type::optional(item())),
        "last" => plain(Method::ListLast, [], Type::optional(item())),
        "take" => plain(Method::ListTake, [Type::Int], same()),
        "skip" => plain(Method::ListSkip, [Type::Int], same()),
        "contains" => plain(Method::ListContains, [widened(of)], Type::Bool),
        "join" if crate::types::is_assignable(of, &Type::String) => plain(Method::ListJoin, [Type::String], Type::String),
        "flatten" => match &**of {
            inner @ Type::List(_) => plain(Method::ListFlatten, [], inner.clone()),
            // Nothing is known of what is in `[]`.
            Type::Error => plain(Method::ListFlatten, [], same()),
            _ => None,
        },
        "zip" => plain(Method::ListZip, [Type::list(Type::String)], Type::map(item())),
        "sum" if matches!(**of, Type::Int | Type::Float | Type::Size | Type::Duration | Type::Error) => plain(Method::ListSum, [], item()),
        "min" | "max" if matches!(**of, Type::Int | Type::Float | Type::Size | Type::Duration | Type::Version | Type::Error) => {
            plain(if name == "min" { Method::ListMin } else { Method::ListMax }, [], Type::optional(item()))
        }
        _ => None,
    }
}

fn map(of: &Type, name: &str) -> Option<Signature> {
    let same = || Type::map(of.clone());
    match name {
        "len" => plain(Method::MapLen, [], Type::Int),
        "keys" => plain(Method::MapKeys, [], Type::list(Type::String)),
        "values" => plain(Method::MapValues, [], Type::list(of.clone())),
        "contains" => plain(Method::MapContains, [Type::String], Type::Bool),
        "get" => plain(Method::MapGet, [Type::String], Type::optional(of.clone())),
        "merge" => Some(Signature { method: Method::MapMerge, params: vec![Param::Like(same())], result: Answer::Joined }),
        "map" => lambda(Method::MapMap, vec![Type::String, of.clone()], None, Answer::MapOfLambda),
        "filter" => lambda(Method::MapFilter, vec![Type::String, of.clone()], Some(Type::Bool), Answer::Type(same())),
        _ => None,
    }
}

fn string(name: &str) -> Option<Signature> {
    let text = Type::String;
    match name {
        "len" => plain(Method::StringLen, [], Type::Int),
        "upper" => plain(Method::StringUpper, [], text),
        "lower" => plain(Method::StringLower, [], text),
        "trim" => plain(Method::StringTrim, [], text),
        "split" => plain(Method::StringSplit, [Type::String], Type::list(text)),
        "replace" => plain(Method::StringReplace, [Type::String, Type::String], text),
        "starts_with" => plain(Method::StringStartsWith, [Type::String], Type::Bool),
        "ends_with" => plain(Method::StringEndsWith, [Type::String], Type::Bool),
        "contains" => plain(Method::StringContains, [Type::String], Type::Bool),
        "take" => plain(Method::StringTake, [Type::Int], text),
        _ => None,
    }
}

fn cidr(name: &str) -> Option<Signature> {
    match name {
        "subnet" => plain(Method::CidrSubnet, [Type::Int, Type::Int], Type::Cidr),
        "contains" => Some(Signature {
            method: Method::CidrContains,
            params: vec![Param::Either(Type::Cidr, Type::Ip)],
            result: Answer::Type(Type::Bool),
        }),
        "overlaps" => plain(Method::CidrOverlaps, [Type::Cidr], Type::Bool),
        "prefix" => plain(Method::CidrPrefix, [], Type::Int),
        "address" => plain(Method::CidrAddress, [], Type::Ip),
        "host" => plain(Method::CidrHost, [Type::Int], Type::Ip),
        _ => None,
    }
}

fn number(ty: &Type, name: &str) -> Option<Signature> {
    match name {
        "abs" if matches!(ty, Type::Int | Type::Float) => plain(Method::NumberAbs, [], ty.clone()),
        "min" => plain(Method::NumberMin, [ty.clone()], ty.clone()),
        "max" => plain(Method::NumberMax, [ty.clone()], ty.clone()),
        _ => None,
    }
}

/// A literal's type as what it is one of: `["a"].contains("b")` is a fair question.
fn widened(ty: &Type) -> Type {
    match ty {
        Type::Union(_) => Type::String,
        ty => ty.clone(),
    }
}
