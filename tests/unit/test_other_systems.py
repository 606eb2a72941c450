"""What differs between systems, as far as one of them can tell: paths, encodings, ends of lines, locks, processes."""

import ast
import multiprocessing
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

import spatial as sp
from spatial.errors import StoreError, StudyError
from spatial.formats.files import describe
from spatial.store import locked, replace

PACKAGE = Path(sp.__file__).parent


def calls(name):
    """Every call of a method of this name in the package, with the line where it stands."""
    for file in sorted(PACKAGE.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if name in text else ():
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == name:
                yield f"{file.relative_to(PACKAGE)}:{node.lineno}", node


def test_every_text_is_written_with_the_same_ends_of_lines_everywhere():
    found = {
        where: {word.arg: ast.unparse(word.value) for word in call.keywords} for where, call in calls("write_text")
    }
    assert found
    assert [where for where, words in found.items() if words.get("newline") != repr("\n")] == []
    tables = {where: {word.arg for word in call.keywords} for where, call in calls("to_csv")}
    assert [where for where, words in tables.items() if "lineterminator" not in words] == []


def test_a_path_with_backslashes_is_the_same_file_and_told_alike(tiny, command):
    tiny.tables["sources.settlements"]["path"] = "tiny\\settlements.csv"
    tiny.tables["sources.osm"]["path"] = "tiny\\roads.osm"
    study = sp.Study.from_toml(tiny.save(), raw=tiny.raw)
    assert study.sources.settlements.path == "tiny/settlements.csv"
    outcome = command("check", tiny.file, "--raw", tiny.raw)
    assert outcome.code == 0, outcome.err


def test_backslashes_that_are_no_toml_are_answered_with_how_to_write_them(tmp_path):
    file = tmp_path / "study.toml"
    file.write_text('name = "a"\n[sources.osm]\npath = "C:\\Users\\roads.osm"\n', encoding="utf-8")
    with pytest.raises(StudyError, match="write paths with / or in single quotes"):
        sp.Study.from_toml(file)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("name = “a”", 'at line 2, column 8.: name = “a”; write " for “'),
        ("name = ‘a’", "write ' for ‘"),  # noqa: RUF001 - they are meant
        ("name＝'a'", "write = for ＝"),  # noqa: RUF001 - they are meant
        ("name: 'a'", "write = for :"),
        ("name = oakham", "between two equal quotation marks"),
        ("name = \"oakham'", "name = \"oakham'; text stands between two equal quotation marks"),
        ("name = 'oakham\"", "name = 'oakham\"; text stands between two equal quotation marks"),
        ("buffer_km = 1,5", "write a decimal point for the comma"),
        ("name\u3000= 'a'", "write a plain space for the wide or hard one"),
        ("is_shared = True", "true and false are written small"),
        ("name = 'a'\nname = 'b'", r"not TOML: given twice \(at line 3, column 11\): name = 'b'; keep one"),
        ("[plan]\na = 1\n[plan]\nb = 2", r"not TOML: given twice \(at line 4, column 6\): \[plan\]; keep one"),
        ("plan = {a = 1}\nplan.b = 1", r"given twice \(at line 3, column 11\): plan.b = 1; keep one"),
        (
            "plan.a = 1\n[[plan]]",
            r"given twice \(at line 3, column 7\): \[\[plan\]\]; .* list stand under \[\[…\]\] each",
        ),
        ("plan = {a = 1, a = 2}", r"given twice \(at line 2, column 21\): plan = {a = 1, a = 2}; keep one"),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_line_that_is_no_toml_is_shown_with_what_to_write(tmp_path, line, told, line_end):
    file = tmp_path / "study.toml"
    file.write_bytes(f"\ufeff# a study\n{line}\n\n[region]\nbuffer_km = 1\n".replace("\n", line_end).encode())
    with pytest.raises(StudyError, match=told):
        sp.Study.from_toml(file)


@pytest.mark.parametrize("end", ["\u3000", "\u3000\n", "\xa0\n\n"])
def test_a_wide_space_at_the_end_of_a_file_is_shown_as_any_other(tmp_path, end):
    (tmp_path / "study.toml").write_text(f"name = 'a'\n{end}", encoding="utf-8")
    with pytest.raises(StudyError, match=r"line 2, column 1.: ; write a plain space for the wide or hard one"):
        sp.Study.from_toml(tmp_path / "study.toml")


def test_a_file_in_a_folder_of_a_described_one_is_described(tmp_path):
    (tmp_path / "office" / "lists").mkdir(parents=True)
    text = '[[file]]\npath = "lists/villages.csv"\norigin = "Bureau"\n'
    (tmp_path / "office" / "source.toml").write_text(text, encoding="utf-8")
    assert describe(tmp_path, "office/lists/villages.csv").origin == "Bureau"


@pytest.mark.parametrize("name", ["con", "nul", "com1", "lpt9"])
def test_a_study_is_not_called_after_a_device(tiny, name):
    tiny.tables[""]["name"] = name
    with pytest.raises(StudyError, match="Windows keeps this name for a device"):
        sp.Study.from_toml(tiny.save())


def test_a_folder_is_locked_where_there_is_no_lock_of_unix(tmp_path, monkeypatch):
    held = []

    def locking(file, how, size):
        if held:
            raise OSError(36, "Resource deadlock avoided")
        held.append((os.fstat(file).st_size, how, size))

    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(locking=locking, LK_NBLCK=2))
    with locked(tmp_path):
        # A byte that is not there may be locked, far behind what others read.
        assert held == [(0, 2, 1)]
        with pytest.raises(StoreError, match="another run is writing here"), locked(tmp_path):
            pass


