"""Places without coordinates: located by decision, by unit code, else by name within the township, or listed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.crs import WGS84
from spatial.errors import ContractError, first_of
from spatial.sources.names import name_scores
from spatial.sources.placing_ground import PlacingGround, Scope, names_of, texts, township_names
from spatial.sources.unit_codes import unit_key
from spatial.study.placing import PlacingOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["CANDIDATES", "PLACED_BY", "Placement", "amid_townships", "locate_places"]

CANDIDATES = 5
"""So many settlements are named for a place that is to be decided."""

PLACED_BY = ("coordinates", "decision", "unit_code", "name", "township")
"""Ways of locating a place, the surest first."""

ROWS_AT_ONCE = 256
"""So many rows are compared with all settlements at once, to bound the memory."""

_SLACK = 1e-9


@dataclass(frozen=True, eq=False)
class Placement:
    """
    What became of the rows of a table.

    Parameters
    ----------
    frame : GeoDataFrame
        Every row in its order with `placed_by` (coordinates, decision, unit_code, name or township), `placed_score`
        (0-1; NaN by township) and `placed_at`, the settlement, boundary or township it was put at; all three and the
        geometry are missing where a row is not located. Facilities get `settlement_id` where they stand at one.
    undecided : DataFrame
        A row for each that is not located: place_id, name, service, unit_code, township, reason, up to five
        candidates with name and score, and an empty `settlement_id` to fill in.
    unit_ids : Series
        boundary_id of the unit that a row names, on the frame's index; missing where none is known.
    near : GeoSeries
        For each row of `undecided` where to look: in its unit, else at its best candidate, else amid the settlements,
        else amid the rows that are located; missing where nothing is.
    is_choice : bool
        Whether there are settlements among which a person can choose.
    """

    frame: gpd.GeoDataFrame
    undecided: pd.DataFrame
    unit_ids: pd.Series
    near: gpd.GeoSeries
    is_choice: bool


def locate_places(
    frame: pd.DataFrame,
    settlements: gpd.GeoDataFrame,
    boundaries: gpd.GeoDataFrame | None = None,
    *,
    key: str = "facility_id",
    decisions: Mapping[str, str] | None = None,
    options: PlacingOptions | None = None,
) -> Placement:
    """
    Locate the rows of a table that have no coordinates.

    A row is put where its decision says; else at the one settlement, or in the one village boundary, of its
    `unit_code`; else at the settlement of its unit (by code, `township_id` or `township`) that is called most like
    it. It stays undecided where no name is alike enough, where two are alike within the margin, and where the unit it
    names is not known. Where it names no unit, its name is looked for among all settlements.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame
        With the key column and `name`, `name_en`, `name_zh` or `place_name` (the village, where the name is not
        called by it); rows with geometry keep it. Left unchanged.
    settlements : GeoDataFrame
        settlement_id, names, Points and, where there are any, unit_code, township_id and township.
    boundaries : GeoDataFrame, optional
        boundary_id, names, polygons and, where there are any, unit_code and admin_level.
    key : str
        ``facility_id``, or ``settlement_id`` for a list of settlements: no two of its rows are put at one settlement.
    decisions : mapping of str to str, optional
        settlement_id by the row's id. A `settlement_id` of the facilities themselves decides too.
    options : PlacingOptions, optional
        Least similarity of names and least lead over the next settlement, both 0-1 and inclusive; its file of
        decisions is not read.

    Returns
    -------
    Placement
        In the frame's CRS, EPSG:4326 where it has none.

    Raises
    ------
    ContractError
        Where a decision names a row or a settlement that is not there.
    """
    placed = _as_geo(frame)
    crs = placed.crs or WGS84
    units = None if boundaries is None or boundaries.empty else boundaries.to_crs(crs)
    work = _Work(placed, PlacingGround(settlements.to_crs(crs), units), key, options or PlacingOptions())
    _refuse_decisions(decisions or {}, work)
    work.take_given()
    work.take_decisions(decisions or {})
    work.take_codes()
    work.take_names()
    if key == "settlement_id":
        work.give_back_doubles()
    return work.result()


def amid_townships(done: Placement, boundaries: gpd.GeoDataFrame) -> Placement:
    """
    Put the rows of the only list of settlements that are still without a place amid their township.

    A row is put at a point within the boundary that it names, by `unit_code`, `township_id` or `township`; else at the
    middle of the rows that have a place and name the same township. Rows that name none stay undecided, and so do those
    whose code and township are two boundaries.
    """
    frame = done.frame.copy()
    points, crs = frame.geometry.to_numpy().copy(), frame.crs or WGS84
    ground = PlacingGround(frame.iloc[:0], boundaries.to_crs(crs))
    told = list(zip(*(texts(frame, name) for name in ("unit_code", "township_id", "township")), strict=True))
    missing = shapely.is_missing(points)
    members: dict[tuple[str, str], list[int]] = {}
    for row in np.flatnonzero(~missing).tolist():
        for name in township_names(*told[row]):
            members.setdefault(name, []).append(row)
    amid: dict[int, tuple[str, shapely.Point]] = {}
    for row in np.flatnonzero(missing).tolist():
        scope = ground.township(*told[row])
        same = next((name for name in township_names(*told[row]) if name in members), None)
        if scope.unit >= 0:
            point = ground.unit_shapes[scope.unit].representative_point()
            amid[row] = (ground.unit_ids[scope.unit], point)
        elif same is not None and not scope.fault:
            amid[row] = (same[1], shapely.MultiPoint(points[members[same]]).centroid)
    rows = list(amid)
    by, at = (frame[name].astype(object).to_numpy(copy=True) for name in ("placed_by", "placed_at"))
    by[rows] = "township"
    at[rows], points[rows] = ([amid[row][part] for row in rows] for part in (0, 1))
    frame = frame.assign(placed_by=pd.Series(by, dtype="str"), placed_at=pd.Series(at, dtype="str"))
    open_ = ~done.undecided["place_id"].isin(texts(frame.iloc[rows], "settlement_id")).to_numpy()
    return replace(
        done,
        frame=frame.set_geometry(gpd.GeoSeries(points, index=frame.index, crs=frame.crs)),
        undecided=done.undecided[open_].reset_index(drop=True),
        near=gpd.GeoSeries(done.near[open_]),
    )


def _as_geo(frame: pd.DataFrame) -> gpd.GeoDataFrame:
    if isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None:
        named = frame.rename_geometry("geometry") if frame.active_geometry_name != "geometry" else frame
        named = named.reset_index(drop=True)
        return named if named.crs is not None else named.set_crs(WGS84)
    nowhere = gpd.GeoSeries(np.full(len(frame), None, dtype=object), crs=WGS84)
    return gpd.GeoDataFrame(frame.reset_index(drop=True), geometry=nowhere, crs=WGS84)


def _refuse_decisions(decisions: Mapping[str, str], work: _Work) -> None:
    problems = []
    strange = sorted(set(decisions) - set(work.ids))
    if strange:
        problems.append(f"no row has the id {first_of(strange)}; delete the row from the decisions")
    unknown = sorted({where for where in decisions.values() if where not in work.ground.row_of})
    if unknown:
        problems.append(f"no settlement has the id {first_of(unknown)}; take one of the candidates' ids")
    if problems:
        raise ContractError(f"decisions on places ({work.key})", problems)


@dataclass(eq=False)
class _Work:
    """The rows of one table while they are located."""

    frame: gpd.GeoDataFrame
    ground: PlacingGround
    key: str
    options: PlacingOptions
    by: list[str] = field(default_factory=list)
    candidates: dict[int, list[tuple[int, float]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        size = len(self.frame)
        self.ids = texts(self.frame, self.key)
        self.codes = [unit_key(code) for code in texts(self.frame, "unit_code")]
        self.names = self._names()
        self.by = [""] * size
        self.at = [""] * size
        self.reasons = [""] * size
        self.score = np.full(size, np.nan)
        self.points = self.frame.geometry.to_numpy().copy()
        columns = (self.codes, texts(self.frame, "township_id"), texts(self.frame, "township"))
        self.scopes: list[Scope] = [self.ground.scope(*row) for row in zip(*columns, strict=True)]

    def _names(self) -> list[tuple[str, ...]]:
        """Names to look for: the village where the table has a column of it, else the row's own."""
        told = [(place,) if place else () for place in texts(self.frame, "place_name")]
        own = names_of(self.frame)
        return [place or names for place, names in zip(told, own, strict=True)]

    def _put(self, row: int, settlement: int, by: str, score: float) -> None:
        self.by[row], self.score[row] = by, score
        self.at[row], self.points[row] = self.ground.ids[settlement], self.ground.points[settlement]

    def take_given(self) -> None:
        """Keep the rows that have coordinates."""
        for row in np.flatnonzero(~shapely.is_missing(self.points)):
            self.by[row], self.score[row] = "coordinates", 1.0

    def take_decisions(self, decisions: Mapping[str, str]) -> None:
        """Put rows where a person has decided."""
        size = len(self.frame)
        told = [""] * size if self.key == "settlement_id" else texts(self.frame, "settlement_id")
        for row in self._open():
            where = self.ground.row_of.get(decisions.get(self.ids[row], told[row]))
            if where is not None:
                self._put(row, where, "decision", 1.0)

    def take_codes(self) -> None:
        """Put rows at the one settlement, or in the one village boundary, of their code."""
        for row in self._open():
            code = self.codes[row]
            if not code or self.scopes[row].fault == "units_disagree":
                continue
            there = self.ground.coded(code)
            if len(there) == 1:
                self._put(row, there[0], "unit_code", 1.0)
                continue
            unit = self.ground.village(code)
            if there:
                self.scopes[row] = Scope(np.array(there, dtype=np.intp), self.scopes[row].unit)
            elif unit >= 0 and len(members := self.ground.members(unit)) == 1:
                self._put(row, int(members[0]), "unit_code", 1.0)
            elif unit >= 0 and not len(members):
                self.by[row], self.score[row] = "unit_code", 1.0
                self.at[row] = self.ground.unit_ids[unit]
                self.points[row] = self.ground.unit_shapes[unit].representative_point()

    def take_names(self) -> None:
        """Put rows at the settlement of their unit that is called most like them."""
        groups: dict[bytes, list[int]] = {}
        for row in self._open():
            groups.setdefault(self.scopes[row].rows.tobytes(), []).append(row)
        for rows in groups.values():
            among = self.scopes[rows[0]].rows
            names = [self.ground.called[place] for place in among]
            for start in range(0, len(rows), ROWS_AT_ONCE):
                some = rows[start : start + ROWS_AT_ONCE]
                for row, line in zip(
                    some, name_scores([self.names[row] for row in some], names), strict=True
                ):
                    self._judge(row, among, line)

    def _judge(self, row: int, among: NDArray[np.intp], scores: NDArray[np.float64]) -> None:
        order = np.lexsort((among, -scores))[:CANDIDATES]
        best = [(int(among[number]), float(scores[number])) for number in order if scores[number] > 0]
        self.candidates[row] = best
        lead = best[0][1] - (best[1][1] if len(best) > 1 else 0.0) if best else 0.0
        if self.scopes[row].fault:
            self.reasons[row] = self.scopes[row].fault
        elif not self.names[row]:
            self.reasons[row] = "no_name"
        elif not best or best[0][1] < self.options.name_min - _SLACK:
            self.reasons[row] = "no_similar_name"
        elif lead < self.options.margin - _SLACK:
            self.reasons[row] = "ambiguous"
        else:
            self._put(row, best[0][0], "name", best[0][1])

    def give_back_doubles(self) -> None:
        """Of rows of a list of settlements at one settlement keep the surest; of equally sure ones keep none."""
        held: dict[str, list[int]] = {}
        for row, by in enumerate(self.by):
            if by in {"unit_code", "name", "decision"} and self.at[row]:
                held.setdefault(self.at[row], []).append(row)
        for rows in held.values():
            ranked = sorted((PLACED_BY.index(self.by[row]), -float(self.score[row]), row) for row in rows)
            free = [rank for rank in ranked if self.by[rank[2]] != "decision"]
            alone = len(free) == len(ranked) and (len(free) == 1 or free[0][:2] < free[1][:2])
            for _, _, row in free[1:] if alone else free:
                self._give_back(row)

    def _give_back(self, row: int) -> None:
        place = self.ground.row_of.get(self.at[row])
        if place is not None:
            self.candidates.setdefault(row, [(place, float(self.score[row]))])
        self.reasons[row], self.by[row], self.at[row] = "taken_by_another", "", ""
        self.score[row], self.points[row] = np.nan, None

    def _open(self) -> list[int]:
        return [row for row, by in enumerate(self.by) if not by]

    def result(self) -> Placement:
        """Put it all into tables."""
        index = self.frame.index
        placed = self.frame.set_geometry(gpd.GeoSeries(self.points, index=index, crs=self.frame.crs))
        placed["placed_by"] = _text(self.by, index)
        placed["placed_score"] = pd.Series(self.score, index=index, dtype="float64")
        placed["placed_at"] = _text(self.at, index)
        if self.key != "settlement_id":
            here = [at if at in self.ground.row_of else "" for at in self.at]
            told = texts(self.frame, "settlement_id")
            given = [by == "coordinates" for by in self.by]
            stands = [b if keep else a for a, b, keep in zip(here, told, given, strict=True)]
            placed["settlement_id"] = _text(stands, index)
        units = [self.ground.unit_ids[scope.unit] if scope.unit >= 0 else "" for scope in self.scopes]
        return Placement(
            placed, self._undecided(), _text(units, index), self._near(), bool(len(self.ground.ids))
        )

    def _undecided(self) -> pd.DataFrame:
        rows = self._open()
        columns: dict[str, list[str]] = {"place_id": [self.ids[row] for row in rows]}
        columns["name"] = [" / ".join(self.names[row]) for row in rows]
        for column in ("service", "unit_code", "township"):
            whole = texts(self.frame, column)
            columns[column] = [whole[row] for row in rows]
        columns["reason"] = [self.reasons[row] for row in rows]
        for number in range(CANDIDATES):
            found = [self.candidates.get(row, [])[number : number + 1] for row in rows]
            columns[f"candidate_{number + 1}"] = [self.ground.ids[at[0][0]] if at else "" for at in found]
            columns[f"candidate_{number + 1}_name"] = [
                " / ".join(self.ground.names[at[0][0]]) if at else "" for at in found
            ]
            columns[f"candidate_{number + 1}_score"] = [f"{at[0][1]:.2f}" if at else "" for at in found]
        columns["settlement_id"] = [""] * len(rows)
        return pd.DataFrame(columns, dtype="str")

    def _near(self) -> gpd.GeoSeries:
        there = (
            self.ground.points if len(self.ground.points) else self.points[~shapely.is_missing(self.points)]
        )
        middle = shapely.MultiPoint(there).centroid if len(there) else None
        found = []
        for row in self._open():
            best = self.candidates.get(row, [])
            if self.scopes[row].unit >= 0:
                found.append(self.ground.unit_shapes[self.scopes[row].unit].representative_point())
            else:
                found.append(self.ground.points[best[0][0]] if best else middle)
        return gpd.GeoSeries(found, crs=self.frame.crs)


def _text(values: list[str], index: pd.Index) -> pd.Series:
    return pd.Series([value or None for value in values], index=index, dtype="str")
