"""Scripts on pages of the guide print what stands below them."""

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
COUNTY = "write_sample_county"


def told_and_printed(page: str, names: dict[str, Any]) -> list[tuple[str, str]]:
    """Pair what a page shows below each script with what the script prints; of the county where names hold one."""
    pairs, printed = [], ""
    for kind, body in re.findall(r"```(python|text)\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL):
        if kind == "text":
            pairs += [(body, printed)] if printed else []
            printed = ""
        elif not re.search(rf"{COUNTY}|\bresults\.", body) or "results" in names:
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(body, names)  # noqa: S102 - examples of our own
            printed = out.getvalue()
    return pairs


def same(pairs):
    lines = [[[line.rstrip() for line in text.strip("\n").split("\n")] for text in pair] for pair in pairs]
    return [told for told, _ in lines], [printed for _, printed in lines]


@pytest.mark.parametrize(("page", "scripts"), [("scenarios.md", 1), ("uncertainty.md", 3)])
def test_small_scripts_print_what_stands_below_them(page, scripts):
    told, printed = same(told_and_printed(page, {}))
    assert len(told) == scripts
    assert printed == told


@pytest.mark.trial
def test_scripts_on_the_county_print_what_stands_below_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"results": None}
    told, printed = same(
        [pair for page in ("scenarios.md", "uncertainty.md") for pair in told_and_printed(page, names)]
    )
    assert len(told) == 8
    assert printed == told
