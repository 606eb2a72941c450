"""Settlements and what is known of each, as columns for a page; parts of a study that no road joins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from spatial.cartography.basemap import pack_points
from spatial.cartography.document import (
    PACKS,
    codes,
    names_block,
    pack,
    pack_metres,
    pack_seconds,
    pack_texts,
    pack_words,
    round_up,
    space_order,
)
from spatial.cartography.page_data import PageBook, Rows
from spatial.reporting.wording import WRITTEN, columns_told, names_of
from spatial.tables import TABLES, Field
from spatial.tables.words import GROUP_SOURCE, LAST_MILE, POPULATION_SOURCE, REACH_STATUS, SNAP_STATUS, TIERS

# Parts of a study that no mapped road joins, such as islands, by township.

NEEDED = {"edges": {"mode", "edge_id", "component"}, "snaps": {"place_id", "place_kind", "mode", "edge_id"}}


def parts_of(tables: Mapping[str, pd.DataFrame], mode: str) -> dict[str, int]:
    """Tell which part of the network each township belongs to; nothing where no table says it."""
    if any(name not in tables or not columns <= set(tables[name]) for name, columns in NEEDED.items()):
        return {}
    settlements = tables["settlements"]
    if "township_id" not in settlements:
        return {}
    edges, snaps = tables["edges"], tables["snaps"]
    own = snaps.loc[(snaps["place_kind"] == "settlement") & (snaps["mode"] == mode)]
    met = edges.loc[(edges["mode"] == mode) & edges["edge_id"].isin(own["edge_id"]), ["edge_id", "component"]]
    component = pd.DataFrame(met).drop_duplicates("edge_id").set_index("edge_id")["component"]
    part = own.set_index("place_id")["edge_id"].map(component).dropna()
    places = settlements.loc[settlements["in_study"].astype(bool) & settlements["township_id"].notna()]
    people = places["population_persons"]
    joined = pd.DataFrame(
        {
            "township": places["township_id"].astype(str),
            "part": places["settlement_id"].map(part[~part.index.duplicated()]),
            "weight": people.fillna(0.0) if people.notna().any() else 1.0,
        }
    ).dropna(subset=["part"])
    summed = pd.DataFrame(joined.groupby(["township", "part"])["weight"].sum().reset_index())
    best = summed.sort_values(["township", "weight", "part"], ascending=[True, False, True])
    first = best.drop_duplicates("township")
    return {str(name): int(at) for name, at in zip(first["township"], first["part"], strict=True)}


# Settlements and what is known of each, as columns for a page.

_GROUPS = {f"{group}_persons": f"{group}_source" for group in ("elderly", "disabled", "children")}
_OFFICIAL = ("", "urban", "rural")
_PLANS = ("", "cluster", "suburban", "protected", "relocate", "other")
_POINTS = {"parcel_point": "parcel_point_min", "bus_stop": "bus_stop_min", "telecom": "telecom_min"}


def places_block(rows: Rows, boundaries: pd.DataFrame | None, *, detail: bool) -> dict[str, Any]:
    """Encode the settlements themselves."""
    frame = rows.settlements
    tiers = [tier for tier in TIERS if (frame["tier"] == tier).any()]
    # Townships by id, called as the boundaries call them, else as their settlements do.
    ids = _column(frame, "township_id")
    known = sorted(ids.dropna().unique())
    written = frame.assign(_id=ids, _name=_column(frame, "township")).dropna(subset=["_id"])
    names = {key: {"name": value} for key, value in written.groupby("_id")["_name"].first().items()}
    if boundaries is not None:
        for row in pd.DataFrame(boundaries).to_dict("records"):
            if row["boundary_id"] in names:
                named = {str(key): value for key, value in row.items() if str(key).startswith("name")}
                names[row["boundary_id"]] |= named
    return {
        **pack_points(frame.geometry),
        "id": pack_texts(frame["settlement_id"]),
        "names": names_block(frame),
        "population": pack(frame["population_persons"], "f4") if rows.has_people else None,
        "population_source": pack_words(frame["population_source"], POPULATION_SOURCE),
        "population_sources": list(POPULATION_SOURCE),
        "groups": {
            name: pack(frame[name], "f4") for name in _GROUPS if detail and name in frame and frame[name].notna().any()
        },
        "group_sources": {
            name: pack_words(frame[source], GROUP_SOURCE)
            for name, source in _GROUPS.items()
            if detail and name in frame and source in frame
        },
        "group_source_words": list(GROUP_SOURCE),
        "tier": pack_words(frame["tier"], tiers),
        "tiers": tiers,
        "official": pack(np.maximum(codes(_column(frame, "official_class"), _OFFICIAL), 0), "u1"),
        "officials": list(_OFFICIAL),
        "plan": pack(np.maximum(codes(_column(frame, "village_plan_class"), _PLANS), 0), "u1"),
        "plans": list(_PLANS),
        "township": pack(codes(ids, known), "i4"),
        "townships": [{"id": key, "names": by_language(names[key])} for key in known],
    }


def by_language(names: Mapping[Any, object]) -> dict[str, str]:
    """Pick the names of a row by language; where it has none in English, the one as it is written."""
    found = names_of(names)
    written = found.get(WRITTEN)
    return found if written is None else {WRITTEN: written, "en": written} | found


def facilities_block(
    service: str,
    counts: frozenset[str],
    facilities: gpd.GeoDataFrame,
    settlements: gpd.GeoDataFrame,
    used: Sequence[str],
) -> tuple[dict[str, Any] | None, pd.Index]:
    """Encode the facilities that count for a service, or the towns of a tier."""
    if service in TIERS:
        towns = settlements.loc[(settlements["tier"] == service) | settlements["settlement_id"].isin(used)]
        chosen = towns.rename(columns={"settlement_id": "facility_id"}).assign(service=service)
    else:
        counted = facilities["service"].isin(counts) & (facilities["status"] == "existing")
        chosen = facilities.loc[counted | facilities["facility_id"].isin(used)]
    chosen = chosen.sort_values("facility_id", kind="stable").reset_index(drop=True)
    ids = pd.Index(chosen["facility_id"])
    if chosen.empty:
        return None, ids
    services = sorted(chosen["service"].unique())
    block = {
        **pack_points(chosen.geometry),
        "id": pack_texts(chosen["facility_id"]),
        "names": names_block(chosen),
        "service": pack_words(chosen["service"], services),
        "services": services,
    }
    return block, ids


TOLD = columns_told("pages")


def pack_field(column: Field, values: pd.Series) -> dict[str, Any]:
    """Encode a column that is only shown, with its name and how it is shown: by its unit, else by its form."""
    shown = column.unit if column.unit in PACKS else column.form
    packed = PACKS[shown](values) if shown in PACKS else pack(values, "f4")
    return {"name": column.name, "shown": shown, "values": packed}


def travel_block(table: pd.DataFrame, facility_ids: pd.Index, *, detail: bool) -> dict[str, Any]:
    """Encode the way to the nearest facility by one mode."""
    fields = TABLES["access"].by_name
    return {
        "access": pack_seconds(table["access_leg_min"]),
        "network": pack_seconds(table["network_leg_min"]) if detail else None,
        "egress": pack_seconds(table["egress_leg_min"]),
        "facility": pack(codes(table["facility_id"], facility_ids), "i4"),
        "status": pack_words(table["reach_status"], REACH_STATUS, missing="unknown"),
        "statuses": list(REACH_STATUS),
        "risk": pack(table["edge_risk"].eq(other=True), "u1"),
        "second": pack(codes(table["second_facility_id"], facility_ids), "i4") if detail else None,
        "second_time": pack_seconds(table["second_travel_time_min"], begun=True) if detail else None,
        "told": [pack_field(fields[name], table[name]) for name in columns_told("access")["card"]],
    }


def snaps_block(rows: Rows, snaps: pd.DataFrame, *, detail: bool) -> dict[str, Any]:
    """Encode how settlements are joined to the network, by mode."""
    own = snaps.loc[snaps["place_kind"] == "settlement"]
    blocks = {}
    modes = sorted(own["mode"].unique())
    for mode in modes if detail else modes[:1]:
        names = ("snap_distance_m", "snap_time_min", "snap_status", "edge_id")
        table = rows.align(own.loc[own["mode"] == mode], names, key="place_id")
        blocks[str(mode)] = {
            "distance": pack_metres(table["snap_distance_m"]),
            "time": pack_seconds(table["snap_time_min"]) if detail else None,
            "status": pack_words(table["snap_status"], SNAP_STATUS, missing="none"),
            "statuses": list(SNAP_STATUS),
            "edge": pack_texts(table["edge_id"]) if detail else None,
        }
    return blocks


def last_mile_block(rows: Rows, last_mile: pd.DataFrame | None, *, detail: bool) -> dict[str, Any] | None:
    """Encode the last mile. Returns None without the table."""
    if last_mile is None or last_mile.empty:
        return None
    table = rows.align(last_mile)
    return {
        "classes": list(LAST_MILE),
        "code": pack_words(table["last_mile_class"], LAST_MILE, missing="unknown"),
        "known_code": pack_words(table["last_mile_class_known"], LAST_MILE, missing="unknown"),
        "distance": pack_metres(table["all_season_road_distance_m"]),
        "known_distance": pack_metres(table["known_all_season_road_distance_m"]),
        "time": pack_seconds(table["all_season_road_min"]) if detail else None,
        "share": pack(round_up(table["last_mile_share"]), "f4") if detail else None,
        "points": {
            name: pack_seconds(table[column])
            for name, column in _POINTS.items()
            if detail and table[column].notna().any()
        },
    }


def off_road_block(rows: Rows, own: pd.DataFrame | None) -> dict[str, Any] | None:
    """Encode minutes to a service over open ground, and why there are none; None where the study did not ask for it."""
    if own is None:
        return None
    table = rows.align(own, ("travel_time_min", "reach_status"))
    return {
        "time": pack_seconds(table["travel_time_min"]),
        "status": pack_words(table["reach_status"], REACH_STATUS, missing="unknown"),
        "statuses": list(REACH_STATUS),
    }


MOST_CELLS = 20_000
"""Cells above which a page leaves them out: about 100 kB, and 10 kB a mode."""
_NO_WAY = 65_535


def cells_block(book: PageBook, service: str) -> dict[str, Any] | None:
    """Encode the whole minutes to a service by cell and mode, 65535 without a way; None for none, or too many."""
    own = book.of_service("cell_access", service)
    if own is None or "cells" not in book.tables:
        return None
    cells = book.shapes("cells")
    cells = cells.loc[cells["in_study"]]
    if not 1 < len(cells) <= MOST_CELLS:
        return None
    cells = cells.iloc[space_order(cells.geometry.x, cells.geometry.y)]
    xy = np.column_stack((cells.geometry.x, cells.geometry.y))
    ids = pd.Index(cells["settlement_id"])
    minutes = {}
    for mode, part in own.groupby("mode", sort=True):
        exact = part.set_index("settlement_id")["travel_time_min"].reindex(ids).to_numpy(dtype=np.float64)
        known = np.isfinite(exact) & (exact < _NO_WAY - 1)
        minutes[str(mode)] = pack(np.where(known, np.rint(np.where(known, exact, 0.0)), _NO_WAY), "u2")
    # As far as a neighbour is: ground between cells of people belongs to one of them, ground beyond them to none.
    between = np.asarray(cKDTree(xy).query(xy, k=[2])[0])
    reach_m = float(np.median(between))
    return {"points": pack_points(cells.geometry), "reach_m": round(reach_m, 1), "minutes": minutes}


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame[name] if name in frame else pd.Series([None] * len(frame), index=frame.index, dtype="str")
