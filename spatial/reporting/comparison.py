"""A comparison of two runs in words: what changed, where, and for whom."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.messages import Words
from spatial.reporting.score import (
    changes_shown,
    component_text,
    hidden_text,
    hidden_townships_text,
    levels_shown,
    pairs_shown,
    split_codes,
)
from spatial.reporting.wording import capital, names_by_id, names_of, pick
from spatial.score.comparison.changes import Comparison
from spatial.tables.words import GATE_TURN, PILLARS

# Where the units of a comparison lie and what they are called: township, county, names in other languages.

OTHER_NAMES = ("name_en", "name_zh")
KEYS = (("settlement", "settlements", "settlement_id"), ("township", "boundaries", "boundary_id"))


def placed_units(units: pd.DataFrame, runs: Sequence[Mapping[str, pd.DataFrame]]) -> pd.DataFrame:
    """Add to each unit of a comparison its township, its county and its names in other languages."""

    def first(at_home: str, of_township: str) -> pd.Series:
        names = zip(KEYS, (at_home, of_township), strict=True)
        every = [(level, table, key, name) for (level, table, key), name in names]
        told = [(level, _column(run.get(table), key, name)) for run in runs for level, table, key, name in every]
        return _first(units, told)

    added = {name: found for name in OTHER_NAMES if (found := first(name, name)).notna().any()}
    added |= {"township_id": first("township_id", "boundary_id"), "township": first("township", "name")}
    told = [(level, county_of(run.get(table), key, run)) for run in runs for level, table, key in KEYS]
    added["county"] = _first(units, told)
    return units.assign(**{name: column.astype("str") for name, column in added.items()})


def county_of(table: pd.DataFrame | None, key: str, run: Mapping[str, pd.DataFrame]) -> pd.Series:
    """Name the part of the study area, such as a county, that places or units lie in, by id; missing outside."""
    area, bounds = run.get("study_area"), run.get("boundaries")
    if not isinstance(table, gpd.GeoDataFrame) or not isinstance(area, gpd.GeoDataFrame) or not len(area):
        return pd.Series(dtype=object)
    names = area["name"].astype(object)
    if "area_id" in area:
        told = area["area_id"].astype(str).map(names_by_id(bounds, "boundary_id", ""))
        names = told.where(told.notna(), names)
    points = table.geometry.representative_point()
    points = points if area.crs is None or points.crs is None else points.to_crs(area.crs)
    where, part = area.sindex.query(points, predicate="intersects")
    first = pd.Series(part).groupby(where).first()
    chosen = names.to_numpy(dtype=object)[first.to_numpy(dtype=np.intp)]
    return pd.Series(chosen, index=table[key].astype(str).to_numpy()[first.index.to_numpy(dtype=np.intp)])


def _column(table: pd.DataFrame | None, key: str, name: str) -> pd.Series:
    """Give a column by id, without what is missing or empty."""
    if table is None or name not in table:
        return pd.Series(dtype=object)
    own = table[name].astype(object).set_axis(table[key].astype(str))
    own = own[own.notna() & own.ne("")]
    return own[~own.index.duplicated()]


def _first(units: pd.DataFrame, told: Sequence[tuple[str, pd.Series]]) -> pd.Series:
    """Take what is told first of each unit."""
    found = pd.Series(None, index=units.index, dtype=object)
    for level, known in told:
        if not len(known):
            continue
        asked = found.isna() & units["unit_level"].eq(level)
        found = found.where(~asked, units["unit_id"].astype(str).map(known))
    return found.where(found.notna(), None)


# What changed between two runs, in a few lines of plain words.

SHOWN = 3
"""Components, and pairs of townships, that are named."""
MOVED = 0.00005
"""A change below it is written as 0.0000: it names no component, and no township rose or fell by it."""
CHANGES = ("gained", "lost", "mixed", "same", "new", "gone", "unknown")


def comparison_lines(
    comparison: Comparison, language: str = "en", *, service_names: Mapping[str, str] | None = None
) -> list[str]:
    """Say what changed between two runs."""
    words = Words(language, "comparison", names=service_names)
    comparison = shown_comparison(comparison)
    between = words.messages["list"]["between"]
    shared = int(comparison.norms["in_level"].sum())
    lines = [
        words.say(
            "line",
            "runs",
            before=comparison.before,
            after=comparison.after,
            before_date=comparison.as_of[0],
            after_date=comparison.as_of[1],
            shared=shared,
            n=shared,
        )
    ]
    # How many places both runs have, and what only one of them has.
    alone = unmatched(comparison)
    both = words.number(alone["both"].places)
    if not alone["gone"].places and not alone["new"].places:
        lines.append(words.say("line", "places_all", both=both))
    else:
        told = {change: words.number(alone[change].places) for change in ("gone", "new")}
        told |= {f"{change}_persons": words.measure(alone[change].persons, "persons") for change in ("gone", "new")}
        runs = {"before": comparison.before, "after": comparison.after}
        lines.append(words.say("line", "places", both=both, **runs, **told))
    lines += _levels(comparison, words)
    # Who gained and who lost, and in how many places.
    people = comparison.people
    rows = people[(people["unit_level"] == "study") & (people["norm_id"] == "any")].set_index("change")
    parts, is_counted = [], False
    for change in CHANGES:
        if change not in rows.index:
            continue
        date = "before" if change == "gone" else "after"
        persons, places = (float(rows[f"{what}_{date}"].loc[change]) for what in ("persons", "places"))
        told_places = words.say("places", "one" if places == 1.0 else "other", number=words.number(places))
        # Where nobody's number is known, places alone are told.
        told = {"word": words.messages["change"][change], "persons": words.number(persons), "places": told_places}
        parts.append(words.say("line", "part_places" if math.isnan(persons) else "part", **told))
        is_counted = is_counted or (places > 0.0 and not math.isnan(persons))
    lines.append(words.say("line", "people" if is_counted else "people_places", parts=between.join(parts)))
    lines += [*_townships(comparison, words), *_gates(comparison, words), *_gaps(comparison, words)]
    # The segmentation index of both runs, and on which terms it rests in both.
    study = comparison.units[comparison.units["unit_level"] == "study"].iloc[0]
    terms = split_codes(study["segmentation_terms"])
    index = [float(study[f"segmentation_index_{date}"]) for date in ("before", "after")]
    before, after = (words.number(value, decimals=3) for value in index)
    named = between.join(words.messages["index_term"][name] for name in terms)
    lines.append(
        words.say("line", "index", before=before, after=after, terms=named)
        if terms
        else words.say("line", "index_none")
    )
    # Townships that can surely be told apart.
    units = comparison.units
    townships = units[units["unit_level"] == "township"]
    names = {str(row["unit_id"]): _name(row, words) for _at, row in townships.iterrows()}
    pairs = comparison.ranks
    if len(names) > 1 and not len(pairs):
        lines.append(words.say("line", "ranks_none"))
    lines += [
        words.say("line", "rank", name=names[str(unit)], other=names[str(other)])
        for unit, other in zip(pairs["unit_id"].head(SHOWN), pairs["other_id"].head(SHOWN), strict=True)
    ]
    if len(pairs) > SHOWN:
        lines.append(words.say("line", "ranks_more", number=words.number(len(pairs) - SHOWN)))
    return [*lines, *(words.say("note", code, detail=detail) for code, detail in comparison.notes)]


def shown_comparison(comparison: Comparison) -> Comparison:
    """Take away the levels that nobody is shown, as `changes_shown` does, and the ranks that hang on them."""
    units = changes_shown(comparison.units)
    return replace(comparison, units=units, ranks=pairs_shown(comparison.ranks, units))


def trajectory_lines(trajectory: pd.DataFrame, language: str = "en") -> list[str]:
    """Say the level of the study at each of several dates."""
    words = Words(language, "comparison")
    shown = levels_shown(trajectory)
    study = shown[shown["unit_level"] == "study"]
    lines = [words.say("line", "dates_shared", runs=len(study))]
    for row in study.to_dict("records"):
        gates = {"passed": row["gates_passed"], "gates": row["gates_in_force"]}
        lines.append(
            words.say(
                "line",
                "date_hidden" if row["level_hidden"] else "date",
                run=row["run"],
                date=row["as_of"],
                level=words.number(float(row["integration_level"]), decimals=3),
                why=hidden_text(row["level_hidden"], words.of("results")) if row["level_hidden"] else "",
                people=words.measure(float(row["unserved_persons"]), "persons"),
                gates=words.say("line", "date_gates" if row["gates_in_force"] else "date_no_gates", **gates),
            )
        )
    return lines


class Counted(NamedTuple):
    """Places, and the people in them; NaN where nobody's number is known."""

    places: float
    persons: float


