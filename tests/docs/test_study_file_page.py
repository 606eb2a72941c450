"""The page on the study file: every key and every example on it is one that a study takes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from spatial.study import RoadSource, Study, TableSource

PAGE = (Path(__file__).parents[2] / "docs" / "study-file.md").read_text(encoding="utf-8")
SECTION = PAGE.split("## Files of your own")[1].split("\n## ")[0]
ROWS = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (`.+?`(?:, `.+?`)*) \|", SECTION, flags=re.MULTILINE)
WHOLE = {
    "easting": {"crs": "EPSG:4545"},
    "shift": {"crs": "EPSG:2381", "rotation": "coordinate_frame"},
    "rotation": {"crs": "EPSG:2381", "shift": [-15.3, 120.4, 48.1, 0.6, -0.9, 1.8, -1.5]},
}
"""What some keys need beside them."""


def test_the_page_tells_every_key_of_reading_once() -> None:
    told = [key for keys, _ in ROWS for key in re.findall(r"\w+", keys)]
    assert len(told) == len(set(told))
    wanted = "sheet header_row total_words encoding values_file easting northing shift rotation local_grid coordinates"
    assert {*wanted.split(), "noding", "tolerance_m", "narrow_m"} <= set(told)


@pytest.mark.parametrize(("keys", "examples"), ROWS)
def test_every_example_of_a_key_is_taken(keys: str, examples: str) -> None:
    said = tomllib.loads("\n".join(re.findall(r"`(.+?)`", examples)))
    names = re.findall(r"\w+", keys)
    assert sorted(said) == sorted(names)
    table = {"path": "own.csv", **WHOLE.get(names[0], {}), **said}
    source = RoadSource.model_validate(table)
    plain = TableSource.model_fields | RoadSource.model_fields
    assert set(names) <= set(plain)
    assert all(getattr(source, name) is not None for name in names)


def test_the_blocks_of_the_page_make_a_study() -> None:
    blocks = re.findall(r"```toml\n(.+?)```", PAGE, flags=re.DOTALL)
    assert len(blocks) >= 3
    merged: dict[str, object] = {"name": "county", "title": {"en": "County"}, "as_of": "2026-01-01"}
    for block in blocks:
        merged |= tomllib.loads(block)
    sources = {"osm": {"path": "county.osm.pbf"}, **dict(merged.pop("sources", {}))}  # type: ignore[call-overload]
    study = Study.from_dict({**merged, "sources": sources})
    assert study.sources.settlements is not None
    assert study.sources.settlements.header_row == 3
    assert study.placing.decisions == "my-county/decided.csv"
