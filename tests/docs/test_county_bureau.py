"""The walkthrough of a county's bureaus, word by word on the files of the sample county."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import openpyxl
import pytest

from spatial.errors import SpatialError
from spatial.results import read_results

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[2] / "docs"


STEP = re.compile(
    r"^% (?P<what>run|fails|change|remove|uncomment|append|decide)(?:: (?P<name>\S+))?\n"
    r"(?:```\w+\n(?P<text>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)
KEY = re.compile(r"^(?:# )?(?P<key>[\w.\"'-]+(?:\.\"[^\"]+\")*) = ")


def key_of(line: str) -> str | None:
    found = KEY.match(line)
    return found["key"] if found else None


def part_of(lines: list[str], head: list[str]) -> tuple[int, int]:
    """Find the part of a study file that begins with these lines; the second may stand anywhere in it."""
    begins = [row for row, line in enumerate(lines) if line.startswith("[")]
    if not head[0].startswith("["):
        return 0, begins[0]
    ends = [*begins[1:], len(lines)]
    parts = [
        (begin, end)
        for begin, end in zip(begins, ends, strict=True)
        if lines[begin].split("#")[0].strip() == head[0] and any(line.startswith(head[1]) for line in lines[begin:end])
    ]
    (part,) = parts
    return part


def change(lines: list[str], wanted: list[str]) -> list[str]:
    """Set lines of one part as a reader does: at their place where there is one, else after the last line."""
    begin, end = part_of(lines, wanted[:2])
    part = lines[begin:end]
    for line in wanted[2 if begin else 0 :]:
        rows = [row for row, old in enumerate(part) if key_of(old) == key_of(line)]
        if rows:
            part[rows[0]] = line
            mark = rows[0]
            while mark > 0 and part[mark - 1].startswith("#") and key_of(part[mark - 1]) is None:
                mark -= 1
            if part[mark].startswith(("# DECIDE", "# GUESSED")):
                del part[mark : rows[0]]
        else:
            last = max(row for row, old in enumerate(part) if old.strip() and not old.startswith("#"))
            part.insert(last + 1, line)
    return [*lines[:begin], *part, *lines[end:]]


def remove(lines: list[str], head: list[str]) -> list[str]:
    begin, end = part_of(lines, head)
    return [*lines[:begin], *lines[end:]]


def uncomment(lines: list[str]) -> list[str]:
    """Remove the first # of each line below a suggestion."""
    result, is_suggestion = [], False
    for line in lines:
        is_suggestion = line.startswith("# SUGGESTION:") or (is_suggestion and line.startswith("#"))
        told = is_suggestion and not line.startswith("# SUGGESTION:")
        result.append(line.removeprefix("# ") if told else line)
    return result


EDITS = {
    "change": change,
    "remove": remove,
    "uncomment": lambda lines, _: uncomment(lines),
    "append": lambda lines, new: [*lines, "", *new],
}


def walk(walker, text: str) -> None:
    for step in STEP.finditer(text):
        what, wanted = step["what"], (step["text"] or "").splitlines()
        file: Path = walker.folder / (step["name"] or "")
        if what in {"run", "fails"}:
            for line in wanted:
                if what == "run":
                    walker.said.append((line, walker.run(line)))
                else:
                    with pytest.raises(SpatialError) as error:
                        walker.run(line)
                    walker.said.append((line, str(error.value)))
        elif what == "decide":
            walker._decide(file)
        else:
            lines = file.read_text(encoding="utf-8").splitlines()
            done = EDITS[what](lines, wanted)
            file.write_text("\n".join(done) + "\n", encoding="utf-8")


DECIDED = {"移民新村卫生室": "519900101202", "老街卫生室": "519900101210", "茶场卫生室": "519900104213"}


