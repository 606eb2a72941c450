"""The score of each place on each norm: 1 where it is met, 0 from the fail point on, straight between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spatial.access.od_pairs import id_faults, id_positions, require_columns
from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from spatial.errors import StudyError, faults_at, refuse
from spatial.norms.measuring import NOTHING_MAPPED
from spatial.tables.words import JUDGED

MEMBER = "member_not_measured"
"""Said of bundles of which a member is not measured: a place is then known to fail, and never known to pass."""
UNKNOWN = r"(?:^|;)not_measured(?:;|$)"
"""Said of places in a norm's scope of which nobody knows whether they are within it."""


@dataclass(frozen=True, eq=False)
class PlaceScores:
    """
    Scores of n places on m norms, as mapped.

    Parameters
    ----------
    norms, services : tuple of str, (m,)
        The norms and the service of each.
    q : ndarray of float64, (n, m)
        0-1; NaN where a norm does not ask anything of the place, or nothing is known.
    weight : ndarray of float64, (n, m)
        Whom the norm counts at the place, in persons, or places where nobody knows the people; 0 outside its scope.
    served : ndarray of float64, (n, m)
        Those of them who are served.
    in_persons : ndarray of bool, (n, m)
        Whether these are persons, and not places.
    target_share : ndarray of float64, (m,)
        Of each norm.
    access : ndarray of float64, (n,)
        Mean over services of the mean over a service's norms; NaN where nothing is known.
    asked : ndarray of bool, (n, m)
        Whether the norm asks something of the place, or may; `q` is NaN there where nothing is known.
    unmeasured : frozenset of str
        Services of the norms that bind the study and are not among these.
    """

    norms: tuple[str, ...]
    services: tuple[str, ...]
    q: FloatArray
    weight: FloatArray
    served: FloatArray
    in_persons: BoolArray
    target_share: FloatArray
    access: FloatArray
    asked: BoolArray
    unmeasured: frozenset[str]

    def coverage(self, members: IntArray | slice, share: FloatArray | None = None) -> FloatArray:
        """
        Share of those whom each norm counts among some places who are served, NaN where it counts nobody there.

        Where people are counted, places of nobody have no weight; `share` is the part of a group, by default all.
        """
        part = np.ones(len(self.q)) if share is None else np.nan_to_num(share)
        in_persons = self.in_persons[members]
        own = part[members][:, None] * (in_persons | ~in_persons.any(axis=0))
        whom = (self.weight[members] * own).sum(axis=0)
        served = (self.served[members] * own).sum(axis=0)
        return _ratio(served, whom)

    def common_access(self, official_class: ObjectArray) -> FloatArray:
        """Score places by norms that ask something of town and country alike; by all where there is one class."""
        sides = [official_class == name for name in ("urban", "rural")]
        if not all(side.any() for side in sides):
            return self.access
        known = ~np.isnan(self.q)
        common = np.logical_and(*(known[side].any(axis=0) for side in sides))
        services = tuple(service for service, both in zip(self.services, common, strict=True) if both)
        return _access(self.q[:, common], services)

    def attainments(self) -> FloatArray:
        """Mean over norms of ``min(1, S / tau)`` of each place alone, 0-1; NaN where no norm counts anybody."""
        return _mean(np.minimum(1.0, _ratio(self.served, self.weight) / self.target_share))

    def coverages(self) -> FloatArray:
        """Mean over norms of the share served, of each place alone, 0-1; NaN where no norm counts anybody."""
        return _mean(_ratio(self.served, self.weight))

    def attainment(
        self, members: IntArray | slice, share: FloatArray | None = None, norms: BoolArray | slice = slice(None)
    ) -> float:
        """Mean over some norms of ``min(1, S / tau)`` of places as in `coverage`; NaN where none counts anybody."""
        reached = np.minimum(1.0, self.coverage(members, share) / self.target_share)[norms]
        known = ~np.isnan(reached)
        return float(reached[known].mean()) if known.any() else float("nan")


_WORDS = ("unit_level", "unit_id", "norm_id", "share_of")
_NUMBERS = (
    "value",
    "depth_fgt1",
    *(f"{kind}_{side}" for kind in ("persons", "places") for side in ("in_scope", "served")),
)


def scored_results(norm_results: pd.DataFrame) -> pd.DataFrame:
    """Take of results of norms what scores are made of, words as numbers: of a country the whole does not fit often."""
    chosen = norm_results[[*_WORDS, *_NUMBERS, "service", "status_as_mapped", "target_share"]]
    return chosen.astype(dict.fromkeys(_WORDS, "category"))


def score_norms(norm_results: pd.DataFrame, *, only: Sequence[str] = ()) -> tuple[list[str], dict[str, str]]:
    """
    Choose the norms that make up access.

    Parameters
    ----------
    norm_results : DataFrame
        By the contract of the table.
    only : sequence of str
        The study's choice; all graded and measured norms where empty.

    Returns
    -------
    tuple of list and dict
        The norms in order, and why each other one is left out: ``not_in_force``, ``not_graded``, ``not_measured``,
        ``nothing_mapped``, ``not_chosen``. A norm that the study names counts whatever is known of it.

    Raises
    ------
    StudyError
        Where the study chooses norms that do not bind it.
    """
    needed = ("unit_level", "norm_id", "status_as_mapped", "reason", "served_share", "attainment")
    require_columns("norm_results", norm_results, needed)
    study = norm_results[norm_results["unit_level"] == "study"].set_index("norm_id")
    strangers = [norm for norm in only if norm not in study.index]
    remedy = " do not bind this study; see norm_results for those that do"
    refuse("study", faults_at("score.norms:", strangers, remedy), StudyError)
    by_place = set(norm_results.loc[norm_results["unit_level"] == "settlement", "norm_id"])
    chosen = list(only)
    left_out: dict[str, str] = {}
    for norm, row in study.iterrows():
        if norm in only:
            continue
        if row["status_as_mapped"] == "not_applicable":
            left_out[str(norm)] = "not_in_force"
        elif NOTHING_MAPPED in str(row["reason"]).split(";"):
            left_out[str(norm)] = NOTHING_MAPPED
        elif norm not in by_place or pd.isna(row["served_share"]) or MEMBER in str(row["reason"]):
            left_out[str(norm)] = "not_measured"
        elif pd.isna(row["attainment"]):
            left_out[str(norm)] = "not_graded"
        elif only:
            left_out[str(norm)] = "not_chosen"
        else:
            chosen.append(str(norm))
    return chosen, left_out


