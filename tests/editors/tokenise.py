"""Tokenises .plat files with the TextMate grammar, as an editor does, without an editor.

    tokenise.py GRAMMAR check SAMPLES     compares scopes with the `// ^^^ scope` lines of SAMPLES
    tokenise.py GRAMMAR whole FILE...     fails where something is invalid, or a bracket or string is open at the end
"""

import json
import re
import sys


class Grammar:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.root = json.load(file)
        self.compiled = {}

    def regex(self, text):
        if text not in self.compiled:
            self.compiled[text] = re.compile(text)
        return self.compiled[text]

    def rules(self, patterns):
        """The rules that patterns come to, with includes followed."""
        for rule in patterns:
            include = rule.get("include")
            if include == "$self":
                yield from self.rules(self.root["patterns"])
            elif include:
                target = self.root["repository"][include.removeprefix("#")]
                yield from self.rules([target] if "match" in target or "begin" in target else target["patterns"])
            else:
                yield rule

    def tokenise(self, lines):
        """Yields (line, start, end, scopes) for each piece; the stack of open rules is left in `self.stack`."""
        self.stack = [{"patterns": self.root["patterns"]}]
        for number, line in enumerate(lines):
            at = 0
            while True:
                scopes = [rule["name"] for rule in self.stack if "name" in rule]
                found = self.next(line, at)
                if not found:
                    if at < len(line):
                        yield number, at, len(line), scopes
                    break
                kind, rule, match = found
                if match.start() > at:
                    yield number, at, match.start(), scopes
                own = scopes + ([rule["name"]] if "name" in rule and kind != "end" else [])
                captures = rule.get({"match": "captures", "begin": "beginCaptures", "end": "endCaptures"}[kind], {})
                yield from self.pieces(number, match, own, captures)
                if kind == "begin":
                    self.stack.append(rule)
                elif kind == "end":
                    self.stack.pop()
                if match.end() == at and kind != "end":
                    raise SystemExit(f"a rule of the grammar matches nothing: {rule}")
                at = match.end()
                if at >= len(line) and not (len(self.stack) > 1 and self.regex(self.stack[-1]["end"]).match(line, at)):
                    break

    def next(self, line, at):
        """The match that starts first; of those that start together, an end, then the rule that is written first."""
        best = None
        if len(self.stack) > 1:
            match = self.regex(self.stack[-1]["end"]).search(line, at)
            best = match and ("end", self.stack[-1], match)
        for rule in self.rules(self.stack[-1]["patterns"]):
            kind = "match" if "match" in rule else "begin"
            match = self.regex(rule[kind]).search(line, at)
            if match and (best is None or match.start() < best[2].start()):
                best = (kind, rule, match)
        return best

    def pieces(self, number, match, scopes, captures):
        """The match cut where captures start and end."""
        if "0" in captures:
            scopes = scopes + [captures["0"]["name"]]
        at = match.start()
        for group in sorted((g for g in captures if g != "0" and match.group(int(g))), key=lambda g: match.start(int(g))):
            start, end = match.span(int(group))
            if start > at:
                yield number, at, start, scopes
            yield number, start, end, scopes + [captures[group]["name"]]
            at = end
        if at < match.end():
            yield number, at, match.end(), scopes


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def check(grammar, path):
    """The scopes of each line against the `// ^^^` lines below it."""
    lines, wanted = [], []
    for text in read(path):
        mark = re.match(r"\s*//\s*(\^+)\s+(\S+)\s*$", text)
        if mark:
            wanted.append((len(lines) - 1, mark.start(1), mark.end(1), mark.group(2)))
        else:
            lines.append(text)
    tokens = list(grammar.tokenise(lines))
    wrong = []
    for line, start, end, scope in wanted:
        if not lines[line][start:end].strip():
            wrong.append(f"{path}: nothing stands above `{scope}` in `{lines[line].strip()}`")
        for number, first, last, scopes in tokens:
            if number == line and first < end and last > start and lines[line][max(first, start):min(last, end)].strip():
                if not any(s == scope + ".plat" or s.startswith(scope + ".") for s in scopes):
                    wrong.append(f"{path}: `{lines[line][start:end]}` in `{lines[line].strip()}` is {scopes}, and should be {scope}")
    if not wanted:
        wrong.append(f"{path}: nothing to check")
    return wrong


def whole(grammar, path):
    wrong = []
    lines = read(path)
    for number, start, end, scopes in grammar.tokenise(lines):
        if any(scope.startswith("invalid") for scope in scopes):
            wrong.append(f"{path}:{number + 1}: `{lines[number][start:end]}` is invalid")
    if len(grammar.stack) > 1:
        wrong.append(f"{path}: `{grammar.stack[-1]['begin']}` is still open at the end")
    return wrong


def main():
    grammar = Grammar(sys.argv[1])
    look = {"check": check, "whole": whole}[sys.argv[2]]
    wrong = [problem for path in sys.argv[3:] for problem in look(grammar, path)]
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


main()