@pytest.fixture(scope="module")
def walked(walkthrough, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bureau")
    shutil.copy(DOCS.parent / "tests" / "data" / "county_80" / "bureau.zip", folder)
    until = {"spatial run yunxi.toml": "gaps"}  # the page runs it again, and then all of it
    walker = walkthrough("county-bureau.md", folder, lambda row: DECIDED[row["name"]], until)
    walk(walker, walker.text)
    return walker


@pytest.fixture(scope="module")
def results(walked):
    return read_results(walked.folder / "data/processed/yunxi")


def _of(name: str) -> str:
    """A number that the page shows for a row."""
    text = (DOCS / "county-bureau.md").read_text(encoding="utf-8")
    return next(line for line in text.splitlines() if line.startswith(f"| {name} |"))


def test_looking_into_the_list_shows_what_the_page_shows(walked) -> None:
    (said,) = walked.outputs("inspect")
    shown = re.findall(r"^```text\n(工作表.*?)^```", walked.text, re.MULTILINE | re.DOTALL)[0]
    assert all(line in said for line in shown.splitlines())


def test_nothing_is_left_to_decide_after_step_4(walked) -> None:
    first, second = walked.outputs("check")
    # The study that `init` writes from Chinese files is told in Chinese.
    assert "推测" in first
    assert "研究文件及其数据源无误" in second
    left = [
        line for line in (walked.folder / "yunxi.toml").read_text(encoding="utf-8").splitlines() if "# GUESSED:" in line
    ]
    assert left == ["# GUESSED: 与 CN 的研究相同"]
    assert "DECIDE:" not in (walked.folder / "yunxi.toml").read_text(encoding="utf-8").split("[region]")[1]


def test_the_check_says_what_step_5_tells(walked) -> None:
    told = walked.text.split("## 5. Check it")[1].split("## 6.")[0]
    numbered = re.findall(r"`((?:按\w+定位|未能定位|未连上的道路端点|超出交叉点的道路) \d+)`", told)
    assert len(numbered) == 5
    said = walked.outputs("check")[1]
    assert all(f"\uff1a{item}\n" in said for item in numbered)


def test_every_clinic_is_placed_in_the_end(walked, results) -> None:
    assert list(walked.to_decide["name"]) == list(DECIDED)
    clinics = results.facilities.query("service == 'primary_care'")
    assert clinics["placed_by"].value_counts().to_dict() == {"unit_code": 50, "name": 6, "decision": 3}


def test_the_totals_are_those_of_the_page(results) -> None:
    rows = results.sign_off.set_index("item")
    expected = {
        "people": ("people", 164_607, "ok"),
        "villages": ("villages", 80, "ok"),
        "facilities:primary_care": ("village clinics", 49, "ok"),
        "facilities:primary_school": ("primary schools", 14, "look"),
        "road_km:county": ("county and township roads", 81.0, "ok"),
    }
    for item, (name, ours, status) in expected.items():
        assert rows.loc[item, "ours"] == pytest.approx(ours, abs=0.06), item
        assert rows.loc[item, "status"] == status, item
        assert f"| {ours:,}" in _of(name)
    assert "not_existing:1" in rows.loc["facilities:primary_school", "likely_causes"]


def test_there_is_something_to_open_and_to_sign(walked, results) -> None:
    said = walked.outputs("run yunxi.toml")[-1]
    assert "maps/yunxi/index.html" in said
    for name in ("index.html", "sign-off.html"):
        assert (walked.folder / "maps/yunxi" / name).is_file()
    book = openpyxl.load_workbook(results.folder / "results.xlsx", read_only=True)
    assert len(book.sheetnames) >= 6
    assert "石洞村" in walked.outputs("explain")[0]
    assert "internal" in str(book.worksheets[0]["A2"].value) or "内部" in str(book.worksheets[0]["A2"].value)


def test_the_walk_gives_the_times_of_the_shipped_study(results, bureau_run) -> None:
    shipped = read_results(bureau_run / "processed" / "bureau")
    key = ["settlement_id", "service", "mode"]
    ours, theirs = (each.access.set_index(key)["travel_time_min"] for each in (results, shipped))
    both = ours.index.intersection(theirs.index)
    assert len(both) == len(theirs)
    assert (ours.loc[both].isna() == theirs.loc[both].isna()).all()
    assert (ours.loc[both] - theirs.loc[both]).abs().max() < 1e-6
