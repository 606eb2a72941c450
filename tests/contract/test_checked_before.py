"""Whatever a run refuses in a study is named by `spatial check` first: by the same words, before any stage has run."""

from __future__ import annotations

import numpy as np
import pytest

from spatial.plain_text import toml_value
from tests.read_once import ReadOnce

pytestmark = pytest.mark.slow


def _table(table, **values):
    """Put keys into a table of the study file."""

    def change(tiny):
        tiny.tables.setdefault(table, {}).update(values)
        return ""

    return change


def _text(text, **files):
    """Put text at the end of the study file, and write the files that it names."""

    def change(tiny):
        for name, content in files.items():
            tiny.write(f"{name}.csv", content)
        return text

    return change


def _plan(text):
    return _text(f'[[plans]]\nname = "care"\nservice = "pharmacy"\nwithin_min = 5\n{text}')


def _scenario(text):
    return _text(f'[[scenarios]]\nname = "new"\ntitle = {{ en = "New" }}\n{text}')


def _seat(text, **changed):
    """Add a norm of minutes to the county seat, or what is changed of it, beside the one that binds the study."""

    def change(tiny):
        tiny.tables["norms"]["only"] = [*tiny.tables["norms"]["only"], "TO-THE-SEAT"]
        norm = {"service": "county_seat", "metric": "time_min", "mode": "drive", "threshold": 1} | changed
        keys = "".join(f"{key} = {toml_value(value)}\n" for key, value in norm.items())
        return f'[[norms.add]]\nid = "TO-THE-SEAT"\n{keys}{text}'

    return change


def _landcover(tiny):
    """Land cover and heights on two grids, which nobody says how to bring together."""
    tiny.add_raster()
    tiny.tables["sources.landcover"] = {"path": "tiny/population.tif"}
    low = tiny.path("population.tif").read_bytes()
    tiny.write("heights.tif", low)
    tiny.add_raster(np.ones((12, 12)))
    tiny.tables["sources.elevation"] = {"path": "tiny/heights.tif"}
    del tiny.tables["sources.population"]
    tiny.tables["off_road"] = {"service": "hospital"}
    return ""


