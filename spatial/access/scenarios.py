"""What a scenario changes for people: minutes to the closest facility before and after."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.access.od_pairs import id_faults, missing_in, people_of, require_columns, scored_people
from spatial.access.options import check_direction, limit_of, nan_for_inf
from spatial.access.places import (
    Pairing,
    asked_for,
    existing,
    minutes_to_closest,
    offering,
    pair_up,
    place_on,
    reach_status,
)
from spatial.arrays import FloatArray, ObjectArray
from spatial.errors import ContractError, faults_at, of_kind, refuse
from spatial.inputs.names import namesake_findings, open_namesakes
from spatial.inputs.services import Vocabulary
from spatial.network.graph import TravelGraph
from spatial.network.scenarios import Scenario
from spatial.network.snapping import snap_again
from spatial.study.access import SnapRules
from spatial.tables import TABLES

LOGGER = logging.getLogger(__name__)

SUMS = ("persons", "within_before_persons", "within_after_persons", "gained_persons", "lost_persons")
COUNTS = ("gained_places", "lost_places", "unknown_places")
COLUMNS = (
    "scenario", "settlement_id", "service", "mode", "before_min", "after_min", "difference_min", "before_status",
    "after_status", "cutoff_min", "within_before", "within_after", "class_change", "persons", "in_study",
)  # fmt: skip


def compare_scenarios(  # noqa: PLR0913 - each keyword is an option of the study under its own name
    graph: TravelGraph,
    scenarios: Scenario | Sequence[Scenario],
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    *,
    service: str | frozenset[str] | Mapping[str, str | frozenset[str]],
    vocabulary: Vocabulary | None = None,
    cutoff_min: float | Mapping[str, float | None] | None = 60.0,
    direction: Literal["to_facility", "from_facility"] = "to_facility",
    facilities_after: Mapping[str, gpd.GeoDataFrame] | None = None,
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> pd.DataFrame:
    """
    Compare the minutes to the closest facility before and after each of some scenarios.

    Places are joined to a changed network as `snap` joins them: they keep the ways into the network that they have in
    the baseline, and gain those that only the scenario offers. So a new road never pushes a way in off the list, and
    never lengthens a time.

    Parameters
    ----------
    graph : TravelGraph
        The baseline, of one mode.
    scenarios : Scenario or sequence of Scenario
        What changes; each is compared with the baseline.
    settlements, facilities : GeoDataFrame
        By the contracts of the tables; only existing facilities count.
    service : str, frozenset of str or mapping of str to frozenset of str
        The service, for which counts whatever satisfies it in the vocabulary; or a set of words as they are; or several
        services by name, each with those that count for it: a scenario is then applied once for all.
    vocabulary : Vocabulary, optional
        Which services count for which; the packaged one by default (`load_services`).
    cutoff_min : float, None or mapping of str to them
        Minutes of the classes, within (inclusive) or beyond; None: within is whoever reaches one; by service where they
        differ.
    direction : {'to_facility', 'from_facility'}
        Who travels.
    facilities_after : mapping of str to GeoDataFrame, optional
        By the name of a scenario, all the facilities that there are with it; the same as before by default.
    rules, barriers
        As in `cost_to_closest`.

    Returns
    -------
    DataFrame
        One row a settlement, service and scenario, scenarios first and all in the order given: `scenario`,
        `settlement_id`, `service`, `mode`, `before_min`, `after_min` and `difference_min` (after less before; NaN where
        either has no way), `before_status`, `after_status`, `cutoff_min`, `within_before`, `within_after`,
        `class_change` (``"gained"``, ``"lost"`` or ``"same"``), `persons` and `in_study`. Where a facility closes while
        another of its name that counts for the same service stays open within 500 m, ``attrs["findings"]`` has a record
        each: `kind`, `subject_id` (it closes), `other_id` (it stays), `distance_m` and `detail`; the log warns too.

    Raises
    ------
    ContractError, CrsError, NetworkError
        Where a scenario cannot be applied, names repeat, or facilities are given for an unknown one.
    """
    options = list(of_kind("scenarios", [scenarios] if isinstance(scenarios, Scenario) else scenarios, Sequence) or ())
    changed = of_kind("facilities_after", facilities_after, Mapping) or {}
    if not options or not all(isinstance(option, Scenario) for option in options):
        raise ContractError("scenario", ["scenarios: give one Scenario or more"])
    known = pd.Index([option.name for option in options])
    problems = id_faults(known, "name")
    unknown = [name for name in changed if name not in known]
    problems += faults_at("facilities_after: no scenario", unknown)
    refuse("scenario", problems)
    check_direction(direction)
    rules = of_kind("rules", rules, SnapRules) or SnapRules()
    tables = (facilities, *changed.values())
    if isinstance(service, Mapping):
        services = {name: asked_for(kinds, *tables, vocabulary=vocabulary).kinds for name, kinds in service.items()}
    else:
        services = dict([asked_for(service, *tables, vocabulary=vocabulary)])
    if not services:
        raise ContractError("options", ["service: name one or more"])
    limits = dict(cutoff_min) if isinstance(cutoff_min, Mapping) else dict.fromkeys(services, cutoff_min)
    missing = [name for name in services if name not in limits]
    refuse("options", faults_at("cutoff_min: none for the services", missing))
    cutoffs = {name: limit_of("cutoff_min", limits[name]) for name in services}
    base = pair_up(graph, settlements, facilities, service=frozenset(), rules=rules, barriers=barriers)

    def times(network: TravelGraph, pairing: Pairing, kinds: frozenset[str]) -> tuple[FloatArray, ObjectArray]:
        """Find the minutes to the closest facility that serves, in the order of ids, and why there is none."""
        pairing = replace(pairing, members=offering(pairing.goals.frame, kinds))
        minutes = minutes_to_closest(
            network, pairing.snaps, direction=direction, barriers=barriers, choices=pairing.choices
        )
        return nan_for_inf(minutes), reach_status(pairing, minutes)

    before = {name: times(graph, base, kinds) for name, kinds in services.items()}
    persons, scored = scored_people(base.origins.frame)
    n = len(base.origins)
    frames = []
    for scenario in options:
        split = scenario.apply_with_account(graph)
        goals = base.goals
        if scenario.name in changed:
            after = existing(changed[scenario.name])
            goals = place_on(graph, after, key="facility_id", rules=rules, barriers=barriers)
        # Places are joined to the network of a scenario as they were joined to the baseline.
        origins, goals = (
            replace(each, snaps=snap_again(graph, split, each.snaps, each.frame.geometry, rules, barriers=barriers))
            for each in (base.origins, goals)
        )
        edited = replace(base, origins=origins, goals=goals)
        for name, kinds in services.items():
            (before_min, before_status), (after_min, after_status) = before[name], times(split.graph, edited, kinds)
            label = {"scenario": scenario.name, "service": name, "mode": graph.mode}
            words = {key: pd.Series(value, index=range(n), dtype="str") for key, value in label.items()}
            ids = {"settlement_id": base.origins.frame["settlement_id"].reset_index(drop=True)}
            values = {
                "before_min": before_min,
                "after_min": after_min,
                "difference_min": after_min - before_min,
                "before_status": pd.Series(before_status, dtype="str"),
                "after_status": pd.Series(after_status, dtype="str"),
            }
            frame = pd.DataFrame({**words, **ids, **values, "persons": persons, "in_study": scored})
            frames.append(reclassified(frame, cutoffs[name])[[*COLUMNS]].iloc[base.back])
    table = pd.concat(frames, ignore_index=True)
    # Warn of facilities that close while one of their name, perhaps the same one, serves on beside them.
    found = namesake_findings(
        (name, item)
        for name, after in changed.items()
        for item in open_namesakes(
            facilities, after, lambda one, two: any({one, two} <= kinds for kinds in services.values())
        )
    )
    for finding in found:
        LOGGER.warning("%s", finding.detail)
    if found:
        table.attrs["findings"] = [
            {
                "kind": finding.kind,
                "subject_id": finding.subject,
                "other_id": str(finding.other),
                "distance_m": finding.distance_m,
                "detail": finding.detail,
            }
            for finding in found
        ]
    return table


def reclassified(compared: pd.DataFrame, cutoff_min: float) -> pd.DataFrame:
    """Class the times of compared scenarios by another cutoff."""
    was, became = (compared[f"{side}_min"] <= cutoff_min for side in ("before", "after"))
    change = pd.Series("same", index=compared.index, dtype="str")
    change = change.mask(became & ~was, "gained").mask(was & ~became, "lost")
    return compared.assign(cutoff_min=float(cutoff_min), within_before=was, within_after=became, class_change=change)


def scenario_people(compared: pd.DataFrame, cutoffs_min: Sequence[float] = ()) -> pd.DataFrame:
    """Count who gains and loses by the table `scenario_access`, at the cutoff of the classes and at others."""
    people = []
    for (mode, _, _), rows in compared.groupby(["mode", "scenario", "service"], sort=False):
        own = float(rows["cutoff_min"].iloc[0])
        for cutoff in sorted({own, *cutoffs_min}):
            sums = _sums(reclassified(rows.rename(columns={"population_persons": "persons"}), cutoff))
            people.append(sums.assign(mode=str(mode), cutoff_min=cutoff, is_class=cutoff == own))
    numbers = dict.fromkeys((*SUMS, "saved_person_min"), np.float64) | dict.fromkeys(COUNTS, np.int64)
    words = dict.fromkeys(("scenario", "service", "mode"), "str")
    counted = pd.concat(people, ignore_index=True).rename(columns={"person_minutes": "saved_person_min"})
    return counted.astype({**numbers, **words})[[field.name for field in TABLES["scenario_people"].fields]]


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
        One row a scenario and service, in order: `scenario`, `service`, `persons`, `within_before_persons`,
        `within_after_persons`, `gained_persons`, `lost_persons`, `gained_places`, `lost_places`, `person_minutes` saved
        (of those with a way in both, one journey each) and `unknown_places`, whose people are not known and count as
        nobody. The findings of `compared` stay in ``attrs``.
    """
    require_columns("scenarios", compared, COLUMNS)
    table = _sums(compared.reset_index(drop=True).assign(persons=people_of(compared, "persons")))
    table.attrs |= {name: compared.attrs[name] for name in ("findings",) if name in compared.attrs}
    return table


def _sums(compared: pd.DataFrame) -> pd.DataFrame:
    flags = compared[["in_study", "within_before", "within_after"]]
    refuse("scenarios", missing_in(flags, flags.columns))
    compared = compared.assign(**flags.astype(bool))  # 1 and 0 say so too
    scored = compared.loc[compared["in_study"]]
    rows = []
    for (name, service), group in scored.groupby(["scenario", "service"], sort=False):
        people = group["persons"].fillna(0.0)
        gained, lost = (group["class_change"] == change for change in ("gained", "lost"))
        rows.append(
            {
                "scenario": name,
                "service": service,
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
