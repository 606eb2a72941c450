"""Types of every place and unit: the official class, Degree of Urbanisation, the town it depends on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from spatial.arrays import BoolArray, IntArray, ObjectArray
from spatial.indices.degurba import CODES, degurba_units
from spatial.indices.functional_areas import local_catchment_classes
from spatial.score.evidence import Ground, Unit
from spatial.score.population_grid import VERY_LOW_DENSITY, UrbanGrid
from spatial.score.towns import TOWN_TIERS
from spatial.tables.words import STUDY

URBAN = (30, 23, 22, 21)
RURAL = (13, 12, 11)


def type_table(
    ground: Ground, access: pd.DataFrame, cells: UrbanGrid | None, *, bins_min: Sequence[float]
) -> pd.DataFrame:
    """Say of every place what it is."""
    points = shapely.get_coordinates(ground.settlements.geometry.to_numpy())
    codes = np.zeros(len(ground), dtype=np.int64) if cells is None else cells.at(*points.T)[0]
    degurba = np.where(np.isin(codes, URBAN), "urban", np.where(np.isin(codes, RURAL), "rural", ""))
    official = np.array([name if name in ("urban", "rural") else "" for name in ground.official_class])
    nearest = [
        access[access["service"] == tier].set_index("settlement_id").reindex(list(ground.ids)) for tier in TOWN_TIERS
    ]
    times = np.column_stack([rows["travel_time_min"].astype("float64").fillna(np.inf) for rows in nearest])
    tier, band = local_catchment_classes(times, TOWN_TIERS, tiers=TOWN_TIERS, bins_min=bins_min)
    # The nearest town of the tier that each place depends on; empty beyond the last band.
    centre = np.full(len(ground), "", dtype=object)
    for name, rows in zip(TOWN_TIERS, nearest, strict=True):
        ids = rows["facility_id"].astype(object).fillna("").to_numpy()
        centre = np.where(tier == name, ids, centre)
    # Join tier and band, as in town_30; a town lies in itself, as in town_0.
    own = ground.settlements["tier"].astype(str).to_numpy()
    local_codes = [
        f"{mine}_0" if mine in TOWN_TIERS else name if name == "none" else f"{name}_{end:g}"
        for mine, name, end in zip(own, tier, band, strict=True)
    ]
    return pd.DataFrame(
        {
            "settlement_id": pd.Series(ground.ids.astype(str), dtype="str"),
            "official_class": _texts(official),
            "degurba_code": codes.astype(np.int64),
            "degurba_class": _texts(degurba),
            "classes_differ": (official != degurba) & (official != "") & (degurba != ""),
            "catchment_tier": pd.Series(tier, dtype="str"),
            "catchment_band_min": np.where(np.isfinite(band), band, np.nan),
            "catchment_centre_id": _texts(centre),
            "urca_local": pd.Series(local_codes, dtype="str"),
        }
    )


def _texts(values: NDArray[np.str_] | ObjectArray) -> pd.Series[str]:
    return pd.Series([value or None for value in values], dtype="str")


# Degree of Urbanisation of the study and its townships, beside the official classes of their places.

WATER, MOST = 10, 31
SHARES = tuple(f"share_{code}" for code in CODES)
COVERED = 0.5
"""Part of a unit that the source of people must cover."""
OFFICIAL = ("urban", "rural", "unknown")


def unit_type_table(  # noqa: PLR0913 - each is a table or a rule of its own
    ground: Ground,
    types: pd.DataFrame,
    study_area: gpd.GeoDataFrame,
    boundaries: gpd.GeoDataFrame,
    cells: UrbanGrid | str,
    *,
    rules: Literal["2024", "2021"] = "2024",
    tolerance_m: float = 0.0,
) -> pd.DataFrame:
    """Classify the study and its townships."""
    drawn = boundaries[boundaries["is_unit"].to_numpy(dtype=bool)]
    outlines = {(STUDY, STUDY): shapely.union_all(study_area.geometry.to_numpy())}
    for name, shape in zip(drawn["boundary_id"], drawn.geometry.to_numpy(), strict=True):
        outlines["township", str(name)] = shape
    places = {(unit.level, unit.id): unit for unit in ground.units()}
    keys = [(STUDY, STUDY), *sorted({key for key in (*outlines, *places) if key[0] != STUDY})]
    # Classify the units that the source of people covers.
    table = pd.DataFrame(columns=["population_persons", "level1", "level2", *SHARES, "by_area"])
    basis, reasons = "none", [cells if isinstance(cells, str) else "no_outline"] * len(keys)
    if not isinstance(cells, str):
        basis = cells.basis
        for at, key in enumerate(keys):
            outline = outlines.get(key)
            if outline is not None and not shapely.is_empty(outline):
                covered = shapely.area(shapely.intersection(outline, cells.extent))
                reasons[at] = "" if covered >= COVERED * shapely.area(outline) else "outside_grid"
        chosen = [at for at, reason in enumerate(reasons) if not reason]
        # Find the people of each unit, by position; nobody is in two townships, and the study has all of them.
        units = [key for key in keys if key[0] != STUDY and key in outlines]
        owner = np.full(len(cells.people), -1, dtype=np.int64)
        for at, key in reversed(list(enumerate(units))):
            owner[cells.inside(outlines[key])] = at
        whole = cells.inside(outlines[STUDY, STUDY])
        if tolerance_m > 0.0 and units:
            shapes = np.array([outlines[key] for key in units], dtype=object)
            around = cells.near(shapely.total_bounds(shapes) + tolerance_m * np.array([-1.0, -1.0, 1.0, 1.0]))
            lost = around[owner[around] < 0]
            points = np.asarray(shapely.points(cells.x[lost], cells.y[lost]), dtype=object).reshape(-1)
            abroad = np.flatnonzero(~np.isin(lost, whole))
            taken = shapely.STRtree(boundaries.geometry.to_numpy()).query(points[abroad], predicate="intersects")[0]
            points[abroad[taken]] = None
            nearest = _nearest_within(points, shapes, tolerance_m)
            owner[lost] = np.where(nearest >= 0, nearest, owner[lost])
        # One sort for all units: to look for each among all cells takes as long as there are units.
        sorted_cells = np.argsort(owner, kind="stable")
        bounds = np.searchsorted(owner[sorted_cells], np.arange(len(units) + 1))
        found = {key: sorted_cells[bounds[at] : bounds[at + 1]] for at, key in enumerate(units)}
        study = owner >= 0
        study[whole] = True
        members = found | {(STUDY, STUDY): np.flatnonzero(study)}
        if chosen:
            named = [keys[at] for at in chosen]
            table = _shares([outlines[key] for key in named], [members[key] for key in named], cells, rules)
            table.index = pd.Index(chosen)
    known = np.array([not reason for reason in reasons])
    table = table.reindex(range(len(keys)))
    by_area = table["by_area"].astype("boolean").fillna(value=False).to_numpy(dtype=bool)
    shown = pd.DataFrame(
        {
            "unit_level": pd.Series([level for level, _unit in keys], dtype="str"),
            "unit_id": pd.Series([unit for _level, unit in keys], dtype="str"),
            "name": pd.Series([ground.names.get(unit) or None for _level, unit in keys], dtype="str"),
            "population_persons": table["population_persons"].to_numpy(dtype=np.float64),
            "degurba_level1": table["level1"].fillna(0).to_numpy(dtype=np.int64),
            "degurba_level2": table["level2"].fillna(0).to_numpy(dtype=np.int64),
            **{name: table[name].to_numpy(dtype=np.float64) for name in SHARES},
            "basis": pd.Series(np.where(known, np.where(by_area, "area", basis), "none"), dtype="str"),
            "basis_reason": pd.Series(reasons, dtype="str"),
            "unit_rules": pd.Series([rules] * len(keys), dtype="str"),
        }
    )
    classes = types["official_class"].astype(object).fillna("unknown").to_numpy()
    compared = types["degurba_class"].notna().to_numpy(), types["classes_differ"].to_numpy(dtype=bool)
    official = pd.DataFrame([_official(ground, classes, *compared, places.get(key)) for key in keys])
    return pd.concat([shown, official.astype("float64")], axis=1)


def _nearest_within(points: ObjectArray, shapes: ObjectArray, tolerance_m: float) -> IntArray:
    """Find the nearest of the shapes that are this near to each point; -1 where there is none or no point."""
    there = np.flatnonzero(~shapely.is_missing(points))
    x, y = shapely.get_coordinates(points[there]).T
    nearest, count = np.full(len(points), -1, dtype=np.int64), np.zeros(len(points), dtype=np.int64)
    shapely.prepare(shapes)
    for at, (west, south, east, north) in enumerate(shapely.bounds(shapes)):
        beside = (x >= west - tolerance_m) & (x <= east + tolerance_m)
        some = there[beside & (y >= south - tolerance_m) & (y <= north + tolerance_m)]
        hit = some[shapely.dwithin(shapes[at], points[some], tolerance_m)]
        nearest[hit] = at
        count[hit] += 1
    # Distances to long shores take long, and are asked for only where several shapes are near.
    several = np.flatnonzero(count > 1)
    which, found = shapely.STRtree(shapes).query_nearest(points[several], max_distance=tolerance_m, all_matches=False)
    nearest[several[which]] = found
    return nearest


def _shares(
    outlines: list[shapely.Geometry], members: list[IntArray], cells: UrbanGrid, rules: Literal["2024", "2021"]
) -> pd.DataFrame:
    """Classify units by the people in their part of every cell, or by the area of these parts."""
    class_of_point = cells.at(cells.x, cells.y)[0]
    codes = [*CODES, WATER]
    persons, area = [], []
    for outline, inside in zip(outlines, members, strict=True):
        totals = np.bincount(class_of_point[inside], weights=cells.people[inside], minlength=MOST)
        areas = np.zeros(MOST)
        if not totals.sum() > 0.0:
            rows, columns = cells.window(outline)
            parts = shapely.area(shapely.intersection(cells.cells(rows, columns), outline)) / 1e6
            areas += np.bincount(cells.codes[rows, columns], weights=parts, minlength=MOST)
            # Ground beyond the grid is of very low density.
            areas[VERY_LOW_DENSITY] += max(0.0, float(shapely.area(outline)) / 1e6 - float(parts.sum()))
        persons.append(totals[codes])
        area.append(areas[codes])
    found = degurba_units(
        np.tile(codes, len(outlines)),
        np.array(persons).ravel(),
        np.repeat(np.arange(len(outlines)), len(codes)),
        cell_area_km2=np.array(area).ravel(),
        rules=rules,
    )
    return found.set_index("unit")


def _official(
    ground: Ground, classes: ObjectArray, is_classed: BoolArray, is_other: BoolArray, unit: Unit | None
) -> dict[str, float]:
    """Shares of official classes by people, or by places where nobody's number is known; people classed otherwise."""
    names = ("compared_persons", "differ_persons")
    nothing = dict.fromkeys([*(f"official_{name}_share" for name in OFFICIAL), *names], float("nan"))
    if unit is None or not float(ground.weight[unit.members].sum()) > 0.0:
        return nothing
    weight = ground.weight[unit.members]
    official = classes[unit.members]
    shares = {f"official_{name}_share": float(weight[official == name].sum() / weight.sum()) for name in OFFICIAL}
    both = (official != "unknown") & is_classed[unit.members]
    if not ground.counts_people or not both.any():
        return nothing | shares
    differ = is_other[unit.members]
    return shares | {"compared_persons": float(weight[both].sum()), "differ_persons": float(weight[differ].sum())}