def test_a_file_that_another_program_holds_open_is_said_to_be(tmp_path, monkeypatch):
    def refuse(self, target):
        raise PermissionError(13, "The process cannot access the file because it is being used by another process")

    monkeypatch.setattr(Path, "replace", refuse)
    with (
        pytest.raises(StoreError, match="Excel or QGIS holds it open; close it there"),
        replace(tmp_path / "results.xlsx"),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_times_are_found_in_a_process_that_was_started_anew(grid_city):
    # On Windows no process is forked: graph and frames are sent to one that imports the package by itself.
    places = grid_city.settlements([("n1", "village", 1, 0), ("n2", "village", 2, 1)])
    hospital = grid_city.facilities([("n9", "hospital", 0, 0)])
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        arguments = (grid_city.graph(), places, hospital)
        found = pool.apply(sp.cost_to_closest, arguments, {"service": "hospital"})
    # One block of 2 minutes, and three.
    assert found["travel_time_min"].tolist() == pytest.approx([2.0, 6.0])


@pytest.mark.slow
@pytest.mark.parametrize(("encoding", "name"), [("cp936", "石桥"), ("cp1252", r"\u77f3\u6865")])
def test_a_console_of_another_encoding_is_written_to(tiny_run, encoding, name):
    words = ("explain", "tiny.toml", "s1", "--language", "fr", "--raw", "raw", "--processed", "processed")
    ran = subprocess.run(
        [sys.executable, "-m", "spatial", *words],
        cwd=tiny_run,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
    )
    said = ran.stdout.decode(encoding)
    assert ran.returncode == 0, ran.stderr
    assert said.startswith(f"{name} (s1)")
    # GBK lacks the spaces that French sets before a colon and in large numbers.
    assert "\\xa0" not in said
    assert "\\u202f" not in said


def test_a_file_of_services_that_is_no_toml_is_answered_as_a_study_file_is(tmp_path):
    file = tmp_path / "services.toml"
    file.write_bytes("[service.诊所]".encode("gbk"))
    with pytest.raises(StudyError, match="is not UTF-8 at byte 9; save it as UTF-8"):
        sp.load_services(file)
    with pytest.raises(StudyError, match=r"cannot be read: .*; put it there"):
        sp.load_services(tmp_path / "none.toml")
