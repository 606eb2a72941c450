"""The algorithms in QGIS itself: results, progress, cancel in the middle, and faults in the words of the package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pytest

import spatial as sp
from spatial import desktop

pytestmark = pytest.mark.qgis
ROOT = Path(__file__).parents[2]
HOSTILE = "<b>x</b>'; DROP TABLE t; -- $(reboot) 移\n\"[% @project_path %]"
NAMES = {"run", "scenario", "access", "catchments", "best_sites", "explain"}


@pytest.fixture(scope="module")
def plugins(tmp_path_factory):
    """A profile whose plugin calls this package, as a shell's background would; each call leaves its process id."""
    folder = tmp_path_factory.mktemp("profile 移") / "profiles" / "default" / "python" / "plugins"
    python = folder.parents[3] / "python"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.write_text(
        f'#!/bin/sh\ntrap "" INT\necho $$ >> "{python}.ids"\nPYTHONPATH="{ROOT}" exec "{sys.executable}" "$@"\n',
        encoding="utf-8",
    )
    python.chmod(0o755)
    desktop.install_plugin(desktop.plugin_folder(folder=folder), python=str(python))
    return folder


@pytest.fixture(scope="module")
def layers(county, tmp_path_factory):
    """Drawn layers of the county, whose names nobody should obey."""
    folder = tmp_path_factory.mktemp("drawn") / "a folder's <name>; 移"
    folder.mkdir()
    settlements = county["settlements"].iloc[:40].assign(**{"name": HOSTILE, 'a"b': HOSTILE, "fid": HOSTILE})
    frames = {
        "settlements": settlements[["name", 'a"b', "fid", "population_persons", "geometry"]],
        "facilities": county["facilities"][["name", "service", "geometry"]],
        "roads": county["roads"][["road_class", "geometry"]],
    }
    for name, frame in frames.items():
        frame.to_file(folder / f"{name}.gpkg", layer_options={"FID": "spatial_fid"})
    return folder


def asked(layers, target):
    """Parameters of the algorithms on drawn layers."""
    folder = {name.upper(): str(layers / f"{name}.gpkg") for name in ("settlements", "facilities", "roads")}
    access = folder | {"SERVICE_FIELD": "service", "SERVICE": "hospital", "MODE": 0, "SPEEDS": 0}
    return {
        "access": access | {"TIMES": str(target / "times.gpkg")},
        "catchments": access
        | {"CUTOFFS": "15, 30", "NEAREST": str(target / "nearest.gpkg"), "REACH": str(target / "reach.gpkg")},
        "best_sites": folder
        | {"PEOPLE": "population_persons", "GOAL": 0, "NUMBER": 2, "WITHIN_MIN": 15.0}
        | {"SITES": str(target / "sites.gpkg"), "SERVED": str(target / "served.gpkg")},
    }


def processed(in_qgis, plugins, runs, folder):
    """Run algorithms in one QGIS."""
    (folder / "runs.json").write_text(json.dumps(runs), encoding="utf-8")
    return in_qgis("process_in_qgis.py", plugins, folder / "runs.json").found