COLUMNS = 'longitude = "lon"\nlatitude = "lat"\ncrs = "EPSG:4326"\n'
COSTS = '[planning.costs]\ncurrency = "yuan"\nfile = "tiny/costs.csv"\n'
PRICES = '[planning.costs]\ncurrency = "yuan"\n'
CARE = '[[plans]]\nname = "care"\nservice = "pharmacy"\nwithin_min = 5\n'
ROOM = '[[plans]]\nname = "room"\nservice = "hospital"\nwithin_min = 60\n'
FAULTS = {
    # Files that the stage of plans opens.
    "costs that are no number": (_text(COSTS, costs="key,item,cost\nopen,hospital,many\n"), "costs.csv"),
    "actions without columns": (_text('[planning]\nactions = "tiny/kept.csv"\n', kept="a,b\n1,2\n"), "kept.csv"),
    "rules of sites without columns": (
        _text('[planning]\nsite_rules = "tiny/rules.csv"\n', rules="a\n1\n"),
        "rules.csv",
    ),
    "sites without columns": (
        _text(
            '[planning]\ncandidates = ["list"]\n[planning.points]\npath = "tiny/sites.csv"\n'
            f'{COLUMNS}[[plans]]\nname = "care"\nservice = "pharmacy"\nwithin_min = 5\n',
            sites="no,x,y\na,104,30\n",
        ),
        "sites.csv",
    ),
    "areas that are points": (
        _text(
            f'[[planning.constraints]]\npath = "tiny/areas.csv"\nkind = "hazard"\n{COLUMNS}',
            areas="id,lon,lat\n1,104,30\n",
        ),
        "areas.csv",
    ),
    # What plans name.
    "a base that is no place": (_plan('round = { base = "Nowhere" }\n'), "'Nowhere'"),
    "a level without units": (_plan("match = true\nsharing = 3\n"), "no boundary has the level 3"),
    "units where nobody lives": (_plan('match = true\nsharing = [["Nowhere"]]\n'), "'Nowhere'"),
    "a rank by a column that is none": (_text('[score]\nrank_column = "income"\n'), "income"),
    "a service that towns cannot have": (_text('[score.required_services]\ntown = ["shopp"]\n'), "unknown 'shopp'"),
    "what a unit of no service costs": (_text(f"{PRICES}unit = {{ hospitle = 5.0 }}\n"), "unknown 'hospitle'"),
    "units that are none": (_plan('units = ["Nowhere"]\n'), "no unit is called 'Nowhere'"),
    "a budget without costs": (_plan("budget = 100.0\n"), "budget"),
    "a budget below the cheapest site": (
        _text(f"{PRICES}open = {{ pharmacy = 30.0 }}\n{CARE}budget = 20.0\n"),
        "plans.care.budget: 20 yuan pay for nothing; the cheapest costs 30",
    ),
    "a budget below the cheapest of the listed sites": (
        # The site of its own price costs 25, any other one 30.
        _text(
            f'[planning]\n[planning.points]\npath = "tiny/sites.csv"\n{COLUMNS}columns = {{ site_id = "no" }}\n'
            f'{PRICES}open = {{ pharmacy = 30.0 }}\n{CARE}candidates = ["list"]\nbudget = 20.0\n',
            sites="no,x,cost,lon,lat\na,1,25,104.02,30.02\nb,1,,104.03,30.02\n",
        ),
        "plans.care.budget: 20 yuan pay for nothing; the cheapest costs 25",
    ),
    "a budget that knows another cost": (
        _text(f"{PRICES}open = {{ hospital = 30.0 }}\n{CARE}budget = 20.0\n"),
        "write [planning.costs] open = { pharmacy = ... }, in yuan",
    ),
    "one budget for two services of which one is free": (
        _text(
            f'{PRICES}open = {{ hospital = 30.0 }}\n[[plans]]\nname = "both"\nservices = ["pharmacy", "hospital"]\n'
            "within_min = 5\nbudget = 50.0\n"
        ),
        "plans.both.budget: needs what this costs; write [planning.costs] open = { pharmacy = ... }",
    ),
    "a budget below any unit of room": (
        _text(f"{PRICES}unit = {{ hospital = 30.0 }}\n{ROOM}enlarge = true\nbudget = 20.0\n"),
        "plans.room.budget: 20 yuan pay for nothing; the cheapest costs 30",
    ),
    "a budget for room that nobody prices": (
        _text(f"{PRICES}{ROOM}enlarge = true\nbudget = 20.0\n"),
        "unit = { hospital = ... }",
    ),
    "a budget for closing that saves nothing": (
        _text(f"{PRICES}unit = {{ hospital = 1.0 }}\n{ROOM}enlarge = true\nclose = true\nbudget = 20.0\n"),
        "close = { hospital = ... }",
    ),
    "a budget for links without their cost": (
        _seat(f'{PRICES}[[plans]]\nname = "seat"\nnorm = "TO-THE-SEAT"\nbudget = 20.0\n'),
        "plans.seat.budget: needs what this costs; write [planning.costs] link_km = ..., in yuan",
    ),
    "a round of a plan that builds links": (
        _seat('[[plans]]\nname = "seat"\nnorm = "TO-THE-SEAT"\nround = { base = "s1" }\n'),
        "plans.seat.round: is of plans that open sites, and this one does not",
    ),
    "a norm on links among services": (
        _seat('[[plans]]\nname = "care"\nnorms = ["TO-THE-SEAT"]\nservices = ["pharmacy"]\nwithin_min = 5\n'),
        "plans.care.norms: asks for no sites within minutes or metres, 'TO-THE-SEAT'",
    ),
    "room for a norm in metres": (
        _seat(
            '[[plans]]\nname = "room"\nnorm = "TO-THE-SEAT"\nenlarge = true\n',
            service="hospital",
            metric="network_dist_m",
        ),
        "plans.room.norm: TO-THE-SEAT asks for no minutes to one service",
    ),
    "true for a number": (_table("region", buffer_km=True), "region.buffer_km: must be a number (found True)"),
    "no mode at all": (_table("network", modes=[]), "network.modes: give at least 1 (found [])"),
    "a plan called twice": (_text(f"{CARE}{CARE}"), "plans: name each one once; more than once: 'care'"),
    "a norm of a plan that does not bind": (_text('[[plans]]\nname = "seat"\nnorm = "CN-COUNTY-60"\n'), "CN-COUNTY-60"),
    # What scenarios name.
    "a facility that does not close": (_scenario('close_facilities = ["f9"]\n'), "f9"),
    "a road that does not close": (_scenario('close = ["w99"]\n'), "w99"),
    "a place where nothing opens": (_scenario('open = [{ service = "hospital", at = "s99" }]\n'), "s99"),
    "a road that is there already": (
        _scenario('build = [{ road_id = "w1", points = [[104.0, 30.0], [104.01, 30.01]], road_class = "track" }]\n'),
        "the network has it already",
    ),
    "a new road of a class that no road has": (
        _scenario('build = [{ road_id = "n1", points = [[104.0, 30.0], [104.01, 30.01]], road_class = "corridor" }]\n'),
        "speed_km_h: state it, since the network has no road of class 'corridor'",
    ),
    "a new road of a class that the mode may not use": (
        _scenario('build = [{ road_id = "n1", points = [[104.0, 30.0], [104.01, 30.01]], road_class = "steps" }]\n'),
        "speed_km_h: state it, since the network has no road of class 'steps'",
    ),
    "a mark on no road": (
        _text(
            '[[scenarios]]\nname = "shut"\ntitle = { en = "Shut" }\n[scenarios.close_file]\npath = "tiny/marks.csv"\n'
            f"{COLUMNS}",
            marks="no,lon,lat\na,104.5,30.5\n",
        ),
        "no road within",
    ),
    # What the score names.
    "norms of the score that do not bind": (_table("score", norms=["CN-COUNTY-60"]), "CN-COUNTY-60"),
    "a norm of gaps that does not bind": (_table("score", gap_norm="CN-COUNTY-60"), "CN-COUNTY-60"),
    "totals of flows that the table has": (
        _text(
            '[score.flow_totals.people]\noutward = 5\ninward = 3\n[sources.flows]\npath = "tiny/flows.csv"\n'
            'columns = { from_id = "a", to_id = "b", volume = "n", kind = "k" }\n',
            flows="a,b,n,k\ns1,s2,4,people\ns2,s1,3,people\n",
        ),
        "score.flow_totals",
    ),
    # What other stages ask for.
    "a column of people that is not there": (
        _table("measures", kinds=["cumulative"], demand="pupils_persons"),
        "pupils",
    ),
    "a crew without a column": (
        _text('[[emergency]]\nservice = "hospital"\nmobilisation_min = "min"\n'),
        "mobilisation_min",
    ),
    "times between places that are none": (
        _text(
            '[calibration.observed]\npath = "tiny/times.csv"\ncolumns = { observed_min = "min" }\n',
            times="from_id,to_id,min\ns1,zz,9\n",
        ),
        "zz",
    ),
    "land cover and heights on two grids": (_landcover, "elevation: shape"),
    "land cover that is not there": (_table("off_road", service="hospital"), "landcover"),
    "pages smaller than their code": (
        _table("outputs", max_page_mb=0.01),
        "outputs.max_page_mb: 0.01 is too small for any page; allow 2 or more",
    ),
    "a language without words": (_table("outputs", languages=["tlh"]), "tlh"),
    "a season that no table has": (_table("network", season="monsoon"), "monsoon"),
    "no road at all": (_table("sources.osm", roads=False), "road"),
    "people of a group in no file": (_text('[sources.population_groups.old]\npath = "tiny/old.tif"\n'), "old.tif"),
    "official units of a level that is not there": (
        _text(
            '[sources.official_units]\npath = "tiny/units.csv"\nlevel = 6\nsource = "Yearbook"\n'
            'columns = { name = "unit", population_persons = "people" }\n',
            units="unit,people\n西镇,9\n",
        ),
        "6",
    ),
}


