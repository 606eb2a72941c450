"""A study whose every name is an attack: what it writes runs nothing, parses, and no sign of it is obeyed."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from pathlib import Path

RUNS = re.compile("[\\s\u00a0\u200b\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20]")
"""What a spreadsheet may run at the begin of a cell."""
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal obeys: control and direction signs, halves of pairs."""
ATTACKS = (
    '=HYPERLINK("http://x","a")',
    "\uff1d1+1",
    " \u00a0=1+1",
    "a;=1+1",
    "a\t=1+1",
    "a|@SUM(1)",
    "+1",
    "-1+1",
    "@SUM(1)",
    "\x1b[31mred\x07",
    "\u202eevil\u2066",
    "[% @project_path %]",
    "]]>&<b>\"'{0}%s",
    "\x01\ufffe\x0b",
    "<script>alert(1)</script>",
    "'; DROP TABLE x; --",
    "a\r\n=1+1",
)
MARK = "[% @project_path %]"


def attack(number: int) -> str:
    """A name that begins with one attack and holds a few others, as a file can hold it."""
    return f"{ATTACKS[number % len(ATTACKS)]} {number} \x1b[2J\u202e {MARK} ]]><script>alert(1)</script>"


class Written(NamedTuple):
    """What a hostile study wrote and said."""

    folder: Path
    said: list[str]


@pytest.fixture(scope="module")
def hostile(tiny_at, tmp_path_factory, command) -> Written:
    """Run a study of attacks, and hand it to others."""
    folder = tmp_path_factory.mktemp("hostile")
    tiny = tiny_at(folder)
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["code", "name", "level", "lon", "lat", "people", attack(3)])
    for at, (code, _, tier, column, row, people) in enumerate(tiny.places):
        rows.writerow([code, attack(at), tier, *tiny.at(column, row).split(","), people, attack(at + 5)])
    tiny.write("settlements.csv", out.getvalue())
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["code", "kind", "name", "lon", "lat", "operator"])
    for at, (code, kind, _, column, row) in enumerate(tiny.facilities):
        rows.writerow([code, kind, attack(at + 8), *tiny.at(column, row).split(","), attack(at)])
    tiny.write("facilities.csv", out.getvalue())
    units = json.loads(tiny.townships())
    for at, feature in enumerate(units["features"]):
        feature["properties"]["name"] = attack(at + 12)
    tiny.write("townships.geojson", json.dumps(units))
    told = {"path": "settlements.csv", "origin": attack(0), "licence": attack(4), "vintage": attack(7)}
    told["issue"] = attack(6)
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in told.items())
    tiny.write("source.toml", f"[[file]]\n{text}")
    tables = tiny.tables
    tables["title"] = {"en": attack(0), "zh": attack(9), "fr": attack(11)}
    tables["note"] = {"en": attack(13), "zh": attack(10)}
    tables["sources.settlements"]["keep_columns"] = [attack(3)]
    tables["outputs"] = {"languages": ["en", "zh", "fr"]}
    tables["sharing"] = {"publisher": attack(1), "contact": attack(2)}
    tables["qgis"] = {"project": "full"}
    tables["official.people"] = {"value": 300, "source": attack(5)}
    tables["norms"] = {"only": ["X1"]}
    quoted = {f"a{number}": json.dumps(attack(number)) for number in range(len(ATTACKS))}
    adds = """
[[norms.add]]
id = "X1"
service = "primary_school"
threshold = 3
norm_class = "mandatory"
instrument = "rule"
on = 2026-01-01
source = {a0}
why = {a14}
by = {a12}
[[scenarios]]
name = "new"
title = {{ en = {a0} }}
[[scenarios.open]]
service = "primary_school"
lon = 104.0
lat = 30.02
name = {a12}
""".format(**quoted)
    tiny.save()
    tiny.file.write_text(tiny.file.read_text(encoding="utf-8") + adds, encoding="utf-8")
    file, folders = tiny.file, tiny.folders()
    run = [*map(str, folders[:4])]
    said = []
    for arguments in (
        ("check", file, *run[:2], "-v"),
        ("run", file, *folders, "-v"),
        ("plan", file, *folders, "--write", folder / "plans.toml", "--actions", folder / "actions.csv", "-v"),
        ("explain", file, attack(2), *run, "-v"),
        ("explain", file, "s3", *run, "--language", "zh"),
        ("try", file, "--close", attack(9), *run),
        ("status", file, *folders),
        ("share", "check", file, *run),
        ("share", "package", file, *run, "--out", folder / "shared"),
        ("share", "package", file, *run, "--out", folder / "public", "--audience", "public"),
        ("inspect", tiny.path("settlements.csv"), "-v"),
        ("add", "people", file, tiny.path("settlements.csv"), *run[:2]),
    ):
        outcome = command(*arguments)
        assert outcome.code in {0, 2, 3}, (arguments, outcome)
        said += [outcome.out, outcome.err]
    return Written(folder, said)


