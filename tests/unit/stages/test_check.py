"""`spatial check` reads what a run reads, and says what an extract holds that the study leaves out."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import rasterio
from affine import Affine

from spatial.errors import ContractError, DataError, SourceError, StudyError
from spatial.inputs.osm import places_unread, read_osm
from spatial.messages import Words
from spatial.reporting.wording import counts_told
from spatial.stages.check import FINE, HEAD, LOOK, Checked, check_study, short_lines
from spatial.study import Tiers
from tests.unit.scenario_files import line, write
from tests.unit.stages.test_scenario_stage import study_of


def check(tiny, **more):
    return [one.text for one in check_study(study_of(tiny, **more))]


def scenario(**change):
    return [{"name": "plan", "services": ["hospital"], **change}]


def test_sound_files_of_scenarios_and_observed_times_pass(tiny):
    road = write(tiny, "new.geojson", line(tiny, (2, 2), (4, 0), road_class="trunk", speed_km_h=60))
    opens = write(tiny, "open.geojson", line(tiny, (4, 0), facility_id="n1", name="新院"))
    tiny.write("seen.csv", "from_id,to_id,observed_min\ns3,f1,5\n")
    items = scenario(new_roads=road, new_facilities={"path": opens, "service": "hospital"}, close=["w3/1"])
    assert check(tiny, scenarios=items, calibration={"observed": "tiny/seen.csv"})


BROKEN = {
    "a new facility without an id": ("new_facilities", [("Point", {"name": "新院"})], "facility_id"),
    "a new road whose speed is a word": ("new_roads", [("Line", {"speed_km_h": "fast"})], "speed_km_h"),
    "marks that are no shapes": ("close_file", None, "plan, close_file"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_table_of_a_scenario_is_refused(tiny, case):
    key, features, told = BROKEN[case]
    shapes = [line(tiny, (2, 2), *([(4, 0)] if kind == "Line" else []), **tags) for kind, tags in features or ()]
    path = write(tiny, "plan.geojson", *shapes)
    if features is None:
        tiny.write("plan.geojson", "no json at all")
    table = {"path": path, "service": "hospital"} if key == "new_facilities" else {"path": path}
    with pytest.raises(DataError, match=told):
        check(tiny, scenarios=scenario(**{key: table}))


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("from_id,to_id,minutes\ns3,f1,5\n", "observed_min: the column is missing"),
        ("from_id,to_id,observed_min\ns3,f1,soon\n", "observed_min"),
        ("from_id,to_id,observed_min\ns3,nowhere,5\n", "not among the places: 'nowhere'"),
    ],
)
def test_broken_observed_times_are_refused(tiny, rows, told):
    tiny.write("seen.csv", rows)
    with pytest.raises(ContractError, match=told):
        check(tiny, calibration={"observed": "tiny/seen.csv"})


def test_a_broken_raster_of_a_group_is_refused(tiny):
    tiny.write("old.tif", "no raster")
    tiny.tables["sources.population_groups"] = {"elderly": {"paths": ["tiny/old.tif"]}}
    with pytest.raises(SourceError, match=r"old\.tif"):
        check(tiny)


def test_a_group_of_people_who_live_elsewhere_is_refused(tiny):
    transform = Affine(0.01, 0.0, 10.0, 0.0, -0.01, 10.0)
    with rasterio.open(
        tiny.path("old.tif"), "w", driver="GTiff", height=2, width=2, count=1, dtype="uint8", crs="EPSG:4326",
        transform=transform,
    ) as target:  # fmt: skip
        target.write(np.ones((1, 2, 2), dtype="uint8"))
    tiny.tables["sources.population_groups"] = {"elderly": {"paths": ["tiny/old.tif"]}}
    with pytest.raises(
        SourceError, match=r"population_groups\.elderly .*old\.tif: its people live at longitude 10\.00"
    ):
        check(tiny)


def test_a_column_and_a_level_that_nothing_has_are_refused(tiny):
    with pytest.raises(ContractError, match=r"measures\.demand: the settlements have no column 'pupils'"):
        check(tiny, measures={"demand": "pupils"})
    with pytest.raises(ContractError, match="mobilisation_min: the facilities have no column 'alarm'"):
        check(tiny, emergency={"service": "hospital", "mobilisation_min": "alarm"})
    tiny.write("units.csv", "name,population_persons\n西镇,2000\n")
    tiny.tables["sources.official_units"] = {"path": "tiny/units.csv", "source": "Yearbook", "level": 6}
    with pytest.raises(StudyError, match="no boundary of level 6"):
        check(tiny)


def test_a_jurisdiction_without_norms_is_told_with_what_follows(tiny):
    told = [one for one in check_study(study_of(tiny, jurisdictions=["XX"], norms={})) if "XX" in one.text]
    assert [one.kind for one in told] == [LOOK]
    assert told[0].text.startswith("no norm of the register is of XX: none gates for it, and those of all the world")
    assert "norms of CN, CN-15, CN-51, " in told[0].text
    assert not [one for one in check(tiny, jurisdictions=["CN-99"], norms={}) if "no norm of the register" in one]


def test_official_numbers_of_no_unit_are_told_with_the_name_most_like_theirs(tiny):
    tiny.write("units.csv", "name,population_persons\n西镇,2000\n东郡镇,3000\nNowhere,1\n")
    tiny.tables["sources.official_units"] = {"path": "tiny/units.csv", "source": "Yearbook"}
    (told,) = (one for one in check_study(study_of(tiny)) if "official numbers" in one.text)
    assert told.kind == LOOK
    assert "2 of 3 rows fit no unit of the study, and count for none" in told.text
    assert "Nowhere, 东郡镇 (most like it: 东镇);" in told.text
    tiny.write("units.csv", "name,population_persons\n西镇,2000\n东镇,3000\n")
    assert not [one for one in check(tiny) if "official numbers" in one]


@pytest.mark.parametrize("layer", ["water", "boundaries"])
def test_water_and_boundaries_of_another_region_are_refused(tiny, layer):
    ring = [[[10.0, 50.0], [10.5, 50.0], [10.5, 50.5], [10.0, 50.0]]]
    shape = {"type": "Polygon", "coordinates": ring}
    tags = {"water_id": "1", "kind": "lake", "boundary_id": "b1", "name": "Far", "admin_level": 8}
    feature = {"type": "Feature", "geometry": shape, "properties": tags}
    tiny.write("far.geojson", json.dumps({"type": "FeatureCollection", "features": [feature]}))
    source = {"path": "tiny/far.geojson"}
    tiny.tables["sources"] = {layer: source if layer == "boundaries" else [source]}
    with pytest.raises(SourceError, match=rf"{layer} .*far\.geojson: all of it lies at longitude 10\.00 to 10\.50"):
        check(tiny)


def test_unknown_ids_and_all_faults_are_named_at_once(tiny):
    tiny.write("seen.csv", "from_id,to_id\ns3,f1\n")
    items = scenario(close=["w3", "w99"], close_facilities=["f77"], speed_factors={"tertiary": 2.0, "moon": 2.0})
    with pytest.raises(ContractError) as caught:
        check(tiny, scenarios=items, calibration={"observed": "tiny/seen.csv"})
    for told in ("'w99'", "'f77'", "'moon'", "observed_min"):
        assert told in str(caught.value)
    assert "'tertiary'" not in str(caught.value)


def test_check_warns_of_a_closing_beside_an_open_namesake(tiny):
    text = tiny.path("facilities.csv").read_text(encoding="utf-8")
    tiny.write("facilities.csv", f"{text}\nf9,hospital,石桥 医院,{tiny.at(2, 2.3)}\n")
    told = check(tiny, scenarios=scenario(close_facilities=["f1"]))
    assert any("open_namesake" in one and "'石桥 医院' (f9)" in one for one in told)


@pytest.mark.parametrize("language", ["zh", "fr"])
def test_a_check_speaks_the_language_of_the_study(tiny, language):
    text = tiny.path("facilities.csv").read_text(encoding="utf-8")
    tiny.write("facilities.csv", f"{text}\nf9,hospital,石桥 医院,{tiny.at(2, 2.3)}\n")
    closes = {"scenarios": scenario(close_facilities=["f1"])}
    english = check(tiny, **closes)
    told = check(tiny, **closes, outputs={"languages": [language, "en"]})
    assert len(told) == len(english)
    assert not set(told) & set(english)
    # Names of files, columns and keys stay; of what is said in words nothing is left in English.
    english_words = re.compile(r"settlements(?!\.csv)|facilities of|the study|columns|without|placed|finding")
    assert not [one for one in told if english_words.search(one)]


def test_what_is_counted_is_said_in_the_language():
    french = Words("fr", names={"bank": "Banque"})
    items = ["service=bank", "roads narrower than 2.5 m", "facilities (table 2): x", "settlements: y", "place=village"]
    notices = [None, None, "hidden", "replaced:name", None]
    counts = pd.DataFrame({"source": "study", "item": items, "number": 1.0, "notice": notices})
    told = counts_told(counts, french)
    assert told.columns.tolist() == ["source", "item", "number"]
    assert [text.replace("\u00a0", " ") for text in told["item"]] == [
        "Banque",
        "routes de moins de 2,5 m de large",
        # What the reader of a table noticed is what its notice says before the colon, or a name of its own.
        "équipements (table 2) : feuilles masquées non lues",
        "localités : name : remplacé par la table jointe",
        "place=village",
    ]
    assert set(told["source"]) == {"étude"}


def extract(tiny, **numbers):
    """The tiny roads, with so many nodes of each place tag in a row."""
    tags = [word for word, number in numbers.items() for _ in range(number)]
    nodes = [
        f'<node id="{1000 + k}" version="1" lon="{104 + 0.0003 * k:.4f}" lat="30.0200">'
        f'<tag k="place" v="{word}"/><tag k="name" v="P{k}"/></node>'
        for k, word in enumerate(tags)
    ]
    tiny.write("roads.osm", tiny.osm().replace('<osm version="0.6">', '<osm version="0.6">' + "".join(nodes)))
    del tiny.tables["sources.settlements"]
    tiny.tables["sources.osm"] = {"path": "tiny/roads.osm", "facilities": False, "boundaries": False}


def test_an_extract_without_villages_says_its_place_tags_and_the_lines_that_read_them(tiny):
    extract(tiny, neighbourhood=60, suburb=20, locality=5)
    with pytest.raises(SourceError) as caught:
        check(tiny)
    text = str(caught.value)
    assert "60 neighbourhood, 20 suburb, 5 locality" in text
    lines = text.partition("read them:\n")[2]
    assert lines == '[tiers]\nvillage = ["village", "hamlet", "neighbourhood", "suburb"]'
    tiny.tables["tiers"] = {"village": json.loads(lines.partition("village = ")[2])}
    assert any("settlements in the study area 80" in one for one in check(tiny))


def test_few_settlements_beside_many_other_tags_are_a_finding(tiny):
    extract(tiny, village=3, quarter=2, borough=1)
    (told,) = [one for one in check(tiny) if "places_unread" in one]
    assert "3 settlements are read" in told
    assert 'town = ["town", "borough"]\nvillage = ["village", "hamlet", "quarter"]' in told
    extract_of_more = read_osm(tiny.path("roads.osm")).counts
    # Two quarters alone are fewer than the three villages: no finding.
    assert places_unread(extract_of_more, Tiers(town=("town", "borough")))[0] == 2


def test_single_houses_are_proposed_where_nothing_else_is_tagged(tiny):
    extract(tiny, farm=4)
    with pytest.raises(SourceError, match='village = \\["village", "hamlet", "farm"\\]'):
        check(tiny)


def test_a_check_is_ten_lines_however_much_there_is_to_decide_and_to_look_at():
    decide = ["study.toml: 5 things to decide; ...", *(f"  line {n}: which" for n in range(5))]
    found = [Checked(HEAD, "mine: in order"), *(Checked(LOOK, f"finding {n}: {'x' * 300}") for n in range(7))]
    found += [Checked(FINE, "a 1"), Checked(FINE, "80 settlements")]
    lines = [*short_lines(decide, found, Words("en"))]
    assert len(lines) <= 12
    assert lines[0] == "mine: in order"
    assert lines[1:5] == decide[:4]
    assert lines[5] == "look at: 7"
    assert max(map(len, lines)) <= 170
    assert lines[-2:] == [
        "fine: 80 settlements",
        "all 16 lines: spatial check -v STUDY (5 more to decide or to look at)",
    ]
    assert [*short_lines([], found[:1], Words("en"))] == [
        "mine: in order",
        "fine: nothing was counted",
        "all 1 lines: spatial check -v STUDY",
    ]
