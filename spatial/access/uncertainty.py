"""How sure a time is: paired runs over one network with other speeds, other walks and another season."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nextafter
from pathlib import Path
from typing import Any, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.access.calibration import Calibration
from spatial.access.od_pairs import scored_people
from spatial.access.options import check_direction, cutoffs_of, is_number, nan_for_inf, shown
from spatial.access.places import SnapPair, easier_walk, minutes_to_closest, nearest_entry, pair_up, reach_status
from spatial.arrays import FloatArray
from spatial.errors import ContractError, NetworkError, of_kind
from spatial.inputs.services import Vocabulary
from spatial.network.graph import TravelGraph
from spatial.network.speeds import SpeedTable, with_season
from spatial.study.access import SnapRules, WalkRange

ALL = "all"
"""All factors at once, at their best or at their worst."""


@dataclass(frozen=True, eq=False)
class AccessIntervals:
    """
    How far each settlement is from the closest facility at best, as assumed and at worst.

    Parameters
    ----------
    table : DataFrame
        One row a settlement, as given: `settlement_id`, `service`, `mode`, `low_min`, `base_min`, `high_min` (NaN where
        there is no way), `interval_status`, `main_factor` and `main_factor_min`, and the minutes of each factor alone,
        such as `speed_low_min` and `speed_high_min`.
    people : DataFrame
        One row a factor (``"all"`` last) and cutoff: people within the cutoff at best, as assumed and at worst, people
        beyond likewise, and `class_changes_persons` and `class_changes_places`: who is on another side of the cutoff in
        either run than as assumed. `unknown_places` have no number of people and count as nobody.
    speed_factors : SpeedFactors
        Factors on the speeds in the slow and in the fast run.
    calibrated : bool
        Whether the network's speeds are fitted to observed times.
    measured : bool
        Whether the speed factors come from observed times rather than from a stated share.
    """

    table: pd.DataFrame
    people: pd.DataFrame
    speed_factors: SpeedFactors
    calibrated: bool
    measured: bool

    def headline(self, cutoff_min: float) -> str:
        """Say in one sentence how many people are beyond one of the cutoffs, how sure that is and why."""
        rows = self.people.loc[(self.people["cutoff_min"] == cutoff_min) & (self.people["factor"] == ALL)]
        if len(rows) == 0:
            known = ", ".join(f"{value:g}" for value in self.people["cutoff_min"].unique())
            raise ContractError("options", [f"cutoff_min: {cutoff_min:g} was not measured; there are {known}"])
        row = rows.iloc[0]
        slow, fast = (f"{100.0 * (factor - 1.0):+.0f} %" for factor in self.speed_factors)
        source = "measured on observed times" if self.measured else "assumed"
        return (
            f"{row['beyond_base_persons']:,.0f} people are beyond {cutoff_min:g} minutes "
            f"({row['beyond_low_persons']:,.0f} at best, {row['beyond_high_persons']:,.0f} at worst; "
            f"speeds {slow} to {fast}, {source}; speeds are {'' if self.calibrated else 'not '}calibrated)"
        )


class _Side(NamedTuple):
    """A network, and the walks to and from it."""

    graph: TravelGraph
    snaps: SnapPair


class SpeedFactors(NamedTuple):
    """
    Factors on all speeds in the slow and in the fast run.

    Parameters
    ----------
    slow : float
        In the slow run.
    fast : float
        In the fast run.
    """

    slow: float
    fast: float


def access_intervals(  # noqa: PLR0913 - each keyword is an option of the study under its own name
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    cutoffs_min: float | Sequence[float | None] | None = (60.0,),
    speed_share: float = 0.2,
    snap: bool = True,
    walk: WalkRange | None = None,
    wet: TravelGraph | str | None = None,
    table: str | Path | SpeedTable | None = None,
    calibration: Calibration | None = None,
    direction: Literal["to_facility", "from_facility"] = "to_facility",
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> AccessIntervals:
    """
    Find an interval of the minutes to the closest facility, and what makes it wide.

    Places are joined to the network once; then the same pairs are measured again with one factor changed at a time, and
    with all of them at once at their best and at their worst. The factors are ``speed`` (all speeds on the network),
    ``walk`` (speed and detour of the walks to and from it), ``entry`` (at worst, only the nearest way in is used) and
    ``season`` (at worst, the wet one). The whole interval is an envelope, not a confidence interval: nothing says that
    all goes well or badly at once.

    Parameters
    ----------
    graph : TravelGraph
        The network of one mode.
    settlements, facilities : GeoDataFrame
        By the contracts of the tables; only existing facilities count. People outside the study area are not counted.
    service, vocabulary
        As in `cost_to_closest`.
    cutoffs_min : float, None or sequence of them
        Minutes of the classes, within (inclusive) or beyond; None: within is whoever reaches one. One that is given
        twice counts once.
    speed_share : float
        Speeds are this share lower and higher, 0 to below 1, where nothing was measured.
    snap : bool
        Whether the factors ``walk`` and ``entry`` are among the runs.
    walk : WalkRange, optional
        How the walks may differ.
    wet : TravelGraph or str, optional
        The same network in the wet (`with_season`), or the season's name in `table`. None for no such run.
    table : str, Path or SpeedTable, optional
        The speed table of that season, by default the preset that the graph was built with.
    calibration : Calibration, optional
        The 5 to 95 % relative errors that were measured take the place of `speed_share`: those on the held-out half
        where the graph is calibrated, those before it otherwise. The assumed speeds always stay inside.
    direction, rules, barriers
        As in `cost_to_closest`.

    Returns
    -------
    AccessIntervals
        Always ``low_min <= base_min <= high_min`` where all are known.

    Raises
    ------
    ContractError
        Where an option makes no sense.
    NetworkError
        Where the wet network is another one.
    """
    walk = of_kind("walk", walk, WalkRange) or WalkRange()
    check_direction(direction)
    cutoffs = cutoffs_of(cutoffs_min)
    if not is_number(speed_share, least=0.0, most=nextafter(1.0, 0.0)):
        raise ContractError("options", [f"speed_share: is {shown(speed_share)}, must be from 0 to below 1"])
    wet = of_kind("wet", wet, TravelGraph, str)
    in_season = with_season(graph, wet, table=table) if isinstance(wet, str) else wet
    measured = None if calibration is None else of_kind("calibration", calibration, Calibration).speed_range(graph)
    speed = SpeedFactors(*(measured or (1.0 - speed_share, 1.0 + speed_share)))
    pairing = pair_up(
        graph, settlements, facilities, service=service, vocabulary=vocabulary, rules=rules, barriers=barriers
    )
    snaps = pairing.snaps
    runs = _runs(graph, snaps, speed, walk if snap else None, in_season)
    how: dict[str, Any] = {"direction": direction, "barriers": barriers, "choices": pairing.choices}
    base = minutes_to_closest(graph, snaps, **how)
    # Minutes of each settlement at best and at worst; inf where there is no way.
    spans: dict[str, tuple[FloatArray, FloatArray]] = {}
    for name, run in runs.items():
        # A factor that cannot go better is at its best as assumed.
        low, high = (
            base if side.graph is graph and side.snaps is snaps else minutes_to_closest(*side, **how) for side in run
        )
        spans[name] = np.minimum(low, base), np.maximum(high, base)
    # No factor alone may reach beyond all of them together, not even by rounding.
    lows, highs = zip(*spans.values(), strict=True)
    low, high = spans[ALL] = np.min(lows, axis=0), np.max(highs, axis=0)
    n = len(base)
    status = reach_status(pairing, high)
    status[np.isfinite(low) & ~np.isfinite(high)] = "sometimes_reached"
    # The main factor is the one with the widest span; inf less inf is no width.
    names = [name for name in spans if name != ALL]
    with np.errstate(invalid="ignore"):
        widths = np.array([spans[name][1] - spans[name][0] for name in names])
    widths = np.where(np.isnan(widths), 0.0, widths)
    main = np.argmax(widths, axis=0)
    width = widths[main, np.arange(n)]
    factor = np.where(width > 0.0, np.array(names, dtype=object)[main], None)
    columns = {
        "settlement_id": pairing.origins.frame["settlement_id"].reset_index(drop=True),
        "service": pd.Series(pairing.service, index=range(n), dtype="str"),
        "mode": pd.Series(graph.mode, index=range(n), dtype="str"),
        "low_min": nan_for_inf(low),
        "base_min": nan_for_inf(base),
        "high_min": nan_for_inf(high),
        "interval_status": pd.Series(status, dtype="str"),
        "main_factor": pd.Series(factor, dtype="str"),
        "main_factor_min": nan_for_inf(width),
    }
    for name in names:
        columns[f"{name}_low_min"], columns[f"{name}_high_min"] = map(nan_for_inf, spans[name])
    rows = pd.DataFrame(columns)
    return AccessIntervals(
        rows.iloc[pairing.back].reset_index(drop=True),
        interval_people(rows, pairing.origins.frame, cutoffs),
        speed,
        calibrated="calibration" in graph.report,
        measured=measured is not None,
    )


def _runs(
    graph: TravelGraph, snaps: SnapPair, speed: SpeedFactors, walk: WalkRange | None, wet: TravelGraph | None
) -> dict[str, tuple[_Side, _Side]]:
    """Change one factor at a time, and all of them together; each at its best and at its worst."""
    best = worst = base = _Side(graph, snaps)
    runs = {"speed": (_Side(graph.with_factor(speed.fast), snaps), _Side(graph.with_factor(speed.slow), snaps))}
    if walk is not None:
        easy, hard = _walking(snaps, walk, best=True), _walking(snaps, walk, best=False)
        runs["walk"] = _Side(graph, easy), _Side(graph, hard)
        only, hard_only = (SnapPair(*(nearest_entry(graph, side) for side in pair)) for pair in (snaps, hard))
        runs["entry"] = base, _Side(graph, only)
        best, worst = _Side(graph, easy), _Side(graph, hard_only)
    if wet is not None:
        same = wet.n_edges == graph.n_edges and np.array_equal(wet.edge_from, graph.edge_from)
        if not same or wet.mode != graph.mode:
            raise NetworkError("wet: is another network; make it of this one, with_season(graph, 'wet')")
        # Take of each edge the better and the worse season: some roads are better in the frost.
        dry, muddy = (
            graph.with_minutes(pick(graph.forward_min, wet.forward_min), pick(graph.backward_min, wet.backward_min))
            for pick in (np.minimum, np.maximum)
        )
        runs["season"] = _Side(dry, snaps), _Side(muddy, snaps)
        best, worst = best._replace(graph=dry), worst._replace(graph=muddy)
    runs[ALL] = (
        best._replace(graph=best.graph.with_factor(speed.fast)),
        worst._replace(graph=worst.graph.with_factor(speed.slow)),
    )
    return runs


def _walking(snaps: SnapPair, walk: WalkRange, *, best: bool) -> SnapPair:
    """Walk better or worse than assumed, never the other way round."""
    made = []
    for side in snaps:
        slow, fast = min(walk.walk_km_h[0], side.walk_km_h), max(walk.walk_km_h[1], side.walk_km_h)
        least, most = min(walk.detour[0], side.detour), max(walk.detour[1], side.detour)
        made.append(easier_walk(side, walk_km_h=fast if best else slow, detour=least if best else most))
    return SnapPair(*made)


def interval_people(intervals: pd.DataFrame, settlements: pd.DataFrame, cutoffs_min: Sequence[float]) -> pd.DataFrame:
    """Count the people within and beyond each cutoff at best, as assumed and at worst; rows as the settlements'."""
    persons, scored = scored_people(settlements)
    known = np.where(scored, np.nan_to_num(persons), 0.0)
    rows = []
    factors = [name.removesuffix("_low_min") for name in map(str, intervals) if name.endswith("_low_min")]
    for factor in (*factors, ALL):
        stem = "" if factor == ALL else f"{factor}_"
        columns = {"low": f"{stem}low_min", "base": "base_min", "high": f"{stem}high_min"}
        for cutoff in cutoffs_min:
            # No way is NaN, which is within nothing, not even within inf.
            sides = {side: (intervals[column] <= cutoff).to_numpy() for side, column in columns.items()}
            changes = scored & (sides["low"] != sides["high"])
            within = {side: float(known[inside].sum()) for side, inside in sides.items()}
            beyond = {side: float(known[~inside].sum()) for side, inside in sides.items()}
            # Sums of other parts may round otherwise: the order of the sides is that of the places.
            for people, least, most in ((within, "high", "low"), (beyond, "low", "high")):
                people[least] = min(people[least], people["base"])
                people[most] = max(people[most], people["base"])
            rows.append(
                {
                    "factor": factor,
                    "cutoff_min": float(cutoff),
                    **{f"within_{side}_persons": persons for side, persons in within.items()},
                    **{f"beyond_{side}_persons": persons for side, persons in beyond.items()},
                    "class_changes_persons": float(known[changes].sum()),
                    "class_changes_places": int(changes.sum()),
                    "unknown_places": int((scored & np.isnan(persons)).sum()),
                }
            )
    return pd.DataFrame(rows)