@pytest.fixture(scope="module")
def seen(in_qgis, plugins, layers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    wanted = asked(layers, folder)
    (folder / "wrong.toml").write_text("name = 'x'\n", encoding="utf-8")
    explain = {"STUDY": str(folder / "wrong.toml"), "SETTLEMENT": HOSTILE}
    # Many areas take long enough, so that a busy machine cancels before they are drawn.
    many = ", ".join(map(str, range(1, 61)))
    cancelled = wanted["catchments"] | {"CUTOFFS": many, "NEAREST": str(folder / "cancelled.gpkg")}
    runs = [
        ("access", wanted["access"], ""),
        ("catchments", cancelled | {"REACH": str(folder / "cancelled_too.gpkg")}, "roads"),
        ("explain", explain, ""),
        ("access", {}, ""),
    ]
    return processed(in_qgis, plugins, runs, folder) | {"folder": folder}


def test_the_toolbox_has_six_algorithms_and_qgis_never_imports_the_package(seen):
    assert set(seen["algorithms"]) == {f"spatial:{name}" for name in NAMES}
    assert seen["algorithms"]["spatial:best_sites"] == "Best sites"
    assert seen["imported"] == []


def test_times_are_those_of_the_call_in_python_whatever_names_hold(seen, layers):
    run = seen["runs"][0]
    assert run["done"], run["said"]
    assert run["layers"]["TIMES"] == {
        "valid": True, "features": 40, "crs": "EPSG:32648", "renderer": "categorizedSymbol"
    }  # fmt: skip
    found = gpd.read_file(run["results"]["TIMES"])
    assert found["name"].tolist() == found["fid"].tolist() == found['a"b'].tolist() == [HOSTILE] * 40
    frames = {name: gpd.read_file(layers / f"{name}.gpkg") for name in ("settlements", "facilities", "roads")}
    graph = sp.build_network(frames["roads"], mode="drive")
    places = sp.as_settlements(frames["settlements"].drop(columns=["fid"]), tier="village")
    near = sp.cost_to_closest(
        graph, places, sp.as_facilities(frames["facilities"], service="service"), service="hospital"
    )
    assert found["travel_time_min"].tolist() == pytest.approx(near["travel_time_min"].tolist(), nan_ok=True)


def test_progress_rises(seen):
    shares = seen["runs"][0]["shares"]
    assert len(shares) > 1
    assert shares == sorted(shares)


def test_a_cancelled_call_ends_its_process_and_writes_nothing(seen, plugins):
    run = seen["runs"][1]
    assert not run["done"]
    assert any("Cancelled" in line for line in run["said"])
    assert not list(seen["folder"].glob("cancelled*.gpkg"))
    ids = (plugins.parents[3] / "python.ids").read_text(encoding="utf-8").split()
    for process in ids:
        with pytest.raises(ProcessLookupError):
            os.kill(int(process), 0)


def test_a_wrong_study_is_told_as_the_package_does(seen):
    run = seen["runs"][2]
    assert not run["done"]
    assert any("wrong.toml" in line and "title: missing" in line for line in run["said"]), run["said"]


def test_parameters_that_are_missing_are_named_before_anything_is_called(seen):
    assert not seen["runs"][3]["done"]
    assert any("SETTLEMENTS" in line for line in seen["runs"][3]["said"]), seen["runs"][3]["said"]


def test_a_python_that_is_not_there_is_named_with_what_to_do(in_qgis, plugins, layers, tmp_path):
    target = desktop.plugin_folder(folder=tmp_path / "plugins")
    desktop.install_plugin(target, python="/nowhere/python")
    run = processed(in_qgis, target.parent, [("access", asked(layers, tmp_path)["access"], "")], tmp_path)["runs"][0]
    assert not run["done"]
    assert any("/nowhere/python cannot be started" in line and "spatial qgis install" in line for line in run["said"])


@pytest.mark.trial
def test_every_algorithm_runs_through_qgis_process(plugins, layers, sample_run, go_on_from, tmp_path):
    program = shutil.which("qgis_process")
    if program is None:
        pytest.skip("reason: no qgis_process (Debian: qgis)")
    config = plugins.parents[3]
    environment = os.environ | {"QGIS_CUSTOM_CONFIG_PATH": str(config), "QT_QPA_PLATFORM": "offscreen"}

    def process(*arguments, given=None):
        run = subprocess.run(
            [program, *arguments],
            input=given,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    process("plugins", "enable", "spatial_integration")
    text = sp.sample_study().replace('languages = ["en", "zh"]', 'languages = ["en", "zh", "fr"]')
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    folder = go_on_from(sample_run, tmp_path)
    study = {"STUDY": str(tmp_path / "study.toml"), "RAW": str(sample_run / "raw")}
    study["PROCESSED"] = str(folder / "processed")
    results = sp.read_results(folder / "processed" / "sample")
    place = results.settlements["settlement_id"].iloc[0]
    wanted = asked(layers, tmp_path) | {
        "explain": study | {"SETTLEMENT": place},
        "scenario": study
        | {
            "NEW_FACILITIES": str(layers / "facilities.gpkg"),
            "NEW_SERVICE": "service",
            "CHANGES": str(tmp_path / "c.gpkg"),
        },
        "run": study | {"MAPS": str(folder / "maps"), "PROJECT_KIND": 1},
    }
    assert set(wanted) == NAMES
    for name, parameters in wanted.items():
        said = process("--json", "run", f"spatial:{name}", "-", given=json.dumps({"inputs": parameters}))
        found = json.loads(said[said.index("{") :])["results"]
        for key, value in found.items():
            assert value, (name, key)
            if str(value).endswith((".gpkg", ".qgz", ".html")):
                assert Path(value).is_file(), (name, key)
