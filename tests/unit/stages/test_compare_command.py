"""`spatial compare` on folders: what it says and writes, and what it refuses."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pandas as pd
import pytest
from click.testing import CliRunner

import spatial as sp
from spatial.cli import cli
from spatial.errors import ContractError, StoreError
from spatial.messages import languages
from spatial.plain_text import SCREEN_ROWS, screen_rows
from spatial.score.comparison import boards as matched
from spatial.score.comparison.boards import board_of
from spatial.stages.compare import write_comparison
from spatial.study.score import ScoreOptions
from spatial.tables import TABLES
from tests.page_blocks import data_of
from tests.unit.runs_to_compare import NORMS, run_of

pytestmark = pytest.mark.slow

BEFORE = {"a": (10.0, 10.0), "b": (45.0, 15.0), "c": (20.0, 60.0)}
AFTER = {"a": (10.0, 10.0), "b": (25.0, 15.0), "c": (20.0, 60.0)}
GATES = {("study", "study"): "fail"}


def finished(folder, minutes, *, as_of="2026-01-01", norms=NORMS, places=None, settlements=None, **options):
    """Write what a comparison reads of a finished run; `settlements` changes that table."""
    run = run_of(folder.name, minutes, gates=GATES, norms=norms, places=places)
    folder.mkdir()
    run = replace(run, settlements=(settlements or (lambda table: table))(run.settlements))
    run.settlements.to_parquet(folder / "settlements.parquet")
    for name in ("access", "last_mile", "norm_results", "towns"):
        getattr(run, name).to_parquet(folder / f"{name}.parquet")
    run.components.to_parquet(folder / "score_components.parquet")
    run.components.to_parquet(folder / "scores.parquet")
    record = {
        "as_of": as_of,
        "synthetic": False,
        "outputs": {"status": "draft"},
        "network": {"modes": ["drive"], "speeds": "rural_cn"},
        "population": {"basis": "resident"},
        "score": ScoreOptions().model_dump(mode="json"),
    }
    (folder / "run.json").write_text(json.dumps({"options": record | options}), encoding="utf-8")
    listed = [{"id": norm, "unit": "min", "metric": "time_min", "direction": "max"} for norm in ("CLINIC", "SCHOOL")]
    (folder / "summary.json").write_text(json.dumps({"norms": listed}), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Two finished runs, in `ends` what the command made of them, what it said and whom it scored: to be read alone."""
    root = tmp_path_factory.mktemp("kept")
    finished(root / "y1", BEFORE)
    finished(root / "y2", AFTER, as_of="2027-01-01")
    with pytest.MonkeyPatch.context() as patched:
        names = counted(patched)
        (root / "said.txt").write_text(told(root / "y1", root / "y2", root / "ends"), encoding="utf-8")
    (root / "scored.json").write_text(json.dumps(names), encoding="utf-8")
    return root


def counted(patched):
    """Names of the runs that are scored from now on, in order."""
    names = []

    def scores(run, shared):
        names.append(run.name)
        return board_of(run, shared)

    patched.setattr(matched, "board_of", scores)
    return names


@pytest.fixture
def folders(kept, tmp_path):
    """Both runs, which the test may spoil."""
    return tuple(shutil.copytree(kept / name, tmp_path / name) for name in ("y1", "y2"))


def call(*words):
    return CliRunner().invoke(cli, ["compare", *map(str, words)])


def test_the_command_tells_and_writes_everything(kept):
    to, said = kept / "ends", (kept / "said.txt").read_text(encoding="utf-8")
    assert "y1 (2026-01-01) and y2 (2027-01-01)" in said
    assert "gained 100 (1 place)" in said
    for name in [table for table in TABLES if table.startswith("comparison")] + ["trajectory"]:
        TABLES[name].check(pd.read_parquet(to / f"{name}.parquet"))
        assert len(pd.read_csv(to / f"{name}.csv")) == len(pd.read_parquet(to / f"{name}.parquet"))
    page = (to / "compare.html").read_text(encoding="utf-8")
    assert "connect-src 'none'" in page


@pytest.mark.parametrize(("languages", "place"), [(["fr", "en"], "Localités"), (["zh"], "地点"), ([], "Places")])
def test_the_command_speaks_the_language_of_the_last_run(folders, languages, place):
    record = json.loads((folders[-1] / "run.json").read_text(encoding="utf-8"))
    record["options"]["outputs"]["languages"] = languages
    (folders[-1] / "run.json").write_text(json.dumps(record), encoding="utf-8")
    assert place in call(*folders).output
    assert "Places" in call(*folders, "--language", "en").output


