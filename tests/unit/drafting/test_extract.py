"""An OpenStreetMap extract and nothing else: the study that is written beside the user, and what its run answers."""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from typing import TYPE_CHECKING

import geopandas as gpd
import pytest
import shapely
from click.testing import CliRunner

from spatial.cli import cli
from spatial.drafting.from_folder import draft_extract
from spatial.inputs.inspection.inspecting import countries_of, unit_setting

if TYPE_CHECKING:
    from pathlib import Path

STEP = 0.02
"""Degrees from place to place, about 2 km."""


def write_extract(path: Path, *, country: str = "KM") -> Path:
    """Write two townships of three villages on one road, a hospital in the first and a border of a country."""
    lines = ['<?xml version="1.0"?>', '<osm version="0.6">']
    lines += [
        f'<node id="{n}" lat="0.001" lon="{n * STEP:.3f}"><tag k="place" v="village"/>'
        f'<tag k="name" v="Village {n}"/></node>'
        for n in range(1, 7)
    ]
    lines += [f'<node id="{10 + n}" lat="0" lon="{n * STEP:.3f}"/>' for n in range(1, 7)]
    lines.append(
        f'<node id="30" lat="0" lon="{STEP:.3f}"><tag k="amenity" v="hospital"/><tag k="name" v="Clinic"/></node>'
    )
    nodes = "".join(f'<nd ref="{10 + n}"/>' for n in range(1, 7))
    lines.append(f'<way id="1">{nodes}<tag k="highway" v="secondary"/></way>')
    for number, (west, east) in enumerate([(0.5, 3.5), (3.5, 6.5)]):
        base = 100 + 10 * number
        corners = [(west, -1), (east, -1), (east, 1), (west, 1)]
        lines[2:2] = [f'<node id="{base + k}" lat="{y * STEP}" lon="{x * STEP}"/>' for k, (x, y) in enumerate(corners)]
        ring = "".join(f'<nd ref="{base + k}"/>' for k in (0, 1, 2, 3, 0))
        tags = '<tag k="boundary" v="administrative"/><tag k="admin_level" v="8"/>'
        lines.append(f'<way id="{2 + number}">{ring}{tags}<tag k="name" v="Township {number}"/></way>')
    lines.append(
        '<relation id="1"><member type="way" ref="999" role="outer"/><tag k="boundary" v="administrative"/>'
        f'<tag k="admin_level" v="2"/><tag k="ISO3166-1" v="{country}"/></relation>'
    )
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
    return path


def _run(*arguments: object) -> tuple[int, str]:
    outcome = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert outcome.exception is None or isinstance(outcome.exception, SystemExit), outcome.exception
    return outcome.exit_code, outcome.output


def test_an_extract_alone_is_run_and_answers_in_minutes(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    extract = write_extract(tmp_path / "elsewhere" / "Three Isles.osm")
    monkeypatch.chdir(tmp_path)
    code, told = _run("run", extract, "--until", "gaps")
    assert code == 0, told
    written = tmp_path / "Three Isles.toml"
    study = tomllib.loads(written.read_text(encoding="utf-8"))
    assert study["jurisdictions"] == ["KM"]
    assert study["region"]["unit_levels"] == [8]
    assert study["sources"]["osm"] == {"path": "Three Isles.osm"}
    assert (study["name"], study["title"]) == ("three-isles", {"en": "Three isles"})
    assert "Hospital (1 mapped): half of the 6 places within" in told
    assert "farthest Village 6" in told
    summary = json.loads((tmp_path / "data" / "processed" / "three-isles" / "summary.json").read_text("utf-8"))
    assert not summary["answer"]["findings"]
    # What is there is run as it is, and says how.
    written.write_text(written.read_text("utf-8").replace("Three isles", "My isles"), encoding="utf-8")
    code, told = _run("run", extract, "--until", "read")
    assert code == 0
    assert "My isles" in written.read_text("utf-8")


def test_a_study_that_reads_another_file_is_never_overwritten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    extract = write_extract(tmp_path / "land.osm")
    own = 'name = "land"\ntitle = { en = "Land" }\nas_of = 2026-01-01\n[sources.osm]\npath = "other.osm"\n'
    (tmp_path / "land.toml").write_text(own, encoding="utf-8")
    error = CliRunner().invoke(cli, ["run", str(extract)]).exception
    assert (error.exit_code, (tmp_path / "land.toml").read_text("utf-8")) == (2, own)
    assert "is there already and reads another file" in str(error)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("countries", "line"), [(["KM"], "jurisdictions = "), (["FR", "KM"], "# jurisdictions = ")])
