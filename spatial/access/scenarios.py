"""What a scenario changes for people: minutes to the closest facility before and after."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from spatial.access.paired import minutes_to_closest, pair_up, people_of, reach_status, side_by_side
from spatial.access.places import texts
from spatial.access.rules import SnapRules
from spatial.errors import ContractError, first_of
from spatial.network import snap
from spatial.network.scenarios import Scenario
from spatial.network.splitting import carry_snaps

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.access.places import Places
    from spatial.network import Snaps, TravelGraph
    from spatial.network.splitting import Split

__all__ = ["compare_scenarios", "summarise_scenarios"]


def compare_scenarios(  # noqa: PLR0913 - each keyword is an option of the study under its own name
    graph: TravelGraph,
    scenarios: Scenario | Sequence[Scenario],
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    *,
    service: str | frozenset[str],
    cutoff_min: float = 60.0,
    direction: Literal["to_facility", "from_facility"] = "to_facility",
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> pd.DataFrame:
    """
    Compare the minutes to the closest facility before and after each of some scenarios.

    Places keep the ways into the network that they have in the baseline, and gain those that only the scenario offers:
    so a new road never pushes a way in off the list, and never lengthens a time.

    Parameters
    ----------
    graph : TravelGraph
        The baseline, of one mode.
    scenarios : Scenario or sequence of Scenario
        What changes; each is compared with the baseline.
    settlements, facilities : GeoDataFrame
        By the contracts of the tables; only existing facilities count.
    service : str or frozenset of str
        The service, or all the services of facilities that count for it.
    cutoff_min : float
        Minutes of the classes, within (inclusive) or beyond.
    direction : {'to_facility', 'from_facility'}
        Who travels.
    rules : SnapRules, optional
        How places are joined to the network.
    barriers : GeoSeries, optional
        What no walk may touch.

    Returns
    -------
    DataFrame
        One row a settlement and scenario, in the order given: `scenario`, `settlement_id`, `service`, `mode`,
        `before_min`, `after_min` and `difference_min` (after less before; NaN where either has no way),
        `before_status`, `after_status`, `cutoff_min`, `within_before`, `within_after`, `class_change` (``"gained"``,
        ``"lost"`` or ``"same"``), `persons` and `in_study`.

    Raises
    ------
    ContractError, CrsError, NetworkError
        Where a scenario cannot be applied, or names repeat.

    Examples
    --------
    >>> # compare_scenarios(graph, Scenario("bridge out", close=["w7"]), settlements, facilities, service="hospital")
    """
    options = [scenarios] if isinstance(scenarios, Scenario) else list(scenarios)
    names = pd.Index([scenario.name for scenario in options])
    if not names.is_unique:
        raise ContractError("scenario", [f"name: repeated {first_of(names[names.duplicated()].unique())}"])
    rules = rules or SnapRules()
    pairing = pair_up(graph, settlements, facilities, service=service, rules=rules, barriers=barriers)
    before = minutes_to_closest(graph, pairing.snaps, direction=direction, barriers=barriers)
    persons, scored = people_of(pairing.origins.frame)
    n = len(before)
    name = service if isinstance(service, str) else "+".join(sorted(service))
    same = {
        "settlement_id": texts(pairing.origins.ids, np.arange(n)),
        "service": pd.Series(name, index=range(n), dtype="str"),
        "mode": pd.Series(graph.mode, index=range(n), dtype="str"),
    }
    frames = []
    for scenario in options:
        split = scenario.apply_with_account(graph)
        sides = [
            _on_edited(graph, split, places, rules, barriers) for places in (pairing.origins, pairing.goals)
        ]
        edited = replace(
            pairing,
            origins=replace(pairing.origins, snaps=sides[0]),
            goals=replace(pairing.goals, snaps=sides[1]),
        )
        after = minutes_to_closest(split.graph, edited.snaps, direction=direction, barriers=barriers)
        statuses = (reach_status(pairing, before), reach_status(edited, after))
        compared = _compared(before, after, statuses, cutoff_min)
        label = {"scenario": pd.Series(scenario.name, index=range(n), dtype="str")}
        frame = pd.DataFrame({**label, **same, **compared, "persons": persons, "in_study": scored})
        frames.append(frame.iloc[pairing.back])
    return pd.concat(frames, ignore_index=True)


def _on_edited(
    graph: TravelGraph, split: Split, places: Places, rules: SnapRules, barriers: gpd.GeoSeries | None
) -> Snaps:
    """Keep the ways in of the baseline, and add those over edges that could not be joined in it."""
    edited = split.graph
    if edited.n_edges == graph.n_edges:
        return places.snaps
    carried = carry_snaps(split, places.snaps)
    could = graph.is_snappable & (graph.component_km >= rules.min_component_km)
    was_there = split.parent >= 0
    could_before = np.where(was_there, could[np.where(was_there, split.parent, 0)], False)
    fresh = replace(edited, is_snappable=edited.is_snappable & ~could_before)
    return side_by_side(carried, snap(fresh, places.frame.geometry, barriers=barriers, **vars(rules)))


def _compared(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    statuses: tuple[NDArray[np.object_], NDArray[np.object_]],
    cutoff_min: float,
) -> dict[str, object]:
    was, became = before <= cutoff_min, after <= cutoff_min
    both = np.isfinite(before) & np.isfinite(after)
    change = np.select([became & ~was, was & ~became], ["gained", "lost"], "same")
    return {
        "before_min": np.where(np.isfinite(before), before, np.nan),
        "after_min": np.where(np.isfinite(after), after, np.nan),
        "difference_min": np.subtract(after, before, out=np.full(len(before), np.nan), where=both),
        "before_status": pd.Series(statuses[0], dtype="str"),
        "after_status": pd.Series(statuses[1], dtype="str"),
        "cutoff_min": cutoff_min,
        "within_before": was,
        "within_after": became,
        "class_change": pd.Series(change, dtype="str"),
    }


def summarise_scenarios(compared: pd.DataFrame) -> pd.DataFrame:
    """
    Sum what scenarios change for the people of the study area.

    Parameters
    ----------
    compared : DataFrame
        As `compare_scenarios` returns it.

    Returns
    -------
    DataFrame
        One row a scenario, in order: `persons`, `within_before_persons`, `within_after_persons`, `gained_persons`,
        `lost_persons`, `gained_places`, `lost_places`, `person_minutes` saved (of those with a way in both, one
        journey each) and `unknown_places`, whose people are not known and count as nobody.
    """
    scored = compared.loc[compared["in_study"]]
    rows = []
    for name, group in scored.groupby("scenario", sort=False):
        people = group["persons"].fillna(0.0)
        gained, lost = (group["class_change"] == change for change in ("gained", "lost"))
        rows.append(
            {
                "scenario": name,
                "persons": people.sum(),
                "within_before_persons": people[group["within_before"]].sum(),
                "within_after_persons": people[group["within_after"]].sum(),
                "gained_persons": people[gained].sum(),
                "lost_persons": people[lost].sum(),
                "gained_places": int(gained.sum()),
                "lost_places": int(lost.sum()),
                "person_minutes": 0.0 - (people * group["difference_min"].fillna(0.0)).sum(),
                "unknown_places": int(group["persons"].isna().sum()),
            }
        )
    return pd.DataFrame(rows)