def test_a_long_comparison_fits_a_screen_and_ends_with_its_page(monkeypatch, tmp_path, kept):
    told = [f"Township {number}: {'risen ' * 20}" for number in range(40)]
    monkeypatch.setattr("spatial.stages.compare.compare_folders", lambda *_, **__: [*told, "out/compare.html"])
    runs = (kept / "y1", kept / "y2")
    said = call(*runs, "--to", tmp_path).output.splitlines()
    assert sum(map(screen_rows, said)) <= SCREEN_ROWS + 1
    assert said[-1] == "out/compare.html"
    assert "more lines: spatial compare -v" in said[-2]
    assert call(*runs, "-v").output.splitlines() == [*told, "out/compare.html"]


def test_the_page_says_what_readers_noticed_in_each_language_and_quotes_the_source(folders, tmp_path):
    text = "hidden sheets left unread: 'draft' (1 in all)"
    hidden = {"notice": "hidden", "notice_values": json.dumps({"where": {"first": ["draft"], "in_all": 1}})}
    own = {"notice": "", "notice_values": ""}
    issues = [
        {"path": "a.xlsx", "issue": issue, "issue_kind": kind, "affects": ["population"], "forbids": [], "areas": []}
        | {"without_rank": [], "unknown_areas": []}
        | notice
        for issue, kind, notice in ((text, "noticed", hidden), ("Old list.", "declared", own))
    ]
    for folder in folders:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        (folder / "summary.json").write_text(json.dumps(summary | {"known_issues": issues}), encoding="utf-8")
    assert call(*folders, "--language", "fr", "--to", tmp_path / "out").exit_code == 0
    noticed, stated = data_of(tmp_path / "out" / "compare.html")["known_issues"]
    assert noticed["said"]["fr"].replace("\u00a0", " ") == "feuilles masquées non lues : 'draft' (1 en tout)"
    assert noticed["said"]["zh"] == "隐藏的工作表未读：'draft'（共1个）"  # noqa: RUF001 - Chinese writes them wide
    assert (stated["issue"], stated["said"], stated["is_notice"]) == ("Old list.", {}, False)
    assert stated["effect"]["zh"] == "涉及人口"


def test_the_page_calls_each_run_by_its_scenario_else_by_its_study(kept, tmp_path):
    laid = {"scenario": {"name": "bridge", "title": {"en": "A bridge"}}}
    runs = [finished(tmp_path / "one", AFTER), finished(tmp_path / "two", AFTER, **laid)]
    for folder in runs:
        told_of = json.loads((folder / "summary.json").read_text()) | {"study": {"title": {"en": "Valley"}}}
        (folder / "summary.json").write_text(json.dumps(told_of))
    told(*runs, tmp_path / "out")
    page = data_of(tmp_path / "out" / "compare.html")
    assert [run["title"] for run in page["runs"]] == [{"en": "Valley"}, {"en": "A bridge"}]


def test_the_page_calls_norms_of_the_register_by_their_titles(kept, tmp_path):
    ids = ("GL-SURG-2H", "GL-EMOC-2H")
    runs = [finished(tmp_path / name, AFTER, norms=dict.fromkeys(ids, (120.0, 240.0))) for name in ("one", "two")]
    counted = {"metric": "time_min", "unit": "min", "mode": "any", "direction": "max", "threshold": 120.0}
    asked = [{"norm_id": ids[0], "stat_unit": "population"}, {"norm_id": ids[1], "stat_unit": "women_15_49"}]
    for folder in runs:
        (folder / "summary.json").write_text(json.dumps({"norms": [counted | norm for norm in asked]}))
    told(*runs, tmp_path / "out")
    norms = data_of(tmp_path / "out" / "compare.html")["norms"]
    assert [norms[name]["titles"]["en"] for name in ids] == [
        "Hospital with basic surgery within 2 hours", "Emergency obstetric care within 2 hours"
    ]  # fmt: skip
    assert norms[ids[1]]["stat_unit"] == "women_15_49"


def test_three_runs_give_a_trajectory(folders, tmp_path):
    third = finished(tmp_path / "y3", BEFORE, as_of="2028-01-01")
    assert len(sp.trajectory([sp.read_results(folder) for folder in (*folders, third)])) == 3 * (1 + 2 + 3)


