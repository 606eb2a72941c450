"""Every example in a docstring gives what stands below it."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
from pathlib import Path

import pytest

import spatial

ROOT = Path(spatial.__file__).parent
# Found by their text: to import all modules and look through them takes seconds, in each worker.
FILES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
    if re.search(r"^\s*>>> [^#]", path.read_text(encoding="utf-8"), re.MULTILINE)
}


@pytest.mark.parametrize("name", FILES)
def test_the_examples_of_a_module_give_what_stands_below_them(name: str) -> None:
    finder, told = doctest.DocTestFinder(exclude_empty=True), []
    runner = doctest.DocTestRunner(verbose=False)
    tests = [test for test in finder.find(importlib.import_module(name), name) if test.examples]
    assert tests
    for test in tests:
        runner.run(test, out=told.append)
    assert told == [], "".join(told)


def test_there_are_examples_of_the_public_functions() -> None:
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef)
    trees = [ast.walk(ast.parse(path.read_text(encoding="utf-8"))) for path in FILES.values()]
    texts = [ast.get_docstring(node) for tree in trees for node in tree if isinstance(node, holders)]
    assert sum(">>> " in (text or "") for text in texts) > 125
