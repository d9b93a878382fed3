"""Holds language-configuration.json to programs that are formatted, as an editor applies it line by line.

    configuration.py CONFIGURATION FILE...    fails where its rules indent, comment or select otherwise than the programs are written
"""

import json
import re
import sys

CONTINUED = re.compile(r"^\s*(&&|\|\||\?\?|==|!=|\+|-|\*|/(?!/)|\?\.|\.|=>|\||if\b|for\b|//)")
OPEN_END = re.compile(r"(=|=>|,|&&|\|\||\?\?|\+)\s*(//.*)?$")


def indentation(configuration, path):
    """Each line is as far in as the rules put it behind the one before. What goes on with an expression is the formatter's business."""
    rules = configuration["indentationRules"]
    more, less = (re.compile(rules[name]) for name in ("increaseIndentPattern", "decreaseIndentPattern"))
    wrong, held, held_goes_on, in_block, compared = [], "", False, False, 0
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    for number, line in enumerate(lines):
        if in_block or line.count('"""') == 1:
            in_block ^= line.count('"""') % 2 == 1
            held = line
            continue
        if not line.strip():
            continue
        inside, before = (len(text) - len(text.lstrip(" ")) for text in (line, held))
        expected = before + 2 * bool(more.search(held)) - 2 * bool(less.search(line))
        goes_on = bool(CONTINUED.match(line) or OPEN_END.search(held))
        if not (goes_on or held_goes_on):
            compared += 1
            if inside != expected:
                wrong.append(f"{path}:{number + 1}: `{line.strip()}` is {inside} in, and the rules put it {expected} in")
        held, held_goes_on = line, goes_on
    if not compared:
        wrong.append(f"{path}: nothing to compare")
    return wrong


def words(configuration):
    """What a double click selects."""
    pattern = re.compile(configuration["wordPattern"])
    samples = [
        ("cidr_block = 10.0.0.0/16", ["cidr_block", "10.0.0.0/16"]),
        ("@after = [audit, key]", ["@after", "audit", "key"]),
        ("backup = 30d + 1h30m", ["backup", "30d", "1h30m"]),
        ("size: 1..=1_000", ["size", "1", "1_000"]),
    ]
    return [f"`{text}` has the words {found}" for text, wanted in samples if (found := pattern.findall(text)) != wanted]


def entering(configuration):
    """What stands at the beginning of the next line."""

    def next_line(before, after):
        for rule in configuration["onEnterRules"]:
            if re.search(rule["beforeText"], before) and re.search(rule.get("afterText", ""), after):
                return rule["action"]["appendText"]
        return ""

    samples = [
        ("  /// About it.", "", "/// "),
        ("  // a thought", "", ""),
        ("  // a thought", " that goes on", "// "),
        ("a = 1", "", ""),
        ("//// a line", "", ""),
    ]
    return [f"behind `{before}` stands `{found}`" for before, after, wanted in samples if (found := next_line(before, after)) != wanted]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        configuration = json.load(file)
    wrong = words(configuration) + entering(configuration)
    for path in sys.argv[2:]:
        wrong += indentation(configuration, path)
    pairs = [tuple(pair) for pair in configuration["brackets"]]
    closing = [(pair["open"], pair["close"]) for pair in configuration["autoClosingPairs"]]
    wrong += [f"`{pair[0]}` is not closed by itself" for pair in pairs if pair not in closing]
    if configuration["comments"] != {"lineComment": "//"}:
        wrong.append("comments are lines that begin with `//`")
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


main()
