"""A small county with every kind of result, deterministic, and a browser that forgives nothing."""

from __future__ import annotations

import functools
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.cartography import PageMeta, ServiceNote, build_pages
from spatial.norms.evaluation import UnitGates
from spatial.norms.law import load_register
from spatial.reporting.plans import plan_records
from spatial.reporting.score import summarise_score
from spatial.reporting.summary import CertaintyNote, norm_certainty
from spatial.tables import TABLES
from tests.browser.reader import AS_IT_STANDS, Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from spatial.store import Artifact

CRS = "EPSG:32648"
WEST, SOUTH = 600_000.0, 3_300_000.0
SIDE = 36_000.0
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--js-flags=--no-opt",  # a page under test is gone before what V8 would compile for later pays
)
TOWNSHIPS = (
    ("青岩", "Qingyan"),
    ("白水", "Baishui"),
    ("龙潭", "Longtan"),
    ("石门", "Shimen"),
    ("云台", "Yuntai"),
    ("双河", "Shuanghe"),
)
FIRST = ("上", "下", "大", "小", "东", "西", "南", "北", "新", "老")
FIRST_EN = ("Shang", "Xia", "Da", "Xiao", "Dong", "Xi", "Nan", "Bei", "Xin", "Lao")
LAST = ("河", "坪", "沟", "桥", "湾", "岭", "坝", "田", "井", "寨")
LAST_EN = ("he", "ping", "gou", "qiao", "wan", "ling", "ba", "tian", "jing", "zhai")
SUMMARY = {
    "network": {"drive": {"imputed_speed_share": 0.83, "unknown_season_share": 0.41}},
    "population": {"persons": 1.0, "places": 66, "places_without_population": 1},
    "issues": [],
}
RURAL_ACCESS = {"rai_lower": 0.312, "rai_upper": 0.874, "imputed_share": 0.415, "rural_persons": 20_000.0}
RURAL_ACCESS |= {"distance_m": 2000.0, "urban_masked": True}
CERTAINTY = {
    "speeds": "rural_cn",
    "speed_share": 0.2,
    "walk_km_h": [4.0, 6.0],
    "detour": [1.0, 1.6],
    "calibrated": False,
    "factors": ["speed", "season"],
    "modes": ["drive"],
    "services": ["health_centre"],
}
HEALTH_NORM, SEAT_NORM, ROAD_NORM, SURGERY_NORM = "GL-PHC-1H", "CN-COUNTY-60", "GL-ROAD-RAI", "GL-SURG-2H"


@dataclass(frozen=True)
class County:
    """Tables of a county, and what its pages need besides."""

    tables: dict[str, pd.DataFrame]
    meta: PageMeta
    summary: dict[str, object]
    register: pd.DataFrame

    def pages(self, **options: object) -> list[Artifact]:
        """Pages of what is here, built once for tests that look at the same ones."""
        return _built_once(pickle.dumps((self, options)))

    def built(self, **options: object) -> list[Artifact]:
        """Pages of what is here, built now."""
        settings = {"languages": ("en", "zh", "fr")} | options
        # As in a run, the summary holds the score of the tables, and scenarios at the cutoff of the classes; tables
        # under test leave out what pages do not tell.
        whole = {
            name: self.tables[name].reindex(
                columns=dict.fromkeys([*self.tables[name], *(field.name for field in TABLES[name].fields)])
            )
            for name in ("scores", "score_components", "score_norms", "access_clusters", "settlement_types")
            if name in self.tables
        }
        score = summarise_score(self.tables | whole, self.meta.pillar_weights)
        people = self.tables.get("scenario_people", pd.DataFrame({"is_class": []}))
        changed = people[people["is_class"].astype(bool)].to_dict("records")
        named = {note.id: note.names for note in self.meta.services.values()}
        plans = plan_records(self.tables, services=named)
        study = self.tables["norm_results"].query("unit_level == 'study'")
        gates = {name: study.loc[study["gate"] == name, "norm_id"].tolist() for name in ("pass", "fail", "unknown")}
        judged = UnitGates(len(gates["pass"]), sum(map(len, gates.values())), tuple(gates["fail"]))
        gates |= {"mandatory_status": judged.status, "n_pass": judged.passed, "n_gates": judged.in_force}
        summary = {"score": score, "scenarios": changed, "plans": plans, "gates": gates} | self.summary
        return build_pages(self.tables, meta=self.meta, summary=summary, register=self.register, **settings)


