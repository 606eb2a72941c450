"""A whole run of a scenario: the same times as its table, a folder of its own, and what each mode makes of it."""

import hashlib
import zipfile

import numpy as np
import openpyxl
import pytest

import spatial as sp
from spatial.errors import StageError, StoreError, StudyError
from spatial.messages import Words, languages
from spatial.pipeline import SCENARIO_STAGES, STAGES
from spatial.reporting.wording import details_told
from spatial.runs import decisions
from spatial.study import planned_study
from tests.unit.scenario_files import line, write

pytestmark = pytest.mark.slow

TABLES_OF_SCENARIOS = {"scenario_access.parquet", "scenario_people.parquet"}


def flood_over(tiny, west, south, east, north):
    """An area between columns and rows."""
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    ring = [[tiny.west + tiny.step * x, tiny.south + tiny.step * y] for x, y in corners]
    return {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def scenarios_of(tiny):
    """One of each kind, one of all kinds, and one that changes nothing."""
    road = write(tiny, "new.geojson", line(tiny, (2, 2), (4, 0), road_class="trunk", speed_km_h=60))
    opens = write(tiny, "open.geojson", line(tiny, (4, 0), facility_id="n1", name="新院"))
    flood = write(tiny, "flood.geojson", flood_over(tiny, 2.2, 1.8, 2.8, 2.2))
    title = {"en": "The middle street is closed"}
    opened = {"path": opens, "service": "hospital"}
    changes = {
        "closed": {"close": ["w3"], "title": title},
        "piece": {"close": ["w3/2"]},
        "flood": {"close_file": flood},
        "faster": {"speed_factors": {"tertiary": 2.0}, "speeds_km_h": {"w1": 90}},
        "road": {"new_roads": road},
        "clinic": {"new_facilities": opened, "close_facilities": ["f1"]},
        "plan": {"close": ["w3"], "new_roads": road, "new_facilities": opened},
        "wet": {"season": "wet"},
        "lit": {"mode": "walk", "close": ["w4"], "speed_factors": {"tertiary": 1.5}},
        "nothing": {"speed_factors": {"tertiary": 1.0}},
    }
    return [{"name": name, "services": ["hospital", "primary_school"], **change} for name, change in changes.items()]


NAMES = ("closed", "piece", "flood", "faster", "road", "clinic", "plan", "wet", "lit", "nothing")


def study_of(tiny, **more):
    values = dict(tiny.tables[""])
    for name, keys in tiny.tables.items():
        if name:
            inner = values
            for part in name.split("."):
                inner = inner.setdefault(part, {})
            inner.update(keys)
    return sp.Study.from_dict({**values, **more}, raw=tiny.raw)


def hashes(folder, *suffixes):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.is_file() and path.suffix in suffixes
    }


class Ran:
    """The run of today and those of scenarios, by name."""

    def __init__(self, tiny):
        self.tiny, self.where = tiny, {"processed": tiny.processed, "maps": tiny.maps}
        tiny.tables["network"]["modes"] = ["drive", "walk", "walk+drive"]
        self.study = study_of(tiny, scenarios=scenarios_of(tiny), uncertainty={"wet": False})
        self.today = sp.run(self.study, until="sign_off", **self.where)
        self.before = hashes(self.today.folder, ".parquet", ".json", ".tif")
        self.of = {
            name: sp.run(
                self.study, scenario=name, until="sign_off" if name in {"plan", "nothing"} else "access", **self.where
            )
            for name in NAMES
        }


@pytest.fixture(scope="module")
def ran(tmp_path_factory, tiny_at):
    return Ran(tiny_at(tmp_path_factory.mktemp("planned")))


@pytest.mark.parametrize("name", NAMES)
def test_times_and_people_are_those_of_the_table_of_scenarios(ran, name):
    table = ran.today.scenario_access.query("scenario == @name")
    (mode,) = table["mode"].unique()
    assert mode == ("walk" if name == "lit" else "drive")
    found = ran.of[name].access.query("mode == @mode").set_index(["service", "settlement_id"])
    people = ran.today.scenario_people.query("scenario == @name")
    assert set(table["service"]) == {"hospital", "primary_school"}
    for service, rows in table.groupby("service"):
        run = found.loc[service]["travel_time_min"].reindex(rows["settlement_id"]).to_numpy()
        np.testing.assert_array_equal(run, rows["after_min"])
        for row in people[people["service"] == service].itertuples():
            counted = rows["population_persons"][rows["in_study"].to_numpy() & (run <= row.cutoff_min)].sum()
            assert counted == pytest.approx(row.within_after_persons, abs=1e-9)


