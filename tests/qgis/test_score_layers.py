"""The score as layers: looks of settlements and townships, towns, modelled flows, and what QGIS makes of them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from spatial.messages import Words
from spatial.qgis import build_layers, write_qgis
from spatial.qgis.forms import value_maps
from spatial.qgis.joins import flow_lines, township_scores
from spatial.qgis.looks_results import least_levels, roads_look
from spatial.qgis.styles import CLUSTERS, DEGURBA
from spatial.tables import TABLES
from spatial.tables.words import ACCESS_CLUSTER, PILLARS

CRS = "EPSG:32648"
CODES = (30, 23, 22, 21, 13, 12, 11, 0)
SHOWN = {
    "townships_score_mandatory_status": "Townships: mandatory norms",
    "townships_score_integration_level": "Townships: integration level",
    "townships_score_segmentation_index": "Townships: segmentation index",
    "townships_types_degurba_level2": "Townships: Degree of Urbanisation, and people classed otherwise (≠)",
    "townships_types_fua_part": "Townships: functional urban areas",
    "settlements_integration_level": "Settlements: integration level",
    "settlements_cluster": "Settlements: clusters of access",
    "settlements_degurba_code": "Settlements: Degree of Urbanisation beside the official class",
    "towns_completeness": "Towns: services of their tier",
}


def typed(frame, *numbers):
    """Give texts the type of texts."""
    return frame.astype({name: "str" for name in frame.columns if name not in numbers and frame[name].dtype == object})


def unit_scores(level, ids):
    count = len(ids)
    levels = {f"level_{name}": np.resize([0.95, 0.82, 0.7, 0.55, 0.3, np.nan], count) for name in PILLARS}
    mean = levels["level_order"]
    return typed(
        pd.DataFrame(
            {
                "unit_level": level,
                "unit_id": list(ids),
                "name": None,
                "population_persons": 100.0,
                "places": 20,
                **levels,
                "integration_level": mean,
                "integration_level_arithmetic": mean,
                "level_low": mean,
                "level_high": mean,
                "missing_pillars": 0,
                "segmentation_index": np.resize([0.0, 0.08, 0.15, 0.3, 0.6, np.nan], count),
                "segmentation_terms": "border",
                "gaps_met": 1,
                "gaps_measured": 2,
                "mandatory_status": np.resize(["fail", "pass", "unknown", "none_applicable"], count),
                "gates_passed": 1,
                "gates_in_force": 2,
                "failed_gates": np.resize(["CN-A;CN-B", "", "", ""], count),
                "level_band": "middle",
                "gap_band": "wide",
                "unserved_persons": 10.0,
                "median_rank": 1.0,
                "low_rank": 1.0,
                "high_rank": 3.5,
                "rank_status": "ranked",
                "known_share": 0.9,
            }
        )
    )


@pytest.fixture(scope="module")
def scored_county(county):
    """Return the made-up county with a score of every settlement and township."""
    places = county["settlements"].loc[county["settlements"]["in_study"]]
    ids = list(places["settlement_id"])
    units = list(county["boundaries"].loc[county["boundaries"]["is_unit"], "boundary_id"])
    scores = pd.concat(
        [unit_scores("study", ["study"]), unit_scores("township", units), unit_scores("settlement", ids)]
    )
    codes = np.resize(CODES, len(ids))
    official = np.resize(["rural", "urban", "rural"], len(ids)).astype(object)
    official[0] = None
    degurba = np.where(codes == 0, None, np.where(codes >= 20, "urban", "rural")).astype(object)
    known = np.array([a is not None and b is not None for a, b in zip(official, degurba, strict=True)])
    types = typed(
        pd.DataFrame(
            {
                "settlement_id": ids,
                "official_class": official,
                "degurba_code": codes,
                "degurba_class": degurba,
                "classes_differ": known & (official != degurba),
                "catchment_tier": "town",
                "catchment_band_min": 15.0,
                "catchment_centre_id": ids[0],
                "urca_local": "town_15",
            }
        )
    )
    towns = typed(
        pd.DataFrame(
            {
                "settlement_id": [*ids[:4], "n099999"],
                "tier": "town",
                "population_persons": 100.0,
                "required_services": [9, 9, 9, 0, 9],
                "present_services": [9, 7, 3, 0, 9],
                "completeness": [1.0, 7 / 9, 3 / 9, np.nan, 1.0],
                "completeness_status": ["measured", "measured", "measured", "not_asked", "measured"],
                "missing_services": ["", "bank;market", "bank", "", ""],
                "coverage_share": 0.1,
                "via_share": [0.4, 0.1, 0.01, np.nan, 0.1],
                "fulcrum_index": [0.2, 0.1, 0.03, np.nan, 0.1],
            }
        )
    )
    clusters = typed(
        pd.DataFrame(
            {
                "settlement_id": ids,
                "neighbours": 8,
                "local_i": 0.5,
                "p_value": 0.01,
                "cluster": np.resize(ACCESS_CLUSTER, len(ids)),
                "cluster_status": "measured",
            }
        )
    )
    component = {
        "unit_level": "study",
        "unit_id": "study",
        "pillar": "order",
        "side": "level",
        "component": ["gates_passed"],
        "value": 0.5,
        "low": 0.25,
        "high": 0.75,
        "unit": "share",
        "target": np.nan,
        "meets_target": "no_target",
        "persons": np.nan,
        "persons_known": np.nan,
        "persons_unknown": np.nan,
        "detail": "",
        "component_status": "measured",
    }
    flows = typed(
        pd.DataFrame(
            {"model": "huff", "from_id": ids[:3], "to_id": [ids[1], ids[0], "n099999"], "volume": [3.0, 2.0, 1.0]}
        )
    )
    urban = np.resize([30, 23, 22, 21, 13, 12, 11, 0], len(units) + 1)
    shares = {f"share_{code}": np.where(urban > 0, urban == code, np.nan) for code in CODES[:-1]}
    unit_types = typed(
        pd.DataFrame(
            {
                "unit_level": ["study", *["township"] * len(units)],
                "unit_id": ["study", *units],
                "name": None,
                "population_persons": np.where(urban > 0, 1000.0, np.nan),
                "degurba_level1": np.where(urban == 30, 3, np.where(urban > 20, 2, np.sign(urban))),
                "degurba_level2": urban,
                **shares,
                "basis": np.where(urban > 0, "raster", "none"),
                "basis_reason": np.where(urban > 0, "", "outside_grid"),
                "unit_rules": "2024",
                "official_urban_share": 0.25,
                "official_rural_share": 0.75,
                "official_unknown_share": 0.0,
                "compared_persons": 900.0,
                "differ_persons": 120.0,
            }
        )
    )
    areas = typed(
        pd.DataFrame(
            {
                "fua_id": units[0],
                "fua_name": "Town",
                "fua_method": "fua_proxy",
                "unit_id": units[:2],
                "fua_part": ["city", "catchment"],
                "centre_share": [0.6, 0.0],
                "commuting_share": np.nan,
                "within_share": [1.0, 0.7],
                "within_min": 60.0,
                "population_persons": 1000.0,
            }
        )
    )
    added = {
        "unit_types": unit_types,
        "functional_areas": areas,
        "scores": scores.reset_index(drop=True),
        "settlement_types": types,
        "towns": towns,
        "access_clusters": clusters,
        "score_components": typed(pd.DataFrame(component)),
        "rank_pairs": typed(
            pd.DataFrame(
                {"unit_id": units[:1], "other_id": units[1:2], "probability_before": 0.95, "pair_status": "compared"}
            )
        ),
        "potential_flows": flows,
    }
    for name, table in added.items():
        TABLES[name].check(table)
    return {**county, **added}


@pytest.fixture(scope="module")
def layers(scored_county, county_meta):
    made = build_layers(scored_county, crs=CRS, languages=["en"], meta=county_meta)
    return {layer.table: layer for layer in made}


def looks(layers):
    return {f"{table}_{look.key}": look for table, layer in layers.items() for look in layer.more_looks}


def test_settlements_and_townships_carry_their_score_with_the_titles_of_the_contracts(layers, scored_county):
    places, units = layers["settlements"], layers["townships"]
    told = places.frame.set_index("settlement_id")
    assert int(told["integration_level"].notna().sum()) > 0
    assert told.loc[~told["in_study"].astype(bool), "integration_level"].isna().all()
    assert places.aliases["integration_level"] == "Integration level"
    assert places.aliases["unserved_persons"] == "People beyond a norm (persons)"
    assert places.aliases["degurba_code"] == "Degree of Urbanisation"
    assert (str(told["degurba_code"].dtype), str(told["classes_differ"].dtype)) == ("Int64", "boolean")
    frame = units.frame.set_index("boundary_id")
    rows = scored_county["scores"].query("unit_level == 'township'").set_index("unit_id")
    pd.testing.assert_series_equal(
        frame["integration_level"], rows["integration_level"].reindex(frame.index), check_names=False
    )
    assert units.aliases["failed_gates"] == "Mandatory norms failed"


def test_the_looks_of_the_score_stand_in_a_group_of_their_own(layers):
    found = looks(layers)
    for key, title in SHOWN.items():
        assert (found[key].title, found[key].group) == (title, "results"), key
        assert found[key].shelf == ("townships" if key == "townships_score_integration_level" else "score"), key
        assert not found[key].visible
    assert layers["towns"].shown.shelf == layers["potential_flows_huff"].shown.shelf == "score"
    assert {"scores", "score_components", "rank_pairs"} <= {
        table for table, layer in layers.items() if layer.shown.shelf == "tables"
    }


def classes(look):
    return [item.get("label") for item in look.style.renderer.iter("category")]


@pytest.mark.parametrize("key", ["townships_score_integration_level", "settlements_integration_level"])
def test_classes_of_levels_follow_the_bands_of_the_study(scored_county, county_meta, key):
    # Bands 0.4 and 0.6: both halves of what is high begin at 0.8 and 0.6, of what lies between at 0.5 and 0.4.
    meta = replace(county_meta, level_bands=(0.4, 0.6))
    made = build_layers(scored_county, crs=CRS, languages=["en"], meta=meta)
    look = looks({layer.table: layer for layer in made})[key]
    assert classes(look)[:5] == ["0.80 and higher", "0.60 to 0.80", "0.50 to 0.60", "0.40 to 0.50", "Lower than 0.40"]
    rule = look.style.renderer.get("attr")
    for name, least in {"all": 0.8, "most": 0.6, "many": 0.5, "half": 0.4}.items():
        assert f">= {least:g} THEN '{name}'" in rule


def test_failed_gates_are_marked_and_none_in_force_is_no_pass(layers):
    assert classes(looks(layers)["townships_score_mandatory_status"]) == [
        "Mandatory norm failed",
        "Cannot be told",
        "All mandatory norms passed",
        "No mandatory norm in force",
    ]


def test_settlements_whose_classes_differ_are_marked_with_the_official_class_beside(layers):
    told = classes(looks(layers)["settlements_degurba_code"])
    frame = layers["settlements"].frame
    known = frame.loc[frame["degurba_code"].fillna(0) > 0]
    differ = known["classes_differ"].astype(bool)
    assert sum("but officially" in label for label in told) == len(
        known.loc[differ, ["degurba_code", "official_class"]].drop_duplicates()
    )
    assert "Urban centre (30), official class unknown" in told
    assert told[-1] == "No raster of people"
    assert set(CODES) - {0} <= set(DEGURBA)
    assert set(CLUSTERS) == set(ACCESS_CLUSTER) - {"unknown"}


def test_townships_are_coloured_by_their_type_and_a_proxy_is_called_one(layers, scored_county):
    told = classes(looks(layers)["townships_types_degurba_level2"])
    frame = layers["townships"].frame
    codes = set(frame["degurba_level2"].dropna())
    assert len(told) == len(codes - {0}) + 1
    assert told[-1] == "Not measured: no population grid"
    assert "Dense town (23)" in told
    assert classes(looks(layers)["townships_types_fua_part"]) == [
        "City (area by travel time)",
        "Within reach of the city, proxy by travel time",
        "In no functional urban area",
    ]
    assert layers["townships"].aliases["share_30"] == "In urban centres (30)"
    assert layers["townships"].aliases["fua_name"] == "Name of the functional urban area"
    assert layers["settlements"].aliases["urca_local"] == "Local catchment code"
    assert layers["functional_areas"].shown.shelf == layers["unit_types"].shown.shelf == "tables"
    assert len(layers["unit_types"].frame) == len(scored_county["unit_types"])


def test_towns_that_are_no_settlement_are_left_out_and_modelled_flows_to_them_too(layers):
    assert len(layers["towns"].frame) == 4
    assert len(layers["potential_flows_huff"].frame) == 2
    assert "potential_flows_gravity" not in layers
    assert layers["potential_flows_huff"].title == "Potential flows, modelled: Huff"


def test_flows_within_a_place_are_no_lines(scored_county):
    ids = scored_county["settlements"]["settlement_id"]
    flows = pd.DataFrame({"from_id": ids[:1], "to_id": ids[:1], "kind": "commuting", "volume": 9.0})
    both = pd.concat([flows, flows.assign(to_id=ids[1])], ignore_index=True)
    drawn = flow_lines(both, gpd.GeoDataFrame(scored_county["settlements"]))
    assert drawn["to_id"].tolist() == [ids[1]]
    assert drawn.geometry.length.gt(0).all()


def test_a_county_without_townships_flows_people_or_a_score_has_no_such_layer(scored_county, county_meta):
    bare = {
        **scored_county,
        "scores": scored_county["scores"].query("unit_level != 'township'"),
        "settlements": scored_county["settlements"].assign(population_persons=np.nan),
        "towns": scored_county["towns"].iloc[:0],
        "potential_flows": scored_county["potential_flows"].iloc[:0],
        "access_clusters": scored_county["access_clusters"].assign(cluster="unknown"),
        "settlement_types": scored_county["settlement_types"].assign(
            degurba_code=0, degurba_class=None, classes_differ=False
        ),
    }
    made = {layer.table: layer for layer in build_layers(bare, crs=CRS, languages=["zh"], meta=county_meta)}
    found = looks(made)
    assert not any(key.startswith("townships_score") for key in found)
    assert not {"towns", "potential_flows_huff"} & set(made)
    assert classes(found["settlements_degurba_code"])[0] == "无人口栅格"
    alone = {"settlements": scored_county["settlements"]}
    only = build_layers(alone, crs=CRS, languages=["en"], meta=county_meta)
    assert not any(layer.shown.shelf == "score" for layer in only)
    assert not any(look.shelf == "score" for look in looks({layer.table: layer for layer in only}).values())


def test_columns_of_the_user_win_over_those_of_the_score(scored_county, county_meta):
    mine = gpd.GeoDataFrame(scored_county["boundaries"]).assign(known_share=7.0)
    places = gpd.GeoDataFrame(scored_county["settlements"]).assign(local_i=7.0)
    tables = {**scored_county, "boundaries": mine, "settlements": places}
    made = {layer.table: layer for layer in build_layers(tables, crs=CRS, languages=["en"], meta=county_meta)}
    assert set(made["townships"].frame["known_share"]) == {7.0}
    assert set(made["settlements"].frame["local_i"]) == {7.0}
    assert set(SHOWN) <= set(looks(made))
    tables["boundaries"] = mine.assign(mandatory_status="mine")
    tables["settlements"] = places.assign(degurba_code="mine", cluster="mine")
    made = {layer.table: layer for layer in build_layers(tables, crs=CRS, languages=["en"], meta=county_meta)}
    assert set(SHOWN) & set(looks(made)) == {
        "settlements_integration_level",
        "towns_completeness",
        "townships_types_degurba_level2",
        "townships_types_fua_part",
    }


def test_rows_in_another_order_give_the_same_layers(scored_county, county_meta, layers):
    turned = {name: table.iloc[::-1] for name, table in scored_county.items()}
    made = {layer.table: layer for layer in build_layers(turned, crs=CRS, languages=["en"], meta=county_meta)}
    for table in ("settlements", "townships", "towns", "potential_flows_huff", "scores"):
        pd.testing.assert_frame_equal(pd.DataFrame(made[table].frame), pd.DataFrame(layers[table].frame))
    assert classes(looks(made)["settlements_degurba_code"]) == classes(looks(layers)["settlements_degurba_code"])


@pytest.mark.qgis
def test_qgis_reads_the_layers_draws_them_and_finds_a_class_for_every_level(
    in_qgis, scored_county, county_meta, tmp_path
):
    for artifact in write_qgis(scored_county, name="county", crs=CRS, languages=["en"], meta=county_meta):
        (tmp_path / artifact.name).write_bytes(artifact.content)
    chosen = "townships_score_mandatory_status,townships_score_integration_level"
    seen = in_qgis("inspect_in_qgis.py", tmp_path, "county", tmp_path / "picture.png", chosen).found
    assert [name for name, layer in seen["project"].items() if not layer["valid"]] == []
    assert set(seen["groups"]["Results"]["Integration score"]) == {
        *(title for key, title in SHOWN.items() if key != "townships_score_integration_level"),
        "Towns: fulcrum index",
        "Potential flows, modelled: Huff",
    }
    for key in SHOWN:
        assert seen["project"][f"spatial_county_{key}"]["renderer"] == "categorizedSymbol", key
    level = seen["project"]["spatial_county_townships_score_integration_level"]
    assert len(level["classes"]) == len(least_levels(0.5, 0.8)) + 1
    assert level["labels"]
    # Fills of 75 % on the land, and the red of a failed gate.
    assert {"#f3c483", "#9b1c31"} & set(seen["colours"])


@pytest.mark.parametrize("language", ["en", "fr", "zh"])
def test_a_level_of_few_settlements_is_in_no_layer_and_its_column_says_why(scored_county, language):
    few = scored_county["scores"].assign(places=9)
    frame, titles = township_scores({**scored_county, "scores": few}, Words(language, "qgis"))
    assert frame["integration_level"].isna().all()
    assert frame["median_rank"].isna().all()
    assert frame["level_structure"].notna().any()
    said = {"en": "fewer than 10 settlements", "fr": "moins de 10 localités", "zh": "居民点不足10个"}[language]
    measured = few.loc[few["unit_level"] == "township"].set_index("unit_id")["integration_level"].notna()
    assert frame.loc[measured, "level_hidden"].str.contains(said).all()
    assert set(titles) == {"level_hidden"}


def test_codes_are_told_beside_classes_of_several_and_ranks_by_their_own_words(scored_county, county_meta):
    roads = scored_county["roads"]
    ferry = roads.iloc[:1].assign(road_id="boat", road_class="ferry")
    county = {**scored_county, "roads": gpd.GeoDataFrame(pd.concat([roads, ferry], ignore_index=True), crs=roads.crs)}
    made = {layer.table: layer for layer in build_layers(county, crs=CRS, languages=["en"], meta=county_meta)}
    words = Words("en", "qgis")
    told = value_maps(made["roads"], roads_look(made["roads"].frame, words), words, county_meta)["road_class"]
    assert (told["trunk"], told["ferry"]) == ("trunk road", "Ferry")
    doubted = replace(made["townships"], frame=made["townships"].frame.assign(rank_status="in_doubt"))
    maps = value_maps(doubted, None, words, county_meta)
    assert maps["rank_status"] == {"in_doubt": "no rank: a known issue forbids it"}
    assert maps["level_band"] == {"middle": "middle"}


@pytest.mark.parametrize("table", ["scores", "score_components", "rank_pairs", "access_clusters", "towns", "townships"])
def test_no_code_of_the_score_is_shown_in_brackets(table, scored_county, county_meta):
    made = {layer.table: layer for layer in build_layers(scored_county, crs=CRS, languages=["en"], meta=county_meta)}
    for column, texts in value_maps(made[table], None, Words("en", "qgis"), county_meta).items():
        assert set(made[table].frame[column].dropna()) <= texts.keys(), column


@pytest.mark.parametrize(
    ("table", "codes", "said"),
    [
        ("plans", {"question": "unit_sites", "mode": "any"}, ["a site in each", "fastest mode"]),
        ("plans", {"reason": "met"}, ["Nobody is known to be beyond it."]),
        ("snaps", {"place_kind": "facility"}, ["facility"]),
        ("site_profile", {"place_kind": "township_centre"}, ["township centre"]),
        ("facilities", {"found_in": "both"}, ["In the list and on the map"]),
        ("water_areas", {"kind": "pond"}, ["Pond"]),
        ("towns", {"completeness_status": "not_asked"}, ["The study asks for nothing of its tier"]),
        ("functional_areas", {"fua_method": "fua"}, ["Commuting"]),
    ],
)
def test_codes_of_plans_and_kinds_of_places_are_said_in_words(table, codes, said, county_meta):
    layer = SimpleNamespace(table=table, frame=pd.DataFrame([codes]).astype("str"), aliases=list(codes))
    told = value_maps(layer, None, Words("en", "qgis"), county_meta)
    assert [told[column][code] for column, code in codes.items()] == said


def test_groups_of_people_are_titled_as_on_pages(county, county_meta):
    more = {"children_3_5_persons": 3.0, "children_3_5_source": "estimated", "suppressed": ""}
    settlements = county["settlements"].assign(**more, cattle_persons=1.0)
    made = build_layers({**county, "settlements": settlements}, crs=CRS, languages=["zh"], meta=county_meta)
    layer = next(layer for layer in made if layer.table == "settlements")
    aliases, maps = layer.aliases, value_maps(layer, None, Words("zh", "qgis"), county_meta)
    assert aliases["children_3_5_persons"] == "3至5岁儿童（人）"  # noqa: RUF001 - Chinese brackets
    assert aliases["children_3_5_source"] == "3至5岁儿童：来源"  # noqa: RUF001 - a Chinese colon
    assert maps["children_3_5_source"] == {"estimated": "按比例估算"}
    assert aliases["suppressed"] == "已隐匿"
    assert aliases["cattle_persons"] == "cattle_persons"  # a group of the study's own


def test_tags_of_roads_are_titled_as_what_they_are_and_those_that_no_road_bears_are_left_out(county, county_meta):
    roads = county["roads"].assign(service="alley", ref="RN1", motor_vehicle="no", winter_road=None, tags="{}")
    made = build_layers({**county, "roads": roads}, crs=CRS, languages=["fr"], meta=county_meta)
    layer = next(layer for layer in made if layer.table == "roads")
    told = {"service": "type de desserte", "ref": "Numéro", "motor_vehicle": "accès des véhicules motorisés"}
    assert layer.aliases.items() >= (told | {"tags": "attributs de la source"}).items()
    assert "winter_road" not in layer.aliases
    assert "service" not in value_maps(layer, None, Words("fr", "qgis"), county_meta)