@functools.lru_cache(maxsize=16)
def _built_once(packed: bytes) -> list[Artifact]:
    county, options = pickle.loads(packed)  # noqa: S301 - packed above
    return county.built(**options)


def _boundaries() -> gpd.GeoDataFrame:
    cells = [
        shapely.box(WEST + c * SIDE / 3, SOUTH + r * SIDE / 2, WEST + (c + 1) * SIDE / 3, SOUTH + (r + 1) * SIDE / 2)
        for r in range(2)
        for c in range(3)
    ]
    frame = pd.DataFrame(
        {
            "boundary_id": [f"t{k}" for k in range(6)],
            "name": [f"{zh}乡" for zh, _ in TOWNSHIPS],
            "name_en": [f"{en} Township" for _, en in TOWNSHIPS],
            "name_zh": [f"{zh}乡" for zh, _ in TOWNSHIPS],
            "admin_level": np.full(6, 8),
            "is_unit": np.full(6, fill_value=True),
        }
    )
    return gpd.GeoDataFrame(frame, geometry=cells, crs=CRS)


def _settlements(villages: int, rng: np.random.Generator) -> gpd.GeoDataFrame:
    n = villages + 6
    x, y = rng.uniform(0.03, 0.97, (2, n)) * SIDE
    x[:6] = (np.arange(6) % 3 + 0.5) * SIDE / 3
    y[:6] = (np.arange(6) // 3 + 0.5) * SIDE / 2
    township = np.minimum((x / (SIDE / 3)).astype(int), 2) + 3 * np.minimum((y / (SIDE / 2)).astype(int), 1)
    a, b = rng.integers(0, 10, (2, n))
    zh = np.array([f"{FIRST[i]}{LAST[j]}村" for i, j in zip(a, b, strict=True)], dtype=object)
    en = np.array([f"{FIRST_EN[i]}{LAST_EN[j]}" for i, j in zip(a, b, strict=True)], dtype=object)
    zh[:6], en[:6] = [f"{name}镇" for name, _ in TOWNSHIPS], [name for _, name in TOWNSHIPS]
    population = np.round(np.exp(rng.normal(5.6, 0.8, n)), 2)
    population[:6] = [21_400.5, 3200.25, 2750.0, 4100.0, 1980.75, 3610.0]
    population[n - 1] = np.nan
    frame = pd.DataFrame(
        {
            "settlement_id": [f"n{k:06d}" for k in range(n)],
            "name": zh.astype(str),
            "name_en": en.astype(str),
            "name_zh": zh.astype(str),
            "tier": ["county_seat"] + ["town"] * 5 + ["village"] * (n - 6),
            "official_class": ["urban"] * 6 + ["rural"] * (n - 6),
            "village_plan_class": pd.Series(
                [None] * 6 + ["relocate" if k % 2 else "protected" for k in range(6, n)], dtype="str"
            ),
            "in_study": np.full(n, fill_value=True),
            "population_persons": population,
            "population_source": ["raster"] * (n - 1) + ["none"],
            "elderly_persons": np.round(population * 0.21, 2),
            "elderly_source": "estimated",
            "township_id": [f"t{k}" for k in township],
            "township": [f"{TOWNSHIPS[k][0]}乡" for k in township],
        }
    )
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(WEST + x, SOUTH + y), crs=CRS)


