"""Fit the speeds of a network to observed minutes, and say how far off they are on observations kept aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, product
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from spatial.access.cumulative import weighted_quantile
from spatial.access.places import check_on_network, take
from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from spatial.crs import require_network_crs
from spatial.errors import ContractError, faults_at, first_of, of_kind, refuse
from spatial.formats.notes import row_numbers
from spatial.network.combined import BETWEEN, LEG_SIGN, layer_of, leg_modes
from spatial.network.graph import TravelGraph
from spatial.network.nearest import nearest
from spatial.network.snapping import Snaps, snap
from spatial.outlines import point_faults, require_frame, require_shapes
from spatial.study.access import SnapRules
from spatial.study.base import refuse_text
from spatial.study.scenarios import FitMinimum

# Observed minutes between places: read, checked, joined to the network, and their ways split by class of road.

_COORDINATES = ("from_x", "from_y", "to_x", "to_y")
_KEYS = ("facility_id", "settlement_id", "place_id")
"""Columns of ids, the first that a table has: a facility may say which settlement it is in."""


@dataclass(frozen=True, eq=False)
class Observed:
    """Observations joined to a network."""

    minutes: FloatArray  # shape (n,), observed minutes, above 0
    start: IntArray  # shape (n,), positions of their places
    goal: IntArray
    snaps: Snaps  # where the places meet the network


@dataclass(frozen=True, eq=False)
class Ways:
    """The fastest ways between observed places on one network."""

    walk_min: FloatArray  # shape (n,), walks to and from the network; NaN where there is no way
    group_min: FloatArray  # shape (n, n_groups), minutes on each group of edges
    distance_m: FloatArray  # shape (n,), along the way; inf where there is none

    @property
    def total_min(self) -> FloatArray:
        """Door to door; NaN where there is no way."""
        return np.asarray(self.walk_min + self.group_min.sum(axis=1), dtype=np.float64)


class _Checked(NamedTuple):
    """Observations in order: their minutes, the points that they name, and which of them each starts and ends at."""

    frame: pd.DataFrame
    minutes: FloatArray
    points: Any
    start: IntArray
    goal: IntArray


def check_observed(observed: pd.DataFrame, places: Sequence[gpd.GeoDataFrame]) -> _Checked:
    """Check observations before there is a network."""
    require_frame("observed", observed)
    frame = pd.DataFrame(observed).reset_index(drop=True)
    has_xy = all(name in frame for name in _COORDINATES)
    needed = ["observed_min", *(() if has_xy else ("from_id", "to_id"))]
    told = f"no such column; give observed_min with from_id and to_id, or {', '.join(_COORDINATES)}"
    refuse("observed", [f"{name}: {told}" for name in needed if name not in frame])
    minutes = pd.to_numeric(frame["observed_min"], errors="coerce").to_numpy(dtype=np.float64)
    wrong, rows = ~((minutes > 0.0) & (minutes < np.inf)), row_numbers(frame)
    problems = []
    problems += faults_at("observed_min: missing or not above 0 in rows", rows[wrong])
    points: Any
    if has_xy:
        xy = frame[list(_COORDINATES)].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
        wrong = ~np.isfinite(xy).all(axis=1)
        problems += faults_at(f"{', '.join(_COORDINATES)}: missing or no number in rows", rows[wrong])
        unique, at = np.unique(np.vstack((xy[:, :2], xy[:, 2:])), axis=0, return_inverse=True)
        start, goal = np.split(at.ravel().astype(np.int64), 2)
        points = gpd.points_from_xy(unique[:, 0], unique[:, 1])
    else:
        known: dict[str, Any] = {}
        for table in places:
            key = next((name for name in _KEYS if name in table), None)
            if key is None:
                problems.append(f"places: a table has none of the columns {', '.join(_KEYS)}")
                continue
            problems += point_faults(table.geometry, table[key])
            known |= dict(zip(table[key].astype(str), table.geometry, strict=True))
        lost = frame[["from_id", "to_id"]].isna().any(axis=1)
        problems += faults_at("from_id, to_id: missing in rows", rows[lost.to_numpy()])
        ends = [frame[name].map(str) for name in ("from_id", "to_id")]
        used = sorted(set(ends[0]) | set(ends[1]))
        unknown = [name for name in used if name not in known]
        problems += faults_at("from_id, to_id: not among the places:", unknown, "; give the tables that have them")
        start, goal = (pd.Index(used).get_indexer(pd.Index(end)).astype(np.int64) for end in ends)
        points = [known.get(name) for name in used]
    refuse("observed", problems)
    return _Checked(frame, minutes, points, start, goal)


def ways_of(
    graph: TravelGraph, observed: Observed, group: IntArray, n_groups: int, barriers: gpd.GeoSeries | None
) -> Ways:
    """Find the fastest way of each observation, how long it is on each group, and minutes of none (links, walks)."""
    n, width = len(observed.minutes), n_groups + 1
    walk, groups, metres = np.full(n, np.nan), np.zeros((n, width)), np.full(n, np.inf)
    # One search serves all observations that share an end: take the side with fewer places.
    towards = len(np.unique(observed.goal)) <= len(np.unique(observed.start))
    shared, other = (observed.goal, observed.start) if towards else (observed.start, observed.goal)
    for place in np.unique(shared).tolist():
        rows = np.flatnonzero(shared == place)
        found = nearest(
            graph,
            take(observed.snaps, other[rows]),
            take(observed.snaps, np.array([place])),
            k=1,
            direction="to_facility" if towards else "from_facility",
            direct_barriers=barriers,
        )
        reached = np.flatnonzero(found.destination[:, 0] >= 0)
        legs = found.access_leg_min[reached, 0] + found.egress_leg_min[reached, 0]
        walk[rows[reached]], metres[rows[reached]] = legs, found.network_distance_m[reached, 0]
        # The minutes of each way on each group of edges.
        ways, its = found.routes(reached), found.graph
        share = np.abs(ways.share[:, 1] - ways.share[:, 0])
        travelled = np.flatnonzero(share > 0.0)
        edge, way = ways.edge[travelled], np.repeat(np.arange(len(reached)), np.diff(ways.offsets))[travelled]
        forwards = ways.direction[travelled] > 0
        minutes = share[travelled] * np.where(forwards, its.forward_min[edge], its.backward_min[edge])
        cells = np.bincount(way * width + group[edge], minutes, minlength=len(reached) * width)
        groups[rows[reached]] = cells.reshape(-1, width)
    return Ways(walk + groups[:, n_groups], groups[:, :n_groups], metres)


# Errors of modelled minutes against observed ones, in all and by distance and class.

_BANDS_KM = (0.0, 5.0, 20.0, 50.0, 100.0, np.inf)
"""Bands of distance along the way, each without its upper end."""


def error_report(observations: pd.DataFrame) -> pd.DataFrame:
    """Report errors before and after the fit."""
    edges = list(pairwise(_BANDS_KM))
    labels = [f"{low:g}-{high:g} km" if np.isfinite(high) else f"{low:g} km and more" for low, high in edges]
    keys = {
        "all": pd.Series("all", index=observations.index),
        "distance": pd.cut(observations["distance_m"] / 1000.0, _BANDS_KM, right=False, labels=labels),
        "class": observations["dominant_class"],
    }
    rows = []
    for half, stage, by in product(("fit", "test"), ("before", "after"), keys):
        of_half = observations[observations["half"] == half]
        for group, part in of_half.groupby(keys[by][of_half.index], sort=True, observed=True):
            observed = part["observed_min"].to_numpy(dtype=np.float64)
            minutes = part[f"modelled_{stage}_min"].to_numpy(dtype=np.float64) - observed
            row = {"half": half, "stage": stage, "by": by, "group": str(group), "n": len(part)}
            for unit, errors in (("min", minutes), ("share", minutes / observed)):
                row |= {
                    f"{name}_error_{unit}": weighted_quantile(errors, np.ones(len(errors)), share)
                    for name, share in (("median", 0.5), ("p05", 0.05), ("p95", 0.95))
                }
            rows.append({**row, "mean_absolute_min": float(np.abs(minutes).mean())})
    return pd.DataFrame(rows)


_BY = ("road_class", "surface")

_SETTLED = 1e-4
"""Factors that move less than this share in a round have settled."""

_HUBER = 1.345
"""Residuals beyond so many standard deviations count less (Huber 1964; 95 % efficiency on normal errors)."""

_BIWEIGHT = 4.685
"""Residuals beyond so many standard deviations count nothing (Beaton and Tukey 1974; the same efficiency)."""

_LEAST_ERROR = 0.1
"""Standard deviation of observed minutes, as a share, below which none is believed."""

_LINKS = "\uffff"
"""Label of links between legs, behind every class."""

_HUBER_ROUNDS = 2
"""Rounds after which residuals are due to blunders rather than to wrong speeds."""

_MAD_TO_SD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


class FactorBounds(NamedTuple):
    """
    Least and largest factor on the speed of a class.

    Parameters
    ----------
    least : float
        Least factor.
    largest : float
        Largest factor.
    """

    least: float
    largest: float


class FitRules(FitMinimum):
    """How speeds are fitted."""

    bounds: FactorBounds = Field(FactorBounds(0.4, 2.5), description="Least and largest factor on the speed of a class")
    ridge: float = Field(
        0.02,
        gt=0,
        description="Weight of the assumption that speeds are right: that of so many observations of median length a "
        "class, so that a class hardly travelled keeps its speed",
    )
    rounds: int = Field(8, ge=1, description="How often ways are looked for again at most, as other speeds move them")

    _numbers = field_validator("minimum", "ridge", "rounds", mode="before")(refuse_text)

    @field_validator("bounds")
    @classmethod
    def _rise(cls, bounds: FactorBounds) -> FactorBounds:
        if not 0.0 < bounds.least < bounds.largest:
            raise ValueError("must rise from above 0")
        return bounds


@dataclass(frozen=True, eq=False)
class Calibration:
    """
    What observed minutes say of the speeds of a network.

    Parameters
    ----------
    factors : mapping of str to float
        Factor on the speed of each class that an observation of the fitted half uses; others keep theirs. Classes of a
        combined network have the mode of their leg before them, as in ``drive:track``.
    by : {'road_class', 'surface'}
        What the classes are.
    groups : mapping of str to str
        Classes that share a factor, by their own name.
    observations : DataFrame
        The usable ones as given, with `half` (fit or test), `modelled_before_min`, `modelled_after_min`, `error_before`
        and `error_after` (modelled / observed - 1; below 0 where the model is too fast), `distance_m` and
        `dominant_class`.
    unused : DataFrame
        The others as given, with `reason`: not_snapped, no_path, or no_road (nothing of the way is on it).
    report : DataFrame
        Errors by `half`, `stage` (before, after), `by` (all, distance, class) and `group`: `n`, the median and the
        5 and 95 % quantiles in minutes and as shares, and the mean absolute error.
    """

    factors: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    by: Literal["road_class", "surface"] = "road_class"
    groups: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    observations: pd.DataFrame = field(default_factory=pd.DataFrame)
    unused: pd.DataFrame = field(default_factory=pd.DataFrame)
    report: pd.DataFrame = field(default_factory=pd.DataFrame)

    @classmethod
    def none(cls) -> Calibration:
        """Stand for speeds that were never compared with observations: applying it changes nothing."""
        return cls()

    @property
    def calibrated(self) -> bool:
        """Whether there were observations."""
        return len(self.observations) > 0

    @property
    def improves(self) -> bool:
        """Whether the mean absolute error on the observations kept aside is smaller with the factors."""
        if not self.calibrated:
            return False
        return self._of_test("after", "mean_absolute_min") < self._of_test("before", "mean_absolute_min")

    def _of_test(self, stage: str, column: str) -> float:
        table = self.report
        rows = table.loc[(table["half"] == "test") & (table["stage"] == stage) & (table["by"] == "all"), column]
        return float(rows.iloc[0])

    def summary(self) -> dict[str, Any]:
        """Say in a few numbers, fit for JSON, what was fitted and how good it is on the half kept aside."""
        if not self.calibrated:
            return {"calibrated": False}
        columns = ("median_error_min", "median_error_share", "p05_error_share", "p95_error_share")
        return {
            "calibrated": True,
            "observations": len(self.observations),
            "unused": len(self.unused),
            "factors": dict(self.factors),
            "improves": self.improves,
            **{f"{stage}_{name}": self._of_test(stage, name) for stage in ("before", "after") for name in columns},
        }

    def apply(self, graph: TravelGraph) -> TravelGraph:
        """
        Give a network with the same speed table the fitted speeds, and ``report["calibration"]``.

        Without observations it is returned as it is; one that is calibrated already raises a ContractError.
        """
        if not self.calibrated:
            return graph
        if "calibration" in graph.report:
            raise ContractError("options", ["graph: is calibrated already; apply to the network as it was built"])
        faster = with_class_factors(graph, self.factors, by=self.by, groups=self.groups)
        return replace(faster, report={**graph.report, "calibration": self.summary()})

    def speed_range(self, graph: TravelGraph) -> tuple[float, float] | None:
        """
        Turn measured errors into factors on all speeds: of the slow run (1 or less) and of the fast one (1 or more).

        A time modelled e too long was driven at 1 + e times the speed; e is the 5 and the 95 % error of the
        observations, of those kept aside where the graph is calibrated. None without observations.
        """
        return self.error_range(fitted="calibration" in graph.report)

    def error_range(self, *, fitted: bool) -> tuple[float, float] | None:
        """Turn errors into factors as `speed_range` does; `fitted` where the speeds in use are the fitted ones."""
        if not self.calibrated:
            return None
        if fitted:
            kept = self.observations.loc[self.observations["half"] == "test", "error_after"]
        else:
            kept = self.observations["error_before"]
        errors = kept.to_numpy(dtype=np.float64)
        low, high = (1.0 + weighted_quantile(errors, np.ones(len(errors)), share) for share in (0.05, 0.95))
        return min(low, 1.0), max(high, 1.0)


def calibrate_speeds(  # noqa: PLR0913 - each keyword is an option of the study under its own name
    graph: TravelGraph,
    observed: pd.DataFrame,
    *,
    places: gpd.GeoDataFrame | Sequence[gpd.GeoDataFrame] = (),
    by: Literal["road_class", "surface"] = "road_class",
    groups: Mapping[str, str] | None = None,
    fit: FitRules | None = None,
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> Calibration:
    """
    Compare a network's times with observed ones, and fit a factor on the speed of each class of road.

    Half of the observations are for the fit, the other half for the test: pairs of places, sorted by modelled minutes,
    go to either in turn, both directions of a pair to the same half. Minutes of the fitted half are explained by the
    minutes on each class along the fastest way, times a factor a class within bounds: bounded least squares, weighted
    by 1 / modelled minutes, as delays along a way add up, with a ridge towards 1. Outliers count less (Huber 1964), and
    from the third round on those beyond 4.7 standard deviations nothing (Beaton and Tukey 1974). Then ways are looked
    for again with the new speeds. Walks to and from the network keep their speed.

    Parameters
    ----------
    graph : TravelGraph
        The network, not calibrated yet. Of a combined one each leg has classes of its own; changes between legs keep
        their minutes.
    observed : DataFrame
        From a survey, a map service or official statistics: observed_min (above 0) door to door, with from_id and
        to_id, or from_x, from_y, to_x and to_y in the CRS of the graph. Other columns are carried along.
    places : GeoDataFrame of Point, or sequence of them
        Where the ids are: settlements, facilities, or places with place_id.
    by : {'road_class', 'surface'}
        What a class is.
    groups : mapping of str to str, optional
        Classes that share a factor, such as ``{"primary_link": "primary"}``; "unknown" is the class of untagged
        surfaces.
    fit : FitRules, optional
        How the fit is made.
    rules, barriers
        As in `cost_to_closest`.

    Returns
    -------
    Calibration
        Factors, errors before and after on both halves, and the observations that could not be used, with the reason.

    Raises
    ------
    ContractError
        Where observations make no sense, or too few of them can be used.
    CrsError
        Where places are in another CRS than the network.
    """
    check_on_network(graph, barriers)
    fit = of_kind("fit", fit, FitRules) or FitRules()
    rules = of_kind("rules", rules, SnapRules) or SnapRules()
    groups = of_kind("groups", groups, Mapping) or {}
    if by not in _BY:
        raise ContractError("options", [f"by: is {by!r}, must be one of {first_of(_BY)}"])
    if "calibration" in graph.report:
        raise ContractError("options", ["graph: is calibrated already; give the network as it was built"])
    tables = [places] if isinstance(places, pd.DataFrame) else list(of_kind("places", places, Sequence) or ())
    for each in tables:
        require_shapes("places", each)
        require_network_crs(each.crs, graph.crs, what="places")
    seen = check_observed(observed, tables)
    snaps = snap(graph, gpd.GeoSeries(seen.points, crs=graph.crs), rules, barriers=barriers)
    whole = Observed(seen.minutes, seen.start, seen.goal, snaps)
    labels = _labels(graph, by, groups).astype(str)
    names = np.unique(labels[layer_of(graph) != BETWEEN])
    group = np.searchsorted(names, labels)
    before = ways_of(graph, whole, group, len(names), barriers)
    # Leave out what cannot be compared.
    snapped = snaps.status == "ok"
    both, none = snapped[whole.start] & snapped[whole.goal], np.isnan(before.walk_min)
    still = (whole.start == whole.goal) | (before.group_min.sum(axis=1) == 0)
    reason = np.select([none & ~both, none, still], ["not_snapped", "no_path", "no_road"], "").astype(object)
    used = np.flatnonzero(reason == "")
    if len(used) < fit.minimum:
        counts = pd.Series(reason[reason != ""]).value_counts().sort_index()
        left_out = "".join(f"; {count} {why}" for why, count in counts.items())
        raise ContractError(
            "observed",
            [f"{len(used)} usable observations, {fit.minimum} are needed at least (of {len(reason)}{left_out})"],
        )
    usable = Observed(whole.minutes[used], whole.start[used], whole.goal[used], snaps)
    before = Ways(before.walk_min[used], before.group_min[used], before.distance_m[used])
    is_fit = _halves(usable, before.total_min)
    if is_fit.all():
        told = f"all {len(used)} usable observations are of one pair of places; give others to hold the fit against"
        raise ContractError("observed", [told])
    # Fit factors and find ways in turn.
    slower, after = np.ones(len(names)), before
    for turn in range(fit.rounds):
        # Minutes on each class as they would be at the speeds that the network came with.
        at_first = after.group_min[is_fit] / slower
        goal = usable.minutes[is_fit] - after.walk_min[is_fit]
        moved, slower = slower, _least_squares(at_first, goal, slower, fit, turn)
        after = ways_of(graph.with_factor(np.append(1.0 / slower, 1.0)[group]), usable, group, len(names), barriers)
        if turn >= _HUBER_ROUNDS and np.abs(slower / moved - 1.0).max() < _SETTLED:
            break
    # Other speeds may have led over classes that nothing was travelled on before.
    factor, travelled = 1.0 / slower, (before.group_min[is_fit] + at_first).sum(axis=0) > 0
    table = seen.frame.iloc[used].reset_index(drop=True)
    table = table.assign(
        half=np.where(is_fit, "fit", "test"),
        modelled_before_min=before.total_min,
        modelled_after_min=after.total_min,
        error_before=before.total_min / usable.minutes - 1.0,
        error_after=after.total_min / usable.minutes - 1.0,
        distance_m=before.distance_m,
        dominant_class=names[np.argmax(before.group_min, axis=1)],
    )
    return Calibration(
        factors=MappingProxyType({str(name): float(factor[n]) for n, name in enumerate(names) if travelled[n]}),
        by=by,
        groups=MappingProxyType(dict(groups)),
        observations=table,
        unused=seen.frame.loc[reason != ""].assign(reason=reason[reason != ""]).reset_index(drop=True),
        report=error_report(table),
    )


def with_class_factors(
    graph: TravelGraph,
    factors: Mapping[str, float],
    *,
    by: Literal["road_class", "surface"] = "road_class",
    groups: Mapping[str, str] | None = None,
) -> TravelGraph:
    """Multiply the speeds of a network by a factor a class."""
    labels = pd.Series(_labels(graph, by, groups or {}))
    return graph.with_factor(labels.map(dict(factors)).fillna(1.0).to_numpy(dtype=np.float64))


def _labels(graph: TravelGraph, by: str, groups: Mapping[str, str]) -> ObjectArray:
    """Class of each edge: its own or its factor's, by leg where there are several; none for links between legs."""
    own = pd.Series(graph.surface if by == "surface" else graph.road_class, dtype=object).fillna("unknown")
    labels = own.map(lambda name: groups.get(name, name)).to_numpy(dtype=object)
    if graph.edge_layer is None:
        return labels
    legs = np.array([*(f"{mode}{LEG_SIGN}" for mode in leg_modes(graph)), ""], dtype=object)[graph.edge_layer]
    return np.where(graph.edge_layer == BETWEEN, _LINKS, legs + labels).astype(object)


