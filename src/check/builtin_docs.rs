//! What the functions and methods of the language are told to do, each with an example that the tests compute.

use super::builtin::{Builtin, Method};

/// One function or method as a reader meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// One sentence.
    pub doc: &'static str,
    /// A call of it.
    pub example: &'static str,
    /// What the call gives, as the language writes it; empty where that depends on files.
    pub gives: &'static str,
}

const fn told(doc: &'static str, example: &'static str, gives: &'static str) -> Told {
    Told { doc, example, gives }
}

/// What `builtin` does.
pub fn function(builtin: Builtin) -> Told {
    match builtin {
        Builtin::Cidr => told("A network from its text.", "cidr(\"10.${1 + 1}.0.0/16\")", "10.2.0.0/16"),
        Builtin::Ip => told("An address from its text.", "ip(\"10.0.0.${2 * 5}\")", "10.0.0.10"),
        Builtin::File => told(
            "The text of a file of at most 1024 KiB. The path starts at the project's root; nothing outside of it is read.",
            "file(\"policies/reader.json\")",
            "",
        ),
        Builtin::Reachable => told(
            "Gets what one end sends to the other? Asked by an `assert` only; an end is a subnet, a database, a cache, a cluster, its nodes, a \
             range or `internet`. Port and protocol may be left out.",
            "reachable(internet, db, 5432)",
            "",
        ),
        Builtin::Json => told("A value as JSON text.", "json({ port = 80 })", "\"{\\\"port\\\":80}\""),
    }
}

