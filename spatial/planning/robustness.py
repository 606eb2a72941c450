"""Is a plan still good where times are other than thought: one question, asked of several worlds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.access.od_pairs import require_columns
from spatial.access.places import id_order
from spatial.errors import ContractError, InfeasibleError
from spatial.planning.capacitated import share_out
from spatial.planning.sites import read_siting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
