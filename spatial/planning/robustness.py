"""Plans held against others: is one still good in other worlds, and what is lost where owners plan apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.access.od_pairs import require_columns
from spatial.access.places import id_order
from spatial.errors import ContractError, InfeasibleError, first_of
from spatial.planning.capacitated import share_out
from spatial.planning.sites import read_siting

if TYPE_CHECKING:
    from spatial.planning.plans import SitingPlan


@dataclass(frozen=True, eq=False)
class PlanRobustness:
    """
    The plans of several worlds, and what the first one is worth in the others.

    Parameters
    ----------
    worlds : DataFrame
        One row a world, in the order given: `world`; `status` (``optimal``, ``feasible``, ``infeasible``: no plan);
        `objective` and `served_persons` of its own plan; `base_served_persons` of the plan of the first world there,
        and `regret_persons`, how many fewer that is; NaN where there is no plan.
    sites : DataFrame
        One row a new site of any plan, the one chosen most often first: `facility_id`, `worlds` whose plan opens it,
        `share` of those that have a plan, `in_base`.
    plans : dict of str to SitingPlan
        The plan of each world that has one.
    """

    worlds: pd.DataFrame
    sites: pd.DataFrame
    plans: dict[str, SitingPlan]


def choose_often(
    model: Callable[..., SitingPlan],
    worlds: Mapping[str, pd.DataFrame],
    settlements: pd.DataFrame,
    candidates: pd.DataFrame,
    **options: Any,
) -> PlanRobustness:
    """
    Say how often each site is chosen where times are in doubt, and what the plan of the first world loses in others.

    Parameters
    ----------
    model : callable
        The model, such as `mclp` or `p_median`.
    worlds : mapping of str to DataFrame
        Pairs as `travel_times` gives them, by a name: speeds low, middle and high, the wet season, other entry points.
        The first is the base.
    settlements, candidates : DataFrame
        As for the model, the same in all worlds.
    **options
        What the model takes, such as ``n_facilities`` and ``service_radius``.

    Returns
    -------
    PlanRobustness
        How often sites are chosen, and people that the base plan loses.

    Raises
    ------
    ContractError
        For no worlds, or frames and options that the model refuses.
    InfeasibleError
        Where the base has no plan; another world without one is listed.

    Examples
    --------
    >>> settlements = pd.DataFrame({"settlement_id": ["u", "v"], "population_persons": [10.0, 8.0]})
    >>> candidates = pd.DataFrame({"facility_id": ["a", "b"]})
    >>> dry = pd.DataFrame({"from_id": ["u", "v"], "to_id": ["a", "b"], "travel_time_min": [5.0, 5.0]})
    >>> wet = dry.assign(travel_time_min=[50.0, 5.0])
    >>> from spatial import mclp
    >>> found = choose_often(mclp, {"dry": dry, "wet": wet}, settlements, candidates, n_facilities=1, service_radius=9)
    >>> found.sites["facility_id"].tolist(), found.worlds["regret_persons"].tolist()
    (['a', 'b'], [0.0, 8.0])
    """
    if not worlds:
        raise ContractError("worlds", ["name at least one"])
    require_columns("candidates", candidates, ("facility_id",))
    plans: dict[str, SitingPlan] = {}
    for world, od in worlds.items():
        try:
            plans[world] = model(od, settlements, candidates, **options)
        except InfeasibleError:
            if not plans:
                raise
    first = next(iter(plans))
    opened = plans[first].sites["facility_id"]
    # The plan of the base stands in every world: what it opened exists, and nothing else opens.
    stands = candidates.assign(status=np.where(candidates["facility_id"].isin(opened), "existing", "closed"))
    kept = {name: options[name] for name in ("demand", "capacity") if name in options}
    rows = []
    for world, od in worlds.items():
        sites = read_siting(od, settlements, stands, 0, kept).near(options.get("service_radius", np.inf))  # type: ignore[arg-type]  # two of its keys
        # People whom open sites serve.
        base, own = float(sites.weight[sites.must].sum()), plans.get(world)
        if sites.capacity is not None:
            base = float(share_out(sites, sites.is_fixed, [np.full(len(sites.site), -1.0)]).persons.sum())
        served = np.nan if own is None else float(own.demand["served_persons"].sum())
        rows.append(
            {
                "world": world,
                "status": "infeasible" if own is None else own.status,
                "objective": np.nan if own is None else own.objective,
                "served_persons": served,
                "base_served_persons": base,
                "regret_persons": served - base,
            }
        )
    new = [plan.sites.loc[plan.sites["is_new"], "facility_id"] for plan in plans.values()]
    # Most often first, ties in the order of candidates' ids, as plans list them.
    times = pd.concat(new).value_counts()
    ids = candidates["facility_id"].iloc[id_order(candidates["facility_id"])]
    ids = ids[ids.isin(times.index)]
    sites_told = pd.DataFrame({"facility_id": ids, "worlds": times.reindex(ids).to_numpy()})
    sites_told["share"] = sites_told["worlds"] / len(plans)
    sites_told["in_base"] = sites_told["facility_id"].isin(opened)
    return PlanRobustness(
        worlds=pd.DataFrame(rows),
        sites=sites_told.sort_values("worlds", ascending=False, kind="stable", ignore_index=True),
        plans=plans,
    )


# What it costs in people that owners plan apart: a plan of each owner's sites alone, beside one of all sites.


@dataclass(frozen=True, eq=False)
class OwnerPlans:
    """
    Plans of single owners beside the plan of all.

    Parameters
    ----------
    table : DataFrame
        One row an owner, the one that serves most people alone first, and last all together (`owner` missing):
        `candidates` that it has, `new_sites` that it opens, `served_persons`, `border_persons` (served together beyond
        those whom it serves alone), `objective`, `bound`, `status` (``optimal``, ``feasible``, or ``infeasible``, whose
        numbers are NaN) and `why` it is infeasible.
    plans : mapping of object to SitingPlan
        By owner; one that can make no plan is not there.
    together : SitingPlan
        The plan that may choose from all candidates, those of unknown owners included.
    """

    table: pd.DataFrame
    plans: Mapping[object, SitingPlan]
    together: SitingPlan


def plans_by_owner(
    model: Callable[..., SitingPlan],
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    candidates: pd.DataFrame,
    *,
    owner: str = "tenure",
    n_facilities: int | None = None,
    **asked: Any,
) -> OwnerPlans:
    """
    Solve a location model with the sites of each owner alone and with all, and say what the border costs in people.

    What exists serves in every plan, whoever owns it.

    Parameters
    ----------
    model : callable
        `mclp`, `p_median`, `lscp` or another model of the three frames.
    od, settlements, candidates : DataFrame
        As the model takes them.
    owner : str
        Column of the candidates: `tenure`, or a unit, a department, a community; candidates without an owner take part
        in the plan of all together alone.
    n_facilities : int, optional
        How many new sites, in each plan; as many as an owner has where it has fewer.
    **asked
        What else the model is asked.

    Returns
    -------
    OwnerPlans
        A table of owners, their plans, and the plan of all.

    Raises
    ------
    ContractError
        For frames or options that are not as the model wants them, or candidates of no known owner.
    InfeasibleError
        Where all together can make no plan.

    Examples
    --------
    >>> from spatial.planning.siting import mclp
    >>> od = pd.DataFrame({"from_id": ["u", "v"], "to_id": ["a", "b"], "travel_time_min": 5.0})
    >>> people = pd.DataFrame({"settlement_id": ["u", "v"], "population_persons": [30.0, 20.0]})
    >>> sites = pd.DataFrame({"facility_id": ["a", "b"], "tenure": ["state", "collective"]})
    >>> plans_by_owner(mclp, od, people, sites, n_facilities=2, service_radius=5).table["border_persons"].tolist()
    [20.0, 30.0, 0.0]
    """
    require_columns("candidates", candidates, ("facility_id", owner))
    require_columns("od", od, ("to_id",))
    stays = np.zeros(len(candidates), dtype=bool)
    if "status" in candidates:
        stays = (candidates["status"] == asked.get("predefined", "existing")).to_numpy()
    owners = candidates[owner].where(~stays)
    names = sorted(owners.dropna().unique(), key=str)
    if not names:
        raise ContractError(
            "candidates", [f"{owner}: no candidate has one, among {first_of(candidates['facility_id'])}"]
        )
    if n_facilities is not None:
        asked["n_facilities"] = n_facilities
    together = model(od, settlements, candidates, **asked)
    served = float(together.demand["served_persons"].sum())
    plans: dict[object, SitingPlan] = {}
    rows = []
    for name in names:
        own = (owners == name).to_numpy()
        chosen = candidates.loc[own | stays]
        row: dict[str, object] = {"owner": name, "candidates": int(own.sum())}
        count = {} if n_facilities is None else {"n_facilities": min(n_facilities, int(own.sum()))}
        try:
            plans[name] = model(od.loc[od["to_id"].isin(chosen["facility_id"])], settlements, chosen, **asked | count)
            rows.append(row | _told(plans[name], served))
        except InfeasibleError as error:
            rows.append(row | {"status": "infeasible", "why": str(error)})
    table = pd.DataFrame(rows, columns=list(_COLUMNS)).sort_values("served_persons", ascending=False, kind="stable")
    last = pd.DataFrame([{"candidates": int((~stays).sum())} | _told(together, served)], columns=list(_COLUMNS))
    return OwnerPlans(pd.concat([table.astype(_COLUMNS), last.astype(_COLUMNS)], ignore_index=True), plans, together)


_COLUMNS: dict[str, Any] = {
    "owner": object, "candidates": "int64", "new_sites": float, "served_persons": float, "border_persons": float,
    "objective": float, "bound": float, "status": "str", "why": "str",
}  # fmt: skip


def _told(plan: SitingPlan, together: float) -> dict[str, object]:
    served = float(plan.demand["served_persons"].sum())
    return {
        "new_sites": int(plan.sites["is_new"].sum()),
        "served_persons": served,
        "border_persons": together - served,
        "objective": plan.objective,
        "bound": plan.bound,
        "status": plan.status,
    }