def _facilities(settlements: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    towns = settlements.iloc[[0, 1, 3, 5]]
    points = gpd.GeoSeries(shapely.transform(towns.geometry.to_numpy(), lambda xy: xy + 400.0), crs=CRS)
    frame = pd.DataFrame(
        {
            "facility_id": [f"w{k}" for k in range(4)],
            "name": ["县人民医院", "白水镇卫生院", "石门镇卫生院", "双河镇卫生院"],
            "name_en": ["County Hospital", "Baishui Health Centre", "Shimen Health Centre", "Shuanghe Health Centre"],
            "service": ["hospital", "health_centre", "health_centre", "health_centre"],
            "capacity": [320.0, 30.0, 24.0, np.nan],
            "load": [290.0, 12.0, 20.0, np.nan],
            "status": ["existing"] * 4,
            "in_study": np.full(4, fill_value=True),
        }
    )
    return gpd.GeoDataFrame(frame, geometry=points.to_numpy(), crs=CRS)


def _roads(settlements: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    xy = shapely.get_coordinates(settlements.geometry.to_numpy())
    lines, classes = [], []
    for k in range(1, 6):
        middle = (xy[0] + xy[k]) / 2 + [700.0 * (-1) ** k, 500.0]
        lines.append(shapely.LineString([xy[0], middle, xy[k]]))
        classes.append("primary" if k < 3 else "secondary")
    for k in range(6, min(len(xy), 80)):
        town = int(np.argmin(np.hypot(*(xy[:6] - xy[k]).T)))
        bend = [xy[town][0] * 0.6 + xy[k][0] * 0.4, xy[k][1] * 0.7 + xy[town][1] * 0.3]
        lines.append(shapely.LineString([xy[town], bend, xy[k] + 180.0]))
        classes.append("unclassified" if k % 3 else "track")
    frame = pd.DataFrame({"road_id": [f"w{k + 100}" for k in range(len(lines))], "road_class": classes})
    return gpd.GeoDataFrame(frame, geometry=lines, crs=CRS)


def _edges(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    season = roads["road_class"].map({"track": "no", "unclassified": "unknown"}).fillna("yes")
    return roads.assign(mode="drive", edge_id=roads["road_id"] + "/0", all_season=season)


def _water() -> gpd.GeoDataFrame:
    t = np.linspace(0, 1, 60)
    river = shapely.LineString(np.c_[WEST + t * SIDE, SOUTH + SIDE * (0.52 + 0.06 * np.sin(9 * t))])
    lake = shapely.Point(WEST + SIDE * 0.8, SOUTH + SIDE * 0.3).buffer(1300)
    frame = pd.DataFrame(
        {"water_id": ["w1", "w2"], "name": ["青江", None], "kind": ["river", "lake"], "is_barrier": [True, True]}
    )
    return gpd.GeoDataFrame(frame, geometry=[river, lake], crs=CRS)


def _access_to(
    settlements: gpd.GeoDataFrame, targets: gpd.GeoSeries, ids: list[str], service: str, mode: str
) -> pd.DataFrame:
    """Times by a made-up rule: 1.4 times the straight line at 28 km/h by car, 5 km/h on foot, plus two short walks."""
    xy, to = (shapely.get_coordinates(points.to_numpy()) for points in (settlements.geometry, targets))
    metres = np.hypot(xy[:, None, 0] - to[None, :, 0], xy[:, None, 1] - to[None, :, 1])
    order = np.argsort(metres, axis=1, kind="stable")
    straight = np.take_along_axis(metres, order, axis=1)
    n = len(settlements)
    walk = (np.arange(n) % 7) * 0.9
    speed = 28.0 if mode == "drive" else 5.0
    network = straight * 1.4 / 1000 / speed * 60
    network = np.where(mode == "drive", network * (1.1 + (np.arange(n) % 5)[:, None] * 0.25), network)
    time = network + walk[:, None] + 1.0
    far = (time[:, 0] > 240) | (np.arange(n) % 41 == 40)
    status = np.where(np.arange(n) % 41 == 40, "no_path", np.where(time[:, 0] > 240, "beyond_cutoff", "reached"))
    blank = lambda values: np.where(far, np.nan, values)  # noqa: E731 - one expression used in seven columns
    has_second = len(ids) > 1
    return pd.DataFrame(
        {
            "settlement_id": settlements["settlement_id"],
            "service": service,
            "mode": mode,
            "facility_id": pd.Series(np.array(ids, dtype=object)[order[:, 0]]).where(~far, None).astype("str"),
            "travel_time_min": blank(time[:, 0]),
            "access_leg_min": blank(walk),
            "network_leg_min": blank(network[:, 0]),
            "egress_leg_min": blank(np.ones(n)),
            "network_distance_m": blank(straight[:, 0] * 1.4),
            "straight_distance_m": straight[:, 0],
            "second_facility_id": pd.Series(
                np.array(ids, dtype=object)[order[:, 1]] if has_second else [None] * n, dtype="str"
            ),
            "second_travel_time_min": blank(time[:, 1]) if has_second else np.full(n, np.nan),
            "reach_status": status,
            "edge_risk": np.arange(n) % 11 == 10,
        }
    )


def _access(settlements: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame) -> pd.DataFrame:
    towns = settlements.iloc[1:6]
    parts = []
    for mode in ("drive", "walk"):
        parts.append(
            _access_to(settlements, facilities.geometry, list(facilities["facility_id"]), "health_centre", mode)
        )
        parts.append(_access_to(settlements, facilities.geometry.iloc[:1], ["w0"], "hospital", mode))
        parts.append(_access_to(settlements, towns.geometry, list(towns["settlement_id"]), "town", mode))
        parts.append(_access_to(settlements, settlements.geometry.iloc[:1], ["n000000"], "county_seat", mode))
    return pd.concat(parts, ignore_index=True)


def _routes(settlements: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, access: pd.DataFrame) -> gpd.GeoDataFrame:
    reached = access.loc[(access["mode"] == "drive") & (access["service"] != "town") & access["facility_id"].notna()]
    points = dict(zip(facilities["facility_id"], facilities.geometry, strict=True))
    points |= dict(zip(settlements["settlement_id"], settlements.geometry, strict=True))
    lines = []
    for home, goal in zip(reached["settlement_id"], reached["facility_id"], strict=True):
        a, b = points[home], points[goal]
        bends = [(a.x * 0.7 + b.x * 0.3, a.y), (b.x * 0.8 + a.x * 0.2, b.y * 0.6 + a.y * 0.4)]
        lines.append(shapely.LineString([(a.x + 90, a.y + 60), *bends, (b.x, b.y + 5)]))
    kept = reached[["settlement_id", "service", "mode", "facility_id", "travel_time_min", "network_distance_m"]]
    return gpd.GeoDataFrame(kept.assign(edge_ids="w100/0"), geometry=lines, crs=CRS)


def _last_mile(settlements: gpd.GeoDataFrame) -> pd.DataFrame:
    n = len(settlements)
    metres = (np.arange(n) * 137.0) % 3600
    metres[n - 2] = np.nan
    known = np.where(np.arange(n) % 4 == 0, np.nan, metres * 1.5)
    classify = lambda m: np.select([np.isnan(m), m <= 500, m <= 2000], ["none", "connected", "near"], "gap")  # noqa: E731 - used twice
    classes = classify(metres)
    classes[n - 1] = "unknown"
    return pd.DataFrame(
        {
            "settlement_id": settlements["settlement_id"],
            "all_season_road_distance_m": metres,
            "known_all_season_road_distance_m": known,
            "all_season_road_min": metres * 1.3 / 5000 * 60,
            "last_mile_class": classes,
            "last_mile_class_known": classify(known),
            "last_mile_share": np.linspace(0, 1, n),
            "parcel_point_min": metres / 50,
            "bus_stop_min": np.full(n, np.nan),
            "telecom_min": np.full(n, np.nan),
        }
    )


def _snaps(settlements: gpd.GeoDataFrame) -> pd.DataFrame:
    n = len(settlements)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "place_id": settlements["settlement_id"],
                    "place_kind": "settlement",
                    "mode": mode,
                    "edge_id": [f"w{100 + k}/0" for k in range(n)],
                    "fraction": np.full(n, 0.5),
                    "snap_distance_m": (np.arange(n) * 37.0) % 900,
                    "snap_time_min": ((np.arange(n) * 37.0) % 900) * 1.3 / 5000 * 60,
                    "snap_status": "ok",
                }
            )
            for mode in ("drive", "walk")
        ],
        ignore_index=True,
    )