def unmatched(comparison: Comparison) -> dict[str, Counted]:
    """Count places and people that both runs have (of the later), the earlier alone, and the later alone."""
    table = comparison.people
    rows = table[(table["unit_level"] == "study") & (table["norm_id"] == "any")].set_index("change")
    found = {}
    for change, date in (("gone", "before"), ("new", "after")):
        numbers = rows[[f"places_{date}", f"persons_{date}"]].reindex([change], fill_value=0.0)
        found[change] = Counted(*numbers.iloc[0].astype(float))
    both = rows[~rows.index.isin(["gone", "new"])]
    found["both"] = Counted(float(both["places_after"].sum()), float(both["persons_after"].sum(min_count=1)))
    return found


def _levels(comparison: Comparison, words: Words) -> Iterator[str]:
    """Tell how the level changed by pillar, and the components that moved it most."""
    table, results, between = comparison.components, words.of("results"), words.messages["list"]["between"]
    study = comparison.units[comparison.units["unit_level"] == "study"].iloc[0]
    if study["level_hidden"]:
        yield hidden_text(study["level_hidden"], results)
        return
    if not study["common_pillars"]:
        yield words.say("line", "level_none" if comparison.norms["in_level"].any() else "level_no_norms")
    else:
        parts = [
            f"{results.say('pillar', pillar)} {words.signed(float(study[f'contribution_{pillar}']))}"
            for pillar in PILLARS
            if pillar in split_codes(study["common_pillars"])
        ]
        levels = [float(study[f"level_{date}"]) for date in ("before", "after")]
        before, after = (words.number(level, decimals=3) for level in levels)
        change = words.signed(float(study["ln_change"]))
        yield words.say("line", "level", before=before, after=after, change=change, parts=between.join(parts))
    rows = table[(table["unit_level"] == "study") & table["contribution"].abs().ge(MOVED)]
    rows = rows.reindex(rows["contribution"].abs().sort_values(ascending=False, kind="stable").index)
    drivers = [
        words.say(
            "line",
            "driver",
            name=component_text(str(row["component"]), results),
            before=_value(float(row["value_before"]), str(row["unit"]), words),
            after=_value(float(row["value_after"]), str(row["unit"]), words),
            change=words.signed(float(row["contribution"])),
        )
        for row in rows.head(SHOWN).to_dict("records")
    ]
    if drivers:
        yield words.say("line", "drivers", parts=between.join(drivers))


