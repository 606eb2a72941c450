"""A small made-up county, the same every time, in the tables of the data dictionary."""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from affine import Affine

from spatial.qgis import QgisMeta
from spatial.qgis.layer import NormWords
from spatial.rasters import Raster
from spatial.tables import TABLES

CRS = "EPSG:32648"
WEST, SOUTH, WIDTH, HEIGHT = 400_000.0, 3_300_000.0, 40_000.0, 30_000.0
SERVICES = {"hospital": 20.0, "primary_school": 8.0, "post_office": 15.0}


def _text(values: list[str | None]) -> pd.Series:
    return pd.Series(values, dtype="str")


def _at(x: float, y: float) -> tuple[float, float]:
    return WEST + x * 1000, SOUTH + y * 1000


def _boundaries() -> gpd.GeoDataFrame:
    middle_x = [(20 + 2.5 * np.sin(y / 4), float(y)) for y in np.linspace(0, 30, 40)]
    middle_y = [(float(x), 15 + 2 * np.sin(x / 5)) for x in np.linspace(0, 40, 40)]
    frame = [(0, 0), (40, 0), (40, 30), (0, 30), (0, 0)]
    lines = [shapely.LineString([_at(*point) for point in part]) for part in (middle_x, middle_y, frame)]
    pieces = shapely.get_parts(shapely.polygonize([shapely.union_all(lines)]))
    order = np.argsort([part.centroid.y * 10 + part.centroid.x for part in pieces])
    names = [("Shuinan", "水南镇"), ("Dongling", "东岭乡"), ("Xishan", "西山乡"), ("Beihe", "北河镇")]
    areas = [pieces[i] for i in order]
    return gpd.GeoDataFrame(
        {
            "boundary_id": _text(["r0", *(f"r{i + 1}" for i in range(len(areas)))]),
            "name": _text(["青川县", *(zh for _, zh in names)]),
            "name_en": _text(["Qingchuan County", *(en for en, _ in names)]),
            "name_zh": _text(["青川县", *(zh for _, zh in names)]),
            "admin_level": np.array([6, 8, 8, 8, 8]),
            "is_unit": np.array([False, True, True, True, True]),
            "Name": _text(["County", *(en for en, _ in names)]),
        },
        geometry=[shapely.union_all(areas).buffer(0), *areas],
        crs=CRS,
    )


def _road_lines() -> list[tuple[str, str, list[tuple[float, float]]]]:
    grid = np.linspace(0, 40, 60)
    lines = [("trunk", "yes", [(x, 14 + 3 * np.sin(x / 7)) for x in grid])]
    lines += [
        ("secondary", "yes", [(x0 + 1.5 * np.sin(y / 3), y) for y in np.linspace(1, 29, 40)]) for x0 in (8, 20, 32)
    ]
    lines += [
        ("unclassified", "unknown", [(x, y0 + 1.2 * np.sin(x / 2 + y0)) for x in np.linspace(2, 38, 60)])
        for y0 in (5, 10, 20, 25)
    ]
    lines += [
        ("track", "no", [(x0 + 0.5 * np.cos(y), y) for y in np.linspace(y0, y0 + 5, 12)])
        for x0 in (4, 13, 26, 37)
        for y0 in (4, 19)
    ]
    return lines


def _roads() -> gpd.GeoDataFrame:
    lines = _road_lines()
    return gpd.GeoDataFrame(
        {
            "road_id": _text([f"w{i}" for i in range(len(lines))]),
            "road_class": _text([kind for kind, _, _ in lines]),
            "surface": _text(["asphalt" if kind != "track" else "ground" for kind, _, _ in lines]),
            "node_ids": pd.Series([list(range(len(points))) for _, _, points in lines], dtype=object),
            "fid": np.arange(len(lines)) * 10,
            "geom": _text([f"g{i}" for i in range(len(lines))]),
            "名称": _text([f"路{i}" for i in range(len(lines))]),
        },
        geometry=[shapely.LineString([_at(*point) for point in points]) for _, _, points in lines],
        crs=CRS,
    )