def norms_table(norm_results: pd.DataFrame, chosen: Sequence[str], left_out: Mapping[str, str]) -> pd.DataFrame:
    """List the norms that bind the study: which make up access, and why each other one does not."""
    study = norm_results[norm_results["unit_level"] == "study"].drop_duplicates("norm_id")
    study = study.sort_values("norm_id", kind="stable", ignore_index=True)
    norms, counts = study["norm_id"].astype(str), study["norm_id"].astype(str).isin(list(chosen))
    # Norms that some places are not known to meet, and that no place is known to fail, as mapped.
    places = norm_results[norm_results["unit_level"] == "settlement"]
    fails = places["status_as_mapped"].eq("not_met")
    unknown = ~places["status_as_mapped"].isin(JUDGED) & places["reason"].astype("str").str.contains(UNKNOWN)
    never_fail = set(places.loc[unknown, "norm_id"]) - set(places.loc[fails, "norm_id"])
    return pd.DataFrame(
        {
            "norm_id": norms.astype("str"),
            "service": study["service"].astype("str"),
            "in_access": counts,
            "reason": norms.map(lambda norm: left_out.get(norm, "")).astype("str"),
            "never_known_to_fail": counts & norms.isin(never_fail),
            "persons_unknown": study["persons_unknown"].astype("float64"),
        }
    )


def place_scores(norm_results: pd.DataFrame, settlement_ids: Sequence[str], norms: Sequence[str]) -> PlaceScores:
    """
    Score every place on every norm, as mapped.

    Parameters
    ----------
    norm_results : DataFrame
        By the contract of the table.
    settlement_ids : sequence of str
        The places, in order.
    norms : sequence of str
        The norms, as `score_norms` chooses them.

    Returns
    -------
    PlaceScores
        ``q = 1 - depth``; a norm without a fail point gives 1 or 0.

    Raises
    ------
    ContractError
        Where a place or a norm is named twice, or the table tells nothing of a norm for the study.
    """
    places, columns = pd.Index(list(settlement_ids)), pd.Index(list(norms))
    require_columns("norm_results", norm_results, (*_WORDS, *_NUMBERS, "service", "status_as_mapped", "target_share"))
    study = norm_results[norm_results["unit_level"] == "study"].set_index("norm_id")
    problems = id_faults(places, "settlement_ids") + id_faults(columns, "norms")
    lacking = columns.difference(study.index)
    problems += faults_at("norms: no row of the study for", lacking, "; take those that score_norms chooses")
    refuse("norm_results", problems)
    rows = norm_results[(norm_results["unit_level"] == "settlement") & norm_results["norm_id"].isin(columns)]
    place = id_positions(rows["unit_id"], places)  # texts in the table, though settlements may have numbers
    rows, place = rows[place >= 0], place[place >= 0]
    column = columns.get_indexer(pd.Index(rows["norm_id"]))
    size = (len(places), len(columns))
    q, weight, counted = np.full(size, np.nan), np.zeros(size), np.zeros(size)
    asked, in_persons = np.zeros(size, bool), np.zeros(size, bool)
    applies = rows["status_as_mapped"].ne("not_applicable").to_numpy()
    asked[place[applies], column[applies]] = True
    known = rows["status_as_mapped"].isin(JUDGED).to_numpy()
    at, judged = (place[known], column[known]), rows[known]
    depth = judged["depth_fgt1"].to_numpy(dtype=np.float64)
    met = judged["status_as_mapped"].eq("met").to_numpy(dtype=np.float64)
    persons = judged["share_of"].eq("persons").to_numpy()
    q[at] = np.where(np.isnan(depth), met, 1.0 - depth)
    in_persons[at] = persons
    weight[at] = np.where(persons, judged["persons_in_scope"], judged["places_in_scope"])
    counted[at] = np.where(persons, judged["persons_served"], judged["places_served"])
    services = tuple(study.loc[columns, "service"].astype(str))
    target = study.loc[columns, "target_share"].fillna(1.0).to_numpy(dtype=np.float64)
    others = study.loc[~study.index.isin(columns) & study["status_as_mapped"].ne("not_applicable"), "service"]
    return PlaceScores(
        norms=tuple(norms),
        services=services,
        q=q,
        weight=weight,
        served=counted,
        in_persons=in_persons,
        target_share=target,
        access=_access(q, services),
        asked=asked,
        unmeasured=frozenset(others.astype(str)),
    )


def _access(q: FloatArray, services: tuple[str, ...]) -> FloatArray:
    by_service = [_mean(q[:, np.array(services) == service]) for service in dict.fromkeys(services)]
    return _mean(np.column_stack(by_service)) if by_service else np.full(len(q), np.nan)


def _mean(values: FloatArray) -> FloatArray:
    """Mean of what is known in each row; NaN where nothing is."""
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return _ratio(total, count)


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> FloatArray:
    ratio: FloatArray = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return ratio
