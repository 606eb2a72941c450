"""Walkthroughs are done as they are written: their files, their commands, in an empty folder."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
import zipfile
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from spatial.cli import cli
from spatial.study import Study
from tests.read_once import ReadOnce

DOCS = Path(__file__).parents[2] / "docs"
_STEP = re.compile(
    r"^% (?P<what>run|says|file|append|decide)(?:: (?P<name>\S+))?\n(?:```\w+\n(?P<text>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)


_read_study = Study.from_toml


UNASKED = {
    "areas": {"isochrones_min": (), "catchments": False},
    "measures": {"kinds": ()},
    "uncertainty": {"services": ("hospital",), "wet": False, "snap": False},
}
"""Areas, measures and most intervals, which other tests have of the same regions."""
PLANS = {"planning": {"most_plans": 0}}


def _without(changes, path, *, raw="data/raw"):
    """Read a study, and leave out what no walk asks for."""
    study = _read_study(path, raw=raw)
    return study.model_copy(update={key: getattr(study, key).model_copy(update=item) for key, item in changes.items()})


class Walkthrough:
    """
    A page of steps, done one after the other.

    Parameters
    ----------
    page : str
        File below docs.
    folder : Path
        Where the reader works.
    decide : callable
        What a person enters as settlement_id for a row of places_to_decide.csv.
    until : dict
        Where commands stop when they are typed first, as nobody looks at what comes after it.
    plans : bool
        Whether anybody looks at plans for norms that fail.
    """

    def __init__(self, page, folder, decide, until=(), *, plans=True):
        self.folder, self.decide, self.until = Path(folder), decide, dict(until)
        self.unasked = UNASKED if plans else UNASKED | PLANS
        self.text = (DOCS / page).read_text(encoding="utf-8")
        self.said: list[tuple[str, str]] = []
        self.read = ReadOnce()

    def walk(self):
        """Do every step; a command that fails stops the walk."""
        last: list[tuple[str, str]] = []
        for step in _STEP.finditer(self.text):
            what, name, text = step["what"], step["name"], step["text"]
            if what == "run":
                last = [(line, self.run(line)) for line in text.splitlines()]
                self.said += last
            elif what == "says":
                printed = {shown.strip() for _, output in last for shown in output.splitlines()}
                missing = [line for line in text.splitlines() if line.strip() not in printed]
                assert missing == [], printed
            elif what == "decide":
                self._decide(self.folder / name)
            else:
                file = self.folder / name
                before = file.read_text(encoding="utf-8") + "\n" if what == "append" else ""
                file.write_text(before + text, encoding="utf-8")
        return self

    def run(self, line):
        """Type one command, and return what it prints."""
        words = shlex.split(line)
        out = io.StringIO()
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(out), pytest.MonkeyPatch.context() as patched:
            self.read.stand_in(patched)
            patched.setattr(Study, "from_toml", partial(_without, self.unasked))
            if words[:3] == ["python", "-m", "zipfile"]:
                zipfile.main(words[3:])
            else:
                assert words[0] == "spatial"
                stops = ["--until", self.until.pop(line)] if line in self.until else []
                cli([*words[1:], *stops], standalone_mode=False)
        return out.getvalue()

    def outputs(self, command):
        """What a command printed, each time."""
        return [said for line, said in self.said if line.startswith(f"spatial {command}")]

    def _decide(self, file):
        (left,) = self.folder.glob("data/processed/*/places_to_decide.csv")
        table = pd.read_csv(left, dtype="str", keep_default_na=False)
        table["settlement_id"] = [self.decide(row) for row in table.to_dict("records")]
        self.to_decide = table
        table.to_csv(file, index=False, encoding="utf-8-sig")


@pytest.fixture(scope="session")
def walkthrough():
    """Make a walkthrough in a folder of the test's own."""
    return Walkthrough


@pytest.fixture(scope="session")
def beside():
    """Copy real files into the reader's folder."""

    def put(region, folder):
        folder.mkdir(parents=True)
        for file in region.iterdir():
            if file.is_file():
                shutil.copyfile(file, folder / file.name)

    return put
