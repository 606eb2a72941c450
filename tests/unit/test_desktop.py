"""QGIS beside the package: the plugin in a profile, and what its algorithms find, held against calls in Python."""

import json
import sys
import tomllib
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

import spatial as sp
from spatial import desktop
from spatial.errors import ContractError, StoreError

HOSTILE = "<img src=x onerror=alert(1)>'; DROP TABLE x; --\n=1+1"
ROAD = {"mode": "drive", "speeds": "rural_cn", "language": "en"}


def silent(_share, _message):
    """Say nothing."""


@pytest.fixture
def drawn(grid_city, tmp_path):
    """A town of 4 by 4 blocks as QGIS writes it: villages at two corners and in the middle, facilities at two edges."""
    villages = grid_city.settlements([("a", "village", 0, 0), ("b", "village", 4, 4), ("c", "village", 2, 2)])
    villages = villages[["name", "geometry"]].assign(people=[1.0, 2.0, 4.0], travel_time_min="theirs", fid="theirs")
    stands = grid_city.facilities([("f", "hospital", 4, 0), ("g", "school", 0, 1)])[["service", "geometry"]]
    layers = {"settlements": villages, "facilities": stands.assign(name=HOSTILE), "roads": grid_city.roads(4)}
    for name, frame in layers.items():
        frame.to_crs("EPSG:4326").to_file(tmp_path / f"{name}.gpkg", layer_options={"FID": "spatial_fid"})
    paths = {name: str(tmp_path / f"{name}.gpkg") for name in layers}
    return (
        ROAD
        | paths
        | {name: str(tmp_path / f"{name}.gpkg") for name in ("times", "nearest", "reach", "sites", "served")}
    )


def test_times_to_the_nearest_are_those_of_python_beside_the_columns_that_were_there(drawn):
    desktop.call("access", drawn | {"service_field": "service", "service": "hospital"}, silent)
    found = gpd.read_file(drawn["times"])
    # Along streets of 1 km at 2 min: a 4 blocks from the hospital in (4, 0), b 4 and c 2 + 2; nobody walks.
    assert found["travel_time_min"].round(2).tolist() == [8.0, 8.0, 8.0]
    assert found["source_travel_time_min"].tolist() == ["theirs"] * 3
    assert found["fid"].tolist() == ["theirs"] * 3
    assert set(found["facility_name"]) == {HOSTILE}
    layers = {name: gpd.read_file(drawn[name]).to_crs("EPSG:32738") for name in ("settlements", "facilities", "roads")}
    graph = sp.build_network(layers["roads"], mode="drive", speeds="rural_cn")
    settlements = sp.as_settlements(layers["settlements"].drop(columns="fid"), tier="village")
    facilities = sp.as_facilities(layers["facilities"], service="service")
    same = sp.cost_to_closest(graph, settlements, facilities, service="hospital")
    pd.testing.assert_series_equal(found["travel_time_min"], same["travel_time_min"])
    assert Path(drawn["times"]).with_suffix(".qml").is_file()


def test_without_a_service_every_facility_counts(drawn):
    # a is 1 block from the school in (0, 1), c 3 blocks, and b 7, so that the hospital is nearer with 4.
    desktop.call("access", drawn | {"service_field": "service"}, silent)
    assert gpd.read_file(drawn["times"])["facility_id"].tolist() == ["1", "0", "1"]


def test_catchments_are_those_of_python_and_within_reach_rises(drawn):
    desktop.call("catchments", drawn | {"cutoffs": "2, 4", "service": "any"}, silent)
    nearest, reach = gpd.read_file(drawn["nearest"]), gpd.read_file(drawn["reach"])
    assert nearest["facility_id"].tolist() == ["0", "1"]
    assert nearest["longest_min"].round(2).tolist() == [4.0, 4.0]
    assert reach["cutoff_min"].tolist() == [4.0, 2.0]
    # In 2 min 2 streets of 1 km from the corner and 3 from the edge; in 4 min 4 more and 6 more.
    assert reach["reached_km"].round(2).tolist() == [15.0, 5.0]
    with pytest.raises(ContractError, match="write them as 15, 30, 60, not 'soon'"):
        desktop.call("catchments", drawn | {"cutoffs": "soon"}, silent)


@pytest.mark.parametrize(
    ("goal", "site"),
    [
        ("most_people", "c"),  # 4 people live there; within 4 min nobody else does
        ("least_minutes", "c"),  # 1 x 8 + 2 x 8 = 24; from b 4 x 8 + 1 x 16
        ("shortest_longest", "c"),  # 8 min; 16 from a corner
    ],
)
def test_the_best_site_is_that_of_each_goal(drawn, goal, site):
    asked = {"people": "people", "goal": goal, "number": 1.0, "within_min": 4.0}
    answer = desktop.call("best_sites", drawn | asked, silent)
    sites, served = gpd.read_file(drawn["sites"]), gpd.read_file(drawn["served"])
    assert (sites["name"].tolist(), sites["rank"].tolist()) == ([site], [1])
    assert served["site_id"].dropna().unique().tolist() == ["site:2"]
    assert answer.outputs == {"SITES": drawn["sites"], "SERVED": drawn["served"]}


def test_what_stands_is_open_beside_the_best_site(drawn):
    asked = {"people": "people", "goal": "most_people", "number": 1.0, "within_min": 8.0}
    desktop.call("best_sites", drawn | asked | {"existing": drawn["facilities"]}, silent)
    # All three are 8 min from what stands: a new site adds nobody.
    assert gpd.read_file(drawn["sites"])["persons_in_order"].tolist() == [0.0]


