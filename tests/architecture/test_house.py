"""The house: no registry host, no machine path, no unbounded module, public names as declared."""

import ast
import importlib
import pickle
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from spatial import errors
from tools.house import PACKAGE, circles_of, imports_of, message_folders, modules_of, vague_names

ROOT = Path(__file__).parents[2]
TEXT_SUFFIXES = {".py", ".md", ".toml", ".txt", ".cfg", ".sh", ".yml", ".js", ".css", ".html", ""}


def _tracked() -> list[Path]:
    result = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        pytest.skip("reason: not a git checkout")
    return [ROOT / name for name in result.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_registry_host_or_a_machine_path() -> None:
    hosts = re.compile("|".join(("pythonhos" + "ted", "py" + r"pi\.org", "npm" + r"js\.", "deb" + r"ian\.org")))
    machine = re.compile(r"(?<![\w.])/(wo" + r"rk|ho" + r"me|ro" + r"ot)/\w")
    found = []
    for path in _tracked():
        if path.suffix not in TEXT_SUFFIXES or "assets" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        found += [f"{path.name}: {hit.group(0)}" for pattern in (hosts, machine) for hit in pattern.finditer(text)]
    assert found == []


def test_no_module_is_longer_than_a_whole_thought() -> None:
    longest = {path.name: len(path.read_text().splitlines()) for path in (ROOT / "spatial").rglob("*.py")}
    too_long = {name: lines for name, lines in longest.items() if lines > 800}
    assert too_long == {}


def test_files_are_few_and_named_by_what_they_are_about_and_none_needs_one_that_needs_it() -> None:
    named = modules_of()
    assert vague_names(PACKAGE, named.values()) == []  # of `VAGUE`, such as ground, parts or rules
    trees = {module: ast.parse(path.read_text(encoding="utf-8")) for module, path in named.items()}
    assert circles_of({module: imports_of(module, tree, named) for module, tree in trees.items()}) == []
    assert message_folders() == ["messages"]
    assert len(named) <= 320


def test_every_error_survives_pickling_and_keeps_its_message() -> None:
    examples = [
        errors.StudyError("study.toml", ["name: missing"]),
        errors.ContractError("roads", ["road_id: missing"]),
        errors.CrsError("degrees"),
        errors.SourceError("gone"),
        errors.NetworkError("empty"),
        errors.InfeasibleError("no", 3.0),
        errors.StoreError("full"),
        errors.WorkersError("lost"),
        errors.StageError("access", "no", 3),
        errors.MissingDependencyError("dask", "dask"),
    ]
    for error in examples:
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
        assert type(copy) is type(error)
        assert str(copy) == str(error)
        assert copy.exit_code == error.exit_code


def test_the_public_names_are_sorted_and_all_there() -> None:
    spatial = importlib.import_module("spatial")
    assert list(spatial.__all__) == sorted(spatial.__all__) == dir(spatial)
    for name in spatial.__all__:
        assert getattr(spatial, name) is not None


def test_pins_are_plain_names_and_versions() -> None:
    lines = (ROOT / "constraints.txt").read_text().split()
    assert all(re.fullmatch(r"[A-Za-z0-9_.\-]+==[A-Za-z0-9_.+!]+", line) for line in lines)


def test_every_dependency_is_imported() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.match(r"[\w-]+", item)[0] for item in declared}
    imported = {
        word
        for path in (ROOT / "spatial").rglob("*.py")
        for word in re.findall(r"^\s*(?:import|from)\s+(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {name for name in names if name.removesuffix("-py").replace("-", "_") not in imported} == set()
