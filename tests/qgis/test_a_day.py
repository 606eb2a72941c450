"""A day of a county's GIS officer, from opening the project to the copy for the public."""

from __future__ import annotations

import sqlite3

import geopandas as gpd
import pytest

import spatial as sp
from spatial.results import read_results
from spatial.stages.share import share_check, share_package
from spatial.study import Study

DRAWN, ASKED = "health_centre", "medical_point"
"""What is drawn, and the service that a norm asks for and that it counts for."""


@pytest.mark.qgis
@pytest.mark.trial
def test_open_draw_a_clinic_run_print_hand_on(in_qgis, sample_run, go_on_from, tmp_path):
    folder = go_on_from(sample_run, tmp_path)
    (folder / "sample.toml").write_text(sp.sample_study(), encoding="utf-8")
    study = Study.from_toml(folder / "sample.toml", raw=sample_run / "raw")
    places = {"processed": folder / "processed", "maps": folder / "maps"}
    results = sp.run(study, **places)
    own = folder / "sample-edits.gpkg"
    assert own.exists()
    project = results.folder / "sample.qgz"

    # Draw a clinic where a village has the longest way to one.
    access = results.access.query("service == @ASKED and mode == 'drive'")
    worst = access.loc[access["travel_time_min"].idxmax(), "settlement_id"]
    village = results.settlements.to_crs("EPSG:4326").set_index("settlement_id").geometry[worst]
    opened = in_qgis("draw_in_qgis.py", project, village.x, village.y, DRAWN).found
    assert not opened["results_can_edit"]
    drawn = gpd.read_file(own, layer="candidate_sites")
    assert list(drawn["service"]) == [DRAWN]

    # The next run has it as the scenario of their edits, and leaves the file as it is.
    before = own.read_bytes()
    results = sp.run(Study.from_toml(folder / "sample.toml", raw=sample_run / "raw"), **places)
    assert own.read_bytes() == before
    gained = results.scenario_access.query("scenario == 'own-edits' and settlement_id == @worst and service == @ASKED")
    assert gained["difference_min"].min() < 0.0

    # Every sheet of A3 has its map, and a legend on the paper.
    (folder / "prints").mkdir()
    printed = in_qgis("print_in_qgis.py", project, folder / "prints", "A3").found
    assert printed["read"]
    assert all(layer["valid"] for layer in printed["layers"].values())
    assert len(printed["prints"]) > 5
    for name, sheet in printed["prints"].items():
        assert (sheet["picture"], sheet["pdf"], sheet["legend_fits"]) == (0, 0, True), name
        assert sheet["drawn"] > 20, name
        assert set(sheet["legend"]) <= set(sheet["visible"]), name

    # The public gets a copy that the check has spoken of, with a project that opens.
    results = read_results(results.folder)
    said = "\n".join(share_check(study, results))
    public = folder / "public"
    list(share_package(study, results, public, audience="public"))
    with sqlite3.connect(public / "sample.gpkg") as file:
        tables = {name for (name,) in file.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'")}
    assert {"settlements", "facilities", "townships"} <= tables
    assert not any("edits" in name for name in tables)
    assert "settlements" in said
    (folder / "handed").mkdir()
    handed = in_qgis("print_in_qgis.py", public / "sample.qgz", folder / "handed", "A4").found
    assert all(layer["valid"] for layer in handed["layers"].values())
    assert all(sheet["legend_fits"] for sheet in handed["prints"].values())
