"""Every note in the code names a message and fills its braces, and every message is of a note."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import spatial
from spatial.messages import Words

PACKAGE = Path(spatial.__file__).parent
NOTICES = Words("en").messages["notice"]
CALLS = {"Note": 0, "note": 0, "_note": 3, "_offer": 3, "notice": 0}
"""Place of the key among the arguments of what writes a notice."""


@functools.cache
def keys_of_the_code():
    return tuple(_keys())


def _keys():
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if any(f"{name}(" in text for name in CALLS) else ():
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
            at = CALLS.get(name)
            key = node.args[at] if at is not None and len(node.args) > at else None
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield path.relative_to(PACKAGE).as_posix(), key.value, node


def keys_noted_on_the_way(file="formats/workbook.py"):
    """Find the keys under which a reader gathers what its notes are about."""
    for node in ast.walk(ast.parse((PACKAGE / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.AugAssign | ast.AnnAssign | ast.Assign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(getattr(target, "id", None) == "noted" for target in targets) and isinstance(node.value, ast.Dict):
                yield from (key.value for key in node.value.keys if isinstance(key, ast.Constant))


@functools.cache
def texts_of_the_code():
    """Find the texts of the package that may be keys, and how those begin that are put together."""
    nodes = [node for path in PACKAGE.rglob("*.py") for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    first = [node.values[0] for node in nodes if isinstance(node, ast.JoinedStr) and node.values]
    begun = {node.value for node in first if isinstance(node, ast.Constant) and re.fullmatch("[a-z_]+_", node.value)}
    return texts, tuple(begun)


def test_every_note_has_a_message_and_every_message_a_note():
    on_the_way = set(keys_noted_on_the_way())
    assert on_the_way <= set(NOTICES)
    singular = {key for key in NOTICES if key.endswith("_one") and key.removesuffix("_one") in NOTICES}
    written, begun = texts_of_the_code()
    assert {key for key in set(NOTICES) - singular - written if not key.startswith(begun)} == set()
    named = {key for _, key, node in keys_of_the_code() if getattr(node.func, "id", None) == "Note"}
    assert named <= set(NOTICES)


def test_values_that_are_written_out_fill_the_braces_of_the_message():
    checked = 0
    for where, key, node in keys_of_the_code():
        if getattr(node.func, "id", None) != "Note" or not isinstance(node.args[2], ast.Dict):
            continue
        given = {item.value for item in node.args[2].keys if item is not None}
        if None not in node.args[2].keys:
            assert given == set(re.findall(r"{(\w+)}", NOTICES[key])), where
            checked += 1
    assert checked >= 10
