"""Lines of buses that a study names: in the times, the norms and the explanation; and a timetable that is met."""

import zipfile
from types import SimpleNamespace

import pytest

import spatial as sp
from spatial.errors import SourceError, StudyError
from spatial.network.nearest import nearest
from spatial.network.snapping import snap
from spatial.stages.network import Ground, network_of
from spatial.study.access import NetworkOptions, full_mode

# From 下村 by 东坡 to 石桥, every 20 minutes, 4 and 6 minutes a ride; it does not come back.
LINE = """
[[network.bus]]
line = "1"
stops = ["下村", [104.04, 30.02], "s1"]
headway_min = 20
ride_min = [4, 6]
both_ways = false
"""
NORM = """
[[norms.add]]
id = "{id}"
service = "hospital"
mode = "{mode}"
threshold = 21
"""
TIMETABLE = ("agency.txt", "stops.txt", "routes.txt", "trips.txt", "stop_times.txt", "calendar.txt")


def with_bus(tiny, more=LINE):
    tiny.tables["network"] = {"speeds": "rural_cn", "modes": ["bus", "walk"]}
    tiny.tables["norms"] = {"only": ["BY-BUS", "ON-FOOT"]}
    text = tiny.save().read_text(encoding="utf-8")
    added = NORM.format(id="BY-BUS", mode="bus") + NORM.format(id="ON-FOOT", mode="walk")
    tiny.file.write_text(text + added + more, encoding="utf-8")
    return sp.Study.from_toml(tiny.file, raw=tiny.raw)


@pytest.mark.slow
def test_a_line_of_the_study_is_in_times_norms_and_explanation(tiny_done, command):
    folders = {"processed": tiny_done.processed, "maps": tiny_done.maps}
    found = sp.run(with_bus(tiny_done), until="gaps", **folders)
    rows = found.access.loc[found.access["service"] == "hospital"]
    minutes = rows.pivot_table(index="settlement_id", columns="mode", values="travel_time_min")
    by_bus, on_foot = minutes["walk+bus"], minutes["walk"]
    # Half the headway and the rides: 10 + 4 + 6 from 下村, 10 + 6 from 东坡, where the second stop is.
    assert by_bus["s8"] == pytest.approx(20.0, abs=0.01)
    assert by_bus["s3"] == pytest.approx(16.0, abs=0.01)
    # Two blocks of 0.964 km on foot are 23 minutes; nobody walks longer for the bus than without it.
    assert on_foot["s3"] == pytest.approx(60 * 1.928 / 5, abs=0.2)
    assert (by_bus <= on_foot + 1e-9).all()
    results = found.norm_results.loc[found.norm_results["unit_level"] == "settlement"]
    met = results.pivot_table(index="unit_id", columns="norm_id", values="status", aggfunc="first")
    assert met.loc[["s3", "s8"], "BY-BUS"].tolist() == ["met", "met"]
    assert met.loc["s8", "ON-FOOT"] == "not_met"
    told = command("explain", tiny_done.file, "下村", *tiny_done.folders()[:4], "-v").out
    assert "Hospital by bus or on foot: 20 min" in told
    assert "of that 10 min waiting for the bus" in told
    # What fits a screen tells the ways by the first mode of the study, not of the alphabet.
    brief = command("explain", tiny_done.file, "下村", *tiny_done.folders()[:4]).out
    assert "Longest ways, by bus or on foot" in brief
    assert "Hospital by bus or on foot: 20 min" in brief


def test_a_stop_that_no_settlement_is_called_after_is_refused_by_its_line(tiny, command):
    with_bus(tiny, LINE.replace("下村", "无名村"))
    outcome = command("check", tiny.file, "--raw", tiny.raw)
    assert outcome.code != 0
    assert "network.bus.1.stops" in outcome.err
    assert "无名村" in outcome.err


