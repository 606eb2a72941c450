"""What users draw in QGIS: read from a copy, never written, faults by feature, corrections of facilities."""

from __future__ import annotations

import errno
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely

from spatial.errors import ContractError, SourceError
from spatial.inputs.edits import apply_corrections, empty_edits, read_edits, read_field_checks
from spatial.results import read_results
from spatial.runs import scenario_study, with_own_edits
from spatial.stages.explain import explain_settlement
from spatial.study import Study
from spatial.study.edits import EDIT_LAYERS, SCENARIO, is_drawn_in
from spatial.tables import TABLES

SERVICES = {"primary_care", "hospital"}
HERE = shapely.Point(104.0, 30.0)


def draw(path, layer, *shapes, edit_id="e1", is_used=True, **facts):
    columns = {name: [value] * len(shapes) for name, value in facts.items()}
    ids = [edit_id + ("" if number == 0 else str(number)) for number in range(len(shapes))]
    frame = gpd.GeoDataFrame({**columns, "edit_id": ids, "is_used": is_used}, geometry=list(shapes), crs="EPSG:4326")
    pyogrio.write_dataframe(frame, path, layer=layer, driver="GPKG", append=True)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tiny-edits.gpkg"
    path.write_bytes(empty_edits())
    return path


def test_the_empty_file_has_every_layer_with_its_columns_and_nothing_drawn(file):
    assert dict(pyogrio.list_layers(file)) == {layer.name: layer.geometry for layer in EDIT_LAYERS}
    for layer in EDIT_LAYERS:
        fields = set(pyogrio.read_info(file, layer=layer.name)["fields"])
        assert fields == {field.name for field in layer.columns}
    assert not is_drawn_in(file)
    assert read_edits(file, SERVICES) == {}


def test_what_is_drawn_is_read_the_same_whatever_its_order_and_what_is_not_used_is_left_out(file):
    draw(file, "candidate_sites", HERE, edit_id="b", service="hospital")
    draw(file, "candidate_sites", shapely.Point(104.1, 30.0), edit_id="a", service="primary_care", capacity=3.0)
    draw(file, "candidate_sites", HERE, edit_id="c", service="hospital", is_used=False)
    assert is_drawn_in(file)
    first = read_edits(file, SERVICES)["candidate_sites"]
    features = json.loads(first)["features"]
    assert [one["properties"]["facility_id"] for one in features] == ["a", "b"]
    assert "capacity" not in features[1]["properties"]  # what is not known is not 0
    again = file.with_name("again.gpkg")
    again.write_bytes(empty_edits())
    draw(again, "candidate_sites", shapely.Point(104.1, 30.0), edit_id="a", service="primary_care", capacity=3.0)
    draw(again, "candidate_sites", HERE, edit_id="b", service="hospital")
    assert read_edits(again, SERVICES)["candidate_sites"] == first


def test_faults_are_named_all_at_once_by_layer_and_feature(file):
    bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    draw(file, "candidate_sites", HERE, service="clinc")
    draw(file, "new_roads", shapely.LineString([HERE, HERE]), road_class="tertiary")
    draw(file, "constraints", bow, kind="hazard", effect="exclude")
    draw(file, "corrections", HERE, facility_id="f1")
    draw(file, "field_checks", HERE, HERE, found="as_mapped", observed_min=-1.0)
    before = file.read_bytes()
    with pytest.raises(ContractError) as caught:
        read_edits(file, SERVICES)
    assert file.read_bytes() == before
    told = str(caught.value)
    for part in (
        "candidate_sites, feature 1: service is 'clinc'; there are hospital, primary_care",
        "new_roads, feature 1: its outline crosses itself or has no length",
        "constraints, feature 1: its outline crosses itself",
        "corrections, feature 1: correction is missing",
        "field_checks, feature 2: observed_min is -1.0; it must be a number from 0 to ",
    ):
        assert part in told


def test_a_file_that_is_locked_and_half_written_is_read_as_it_was_before(file):
    draw(file, "closures", HERE, reason="flood")
    calm = read_edits(file, SERVICES)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")  # as QGIS opens it
        other.execute("BEGIN EXCLUSIVE")
        other.execute("DELETE FROM field_checks")
        assert is_drawn_in(file)
        assert read_edits(file, SERVICES) == calm
        other.execute("ROLLBACK")