def _norm_rows(
    norm: str,
    service: str,
    settlements: gpd.GeoDataFrame,
    values: np.ndarray,
    threshold: float,
    *,
    complete: bool,
    rural: bool,
) -> pd.DataFrame:
    """One row a settlement and one for the study: served <= threshold, inclusive, people by plain sums."""
    in_scope = (settlements["official_class"] == "rural").to_numpy() if rural else np.full(len(values), fill_value=True)
    served = values <= threshold
    mapped = np.where(~in_scope, "not_applicable", np.where(served, "met", "not_met"))
    status = np.where((mapped == "not_met") & (not complete), "not_measurable", mapped)
    reason = np.select(
        [mapped == "not_applicable", status == "not_measurable"], ["out_of_scope:rural", "inventory:unknown"], ""
    )
    base = {
        "norm_id": norm,
        "service": service,
        "norm_class": "guiding" if norm != SEAT_NORM else "authorised",
        "gate": "none_applicable",
        "share_of": "persons",
    }
    rows = pd.DataFrame(
        base
        | {
            "unit_level": "settlement",
            "unit_id": settlements["settlement_id"],
            "status": status,
            "status_as_mapped": mapped,
            "reason": reason,
            "value": values,
        }
    )
    people = settlements["population_persons"].fillna(0).to_numpy()
    total = pd.DataFrame(
        [
            base
            | {
                "unit_level": "study",
                "unit_id": "study",
                "status": "not_met" if complete else "not_measurable",
                "status_as_mapped": "not_met",
                "reason": "" if complete else "inventory:unknown",
                "served_share": people[in_scope & served].sum() / people[in_scope].sum(),
                "persons_in_scope": people[in_scope].sum(),
                "persons_served": people[in_scope & served].sum(),
                "persons_unserved": people[in_scope & ~served].sum(),
                "persons_unknown": 0.0,
                "places_served": float((in_scope & served).sum()),
                "places_unserved": float((in_scope & ~served).sum()),
                "places_unknown": 0.0,
            }
        ]
    )
    return pd.concat([rows, total], ignore_index=True)


