"""Links in the folders of a study: a user's own folder may be read through one, and nothing is written through any."""

from __future__ import annotations

import pytest

from spatial.errors import StoreError
from spatial.store import Artifact, Store, replace, replace_files
from spatial.study import PlannedStudy, Study


def test_a_link_that_stands_where_an_output_belongs_is_replaced_and_not_followed(tmp_path):
    own = tmp_path / "own.txt"
    own.write_bytes(b"mine")
    folder = tmp_path / "processed"
    folder.mkdir()
    for name in ("a.json", "b.json"):
        (folder / name).symlink_to(own)
    (folder / "hard.json").hardlink_to(own)
    Store(folder).write_json("a.json", {})
    Store(folder).write_file(Artifact("hard.json", b"new"))
    with replace(folder / "b.json") as temporary:
        temporary.write_bytes(b"new")
    assert own.read_bytes() == b"mine"
    assert not (folder / "a.json").is_symlink()
    assert (folder / "b.json").read_bytes() == b"new"


def test_a_link_among_files_that_are_replaced_together_is_not_followed(tmp_path):
    own = tmp_path / "own.txt"
    own.write_bytes(b"mine")
    folder = tmp_path / "compared"
    folder.mkdir()
    (folder / "a.csv").symlink_to(own)
    with replace_files(folder) as new:
        (new / "a.csv").write_bytes(b"new")
    assert own.read_bytes() == b"mine"
    assert (folder / "a.csv").read_bytes() == b"new"


def test_a_raw_folder_of_the_users_own_may_be_a_link(tiny):
    moved = tiny.folder / "elsewhere"
    tiny.raw.rename(moved)
    tiny.raw.symlink_to(moved)
    assert tiny.run("--stage", "read").code == 0


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", ""])
def test_no_name_of_an_output_leaves_its_folder(name):
    with pytest.raises(StoreError, match="is not a file name inside the output folder"):
        Artifact(name, b"")


BARE = {"title": {"en": "A"}, "as_of": "2026-01-01", "sources": {"osm": {"path": "a.osm"}}}


@pytest.mark.parametrize("kind", [Study, PlannedStudy])
@pytest.mark.parametrize("name", ["../x", "/etc", "a/b", "a\\b", "C:x", "a\0", "a\nb", "\u202ea", "..", "a" * 140])
def test_no_name_of_a_study_leads_out_of_the_folders_of_outputs(kind, name):
    """Not of a scenario either, as the record of a run may have it."""
    with pytest.raises(ValueError, match="name: must be small letters a-z"):
        kind.from_dict({**BARE, "name": name})


def test_a_path_with_a_nul_is_refused_in_words(tmp_path):
    with pytest.raises(ValueError, match=r"sources\.osm\.path: holds a NUL"):
        Study.from_dict({**BARE, "name": "a", "sources": {"osm": {"path": "a\0.osm"}}})


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("title", "Rutland", "title: must be keys with values"),
        (
            "title",
            {"en": "A", "EN": "B", "cn": "C"},
            "title: no code of a language: 'EN', 'cn'; pages are in en, fr, zh",
        ),
        ("note", {"zh-CN": "B"}, "note: no code of a language: 'zh-CN'; pages are in en, fr, zh"),
        ("network", {"modes": "drive"}, r"network.modes: must be a list, in square brackets.* \(found 'drive'\)"),
        ("network", {"modes": ["car"]}, "network.modes.0: must be 'walk', "),
        ("network", {"speed_factor": "1,2"}, "network.speed_factor: must be a number, without a unit"),
        ("region", {"admin_level": "six"}, "region.admin_level: must be a whole number"),
        ("sources", {"osm": {"path": ["a.pbf"]}}, "sources.osm.path: must be a text, in quotation marks"),
    ],
)
def test_a_value_of_another_kind_is_told_what_to_write(key, value, says):
    with pytest.raises(ValueError, match=says):
        Study.from_dict({**BARE, "name": "a", key: value})