def _edges(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    parts = []
    for mode, speed in (("drive", 40.0), ("walk", 5.0)):
        length = roads.geometry.length
        parts.append(
            gpd.GeoDataFrame(
                {
                    "mode": mode,
                    "edge_id": roads["road_id"] + "/0",
                    "road_id": roads["road_id"],
                    "road_class": roads["road_class"],
                    "surface": roads["surface"],
                    "from_node": np.arange(len(roads)) * 2,
                    "to_node": np.arange(len(roads)) * 2 + 1,
                    "length_m": length,
                    "speed_km_h": speed,
                    "time_forward_min": length / speed * 0.06,
                    "time_backward_min": np.where(roads.index == 0, np.nan, length / speed * 0.06),
                    "speed_source": "class",
                    "is_bridge": False,
                    "is_tunnel": False,
                    "all_season": [season for _, season, _ in _road_lines()],
                    "is_snappable": True,
                    "component": 0,
                    "component_km": length.sum() / 1000,
                },
                geometry=roads.geometry,
                crs=CRS,
            )
        )
    edges = pd.concat(parts, ignore_index=True)
    return edges.astype({"mode": "str", "speed_source": "str", "all_season": "str"})


def _settlements(boundaries: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(7)
    x = np.concatenate([[20.0, 9.0, 31.0, 8.5, 31.5], rng.uniform(1, 39, 90), rng.uniform(-4, 0, 4)])
    y = np.concatenate([[14.5, 7.0, 6.5, 23.0, 22.0], rng.uniform(1, 29, 90), rng.uniform(3, 27, 4)])
    place = gpd.GeoSeries([shapely.Point(_at(a, b)) for a, b in zip(x, y, strict=True)], crs=CRS)
    units = boundaries[boundaries["is_unit"]]
    inside = [units.index[units.contains(point)] for point in place]
    people = np.concatenate([[42_000.0, 9_000, 8_000, 6_500, 7_200], np.round(rng.lognormal(5.6, 0.9, 94))])
    people[20] = np.nan
    towns = [("Qingchuan", "青川"), ("Shuinan", "水南"), ("Dongling", "东岭"), ("Xishan", "西山"), ("Beihe", "北河")]
    villages = [(f"Village {i}", f"第{i}村") for i in range(len(x) - 5)]
    names = towns + villages
    return gpd.GeoDataFrame(
        {
            "settlement_id": _text([f"n{i:03}" for i in range(len(x))]),
            "name": _text([zh for _, zh in names]),
            "name_en": _text([en for en, _ in names]),
            "name_zh": _text([zh for _, zh in names]),
            "tier": _text(["county_seat", *["town"] * 4, *["village"] * (len(x) - 5)]),
            "in_study": np.array([len(item) > 0 for item in inside]),
            "population_persons": people,
            "population_source": _text(["raster"] * len(x)),
            "elderly_persons": people * 0.2,
            "township_id": _text([units.loc[item[0], "boundary_id"] if len(item) else None for item in inside]),
            "township": _text([units.loc[item[0], "name"] if len(item) else None for item in inside]),
            "wikidata": _text([f"Q{i}" if i % 3 else None for i in range(len(x))]),
            "Tier": _text(["source word"] * len(x)),
        },
        geometry=place,
        crs=CRS,
    )


def _facilities() -> gpd.GeoDataFrame:
    rows = [
        ("hospital", 20.4, 14.0),
        ("hospital", 31.2, 6.0),
        ("primary_school", 19.6, 15.2),
        ("primary_school", 9.4, 6.6),
        ("primary_school", 30.6, 22.4),
        ("primary_school", 8.2, 23.4),
        ("primary_school", 25.0, 10.0),
        ("post_office", 20.1, 15.4),
        ("post_office", 9.1, 7.8),
        ("pharmacy", 21.0, 14.9),
        ("bank", 19.1, 13.9),
        ("bus_stop", 32.2, 21.2),
    ]
    return gpd.GeoDataFrame(
        {
            "facility_id": _text([f"f{i:02}" for i in range(len(rows))]),
            "name": _text([f"<b>{service}</b> {i} & co" for i, (service, _, _) in enumerate(rows)]),
            "service": _text([service for service, _, _ in rows]),
            "capacity": np.full(len(rows), 100.0),
            "load": np.full(len(rows), np.nan),
            "status": _text(["existing"] * len(rows)),
            "in_study": np.ones(len(rows), dtype=bool),
            "amenity": _text([service for service, _, _ in rows]),
        },
        geometry=[shapely.Point(_at(x, y)) for _, x, y in rows],
        crs=CRS,
    )


def _access(settlements: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame) -> pd.DataFrame:
    rows = []
    for mode, speed in (("drive", 25.0), ("walk", 4.0)):
        for service in SERVICES:
            chosen = facilities[facilities["service"] == service]
            for place in settlements.itertuples():
                metres = chosen.distance(place.geometry)
                minutes = float(metres.min() * 1.3 / speed * 0.06)
                lost = place.Index % 29 == 11
                rows.append(
                    (place.settlement_id, service, mode, chosen.loc[metres.idxmin(), "facility_id"], minutes, lost)
                )
    frame = pd.DataFrame(rows, columns=["settlement_id", "service", "mode", "facility_id", "travel_time_min", "lost"])
    lost = frame.pop("lost")
    frame["travel_time_min"] = frame["travel_time_min"].mask(lost)
    frame["facility_id"] = frame["facility_id"].mask(lost)
    for column in (
        "access_leg_min",
        "network_leg_min",
        "egress_leg_min",
        "network_distance_m",
        "straight_distance_m",
        "second_travel_time_min",
    ):
        frame[column] = frame["travel_time_min"] / 3
    frame["second_facility_id"] = frame["facility_id"]
    frame["reach_status"] = np.where(lost, "no_path", "reached")
    frame["edge_risk"] = frame["settlement_id"].isin(["n006", "n007"])
    return frame.astype(
        dict.fromkeys(("settlement_id", "service", "mode", "facility_id", "second_facility_id", "reach_status"), "str")
    )


def _norms(settlements: gpd.GeoDataFrame, access: pd.DataFrame) -> tuple[pd.DataFrame, gpd.GeoDataFrame]:
    """Threshold by service; primary schools are only partly known, so that nothing is measurable there."""
    scored = settlements[settlements["in_study"]].set_index("settlement_id")
    drive = access[(access["mode"] == "drive") & access["settlement_id"].isin(scored.index)]
    rows, gaps = [], []
    for service, threshold in SERVICES.items():
        norm = f"CN-{service.upper().replace('_', '-')}"
        of_service = drive[drive["service"] == service].set_index("settlement_id")["travel_time_min"]
        within = of_service <= threshold
        status = np.where(within, "met", "not_measurable" if service == "primary_school" else "not_met")
        mapped = np.where(within, "met", "not_met")
        people = scored["population_persons"].reindex(of_service.index).fillna(0.0)
        for place, value, one, other, count in zip(of_service.index, of_service, status, mapped, people, strict=True):
            rows.append(
                (norm, "settlement", place, service, one, other, value, count if other == "met" else 0.0, count)
            )
            if other == "not_met":
                gaps.append((place, norm, service, value, threshold, count, one))
        for unit, members in scored.groupby("township_id").groups.items():
            bad = ~within.loc[members]
            one = "met" if not bad.any() else "not_measurable" if service == "primary_school" else "not_met"
            if service == "post_office" and unit == "r4":
                one = "not_applicable"
            total = float(people.loc[members].sum())
            served = float(people.loc[members][~bad].sum())
            rows.append(
                (norm, "township", unit, service, one, "not_met" if bad.any() else "met", np.nan, served, total)
            )
        total, served = float(people.sum()), float(people[within].sum())
        rows.append((norm, "study", "study", service, "not_met", "not_met", np.nan, served, total))
    columns = [
        "norm_id",
        "unit_level",
        "unit_id",
        "service",
        "status",
        "status_as_mapped",
        "value",
        "persons_served",
        "persons_in_scope",
    ]
    results = pd.DataFrame(rows, columns=columns)
    results = results.assign(
        norm_class="guiding",
        reason="",
        gate="none_applicable",
        persons_unknown=0.0,
        attainment=np.nan,
        shortfall=np.nan,
    )
    results["persons_unserved"] = results["persons_in_scope"] - results["persons_served"]
    results["served_share"] = results["persons_served"] / results["persons_in_scope"].where(
        results["persons_in_scope"] > 0
    )
    results["served_share_lower"] = results["served_share_upper"] = results["served_share"]
    results = results.assign(share_of="persons", target_share=1.0, persons_to_serve=np.nan)
    results = results.assign(depth_fgt0=np.nan, depth_fgt1=np.nan, depth_fgt2=np.nan)
    for kind in ("in_scope", "served", "unserved", "unknown"):
        results[f"places_{kind}"] = 1.0
    texts = (
        "norm_id",
        "unit_level",
        "unit_id",
        "service",
        "status",
        "status_as_mapped",
        "norm_class",
        "reason",
        "gate",
    )
    return results.astype(dict.fromkeys(texts, "str")), _gaps(gaps, settlements)


def _gaps(rows: list[tuple], settlements: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    columns = ["settlement_id", "norm_id", "service", "value", "threshold", "persons_unserved", "status"]
    frame = pd.DataFrame(rows, columns=columns).sort_values(
        ["persons_unserved", "settlement_id"], ascending=[False, True]
    )
    frame = frame.reset_index(drop=True)
    frame["rank"] = np.arange(1, len(frame) + 1)
    frame["unit"] = "min"
    frame["norm_class"] = "guiding"
    frame["excess"] = frame["value"] - frame["threshold"]
    frame["is_near_miss"] = frame["excess"] <= 5
    frame["reach_status"] = np.where(frame["value"].isna(), "no_path", "reached")
    frame["remedy"] = "site_or_road"
    where = settlements.set_index("settlement_id")
    frame["township_id"] = where["township_id"].reindex(frame["settlement_id"]).to_numpy()
    frame["township"] = where["township"].reindex(frame["settlement_id"]).to_numpy()
    texts = (
        "settlement_id",
        "norm_id",
        "service",
        "status",
        "unit",
        "norm_class",
        "reach_status",
        "remedy",
        "township_id",
        "township",
    )
    return gpd.GeoDataFrame(
        frame.astype(dict.fromkeys(texts, "str")),
        geometry=where.geometry.reindex(frame["settlement_id"]).to_numpy(),
        crs=CRS,
    )


def _snaps(settlements: gpd.GeoDataFrame, roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    network = shapely.union_all(roads.geometry.array)
    lines = [shapely.shortest_line(point, network) for point in settlements.geometry]
    metres = np.array([line.length for line in lines])
    return gpd.GeoDataFrame(
        {
            "place_id": settlements["settlement_id"],
            "place_kind": _text(["settlement"] * len(lines)),
            "mode": _text(["drive"] * len(lines)),
            "edge_id": _text(["w0/0"] * len(lines)),
            "fraction": np.full(len(lines), 0.5),
            "snap_distance_m": metres,
            "snap_time_min": metres * 1.3 / 5 * 0.06,
            "snap_status": _text(["far" if one > 2000 else "ok" for one in metres]),
        },
        geometry=lines,
        crs=CRS,
    )


def _routes(access: pd.DataFrame, settlements: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    chosen = access[(access["mode"] == "drive") & (access["reach_status"] == "reached")].reset_index(drop=True)
    start = settlements.set_index("settlement_id").geometry.loc[chosen["settlement_id"]]
    stop = facilities.set_index("facility_id").geometry.loc[chosen["facility_id"]]
    lines = [
        shapely.LineString([a, ((a.x + b.x) / 2, a.y), ((a.x + b.x) / 2, b.y), b])
        for a, b in zip(start, stop, strict=True)
    ]
    frame = chosen[["settlement_id", "service", "mode", "facility_id", "travel_time_min", "network_distance_m"]]
    return gpd.GeoDataFrame(frame.assign(edge_ids=_text(["w0/0 w1/0"] * len(frame))), geometry=lines, crs=CRS)


def _water() -> gpd.GeoDataFrame:
    river = shapely.LineString([_at(x, 17 + 4 * np.sin(x / 9 + 1)) for x in np.linspace(-5, 45, 80)])
    lake = shapely.Point(_at(27, 26)).buffer(1800)
    stream = shapely.LineString([_at(27 - 0.2 * i, 24.5 - i) for i in range(6)])
    return gpd.GeoDataFrame(
        {
            "water_id": _text(["w900", "w901", "w902"]),
            "name": _text(["青江", "镜湖", None]),
            "kind": _text(["river", "lake", "stream"]),
            "is_barrier": [True, True, False],
        },
        geometry=[river.buffer(250), lake, stream],
        crs=CRS,
    )


def _findings(
    settlements: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, roads: gpd.GeoDataFrame
) -> dict[str, gpd.GeoDataFrame]:
    def make(rows: list[tuple]) -> gpd.GeoDataFrame:
        columns = ["finding_id", "kind", "subject_id", "other_id", "detail", "distance_m", "geometry"]
        frame = pd.DataFrame(rows, columns=columns)
        texts = dict.fromkeys(("finding_id", "kind", "subject_id", "other_id", "detail"), "str")
        return gpd.GeoDataFrame(frame.astype({**texts, "distance_m": "float64"}), geometry="geometry", crs=CRS)

    place, facility, road = settlements.geometry, facilities.geometry, roads.geometry
    pair = shapely.LineString([facility[2], facility[7]])
    return {
        "findings_read": make(
            [
                ("read/0", "merged_duplicate", "f02", "f07", "One building, two records", 40.0, facility[2]),
                ("read/1", "ambiguous_duplicate", "f02", "f07", "Names differ", 120.0, pair),
                ("read/2", "outside_own_unit", "n050", None, "Lies in another township", np.nan, place[50]),
            ]
        ),
        "findings_network": make([("network/0", "small_component", "w12", None, "2.1 km", np.nan, road[12])]),
        "findings_access": make(
            [
                ("access/0", "unsnapped", "n016", None, "No edge within 5000 m", np.nan, place[16]),
                ("access/1", "beyond_tolerance", "n040", None, "2600 m", 2600.0, place[40]),
            ]
        ),
    }


def _last_mile(settlements: gpd.GeoDataFrame) -> pd.DataFrame:
    count = len(settlements)
    numbers = (
        "all_season_road_distance_m",
        "known_all_season_road_distance_m",
        "all_season_road_min",
        "parcel_point_min",
        "bus_stop_min",
        "telecom_min",
    )
    frame = pd.DataFrame(
        {"settlement_id": settlements["settlement_id"]} | {name: np.linspace(0, 3000, count) for name in numbers}
    )
    frame["last_mile_share"] = 0.25
    frame["last_mile_class"] = _text(["near"] * count)
    frame["last_mile_class_known"] = _text(["gap"] * count)
    return frame


@pytest.fixture(scope="session")
def county() -> dict[str, pd.DataFrame]:
    """Every table that the GeoPackage shows, checked against the data dictionary."""
    boundaries, roads, facilities = _boundaries(), _roads(), _facilities()
    settlements = _settlements(boundaries)
    access = _access(settlements, facilities)
    norm_results, gaps = _norms(settlements, access)
    area = gpd.GeoDataFrame(
        {"area_id": _text(["r0"]), "name": _text(["青川县"])}, geometry=[boundaries.geometry[0]], crs=CRS
    )
    flows = pd.DataFrame(
        {
            "from_id": _text(["n001", "n002", "n099999"]),
            "to_id": _text(["n000", "n000", "n000"]),
            "kind": _text(["people"] * 3),
            "volume": [10.0, 20.0, 30.0],
        }
    )
    tables = {
        "settlements": settlements,
        "facilities": facilities,
        "roads": roads,
        "boundaries": boundaries,
        "water": _water(),
        "study_area": area,
        "flows": flows,
        "counts": pd.DataFrame({"source": _text(["osm"]), "item": _text(["roads"]), "number": [16.0]}),
        "edges": _edges(roads),
        "population_account": pd.DataFrame(
            {"item": _text(["allocated"]), "persons": [1000.0], "cells": [10.0], "detail": _text([""])}
        ),
        "snaps": _snaps(settlements, roads),
        "access": access,
        "last_mile": _last_mile(settlements),
        "routes": _routes(access, settlements, facilities),
        "norm_results": norm_results,
        "gaps": gaps,
        **_findings(settlements, facilities, roads),
    }
    for name, frame in tables.items():
        TABLES[name].check(frame)
    return tables


@pytest.fixture(scope="session")
def county_meta() -> QgisMeta:
    """What the county says about itself."""
    return QgisMeta(
        title={"en": "Qingchuan County", "zh": "青川县"},
        as_of=dt.date(2025, 6, 30),
        synthetic=True,
        note={"en": "A made-up county.", "zh": "虚构的县。"},
        licences=("Sample county, CC0", "© OpenStreetMap contributors, ODbL"),
        issues=("The population raster sums to less than the census.",),
        faults=("The population raster sums to less than the census.",),
        method="Door-to-door minutes.",
        services={
            "hospital": {"en": "Hospital", "zh": "医院"},
            "primary_school": {"en": "Primary school", "zh": "小学"},
            "post_office": {"en": "Post office", "zh": "邮局"},
        },
        headline_services=("hospital", "primary_school"),
        norms={"CN-HOSPITAL": NormWords("Hospital within 20 min", "guiding")},
        is_full=True,
    )


@pytest.fixture(scope="session")
def population() -> Raster:
    """People on 100 m cells, 300 rows by 400 columns, with a corner of no data."""
    rows, columns = np.mgrid[0:300, 0:400]
    values = 60 * np.exp(-((rows - 150) ** 2 + (columns - 200) ** 2) / 3000.0) + 0.3 * ((rows * columns) % 7)
    values[:40, :40] = np.nan
    return Raster(values, Affine(100, 0, WEST, 0, -100, SOUTH + HEIGHT), pyproj.CRS(CRS), "population")
