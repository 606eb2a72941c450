"""The page of plans, with its examples."""

import doctest
from pathlib import Path


def test_the_page_of_plans_says_what_is_so():
    page = Path(__file__).parents[3] / "docs" / "planning.md"
    found = doctest.testfile(str(page), module_relative=False)
    assert found.attempted > 10
    assert found.failed == 0