def test_every_other_scenario_changes_a_time(ran):
    before = ran.today.access["travel_time_min"]
    for name in set(NAMES) - {"nothing", "wet"}:
        assert not ran.of[name].access["travel_time_min"].equals(before), name


def test_a_scenario_that_changes_nothing_is_the_run_of_today_in_every_byte(ran):
    today, same = (hashes(one.folder, ".parquet", ".tif") for one in (ran.today, ran.of["nothing"]))
    assert set(today) - set(same) == TABLES_OF_SCENARIOS
    assert same == {name: content for name, content in today.items() if name in same}
    assert len(same) > 30


def test_the_run_of_today_is_left_as_it_is(ran):
    assert hashes(ran.today.folder, ".parquet", ".json", ".tif") == ran.before


def test_people_stay_where_they_live(ran):
    for name in NAMES:
        assert ran.of[name].settlements.equals(ran.today.settlements), name


def test_closures_hold_on_foot_and_in_both_layers(ran):
    def closed(results, mode):
        edges = results.edges.query("mode == @mode")
        return set(edges.loc[edges["time_forward_min"].isna() & edges["time_backward_min"].isna(), "edge_id"])

    pieces = {f"w3/{number}" for number in range(4)}
    layers = {f"{layer}:{name}" for layer in ("walk", "drive") for name in pieces}
    for mode, ids in (("drive", pieces), ("walk", pieces), ("walk+drive", layers)):
        assert closed(ran.of["closed"], mode) == ids
        assert closed(ran.today, mode) == set()
    # The piece between columns 2 and 3 is the third of the street, and the only one that the flood touches.
    for name in ("piece", "flood"):
        assert closed(ran.of[name], "walk") == {"w3/2"}
        assert closed(ran.of[name], "walk+drive") == {"walk:w3/2", "drive:w3/2"}


def test_speeds_are_those_of_motor_vehicles(ran):
    def speed(results, mode, edge):
        edges = results.edges.query("mode == @mode").set_index("edge_id")
        return edges.loc[edge, "speed_km_h"]

    faster, today = ran.of["faster"], ran.today
    assert speed(faster, "drive", "w1/0") == 90.0
    assert speed(faster, "walk+drive", "drive:w1/0") == 90.0
    assert speed(faster, "walk+drive", "drive:w2/0") == 2.0 * speed(today, "drive", "w2/0")
    for mode, edge in (("walk", "w1/0"), ("walk+drive", "walk:w1/0")):
        assert speed(faster, mode, edge) == speed(today, mode, edge)
    found = faster.findings_network.query("kind == 'scenario_left_out'")
    assert found["subject_id"].tolist() == ["walk"]
    assert found["detail"].tolist() == ["speeds: they hold for motor vehicles, not on foot"]
    assert details_told(found, Words("zh")) == ["速度：只适用于机动车，不适用于步行"]  # noqa: RUF001 - Chinese


def test_what_is_told_of_walkers_closes_the_road_to_all_and_speeds_up_nobody_else(ran):
    lit, today = (one.edges.set_index(["mode", "edge_id"]) for one in (ran.of["lit"], ran.today))
    assert lit.loc[("drive", "w4/0"), ["time_forward_min", "time_backward_min"]].isna().all()
    assert lit.loc[("walk", "w1/0"), "speed_km_h"] == 1.5 * today.loc[("walk", "w1/0"), "speed_km_h"]
    assert lit.loc[("drive", "w1/0"), "speed_km_h"] == today.loc[("drive", "w1/0"), "speed_km_h"]
    left = ran.of["lit"].findings_network.query("kind == 'scenario_left_out'")
    assert set(left["subject_id"]) == {"drive", "walk+drive"}


def test_a_new_road_is_there_for_walkers_at_their_own_pace(ran):
    edges = ran.of["road"].edges
    new = edges.loc[edges["road_id"].str.startswith("new")]
    speeds = new.groupby("mode")["speed_km_h"].first()
    assert speeds["drive"] == 60.0
    assert speeds["walk"] < 8.0
    assert (ran.of["road"].roads["road_class"] == "trunk").sum() == 1
    assert len(ran.of["road"].roads) == len(ran.today.roads) + 1


def test_a_closed_road_leaves_the_table_of_roads_and_a_closed_piece_does_not(ran):
    today = set(ran.today.roads["road_id"])
    assert set(ran.of["closed"].roads["road_id"]) == today - {"w3"}
    assert set(ran.of["piece"].roads["road_id"]) == today


