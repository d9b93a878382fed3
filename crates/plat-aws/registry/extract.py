#!/usr/bin/env python3
"""Writes constraints.jsonl: what the CloudFormation registry says of the values of each resource type.

The schemas are those of cfn-lint (licence MIT-0), in the pinned package of tests/requirements/oracle.txt:

    .venv/oracle/bin/python crates/plat-aws/registry/extract.py            # writes constraints.jsonl
    .venv/oracle/bin/python crates/plat-aws/registry/extract.py --print    # prints it
    .venv/oracle/bin/python crates/plat-aws/registry/extract.py --raw      # prints it without overrides.json

README.md describes the format.
"""

import json
import re
import sys
from pathlib import Path

import cfnlint
from cfnlint.rules.formats.FormatKeyword import FormatKeyword
from cfnlint.rules.formats import (
    IamRoleArn, KmsAliasName, KmsKeyArn, KmsKeyId, LogGroupName, SecurityGroupId, SecurityGroupName, SubnetId, VpcId,
)

HERE = Path(__file__).parent
SCHEMAS = Path(cfnlint.__file__).parent / "data/schemas"

# Keywords whose value is taken as it is.
PLAIN = ["enum", "enumCaseInsensitive", "const", "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum",
         "exclusiveMinimum", "exclusiveMaximum", "prefixMin", "prefixMax"]
# Keywords whose value is a list of names, and those that map a name to such a list.
NAMES = ["required", "requiredXor", "requiredOr"]
DEPENDENT = ["dependentRequired", "dependentExcluded"]
# Keywords whose value is a list of schemas, and those that have one.
LISTS = ["allOf", "anyOf", "oneOf"]
ONE = ["not", "if", "then", "else"]


def formats():
    """The patterns behind cfn-lint's formats; those of networks are known to plat."""
    patterns = {}
    for module in (IamRoleArn, KmsAliasName, KmsKeyArn, KmsKeyId, LogGroupName, SecurityGroupId, SecurityGroupName, SubnetId, VpcId):
        for rule in vars(module).values():
            if isinstance(rule, type) and issubclass(rule, FormatKeyword) and rule is not FormatKeyword:
                made = rule()
                patterns[made.format_keyword] = made.pattern
    return patterns


FORMATS = formats()
NETWORKS = {"ipv4-network", "ipv6-network"}


def snake_case(name):
    """As tests/conformance/names.rs."""
    out = ""
    for i, c in enumerate(name):
        if c.isupper() and i > 0:
            before, after = name[i - 1], name[i + 1:i + 2]
            plural = after == "s" and (i + 2 >= len(name) or name[i + 2].isupper())
            if not before.isupper() or (after.islower() and not plural):
                out += "_"
        out += c.lower()
    return RENAMED.get(name, out)


# Where a run of capitals is more than one word.
RENAMED = {
    "EnableResourceNameDnsAAAARecord": "enable_resource_name_dns_aaaa_record",
    "EnableResourceNameDnsARecord": "enable_resource_name_dns_a_record",
}


def translate(pattern):
    """A pattern of Java or JavaScript in the words of the crate regex-lite, with the length that a look-ahead stands for."""
    length = {}
    ahead = re.match(r"^\^\(\?=\.\{(\d+),(\d+)\}\$\)", pattern)
    if ahead:
        length = {"minLength": int(ahead[1]), "maxLength": int(ahead[2])}
        pattern = "^" + pattern[ahead.end():]
    pattern = pattern.replace("\\Z", "$").replace("\\/", "/")
    # Classes of Unicode are read as what they hold of ASCII, and everything beyond ASCII.
    pattern = pattern.replace("\\p{L}", "A-Za-z\\x{80}-\\x{10FFFF}").replace("\\p{Z}", " ").replace("\\p{N}", "0-9")
    # JavaScript's [ stands for itself within a class.
    pattern = inner_brackets(pattern)
    pattern = re.sub(r"\\u([0-9A-Fa-f]{4})", r"\\x{\1}", pattern)
    return pattern, length


