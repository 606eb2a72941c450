"""The answer first: who is beyond which norm, where it is worst, whom to begin with, and how far services are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.access.summaries import weighted_quantile
from spatial.reporting.disclosure import SUPPRESSED
from spatial.reporting.names import names_of
from spatial.reporting.plans import unit_names
from spatial.reporting.summary import PRESENCE
from spatial.reporting.wording import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Record = dict[str, Any]

FIRST = 5
"""Villages that are named of a finding."""
FARTHEST = 10
"""Places that are named of a service."""
NOWHERE = ""
"""Stands for the township of settlements that lie in none."""
ESSENTIAL = (
    ("hospital", "emergency_hospital"),
    ("health_centre", "primary_care", "medical_point", "private_practice"),
    ("primary_school", "school"),
    ("secondary_school",),
    ("pharmacy",),
    ("market", "shop"),
    ("ambulance_station",),
    ("post_office",),
)
"""Services that are told first where no norm asks for one: of each group the one of which most are mapped."""
STEPS_MIN = (5.0, 10.0, 15.0, 30.0, 60.0)
"""Minutes within which people are counted of every service, whether or not a norm asks for it."""
FAR_MIN = 30.0
"""Minutes beyond which a place is far of a service that no norm asks for; less where all are within."""
_TOLD = (
    "norm_id", "service", "metric", "mode", "threshold", "unit", "stat_unit", "scope", "norm_class", "status",
    "share_of", "is_chosen", "is_own", "target_share", "target_share_is_assumed",
)  # fmt: skip


def summarise_answer(
    tables: Mapping[str, pd.DataFrame],
    norms: Sequence[Record],
    *,
    mode: str,
    services: Mapping[str, Mapping[str, str]] | None = None,
) -> Record:
    """
    Answer what is wrong, where and for whom.

    Parameters
    ----------
    tables : mapping
        `settlements`, `norm_results`, `gaps` and `access`; `inventory` for how many facilities there are and
        `boundaries` for the names of townships.
    norms : sequence of dict
        The norms of a summary.
    mode : str
        The mode by which minutes to services are told.
    services : mapping, optional
        Names of services by language; others go by their own word.

    Returns
    -------
    dict
        `findings`: a record for each norm that opens the pages and fails, failed mandatory norms first, then those that
        the study added or adopted, then by people beyond, with those beyond and all asked about in `persons` (None
        where nobody's number is known) and `places`, the `worst` township and the `first` villages. `watched`: where
        nobody counts people, the same of norms that are neither the study's own nor its country's, after minutes.
        `silent`: mandatory norms that nobody can judge. `met`: those that open the pages and are met, with whom they
        count. `matrix`: townships by those beyond any of the findings. `services`: minutes
        by the mode. `villages`: how many are beyond any.
    """
    settlements = pd.DataFrame(tables["settlements"])
    scored = settlements.loc[settlements["in_study"]]
    ground = _Ground(scored, tables, dict(services or {}))
    # A norm on townships stands in the matrix, though the page need not open with it.
    failing = [
        norm
        for norm in norms
        if (norm["is_headline"] or norm["stat_unit"] == "township")
        and norm["status_as_mapped"] == "not_met"
        and norm["places_unserved"]
    ]
    # Where nobody counts people, what is only watched all over the world comes after minutes, and apart from all else.
    known = bool(ground.people.notna().any())
    asked = [norm for norm in failing if known or norm["is_own"]]
    ids = [norm["norm_id"] for norm in asked]
    findings = [ground.finding(norm, ids) for norm in asked if norm["is_headline"]]
    watched = [ground.finding(norm, ()) for norm in failing if norm["is_headline"] and norm["norm_id"] not in ids]
    for told in (findings, watched):
        told.sort(key=_urgency)
    columns = [*findings, *(ground.finding(norm, ids) for norm in asked if not norm["is_headline"])]
    silent = [named_norm(norm, ground.services) | {"is_silent": True} for norm in norms if norm["gate"] == "unknown"]
    beyond = ground.gaps.loc[ground.gaps["norm_id"].isin([each["norm_id"] for each in findings])]
    return {
        "findings": findings,
        "watched": watched,
        "silent": silent,
        "met": [
            counted_norm(norm, ground.services) for norm in norms if norm["is_headline"] and norm["status"] == "met"
        ],
        "villages": int(beyond["settlement_id"].nunique()),
        "matrix": ground.matrix(columns, silent),
        "services": ground.services_reached(tables, findings, mode),
    }


def told_first(mapped: Mapping[str, float]) -> list[str]:
    """Choose the services that are told where no norm asks for one: of each group of `ESSENTIAL` the most mapped."""
    groups = [[name for name in group if name in mapped] for group in ESSENTIAL]
    return [max(there, key=lambda name: mapped[name]) for there in groups if there]


def _urgency(finding: Record) -> tuple[bool, bool, bool, float, str]:
    """Order findings: duties that surely fail, norms that the study chose, others that surely fail; then by people."""
    is_sure = finding["status"] == "not_met"
    amount = (finding["persons"] or finding["places"])["beyond"]
    is_duty = is_sure and finding["norm_class"] == "mandatory"
    return not is_duty, not finding["is_chosen"], not is_sure, -amount, str(finding["norm_id"])


def named_norm(norm: Mapping[str, Any], services: Mapping[str, Mapping[str, str]]) -> Record:
    """Tell a norm apart from others, as sentences and columns call it; `services` are names by language."""
    service = str(norm["service"])
    is_presence = norm["direction"] == PRESENCE
    return {name: plain(norm[name]) for name in _TOLD} | {
        "names": dict(services.get(service, {})),
        "is_presence": is_presence,
        "question": "unit_sites" if is_presence else "sites",
    }


def counted_norm(norm: Mapping[str, Any], services: Mapping[str, Mapping[str, str]]) -> Record:
    """Count who is beyond a norm, who within and all whom it asks about; None where nobody's number is known."""
    sums: Record = {}
    for what in ("persons", "places"):
        told = {"beyond": "unserved", "within": "served", "base": "in_scope"}
        counts = {side: norm[f"{what}_{column}"] for side, column in told.items()}
        sums[what] = None if counts["beyond"] is None or not counts["base"] else counts
    if sums["persons"] is not None and not sums["persons"]["beyond"] and norm["status"] != "met":
        sums["persons"] = None  # places beyond of which nobody knows the people
    found = named_norm(norm, services) | sums
    found["counted"] = "persons" if sums["persons"] and not found["is_presence"] else "places"
    return found


class _Ground:
    """The places of a study with their names, townships, people and gaps."""

    def __init__(
        self, scored: pd.DataFrame, tables: Mapping[str, pd.DataFrame], services: Mapping[str, Mapping[str, str]]
    ) -> None:
        self.services = services
        self.results = tables["norm_results"]
        self.gaps = pd.DataFrame(tables["gaps"])
        self.places = scored.set_index(scored["settlement_id"].astype(str))
        self.people = self.places["population_persons"]
        self.township = self.places.get("township_id", pd.Series(None, self.places.index, dtype=object))
        self.units = unit_names(tables)

    def finding(self, norm: Mapping[str, Any], among: Sequence[str]) -> Record:
        """Say who is beyond a norm, where most of them live, and its first villages with what else they lack."""
        name = str(norm["norm_id"])
        return counted_norm(norm, self.services) | {"worst": self._worst(name), "first": self._first(name, among)}

    def _worst(self, norm_id: str) -> Record | None:
        """Find the township where most of those beyond a norm live; None without townships."""
        level = self.results["unit_level"] == "township"
        own = self.results.loc[level & (self.results["norm_id"] == norm_id) & (self.results["places_unserved"] > 0)]
        if own.empty:
            return None
        keys = ["persons_unserved", "places_unserved", "unit_id"]
        row = own.sort_values(keys, ascending=[False, False, True], kind="stable").iloc[0]
        kept = ("persons_unserved", "places_unserved", "places_in_scope")
        unit = str(row["unit_id"])
        return {"unit_id": unit, "names": self.units.get(unit, {}), **{name: plain(row[name]) for name in kept}}

    def _first(self, norm_id: str, among: Sequence[str]) -> list[Record]:
        """Name the villages beyond a norm, most people first, and by which of some others they are beyond these."""
        own = self.gaps.loc[self.gaps["norm_id"] == norm_id]
        order = own.assign(_people=own["persons_unserved"].fillna(-1.0), _over=own["excess"].fillna(np.inf))
        keys = ["_people", "_over", "settlement_id"]
        first = order.sort_values(keys, ascending=[False, False, True], kind="stable").head(FIRST)
        kept = ("norm_id", "value", "excess", "unit", "reach_status")
        found = []
        for row in first.to_dict("records"):
            place = str(row["settlement_id"])
            others = self.gaps.loc[(self.gaps["settlement_id"] == place) & self.gaps["norm_id"].isin(among)]
            others = others.loc[others["norm_id"] != norm_id]
            found.append(
                self.place(place)
                | {name: plain(row[name]) for name in kept}
                | {"also": [{name: plain(other[name]) for name in kept} for other in others.to_dict("records")]}
            )
        return found

    def place(self, settlement_id: str) -> Record:
        """Name a settlement with its township and people."""
        unit = plain(self.township[settlement_id])
        return {
            "settlement_id": settlement_id,
            "names": names_of(self.places.loc[settlement_id].to_dict()),
            "township_id": unit,
            "township_names": self.units.get(str(unit), {}),
            "persons": plain(self.people[settlement_id]),
        }

    def matrix(self, columns: Sequence[Record], silent: Sequence[Record]) -> Record | None:
        """
        Set townships against norms, those with most people, or places, beyond any of them first.

        A settlement counts once, with the most people whom any of the norms leaves beyond there: at least so many are
        beyond one. A norm on townships themselves counts nobody beyond.
        """
        if not columns or not self.units or not self.township.notna().any():
            return None
        ids = [each["norm_id"] for each in columns]
        own = self.results.loc[self.results["norm_id"].isin(ids) & (self.results["places_unserved"] > 0)]
        places = own.loc[own["unit_level"] == "settlement"]
        most = places.groupby("unit_id")[["persons_unserved", "places_unserved"]].max()
        # Settlements in no township are a row of their own, so that everybody is in one.
        unit = self.township.fillna(NOWHERE).astype(str)
        beyond = most.groupby(unit.reindex(most.index).to_numpy()).sum()
        everybody = self.people.groupby(unit).agg(["sum", "size", "count"])
        # Of what the public sees some numbers are withheld: sums are at least the others.
        withheld: set[str] = set()
        if SUPPRESSED.name in self.places:
            withheld = set(unit[self.places[SUPPRESSED.name].str.contains("population_persons")])
            withheld |= set(unit.reindex(places.loc[places[SUPPRESSED.name] != "", "unit_id"]))
        cells: dict[str, dict[str, Record]] = {}
        kept = ("persons_unserved", "persons_in_scope", "places_unserved", "places_in_scope", "status")
        alone = places.loc[places["unit_id"].map(unit) == NOWHERE].groupby("norm_id").sum(numeric_only=True)
        summed = alone.reset_index().assign(unit_id=NOWHERE, status="not_met")
        for row in pd.concat([own.loc[own["unit_level"] == "township"], summed]).to_dict("records"):
            told = {name: plain(row[name]) for name in kept}
            cells.setdefault(str(row["unit_id"]), {})[str(row["norm_id"])] = told
        everybody = everybody.join(beyond).fillna({"persons_unserved": 0.0, "places_unserved": 0.0})
        rows: list[Record] = []
        for name, known in everybody.iterrows():
            is_told = known["count"] and (known["persons_unserved"] > 0.0 or str(name) not in withheld)
            rows.append(
                {
                    "unit_id": str(name),
                    "names": self.units.get(str(name), {}),
                    "persons": plain(known["sum"]) if known["count"] else None,
                    "places": int(known["size"]),
                    "persons_beyond": plain(known["persons_unserved"]) if is_told else None,
                    "at_least": str(name) in withheld,
                    "places_beyond": int(known["places_unserved"]),
                    "cells": cells.get(str(name), {}),
                }
            )
        rows.sort(key=lambda row: (-(row["persons_beyond"] or 0.0), -row["places_beyond"], row["unit_id"]))
        # Mandatory norms stand first, whether or not anybody can judge them.
        left_out = ("first", "worst", "persons", "places")
        heads = [{name: value for name, value in each.items() if name not in left_out} for each in (*columns, *silent)]
        return {"columns": sorted(heads, key=lambda head: head["norm_class"] != "mandatory"), "rows": rows}

    def services_reached(
        self, tables: Mapping[str, pd.DataFrame], findings: Sequence[Record], mode: str
    ) -> list[Record]:
        """
        Say of each service that is mapped how many minutes away it is by the first mode, and for whom farthest.

        Services that a finding asks for stand first, in the order of findings, then those of `ESSENTIAL`, then others
        by those beyond half an hour. Places of which nobody knows the way are in none of the sums.
        """
        access, inventory = tables["access"], tables.get("inventory")
        own = access.loc[access["mode"].eq(mode) & access["settlement_id"].isin(self.people.index)]
        mapped = {} if inventory is None else dict(zip(inventory["service"], inventory["facilities"], strict=True))
        asked: dict[str, int] = {}
        for rank, each in enumerate(findings):
            asked.setdefault(str(each["service"]), rank)
        found = []
        own = own.loc[~own["reach_status"].isin(["unknown", "not_snapped"])]
        for service, rows in own.groupby("service", sort=True):
            minutes = rows["travel_time_min"].fillna(np.inf).to_numpy(dtype=np.float64)
            if not np.isfinite(minutes).any():
                continue
            known = self.people.reindex(rows["settlement_id"]).to_numpy(dtype=np.float64)
            counted = "persons" if np.nansum(known) > 0 else "places"
            weight = np.nan_to_num(known) if counted == "persons" else np.ones(len(rows))
            order = np.lexsort((rows["settlement_id"], -minutes))
            order = order[np.isfinite(minutes[order])][:FARTHEST]
            median = weighted_quantile(minutes, weight, 0.5)
            farthest = np.max(minutes, initial=0.0, where=np.isfinite(minutes) & (weight > 0.0))
            found.append(
                {
                    "service": str(service),
                    "mode": mode,
                    "names": dict(self.services.get(str(service), {})),
                    "mapped": plain(mapped.get(service)),
                    "counted": counted,
                    "all": float(weight.sum()),
                    "median_min": median if np.isfinite(median) else None,
                    "within": {f"{step:g}": float(weight[minutes <= step].sum()) for step in STEPS_MIN},
                    "far_min": max(
                        (step for step in STEPS_MIN if step <= FAR_MIN and step < farthest), default=STEPS_MIN[0]
                    ),
                    "no_way": float(weight[np.isinf(minutes)].sum()),
                    "farthest": [
                        {
                            "settlement_id": place,
                            "names": names_of(self.places.loc[place].to_dict()),
                            "minutes": plain(minutes[at]),
                        }
                        for at, place in zip(order, rows["settlement_id"].iloc[order].astype(str), strict=True)
                    ],
                    "is_asked": str(service) in asked,
                }
            )

        ranked = told_first({each["service"]: each["mapped"] or 0 for each in found})
        first = {name: rank for rank, name in enumerate(ranked)}

        def nearness(each: Record) -> tuple[bool, int, float, float]:
            median = np.inf if each["median_min"] is None else each["median_min"]
            rank = asked.get(each["service"], first.get(each["service"], len(ESSENTIAL)))
            return not each["is_asked"], rank, each["within"]["30"] - each["all"], -median

        return sorted(found, key=nearness)