def _norm_results(settlements: gpd.GeoDataFrame, access: pd.DataFrame, last_mile: pd.DataFrame) -> pd.DataFrame:
    def fastest(service: str) -> np.ndarray:
        times = access.loc[access["service"] == service].groupby("settlement_id")["travel_time_min"].min()
        return times.reindex(settlements["settlement_id"]).to_numpy()

    road = last_mile["all_season_road_distance_m"].to_numpy()
    parts = [
        _norm_rows(
            HEALTH_NORM, "primary_care", settlements, fastest("health_centre"), 60.0, complete=False, rural=False
        ),
        _norm_rows(SEAT_NORM, "county_seat", settlements, fastest("county_seat"), 60.0, complete=True, rural=True),
        _norm_rows(ROAD_NORM, "all_season_road", settlements, road, 2000.0, complete=True, rural=True),
    ]
    silent = (
        parts[0]
        .iloc[[-1]]
        .assign(
            norm_id=SURGERY_NORM,
            service="bellwether_hospital",
            status="not_measurable",
            status_as_mapped="not_measurable",
            reason="no_source:bellwether_hospital",
        )
    )
    numbers = silent.select_dtypes("number").columns
    silent[numbers] = np.nan
    frame = pd.concat([*parts, silent], ignore_index=True)
    for column in ("served_share_lower", "served_share_upper", "attainment", "shortfall", "places_in_scope"):
        frame[column] = np.nan
    return frame