def test_what_is_no_geopackage_is_named_and_left_alone(tmp_path):
    path = tmp_path / "tiny-edits.gpkg"
    path.write_text("not one")
    with pytest.raises(SourceError, match="left as it is"):
        read_edits(path, SERVICES)
    assert path.read_text() == "not one"


def test_where_there_is_no_room_for_a_copy_the_file_is_not_to_blame(file, monkeypatch):
    def full(_path, _content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left") as caught:
        read_edits(file, SERVICES)
    assert not isinstance(caught.value, SourceError)


def test_an_absent_file_and_an_untouched_one_give_the_same_study_and_drawn_features_a_scenario(tiny):
    study = Study.from_toml(tiny.save(), raw=tiny.raw)
    folder = tiny.processed / "tiny"
    absent = with_own_edits(study, folder)
    assert not (tiny.folder / "tiny-edits.gpkg").exists()
    made = with_own_edits(study, folder, makes_file=True)
    untouched = with_own_edits(study, folder)
    assert absent == made == untouched
    assert absent.qgis.edits == "../../tiny-edits.gpkg"
    assert not folder.exists()
    draw(tiny.folder / "tiny-edits.gpkg", "candidate_sites", HERE, service="hospital")
    square = HERE.buffer(0.01)
    draw(tiny.folder / "tiny-edits.gpkg", "constraints", square, kind="hazard", effect="flag")
    draw(tiny.folder / "tiny-edits.gpkg", "field_checks", HERE, found="as_mapped")
    drawn = with_own_edits(study, folder)
    assert [item.name for item in drawn.scenarios] == [SCENARIO]
    assert drawn.planning.candidates[-1] == "list"
    assert len(drawn.planning.constraints) == 1
    assert drawn.corrections is None
    # So commands that run, explain or share it find it by its name.
    assert scenario_study(study, SCENARIO, tiny.processed).name == f"tiny--{SCENARIO}"
    off = study.model_copy(update={"qgis": study.qgis.model_copy(update={"edits": ""})})
    assert with_own_edits(off, folder) == off


def facilities():
    return gpd.GeoDataFrame(
        {"facility_id": ["f1", "f2", "f3"], "service": "hospital", "name": ["A", "B", "C"], "capacity": [1.0, 2.0, 3.0],
         "status": "existing"},
        geometry=gpd.points_from_xy([0.0, 100.0, 200.0], [0.0, 0.0, 0.0], crs="EPSG:32648"),
    ).astype({"service": "str", "status": "str"})  # fmt: skip


def corrected(file, tmp_path):
    path = tmp_path / "corrections.geojson"
    path.write_bytes(read_edits(file, SERVICES)["corrections"])
    return apply_corrections(facilities(), path)


def test_corrections_close_move_resize_and_add_facilities_and_leave_the_others(file, tmp_path):
    draw(file, "corrections", HERE, edit_id="x", correction="closed", facility_id="f1")
    draw(file, "corrections", HERE, edit_id="y", correction="capacity", facility_id="f2", capacity=9.0)
    draw(file, "corrections", HERE, edit_id="z", correction="missing", service="primary_care", name="D")
    found = corrected(file, tmp_path).set_index("facility_id")
    assert found["status"].to_dict() == {"f1": "closed", "f2": "existing", "f3": "existing", "z": "existing"}
    assert found["capacity"].to_dict() == pytest.approx(
        {"f1": 1.0, "f2": 9.0, "f3": 3.0, "z": float("nan")}, nan_ok=True
    )
    assert found.geometry["f3"].equals(shapely.Point(200.0, 0.0))
    back = found.geometry.to_crs("EPSG:4326")["z"]
    assert (back.x, back.y) == pytest.approx((104.0, 30.0))


def test_confirmed_checks_of_facilities_are_corrections_and_others_are_none(file):
    draw(file, "corrections", HERE, edit_id="own", correction="capacity", facility_id="c", capacity=3.0)
    draw(file, "field_checks", HERE, edit_id="a", found="not_there", facility_id="f", is_confirmed=True)
    draw(file, "field_checks", HERE, edit_id="b", found="moved", facility_id="g", is_confirmed=True)
    draw(file, "field_checks", HERE, edit_id="d", found="not_there", facility_id="h", is_confirmed=False)
    draw(file, "field_checks", HERE, edit_id="e", found="as_mapped", facility_id="i", is_confirmed=True)
    told = [one["properties"] for one in json.loads(read_edits(file, SERVICES)["corrections"])["features"]]
    found = [(one["edit_id"], one["correction"], one["facility_id"]) for one in told]
    assert found == [("own", "capacity", "c"), ("check:a", "closed", "f"), ("check:b", "moved", "g")]
    draw(file, "field_checks", HERE, edit_id="j", found="moved", is_confirmed=True)
    with pytest.raises(ContractError, match="is confirmed, and names no facility_id"):
        read_edits(file, SERVICES)


def test_checks_are_listed_with_what_they_are_of_those_first_that_nobody_confirmed(file, tmp_path):
    draw(file, "field_checks", HERE, edit_id="a", found="as_mapped", facility_id="f1", is_confirmed=True)
    draw(file, "field_checks", HERE, edit_id="b", found="not_there", facility_id="f1", is_confirmed=False)
    draw(
        file, "field_checks", shapely.Point(104.5, 30.0), edit_id="c", found="otherwise", subject="桥", observed_min=9.0
    )
    path = tmp_path / "field_checks.geojson"
    path.write_bytes(read_edits(file, SERVICES)["field_checks"])
    points = gpd.points_from_xy([104.0, 104.5], [30.0, 30.01], crs="EPSG:4326")
    homes = gpd.GeoDataFrame({"settlement_id": ["near", "far"]}, geometry=points).to_crs(32648)
    told = read_field_checks(path, facilities(), homes)
    TABLES["field_checks"].check(told)
    assert told["check_id"].tolist() == ["b", "c", "a"]
    assert told["is_confirmed"].tolist() == [False, False, True]
    assert told["name"].tolist() == ["A", "桥", "A"]
    assert told["settlement_id"].tolist() == ["near", "far", "near"]
    assert told["observed_min"].fillna(-1.0).tolist() == [-1.0, 9.0, -1.0]


def test_a_correction_of_a_facility_that_is_not_there_is_refused(file, tmp_path):
    draw(file, "corrections", HERE, edit_id="x", correction="moved", facility_id="f9")
    with pytest.raises(ContractError, match="correction x: no facility has the id 'f9'"):
        corrected(file, tmp_path)


def test_two_corrections_that_contradict_each_other_are_refused_and_what_is_said_twice_is_said_once(file, tmp_path):
    draw(file, "corrections", HERE, edit_id="a", correction="capacity", facility_id="f1", capacity=5.0)
    draw(file, "corrections", HERE, edit_id="b", correction="moved", facility_id="f2")
    for copy, at in (("c", HERE), ("d", shapely.Point(104.5, 30.0))):
        draw(file, "field_checks", at, edit_id=copy, found="moved", facility_id="f2", is_confirmed=True)
    draw(file, "corrections", HERE, edit_id="e", correction="capacity", facility_id="f1", capacity=6.0)
    with pytest.raises(ContractError) as caught:
        corrected(file, tmp_path)
    assert list(caught.value.problems) == [
        "correction b, check:d: each gives 'f2' another place; keep one",
        "correction a, e: each gives 'f1' another capacity; keep one",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "second", [{"correction": "moved"}, {"correction": "capacity", "capacity": 5.0}], ids=["moved", "capacity"]
)
def test_a_facility_that_is_closed_and_corrected_otherwise_is_refused(second, file, tmp_path):
    draw(file, "field_checks", HERE, edit_id="a", found="not_there", facility_id="f2", is_confirmed=True)
    draw(file, "corrections", HERE, edit_id="b", facility_id="f2", **second)
    with pytest.raises(ContractError, match="correction b, check:a: 'f2' is closed, and corrected otherwise too; keep"):
        corrected(file, tmp_path)


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"correction": "closed", "facility_id": "f9"}, "correction x: no facility has the id 'f9'"),
        ({"correction": "shut", "facility_id": "f2"}, "corrections, feature 1: correction is 'shut'"),
    ],
    ids=["of nothing", "of another word"],
)
def test_check_refuses_what_is_drawn_as_a_run_does_and_writes_nothing(facts, told, tiny, command):
    study_file = tiny.save()
    edits = study_file.with_name(f"{study_file.stem}-edits.gpkg")
    edits.write_bytes(empty_edits())
    draw(edits, "corrections", HERE, edit_id="x", **facts)
    before = sorted(tiny.folder.rglob("*"))
    outcome = command("check", study_file, "--raw", tiny.raw)
    assert outcome.code == 3
    assert told in outcome.err
    assert sorted(tiny.folder.rglob("*")) == before


