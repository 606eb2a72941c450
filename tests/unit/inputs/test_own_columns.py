"""Columns of a list that nobody asked for stay at home; what a key names, a table has or a list keeps arrives."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from spatial.errors import StudyError
from spatial.inputs.prepare import prepare
from spatial.study import Study

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

PHONE = "0875-5550123"


@pytest.fixture
def read(tiny) -> Callable[[], Any]:
    """Prepare the tiny study as its tables stand now."""
    return lambda: prepare(Study.from_toml(tiny.save(), raw=tiny.raw))


def _with(text: str, name: str, value: str) -> str:
    """Put a column behind those of a CSV."""
    head, *lines = text.splitlines()
    return "\n".join([f"{head},{name}", *(f"{line},{value}" for line in lines)])


def _lines(tiny, **columns) -> str:
    """One road from west to east as GeoJSON."""
    line = shapely.LineString([(tiny.west, tiny.south), (tiny.west + 0.04, tiny.south + 0.04)])
    return gpd.GeoDataFrame({**columns}, geometry=[line], crs="EPSG:4326").to_json(drop_id=True)


def _settlements(tiny) -> dict[str, Any]:
    tiny.write("settlements.csv", _with(tiny.csv(), "电话", PHONE))
    return tiny.tables["sources.settlements"]


def _facilities(tiny) -> dict[str, Any]:
    tiny.write("facilities.csv", _with(tiny.path("facilities.csv").read_text(), "电话", PHONE))
    return tiny.tables["sources.facilities"]


def _boundaries(tiny) -> dict[str, Any]:
    layer = json.loads(tiny.townships())
    for feature in layer["features"]:
        feature["properties"]["电话"] = PHONE
    tiny.write("townships.geojson", json.dumps(layer))
    return tiny.tables["sources.boundaries"]


def _roads(tiny) -> dict[str, Any]:
    tiny.write("own.geojson", _lines(tiny, road_class=["tertiary"], 电话=[PHONE]))
    tiny.tables["sources.roads"] = {"path": "tiny/own.geojson"}
    return tiny.tables["sources.roads"]


def _water(tiny) -> dict[str, Any]:
    tiny.write("water.geojson", _lines(tiny, kind=["river"], 电话=[PHONE]))
    tiny.tables["sources.water"] = {"path": "tiny/water.geojson"}
    return tiny.tables["sources.water"]


def _flows(tiny) -> dict[str, Any]:
    tiny.write("flows.csv", f"from_id,to_id,kind,volume,电话\ns1,s2,people,5,{PHONE}")
    tiny.tables["sources.flows"] = {"path": "tiny/flows.csv"}
    return tiny.tables["sources.flows"]


def _official(tiny) -> dict[str, Any]:
    tiny.write("yearbook.csv", f"name,population_persons,电话\n西镇,1000,{PHONE}")
    tiny.tables["sources.official_units"] = {"path": "tiny/yearbook.csv", "source": "Yearbook"}
    return tiny.tables["sources.official_units"]


def _attributes(tiny) -> dict[str, Any]:
    tiny.write("more.csv", f"settlement_id,school_age_persons,电话\ns3,7,{PHONE}")
    columns = {"settlement_id": "settlement_id", "school_age_persons": "school_age_persons"}
    tiny.tables["sources.attributes"] = {"path": "tiny/more.csv", "columns": columns}
    return tiny.tables["sources.attributes"]


LISTS = [
    (_settlements, "sources.settlements", "settlements"),
    (_facilities, "sources.facilities.0", "facilities"),
    (_boundaries, "sources.boundaries", "boundaries"),
    (_roads, "sources.roads", "roads"),
    (_water, "sources.water.0", "water"),
    (_flows, "sources.flows", "flows"),
    (_official, "sources.official_units", "official_units"),
    (_attributes, "sources.attributes.0", "settlements"),
]


# Two lists of settlements would not say which of them gave the column.
SETTLED, OTHERS = LISTS[:1], LISTS[1:]


@pytest.mark.parametrize("lists", [SETTLED, OTHERS], ids=["sources.settlements", "others"])
def test_a_column_that_no_key_names_stays_at_home(tiny, read, lists) -> None:
    for made, _, _ in lists:
        made(tiny)
    layers = read()
    for _, key, table in lists:
        assert "电话" not in getattr(layers, table), key
    assert [use.left_out for use in layers.columns.values() if use.left_out] == [("电话",)] * len(lists)


@pytest.mark.parametrize("lists", [SETTLED, OTHERS], ids=["sources.settlements", "others"])
def test_a_column_that_the_study_keeps_arrives(tiny, read, lists) -> None:
    for made, _, _ in lists:
        made(tiny)["keep_columns"] = ["电话"]
    layers = read()
    for _, key, table in lists:
        assert PHONE in set(getattr(layers, table)["电话"].dropna()), key
    assert [use.kept for use in layers.columns.values() if use.kept] == [("电话",)] * len(lists)


@pytest.mark.parametrize(("made", "key"), [(made, key) for made, key, _ in LISTS], ids=[key for _, key, _ in LISTS])
def test_a_kept_column_that_the_file_lacks_is_refused_with_those_there_are(tiny, read, made, key) -> None:
    made(tiny)["keep_columns"] = ["mobile"]
    with pytest.raises(StudyError) as caught:
        read()
    (problem,) = caught.value.problems
    assert problem.startswith(f"{key}.keep_columns: no such column 'mobile'")
    assert "'电话'" in problem


@pytest.mark.parametrize(
    "name", ["name", "in_study", "population_source", "tags", "lon", "suppressed", "bbox", "item_id"]
)
def test_a_kept_column_of_a_name_that_the_table_has_is_refused(tiny, read, name) -> None:
    text = tiny.csv() if name in {"name", "lon"} else _with(tiny.csv(), name, "x")
    tiny.write("settlements.csv", text)
    tiny.tables["sources.settlements"]["keep_columns"] = [name]
    with pytest.raises(StudyError, match=f"sources.settlements.keep_columns: '{name}' is the name of a column"):
        read()


@pytest.mark.parametrize("name", ["suppressed", "bbox", "item_id"])
def test_a_column_is_not_called_as_packages_call_theirs(tiny, read, name) -> None:
    tiny.tables["sources.settlements"]["columns"] |= {name: "level"}
    with pytest.raises(StudyError, match=f"sources.settlements.columns.{name}: packages and the service call a column"):
        read()


def test_a_column_that_a_key_names_is_not_called_as_packages_call_theirs(tiny, read) -> None:
    tiny.write("settlements.csv", _with(tiny.csv(), "suppressed", "3"))
    tiny.tables["measures"] = {"demand": "suppressed"}
    with pytest.raises(StudyError, match=r"sources.settlements.suppressed: .* such as columns.own_suppressed"):
        read()


def test_a_mapped_column_stays_as_the_file_has_it_where_it_is_kept_too(tiny, read) -> None:
    own = tiny.tables["sources.settlements"]
    own["columns"] |= {"tier": "level"}
    own["keep_columns"] = ["level"]
    tiny.tables["sources.settlements.values.tier"] = {"cun": "village"}
    tiny.write("settlements.csv", tiny.csv().replace("village", "cun"))
    places = read().settlements.set_index("settlement_id")
    assert places.loc["s3", ["tier", "level"]].tolist() == ["village", "cun"]


def test_a_column_that_a_mapped_one_pushes_aside_stays_at_home(tiny, read) -> None:
    tiny.write("settlements.csv", _with(tiny.csv(), "local", "本名"))
    tiny.tables["sources.settlements"]["columns"] |= {"name": "local", "spoken": "name"}
    places = read().settlements
    assert set(places["name"]) == {"本名"}
    assert "石桥" in set(places["spoken"])  # a key names it
    assert "source_name" not in places


def test_columns_that_keys_of_the_study_name_arrive(tiny, read) -> None:
    columns = {"wanted": 3, "walkers": 2, "income": 9, "workers": 1, "elderly_persons": 4, "unit_code": "A1"}
    text = tiny.csv()
    for name, value in columns.items():
        text = _with(text, name, str(value))
    tiny.write("settlements.csv", text)
    tiny.write("facilities.csv", _with(tiny.path("facilities.csv").read_text(), "ready", "4"))
    tiny.tables |= {
        "measures": {"demand": "wanted"},
        "score": {"rank_column": "income"},
        "score.functional_areas": {"employed_column": "workers"},
        "emergency": {"service": "hospital", "mobilisation_min": "ready"},
    }
    study = Study.from_toml(tiny.save(), raw=tiny.raw)
    group = study.measures.model_validate({"groups": [{"name": "w", "column": "walkers"}], "demand": "wanted"})
    layers = prepare(study.model_copy(update={"measures": group}))
    assert set(columns) <= set(layers.settlements.columns)
    assert "ready" in layers.facilities


def test_tags_of_roads_that_speeds_and_access_depend_on_arrive(tiny, read) -> None:
    _roads(tiny)
    tags = ["motor_vehicle", "oneway_bicycle", "seasonal", "lanes", "width_m", "speed_km_h", "surface"]
    tiny.write("own.geojson", _lines(tiny, road_class=["tertiary"], owner=["x"], **{tag: ["1"] for tag in tags}))
    roads = read().roads
    assert set(tags) <= set(roads.columns)
    assert "owner" not in roads


def test_check_names_the_columns_and_never_says_what_is_in_them(tiny, command) -> None:
    text = _with(_with(tiny.csv(), "head", "Mr Hidden"), "phone", PHONE)
    tiny.write("settlements.csv", text)
    tiny.tables["sources.settlements"]["keep_columns"] = ["head"]
    outcome = command("check", tiny.save(), "--raw", tiny.raw, "-v")
    start = "  tiny/settlements.csv: settlements: columns"
    assert f"{start} read: code, name, level, lon, lat, people\n" in outcome.out
    assert f"{start} kept and handed out: head\n" in outcome.out
    assert f"{start} left out: phone (" in outcome.out
    assert "Hidden" not in outcome.out
    assert PHONE not in outcome.out


def test_nothing_that_is_handed_out_holds_a_column_that_stays_at_home(tiny_done) -> None:
    tiny_done.write("settlements.csv", _with(tiny_done.csv(), "phone", PHONE))
    tiny_done.write("facilities.csv", _with(tiny_done.path("facilities.csv").read_text(), "phone", PHONE))
    assert tiny_done.run().code == 0
    files = [tiny_done.folder / name for name in tiny_done.written()]
    assert {".parquet", ".gpkg", ".xlsx", ".html", ".qgz", ".json"} <= {file.suffix for file in files}
    for file in files:
        if file.suffix == ".parquet":
            table = pd.read_parquet(file)
            assert "phone" not in table, file.name
            assert not table.select_dtypes("str").isin([PHONE]).any(axis=None), file.name
            continue
        parts = [file.read_bytes()]
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as packed:
                parts = [packed.read(name) for name in packed.namelist()]
        assert not any(PHONE.encode() in part for part in parts), file.name


def test_a_changed_list_of_kept_columns_reads_again_and_another_catchment_does_not(tiny, command) -> None:
    tiny.write("settlements.csv", _with(tiny.csv(), "head", "x"))
    assert tiny.run("--stage", "read").code == 0
    tiny.tables["measures"] = {"catchment_min": 45.0}
    assert "skip  read" in command("status", tiny.save(), *tiny.folders()).out
    tiny.tables["measures"] = {"demand": "head"}
    assert "run   read" in command("status", tiny.save(), *tiny.folders()).out
