"""
Figures of the house: size, circles, helpers, names; the way of a number; files a column; seconds of a run.

``python tools/house.py`` reads the code alone. ``--raw FOLDER`` names the folder of the real regions and adds how many
functions a number passes from the table ``access`` to the index page of Comoros, and the CPU seconds of its runs.

Definitions. A line is docstring, import, code, comment or blank, in this order. A circle is a strongly connected set
of modules over all imports of ``spatial``, those for type checkers included. A helper is a module-level function
whose name begins with an underscore; it is used once where its name is loaded once in its own file. A fixed tuple is
a parameter annotated ``tuple[...]`` without an ellipsis. Files that name a column: files of Python with the word
``reach_status``, a column of ``access`` that stands on pages, in the workbook and in QGIS: its readers, not what a new
column touches, which CONTRIBUTING.md lists. Hops: own functions and files that are entered from reading ``access`` in
the stage ``norms`` over ``gaps`` to the text of ``index.html``, other pages left out; comprehensions
and lambdas are not counted.
"""

from __future__ import annotations

import argparse
import ast
import collections
import importlib.util
import io
import itertools
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "spatial"
VAGUE = frozenset(
    {
        "again",
        "book",
        "engine",
        "ground",
        "having",
        "held_back",
        "parts",
        "plain",
        "readings",
        "rows",
        "rules",
        "trials",
        "utils",
        "whole",
    }
)
HIDDEN = re.compile(r"<(listcomp|genexpr|lambda|dictcomp|setcomp|module)>$")


class Figures(NamedTuple):
    """What the code alone tells."""

    kinds: collections.Counter[str]
    rooms: dict[str, collections.Counter[str]]
    files: list[Path]
    circles: list[list[str]]
    helpers: int
    helpers_used_once: int
    fixed_tuples: int
    vague: list[str]
    files_a_column: int
    message_folders: list[str]


def line_kinds(text: str, tree: ast.Module) -> collections.Counter[str]:
    """Count the lines of a file by kind."""
    kind: dict[int, str] = {}
    skipped = {
        tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
    }  # fmt: skip
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            kind.setdefault(token.start[0], "comment")
        elif token.type not in skipped:
            kind.update(dict.fromkeys(range(token.start[0], token.end[0] + 1), "code"))
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.Import | ast.ImportFrom):
            kind.update(dict.fromkeys(range(node.lineno, node.end_lineno + 1), "import"))
        elif is_text and isinstance(node.value.value, str):
            kind.update(dict.fromkeys(range(node.lineno, node.end_lineno + 1), "docstring"))
    counted = collections.Counter(kind.values())
    counted["blank"] = len(text.splitlines()) - sum(counted.values())
    return counted