def inner_brackets(pattern):
    out, inside, i = "", False, 0
    while i < len(pattern):
        c = pattern[i]
        if c == "\\":
            out += pattern[i:i + 2]
            i += 2
            continue
        if c == "[" and inside:
            out += "\\"
        elif c == "[":
            inside = True
        elif c == "]":
            inside = False
        elif inside and c in "&~" and pattern[i:i + 2] == c * 2:
            out += "\\"
        out += c
        i += 1
    return out


class Extractor:
    def __init__(self, schema):
        self.root = schema
        self.read_only = {p.removeprefix("/properties/") for p in schema.get("readOnlyProperties", [])}

    def run(self):
        body = self.node(self.root, "", True)
        # That every attribute is there which has to be is a matter of its type.
        body.pop("required", None)
        timeouts = {k: v["timeoutInMinutes"] for k, v in self.root.get("handlers", {}).items() if "timeoutInMinutes" in v}
        timeouts = {k: v for k, v in timeouts.items() if k in ("create", "update", "delete")}
        if timeouts:
            body["timeouts"] = timeouts
        transforms = {}
        for path, text in self.root.get("propertyTransform", {}).items():
            names = [snake_case(p) if p != "*" else p for p in path.removeprefix("/properties/").split("/")]
            transforms[".".join(names)] = transform(text)
        if transforms:
            body["transforms"] = transforms
        return body

    def follow(self, schema):
        while "$ref" in schema:
            target = self.root
            for part in schema["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            schema = {**target, **{k: v for k, v in schema.items() if k != "$ref"}}
        return schema

    def node(self, schema, path, top=False, seen=()):
        if schema is False:
            return False
        if schema is True or not isinstance(schema, dict):
            return {}
        ref = schema.get("$ref")
        if ref in seen:
            return {}
        seen = seen + ((ref,) if ref else ())
        schema = self.follow(schema)
        out = {k: schema[k] for k in PLAIN if k in schema and not (k.startswith("min") and k != "minimum" and schema[k] == 0)}
        if schema.get("type") not in (None, "array"):
            # The registry writes bounds of a list on its items, where they mean nothing.
            out.pop("minItems", None)
            out.pop("maxItems", None)
        if schema.get("uniqueItems"):
            out["uniqueItems"] = True
        if "pattern" in schema:
            pattern, length = translate(schema["pattern"])
            out["pattern"] = pattern
            out.update(length)
        form = schema.get("format")
        if form in NETWORKS:
            out["format"] = form
        elif form in FORMATS:
            out["format"] = form
            out["formatPattern"] = translate(FORMATS[form])[0]
        for k in NAMES:
            if k in schema:
                out[k] = [snake_case(n) for n in schema[k]]
        for k in DEPENDENT:
            if k in schema:
                out[k] = {snake_case(n): [snake_case(m) for m in ns] for n, ns in schema[k].items()}
        for k in LISTS:
            parts = [self.node(part, path, seen=seen) for part in schema.get(k, [])]
            if parts and all(parts) or False in parts:
                out[k] = parts
        for k in ONE:
            if k in schema:
                out[k] = self.node(schema[k], path, seen=seen)
        properties = {}
        for name, inner in schema.get("properties", {}).items():
            at = f"{path}/{name}" if path else name
            if at in self.read_only or at.replace("/*", "") in self.read_only:
                continue
            node = self.node(inner, at, seen=seen)
            if not isinstance(inner, dict) or not ("$ref" in inner or "type" in inner or top):
                keep = True
            else:
                keep = node != {}
            if isinstance(node, dict):
                # Which parts a record has to have is a matter of its type, too.
                keep = keep and node != {}
            if keep:
                properties[snake_case(name)] = node
        if tags(schema):
            out.pop("required", None)
            return {"keys": properties.get("key", {}), "values": properties.get("value", {}), "tag": True}
        if schema.get("type") == "object" and "required" in out and "properties" in schema:
            out.pop("required")
        if properties:
            out["properties"] = properties
        items = schema.get("items")
        if isinstance(items, dict):
            inner = self.node(items, f"{path}/*", seen=seen)
            if isinstance(inner, dict) and inner.pop("tag", False):
                # A list of keys and values is a map in plat, and the keys of a map are different anyway.
                out.pop("uniqueItems", None)
                for bound, entries in (("minItems", "minEntries"), ("maxItems", "maxEntries")):
                    if bound in out:
                        out[entries] = out.pop(bound)
                out.update({k: v for k, v in inner.items() if v})
            elif inner != {}:
                out["items"] = inner
        return out


def tags(schema):
    return list(schema.get("properties", {})) == ["Key", "Value"] or set(schema.get("properties", {})) == {"Key", "Value"}


def transform(text):
    """What AWS makes of a value, by the form of the registry's JSONata."""
    forms = [
        (r"^\$lowercase\(\w+\)$", "lower"),
        (r"^\$uppercase\(\w+\)$", "upper"),
        (r"^\$lowercase\((\w+)\) \$OR \$uppercase\(\1\)$", "any-case"),
        (r'^\$join\(\["arn:\.\+\?:kms:\.\+\?:\.\+\?:key\\/", [\w.]+\]\)$', "key-arn"),
        (r'^\$join\(\[\$string\(\w+\), "\.\*"\]\)$', "prefix"),
        (r"^\$replace\(\w+, /\n\$/, ''\)$", "trim-newline"),
        (r"^\(\$mapVal := .*\$mapVal \? \$mapVal : \$lowercase\(IpProtocol\)\)$", "protocol"),
        (r"^\(\$mapVal := .*\? (From|To)Port : -1\)$", "protocol-ports"),
        (r"^(Ipv6)?CidrBlock~>function\(\$c", "network"),
    ]
    return next((name for form, name in forms if re.match(form, text, re.S)), text)


def native_types():
    """plat's own types: those that its sources declare."""
    names = set()
    for source in sorted((HERE.parent / "src").rglob("*.rs")):
        for name, rest in re.findall(r'#\[resource\(\s*"(aws\.\w+\.\w+)",\s*(\w+)', source.read_text()):
            if rest != "lookup":
                names.add(name)
    return sorted(names)


def merge(target, key, value):
    """Records are merged; all else is replaced."""
    if isinstance(value, dict) and isinstance(target.get(key), dict):
        for inner, part in value.items():
            merge(target[key], inner, part)
    else:
        target[key] = value


def override(name, body, overrides):
    """Applies overrides.json; an entry that changes nothing is an error."""
    for entry in overrides.get(name, []):
        before = json.dumps(body, sort_keys=True)
        target = body
        for step in entry["at"]:
            target = target.setdefault(step, {}) if isinstance(target, dict) else target[step]
        for key in entry.get("drop", []):
            target.pop(key, None)
        for key, value in entry.get("set", {}).items():
            if key == "allOf" and key in target:
                target[key] = target[key] + value
            else:
                merge(target, key, value)
        if json.dumps(body, sort_keys=True) == before:
            sys.exit(f"{name} {'.'.join(map(str, entry['at']))}: nothing to override")


def main():
    registered = {}
    for name, file in json.loads((SCHEMAS / "providers/us-east-1.json").read_text()).items():
        parts = name.split("::")
        if len(parts) == 3:
            registered[f"{parts[0].lower()}.{parts[1].lower()}.{parts[2]}"] = file
    overrides = {} if "--raw" in sys.argv else json.loads((HERE / "overrides.json").read_text())
    lines = []
    for name in native_types():
        schema = json.loads((SCHEMAS / "resources" / f"{registered[name]}.json").read_text())
        body = Extractor(schema).run()
        override(name, body, overrides)
        lines.append(f"{name} {json.dumps(body, separators=(',', ':'), ensure_ascii=False)}\n")
    text = "".join(lines)
    if "--print" in sys.argv or "--raw" in sys.argv:
        sys.stdout.write(text)
    else:
        (HERE / "constraints.jsonl").write_text(text)


if __name__ == "__main__":
    main()
