"""What if: facilities close, open or stand where they help most, and who gains and loses by it, from a finished run."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from spatial.access.places import SnapPair, called, place_on, take
from spatial.crs import METRES_A_KM, WGS84
from spatial.errors import StudyError, first_of, refuse
from spatial.inputs.services import Vocabulary
from spatial.messages import Words, warn
from spatial.network.matrix import times_matrix
from spatial.norms.law import Norm, norms_of
from spatial.norms.measuring import modes_for, within
from spatial.planning.siting import p_median
from spatial.reporting.plans import amount_text
from spatial.reporting.summary import LEAST_CHANGE_MIN
from spatial.reporting.wording import names_of, norm_name, pick
from spatial.results import Results
from spatial.runner.stage import EVERYTHING, Options
from spatial.stages.plan_sites import homes_of
from spatial.stages.policy import binding_norms, vocabulary_of, wanted_services
from spatial.stages.scenarios import off_roads, scenarios
from spatial.stages.shared import graph_of, surroundings_of
from spatial.study import Study
from spatial.study.access import full_mode
from spatial.study.scenarios import OpenedFacility, ScenarioOptions

TRIED = "tried"
"""Name of the scenario where the user gives none."""
GROUND = ("settlements", "study_area", "water", "nodes", "edges")
RESTS_ON = ("read", "network", "population", "access", "norms")
"""Stages whose tables this takes as they are."""
MOST = 10
"""Places that are named, those with most person-minutes."""
SITES_LIMIT_S = 10.0
"""Seconds after which the best sites so far are taken."""
SITES_MOST, AROUND, BESIDE = 200, 64, 8
"""
Settlements that best sites are sought among; where there are more, those around each by which they are chosen, and
those beside a chosen one that lose half of their worth.
"""
TODAY = "today:"
"""Stands among the sites for whatever a place goes to today; no settlement has this id."""
_LOG = logging.getLogger(__name__)
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_NUMBER = r"(-?[0-9]+(?:\.[0-9]*)?)"
_POINT = re.compile(rf"\s*{_NUMBER}\s*,\s*{_NUMBER}\s*:\s*(\S.*?)\s*")
_BEST = re.compile(r"\s*([1-9][0-9]*)\s*:\s*(\S.*?)\s*")


class WhatIf(NamedTuple):
    """The scenario that was tried, what it changes by settlement, service and mode, and the same in lines to print."""

    scenario: ScenarioOptions
    table: pd.DataFrame
    lines: list[str]


def what_if(
    study: Study,
    results: Results,
    *,
    close: Sequence[str] = (),
    add: Sequence[str] = (),
    best: Sequence[str] = (),
    mode: str | None = None,
    name: str = TRIED,
) -> WhatIf:
    """Try facilities that close, open (``lon,lat:service``) or are best put (``number:service``), on a kept network."""
    options, problems = Options(study, EVERYTHING), list[str]()
    tables: dict[str, Any] = {
        name: getattr(results, name) for name in (*GROUND, "facilities", "access", "norm_results")
    }
    facilities, access = tables["facilities"], tables["access"]
    vocabulary = vocabulary_of(options, facilities["service"])
    mode = full_mode(mode) or study.network.modes[0]
    if mode not in study.network.modes:
        problems.append(f"--mode: the study does not travel by {mode}; choose of {', '.join(study.network.modes)}")
    if not _NAME.fullmatch(name):
        problems.append(f"--write: {name!r} is no short name: small letters, digits, - and _, at most 64")
    language = study.outputs.languages[0]
    closed = list(dict.fromkeys(_facility(text, facilities, language, problems) for text in close))
    west, south, east, north = tables["nodes"].to_crs(WGS84).total_bounds
    opened, wished, reach_m = [], [], study.network.max_snap_m
    for text in add:
        point = _POINT.fullmatch(text)
        if point is None:
            problems.append(f"--add: {text!r} is not such as 104.12,28.53:primary_care")
            continue
        service = _service(point[3], vocabulary, "--add", problems)
        lon, lat = float(point[1]), float(point[2])
        is_near = west <= lon <= east and south <= lat <= north
        if is_near:
            here = gpd.GeoSeries([shapely.Point(lon, lat)], crs=WGS84).to_crs(facilities.crs)
            is_near = not off_roads(here, tables["edges"], tables["settlements"], reach_m).any()
        if is_near:
            opened.append(OpenedFacility(service=service, lon=lon, lat=lat))
            continue
        bounds = f"{west:.2f} to {east:.2f}, {south:.2f} to {north:.2f}"
        far = f"further than {reach_m / METRES_A_KM:g} km from each of them and from every settlement"
        problems.append(f"--add: {lon:g},{lat:g} lies off the roads (longitude, latitude: {bounds}) or {far}")
    for text in best:
        plenty = _BEST.fullmatch(text)
        if plenty is None:
            problems.append(f"--best: {text!r} is not such as 3:primary_care")
        else:
            wished.append((int(plenty[1]), _service(plenty[2], vocabulary, "--best", problems)))
    if not (close or add or best):
        problems.append("nothing to try: give --close, --add or --best")
    refuse("try", problems, StudyError)
    of_id = facilities.set_index("facility_id")["service"]
    changed = {*of_id.loc[closed], *(each.service for each in opened), *(service for _, service in wished)}
    every = wanted_services(options, vocabulary, set(facilities["service"]) | changed)
    looked = {word: kinds for word, kinds in every.items() if kinds & changed}
    looked |= {word: vocabulary.satisfying(word) for word in sorted(changed)}
    binding = binding_norms(options)
    timed = binding.loc[(binding["metric"] == "time_min") & binding["bundle_members"].isna()]
    norms = [norm for norm in norms_of(timed) if _word(norm.service, vocabulary) in looked]

    def scenario(modes: Sequence[str]) -> list[ScenarioOptions]:
        whole = {"services": tuple(looked), "close_facilities": closed, "open": tuple(opened)}
        return [
            ScenarioOptions(name=name if one == mode else f"{name[:40]}-{number}", mode=one, **whole)
            for number, one in enumerate(modes)
        ]

    for number, service in wished:
        rows = access.loc[(access["mode"] == mode) & (access["service"] == service)]
        minutes = rows.set_index("settlement_id")["travel_time_min"]
        is_there = facilities["service"].isin(looked[service]) & (facilities["status"] == "existing")
        if rows.empty and is_there.any() and not (closed or opened):
            raise StudyError("try", [f"--best: the run has no times to {service}; name it in access.services and run"])
        if closed or opened:
            rows = _compared(study, tables, scenario([mode]), looked)
            minutes = rows.loc[rows["service"] == service].set_index("settlement_id")["after_min"]
        sites = _best_sites(options, tables, number, minutes, mode)
        opened += [OpenedFacility(service=service, at=site) for site in sites]
    asked = {one for norm in norms for one in modes_for(norm.mode, study.network.modes)}
    tried = scenario([mode, *(one for one in study.network.modes if one in asked - {mode})])
    table = _compared(study, tables, tried, looked)
    return WhatIf(tried[0], table, list(_lines(tried[0], table, norms, tables, options)))


def _word(text: str, vocabulary: Vocabulary) -> str:
    """Name the service that a word of the register, or its id, asks for; empty where none does."""
    found = vocabulary.for_register(text)
    return found.id if found is not None and found.id in vocabulary.ids else ""


def _service(text: str, vocabulary: Vocabulary, key: str, problems: list[str]) -> str:
    """Find a service of facilities by whatever it is called."""
    found = vocabulary.called(text)
    if found is None or found.id not in vocabulary.ids:
        problems.append(f"{key}: unknown service {text!r}; there are {first_of(sorted(vocabulary.ids), limit=60)}")
        return text
    return found.id


def _facility(text: str, facilities: pd.DataFrame, language: str, problems: list[str]) -> str:
    """Find a facility by its id or its name; others are named in a language."""
    offered = facilities.loc[facilities["status"] == "existing"]
    if (offered["facility_id"] == text).any():
        return text
    named = called(offered, text)
    found, said = offered.loc[named.whole], "is the name of several; give the id of one: "
    if len(found) == 1:
        return str(found["facility_id"].iloc[0])
    if found.empty:
        found, said = offered.loc[named.part], "is no facility that the run has"
        said += "; is it one of these? " if len(found) else ", nor part of the name of one"
    shown = found.head(MOST).to_dict("records")
    told = [f"{pick(names_of(row), language)} ({row['service']}, {row['facility_id']})" for row in shown]
    more = f", and {len(found) - MOST} more" if len(found) > MOST else ""
    problems.append(f"--close: {text!r} {said}{', '.join(told)}{more}")
    return text


def _compared(
    study: Study, tables: Mapping[str, Any], items: Sequence[ScenarioOptions], looked: Mapping[str, frozenset[str]]
) -> pd.DataFrame:
    """Compare scenarios as their stage does; only facilities that count are joined to the network."""
    options = Options(study.model_copy(update={"scenarios": tuple(items)}), EVERYTHING)
    facilities, kinds = tables["facilities"], frozenset().union(*looked.values())
    ground = {name: tables[name] for name in GROUND}
    made = scenarios(facilities=facilities.loc[facilities["service"].isin(kinds)], options=options, **ground)
    if "scenario_access" not in made:
        raise StudyError("try", [f"neither before nor after is there any {first_of(sorted(looked))}"])
    table = made["scenario_access"]
    assert isinstance(table, pd.DataFrame)  # by the contract of the stage
    return table


def _best_sites(
    options: Options, tables: Mapping[str, Any], number: int, minutes: pd.Series[float], mode: str
) -> list[str]:
    """Choose sites so that the sum of person-minutes is least; no way today counts as the longest way or cutoff."""
    access = tables["access"].loc[tables["access"]["mode"] == mode]
    every = tables["settlements"]
    homes = every.loc[every["in_study"]].reset_index(drop=True)
    today = minutes.reindex(homes["settlement_id"]).to_numpy(dtype=np.float64)
    longest = max([*options.access.cutoffs_min, *today[~np.isnan(today)]])
    today = np.where(np.isnan(today), longest, today)
    graph = graph_of(options, tables["nodes"], tables["edges"], mode)
    barriers = surroundings_of(options, tables["study_area"], tables["water"]).barriers
    places = place_on(graph, homes, key="settlement_id", rules=options.network, barriers=barriers)
    at = pd.Index(places.ids).get_indexer(pd.Index(homes["settlement_id"]))
    sites = np.flatnonzero(homes["settlement_id"].isin(homes_of(every)["settlement_id"]))
    if not homes["population_persons"].notna().any():
        homes = homes.assign(population_persons=1.0)
    if len(sites) > SITES_MOST:
        pace = (access["travel_time_min"] / access["straight_distance_m"].replace(0.0, np.nan)).median()
        warn(_LOG, "sites_sought", most=SITES_MOST, places=len(sites))
        # Those in which a facility would save most person-minutes in those around it, in straight lines.
        lacking = homes.geometry.get_coordinates().to_numpy()
        metres, near = map(np.asarray, cKDTree(lacking).query(lacking[sites], k=min(AROUND, len(lacking))))
        people = homes["population_persons"].fillna(0.0).to_numpy()
        saved = today[near] - metres * (0.0 if np.isnan(pace) else float(pace))
        worth = (people[near] * np.maximum(saved, 0.0)).sum(axis=1)
        order = {int(home): count for count, home in enumerate(sites)}
        chosen = np.zeros(len(sites), dtype=bool)
        for _ in range(SITES_MOST):
            best = int(np.argmax(np.where(chosen, -1.0, worth)))
            chosen[best] = True
            crowded = [order[home] for home in near[best][:BESIDE].tolist() if home in order]
            worth[crowded] /= 2.0
        sites = sites[chosen]
    both = SnapPair(take(places.snaps, at), take(places.snaps, at[sites]))
    is_outward = options.access.direction == "to_facility"
    found = times_matrix(graph, *(both if is_outward else both[::-1]), cutoff_min=longest, direct_barriers=barriers)
    near, far = (found.origin, found.destination) if is_outward else (found.destination, found.origin)
    # Only a site that is nearer than what is there today changes a place's way.
    nearer = found.time_min < today[near]
    ids = homes["settlement_id"].to_numpy()
    pairs = {
        "from_id": np.concatenate((ids, ids[near[nearer]])),
        "to_id": np.concatenate((np.repeat(TODAY, len(ids)), ids[sites][far[nearer]])),
        "travel_time_min": np.concatenate((today, found.time_min[nearer])),
    }
    offered = pd.DataFrame({"facility_id": [TODAY, *ids[sites]], "status": ["existing", *["candidate"] * len(sites)]})
    if number > len(sites):
        raise StudyError("try", [f"--best: {number} asked for; settlements to put them in: {len(sites)}"])
    plan = p_median(pd.DataFrame(pairs), homes, offered, n_facilities=number, time_limit_s=SITES_LIMIT_S)
    if plan.status != "optimal":
        warn(_LOG, "sites_unproven", sites=number, seconds=SITES_LIMIT_S)
    return [site for site in plan.sites["facility_id"] if site != TODAY]


def _lines(
    item: ScenarioOptions, table: pd.DataFrame, norms: Sequence[Norm], tables: Mapping[str, Any], options: Options
) -> Iterator[str]:
    """Say what is tried, who comes nearer or farther by service, which norms that crosses, and the largest by name."""
    vocabulary, language = vocabulary_of(options, tables["facilities"]["service"]), options.outputs.languages[0]
    words = Words(language, names=vocabulary.names(language))
    say = partial(words.of("commands").say, "try")
    joint = say("joint")

    def called(of: str, key: str, name: str) -> str:
        """Name a settlement or a facility; one without a name goes by its id."""
        rows = tables[of].loc[tables[of][key] == name].to_dict("records")
        return next(filter(None, (pick(names_of(row), language) for row in rows)), name)

    told = [say("closes", facility=called("facilities", "facility_id", one)) for one in item.close_facilities]
    for one in item.open:
        place = called("settlements", "settlement_id", one.at) if one.at else f"{one.lon},{one.lat}"
        told.append(say("opens", service=words.inside(words.service(one.service)), place=place))
    yield say("what_if", what=joint.join(told), mode=words.say("mode", str(item.mode)))
    table = table.loc[table["in_study"]]
    # The norms that each place comes within or beyond, with the limit of the last of them.
    rows = table.loc[table["mode"] == item.mode].reset_index(drop=True).assign(within="", beyond="", limit=np.nan)
    change = (rows["after_min"].fillna(np.inf) - rows["before_min"].fillna(np.inf)).fillna(0.0)
    for service in item.services:
        is_own = rows["service"] == service
        # Whoever has none any more is not merely farther, and whoever had none is not merely nearer.
        sides = {
            "lost": change == np.inf,
            "farther": (change >= LEAST_CHANGE_MIN) & (change < np.inf),
            "nearer": (change <= -LEAST_CHANGE_MIN) & (change > -np.inf),
            "found": change == -np.inf,
        }
        said = [
            say(way, whom=_counted(rows.loc[is_so & is_own, "population_persons"], words))
            for way, is_so in sides.items()
            if any(is_so & is_own)
        ]
        yield say("service", service=words.service(service), what=joint.join(said) or say("nobody"))
    binding, results = binding_norms(options), tables["norm_results"]
    register = {row["norm_id"]: row for row in binding.to_dict("records")}
    for norm in norms:
        # Whose norm it is was found by the run: urban or rural people, or everybody.
        is_counted = (results["unit_level"] == "settlement") & (results["places_in_scope"] > 0.0)
        counted = results.loc[is_counted & (results["norm_id"] == norm.id)].set_index("unit_id")["persons_in_scope"]
        service, modes = _word(norm.service, vocabulary), modes_for(norm.mode, options.network.modes)
        ways = table.loc[(table["service"] == service) & table["mode"].isin(modes)].groupby("settlement_id")
        quickest = ways[["before_min", "after_min"]].min().fillna(np.inf)
        quickest = quickest.loc[quickest.index.isin(counted.index)]
        was, became = (within(quickest[f"{side}_min"].to_numpy(), norm) == 1.0 for side in ("before", "after"))
        title = norm_name(register[norm.id], words)
        for side, is_so in (("within", became & ~was), ("beyond", was & ~became)):
            moved = (rows["service"] == service) & rows["settlement_id"].isin(quickest.index[is_so])
            rows.loc[moved, side] += title + joint
            rows.loc[moved, "limit"] = norm.threshold
            if moved.any():
                # A norm on children counts children, as it does wherever it is told.
                people = counted.reindex(rows.loc[moved, "settlement_id"])
                yield say(side, norm=title, whom=_counted(people, words, norm.stat_unit))
    # What is judged by metres, or otherwise than by minutes to one service, no trial tells.
    is_told = (results["unit_level"] == "study") & results["status_as_mapped"].isin(("met", "not_met"))
    is_told &= ~results["norm_id"].isin([norm.id for norm in norms])
    others = norms_of(binding.loc[binding["norm_id"].isin(results.loc[is_told, "norm_id"])])
    own = [register[norm.id] for norm in others if _word(norm.service, vocabulary) in item.services]
    if own:
        yield say("not_tried", norms=joint.join(norm_name(norm, words) for norm in own))
    # Places are named by the services that close or open; what these count for as well is summed up alone.
    of_id = tables["facilities"].set_index("facility_id")["service"]
    lead = {*of_id.loc[list(item.close_facilities)], *(each.service for each in item.open)}
    lead = lead.intersection(item.services) or {*item.services}
    people = rows["population_persons"]
    weight = people.fillna(0.0) if people.notna().any() else 1.0
    # Who loses or finds the only way comes first, by people, then who is nearer or farther, by person-minutes.
    is_endless = np.isinf(change) & (weight > 0.0)
    worth = change.abs().mask(np.isinf(change), 1.0) * weight
    rows = rows.assign(worth=worth, is_endless=is_endless)
    concerns = (change.abs() >= LEAST_CHANGE_MIN) | rows["limit"].notna()
    shown = rows.loc[rows["service"].isin(lead) & concerns]
    shown = shown.sort_values(["is_endless", "worth", "service", "settlement_id"], ascending=[False, False, True, True])
    for row in shown.head(MOST).to_dict("records"):
        # Minutes beyond a limit that is crossed are not written as the limit.
        for decimals in (0, 1, 2):
            before, after = (
                words.measure(row[f"{side}_min"], "min", decimals=decimals)
                if not np.isnan(row[f"{side}_min"])
                else say("none_there" if row[f"{side}_status"] == "no_facility" else "no_way")
                for side in ("before", "after")
            )
            beyond = after if row["after_min"] > row["limit"] else before
            if np.isnan(row["limit"]) or beyond != words.measure(row["limit"], "min", decimals=decimals):
                break
        parts = [called("settlements", "settlement_id", row["settlement_id"])]
        parts += [] if np.isnan(row["population_persons"]) else [words.measure(row["population_persons"], "persons")]
        parts += [words.service(row["service"])] if len(lead) > 1 else []
        place = say("apart").join(parts)
        told = [
            say(f"crossed_{side}", norm=row[side].removesuffix(joint)) for side in ("within", "beyond") if row[side]
        ]
        yield f"  {say('place', place=place, before=before, after=after, crossed=''.join(told))}"
    if len(shown) > MOST:
        yield f"  {words.say('line', 'more', count=len(shown) - MOST)}"


def _counted(people: pd.Series, words: Words, stat_unit: str = "population") -> str:
    """Count people of places, or those of a group, as far as they are known, and the places."""
    places, about = words.measure(len(people), "places"), {"counted": "persons", "stat_unit": stat_unit}
    if not people.notna().any():
        return places
    return words.of("commands").say("try", "counted", people=amount_text(about, people.sum(), words), places=places)