def test_faults_are_named_in_the_words_of_the_package_and_nothing_is_written(drawn, tmp_path):
    with pytest.raises(ContractError, match="'no' is no algorithm; there are run, scenario, access"):
        desktop.call("no", drawn, silent)
    with pytest.raises(ContractError, match="morgue"):
        desktop.call("access", drawn | {"service_field": "service", "service": "morgue"}, silent)
    with pytest.raises(StoreError, match="cannot be written"):
        desktop.call("access", drawn | {"times": str(tmp_path / "nowhere" / "times.gpkg")}, silent)
    assert not Path(drawn["times"]).exists()


@pytest.fixture
def finished(sample_run, tmp_path):
    """The study file of the finished run of a small county, and its folders."""
    text = sp.sample_study().replace('languages = ["en", "zh"]', 'languages = ["en", "zh", "fr"]')
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    folders = {name: str(sample_run / name) for name in ("raw", "processed", "maps")}
    return {
        "study": str(tmp_path / "study.toml"),
        "language": "en",
        "changes": str(tmp_path / "changes.gpkg"),
        **folders,
    }


def test_a_settlement_is_explained_as_the_command_does(finished):
    results = sp.read_results(Path(finished["processed"]) / "sample")
    place = results.settlements["settlement_id"].iloc[0]
    text = desktop.call("explain", finished | {"settlement": place}, silent).outputs["TEXT"]
    study = sp.Study.from_toml(finished["study"], raw=finished["raw"])
    assert text == desktop.explain_settlement(study, results, place, language="en", is_brief=False)


def test_a_drawn_clinic_changes_what_it_does_in_python(finished, tmp_path):
    from spatial.stages.what_if import what_if  # noqa: PLC0415 - slow to import

    results = sp.read_results(Path(finished["processed"]) / "sample")
    at = results.settlements.to_crs("EPSG:4326").geometry.iloc[-1]
    lon, lat = round(at.x, 5), round(at.y, 5)
    site = gpd.GeoDataFrame({"name": [HOSTILE]}, geometry=gpd.points_from_xy([lon], [lat]), crs="EPSG:4326")
    site.to_file(tmp_path / "site.gpkg")
    before = {path.name: path.stat().st_mtime_ns for path in results.folder.iterdir()}
    asked = finished | {"new_facilities": str(tmp_path / "site.gpkg"), "new_service": "hospital"}
    desktop.call("scenario", asked, silent)
    assert {path.name: path.stat().st_mtime_ns for path in results.folder.iterdir()} == before
    study = sp.Study.from_toml(finished["study"], raw=finished["raw"])
    same = what_if(study, results, add=[f"{lon},{lat}:hospital"]).table
    same = same.loc[(same["mode"] == study.network.modes[0]) & (same["service"] == "hospital")]
    found = gpd.read_file(finished["changes"]).set_index("settlement_id")
    pd.testing.assert_series_equal(
        found["after_min"], same.set_index("settlement_id")["after_min"], check_index_type=False
    )
    assert (found["difference_min"] < 0).any()
    with pytest.raises(ContractError, match="nothing is drawn"):
        desktop.call("scenario", finished, silent)


def test_the_plugin_is_put_into_a_profile_again_and_again_and_taken_away(tmp_path):
    target = desktop.plugin_folder(folder=tmp_path / "profiles" / "päng 移")
    assert not desktop.remove_plugin(target)
    desktop.install_plugin(target)
    assert json.loads((target / "settings.json").read_text(encoding="utf-8")) == {"python": sys.executable}
    desktop.install_plugin(target, python="/opt/other/python")
    assert json.loads((target / "settings.json").read_text(encoding="utf-8")) == {"python": "/opt/other/python"}
    texts = json.loads((target / "texts.json").read_text(encoding="utf-8"))
    wanted = json.loads((target / "algorithms.json").read_text(encoding="utf-8"))
    for language in ("en", "fr", "zh"):
        for name, items in wanted.items():
            names = [name, *(item["name"].lower() for item in items)]
            assert all(texts[language][key] and texts[language][f"{key}_help"] for key in names)
    assert wanted.keys() == desktop.CALLS.keys()
    assert desktop.remove_plugin(target)
    assert not target.exists()


def test_a_folder_of_another_plugin_is_left_as_it_is(tmp_path):
    target = desktop.plugin_folder(folder=tmp_path)
    target.mkdir()
    (target / "metadata.txt").write_text("[general]\nname=Theirs\n", encoding="utf-8")
    for act in (desktop.install_plugin, desktop.remove_plugin):
        with pytest.raises(StoreError, match="is not the plugin that this command writes"):
            act(target)
    assert [path.name for path in target.iterdir()] == ["metadata.txt"]


@pytest.mark.parametrize(
    ("platform", "folder"),
    [
        ("linux", ".local/share/QGIS/QGIS3/profiles/county/python/plugins/spatial_integration"),
        ("darwin", "Library/Application Support/QGIS/QGIS3/profiles/county/python/plugins/spatial_integration"),
        ("win32", "AppData/Roaming/QGIS/QGIS3/profiles/county/python/plugins/spatial_integration"),
    ],
)
def test_profiles_lie_where_qgis_has_them(monkeypatch, platform, folder):
    monkeypatch.setattr(sys, "platform", platform)
    assert desktop.plugin_folder("county") == Path.home() / folder


def test_the_plugin_names_its_version_and_no_dependency():
    metadata = (Path(desktop.__file__).parent / "qgis" / "plugin" / "metadata.txt").read_text(encoding="utf-8")
    project = tomllib.loads((Path(desktop.__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    assert f"version={project['version']}" in metadata
    assert "plugin_dependencies" not in metadata