def test_two_countries_are_for_the_user_to_decide(tmp_path, countries, line):
    extract = write_extract(tmp_path / "land.osm")
    if len(countries) > 1:
        text = extract.read_text("utf-8").replace(
            "</osm>",
            '<relation id="2"><member type="way" ref="998" role="outer"/><tag k="boundary" v="administrative"/>'
            '<tag k="admin_level" v="4"/><tag k="ISO3166-2" v="FR-YT"/></relation></osm>',
        )
        extract.write_text(text, encoding="utf-8")
    assert countries_of(extract) == set(countries)
    target = tmp_path / "study.toml"
    _run("init", target, "--from", tmp_path)
    assert line + json.dumps(countries) in target.read_text("utf-8")


@pytest.mark.parametrize(
    ("east", "north", "line"),
    [
        (
            -1.6,
            47.2,
            '# GUESSED: whose norms bind, the most specific first: the places lie there\njurisdictions = ["FR"]',
        ),
        (7.5, 47.6, '# jurisdictions = ["FR", "CH", "DE"]'),
        (-30.0, 0.0, '# jurisdictions = ["..."]'),
    ],
)
def test_an_extract_without_codes_lies_where_its_roads_are_and_near_a_border_nobody_chooses(
    tmp_path, east, north, line
):
    extract = write_extract(tmp_path / "land.osm", country="")
    text = re.sub(r'lat="(\S+)" lon="(\S+)"', lambda at: _moved(at, east, north), extract.read_text("utf-8"))
    extract.write_text(text, encoding="utf-8")
    study = tmp_path / "study.toml"
    draft_extract(extract, study)
    assert line in study.read_text("utf-8")
    assert ("# DECIDE: whose norms bind" in study.read_text("utf-8")) == ("CH" in line)
    assert "speeds" not in study.read_text("utf-8")


def _moved(at: re.Match[str], east: float, north: float) -> str:
    return f'lat="{float(at[1]) + north:.4f}" lon="{float(at[2]) + east:.4f}"'


def test_townships_are_the_finest_level_of_which_several_places_lie_in_each():
    places = gpd.GeoDataFrame(geometry=gpd.points_from_xy(range(8), [0.5] * 8), crs="EPSG:4326")

    def areas(level: int, width: int, count: int) -> list[dict[str, object]]:
        boxes = [shapely.box(n * width - 0.5, 0, (n + 1) * width - 0.5, 1) for n in range(count)]
        return [{"boundary_id": f"{level}/{n}", "admin_level": level, "geometry": box} for n, box in enumerate(boxes)]

    def level_of(*rows: list[dict[str, object]]) -> list[int] | None:
        found = unit_setting(places, gpd.GeoDataFrame([*itertools.chain(*rows)], crs="EPSG:4326"))
        return None if found is None else found.value

    whole, quarters, single = areas(4, 8, 1), areas(6, 2, 4), areas(10, 1, 8)
    assert level_of(whole, quarters, single) == [6]
    assert level_of(areas(5, 4, 2), quarters) == [6]
    assert level_of(whole, single) == [10]
    assert level_of(whole) is None
    assert level_of(quarters[:3]) is None  # a quarter of the places lies in none


def test_a_name_that_stands_in_another_tag_is_said_with_the_line_that_reads_it(tmp_path):
    extract = write_extract(tmp_path / "isles.osm")
    text = extract.read_text(encoding="utf-8")
    for number, key in ((1, "int_name"), (2, "name:en"), (3, "int_name")):
        text = text.replace(f'<tag k="name" v="Village {number}"/>', f'<tag k="{key}" v="Other {number}"/>')
    extract.write_text(text, encoding="utf-8")
    study = tmp_path / "isles.toml"
    head = 'name = "isles"\ntitle = { en = "Isles" }\nas_of = 2026-01-01\n[region]\nunit_levels = [8]\n'
    study.write_text(f'{head}[sources.osm]\npath = "isles.osm"\n', encoding="utf-8")
    _, told = _run("check", study, "--raw", tmp_path, "-v")
    line = 'name_tags = ["int_name", "name:en"]'
    assert (
        f"settlements without a name: 3 of 6; other tags name them (int_name 2, name:en 1): [sources.osm] {line}"
        in told
    )
    study.write_text(f'{head}[sources.osm]\npath = "isles.osm"\n{line}\n', encoding="utf-8")
    assert "settlements without a name" not in _run("check", study, "--raw", tmp_path, "-v")[1].replace(
        "without a name 3", ""
    )
