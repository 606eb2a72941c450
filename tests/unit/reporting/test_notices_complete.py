"""Every note that a reader can write has a message: the sentences are taken from the code, so none can be forgotten."""

from __future__ import annotations

import ast
import itertools
from pathlib import Path

import pytest

import spatial
from spatial.messages import Words, languages
from spatial.reporting.wording import notice_text

PACKAGE = Path(spatial.__file__).parent
DETAIL = 2
"""Place of the sentence among the arguments of a Note."""
FINDING_DETAIL = 2
FINDINGS = {"datum_doubtful", "open_namesake"}
"""Kinds of findings whose sentences are said in every language."""
UNKNOWN = "7"
"""Stands for whatever a brace of a sentence holds."""


def calls(tree, name):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
            if called == name:
                yield node


class Sentences:
    """What the expressions of one module may say."""

    def __init__(self, tree):
        self.tree = tree
        self.home = {}
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                self.home |= dict.fromkeys(ast.walk(function), function)

    def of(self, node):
        """Every text that an expression may be, for each call of the function that it stands in."""
        function = self.home[node]
        own = [argument.arg for argument in function.args.args]
        used = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)} & set(own)
        given = [self.given(call, function, own) for call in calls(self.tree, function.name)] if used else []
        return set().union(*(self.say(node, values) for values in given or [{}]))

    def say(self, node, given):
        if isinstance(node, ast.Constant):
            return {str(node.value)}
        if isinstance(node, ast.JoinedStr):
            parts = [self.say(part, given) for part in node.values]
            return {"".join(chosen) for chosen in itertools.product(*parts)}
        if isinstance(node, ast.FormattedValue):
            return self.say(node.value, given)
        if isinstance(node, ast.IfExp):
            # An empty sentence comes with a count of 0, and such a note is left out.
            return (self.say(node.body, given) | self.say(node.orelse, given)) - {""}
        if isinstance(node, ast.Name):
            return given.get(node.id) or self.held(node.id, self.home[node], given) or {UNKNOWN}
        return {UNKNOWN}

    def held(self, name, function, given):
        """What is assigned to a name in its function, or looped over in a table written there."""
        found = set()
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and any(ast.unparse(target) == name for target in node.targets):
                found |= self.say(node.value, given)
            if isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple):
                names = [ast.unparse(item) for item in getattr(node.target, "elts", ())]
                if name in names:
                    rows = node.iter.elts
                    found |= set().union(*(self.say(row.elts[names.index(name)], given) for row in rows))
        return found

    def given(self, call, function, names):
        """What one call gives for each parameter."""
        own = names[1:] if names[0] == "self" else names
        defaults = dict(zip(reversed(own), reversed(function.args.defaults), strict=False))
        values = defaults | dict(zip(own, call.args, strict=False))
        values |= {item.arg: item.value for item in call.keywords}
        return {name: self.say(value, {}) for name, value in values.items()}


def sentences():
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if not any(word in text for word in ("Note(", *FINDINGS, "def notes(")):
            continue
        tree = ast.parse(text)
        said = Sentences(tree)
        where = path.relative_to(PACKAGE).as_posix()
        nodes = [
            *(call.args[DETAIL] for call in calls(tree, "Note") if not isinstance(call.args[0], ast.Starred)),
            *(
                call.args[FINDING_DETAIL]
                for call in calls(tree, "Finding")
                if said.say(call.args[0], {}) <= FINDINGS
            ),
            *(
                node.elt
                for function in ast.walk(tree)
                if isinstance(function, ast.FunctionDef) and function.name == "notes"
                for node in ast.walk(function)
                if isinstance(node, ast.GeneratorExp)
            ),
        ]
        for node in nodes:
            yield from ((where, text) for text in sorted(said.of(node)))


ALL = list(dict.fromkeys(sentences()))


def test_the_sentences_are_found_in_the_code():
    keys = Words("en").messages["notice"]
    assert len(ALL) >= len(keys)
    told = {text.partition(":")[0] for _, text in ALL}
    assert {
        "total rows left out",
        "KML entries without a place left out",
        "for members alone, counted for nobody",
    } <= told


@pytest.mark.parametrize(("where", "text"), ALL)
def test_each_sentence_of_a_reader_has_a_message(where, text):
    for language in languages():
        told = notice_text(text, Words(language))
        assert told is not None, f"{where} writes a note without a message: {text}"
        assert (told == text) == (language == "en")


@pytest.mark.parametrize("key", Words("en").messages["notice"])
def test_each_message_belongs_to_a_sentence_that_a_reader_writes(key):
    class Keys(Words):
        """Says the key of a notice instead of its text."""

        def say(self, section, key, **values):
            return f"<{key}>" if section == "notice" else super().say(section, key, **values)

    assert f"<{key}>" in {notice_text(text, Keys("fr")) for _, text in ALL}


def test_nothing_else_becomes_a_notice():
    """Notes, what grids notice, and one doubt: what else is to become a known issue must be looked for here, too."""
    writers = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "kind=NOTICED" in (text := path.read_text(encoding="utf-8")) or "notes.setdefault(" in text
    }
    assert writers == {"inputs/gather.py", "inputs/prepare.py"}
