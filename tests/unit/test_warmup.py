"""The warm-up leaves nothing uncompiled, one signature a kernel, and needs no folder that it may not write."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

import spatial
from spatial import warmup
from spatial import warmup as warmup_steps

WARM_UP = """
import json
from spatial.warmup import compiled_kernels, warm_up
seen = []
count = warm_up(lambda fraction, message: seen.append((fraction, message)))
print(json.dumps([count == len(compiled_kernels()), seen[-1], [*compiled_kernels()]]))
"""

LATER_CALLS = """
import json, pickle, sys
from pathlib import Path
from numba.core.event import install_recorder
from spatial.warmup import compiled_kernels
from spatial.warmup import STEPS
called = pickle.loads((Path({folder!r}) / "kernels.pickle").read_bytes())
with install_recorder("numba:compile") as compiled:
    for step in STEPS.values():
        step()
    kernels = compiled_kernels()
    for name, signatures in called.items():
        for signature in signatures:
            kernels[name].compile(signature)  # reads what is kept, and compiles nothing else
names = [str(event.data["dispatcher"]) for _, event in compiled.buffer]
print(json.dumps([len(called), names]))
"""


def in_a_new_process(code: str, folder: Path, **variables: str) -> object:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder / "cache")} | variables
    environment = {name: value for name, value in environment.items() if value}
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, env=environment, check=False
    )
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout.splitlines()[-1])


KEPT = """
import json
from spatial.warmup import STEPS, compiled_kernels
for step in STEPS.values():
    step()
print(json.dumps({name: [str(one) for one in kernel.signatures] for name, kernel in compiled_kernels().items()}))
"""


@pytest.mark.slow
def test_a_run_calls_no_kernel_with_a_signature_that_the_warm_up_does_not(tmp_path, sample_run):
    kept = in_a_new_process(KEPT, tmp_path, NUMBA_CACHE_DIR=os.environ.get("NUMBA_CACHE_DIR", ""))
    called = pickle.loads((sample_run / "kernels.pickle").read_bytes())  # noqa: S301 - made by this session
    assert len(called) > 20
    assert {name: [str(one) for one in signatures] for name, signatures in called.items()} == {
        name: kept[name] for name in called
    }


@pytest.mark.trial  # `make test` has compiled everything once, and need not do it again
def test_two_processes_compile_every_kernel_for_the_one_signature_that_a_run_calls(tmp_path, sample_run):
    is_all, last, kernels = in_a_new_process(WARM_UP, tmp_path)
    assert (is_all, last) == (True, [1.0, "done"])
    assert len(kernels) > 50
    # Numba keeps a file a signature: "kernels_areas.reach-12.py311.1.nbc".
    kept = Counter(path.name.rsplit("-", 1)[0] for path in (tmp_path / "cache").rglob("*.nbc"))
    wanted = {".".join(name.rsplit(".", 2)[1:]) for name in kernels}
    assert wanted - set(kept) == set()
    # Steps of nodes lie in an array of their own, or in a column beside other marks.
    assert {name: count for name, count in kept.items() if count != 1} == {"kernels_search._fetch_far": 2}
    # Neither the steps nor a whole run of the sample county call any other.
    called, compiled = in_a_new_process(LATER_CALLS.format(folder=str(sample_run)), tmp_path)
    assert called > 20
    assert compiled == []


@pytest.mark.parametrize(
    ("code", "kept", "ran"), [(0, True, ["own"]), (1, True, ["own", "theirs"]), (0, False, ["own", "theirs"])]
)
def test_what_the_second_process_leaves_or_cannot_keep_is_compiled(monkeypatch, code, kept, ran):
    done = []
    helper = SimpleNamespace(wait=lambda: code, kill=lambda: None)
    monkeypatch.setattr(warmup.subprocess, "Popen", lambda *_args, **_options: helper)
    # A kernel that can be kept has a folder for its compiled code.
    kernel = SimpleNamespace(stats=SimpleNamespace(cache_path="folder" if kept else None))
    monkeypatch.setattr(warmup, "compiled_kernels", lambda: {"kernel": kernel})
    monkeypatch.setattr(
        warmup_steps, "STEPS", {"own": lambda: done.append("own"), "theirs": lambda: done.append("theirs")}
    )
    monkeypatch.setattr(warmup_steps, "THEIRS", ("theirs",))
    assert warmup.warm_up() == 1
    assert done == ran


def test_without_a_writable_folder_kernels_are_kept_with_temporary_files(tmp_path):
    installed = tmp_path / "installed"
    shutil.copytree(Path(spatial.__file__).parent, installed / "spatial", ignore=shutil.ignore_patterns("__pycache__"))
    # A file where numba would make a folder cannot be written, not even by an administrator.
    for folder in {path.parent for path in installed.rglob("kernels_*.py")}:
        (folder / "__pycache__").touch()
    (tmp_path / "nowhere").touch()
    (tmp_path / "temporary").mkdir()
    code = """
import json
import numpy as np
import pytest

import spatial
from spatial.network.noding import along_curve
print(json.dumps([spatial.__file__, along_curve(np.array([0.0, 0.0]), np.array([0.0, 1.0])).tolist()]))
"""
    nowhere = str(tmp_path / "nowhere" / "cache")
    found = in_a_new_process(
        code,
        tmp_path,
        NUMBA_CACHE_DIR="",
        HOME=nowhere,
        XDG_CACHE_HOME=nowhere,
        TMPDIR=str(tmp_path / "temporary"),
        PYTHONPATH=str(installed),
    )
    # A curve by Hilbert goes through four cells in a square: the one above the first is the fourth.
    assert found == [str(installed / "spatial" / "__init__.py"), [0, 3]]
    assert list((tmp_path / "temporary").glob("spatial-kernels-*/**/*.nbi"))