def _engine(
    settlements: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, access: pd.DataFrame, area: shapely.Geometry
) -> dict[str, pd.DataFrame]:
    """What the access engine knows of the way by car to health centres; made up, and different for every place."""
    own = access.loc[(access["service"] == "health_centre") & (access["mode"] == "drive")]
    base, n = own["travel_time_min"].to_numpy(), len(own)
    way = {"settlement_id": settlements["settlement_id"], "service": "health_centre", "mode": "drive"}
    is_lost = (np.arange(n) % 13 == 5) & np.isfinite(base)
    wet = np.where(is_lost, np.nan, base * np.where(np.arange(n) % 5 == 0, 1.2, 1.0))
    low, high = base / 1.2, np.where(is_lost, np.nan, np.fmax(base / 0.8, wet))
    intervals = way | {
        "low_min": low,
        "base_min": base,
        "high_min": high,
        "interval_status": np.where(is_lost, "sometimes_reached", own["reach_status"]),
        "main_factor": pd.Series(np.where(is_lost, "season", "speed")).where(np.isfinite(base), None),
        "main_factor_min": base / 0.8 - low,
        "speed_low_min": low,
        "speed_high_min": base / 0.8,
        "season_low_min": base,
        "season_high_min": wet,
    }
    status = np.select([is_lost, np.isnan(base), wet > base], ["lost", "not_served", "slower"], "kept")
    wet_losses = way | {
        "dry_min": base,
        "wet_min": wet,
        "slower_min": wet - base,
        "wet_status": status,
        "wet_reach_status": np.where(is_lost, "no_path", own["reach_status"]),
        "facility_changes": status == "slower",
        "population_persons": settlements["population_persons"],
        "in_study": True,
    }
    return {
        "intervals": pd.DataFrame(intervals),
        "wet_losses": pd.DataFrame(wet_losses),
        "measures": _measures(way, base),
        "off_road": _off_road(settlements),
        **_ground(facilities, area),
    }


def _off_road(settlements: gpd.GeoDataFrame) -> pd.DataFrame:
    n = len(settlements)
    minutes = np.where(np.arange(n) % 17 == 5, np.nan, 20.0 + np.arange(n) % 90)
    return pd.DataFrame(
        {
            "settlement_id": settlements["settlement_id"],
            "service": "health_centre",
            "facility_id": pd.Series(["w0"] * n).where(np.isfinite(minutes), None),
            "travel_time_min": minutes,
            "reach_status": np.where(np.isnan(minutes), "beyond_cutoff", "reached"),
        }
    )


def _measures(way: dict[str, object], base: np.ndarray) -> pd.DataFrame:
    supply = np.where(base <= 30, 0.0004 / (1.0 + np.nan_to_num(base) / 10.0), 0.0)
    counted = (base <= 30).astype(float)
    kinds = {
        ("everybody", "cumulative_30_min"): (counted, "facilities"),
        ("everybody", "e2sfca"): (supply, "facilities per person"),
        ("elderly", "e2sfca"): (supply * 4.0, "facilities per person"),
    }
    parts = [
        pd.DataFrame(
            way
            | {
                "group": group,
                "measure": measure,
                "value": values,
                "unit": unit,
                "status": np.where(values > 0, "reached", np.where(np.isnan(base), "no_pair", "beyond_cutoff")),
                "decay": "binary",
                "facilities_reached": counted.astype(np.int64),
                "supply_basis": "count",
                "edge_risk": np.arange(len(base)) % 11 == 10,
            }
        )
        for (group, measure), (values, unit) in kinds.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _ground(facilities: gpd.GeoDataFrame, area: shapely.Geometry) -> dict[str, pd.DataFrame]:
    points = facilities.geometry
    cutoffs, metres = [15.0, 30.0, 60.0], [4000.0, 8000.0, 14_000.0]
    reach = [shapely.intersection(shapely.unary_union(points.buffer(far).to_numpy()), area) for far in metres]
    shared = {"service": "health_centre", "mode": "drive", "direction": "to_facility"}
    isochrones = shared | {
        "cutoff_min": cutoffs,
        "reached_km": [90.0, 240.0, 510.0],
        "area_km2": [shape.area / 1e6 for shape in reach],
        "walk_on_top_min": 15.6,
    }
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points.to_numpy()), extend_to=area))
    own = [shapely.intersection(next(cell for cell in cells if cell.contains(at)), area) for at in points]
    catchments = shared | {
        "facility_id": facilities["facility_id"],
        "reached_km": [120.0, 130.0, 140.0, 150.0],
        "longest_min": [41.0, 52.0, 63.0, 74.0],
        "area_km2": [shape.area / 1e6 for shape in own],
        "population_persons": [30_000.0, 9_000.0, 8_000.0, np.nan],
    }
    return {
        "isochrones": gpd.GeoDataFrame(pd.DataFrame(isochrones), geometry=reach, crs=CRS),
        "catchments": gpd.GeoDataFrame(pd.DataFrame(catchments), geometry=own, crs=CRS),
    }