def circles_of(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Find strongly connected sets of more than one module (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in sorted(arrows[module]):
            if other not in index:
                visit(other)
            if other in stack:
                low[module] = min(low[module], low[other])
        if low[module] == index[module]:
            circle = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(circle) > 1:
                found.append(sorted(circle))

    for module in sorted(arrows):
        if module not in index:
            visit(module)
    return found


def files_a_column(package: Path, column: str = "reach_status") -> int:
    """Count the files of Python that name a column of ``access`` which stands on pages, in the workbook and in QGIS."""
    return sum(bool(re.search(rf"\b{column}\b", path.read_text(encoding="utf-8"))) for path in package.rglob("*.py"))


def modules_of(package: Path = PACKAGE) -> dict[str, Path]:
    """Name the modules of a package, each with its file."""
    return {
        ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted(package.rglob("*.py"))
    }


_HOLD_STATEMENTS = ("body", "orelse", "finalbody", "handlers", "cases")


def imports_of(module: str, tree: ast.Module, named: dict[str, Path]) -> set[str]:
    """Name the modules that a module imports; what it takes from a package's __init__ counts where it stands."""
    found: set[str] = set()
    statements: list[ast.AST] = [tree]
    for node in statements:  # no expression holds an import: nine tenths of a tree
        statements += itertools.chain(*(getattr(node, name, ()) for name in _HOLD_STATEMENTS))
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom):
                names = [node.module or "", *(f"{node.module}.{name}" for name in names)]
            found |= {name for name in names if name in named and name != module}
    return {name for name in found if named[name].name != "__init__.py"}


def vague_names(package: Path, files: Iterable[Path]) -> list[str]:
    """List the files whose name says nothing."""
    return [str(path.relative_to(package)) for path in files if path.stem in VAGUE]


def message_folders(package: Path = PACKAGE) -> list[str]:
    """List the folders that a language is written in."""
    return sorted({str(path.parent.relative_to(package)) for path in package.rglob("zh.toml")})


def measure_code(package: Path = PACKAGE) -> Figures:
    """Take every figure that needs no run."""
    named = modules_of(package)
    files = list(named.values())
    kinds: collections.Counter[str] = collections.Counter()
    rooms: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    arrows: dict[str, set[str]] = {}
    helpers = once = tuples = 0
    for module, path in named.items():
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        counted = line_kinds(text, tree)
        kinds += counted
        inside = path.relative_to(package).parts
        rooms[inside[0] if len(inside) > 1 else "(top)"] += counted
        arrows[module] = imports_of(module, tree, named)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                every = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
                written = [ast.unparse(item.annotation) for item in every if item.annotation]
                tuples += sum(item.startswith("tuple[") and "..." not in item for item in written)
        loaded = collections.Counter(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
        mine = [n.name for n in tree.body if isinstance(n, ast.FunctionDef) and n.name.startswith("_")]
        helpers += len(mine)
        once += sum(loaded[name] == 1 for name in mine)
    return Figures(
        kinds=kinds,
        rooms=dict(rooms),
        files=files,
        circles=circles_of(arrows),
        helpers=helpers,
        helpers_used_once=once,
        fixed_tuples=tuples,
        vague=vague_names(package, files),
        files_a_column=files_a_column(package),
        message_folders=message_folders(package),
    )


def print_code(figures: Figures) -> None:
    """Print what the code tells."""
    total = sum(figures.kinds.values())
    parts = ", ".join(f"{count:,} {kind}" for kind, count in figures.kinds.most_common())
    print(f"{total:,} lines in {len(figures.files)} files: {parts}")
    for room, counted in sorted(figures.rooms.items(), key=lambda item: -sum(item[1].values())):
        print(f"  {room:14} {sum(counted.values()):7,} lines {counted['code']:7,} code")
    share = figures.helpers_used_once / max(figures.helpers, 1)
    print(f"helpers used once: {figures.helpers_used_once} of {figures.helpers} ({share:.0%})")
    print(f"fixed tuples as parameters: {figures.fixed_tuples}")
    print(f"files with a vague name: {len(figures.vague)} {figures.vague}")
    print(f"circles: {len(figures.circles)}")
    for circle in figures.circles:
        print("  " + ", ".join(circle))
    print(f"files that name the column reach_status: {figures.files_a_column}")
    print(f"folders for a language: {len(figures.message_folders)} {figures.message_folders}")


def cpu_seconds(command: list[str]) -> float:
    """Run a command to its end and give the CPU seconds of all its processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


LOADED = """
import gc
from spatial.pipeline import STAGES
gc.set_threshold(50_000, 20, 100)
for stage in STAGES:
    stage.function.load()
gc.freeze()
"""
"""All that the stages of a run import."""
WRITTEN = """
import sys
from pathlib import Path
from spatial.store import Artifact, Store
for path in sorted(path for path in Path(sys.argv[1]).rglob("*") if path.is_file()):
    copy = Store(Path(sys.argv[1], "copy"))
    if path.suffix in {".parquet", ".tif"}:
        copy.write(path.stem, Store(path.parent).read(path.stem))
    else:
        copy.write_file(Artifact(path.name, path.read_bytes()))
"""
"""Every table and raster of a run is read and written once more, and the bytes of its other files."""


def print_seconds(raw: Path, folder: Path) -> None:
    """Print the CPU seconds of the runs of Comoros: all stages, nothing to do, status, and one cutoff changed."""
    study = (ROOT / "examples" / "comoros.toml").read_text(encoding="utf-8")
    path = folder / "comoros.toml"
    path.write_text(study, encoding="utf-8")
    outputs = ["--processed", str(folder / "processed"), "--maps", str(folder / "maps")]
    spatial = [sys.executable, "-m", "spatial"]
    run = [*spatial, "run", str(path), "--raw", str(raw), *outputs]
    cpu_seconds([*spatial, "warmup"])
    print(f"comoros, all stages: {cpu_seconds(run):.1f} CPU s")
    imports = cpu_seconds([sys.executable, "-c", LOADED])
    written = cpu_seconds([sys.executable, "-c", LOADED + WRITTEN, str(folder)]) - imports
    first = [*spatial, "run", str(path), "--raw", str(raw), *outputs[2:], "--processed", str(folder / "read")]
    reading = cpu_seconds([*first, "--until", "read"]) - imports
    print(f"of which loading libraries {imports:.1f}, reading {reading:.1f}, what is written {written:.1f} CPU s")
    print(f"nothing to do: {cpu_seconds(run):.1f} CPU s")
    status = [*spatial, "status", str(path), "--raw", str(raw), *outputs]
    print(f"status: {cpu_seconds(status):.1f} CPU s")
    path.write_text(study.replace("cutoffs_min = [15, 30, 60, 120]", "cutoffs_min = [15, 30, 45, 120]"))
    print(f"access.cutoffs_min changed: {cpu_seconds(run):.1f} CPU s")


def print_hops(raw: Path, folder: Path) -> None:
    """Print how many own functions and files a number passes from ``access`` to the index page."""
    sys.path.insert(0, str(ROOT))
    from spatial.cartography import pages  # noqa: PLC0415 - the house that is measured
    from spatial.pipeline import STAGES  # noqa: PLC0415
    from spatial.runner.run import read_inputs  # noqa: PLC0415
    from spatial.runner.stage import Options  # noqa: PLC0415
    from spatial.store import Store  # noqa: PLC0415
    from spatial.study import Study  # noqa: PLC0415

    study = Study.from_toml(ROOT / "examples" / "comoros.toml", raw=raw)
    store = Store(folder / "processed" / "comoros", study.population.basis)
    stages = {stage.name: stage for stage in STAGES}
    fit, kept = pages._fit, {}  # noqa: SLF001 - map pages are made once, unseen, and then handed out

    def hand_out(book, file, rows, budget):  # noqa: ANN001, ANN202
        if file not in kept:
            kept[file] = fit(book, file, rows, budget)
        return kept[file]

    def line() -> None:
        for name in ("norms", "gaps", "maps"):
            stage = stages[name]
            options = Options(study, stage.options)
            stage.function(**read_inputs(stage, store, options), options=options)

    pages._fit = hand_out  # noqa: SLF001
    line()
    for other in ("fact_sheet", "plan", "score", "settle", "sign_off", "township"):
        setattr(pages, f"{other}_page", lambda *_args, **_options: b"")
    entered = set()

    def seen(frame, event, _value) -> None:  # noqa: ANN001
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(str(PACKAGE)) and not HIDDEN.search(code.co_name):
            entered.add((code.co_filename, code.co_qualname))

    sys.setprofile(seen)
    line()
    sys.setprofile(None)
    print(f"hops from access to the index page: {len(entered)} functions in {len({f for f, _ in entered})} files")


def main() -> None:
    """Print the figures asked for."""
    parser = argparse.ArgumentParser(description="Figures of the house.")
    parser.add_argument("--raw", type=Path, default=os.environ.get("SPATIAL_TEST_DATA"), help="folder with comoros/")
    options = parser.parse_args()
    print_code(measure_code())
    if options.raw is None:
        print("no --raw and no SPATIAL_TEST_DATA: neither hops nor seconds are measured")
        return
    if importlib.util.find_spec("geopandas") is None:
        print("this Python lacks what the package needs: for hops and seconds, .venv/bin/python tools/house.py")
        return
    folder = Path(tempfile.mkdtemp(prefix="house-"))
    try:
        print_seconds(Path(options.raw).resolve(), folder)
        print_hops(Path(options.raw).resolve(), folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
