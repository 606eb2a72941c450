"""What it costs in people that owners plan apart: a plan of each owner's sites alone, beside one of all sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.access.od_pairs import require_columns
from spatial.errors import ContractError, InfeasibleError, first_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spatial.planning.plans import SitingPlan


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
