"""Degree of Urbanisation of grid cells and of units (Eurostat, FAO, UN-Habitat, OECD, World Bank 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pydantic import Field
from scipy import ndimage

from spatial.access.options import numbers, paired
from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.errors import ContractError, faults_at, first_of, of_kind, refuse
from spatial.study.score import DegurbaVariant, SemiDense

# Clusters of cells: found by contiguity and size, with edges smoothed and holes filled.

ROOK = ndimage.generate_binary_structure(2, 1)
QUEEN = ndimage.generate_binary_structure(2, 2)
SHIFTS = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0))
MAJORITY = 5
"""Of eight neighbours."""
TOLERANCE = 1e-9
"""Relative slack of sums of people, against rounding."""


def find_clusters(dense: BoolArray, *, contiguity: Literal[4, 8]) -> IntArray:
    """Give a number to each cluster of cells that touch."""
    labels, _count = ndimage.label(dense, structure=ROOK if contiguity == 4 else QUEEN)
    return np.asarray(labels, dtype=np.int64)


def cluster_persons(labels: IntArray, persons: FloatArray, least: float) -> IntArray:
    """Keep the clusters with enough people."""
    large = np.bincount(labels.ravel(), weights=persons.ravel()) >= least * (1.0 - TOLERANCE)
    large[0] = False
    return np.where(large[labels], labels, 0)


def majority_smoothing(
    labels: IntArray, *, never: BoolArray | None = None, ignored: BoolArray | None = None
) -> IntArray:
    """
    Let a cell join the cluster to which most of its neighbours belong, until none does.

    Parameters
    ----------
    labels : ndarray of int64, (rows, columns)
        Clusters from 1; 0 = none.
    never : ndarray of bool, optional
        Cells that join no cluster, such as water.
    ignored : ndarray of bool, optional
        Cells that are not counted among the neighbours, such as water without people. Then more than half of those
        counted is a majority, and five of eight otherwise.

    Returns
    -------
    ndarray of int64
        The clusters, grown. All cells that have a majority join at once, then all are asked again; a cell cannot have a
        majority for two clusters.

    Examples
    --------
    >>> majority_smoothing(np.array([[1, 1, 1], [1, 0, 2], [1, 1, 1]])).tolist()
    [[1, 1, 1], [1, 1, 2], [1, 1, 1]]
    """
    labels = _read_labels(labels)
    padded = np.pad(labels, 1)
    grown = padded.ravel()
    # Masks as rasters hold them are numbers, and ~1 is no False.
    free = np.pad(np.ones(labels.shape, dtype=bool) if never is None else ~_mask("never", never, labels), 1).ravel()
    silent = None if ignored is None else np.pad(_mask("ignored", ignored, labels), 1).ravel()
    steps = np.array([dy * padded.shape[1] + dx for dy, dx in SHIFTS])[:, None]
    asked = np.flatnonzero(dilate(padded > 0, 1).ravel() & (grown == 0) & free)
    while len(asked):
        around = grown[asked + steps]
        in_cluster = around > 0
        needed = np.full(len(asked), MAJORITY)
        if silent is not None:
            needed = (in_cluster | ~silent[asked + steps]).sum(axis=0) // 2 + 1
        may = np.flatnonzero(in_cluster.sum(axis=0) >= needed)
        # The cluster to which most of its neighbours belong.
        here = around[:, may]
        counts = np.stack([(here == row).sum(axis=0) for row in here])
        counts[here == 0] = 0
        best, column = counts.argmax(axis=0), np.arange(len(may))
        joins = counts[best, column] >= needed[may]
        joined = asked[may[joins]]
        grown[joined] = here[best, column][joins]
        near = np.unique(joined + steps)
        asked = near[(grown[near] == 0) & free[near]]
    return padded[1:-1, 1:-1]


def _mask(name: str, given: ArrayLike, labels: IntArray) -> BoolArray:
    """Read which cells a raster marks, by anything but 0."""
    values = numbers("degurba", name, given)
    if values.shape != labels.shape or np.isnan(values).any():
        raise ContractError("degurba", [f"{name}: yes or no for each cell is needed, {labels.shape} of them"])
    marked: BoolArray = values != 0.0
    return marked


def _read_labels(given: ArrayLike) -> IntArray:
    """Read the numbers of clusters, one a cell."""
    values = numbers("degurba", "labels", given)
    if values.ndim != 2 or not (np.isfinite(values) & (values % 1.0 == 0.0)).all():
        raise ContractError("degurba", ["labels: whole numbers in rows and columns are needed, 0 for no cluster"])
    return values.astype(np.int64)


def fill_holes(labels: IntArray, area_km2: FloatArray, *, below_km2: float = 15.0) -> IntArray:
    """
    Give small holes to the cluster around them.

    Parameters
    ----------
    labels : ndarray of int64, (rows, columns)
        Clusters from 1; 0 = none.
    area_km2 : ndarray of float64, (rows, columns)
        Of each cell.
    below_km2 : float
        Holes of less than this are filled; one of exactly this size is not.

    Returns
    -------
    ndarray of int64
        The clusters, filled. A hole is ground that touches at sides and is cut off from the edge of the grid by cells
        of one cluster that touch at sides too; other clusters in it stay, and count to its area.

    Examples
    --------
    >>> fill_holes(np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]]), np.ones((3, 3))).tolist()
    [[1, 1, 1], [1, 1, 1], [1, 1, 1]]
    """
    labels, area_km2 = _read_labels(labels), numbers("degurba", "area_km2", area_km2)
    if area_km2.shape != labels.shape:
        raise ContractError("degurba", [f"area_km2: shape {area_km2.shape} for labels of shape {labels.shape}"])
    filled = labels.copy()
    boxes = ndimage.find_objects(labels) if labels.size else []
    for number in np.unique(labels[labels > 0]):
        box = boxes[number - 1]
        pieces, count = ndimage.label(labels[box] == number, structure=ROOK)
        ground = labels[box] == 0
        for piece in range(1, count + 1):
            # The cells that a piece cuts off from the outside, in holes of less than an area.
            outside, holes = ndimage.label(np.pad(pieces != piece, 1, constant_values=True), structure=ROOK)
            if holes == 1:
                continue
            inner = outside[1:-1, 1:-1]
            area = np.bincount(inner.ravel(), weights=area_km2[box].ravel(), minlength=holes + 1)
            is_hole = area < below_km2 * (1.0 - TOLERANCE)
            is_hole[[0, outside[0, 0]]] = False
            filled[box][is_hole[inner] & ground] = number
    return filled


def dilate(cells: BoolArray, steps: int) -> BoolArray:
    """Take the cells around cells, corners too."""
    return np.asarray(ndimage.binary_dilation(cells, QUEEN, iterations=steps)) if steps > 0 else cells


# Degree of Urbanisation of grid cells (Eurostat, FAO, UN-Habitat, OECD, World Bank 2021; GHSL data packages).

CENTRE_DENSITY, CENTRE_PERSONS = 1500.0, 50_000.0
CLUSTER_DENSITY, CLUSTER_PERSONS = 300.0, 5_000.0
GHSL_SEMI_DENSE_DENSITY, GHSL_SEMI_DENSE_PERSONS = 900.0, 2_500.0
RURAL_CLUSTER_PERSONS = 500.0
LOW_DENSITY = 50.0
HOLE_KM2 = 15.0
WATER_LAND_SHARE = 0.5
THOUSAND, HALF = 1000.0, 0.5
ROUNDING = 1e-6
"""By which a share may exceed 1."""

DEGURBA_TITLES = {
    30: "urban centre",
    23: "dense urban cluster",
    22: "semi-dense urban cluster",
    21: "suburban or peri-urban cell",
    13: "rural cluster",
    12: "low density rural cell",
    11: "very low density rural cell",
    10: "water",
    3: "urban centre",
    2: "urban cluster",
    1: "rural cell",
    0: "water",
    -200: "no data",
}
"""Codes of both levels, as published."""
NO_DATA = -200
"""Of cells, as in the GHSL data packages."""


class DegurbaRules(DegurbaVariant):
    """Which of the published variants is followed, those of the settlement layers of GHSL among them."""

    semi_dense: SemiDense = Field(
        "manual",
        description="Semi-dense urban clusters: 300 persons a km², 8-connected, 5,000 persons, by the manual of 2021; "
        "900, 4-connected, 2,500, as changed in July 2024 (ghsl)",
    )
    built_up_share: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Cells of which at least this share of the land is built up, rounded to a thousandth, count as "
        "dense; None = off",
    )
    no_land: Literal["dense", "whole_cell"] = Field(
        "dense",
        description="People on a cell without land: denser than any threshold, as the division says; or spread over "
        "the whole cell",
    )


DEGURBA_RULES = {
    "2021": DegurbaRules(),
    "2024": DegurbaRules(semi_dense="ghsl"),
    "R2022A": DegurbaRules(built_up_share=0.5),
    "R2023A_V1_0": DegurbaRules(majority="R2023A", built_up_share=0.2),
    "R2023A": DegurbaRules(majority="R2023A", built_up_share=0.2, semi_dense="ghsl"),
}
"""
The manual of 2021, and as changed in July 2024; the settlement layers of GHSL by release, of which V1.0 of R2023A came
before that change and V2.0 with it. The last is also what the R package flexurba does since version 0.2. The 20 % are
the world's mean in 2020, rounded up.
"""


@dataclass(frozen=True)
class _Grid:
    persons: FloatArray
    unknown: BoolArray
    area_km2: FloatArray
    density: FloatArray
    land_share: FloatArray
    built_share: FloatArray
    rules: DegurbaRules

    def dense(self) -> BoolArray:
        least = self.rules.built_up_share
        populous = self.density >= CENTRE_DENSITY
        if least is None:
            return populous
        built = _per_land(self.built_share, self.land_share, self.rules)
        return populous | (np.floor(built * THOUSAND + HALF) / THOUSAND >= least)

    def water(self) -> BoolArray:
        return (self.persons <= 0.0) & (self.built_share <= 0.0) & (self.land_share < WATER_LAND_SHARE)


def degree_of_urbanisation(
    population_persons: ArrayLike,
    cell_area_km2: ArrayLike = 1.0,
    level: Literal[1, 2] = 2,
    *,
    land_share: ArrayLike | None = None,
    built_share: ArrayLike | None = None,
    rules: DegurbaRules | str | None = None,
) -> NDArray[np.int16]:
    """
    Classify the cells of a population grid by the Degree of Urbanisation.

    Parameters
    ----------
    population_persons : array_like, (rows, columns)
        People of each cell of about 1 km², 0 or more. NaN = no data: nobody is counted there, and the cell has the
        code -200, unless it is water by its land or belongs to a cluster by its buildings or by what lies around it.
    cell_area_km2 : float or array_like
        Area of the cells: one for all, one a row as a column vector, or one a cell.
    level : {1, 2}
        Codes 3, 2, 1, 0, or 30, 23, 22, 21, 13, 12, 11, 10; -200 for no data at both.
    land_share : array_like, optional
        Share of permanent land, 0-1; density is per land. All land by default; NaN, where nobody lives, = none.
    built_share : array_like, optional
        Share of the cell built up, 0-1; none by default, nor where NaN.
    rules : DegurbaRules or str, optional
        Which published variant to follow, or its name in `DEGURBA_RULES`; the manual of 2021 by default.

    Returns
    -------
    ndarray of int16, (rows, columns)
        The codes in `DEGURBA_TITLES`.

    Raises
    ------
    ContractError
        For a grid that has no two dimensions, people below 0, shares outside 0-1, people where the share of land is not
        known, rules that are none, or rules on built-up land without `built_share`.

    Notes
    -----
    Urban centres: cells of 1,500 persons a km² that touch at sides, 50,000 persons together; edges smoothed by
    majority, holes below 15 km² filled, also where they are water. Urban clusters: 300 persons a km², corners too,
    5,000 persons. Level 1 follows its own definition. The level 1 of GHSL is level 2 in tens (30 = 3, 21-23 = 2, 11-13
    = 1, 10 = 0): dense clusters of built-up land, and semi-dense ones below 5,000 persons, are rural at level 1 here.

    Examples
    --------
    >>> degree_of_urbanisation(np.full((5, 5), 2000.0), level=1).tolist()[0]
    [3, 3, 3, 3, 3]
    """
    if level not in (1, 2):
        raise ContractError("degurba", [f"level: is {level!r}, must be 1 or 2"])
    if isinstance(rules, str):
        if rules not in DEGURBA_RULES:
            raise ContractError("degurba", [f"rules: is {rules!r}, must be one of {first_of(tuple(DEGURBA_RULES))}"])
        rules = DEGURBA_RULES[rules]
    grid = _read(
        population_persons,
        cell_area_km2,
        land_share,
        built_share,
        of_kind("rules", rules, DegurbaRules) or DegurbaRules(),
    )
    labels = find_clusters(grid.dense(), contiguity=4)
    if grid.rules.size_test == "before":
        labels = cluster_persons(labels, grid.persons, CENTRE_PERSONS)
    masks: dict[str, BoolArray] = {}
    if grid.rules.majority == "R2023A":
        empty = grid.persons <= 0.0
        masks = {"never": grid.water(), "ignored": empty & (grid.land_share < WATER_LAND_SHARE)}
    if grid.rules.order == "smooth_then_fill":
        labels = fill_holes(majority_smoothing(labels, **masks), grid.area_km2, below_km2=HOLE_KM2)
    else:
        labels = majority_smoothing(fill_holes(labels, grid.area_km2, below_km2=HOLE_KM2), **masks)
    if grid.rules.size_test == "after":
        labels = cluster_persons(labels, grid.persons, CENTRE_PERSONS)
    centre = labels > 0
    cluster = _clusters(grid, CLUSTER_DENSITY, 8, CLUSTER_PERSONS) > 0
    water = grid.water()
    if level == 1:
        codes = np.select([centre, cluster, water, grid.unknown], [3, 2, 0, NO_DATA], default=1)
        return codes.astype(np.int16)
    dense = cluster_persons(find_clusters(grid.dense(), contiguity=4), grid.persons, CLUSTER_PERSONS) > 0
    rural_cluster = _clusters(grid, CLUSTER_DENSITY, 8, RURAL_CLUSTER_PERSONS) > 0
    # Semi-dense clusters of which no cell lies too near to an urban centre or dense cluster.
    if grid.rules.semi_dense == "manual":
        labels = _clusters(grid, CLUSTER_DENSITY, 8, CLUSTER_PERSONS)
    else:
        labels = _clusters(grid, GHSL_SEMI_DENSE_DENSITY, 4, GHSL_SEMI_DENSE_PERSONS)
    steps = max(1, round(grid.rules.semi_dense_distance_km / float(np.sqrt(np.median(grid.area_km2)))))
    semi_dense = (labels > 0) & ~np.isin(labels, labels[dilate(centre | dense, steps)])
    codes = np.select(
        [centre, dense, semi_dense, cluster, rural_cluster, grid.density >= LOW_DENSITY, water, grid.unknown],
        [30, 23, 22, 21, 13, 12, 10, NO_DATA],
        default=11,
    )
    return codes.astype(np.int16)


def _clusters(grid: _Grid, density: float, contiguity: Literal[4, 8], persons: float) -> IntArray:
    return cluster_persons(find_clusters(grid.density >= density, contiguity=contiguity), grid.persons, persons)


def _read(
    population: ArrayLike, area: ArrayLike, land: ArrayLike | None, built: ArrayLike | None, rules: DegurbaRules
) -> _Grid:
    population, area, land, built = paired(
        "degurba",
        population_persons=(population, "rows columns"),
        cell_area_km2=(area, "rows columns"),
        land_share=(land, "rows columns"),
        built_share=(built, "rows columns"),
    )
    persons = numbers("degurba", "population_persons", population)
    if persons.ndim != 2 or 0 in persons.shape:
        raise ContractError("degurba", [f"population_persons: is {persons.shape}, must be rows by columns"])
    problems: list[str] = []
    nobody_knows = np.isnan(persons)
    persons = np.where(nobody_knows, 0.0, persons)
    wrong = np.argwhere((persons < 0.0) | np.isinf(persons))
    problems += faults_at("population_persons: negative or infinite at", [f"{r},{c}" for r, c in wrong])
    area_km2 = _side("cell_area_km2", area, 1.0, persons.shape, problems)
    land_share = _side("land_share", land, 1.0, persons.shape, problems)
    built_share = _side("built_share", built, 0.0, persons.shape, problems)
    lost = np.argwhere(np.isnan(land_share) & (persons > 0.0))
    where = [f"{r},{c}" for r, c in lost]
    problems += faults_at("land_share: unknown where people live, at", where, "; give 0 to 1")
    land_share = np.where(np.isnan(land_share), 0.0, land_share)
    built_share = np.where(np.isnan(built_share), 0.0, built_share)
    if rules.built_up_share is not None and built is None:
        problems.append("built_share: is missing, and the rules ask for it; give it, or set built_up_share to None")
    refuse("degurba", problems)
    density = _per_land(persons / area_km2 * (1.0 + 1e-12), land_share, rules)
    return _Grid(persons, nobody_knows, area_km2, density, land_share, built_share, rules)


def _per_land(amount: FloatArray, land_share: FloatArray, rules: DegurbaRules) -> FloatArray:
    """Divide by land; nothing stays nothing where there is none."""
    if rules.no_land == "whole_cell":
        return amount / np.where(land_share > 0.0, land_share, 1.0)
    endless = np.where(amount > 0.0, np.inf, 0.0)
    return np.divide(amount, land_share, out=endless, where=land_share > 0.0)


def _side(
    name: str, given: ArrayLike | None, default: float, shape: tuple[int, ...], problems: list[str]
) -> FloatArray:
    """Spread an area or a share over the grid; NaN stays in shares."""
    values = numbers("degurba", name, default if given is None else given)
    try:
        spread = np.broadcast_to(values, shape)
    except ValueError:
        problems.append(f"{name}: is {values.shape}, must fit the grid of {shape}")
        return np.full(shape, default)
    if name == "cell_area_km2":
        if not bool((values > 0.0).all()):
            problems.append(f"{name}: must be above 0, and known")
    elif bool(((values < 0.0) | (values > 1.0 + ROUNDING)).any()):
        problems.append(f"{name}: must be between 0 and 1; divide square metres by the area of a cell")
    return np.asarray(spread, dtype=np.float64)


# Degree of Urbanisation of units, from the people in cells of each class.

CODES = (30, 23, 22, 21, 13, 12, 11)
UNIT_HALF, SLACK = 0.5, 1e-9
"""Half of a unit, and what rounding may add to a share."""


def degurba_units(
    cell_class: ArrayLike,
    population_persons: ArrayLike,
    unit: ArrayLike,
    *,
    cell_area_km2: ArrayLike = 1.0,
    rules: Literal["2024", "2021"] = "2024",
) -> pd.DataFrame:
    """
    Classify units, such as townships or settlements with their surroundings.

    Parameters
    ----------
    cell_class : array_like of int
        Codes of level 2, one a cell or piece of a cell; -200 for no data.
    population_persons : array_like
        People of it, 0 or more; NaN counts as nobody.
    unit : array_like
        The unit that it lies in; missing = in none.
    cell_area_km2 : float or array_like
        Its area, by which a unit without people is classified.
    rules : {'2024', '2021'}
        Level 2 as changed in July 2024, or as in the manual of 2021. By the latter the more urban of two equal shares
        counts, but a town needs more people in dense and semi-dense clusters than in suburbs.

    Returns
    -------
    DataFrame
        A row a unit, in order of the units: `unit`, `population_persons`, `share_30` ... `share_11` (of people, or of
        area where `by_area`), `by_area`, `level1` (3 city, 2 town, 1 rural), `level2` (30 city, 23 dense town, 22
        semi-dense town, 21 suburban or peri-urban area, 13 village, 12 dispersed rural area, 11 mostly uninhabited
        area). Water and cells without data have no part in shares; a unit of nothing but water has none, and the codes
        0 and 10; one of nothing but cells without data has -200.

    Raises
    ------
    ContractError
        For codes that are none, people or areas below 0, areas that are not known, or lengths that differ.

    Examples
    --------
    >>> degurba_units([30, 13], [60, 40], ["a", "a"])[["level1", "level2"]].to_numpy().tolist()
    [[3, 30]]
    """
    if rules not in ("2024", "2021"):
        raise ContractError("degurba", [f"rules: is {rules!r}, must be 2024 or 2021"])
    frame = _read_cells(cell_class, population_persons, unit, cell_area_km2)
    persons = frame.pivot_table(index="unit", columns="code", values="persons", aggfunc="sum", fill_value=0.0)
    areas = frame.pivot_table(index="unit", columns="code", values="area", aggfunc="sum", fill_value=0.0)
    persons, areas = (table.reindex(columns=list(CODES), fill_value=0.0) for table in (persons, areas))
    total = frame.groupby("unit")["persons"].sum()
    by_area = persons.to_numpy().sum(axis=1) <= 0.0
    weights = np.where(by_area[:, None], areas.to_numpy(), persons.to_numpy())
    mass = weights.sum(axis=1, keepdims=True)
    shares = np.divide(weights, mass, out=np.full(weights.shape, np.nan), where=mass > 0.0)
    share = dict(zip(CODES, shares.T, strict=True))
    rural = share[13] + share[12] + share[11]
    level1 = np.select(
        [np.isnan(rural), share[30] >= UNIT_HALF - SLACK, rural > UNIT_HALF + SLACK], [0, 3, 1], default=2
    )
    level2 = np.where(level1 == 0, 10, _level2(share, rural, level1, rules))
    table = pd.DataFrame({"unit": persons.index.to_numpy(), "population_persons": total.to_numpy()})
    for code in CODES:
        table[f"share_{code}"] = share[code]
    unknown = (frame.groupby("unit")["code"].max() == NO_DATA).to_numpy()
    level1, level2 = (np.where(unknown, NO_DATA, level) for level in (level1, level2))
    return table.assign(by_area=by_area, level1=level1.astype(np.int16), level2=level2.astype(np.int16))


def _level2(share: dict[int, np.ndarray], rural: np.ndarray, level1: np.ndarray, rules: str) -> np.ndarray:
    town, country = level1 == 2, level1 == 1
    half = UNIT_HALF - SLACK
    if rules == "2024":
        gathered = share[30] + share[23] + share[22] + share[21] + share[13]
        return np.select(
            [
                level1 == 3,
                town & (share[30] + share[23] >= half),
                town & (share[21] + rural < half),
                town,
                gathered >= half,
                share[11] >= half,
            ],
            [30, 23, 22, 21, 13, 11],
            default=12,
        )
    more_urban = share[23] + share[22] > share[21] + SLACK
    return np.select(
        [
            level1 == 3,
            town & more_urban & (share[23] >= share[22] - SLACK),
            town & more_urban,
            town,
            country & (share[13] >= np.maximum(share[12], share[11]) - SLACK),
            country & (share[12] >= share[11] - SLACK),
        ],
        [30, 23, 22, 21, 13, 12],
        default=11,
    )


def _read_cells(cell_class: ArrayLike, persons: ArrayLike, unit: ArrayLike, area: ArrayLike) -> pd.DataFrame:
    cell_class, persons, unit, area = paired(
        "degurba",
        cell_class=(cell_class, "cells"),
        population_persons=(persons, "cells"),
        unit=(unit, "cells"),
        cell_area_km2=(area, "cells"),
    )
    code = numbers("degurba", "cell_class", cell_class).ravel()
    people = numbers("degurba", "population_persons", persons).ravel()
    label = np.asarray(unit, dtype=object).ravel()
    if not len(code) == len(people) == len(label):
        raise ContractError(
            "degurba", [f"cell_class, population_persons, unit: {len(code)}, {len(people)}, {len(label)} cells"]
        )
    unknown = np.unique(code[~np.isin(code, (*CODES, 10, NO_DATA))])
    refuse("degurba", faults_at("cell_class: no codes of level 2:", unknown))
    if bool(((people < 0.0) | np.isinf(people)).any()):
        raise ContractError("degurba", ["population_persons: below 0 or infinite"])
    size = numbers("degurba", "cell_area_km2", area).ravel()
    if len(size) not in (1, len(code)) or not bool(((size >= 0.0) & (size < np.inf)).all()):
        raise ContractError("degurba", [f"cell_area_km2: {len(size)} for {len(code)} cells; must be known, 0 or more"])
    size = np.broadcast_to(size, code.shape)
    frame = pd.DataFrame({"unit": label, "code": code.astype(np.int64), "persons": np.nan_to_num(people), "area": size})
    return frame[~pd.isna(frame["unit"])]