def files(hostile: Written, ending: str) -> list[Path]:
    """Files that the study wrote, by their ending; not those that it read."""
    found = [path for path in hostile.folder.rglob(f"*{ending}") if "raw" not in path.relative_to(hostile.folder).parts]
    assert found, ending
    return found


def test_no_cell_of_any_csv_is_run_whatever_separates_cells_where_it_is_opened(hostile):
    runs = []
    for path in files(hostile, ".csv"):
        for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")):
            for cell in row:
                # Where ; separates lists a comma does not, and quotes within a cell do not hold it together.
                is_number = re.fullmatch(r"[+-]?[\d.]+(e[+-]?\d+)?", cell) is not None
                parts = [] if is_number else re.split(r"[;\t|\r\n]", cell)
                runs += [(path.name, cell) for part in parts if RUNS.match(part)]
    assert runs == []


def test_no_cell_of_any_workbook_is_a_formula_and_all_of_it_is_xml(hostile):
    for path in files(hostile, ".xlsx"):
        with zipfile.ZipFile(path) as book:
            for name in book.namelist():
                if name.endswith((".xml", ".rels")):
                    root = ET.fromstring(book.read(name))  # noqa: S314 - of our own making
                    assert not [item for item in root.iter() if item.tag.endswith("}f")]


def xml_of(hostile: Written):
    """Every piece of XML that the study wrote, with where it stands."""
    for path in files(hostile, ".qgz"):
        with zipfile.ZipFile(path) as project:
            yield from ((f"{path.name}/{name}", project.read(name)) for name in project.namelist())
    yield from ((path.name, path.read_bytes()) for path in files(hostile, ".xml"))
    for path in files(hostile, ".gpkg"):
        with closing(sqlite3.connect(path)) as file:
            tables = {name for (name,) in file.execute("SELECT name FROM sqlite_master")}
            told = [
                text
                for table, query in (
                    ("layer_styles", "SELECT styleQML, styleSLD FROM layer_styles"),
                    ("gpkg_metadata", "SELECT metadata FROM gpkg_metadata"),
                )
                if table in tables
                for texts in file.execute(query)
                for text in texts
            ]
        yield from ((path.name, text.encode()) for text in told if text.startswith("<"))


def test_projects_looks_and_records_are_xml_and_no_expression_of_a_name_is_read(hostile):
    read = 0
    for where, text in xml_of(hostile):
        try:
            root = ET.fromstring(text)  # noqa: S314 - of our own making
        except ET.ParseError as error:
            raise AssertionError(where) from error
        held = [text for item in root.iter() for text in (item.text or "", *item.attrib.values())]
        assert not where.endswith(".qgs") or not [text for text in held if MARK in text], where
        read += 1
    assert read > 10


def test_pages_hold_no_markup_of_a_name(hostile):
    for path in files(hostile, ".html"):
        assert "<script>alert" not in path.read_text(encoding="utf-8"), path


def test_json_is_json_for_every_reader(hostile):
    def refuse(word: str) -> None:
        raise AssertionError(word)

    for ending in (".json", ".geojson"):
        for path in [found for found in hostile.folder.rglob(f"*{ending}") if "raw" not in found.parts]:
            json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def test_no_sign_of_a_name_is_obeyed_by_the_terminal(hostile):
    for said in hostile.said:
        found = OBEYED.search(said)
        assert found is None, said[max(found.start() - 200, 0) : found.start() + 50] if found else ""
        assert "Exception ignored" not in said
