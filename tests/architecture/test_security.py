"""What SECURITY.md promises has a test each, and the package runs no text, unpacks no objects and starts no shell."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROMISES = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def _rows() -> list[str]:
    """Rows of the tables, without their heads."""
    lines = [line for line in PROMISES.splitlines() if line.startswith("|")]
    return [line for line in lines if not line.startswith(("| Promise", "|---"))]


def test_every_promise_names_a_test() -> None:
    assert len(_rows()) > 20
    assert [row for row in _rows() if not NAMED.search(row.rpartition(" | ")[2])] == []


@pytest.mark.parametrize("row", _rows(), ids=lambda row: row[2:60])
def test_every_test_that_a_promise_names_is_there(row: str) -> None:
    for file, name in NAMED.findall(row):
        tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{file}::{name}"


UNPACKERS = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "joblib",
    "marshal",
    "shelve",
    "yaml",
    "pty",
    "code",
}
"""Modules that make objects, or run what they are given, out of bytes or text."""
RUNNERS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "read_pickle",
    "to_pickle",
    "allow_pickle",
    "run_path",
    "run_module",
}
SHELLS = {
    "system",
    "popen",
    "spawnl",
    "spawnlp",
    "spawnv",
    "spawnvp",
    "getoutput",
    "getstatusoutput",
    "execv",
    "execvp",
}
PROCESSES = {"Popen", "run", "call", "check_call", "check_output"}
ALLOWED = {
    ("spatial/warmup.py", "Popen"): "this Python with the name of its own module: nothing from outside is in it",
    ("spatial/qgis/plugin/__init__.py", "Popen"): "the Python that the settings of the plugin name, as a list of words",
    ("spatial/qgis/plugin/__init__.py", "run"): "taskkill of Windows with the number of the process that it started",
}
"""Other programs that are started, and why that is safe."""


def _found(path: Path, text: str) -> Iterator[tuple[str, str]]:
    """List what runs text or starts programs in a source, by its file and its name."""
    file = path.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [item.name for item in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from ((file, module) for module in modules if module.partition(".")[0] in UNPACKERS)
            if isinstance(node, ast.ImportFrom) and node.module in {"subprocess", "os", "builtins"}:
                watched = RUNNERS | SHELLS | PROCESSES
                yield from ((file, item.name) for item in node.names if item.name in watched)
        elif isinstance(node, ast.Call):
            called, owner = node.func, ""
            if isinstance(called, ast.Attribute):
                name, owner = called.attr, called.value.id if isinstance(called.value, ast.Name) else "?"
            else:
                name = called.id if isinstance(called, ast.Name) else ""
            # `re.compile`, `table.eval(...)` of a frame of our own would be found by the owner.
            if (name in RUNNERS and owner != "re") or (owner == "os" and name in SHELLS):
                yield file, name
            if owner == "subprocess" and name in PROCESSES | SHELLS:
                yield file, name
            for word in node.keywords:
                given = word.value.value if isinstance(word.value, ast.Constant) else True
                if word.arg in {"shell", "allow_pickle"} and given is not False:
                    yield file, word.arg


def test_the_package_runs_no_text_unpacks_no_objects_and_starts_no_shell() -> None:
    found = {one for path in (ROOT / "spatial").rglob("*.py") for one in _found(path, path.read_text(encoding="utf-8"))}
    assert found == set(ALLOWED)  # what is new is dangerous, and what is gone needs no reason


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("import pickle", "pickle"),
        ("from yaml import load", "yaml"),
        ("eval(text)", "eval"),
        ("frame.eval(text)", "eval"),
        ("exec(text)", "exec"),
        ("pd.read_pickle(path)", "read_pickle"),
        ("np.load(path, allow_pickle=True)", "allow_pickle"),
        ("os.system(text)", "system"),
        ("from os import system", "system"),
        ("subprocess.run(words)", "run"),
        ("start(text, shell=True)", "shell"),
    ],
)
def test_what_runs_text_is_found_however_it_is_written(line: str, name: str) -> None:
    assert [one for _, one in _found(ROOT / "spatial" / "x.py", line)] == [name]


@pytest.mark.parametrize("line", ["re.compile(text)", "study.run()", "np.load(path, allow_pickle=False)"])
def test_what_runs_no_text_is_let_be(line: str) -> None:
    assert list(_found(ROOT / "spatial" / "x.py", line)) == []