/// What `method` does.
pub fn method(method: Method) -> Told {
    use Method::*;
    match method {
        ListLen => told("How many elements there are. Known even where the elements are not.", "[\"a\", \"b\"].len()", "2"),
        ListMap => told("A list of what the function gives for each element.", "[1, 2].map(n => n * 10)", "[10, 20]"),
        ListFilter => told("The elements for which the function says true.", "[1, 2, 3].filter(n => n > 1)", "[2, 3]"),
        ListFlatMap => told("The lists that the function gives, one after the other.", "[1, 2].flat_map(n => [n, n])", "[1, 1, 2, 2]"),
        ListAny => told("Does the function say true for at least one element?", "[1, 2].any(n => n > 1)", "true"),
        ListAll => told("Does the function say true for every element?", "[1, 2].all(n => n > 1)", "false"),
        ListUnique => told("Every value once, in the order of their first places.", "[\"a\", \"b\", \"a\"].unique()", "[\"a\", \"b\"]"),
        ListSort => told("The elements from the least to the greatest.", "[3, 1, 2].sort()", "[1, 2, 3]"),
        ListReverse => told("The elements from the last to the first.", "[1, 2, 3].reverse()", "[3, 2, 1]"),
        ListFirst => told("The first element, or nothing.", "[\"a\", \"b\"].first() ?? \"none\"", "\"a\""),
        ListLast => told("The last element, or nothing.", "[\"a\", \"b\"].last() ?? \"none\"", "\"b\""),
        ListTake => told("The first so many elements, or all where there are fewer.", "[1, 2, 3].take(2)", "[1, 2]"),
        ListSkip => told("All but the first so many elements.", "[1, 2, 3].skip(2)", "[3]"),
        ListContains => told("Is the value one of the elements?", "[\"a\", \"b\"].contains(\"b\")", "true"),
        ListJoin => told("The texts as one, with another text between them.", "[\"a\", \"b\"].join(\", \")", "\"a, b\""),
        ListFlatten => told("The elements of all lists in a list of lists.", "[[1], [2, 3]].flatten()", "[1, 2, 3]"),
        ListZip => told(
            "A map that gives each element the key at its place. There must be as many keys as elements.",
            "[10.0.0.0/24, 10.0.1.0/24].zip([\"a\", \"b\"])",
            "{ a = 10.0.0.0/24, b = 10.0.1.0/24 }",
        ),
        ListSum => told("All elements added: numbers, sizes or durations.", "[10GiB, 20GiB].sum()", "30GiB"),
        ListMin => told("The least element, or nothing.", "[3d, 1d].min() ?? 7d", "1d"),
        ListMax => told("The greatest element, or nothing.", "[3d, 1d].max() ?? 7d", "3d"),
        ListToMap => told(
            "A map of the elements, each with the key that the function gives for it. No key may come twice.",
            "[\"api\", \"web\"].to_map(name => name.upper())",
            "{ API = \"api\", WEB = \"web\" }",
        ),
        MapLen => told("How many entries there are.", "{ a = 1, b = 2 }.len()", "2"),
        MapKeys => told("The keys, in order.", "{ a = 1, b = 2 }.keys()", "[\"a\", \"b\"]"),
        MapValues => told(
            "The values, in the order of their keys' places. Of a resource with `for`: all of it.",
            "{ a = 1, b = 2 }.values()",
            "[1, 2]",
        ),
        MapMap => told(
            "A map of what the function gives for each entry, under the same keys.",
            "{ a = 1, b = 2 }.map((k, v) => v * 10)",
            "{ a = 10, b = 20 }",
        ),
        MapFilter => told("The entries for which the function says true.", "{ a = 1, b = 2 }.filter((k, v) => v > 1)", "{ b = 2 }"),
        MapContains => told("Is there an entry with this key?", "{ a = 1 }.contains(\"a\")", "true"),
        MapGet => told("The value of a key, or nothing.", "{ a = 1 }.get(\"c\") ?? 0", "0"),
        MapMerge => {
            told("Both maps as one; where both have a key, the second's value.", "{ a = 1, b = 2 }.merge({ b = 3 })", "{ a = 1, b = 3 }")
        }
        StringLen => told("How many characters there are.", "\"año\".len()", "3"),
        StringUpper => told("In capital letters.", "\"web\".upper()", "\"WEB\""),
        StringLower => told("In small letters.", "\"Web\".lower()", "\"web\""),
        StringTrim => told("Without spaces at both ends.", "\" web \".trim()", "\"web\""),
        StringSplit => told("The parts between the places where the other text stands.", "\"a,b\".split(\",\")", "[\"a\", \"b\"]"),
        StringReplace => told("With every first text replaced by the second.", "\"a.b.c\".replace(\".\", \"-\")", "\"a-b-c\""),
        StringStartsWith => told("Does it begin with this text?", "\"web-1\".starts_with(\"web\")", "true"),
        StringEndsWith => told("Does it end with this text?", "\"web-1\".ends_with(\"-1\")", "true"),
        StringContains => told("Is this text somewhere in it?", "\"web-1\".contains(\"b-\")", "true"),
        StringTake => told("The first so many characters, or all where there are fewer.", "\"production\".take(4)", "\"prod\""),
        CidrSubnet => told(
            "One of the networks that so many more bits of prefix make: `subnet(bits, number)`. Different numbers never overlap.",
            "10.0.0.0/16.subnet(8, 3)",
            "10.0.3.0/24",
        ),
        CidrContains => told("Does this network or address lie in it?", "10.0.0.0/16.contains(10.0.3.0/24)", "true"),
        CidrOverlaps => told("Does it share addresses with this network?", "10.0.0.0/16.overlaps(10.1.0.0/16)", "false"),
        CidrPrefix => told("The length of its prefix.", "10.0.0.0/16.prefix()", "16"),
        CidrAddress => told("Its first address.", "10.0.0.0/16.address()", "10.0.0.0"),
        CidrHost => told("The address with this number; from the end where it is below zero.", "10.0.0.0/24.host(10)", "10.0.0.10"),
        NumberAbs => told("Without its sign.", "(-3).abs()", "3"),
        NumberMin => told("The lesser of the two.", "5.min(3)", "3"),
        NumberMax => told("The greater of the two.", "5GiB.max(8GiB)", "8GiB"),
        ToText => told("As text, written as the language writes it.", "8080.to_text()", "\"8080\""),
    }
}