def test_folders_of_one_name_are_told_apart(folders, tmp_path):
    (tmp_path / "other").mkdir()
    twin = finished(tmp_path / "other" / "y1", AFTER)
    found = sp.compare_runs(sp.read_results(folders[0]), sp.read_results(twin))
    assert (found.before, found.after) == ("y1 (1)", "y1 (2)")


def test_a_run_that_is_not_finished_is_refused(folders, tmp_path):
    (folders[1] / "towns.parquet").unlink()
    with pytest.raises(StoreError, match=r"y2: the run is not finished, it lacks towns; .*spatial run STUDY"):
        sp.compare_runs(*map(sp.read_results, folders))
    (folders[0] / "run.json").write_text('{"options": null}', encoding="utf-8")
    with pytest.raises(StoreError, match=r"options in run\.json"):
        sp.compare_runs(sp.read_results(folders[0]), sp.read_results(folders[0]))
    (folders[0] / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(StoreError, match="missing or damaged"):
        sp.compare_runs(sp.read_results(folders[0]), sp.read_results(folders[0]))
    assert isinstance(call(tmp_path / "nowhere", folders[1]).exception, StoreError)


def test_a_run_without_its_summary_is_refused(folders):
    (folders[1] / "summary.json").unlink()
    with pytest.raises(StoreError, match=r"no summary\.json"):
        sp.compare_runs(*map(sp.read_results, folders))


def test_one_folder_a_run_as_target_and_an_unknown_language_are_refused_before_any_run_is_read(folders, monkeypatch):
    monkeypatch.setattr("spatial.stages.compare.read_runs", None)
    assert "two or more" in call(folders[0]).output
    assert isinstance(call(*folders, "--to", folders[0]).exception, StoreError)
    assert "'xx' has no message file; there are en, " in str(call(*folders, "--language", "xx").exception)


def test_other_people_are_refused_from_the_options(folders, tmp_path):
    other = finished(tmp_path / "registered", AFTER, population={"basis": "registered"})
    with pytest.raises(ContractError, match="registered"):
        sp.compare_runs(sp.read_results(folders[0]), sp.read_results(other))


def test_options_that_differ_are_said(folders, tmp_path):
    other = finished(tmp_path / "faster", AFTER, network={"modes": ["drive"], "speeds": "fast"})
    found = sp.compare_runs(sp.read_results(folders[0]), sp.read_results(other))
    assert dict(found.notes)["options"] == "network.speeds"


def test_flows_of_which_only_totals_are_known_are_compared(tmp_path):
    outward = {"y1": 3.0, "y2": 1.0}
    runs = [
        finished(tmp_path / name, BEFORE, score=ScoreOptions(flow_totals=totals).model_dump(mode="json"))
        for name, totals in ((n, {"deposits": {"outward": out, "inward": 1.0}}) for n, out in outward.items())
    ]
    found = sp.compare_runs(*map(sp.read_results, runs))
    # balance: 2 * 1 / (3 + 1), then 2 * 1 / (1 + 1); what was seen is no rule that differs
    flow = found.components.set_index("component").loc["two_way_flow:deposits"]
    assert (flow["value_before"], flow["value_after"]) == (0.5, 1.0)
    assert "rules" not in dict(found.notes)


def told(folder, other, to=None):
    """Compare two folders by the command and give what it says."""
    done = call(folder, other, *(["--to", to] if to else []))
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize(("clinic", "reason"), [((20.0, 60.0), "other_threshold"), ((30.0, 90.0), "other_fail_point")])
def test_norms_and_goalposts_on_other_terms_are_left_out_by_name(folders, tmp_path, clinic, reason):
    other = finished(tmp_path / "other", BEFORE, norms={"CLINIC": clinic, "SCHOOL": NORMS["SCHOOL"]})
    text = told(folders[0], other, tmp_path / "out")
    assert "1 norm makes up access in both" in text
    assert "left out: CLINIC" in text
    norms = pd.read_parquet(tmp_path / "out" / "comparison_norms.parquet").set_index("norm_id")
    assert norms.loc["CLINIC", "reason"] == reason
    assert list(norms.index[norms["in_level"]]) == ["SCHOOL"]


@pytest.fixture
def scored(monkeypatch):
    return counted(monkeypatch)


def tables_of(folder):
    return {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES if name.startswith("comparison")}


def test_every_run_is_scored_once_however_many_are_compared(kept, folders, tmp_path, scored):
    assert json.loads((kept / "scored.json").read_text(encoding="utf-8")) == ["y1", "y2"]
    between = [finished(tmp_path / f"between{at}", AFTER) for at in range(2)]
    done = call(folders[0], *between, folders[1], "--to", tmp_path / "all")
    assert done.exit_code == 0, done.output
    assert sorted(scored) == sorted(["y1", "y2", *(folder.name for folder in between)])
    for name, table in tables_of(kept / "ends").items():
        pd.testing.assert_frame_equal(tables_of(tmp_path / "all")[name], table)


def test_a_run_between_that_shares_less_narrows_the_row_of_dates_alone(kept, folders, tmp_path, scored):
    middle = finished(tmp_path / "middle", BEFORE, norms={"CLINIC": (20.0, 60.0), "SCHOOL": NORMS["SCHOOL"]})
    assert call(folders[0], middle, folders[1], "--to", tmp_path / "all").exit_code == 0
    # All three on the norm that they share, then the first and the last on both of theirs.
    assert scored == ["y1", "middle", "y2", "y1", "y2"]
    norms = tables_of(tmp_path / "all")["comparison_norms"]
    assert norms.loc[norms["in_level"], "norm_id"].tolist() == ["CLINIC", "SCHOOL"]
    for name, table in tables_of(kept / "ends").items():
        pd.testing.assert_frame_equal(tables_of(tmp_path / "all")[name], table)


@pytest.fixture(scope="module")
def apart(kept, tmp_path_factory):
    """What the command made of two runs without a norm in common, and in `said.txt` what it said."""
    root = tmp_path_factory.mktemp("apart")
    other = finished(root / "other", AFTER, norms={"BANK": (30.0, 60.0), "MARKET": (15.0, 45.0)})
    said = told(kept / "y1", other, root / "out")
    (root / "out" / "said.txt").write_text(said, encoding="utf-8")
    return root / "out"


def test_runs_without_a_norm_in_common_share_no_level_from_norms(apart):
    text = (apart / "said.txt").read_text(encoding="utf-8")
    assert "0 norms make up access in both" in text
    assert "left out: BANK, CLINIC, MARKET, SCHOOL" in text
    assert "cannot be told 700 (3 places)" in text
    assert "Integration level: not compared. The runs share no norm of access" in text
    assert "Townships: the level" not in text


def test_without_a_norm_in_common_roads_alone_make_no_level(apart):
    units, parts, followed = (
        pd.read_parquet(apart / f"{name}.parquet") for name in ("comparison", "comparison_components", "trajectory")
    )
    assert units[["level_before", "level_after", "ln_change"]].isna().all(axis=None)
    assert parts["contribution"].isna().all()
    assert parts.loc[parts["component"] == "all_season_connection", "value_before"].notna().any()
    assert followed["integration_level"].isna().all()
    page = data_of(apart / "compare.html")
    assert page["shared"] == 0
    assert page["whole"]["level"] == [None, None]
    assert "no norm of access" in page["messages"]["en"]["compare.answer_no_norms"]


def test_targets_and_weights_that_differ_give_way_to_the_packages_own_and_are_said(folders, tmp_path):
    score = ScoreOptions(targets={"gap_ratio": 0.5}, weights={"order": 3.0}).model_dump(mode="json")
    text = told(folders[0], finished(tmp_path / "other", AFTER, score=score))
    assert "the package's own are used: score.targets, score.weights" in text


def test_dates_the_wrong_way_round_are_said(folders):
    text = told(*reversed(folders))
    assert "A later run judges an earlier date: y1 2026-01-01 < y2 2027-01-01." in text
    assert "lost 100 (1 place)" in text


def test_places_that_one_run_has_alone_are_counted_with_their_people(kept, folders, tmp_path):
    # y1 has a (400), b (100) and c (200); the other a, b and d (300).
    minutes = {"a": (10.0, 10.0), "b": (45.0, 15.0), "d": (5.0, 5.0)}
    text = told(folders[0], finished(tmp_path / "other", minutes))
    assert "Places: 2 in both runs; only in y1 1 with 200 people, only in other 1 with 300 people." in text
    assert "Places: all 3 are in both runs." in (kept / "said.txt").read_text(encoding="utf-8")


def test_places_with_no_id_in_common_are_refused_on_the_command_line(folders, tmp_path):
    renamed = finished(tmp_path / "other", {"x": (1.0, 1.0)}, places={"x": ("t1", "urban", 1.0)})
    done = call(folders[0], renamed)
    assert isinstance(done.exception, ContractError)
    assert done.exception.exit_code == 3
    assert "none in common; compare runs of one county, with the same codes" in str(done.exception)


def test_another_coordinate_system_is_lined_up_and_said_but_other_places_are_refused(folders, tmp_path):
    zone = finished(tmp_path / "zone", AFTER, settlements=lambda table: table.to_crs("EPSG:32737"))
    text = told(folders[0], zone)
    assert "other coordinate systems: y1 WGS 84 / UTM zone 38S, zone WGS 84 / UTM zone 37S" in text
    assert "more than 1 km apart" not in text
    assert "gained 100 (1 place)" in text
    away = finished(tmp_path / "away", AFTER, settlements=lambda table: table.set_geometry(table.translate(2000.0)))
    done = call(folders[0], away)
    assert isinstance(done.exception, ContractError)
    assert "3 of 3 places of away lie more than 1000 m" in str(done.exception)


def test_the_page_speaks_every_language_and_opens_in_the_one_asked(kept, folders, tmp_path):
    call(*folders, "--language", "zh", "--to", tmp_path / "zh")
    pages = [data_of(folder / "compare.html") for folder in (kept / "ends", tmp_path / "zh")]
    assert [page["language"] for page in pages] == ["en", "zh"]
    for page in pages:
        assert set(page["messages"]) == set(page["lines"]) == set(languages())
        assert page["study"]["status"] == "draft"


def test_a_comparison_is_written_whole_or_not_at_all(kept, folders, tmp_path):
    shutil.copytree(kept / "ends", tmp_path / "out")
    there = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    found = sp.compare_runs(*map(sp.read_results, reversed(folders)))
    broken = found.tables | {"trajectory": pd.DataFrame({"unit_level": ["street"]})}
    for folder in (tmp_path / "out", tmp_path / "new"):
        with pytest.raises(ContractError, match="trajectory"):
            write_comparison(broken, folder, page=b"page")
    assert {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()} == there
    assert not (tmp_path / "new").exists()


def test_a_folder_in_the_way_of_a_table_leaves_the_others_as_they_were(folders, tmp_path):
    to = tmp_path / "out"
    (to / "trajectory.csv").mkdir(parents=True)
    done = call(*folders, "--to", to)
    assert isinstance(done.exception, StoreError)
    assert "a folder stands where 'trajectory.csv'" in str(done.exception)
    assert [file.name for file in to.iterdir()] == ["trajectory.csv"]
    (to / "trajectory.csv").rmdir()
    (to / "mine.txt").write_text("kept")
    told(*folders, to)
    assert (to / "mine.txt").read_text() == "kept"


def test_a_page_knows_every_date_of_three_runs_and_every_place_of_two(folders, tmp_path):
    minutes = {"a": (10.0, 10.0), "b": (45.0, 15.0), "d": (5.0, 5.0)}
    third = finished(tmp_path / "y3", minutes, as_of="2028-01-01")
    done = call(*folders, third, "--language", "fr", "--to", tmp_path / "out")
    assert done.exit_code == 0, done.output
    # Three settlements: no level is shown at any date, and one sentence says why.
    assert "Aucun niveau d\u2019intégration n\u2019est indiqué" in done.output
    assert "y2 (2027-01-01)" in done.output
    page = data_of(tmp_path / "out" / "compare.html")
    assert [entry["run"] for entry in page["dates"]] == ["y1", "y2", "y3"]
    assert page["places"]["id"]["n"] == 4
    assert page["matched"] == {"both": [2.0, 500.0], "gone": [1.0, 200.0], "new": [1.0, 300.0]}


def test_no_csv_of_a_comparison_runs_a_name_as_a_formula(tmp_path):
    names = ["=HYPERLINK(1)", "+1+2", "-3-4", "@SUM(A1)", "\tx", "North"]
    table = pd.DataFrame({"name": pd.Series(names, dtype="str"), "change": [-1.5, 2.0, 0.0, 1.0, -2.0, 3.0]})
    write_comparison({"own": table}, tmp_path)
    read = pd.read_csv(tmp_path / "own.csv")
    assert read["name"].tolist() == [*(f"'{name}" for name in names[:-1]), "North"]
    assert read["change"].tolist() == table["change"].tolist()  # a negative number is no formula
    assert pd.read_parquet(tmp_path / "own.parquet")["name"].tolist() == names