def test_new_facilities_have_their_township_and_are_counted(ran):
    facilities = ran.of["clinic"].facilities.set_index("facility_id")
    assert facilities.index.tolist() == ["f2", "f3", "f4", "n1"]
    assert facilities.loc["n1", ["township_id", "service", "status"]].tolist() == ["b2", "hospital", "existing"]
    assert facilities.loc["n1", "in_study"]
    counts = ran.of["clinic"].counts.query("source == 'study'").set_index("item")["number"]
    assert counts["facilities"] == 4
    assert counts["service=hospital"] == 1
    closed = ran.of["clinic"].counts.query("item == 'closed service=hospital'")
    assert closed["number"].tolist() == [1.0]
    assert counts["opened service=hospital"] == 1
    assert set(ran.of["clinic"].provenance["path"]) - set(ran.today.provenance["path"]) == {"tiny/open.geojson"}


def test_a_scenario_in_a_season_is_a_study_in_that_season(ran):
    assert ran.of["wet"].record["options"]["network"]["season"] == "wet"
    assert ran.today.record["options"]["network"]["season"] == "dry"


def test_the_record_names_the_scenario_and_the_run_below_it(ran):
    record = ran.of["plan"].record
    assert (record["study"], record["base"]["run"]) == ("tiny--plan", "tiny")
    assert set(record["base"]["stages"]) == {"read", "network", "population"}
    assert record["options"]["scenario"]["close"] == ["w3"]
    assert "scenario" in record["stages"]
    assert "network" not in record["stages"]


def test_both_runs_compare(ran):
    changed = sp.compare_runs(ran.today, ran.of["plan"])
    assert len(changed.units)
    lost = sp.compare_runs(ran.of["nothing"], ran.today)
    assert set(lost.people["change"]) <= {"within", "beyond", "same", "unknown"}


def test_pages_workbook_and_project_say_the_scenario(bare):
    study = study_of(bare, scenarios=scenarios_of(bare)[:1])
    where = {"processed": bare.processed, "maps": bare.maps}
    results = sp.run(study, scenario="closed", **where)
    said = "Scenario: The middle street is closed \N{EN DASH} Tiny valley"
    pages = sorted((bare.maps / "tiny--closed").glob("*.html"))
    assert len(pages) > 5
    for page in pages:
        assert said in page.read_text(encoding="utf-8"), page.name
    for sheet in openpyxl.load_workbook(results.folder / "results.xlsx"):
        assert any(said in str(cell) for row in sheet.iter_rows(max_row=5, values_only=True) for cell in row)
    with zipfile.ZipFile(results.folder / "tiny--closed.qgz") as project:
        (name,) = [one for one in project.namelist() if one.endswith(".qgs")]
        assert said in project.read(name).decode()
    told = results.summary["study"]
    assert (told["name"], told["title"]["en"]) == ("tiny--closed", said)
    assert told["note"]["en"].startswith("Scenario closed of the study tiny:")
    assert told["title"]["zh"].startswith("情景")
    assert told["title"]["zh"].endswith("小山谷")
    # Without a run of today, what a scenario is laid on was made, and nothing after it.
    today = bare.processed / "tiny"
    assert (today / "population.manifest.json").is_file()
    assert not (today / "access.manifest.json").exists()
    assert not (bare.maps / "tiny").exists()


def test_unknown_scenarios_name_those_that_there_are(bare):
    study = study_of(bare, scenarios=scenarios_of(bare)[:2])
    with pytest.raises(StudyError, match=r"no scenario 'plain'; it has closed, piece"):
        sp.run(study, scenario="plain", processed=bare.processed, maps=bare.maps)
    with pytest.raises(StudyError, match=r"no scenario 'plan'; it has none; write it under \[\[scenarios\]\]"):
        sp.run(study_of(bare), scenario="plan", processed=bare.processed, maps=bare.maps)
    assert bare.written() == []


def test_unknown_roads_and_facilities_of_the_scenario_are_named(tiny):
    wrong = {"name": "wrong", "close": ["w99"], "close_facilities": ["f9"]}
    with pytest.raises(StageError) as error:
        sp.run(study_of(tiny, scenarios=[wrong]), scenario="wrong", processed=tiny.processed, maps=tiny.maps)
    assert "scenarios.wrong.close: no edge or road 'w99'" in str(error.value)
    assert "scenarios.wrong.close_facilities: no facility 'f9'" in str(error.value)


