"""The layers that users draw in, as QGIS opens them: what they take, what they ask for, and in which words."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from spatial.inputs.edits import empty_edits, read_edits
from spatial.qgis import write_qgis

CRS = "EPSG:32648"
SERVICES = ["hospital", "primary_school"]


@pytest.fixture(scope="module")
def drawn(in_qgis, county, county_meta, tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    processed = folder / "data" / "processed" / "county"
    processed.mkdir(parents=True)
    (folder / "county-edits.gpkg").write_bytes(empty_edits())
    meta = replace(county_meta, is_full=False, edits="../../../county-edits.gpkg", own_services=SERVICES)
    for artifact in write_qgis(county, name="county", crs=CRS, languages=["zh"], meta=meta):
        (processed / artifact.name).write_bytes(artifact.content)
    return in_qgis("draw_in_qgis.py", processed / "county.qgz").found | {"file": folder / "county-edits.gpkg"}


@pytest.mark.qgis
def test_own_layers_lead_the_tree_and_take_features_while_results_do_not(drawn):
    assert drawn["first_group"] == "您的图层：在此绘制，下次运行时读取"  # noqa: RUF001
    assert len(drawn["own"]) == 6
    for name, layer in drawn["own"].items():
        assert (layer["valid"], layer["read_only"], layer["can_edit"]) == (True, False, True), name
    assert not drawn["results_can_edit"]


@pytest.mark.qgis
def test_forms_have_defaults_needed_columns_words_and_photos(drawn):
    sites = drawn["own"]["spatial_edits_candidate_sites"]["fields"]
    assert sites["service"]["widget"] == "ValueMap"
    assert sites["service"]["config"]["map"] == [{"医院": "hospital"}, {"小学": "primary_school"}]
    assert sites["service"]["needed"]
    assert sites["photo"]["widget"] == "ExternalResource"
    assert sites["photo"]["config"]["RelativeStorage"] == 1
    assert sites["edit_id"]["default"] == "uuid('WithoutBraces')"
    assert sites["capacity"]["must"] == '"capacity" IS NULL OR "capacity" > 0'
    assert sites["made_on"]["widget"] == "DateTime"


@pytest.mark.qgis
def test_a_feature_that_qgis_saved_is_what_the_next_run_reads(drawn):
    features = json.loads(read_edits(drawn["file"], SERVICES)["candidate_sites"])["features"]
    assert len(features) == 1
    assert features[0]["properties"]["service"] == "hospital"
    assert len(features[0]["properties"]["facility_id"]) == 36  # a UUID by default
    assert features[0]["geometry"]["coordinates"] == [104.2, 28.6]