def test_a_correction_that_is_said_twice_counts_once(file, tmp_path):
    for copy in "ab":
        draw(file, "corrections", HERE, edit_id=copy, correction="capacity", facility_id="f1", capacity=5.0)
        draw(file, "corrections", HERE, edit_id=f"{copy}2", correction="closed", facility_id="f2")
    found = corrected(file, tmp_path).set_index("facility_id")
    assert found["capacity"].tolist() == [5.0, 2.0, 3.0]
    assert found["status"].tolist() == ["existing", "closed", "existing"]


def test_a_correction_without_what_it_corrects_is_refused(file):
    draw(file, "corrections", HERE, edit_id="a", correction="capacity", facility_id="f1")
    draw(file, "corrections", HERE, edit_id="b", correction="missing", name="D")
    with pytest.raises(ContractError) as caught:
        read_edits(file, SERVICES)
    assert [problem.partition(": ")[2] for problem in caught.value.problems] == [
        "capacity is missing", "service is missing",
    ]  # fmt: skip


def test_three_runs_leave_the_users_file_as_it_is_and_read_what_is_drawn_in_it(tiny):
    path = tiny.folder / "tiny-edits.gpkg"
    assert tiny.run("--until", "read").code == 0
    draw(path, "corrections", HERE, correction="closed", facility_id="f1")
    before = path.read_bytes()
    for _ in range(3):
        assert tiny.run("--until", "read").code == 0
        assert path.read_bytes() == before
    found = gpd.read_parquet(tiny.processed / "tiny" / "facilities.parquet").set_index("facility_id")
    assert found.loc["f1", "status"] == "closed"
    record = (tiny.processed / "tiny" / "run.json").read_text(encoding="utf-8")
    assert json.loads(record)["options"]["corrections"]["path"].endswith("processed/tiny/edits/corrections.geojson")
    assert str(tiny.folder) not in record
    shutil.copyfile(path, tiny.folder / "kept.gpkg")
    path.unlink()
    assert tiny.run("--until", "read").code == 0
    found = gpd.read_parquet(tiny.processed / "tiny" / "facilities.parquet").set_index("facility_id")
    assert found.loc["f1", "status"] == "existing"


def test_what_is_drawn_is_explained_by_the_title_that_pages_give_it(tiny_done):
    study, folder = Study.from_toml(tiny_done.save(), raw=tiny_done.raw), tiny_done.processed / "tiny"
    # As in a run with one more facility of the users' own, which the study file does not name.
    rows = TABLES["scenario_access"].frame(
        [{"scenario": SCENARIO, "settlement_id": "s1", "service": "hospital", "mode": "drive", "before_min": 9.0,
          "after_min": 4.0, "difference_min": -5.0, "before_status": "reached", "after_status": "reached",
          "cutoff_min": 30.0, "within_before": True, "within_after": True, "class_change": "same",
          "population_persons": 1.0, "in_study": True}]
    )  # fmt: skip
    rows.to_parquet(folder / "scenario_access.parquet")
    told = {each: explain_settlement(study, read_results(folder), "s1", language=each) for each in ("en", "fr")}
    assert "what if, Your edits: 9.0 min become 4.0 min" in told["en"]
    assert "Vos modifications" in told["fr"]
