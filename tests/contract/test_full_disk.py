"""Where the disk is full, or has no folder for temporary files, each command says so and leaves what was there."""

import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest

from spatial.inputs.edits import empty_edits

BAD_STORE = 6
FULL = ("the disk is full", "the largest size of a file")

FOLDERS = "--raw {tiny.raw} --processed {tiny.processed}"
WRITING = {
    "init": "init {new}/study.toml",
    "init --from": "init {new}/study.toml --from {tiny.raw}/tiny",
    "plan --write": f"plan {{tiny.file}} {FOLDERS} --maps {{tiny.maps}} --write {{new}}/plans.toml",
    "add": "add norm {new}/tiny.toml pharmacy 20min --raw {tiny.raw}",
    "qgis install": "qgis install --folder {new}/plugins",
    "demo": "demo --files-only --raw {new}",
    "compare": "compare {tiny.processed}/tiny {tiny.processed}/tiny --to {new}/compared",
    "share package": f"share package {{tiny.file}} {FOLDERS} --out {{new}}/package",
}
"""Commands that write, into a new folder."""


def _there(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("name", WRITING)
def test_a_command_that_meets_a_full_disk_says_so_and_leaves_what_was_there(
    name, tiny_done, command, tmp_path, file_limit
):
    new = tmp_path / "new"
    new.mkdir()
    shutil.copy(tiny_done.save(), new)
    before = _there(new)
    with file_limit(300):
        outcome = command(*WRITING[name].format(tiny=tiny_done, new=new).split())
    assert outcome.code == BAD_STORE, outcome
    assert any(said in outcome.err for said in FULL), outcome.err
    assert outcome.err.splitlines()[-1].startswith("error: ")
    assert _there(new) == before


def test_a_run_that_meets_a_full_disk_goes_on_and_ends_in_the_same_bytes(tiny_done, tiny_run, file_limit):
    folder = tiny_done.processed / "tiny"
    assert tiny_done.run().code == 0
    for name in ("norms", "sign_off", "workbook", "qgis"):
        (folder / f"{name}.manifest.json").unlink()
    with file_limit(20_000):
        outcome = tiny_done.run()
    assert outcome.code == BAD_STORE, outcome
    assert FULL[1] in outcome.err
    assert not list(folder.glob(".spatial-*"))
    assert (folder / "norms.manifest.json").is_file()  # finished, and kept
    assert tiny_done.run().code == 0
    assert (folder / "tiny.gpkg").read_bytes() == (tiny_run / "processed" / "tiny" / "tiny.gpkg").read_bytes()


def test_a_folder_for_temporary_files_that_is_gone_or_full_is_named(tiny_done, tmp_path, monkeypatch):
    (tiny_done.processed / "tiny" / "qgis.manifest.json").unlink()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    outcome = tiny_done.run()
    assert outcome.code == BAD_STORE, outcome
    assert f"{tmp_path / 'gone'}: no temporary file can be written there; name another folder as TMPDIR" in outcome.err
    monkeypatch.undo()

    def full(*_, **__):
        raise sqlite3.OperationalError("database or disk is full")  # all that SQLite tells

    monkeypatch.setattr("spatial.qgis.geopackage.pyogrio.write_dataframe", full)
    outcome = tiny_done.run()
    assert outcome.code == BAD_STORE, outcome
    assert f"{tempfile.gettempdir()}: the disk is full; free some space" in outcome.err


@pytest.mark.parametrize("short_of_all", [1, 5_000, 150_000])
def test_a_file_of_edits_that_the_disk_did_not_take_whole_is_not_made(file_limit, short_of_all):
    size = len(empty_edits())
    with file_limit(size - short_of_all), pytest.raises(OSError, match="No space left on device"):
        empty_edits.__wrapped__()


def test_pages_that_a_full_disk_keeps_out_are_not_linked_to(tiny_done, file_limit):
    pages = tiny_done.maps / "tiny"
    sizes = {path.name: path.stat().st_size for path in pages.glob("*.html")}
    next(pages.glob("gap-*.html")).unlink()  # so that pages are written anew, where an old index leads to all
    limit = sorted(sizes.values())[-2]
    with file_limit(limit):
        outcome = tiny_done.run()
    assert outcome.code == BAD_STORE, outcome
    assert not (pages / "index.html").exists(), sizes
    assert tiny_done.run().code == 0
    assert {path.name for path in pages.glob("*.html")} == set(sizes)