def _summary(tables: dict[str, pd.DataFrame]) -> dict[str, object]:
    """Say of the norm of health what the paired runs say, and of the road what is known of it."""
    results, register = tables["norm_results"], load_register().set_index("norm_id")
    study = results.loc[(results["norm_id"] == HEALTH_NORM) & (results["unit_level"] == "study")].iloc[0]
    norm = {"norm_id": HEALTH_NORM, "service": "primary_care", "metric": "time_min", "mode": "any", "unit": "min"}
    norm |= {"threshold": float(register.loc[HEALTH_NORM, "threshold"])}
    norm |= {name: float(study[name]) for name in ("persons_unserved", "places_unserved")}
    scope = settlement_scope(tables["settlements"], results)
    certainty = norm_certainty(norm, scope, tables, CertaintyNote(answers={"primary_care": "health_centre"}))
    assert certainty is not None
    told = [{"norm_id": HEALTH_NORM, "certainty": certainty}, {"norm_id": ROAD_NORM, "rural_access": RURAL_ACCESS}]
    return SUMMARY | {"certainty": CERTAINTY, "rural_access": RURAL_ACCESS, "norms": told}


def settlement_scope(settlements: gpd.GeoDataFrame, results: pd.DataFrame) -> pd.DataFrame:
    """Add whom a norm is for, settlement by settlement."""
    people = settlements.set_index("settlement_id")["population_persons"]
    rows = results.loc[results["unit_level"] == "settlement"]
    persons = people.reindex(rows["unit_id"]).fillna(0.0).to_numpy()
    return rows.assign(persons_in_scope=persons, places_in_scope=1.0)


def make_county(villages: int = 60, *, seed: int = 7, routes: bool = True) -> County:
    """Make a county of six townships, a county seat, five towns and some villages."""
    rng = np.random.default_rng(seed)
    settlements = _settlements(villages, rng)
    facilities, roads, boundaries = _facilities(settlements), _roads(settlements), _boundaries()
    access, last_mile = _access(settlements, facilities), _last_mile(settlements)
    area = gpd.GeoDataFrame({"area_id": ["c"], "name": ["示范县"]}, geometry=[boundaries.union_all()], crs=CRS)
    tables = {
        "settlements": settlements,
        "facilities": facilities,
        "roads": roads,
        "edges": _edges(roads),
        "boundaries": boundaries,
        "water": _water(),
        "study_area": area,
        "access": access,
        "last_mile": last_mile,
        "snaps": _snaps(settlements),
        "norm_results": _norm_results(settlements, access, last_mile),
    }
    tables |= _engine(settlements, facilities, access, area.geometry.iloc[0])
    if routes:
        tables["routes"] = _routes(settlements, facilities, access)
    return County(tables, _meta(), _summary(tables), load_register())


def _meta() -> PageMeta:
    services = {
        "health_centre": ServiceNote(
            "health_centre",
            {"en": "Health centre", "zh": "卫生院"},
            frozenset({"health_centre", "hospital"}),
            "unknown",
            register=("primary_care",),
        ),
        "hospital": ServiceNote("hospital", {"en": "Hospital", "zh": "医院"}, frozenset({"hospital"}), "complete"),
    }
    made = {"origin": "generated by this package", "vintage": "2026-01-01"}
    sources = (
        {"path": "sample/sample.osm.pbf", "licence": "ODbL 1.0", "issue": "", **made},
        {
            "path": "sample/population.tif",
            "licence": "CC BY 4.0",
            "issue": "Totals of two townships appear interchanged.",
            **made,
        },
    )
    return PageMeta(
        study="county",
        title={"en": "Demonstration county", "zh": "示范县"},
        as_of="2026-01-01",
        status="draft",
        population_basis="modelled",
        modes=("drive", "walk"),
        services=services,
        synthetic=True,
        note={"en": "Made for tests.", "zh": "用于测试。"},
        sources=sources,
    )