@pytest.fixture(scope="module", autouse=True)
def _read_once():
    """Most faults are in nothing that is read of sources: files that no test changed are read once."""
    with pytest.MonkeyPatch.context() as patched:
        ReadOnce().stand_in(patched)
        yield


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_run_refuses_is_named_by_check(tiny_done, command, fault):
    change, word = FAULTS[fault]
    text = change(tiny_done)
    file = tiny_done.save()
    file.write_text(f"{file.read_text('utf-8')}{text}", encoding="utf-8")
    told = command("check", file, "--raw", tiny_done.raw)
    ran = command("run", file, *tiny_done.folders(), *(() if "max_page_mb" in word else ("--until", "gaps")))
    assert ran.code != 0, "the run takes it"
    assert word in ran.err
    assert told.code != 0, ran.err
    assert word in told.err


def test_a_withheld_service_that_there_is_not_lets_nothing_leave_the_office(tiny_done, command):
    # It moves no stage, so that a finished run takes it; misspelt, it would withhold nothing.
    tiny_done.tables["sharing"] = {"withhold_facilities": ["hospitle"]}
    file = tiny_done.save()
    folders = tiny_done.folders()[:4]
    for words in (("check", file, *folders[:2]), ("share", "check", file, *folders)):
        told = command(*words)
        assert told.code != 0, told.out
        assert "sharing.withhold_facilities: unknown 'hospitle'" in told.err