def test_folders_of_other_runs_are_refused(tiny):
    where = {"processed": tiny.processed, "maps": tiny.maps, "until": "population"}
    laid = {"processed": tiny.processed, "maps": tiny.maps, "until": "scenario"}
    items = [{"name": "closed", "close": ["w3"]}, {"name": "b--closed", "close": ["w3"]}]
    sp.run(study_of(tiny, scenarios=items), scenario="closed", **laid)
    tiny.tables[""]["name"] = "tiny--closed"
    with pytest.raises(StoreError, match="holds the run of the scenario closed of the study tiny, not of the"):
        sp.run(study_of(tiny), **where)
    tiny.tables[""]["name"] = "a--b"
    sp.run(study_of(tiny, scenarios=items), scenario="closed", **laid)
    tiny.tables[""]["name"] = "a"
    with pytest.raises(StoreError, match="scenario closed of the study a--b, not of the scenario b--closed of"):
        sp.run(study_of(tiny, scenarios=items), scenario="b--closed", **laid)
    tiny.tables[""]["name"] = "c--closed"
    sp.run(study_of(tiny), **where)
    tiny.tables[""]["name"] = "c"
    with pytest.raises(StoreError, match="holds the run of a study of that name, not of the scenario closed"):
        sp.run(study_of(tiny, scenarios=items), scenario="closed", **laid)


def test_a_finished_run_that_is_out_of_date_is_not_touched(tiny):
    where = {"processed": tiny.processed, "maps": tiny.maps}
    items = [{"name": "closed", "close": ["w3"]}]
    today = sp.run(study_of(tiny, scenarios=items), until="access", **where)
    before = hashes(today.folder, ".parquet", ".json")
    tiny.write("settlements.csv", tiny.csv(changed={"s8": f"s8,下村,village,{tiny.at(4, 0)},11"}))
    with pytest.raises(StoreError, match=r"not up to date \(read: .*run it without --scenario first"):
        sp.run(study_of(tiny, scenarios=items), scenario="closed", **where)
    assert hashes(today.folder, ".parquet", ".json") == before


def test_a_scenario_runs_again_where_it_changed_itself_and_for_no_other(tiny):
    where = {"processed": tiny.processed, "maps": tiny.maps}
    path = write(tiny, "new.geojson", line(tiny, (2, 2), (4, 0), road_class="trunk", speed_km_h=60))
    items = [{"name": "road", "new_roads": path}, {"name": "other", "close": ["w3"]}]
    sp.run(study_of(tiny, scenarios=items), scenario="road", until="access", **where)

    def waiting(*scenarios):
        told = decisions(study_of(tiny, scenarios=list(scenarios)), scenario="road", **where)
        return {one.stage for one in told if one.runs} & {"read", "population", "scenario", "access"}

    assert waiting(*items) == set()
    assert waiting(items[0], {"name": "other", "close": ["w4"]}, {"name": "third", "close": ["w1"]}) == set()
    assert waiting({**items[0], "close": ["w3"]}, items[1]) == {"scenario", "access"}
    write(tiny, "new.geojson", line(tiny, (2, 2), (4, 0), road_class="trunk", speed_km_h=80))
    assert waiting(*items) == {"scenario", "access"}


def test_commands_know_the_scenario(bare, command, tiny_run, go_on_from):
    bare.tables["scenarios"] = {"name": "closed", "close": ["w3"]}
    file = bare.save()
    told = command("status", file, *bare.folders(), "--scenario", "closed").out.splitlines()
    first = [stage.name for stage in STAGES[:4]]
    assert [row.split()[1] for row in told] == [*first, *(stage.name for stage in SCENARIO_STAGES)]
    assert {row.split()[0] for row in told} == {"run"}
    go_on_from(tiny_run, bare.folder)
    assert command("run", file, *bare.folders(), "--stage", "gaps").code == 0
    done = command("run", file, *bare.folders(), "--stage", "gaps", "--scenario", "closed")
    assert done.code == 0
    assert "scenario closed of the study tiny" in done.out
    assert f"spatial compare {bare.processed / 'tiny'} {bare.processed / 'tiny--closed'}" in done.out
    told = command("status", file, *bare.folders(), "--scenario", "closed").out.splitlines()
    assert {row.split()[1] for row in told if row.startswith("run")} == {"sign_off", "workbook", "maps", "qgis"}
    wrong = command("run", file, *bare.folders(), "--scenario", "open")
    assert wrong.code == 2
    assert "no scenario 'open'; it has closed" in wrong.err
    ground = ["--raw", bare.raw, "--processed", bare.processed]
    now, then = (command("explain", file, "s3", *ground, *more, "-v").out for more in ((), ("--scenario", "closed")))
    assert now
    assert then
    assert now != then


def test_title_and_note_are_there_in_every_language_and_the_own_note_stays(tiny):
    tiny.tables["note"] = {"en": "Made up."}
    planned = planned_study(study_of(tiny, scenarios=scenarios_of(tiny)), "road")
    assert planned.title["fr"] == "Scénario\N{NO-BREAK SPACE}: road \N{EN DASH} Tiny valley"
    assert set(planned.title) == set(planned.note) == set(languages())
    assert planned.note["en"].endswith("people as they live today. Made up.")
    assert planned.scenarios == ()