@pytest.fixture(scope="session")
def county_of() -> Callable[..., County]:
    """Make a county of any size."""
    return make_county


@pytest.fixture(scope="session")
def county() -> County:
    """The small county."""
    return make_county()


@pytest.fixture(scope="session")
def county_folder(county: County, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small county's pages on disk."""
    return write_pages(county.pages(), tmp_path_factory.mktemp("maps"))


def write_pages(artifacts: list[Artifact], folder: Path) -> Path:
    """Write pages and give the folder."""
    for artifact in artifacts:
        (folder / artifact.name).write_bytes(artifact.content)
    return folder


@pytest.fixture(scope="session")
def save_pages() -> Callable[[list[Artifact], Path], Path]:
    """Write pages to a folder."""
    return write_pages


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[object]:
    """A headless browser for all tests."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - an extra that not everyone installs

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture(scope="session")
def tabs() -> list[object]:
    """Empty tabs that a test left behind, each in a context of its own, for the next test to open pages in."""
    return []


def _new_tab(browser: object) -> object:
    return browser.new_context(accept_downloads=True).new_page()


@pytest.fixture
def open_page(browser: object, tabs: list[object]) -> Iterator[Callable[..., object]]:
    """Open a file and fail at the end on any request that leaves it, any page error and any console error."""
    reader, opened = Reader(), []

    def opening(path: Path, **options: object) -> object:
        # A process that has compiled the scripts of pages opens the next one in half the seconds of a new one.
        opened.append(tabs.pop() if tabs else _new_tab(browser))
        return reader.open(opened[-1], path, **options)

    yield opening
    tabs += map(reader.leave, opened)
    assert reader.faults == []


MOST_READ = 8
"""How many pages stay open for tests that only look at them; each takes a process."""


@pytest.fixture(scope="session")
def pages_read() -> dict[object, tuple[Reader, object, str]]:
    """Pages that tests only look at, the one last looked at last: what hears their faults, the tab, how they stood."""
    return {}


@pytest.fixture
def read_page(
    browser: object, tabs: list[object], pages_read: dict[object, tuple[Reader, object, str]]
) -> Iterator[Callable[..., object]]:
    """Open a file as `open_page` does, once for all tests that only look at it: none presses, chooses or scrolls."""
    looked_at = set()

    def reading(path: Path, **options: object) -> object:
        key = (path, *sorted(options.items()))
        looked_at.add(key)
        if key not in pages_read:
            if len(pages_read) == MOST_READ:
                reader, page, _ = pages_read.pop(next(iter(pages_read)))
                tabs.append(reader.leave(page))
                assert reader.faults == []
            reader = Reader()
            page = reader.open(tabs.pop() if tabs else _new_tab(browser), path, **options)
            pages_read[key] = reader, page, page.evaluate(AS_IT_STANDS)
        pages_read[key] = pages_read.pop(key)
        return pages_read[key][1]

    yield reading
    for key in looked_at & set(pages_read):
        reader, page, before = pages_read[key]
        if reader.faults or page.evaluate(AS_IT_STANDS) != before:
            del pages_read[key]
            page.context.close()
            assert reader.faults == []
            pytest.fail(f"the test changed {key[0].name}, which others look at: it needs open_page")


@pytest.fixture(scope="session")
def in_each_language() -> Callable[[object, str], Iterator[str]]:
    """Switch an open page from its first language to each other one, as its buttons do."""

    def turns(page: object, first: str) -> Iterator[str]:
        yield first
        for language in sorted({"en", "fr", "zh"} - {first}):
            page.evaluate("language => Spatial.setLanguage(language)", language)
            yield language

    return turns