def _townships(comparison: Comparison, words: Words) -> Iterator[str]:
    rows = comparison.units[comparison.units["unit_level"] == "township"]
    told = rows[rows["level_change"].notna()]
    if len(told):
        change = told["level_change"]
        up, down = int(change.ge(MOVED).sum()), int(change.le(-MOVED).sum())
        most = ""
        if up:
            best = told.iloc[int(change.to_numpy().argmax())]
            most = words.say("line", "most", name=_name(best, words), change=words.signed(float(best["level_change"])))
        yield words.say("line", "townships", up=up, down=down, same=len(told) - up - down, most=most).rstrip()
    if hidden := int(rows["level_hidden"].ne("").sum()):
        yield hidden_townships_text(hidden, words.of("results"))
    counts = rows["presence"].value_counts()
    if counts.get("new", 0) or counts.get("gone", 0):
        yield words.say("line", "presence", new=counts.get("new", 0), gone=counts.get("gone", 0))


def _gates(comparison: Comparison, words: Words) -> Iterator[str]:
    table = comparison.gates
    turned = table[table["turn"] != "same"]
    study = turned[turned["unit_level"] == "study"]
    if not len(study) and len(table):
        yield words.say("line", "gates_none")
    services = comparison.norms.set_index("norm_id")["service"].map(words.service)
    for row in study.to_dict("records"):
        before, after = (words.messages["gate"][str(row[f"gate_{date}"])] for date in ("before", "after"))
        key = (
            "gate"
            if row["same_terms"] or "none_applicable" in (row["gate_before"], row["gate_after"])
            else "gate_terms"
        )
        line = words.say("line", key, norm=row["norm_id"], service=services[row["norm_id"]], before=before, after=after)
        # How many people are beyond the norm at either date, where that is known.
        people = [float(row[f"persons_unserved_{date}"]) for date in ("before", "after")]
        if not any(math.isnan(number) for number in people):
            before, after = (words.number(number) for number in people)
            line += words.say("line", "gate_people", before=before, after=after)
        yield line
    others = turned[turned["unit_level"] == "township"]["turn"].value_counts()
    if len(others):
        counts = {turn: int(others.get(turn, 0)) for turn in GATE_TURN if turn != "same"}
        yield words.say("line", "gates_townships", **counts)


def _gaps(comparison: Comparison, words: Words) -> Iterator[str]:
    table = comparison.components
    rows = table[(table["unit_level"] == "study") & (table["side"] == "gap") & table["target"].notna()]
    for row in rows.to_dict("records"):
        if row["value_before"] != row["value_before"] and row["value_after"] != row["value_after"]:
            continue
        name = component_text(str(row["component"]), words.of("results"))
        yield words.say(
            "line",
            "gap",
            name=capital(name),
            before=_value(float(row["value_before"]), str(row["unit"]), words),
            after=_value(float(row["value_after"]), str(row["unit"]), words),
            target=words.figure(float(row["target"])),
            turn=words.messages["turn"][turn_told(row)],
        )


def turn_told(component: Mapping[Any, Any]) -> str:
    """Say by what word a component stands to its target now: as before, turned, or where it was not known before."""
    turn, now = str(component["target_turn"]), str(component["meets_target_after"])
    stands = {"yes": "met", "no": "not_met"}.get(now, "unknown")
    if turn == "unknown":
        return stands if stands == "unknown" else f"{stands}_alone"
    return stands if turn == "same" else turn


def _value(value: float, unit: str, words: Words) -> str:
    """Write a component."""
    if unit == "min":
        return words.measure(value, unit, decimals=1)
    return words.number(value, decimals=0 if unit == "count" else 3)


def _name(row: pd.Series, words: Words) -> str:
    return pick(names_of(row.to_dict()), words.language) or str(row["unit_id"])
