"""A run in another process, with other hashes of texts, in another folder, ends in the same bytes."""

import json
import os
import subprocess
import sys
from pathlib import Path

RECORDS = {"run.json", ".lock", ".checksums.json"}
"""Records of a run hold seconds and stamps of files."""


def _outputs(folder: Path) -> dict[str, Path]:
    paths = [path for name in ("processed", "maps") for path in (folder / name).rglob("*") if path.is_file()]
    return {
        path.relative_to(folder).as_posix(): path
        for path in paths
        if path.name not in RECORDS and not path.name.endswith(".manifest.json")
    }


def test_a_run_elsewhere_with_other_hashes_gives_the_same_bytes(tiny, tiny_run):
    # The raw files are copied as well: no path of the machine may reach an output.
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    done = subprocess.run(
        [sys.executable, "-m", "spatial", "run", str(tiny.save()), *map(str, tiny.folders())],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "pages:" in done.stdout
    first, second = _outputs(tiny_run), _outputs(tiny.folder)
    assert len(first) > 50
    assert sorted(first) == sorted(second)
    assert [name for name in first if first[name].read_bytes() != second[name].read_bytes()] == []


MEASURING = ("access", "measures", "areas", "certainty", "cutoffs", "scenarios", "cells")


def test_norms_measure_again_only_what_they_ask_for_and_give_what_a_new_run_gives(tiny_done, tiny, tmp_path_factory):
    def measured():
        stages = json.loads((tiny.processed / "tiny" / "run.json").read_text())["stages"]
        assert stages["norms"]["ran"]
        return {name: stages[name]["reason"] for name in MEASURING if stages[name]["ran"]}

    tiny.tables["norms"] = {"only": ["GL-PHC-1H", "GL-EMERG-2H"]}
    assert tiny.run("--until", "norms").code == 0
    assert measured() == {}
    # Headline norms are looked at more closely, and counted within their minutes.
    tiny.tables["norms"]["headline"] = ["GL-PHC-1H"]
    assert tiny.run().code == 0
    assert measured()["measures"] == "what norms ask for changed"
    new = type(tiny)(tmp_path_factory.mktemp("anew"))
    new.tables["norms"] = tiny.tables["norms"]
    assert new.run().code == 0
    went_on, anew = _outputs(tiny.folder), _outputs(new.folder)
    assert sorted(went_on) == sorted(anew)
    assert [name for name in anew if went_on[name].read_bytes() != anew[name].read_bytes()] == []
