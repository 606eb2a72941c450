"""A day of a county's GIS officer, from opening the project to the copy for the public."""

from __future__ import annotations

import sqlite3

import geopandas as gpd
import pytest

import spatial as sp
from spatial.results import read_results
from spatial.stages.share import release_for, share_check, share_package, share_postgis
from spatial.study import Study

DRAWN, ASKED = "health_centre", "medical_point"
"""What is drawn, and the service that a norm asks for and that it counts for."""


@pytest.mark.qgis
@pytest.mark.postgis
@pytest.mark.trial
def test_open_draw_a_clinic_run_print_publish_hand_on(in_qgis, sample_run, go_on_from, serving, database, tmp_path):
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
    there = results.scenario_access.query("scenario == 'own-edits' and settlement_id == @worst")
    minutes = there.set_index("service")["difference_min"]
    assert minutes[DRAWN] < 0.0
    assert minutes[ASKED] < 0.0

    # Every sheet of A3 has its map, and a legend on the paper.
    (folder / "prints").mkdir()
    printed = in_qgis("print_in_qgis.py", project, folder / "prints", "A3").found
    assert printed["read"]
    assert printed["again"]
    assert all(layer["valid"] for layer in printed["layers"].values())
    # What opens the project is a question a theme; one of them is what was drawn.
    assert len(printed["prints"]) == len(printed["themes"]) > 5
    assert f"spatial_sample_settlements_own_edits_{DRAWN}_change" in printed["layers"]
    assert any(name.startswith("Your edits: Health centre") for name in printed["themes"])
    findings = [finding["norm_id"] for finding in results.summary["answer"]["findings"]]
    assert sum(any(norm in name for norm in findings) for name in printed["themes"]) > 1
    for name, sheet in printed["prints"].items():
        assert (sheet["picture"], sheet["pdf"], sheet["legend_fits"]) == (0, 0, True), name
        assert sheet["drawn"] > 20, name
        assert set(sheet["legend"]) <= set(sheet["visible"]), name

    # Colleagues read it in QGIS from a service, and from the database.
    results = read_results(results.folder)
    arguments = [folder / "sample.toml", "--raw", sample_run / "raw", "--processed", folder / "processed", "--port", 0]
    with serving(arguments, tmp_path / "temporary") as address:
        layer = f"pagingEnabled='default' url='{address}' typename='scenario_access'"
        read = in_qgis("open_in_qgis.py", "OAPIF", layer).found
        assert read[0]["rows"] == len(results.scenario_access)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PGPASSWORD", database.password)
        list(
            share_postgis(
                release_for(study, results, "internal"), database.url, schema="a_day", reader="", progress=print
            )
        )
        read = in_qgis("open_in_qgis.py", "postgres", database.layer("a_day", "settlements", "geometry")).found
    assert (read[0]["valid"], read[0]["rows"]) == (True, len(results.settlements))

    # The public gets a copy that the check has spoken of, with a project that opens.
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