def _halves(observed: Observed, modelled_min: FloatArray) -> BoolArray:
    """Put every other pair of places into the fitted half; pairs are sorted by minutes, then by where they are."""
    snaps = observed.snaps
    place = np.lexsort((snaps.y, snaps.x))
    rank = np.empty(len(place), dtype=np.int64)
    rank[place] = np.arange(len(place))
    ends = np.sort(np.column_stack((rank[observed.start], rank[observed.goal])), axis=1)
    pairs, at = np.unique(ends, axis=0, return_inverse=True)
    at = at.ravel()
    shortest = np.full(len(pairs), np.inf)
    np.minimum.at(shortest, at, modelled_min)
    turn = np.empty(len(pairs), dtype=np.int64)
    turn[np.argsort(shortest, kind="stable")] = np.arange(len(pairs))
    return np.asarray(turn[at] % 2 == 0)


def _least_squares(minutes: FloatArray, goal: FloatArray, start: FloatArray, fit: FitRules, turn: int) -> FloatArray:
    """Find how much slower each class is; observations count less the further off they were before."""
    from scipy.optimize import lsq_linear  # noqa: PLC0415 - costs every run time, and few need it

    modelled = np.maximum(minutes.sum(axis=1), np.finfo(float).tiny)
    weight = 1.0 / np.sqrt(modelled)
    residual = (minutes @ start - goal) * weight
    # Robust standard deviations; no clock and no model agree by less than the least one: a class of few trips would
    # be taken for blunders.
    spread = _MAD_TO_SD * float(np.median(np.abs(residual - np.median(residual))))
    size = np.abs(residual) / max(spread, _LEAST_ERROR * float(np.sqrt(np.median(modelled))))
    if turn >= _HUBER_ROUNDS:
        trust = np.maximum(1.0 - (size / _BIWEIGHT) ** 2, 0.0) ** 2
    else:
        trust = 1.0 / np.maximum(size / _HUBER, 1.0)
    weight = weight * np.sqrt(trust)
    tie = np.sqrt(fit.ridge * float(np.median(modelled)))
    rows = np.vstack((minutes * weight[:, None], tie * np.eye(minutes.shape[1])))
    values = np.concatenate((goal * weight, np.full(minutes.shape[1], tie)))
    bounds = (1.0 / fit.bounds.largest, 1.0 / fit.bounds.least)
    return np.asarray(lsq_linear(rows, values, bounds=bounds).x, dtype=np.float64)
