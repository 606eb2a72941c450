"""Every example in a docstring gives what stands below it."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import spatial

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(spatial.__path__, "spatial.")
    if not module.name.endswith("__main__")
)


def examples() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = (test for name in MODULES for test in finder.find(importlib.import_module(name), name))
    return [test for test in found if test.examples]


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_an_example_gives_what_stands_below_it(example: doctest.DocTest) -> None:
    told: list[str] = []
    runner = doctest.DocTestRunner(verbose=False)
    assert runner.run(example, out=told.append).failed == 0, "".join(told)


def test_there_are_examples_of_the_public_functions() -> None:
    assert len(examples()) > 150
