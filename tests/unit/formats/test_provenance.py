"""Descriptions of raw files: found, checked against the files, and refused where they are faulty."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from spatial.errors import SourceError
from spatial.formats.files import (
    KnownIssue,
    declared_paths,
    describe,
    file_sha256,
    read_provenance,
    refuse_unknown_data,
)
from spatial.study import Study

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"people"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def _raw(root: Path, path: str = "island/maps/p.tif") -> str:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(CONTENT)
    return path


def _describe(folder: Path, path: str, **values: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f'{key} = "{value}"' for key, value in {"path": path, **values}.items()]
    (folder / "source.toml").write_text("[[file]]\n" + "\n".join(lines) + "\n", encoding="utf-8")


def test_description_above_the_file_is_found_and_checked(tmp_path: Path) -> None:
    path = _raw(tmp_path)
    _describe(tmp_path / "island", "maps/p.tif", licence="CC-BY-4.0", sha256=DIGEST, issue="islands interchanged")
    (record,) = read_provenance(tmp_path, [path, path])
    assert (record.path, record.licence, record.issue) == (path, "CC-BY-4.0", "islands interchanged")
    assert record.origin == "unknown"
    assert record.is_described


def test_nearest_description_that_lists_the_file_counts(tmp_path: Path) -> None:
    path = _raw(tmp_path)
    _describe(tmp_path / "island", "maps/p.tif", origin="far")
    _describe(tmp_path / "island/maps", "other.tif", origin="another file")
    assert read_provenance(tmp_path, [path])[0].origin == "far"
    _describe(tmp_path / "island/maps", "p.tif", origin="near")
    assert read_provenance(tmp_path, [path])[0].origin == "near"


def test_project_describes_what_the_raw_root_does_not(tmp_path: Path) -> None:
    path = _raw(tmp_path / "raw")
    _describe(tmp_path / "project/island", "maps/p.tif", origin="project")
    (record,) = read_provenance(tmp_path / "raw", [path], project_raw=tmp_path / "project")
    assert record.origin == "project"


def test_undescribed_file_is_unknown_but_for_its_checksum(tmp_path: Path) -> None:
    (record,) = read_provenance(tmp_path, [_raw(tmp_path)], project_raw=tmp_path / "none")
    assert not record.is_described
    assert (record.licence, record.sha256) == ("unknown", DIGEST)


def test_wrong_checksum_is_refused_with_both_numbers(tmp_path: Path) -> None:
    path = _raw(tmp_path)
    _describe(tmp_path / "island/maps", "p.tif", sha256="0" * 64)
    with pytest.raises(SourceError, match=rf"p\.tif: its sha256 is {DIGEST[:12]}\.\.\., .*says 0{{12}}"):
        read_provenance(tmp_path, [path])


def test_missing_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.tif: not found; .*spatial fetch"):
        read_provenance(tmp_path, ["none.tif"])
    assert describe(tmp_path, "none.tif", project_raw=tmp_path) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[file]\n", "cannot be read as TOML"),
        ("title = 'x'\n", "describes no file"),
        ("[[file]]\npath = 'p.tif'\nlicense = 'x'\n", r"file 1 \(p.tif\): unknown key license"),
        ("file = [{path = 'p.tif'}, 'q.tif']\n", "describes no file; write one"),
        ("[[file]]\norigin = 'x'\n", r"file 1 \(no path\): path is missing"),
        ("[[file]]\npath = 'p.tif'\nsha256 = 'abc'\n", "sha256 must be 64"),
        ("[[file]]\npath = 'p.tif'\nvintage = 2020\n", "vintage must be text"),
    ],
)
def test_faulty_description_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = _raw(tmp_path, "p.tif")
    (tmp_path / "source.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=message):
        read_provenance(tmp_path, [path])


def test_paths_of_a_study_are_listed_by_their_keys() -> None:
    study = Study.from_dict(
        {
            "name": "x",
            "title": {"en": "X"},
            "as_of": "2026-01-01",
            "sources": {
                "osm": {"path": "x.osm.pbf"},
                "facilities": [{"path": "a.csv"}, {"path": "b.csv"}],
                "elevation": {"paths": ["1.tif", "2.tif"]},
            },
        }
    )
    assert declared_paths(study) == {
        "sources.osm.path": ("x.osm.pbf",),
        "sources.facilities.0.path": ("a.csv",),
        "sources.facilities.1.path": ("b.csv",),
        "sources.elevation.paths": ("1.tif", "2.tif"),
    }


@pytest.mark.data
def test_every_described_file_of_comoros_is_the_one_described(comoros: Path) -> None:
    path = "comoros/population.tif"
    (record,) = read_provenance(comoros.parent, [path])
    assert record.sha256 == file_sha256(comoros / "population.tif")
    assert "Nzwani" in record.issue


def _with_issue(root: Path, issue: str) -> None:
    (root / "source.toml").write_text(f'[[file]]\npath = "p.tif"\n{issue}\n', encoding="utf-8")


@pytest.mark.parametrize(
    ("written", "text", "issues"),
    [
        ('issue = "Old."', "Old.", (KnownIssue("Old.", kind="plain_text"),)),
        ('issue = ""', "", ()),
        (
            'issue = { text = "Short.", affects = ["population", "bank"], forbids = "ranking", areas = "Alba" }',
            "Short.",
            (KnownIssue("Short.", ("population", "bank"), ("ranking",), ("Alba",)),),
        ),
        (
            'issue = ["Old.", { text = "Short." }]',
            "Old.; Short.",
            (KnownIssue("Old.", kind="plain_text"), KnownIssue("Short.")),
        ),
        (
            '[[file.issue]]\ntext = "Short."\n[[file.issue]]\ntext = "Late."',
            "Short.; Late.",
            (KnownIssue("Short."), KnownIssue("Late.")),
        ),
    ],
)
def test_an_issue_is_text_or_a_table_or_a_list_of_both(tmp_path, written, text, issues):
    _raw(tmp_path, "p.tif")
    _with_issue(tmp_path, written)
    (record,) = read_provenance(tmp_path, ["p.tif"])
    assert (record.issue, record.issues) == (text, issues)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("issue = 3", "must be text, a table"),
        ("issue = { forbids = ['ranking'] }", "text is missing"),
        ("issue = { text = 'x', forbid = 'ranking' }", "unknown key forbid"),
        ("issue = { text = 'x', forbids = 'use' }", "it can forbid comparison or ranking"),
        ("issue = { text = 'x', areas = ['Alba'] }", "nothing is forbidden"),
        ("issue = { text = 'x', forbids = 'ranking', areas = [3] }", "areas must be a text or a list"),
        ("issue = { text = 'x', affects = 'a;b' }", "none with a semicolon"),
    ],
)
def test_a_faulty_issue_is_refused_with_its_file(tmp_path, written, said):
    _raw(tmp_path, "p.tif")
    _with_issue(tmp_path, written)
    with pytest.raises(SourceError, match=rf"p\.tif\): issue.*{said}"):
        read_provenance(tmp_path, ["p.tif"])


def test_what_an_issue_affects_is_a_kind_of_data_or_a_service():
    issues = {"p.tif": [KnownIssue("x", affects=("population", "bank", "banks"))]}
    with pytest.raises(SourceError, match=r"p\.tif: issue affects banks: neither"):
        refuse_unknown_data(issues, ["bank"])
    refuse_unknown_data({"p.tif": [KnownIssue("x", affects=("bank",))]}, ["bank"])
