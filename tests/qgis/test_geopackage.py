"""The GeoPackage by itself, read without QGIS."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from spatial.errors import ContractError, StudyError
from spatial.messages import Words, languages
from spatial.qgis import build_layers, joins
from spatial.qgis.forms import map_tip
from spatial.qgis.geopackage import write_geopackage_of
from spatial.qgis.joins import gap_points, headline_mode, settlement_results
from spatial.qgis.layer import QgisLayer, plain_columns, plain_name, service_name
from tests.qgis.one_file import write_geopackage

CRS = "EPSG:32648"


@pytest.fixture(scope="module")
def package(county, county_meta, tmp_path_factory):
    artifact = write_geopackage(county, name="county", crs=CRS, languages=["en"], meta=county_meta)
    path = tmp_path_factory.mktemp("package") / artifact.name
    path.write_bytes(artifact.content)
    return path


def query(path, sql):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def test_equal_tables_in_any_row_order_give_equal_bytes(county, county_meta, package):
    shuffled = {name: frame.sample(frac=1.0, random_state=3) for name, frame in county.items()}
    again = write_geopackage(shuffled, name="county", crs=CRS, languages=["en"], meta=county_meta)
    assert again.content == package.read_bytes()


def test_writing_changes_no_table_and_no_setting_of_gdal(county, county_meta):
    before = {name: frame.copy() for name, frame in county.items()}
    write_geopackage(county, name="county", crs=CRS, languages=["en"], meta=county_meta)
    for name, frame in county.items():
        pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(before[name]))
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None


def test_every_layer_is_in_the_output_crs(county, county_meta, tmp_path):
    artifact = write_geopackage(county, name="county", crs="EPSG:4544", languages=["en"], meta=county_meta)
    path = tmp_path / artifact.name
    path.write_bytes(artifact.content)
    assert query(path, "SELECT DISTINCT srs_id FROM gpkg_geometry_columns") == [(4544,)]
    moved = gpd.read_file(path, layer="facilities")
    expected = county["facilities"].sort_values("facility_id").to_crs("EPSG:4544")
    np.testing.assert_allclose(moved.geometry.x, expected.geometry.x, atol=1e-6)


def test_settlements_carry_minutes_norm_status_last_mile_and_the_sources_columns(county, package):
    read = gpd.read_file(package, layer="settlements").set_index("settlement_id")
    assert len(read) == len(county["settlements"])
    access = county["access"]
    drive = access[(access["mode"] == "drive") & (access["service"] == "hospital")].set_index("settlement_id")
    np.testing.assert_allclose(read["hospital_min"], drive["travel_time_min"].reindex(read.index))
    assert (read["hospital_reach_status"] == drive["reach_status"].reindex(read.index)).all()
    wikidata = county["settlements"].set_index("settlement_id")["wikidata"].reindex(read.index)
    assert wikidata.fillna("").tolist() == read["wikidata"].fillna("").tolist()
    assert "last_mile_class" in read.columns
    # Places in the buffer serve and are not scored.
    assert read.loc[~read["in_study"], "norms_not_met"].isna().all()
    assert read.loc[read["in_study"], "norms_not_met"].between(0, 3).all()  # the fixture has three norms


def test_gap_classes_tell_near_far_unreached_and_merely_mapped_apart(county):
    where = county["settlements"].iloc[:7]
    gaps = gpd.GeoDataFrame(
        {
            "settlement_id": where["settlement_id"],
            "norm_id": "N",
            "service": "hospital",
            "rank": np.arange(7),
            # Threshold 20: 24 is within 5 of it; 40 is exactly twice, so not more than twice.
            "value": [24.0, 40.0, 40.5, np.nan, 40.0, np.nan, np.nan],
            "threshold": 20.0,
            "is_near_miss": [True, False, False, False, False, False, False],
            "status": ["not_met"] * 4 + ["not_measurable"] * 2 + ["not_met"],
            "reach_status": ["reached", "reached", "reached", "no_path", "reached", "not_snapped", "beyond_cutoff"],
            "remedy": "site_or_road",
        },
        geometry=where.geometry,
        crs=CRS,
    )
    classes = gap_points({"gaps": gaps, "settlements": county["settlements"]}, "N")["gap_class"]
    assert classes.tolist() == ["near_miss", "beyond", "far", "none", "beyond_mapped", "none_mapped", "searched"]
    gaps["remedy"] = ["mobile_service", *["site_or_road"] * 4, *["mobile_service"] * 2]  # whatever was measured
    classes = gap_points({"gaps": gaps, "settlements": county["settlements"]}, "N")["gap_class"]
    assert classes.tolist() == ["mobile_service", "beyond", "far", "none", "beyond_mapped", *["mobile_service"] * 2]


def test_a_few_metres_to_a_facility_and_back_are_a_valid_line(county, county_meta):
    # Three metres to the road and three back: thinned to ten metres both ends would be one point.
    routes = county["routes"].copy()
    x, y = routes.geometry.iloc[0].coords[0]
    routes.geometry = [shapely.LineString([(x, y), (x + 3.0, y), (x, y)]), *routes.geometry.iloc[1:]]
    layers = build_layers({**county, "routes": routes}, crs=CRS, languages=["en"], meta=county_meta)
    shapes = np.concatenate([layer.shapes for layer in layers if layer.table.startswith("routes_")])
    assert len(shapes) == len(routes)
    assert shapely.is_valid(shapes).all()


@pytest.mark.parametrize(
    ("language", "title"),
    [("en", "Share of the last mile"), ("fr", "Part du dernier kilomètre"), ("zh", "最后一公里占比")],
)
def test_a_column_that_the_list_names_stands_in_the_layers_of_gaps(
    language, title, further_column, county, county_meta
):
    tables = county | {"gaps": county["gaps"].assign(**{further_column: 0.25})}
    layers = build_layers(tables, crs=CRS, languages=[language], meta=county_meta)
    of_gaps = [layer for layer in layers if layer.table.startswith("gap_")]
    assert of_gaps
    for layer in of_gaps:
        assert layer.aliases[further_column] == title
        assert set(layer.frame[further_column]) == {0.25}


def test_townships_carry_each_norm_that_applies(county, package):
    read = gpd.read_file(package, layer="townships").set_index("boundary_id")
    assert sorted(read.index) == ["r1", "r2", "r3", "r4"]
    results = county["norm_results"]
    row = results[(results["unit_id"] == "r1") & (results["norm_id"] == "CN-HOSPITAL")].iloc[0]
    assert read.loc["r1", "cn_hospital_status"] == row["status"]
    assert read.loc["r1", "cn_hospital_share"] == pytest.approx(row["served_share"])
    assert read.loc["r1", "cn_hospital_unserved"] == pytest.approx(row["persons_unserved"])


@pytest.mark.parametrize(("language", "named"), [("en", "East"), ("zh", "东乡")])
def test_townships_are_named_in_the_language_of_the_layers(language, named, county, county_meta):
    boundaries = county["boundaries"].assign(name="东乡", name_en="East", name_zh="东乡")
    gaps, settlements = (county[name].assign(township_id="r1", township="东乡") for name in ("gaps", "settlements"))
    tables = county | {"boundaries": boundaries, "gaps": gaps, "settlements": settlements}
    layers = build_layers(tables, crs=CRS, languages=[language], meta=county_meta)
    told = [layer.frame["township"] for layer in layers if "township" in layer.frame]
    assert len(told) > 2
    for column in told:
        assert set(column.dropna()) == {named}


def test_a_norm_that_counts_places_shows_shares_of_places_and_says_so(county, county_meta):
    norms = county["norm_results"]
    places, people = norms.assign(share_of="places"), norms.assign(share_of="persons")
    # In one township nobody is in the scope of any norm.
    mixed = people.assign(share_of=people["share_of"].mask(people["unit_id"] == "r1", "places"))
    for counted, title, best in (
        (people, "People beyond the norm: ", "Everyone within the norm"),
        (mixed, "People beyond the norm: ", "Everyone within the norm"),
        (places, "Places beyond the norm: ", "All places within the norm"),
    ):
        layers = build_layers(county | {"norm_results": counted}, crs=CRS, languages=["en"], meta=county_meta)
        (layer,) = (each for each in layers if each.table == "townships")
        looks = [(layer.title, layer.style), *((look.title, look.style) for look in layer.more_looks)]
        of_norms = [(told, style) for told, style in looks if "beyond the norm" in told]
        assert of_norms
        for told, style in of_norms:
            assert told.startswith(title)
            assert best in next(iter(style.renderer.iter("category"))).get("label")


def test_what_the_public_is_not_told_has_a_mark_of_its_own_in_map_legend_and_tip(county, county_meta):
    """Of the first norm, and of the first gap of each norm, numbers of people are withheld below 10."""
    gaps, norms = (county[name].reset_index(drop=True) for name in ("gaps", "norm_results"))
    first = ~gaps["norm_id"].duplicated()
    hidden = (norms["unit_level"] == "township") & norms["status"].isin(["met", "not_met"])
    hidden &= norms["norm_id"] == norms.loc[hidden, "norm_id"].min()
    assert hidden.any()
    people = ["persons_unserved", "served_share"]
    cut = {
        "gaps": gaps.assign(
            suppressed=np.where(first, "persons_unserved", ""), persons_unserved=gaps["persons_unserved"].mask(first)
        ),
        "norm_results": norms.assign(suppressed=np.where(hidden, " ".join(people), "")).assign(
            **{name: norms[name].mask(hidden) for name in people}
        ),
    }
    layers = build_layers(county | cut, crs=CRS, languages=["en"], meta=replace(county_meta, below=10))
    gap = next(layer for layer in layers if layer.table.startswith("gap_"))
    labels = [item.get("label") for item in gap.style.renderer.iter("category")]
    assert labels[-1] == "Withheld: would tell of fewer than 10 people"
    text = ET.tostring(gap.style.renderer, encoding="unicode")
    assert "THEN 'diamond' ELSE 'circle' END" in text
    assert "data-defined-size-legend" in text
    assert "THEN 'withheld' ELSE" in map_tip(gap, gap.style, Words("en", "qgis"))
    (townships,) = (layer for layer in layers if layer.table == "townships")
    stem = plain_name(norms.loc[hidden, "norm_id"].iloc[0])
    styles = [townships.style, *(look.style for look in townships.more_looks)]
    (of_norm,) = (style for style in styles if f'"{stem}_share"' in style.renderer.get("attr", ""))
    assert labels[-1] in [item.get("label") for item in of_norm.renderer.iter("category")]
    assert set(townships.frame[f"{stem}_withheld"].dropna()) == {"withheld"}
    untold = next(iter(build_layers(county, crs=CRS, languages=["en"], meta=county_meta)))
    assert "diamond" not in ET.tostring(untold.style.renderer, encoding="unicode")


def test_names_that_the_format_refuses_are_replaced_and_recorded(package):
    roads = gpd.read_file(package, layer="roads")
    # The fixture's roads have columns fid, geom and one in Chinese, and a list of node ids.
    assert {"source_fid", "source_geom", "column"} <= set(roads.columns)
    record = query(package, "SELECT layer, column_was, column_now, why FROM renamed_columns")
    assert ("roads", "fid", "source_fid", "the name is kept for the row number") in record
    assert ("roads", "geom", "source_geom", "the name is kept for the geometry") in record
    assert ("roads", "名称", "column", "is not a plain lower-case name") in record
    assert ("roads", "node_ids", None, "left out: a list of values") in [
        (layer, was, now or None, why) for layer, was, now, why in record
    ]
    assert ("settlements", "Tier", "tier_2", "differs from another column by case only") in record


def test_a_source_name_never_takes_the_place_of_a_plain_one():
    frame = pd.DataFrame({"Name": ["a"], "NAME": ["b"], "name": ["c"], "name_2": ["d"], "FID": [1]})
    plain, sources, record = plain_columns(frame, layer="x")
    assert list(plain.columns) == ["name_3", "name_4", "name", "name_2", "source_fid"]
    assert sources == {"name_3": "Name", "name_4": "NAME", "source_fid": "FID"}
    assert [item.why for item in record] == ["case", "case", "fid"]


def test_integers_are_64_bit_and_mixed_values_become_text():
    frame = pd.DataFrame(
        {
            "small": np.array([1, 2], dtype="int32"),
            "gaps": pd.array([1, None], dtype="Int32"),
            "mixed": pd.Series([1, "a"], dtype=object),
            "tags": pd.Series([{"b": "中", "a": 1}, None], dtype=object),
            "endless": [np.inf, 1.0],
        }
    )
    plain, _, _ = plain_columns(frame, layer="x")
    assert str(plain["small"].dtype) == "int64"
    assert str(plain["gaps"].dtype) == "Int64"
    assert plain["mixed"].tolist() == ["1", "a"]
    assert plain["tags"].iloc[0] == '{"a": 1, "b": "中"}'
    assert pd.isna(plain["tags"].iloc[1])
    assert pd.isna(plain["endless"].iloc[0])


def test_no_column_of_the_file_is_a_32_bit_integer(package):
    tables = [name for (name,) in query(package, "SELECT table_name FROM gpkg_contents")]
    types = {row[2] for table in tables for row in query(package, f"PRAGMA table_info('{table}')")}
    assert "MEDIUMINT" not in types
    assert "INTEGER" in types


def test_every_column_has_an_alias_with_its_unit(package):
    aliases = {
        (table, column): name
        for table, column, name in query(package, "SELECT table_name, column_name, name FROM gpkg_data_columns")
    }
    assert aliases["settlements", "population_persons"] == "Population (persons)"
    assert aliases["settlements", "hospital_min"] == "Hospital: travel time (min)"
    assert aliases["edges_drive", "speed_km_h"] == "Speed (km/h)"
    for table, kind in query(package, "SELECT table_name, data_type FROM gpkg_contents"):
        if table == "layer_styles":
            continue
        names = [row[1] for row in query(package, f"PRAGMA table_info('{table}')")]
        assert all((table, name) in aliases for name in names if name not in {"fid", "geom"}), (table, kind)


def test_every_layer_has_one_default_look_and_all_are_well_formed(package):
    layers = {table for (table,) in query(package, "SELECT table_name FROM gpkg_geometry_columns")}
    rows = query(package, "SELECT f_table_name, styleQML, useAsDefault, f_geometry_column FROM layer_styles")
    assert {row[0] for row in rows} == layers
    assert sorted(row[0] for row in rows if row[2]) == sorted(layers)
    names = query(package, "SELECT styleName FROM layer_styles WHERE f_table_name = 'settlements'")
    # Further looks can be chosen in QGIS: Styles, Load style, From database.
    assert {name for (name,) in names} == {"settlements", "settlements_last_mile"}
    for _, text, _, column in rows:
        assert column == "geom"
        root = ET.fromstring(text.split("\n", 1)[1])  # noqa: S314 - our own output
        assert root.find("renderer-v2") is not None
    assert query(package, "SELECT data_type FROM gpkg_contents WHERE table_name = 'layer_styles'") == [("attributes",)]


def test_licence_method_and_synthetic_notice_are_in_the_metadata(package):
    ((text,),) = query(
        package,
        "SELECT metadata FROM gpkg_metadata JOIN gpkg_metadata_reference ON id = md_file_id"
        " WHERE reference_scope = 'geopackage'",
    )
    for part in ("SYNTHETIC", "© OpenStreetMap contributors, ODbL", "Door-to-door minutes.", "less than the census"):
        assert part in text
    described = query(package, "SELECT table_name FROM gpkg_metadata_reference WHERE reference_scope = 'table'")
    contents = query(package, "SELECT table_name FROM gpkg_contents WHERE table_name <> 'layer_styles'")
    assert sorted(described) == sorted(contents)
    assert query(package, "SELECT DISTINCT timestamp FROM gpkg_metadata_reference") == [("2025-06-30T00:00:00.000Z",)]


def test_layers_have_readable_identifiers_and_descriptions(package):
    rows = {row[0]: row[1:] for row in query(package, "SELECT table_name, identifier, description FROM gpkg_contents")}
    assert rows["gap_cn_primary_school"][0] == "Primary school (CN-PRIMARY-SCHOOL)"
    assert all(description for name, (_, description) in rows.items() if name != "layer_styles")
    assert len({identifier for identifier, _ in rows.values()}) == len(rows)


def test_findings_become_one_layer_a_kind_and_one_table_of_all(package):
    tables = {name for (name,) in query(package, "SELECT table_name FROM gpkg_contents")}
    assert {
        "qa_unsnapped",
        "qa_beyond_tolerance",
        "qa_small_component_lines",
        "qa_merged_duplicate",
        "qa_ambiguous_duplicate_lines",
        "qa_outside_own_unit",
    } <= tables
    assert query(package, "SELECT count(*) FROM findings") == [(6,)]


@pytest.mark.parametrize(
    ("language", "titles"),
    [
        ("en", {"Check: merged duplicates (Point)", "Check: merged duplicates (LineString)"}),
        ("fr", {"Contrôle\u00a0: doublons fusionnés (point)", "Contrôle\u00a0: doublons fusionnés (ligne)"}),
        ("zh", {"检查：已合并的重复记录（点）", "检查：已合并的重复记录（线）"}),  # noqa: RUF001 - Chinese writes them wide
    ],
)
def test_findings_of_a_kind_at_points_and_along_lines_have_titles_of_their_own(county, county_meta, language, titles):
    alike = county["findings_read"].replace({"kind": {"ambiguous_duplicate": "merged_duplicate"}})
    tables = {"settlements": county["settlements"], "findings_read": alike}
    layers = build_layers(tables, crs=CRS, languages=[language], meta=county_meta)
    assert {layer.title for layer in layers if layer.table.startswith("qa_merged")} == titles


def test_flows_to_unknown_places_are_not_drawn(package):
    # One of the fixture's three flows starts at a settlement that is not there.
    assert query(package, "SELECT from_id FROM flows_people ORDER BY 1") == [("n001",), ("n002",)]


def test_a_table_of_which_nothing_can_be_drawn_gives_no_layer(county, county_meta):
    nowhere = {"settlements": county["settlements"], "flows": county["flows"].iloc[2:]}
    layers = build_layers(nowhere, crs=CRS, languages=["en"], meta=county_meta)
    assert [layer.table for layer in layers] == ["settlements", "renamed_columns"]


def test_heights_are_left_out_and_water_is_split_by_shape(county, county_meta, tmp_path):
    spring = county["water"].iloc[[0]].assign(water_id="n1").set_geometry([shapely.Point(1.0, 2.0, 300.0)], crs=CRS)
    water = pd.concat([county["water"], spring], ignore_index=True)
    tables = {"settlements": county["settlements"], "water": water}
    path = tmp_path / "county.gpkg"
    path.write_bytes(write_geopackage(tables, name="county", crs=CRS, languages=["en"], meta=county_meta).content)
    kinds = dict(query(path, "SELECT table_name, geometry_type_name FROM gpkg_geometry_columns WHERE z = 0"))
    assert kinds == {
        "settlements": "POINT",
        "water_points": "POINT",
        "water_lines": "LINESTRING",
        "water_areas": "POLYGON",
    }


def test_hostile_names_stay_what_they_are(package):
    names = gpd.read_file(package, layer="facilities")["name"]
    assert names.iloc[0] == "<b>hospital</b> 0 & co"


def test_chinese_layers_classes_and_columns(county, county_meta, tmp_path):
    artifact = write_geopackage(county, name="county", crs=CRS, languages=["zh", "en"], meta=county_meta)
    path = tmp_path / artifact.name
    path.write_bytes(artifact.content)
    assert query(path, "SELECT identifier FROM gpkg_contents WHERE table_name = 'townships'") == [
        ("未覆盖人口：Hospital within 20 min",)  # noqa: RUF001
    ]
    alias = "SELECT name FROM gpkg_data_columns WHERE table_name = 'settlements' AND column_name = "
    assert query(path, f"{alias}'hospital_min'") == [("医院：出行时间（分钟）",)]  # noqa: RUF001
    assert query(path, f"{alias}'population_persons'") == [("人口（人）",)]  # noqa: RUF001


def test_every_message_has_its_chinese():
    english, chinese = (Words(code, "qgis").messages for code in ("en", "zh"))
    for section, words in english.items():
        for key, text in words.items():
            assert key == "title" or chinese[section][key] != text, (section, key)


def test_a_french_geopackage_has_french_titles(county, county_meta, tmp_path):
    artifact = write_geopackage(county, name="county", crs=CRS, languages=["fr", "en"], meta=county_meta)
    path = tmp_path / artifact.name
    path.write_bytes(artifact.content)
    alias = "SELECT name FROM gpkg_data_columns WHERE table_name = 'settlements' AND column_name = "
    assert query(path, f"{alias}'population_persons'") == [("Population (personnes)",)]
    # the made-up vocabulary of this study has no French: names of services fall back to English
    assert query(path, f"{alias}'hospital_min'") == [("Hospital\u00a0: temps de parcours (min)",)]


def test_settlements_alone_are_enough(county, county_meta):
    artifact = write_geopackage(
        {"settlements": county["settlements"]}, name="county", crs=CRS, languages=["en"], meta=county_meta
    )
    assert artifact.content.startswith(b"SQLite format 3")


def test_without_settlements_nothing_is_written(county, county_meta):
    empty = {"settlements": county["settlements"].iloc[:0]}
    with pytest.raises(ContractError, match="at least one settlement"):
        write_geopackage(empty, name="county", crs=CRS, languages=["en"], meta=county_meta)


def test_a_language_without_messages_is_refused(county, county_meta):
    with pytest.raises(StudyError, match=f"there are {', '.join(languages())}"):
        write_geopackage(county, name="county", crs=CRS, languages=["xx"], meta=county_meta)


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "{}: network distance (m)"),
        ("fr", "{}\u00a0: distance par le réseau (m)"),
        ("zh", "{}\uff1a路网距离\uff08米\uff09"),
    ],
)
def test_a_further_column_of_the_way_is_its_name_in_a_list(county, county_meta, monkeypatch, language, title):
    # The last one is optional, and these ways lack it. Other services have minutes, whatever the list begins with.
    monkeypatch.setattr(joins, "WAY", ("network_distance_m", *joins.WAY, "shortest_distance_m"))
    words = Words(language, "qgis")
    frame, titles = settlement_results(county, words, county_meta)
    access = county["access"]
    for service in county_meta.headline_services:
        own = access[(access["service"] == service) & (access["mode"] == headline_mode(access, county_meta))]
        metres = own.set_index("settlement_id")["network_distance_m"].reindex(frame["settlement_id"])
        np.testing.assert_array_equal(frame[f"{service}_network_distance_m"], metres)
        assert titles[f"{service}_network_distance_m"] == title.format(service_name(service, words, county_meta))
        assert f"{service}_shortest_distance_m" not in {*frame, *titles}
    assert "post_office" not in county_meta.headline_services
    assert [name for name in frame if name.startswith("post_office")] == ["post_office_min"]


def test_every_layer_that_counts_people_says_who_is_counted(package):
    told = 0
    for table, description in query(package, "SELECT table_name, description FROM gpkg_contents"):
        columns = [row[1] for row in query(package, f'PRAGMA table_info("{table}")')]
        counts = any("persons" in column for column in columns)
        assert counts == ("People counted: " in (description or "")), table
        told += counts
    assert told


def test_times_missing_values_and_shapes_of_several_parts_are_read_back_as_they_were(tmp_path, county_meta):
    frame = gpd.GeoDataFrame(
        {
            "seen": pd.to_datetime(["2020-01-02 03:04:05.678", None, None]),
            "is_open": pd.array([True, None, False], dtype="boolean"),
            "beds": pd.array([7, None, 2**40], dtype="Int64"),
            "share": [0.1, np.nan, 1.0],
            "name": pd.Series(["é", None, "中"], dtype="str"),
        },
        geometry=[shapely.box(0, 0, 2, 1), None, shapely.MultiPolygon([shapely.box(4, 0, 5, 1)])],
        crs=CRS,
    )
    aliases = {column: column for column in frame.columns.drop("geometry")}
    layer = QgisLayer("plots", "Plots", "Made up.", "base", frame, None, aliases, {})
    artifact = write_geopackage_of([layer], name="plots", words=Words("en", "qgis"), meta=county_meta)
    path = tmp_path / artifact.name
    path.write_bytes(artifact.content)
    read = gpd.read_file(path, layer="plots")
    assert read["seen"].tolist() == frame["seen"].tolist()
    assert query(path, "SELECT is_open, beds, share, name FROM plots") == [
        (1, 7, 0.1, "é"),
        (None, None, None, None),
        (0, 2**40, 1.0, "中"),
    ]
    assert [shape and shape.wkt for shape in read.geometry] == [
        "MULTIPOLYGON (((2 0, 2 1, 0 1, 0 0, 2 0)))",
        None,
        "MULTIPOLYGON (((5 0, 5 1, 4 1, 4 0, 5 0)))",
    ]
    assert query(path, "SELECT * FROM rtree_plots_geom") == [(1, 0.0, 2.0, 0.0, 1.0), (3, 4.0, 5.0, 0.0, 1.0)]