def test_the_mode_bus_without_lines_says_what_is_possible(tiny):
    with pytest.raises(StudyError, match=r"timetables \(GTFS\) are not read.*\[\[network\.bus\]\].*headway_min"):
        with_bus(tiny, "")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ({"stops": ["a"], "headway_min": 20, "speed_km_h": 20}, "stops"),
        ({"stops": ["a", "b"], "headway_min": 0, "speed_km_h": 20}, "headway_min"),
        ({"stops": ["a", "b"], "headway_min": 20}, "either speed_km_h or ride_min"),
        ({"stops": ["a", "b"], "headway_min": 20, "speed_km_h": 20, "ride_min": [5]}, "either speed_km_h or ride_min"),
        ({"stops": ["a", "b"], "headway_min": 20, "ride_min": [5, 6]}, "2 numbers for 2 stops"),
        ({"stops": ["a", [181, 0]], "headway_min": 20, "speed_km_h": 20}, "stops"),
    ],
)
def test_a_faulty_line_is_refused_with_its_key(line, fault):
    with pytest.raises(sp.ContractError, match=fault):
        NetworkOptions(modes=["bus"], bus=[{"line": "1", **line}])


def test_lines_that_nobody_rides_and_lines_given_twice_are_refused():
    line = {"line": "1", "stops": ["a", "b"], "headway_min": 20, "speed_km_h": 20}
    with pytest.raises(sp.ContractError, match="add 'bus' to modes"):
        NetworkOptions(bus=[line])
    with pytest.raises(sp.ContractError, match="name each one once"):
        NetworkOptions(modes=["bus"], bus=[line, line])


@pytest.mark.parametrize("off_km", [0.0, 0.5])
def test_who_lives_where_a_bus_stops_walks_to_the_road_once(grid_city, off_km):
    # The village is nearer to a path that leads nowhere than to the street, which is off_km away.
    path = [(0.4, -off_km - 0.02), (0.6, -off_km - 0.02)]
    roads = grid_city.roads(more=[path])
    places = grid_city.settlements([("home", "village", 0.5, -off_km), ("goal", "town", 4, 4)])
    line = {"line": "1", "stops": ["home", "goal"], "headway_min": 20, "ride_min": [6]}
    options = SimpleNamespace(network=NetworkOptions(modes=["bus"], bus=[line]), calibration=SimpleNamespace())
    graph = network_of(options, "walk+bus", Ground(roads, None, None, None, places, None))
    home, goal = (snap(graph, places.geometry.iloc[[at]]) for at in (0, 1))
    # Half the headway and the ride.
    expected = off_km * grid_city.walk_min_a_km + 10.0 + 6.0
    assert nearest(graph, home, goal).travel_time_min[0, 0] == pytest.approx(expected)
    assert nearest(graph, goal, home).travel_time_min[0, 0] == pytest.approx(expected)


def test_bus_is_short_for_what_tables_call_it():
    assert full_mode("bus") == "walk+bus"
    assert full_mode("drive") == "drive"


def test_a_timetable_is_met_with_what_is_possible_by_inspect_init_and_check(tiny, command):
    feed = tiny.path("county_gtfs.zip")
    with zipfile.ZipFile(feed, "w") as archive:
        for name in TIMETABLE:
            archive.writestr(name, "stop_id\n1\n")
    with pytest.raises(SourceError, match=r"a timetable: timetables \(GTFS\) are not read"):
        sp.inspect_file(feed)
    drafted = tiny.folder / "drafted.toml"
    said = command("init", drafted, "--from", tiny.raw / "tiny", "--raw", tiny.raw).out
    checked = command("check", tiny.save(), "--raw", tiny.raw)
    assert checked.code == 0, checked.err
    # Both on the first screen, with what is possible.
    for out, begin in ((said, "county_gtfs.zip: a timetable"), (checked.out, "timetable county_gtfs.zip")):
        assert any(begin in line and "instead write [[network.bus]]" in line for line in out.splitlines()), out
    # Unpacked it is no list of facilities either.
    texts = tiny.raw / "tiny" / "feed"
    texts.mkdir()
    for name in TIMETABLE:
        (texts / name).write_text("stop_id,stop_lat,stop_lon\n1,30.01,104.01\n", encoding="utf-8")
    with pytest.raises(SourceError, match="a timetable"):
        sp.inspect_file(texts / "stops.txt")
