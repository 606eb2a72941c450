"""A comparison of two runs in words: what changed, where, and for whom."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.messages import Words
from spatial.reporting.names import name_in, names_of, pick
from spatial.reporting.score_text import component_text, hidden_text
from spatial.reporting.unmeasured import changes_shown, levels_shown, pairs_shown
from spatial.tables.words import GATE_TURN, PILLARS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spatial.score.comparison.changes import Comparison


# Where the units of a comparison lie and what they are called: township, county, names in other languages.

OTHER_NAMES = ("name_en", "name_zh")
KEYS = (("settlement", "settlements", "settlement_id"), ("township", "boundaries", "boundary_id"))


def placed_units(units: pd.DataFrame, runs: Sequence[Mapping[str, pd.DataFrame]]) -> pd.DataFrame:
    """Add to each unit of a comparison its township, its county and its names in other languages."""
    found = {name: _first(units, _named(runs, name)) for name in OTHER_NAMES}
    added = {name: column for name, column in found.items() if column.notna().any()}
    for name, of_township in (("township_id", "boundary_id"), ("township", "name")):
        added[name] = _first(
            units,
            [
                part
                for run in runs
                for part in (
                    ("settlement", _column(run.get("settlements"), "settlement_id", name)),
                    ("township", _column(run.get("boundaries"), "boundary_id", of_township)),
                )
            ],
        )
    told = [(level, county_of(run.get(table), key, run)) for run in runs for level, table, key in KEYS]
    added["county"] = _first(units, told)
    return units.assign(**{name: column.astype("str") for name, column in added.items()})


def county_of(
    table: pd.DataFrame | None, key: str, run: Mapping[str, pd.DataFrame], language: str = ""
) -> pd.Series:
    """
    Name the part of the study area, such as a county, that places or units lie in.

    Returns name by id; missing outside every part. Empty without geometry or study area.
    """
    area, bounds = run.get("study_area"), run.get("boundaries")
    if not isinstance(table, gpd.GeoDataFrame) or not isinstance(area, gpd.GeoDataFrame) or not len(area):
        return pd.Series(dtype=object)
    names = area["name"].astype(object)
    if bounds is not None and len(bounds) and "area_id" in area:
        by_id = name_in(bounds, language).set_axis(bounds["boundary_id"].astype(str)).dropna()
        told = area["area_id"].astype(str).map(by_id[~by_id.index.duplicated()])
        names = told.where(told.notna(), names)
    points = table.geometry.representative_point()
    points = points if area.crs is None or points.crs is None else points.to_crs(area.crs)
    where, part = area.sindex.query(points, predicate="intersects")
    first = pd.Series(part).groupby(where).first()
    chosen = names.to_numpy(dtype=object)[first.to_numpy(dtype=np.intp)]
    return pd.Series(chosen, index=table[key].astype(str).to_numpy()[first.index.to_numpy(dtype=np.intp)])


def _named(runs: Sequence[Mapping[str, pd.DataFrame]], name: str) -> list[tuple[str, pd.Series]]:
    return [(level, _column(run.get(table), key, name)) for run in runs for level, table, key in KEYS]


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
    return [
        _runs(comparison, words),
        _matched(comparison, words),
        _level(comparison, words),
        *_drivers(comparison, words),
        _people(comparison, words),
        *_townships(comparison, words),
        *_gates(comparison, words),
        *_gaps(comparison, words),
        _index(comparison, words),
        *_ranks(comparison, words),
        *(words.say("note", code, detail=detail) for code, detail in comparison.notes),
    ]


def shown_comparison(comparison: Comparison) -> Comparison:
    """Take away the levels that nobody is shown, as `changes_shown` does, and the ranks that hang on them."""
    units = changes_shown(comparison.units)
    return replace(comparison, units=units, ranks=pairs_shown(comparison.ranks, units))


def trajectory_lines(trajectory: pd.DataFrame, language: str = "en") -> list[str]:
    """Say the level of the study at each of several dates."""
    words = Words(language, "comparison")
    shown = levels_shown(trajectory)
    study = shown[shown["unit_level"] == "study"]
    return [
        words.say(
            "line",
            "date_hidden" if row["level_hidden"] else "date",
            run=row["run"],
            date=row["as_of"],
            level=words.number(float(row["integration_level"]), decimals=3),
            why=hidden_text(row["level_hidden"], words.of("results")) if row["level_hidden"] else "",
            people=words.measure(float(row["unserved_persons"]), "persons"),
            passed=row["gates_passed"],
            gates=row["gates_in_force"],
        )
        for row in study.to_dict("records")
    ]


def _runs(comparison: Comparison, words: Words) -> str:
    return words.say(
        "line",
        "runs",
        before=comparison.before,
        after=comparison.after,
        before_date=comparison.as_of[0],
        after_date=comparison.as_of[1],
        shared=(shared := int(comparison.norms["in_level"].sum())),
        n=shared,
    )


def _matched(comparison: Comparison, words: Words) -> str:
    """Say how many places both runs have, and what only one of them has."""
    alone = unmatched(comparison)
    shared = words.number(alone["both"][0])
    if not alone["gone"][0] and not alone["new"][0]:
        return words.say("line", "places_all", both=shared)
    told = {
        f"{change}{what}": words.measure(number, "persons") if what else words.number(number)
        for change in ("gone", "new")
        for what, number in zip(("", "_persons"), alone[change], strict=True)
    }
    return words.say("line", "places", both=shared, before=comparison.before, after=comparison.after, **told)


def unmatched(comparison: Comparison) -> dict[str, tuple[float, float]]:
    """
    Count the places that both runs have, and those that one of them has alone.

    Returns places and people by `both` (people of the later run), `gone` (the earlier alone) and `new` (the
    later alone); people are NaN where nobody's number is known.
    """
    table = comparison.people
    rows = table[(table["unit_level"] == "study") & (table["norm_id"] == "any")].set_index("change")
    found = {}
    for change, date in (("gone", "before"), ("new", "after")):
        there = change in rows.index
        numbers = [
            float(rows[f"{what}_{date}"].loc[change]) if there else 0.0 for what in ("places", "persons")
        ]
        found[change] = (numbers[0], numbers[1])
    both = rows[~rows.index.isin(["gone", "new"])]
    found["both"] = (float(both["places_after"].sum()), float(both["persons_after"].sum(min_count=1)))
    return found


def _level(comparison: Comparison, words: Words) -> str:
    study = comparison.units[comparison.units["unit_level"] == "study"].iloc[0]
    if study["level_hidden"]:
        return hidden_text(study["level_hidden"], words.of("results"))
    if not study["common_pillars"]:
        return words.say("line", "level_none" if comparison.norms["in_level"].any() else "level_no_norms")
    results = words.of("results")
    parts = [
        f"{results.say('pillar', pillar)} {words.signed(float(study[f'contribution_{pillar}']))}"
        for pillar in PILLARS
        if pillar in str(study["common_pillars"]).split(";")
    ]
    before, after = (words.number(float(study[f"level_{date}"]), decimals=3) for date in ("before", "after"))
    return words.say(
        "line",
        "level",
        before=before,
        after=after,
        change=words.signed(float(study["ln_change"])),
        parts=words.messages["list"]["between"].join(parts),
    )


def _drivers(comparison: Comparison, words: Words) -> Iterator[str]:
    """Name the components that moved the level most."""
    table = comparison.components
    study = comparison.units[comparison.units["unit_level"] == "study"].iloc[0]
    if study["level_hidden"]:
        return
    rows = table[(table["unit_level"] == "study") & table["contribution"].abs().ge(MOVED)]
    rows = rows.reindex(rows["contribution"].abs().sort_values(ascending=False, kind="stable").index)
    parts = [
        words.say(
            "line",
            "driver",
            name=component_text(str(row["component"]), words.of("results")),
            before=_value(float(row["value_before"]), str(row["unit"]), words),
            after=_value(float(row["value_after"]), str(row["unit"]), words),
            change=words.signed(float(row["contribution"])),
        )
        for row in rows.head(SHOWN).to_dict("records")
    ]
    if parts:
        yield words.say("line", "drivers", parts=words.messages["list"]["between"].join(parts))


def _people(comparison: Comparison, words: Words) -> str:
    table = comparison.people
    rows = table[(table["unit_level"] == "study") & (table["norm_id"] == "any")].set_index("change")
    parts = []
    for change in CHANGES:
        if change not in rows.index:
            continue
        date = "before" if change == "gone" else "after"
        persons, places = (float(rows[f"{what}_{date}"].loc[change]) for what in ("persons", "places"))
        parts.append(_part(change, persons, places, words))
    return words.say("line", "people", parts=words.messages["list"]["between"].join(parts))


def _townships(comparison: Comparison, words: Words) -> Iterator[str]:
    rows = comparison.units[comparison.units["unit_level"] == "township"]
    told = rows[rows["level_change"].notna()]
    if len(told):
        change = told["level_change"]
        up, down = int(change.ge(MOVED).sum()), int(change.le(-MOVED).sum())
        most = ""
        if up:
            best = told.iloc[int(change.to_numpy().argmax())]
            most = words.say(
                "line", "most", name=_name(best, words), change=words.signed(float(best["level_change"]))
            )
        yield words.say("line", "townships", up=up, down=down, same=len(told) - up - down, most=most).rstrip()
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
        line = words.say(
            "line", key, norm=row["norm_id"], service=services[row["norm_id"]], before=before, after=after
        )
        yield line + _beyond(row, words)
    others = turned[turned["unit_level"] == "township"]["turn"].value_counts()
    if len(others):
        counts = {turn: int(others.get(turn, 0)) for turn in GATE_TURN if turn != "same"}
        yield words.say("line", "gates_townships", **counts)


def _beyond(row: Mapping[Any, Any], words: Words) -> str:
    """Say how many people are beyond a norm at either date, where that is known."""
    people = [float(row[f"persons_unserved_{date}"]) for date in ("before", "after")]
    if any(math.isnan(number) for number in people):
        return ""
    before, after = (words.number(number) for number in people)
    return words.say("line", "gate_people", before=before, after=after)


def _gaps(comparison: Comparison, words: Words) -> Iterator[str]:
    table = comparison.components
    rows = table[(table["unit_level"] == "study") & (table["side"] == "gap") & table["target"].notna()]
    for row in rows.to_dict("records"):
        if row["value_before"] != row["value_before"] and row["value_after"] != row["value_after"]:
            continue
        turn = str(row["target_turn"])
        name = component_text(str(row["component"]), words.of("results"))
        if turn == "same":
            turn = {"yes": "met", "no": "not_met"}.get(str(row["meets_target_after"]), "unknown")
        yield words.say(
            "line",
            "gap",
            name=name[:1].upper() + name[1:],
            before=_value(float(row["value_before"]), str(row["unit"]), words),
            after=_value(float(row["value_after"]), str(row["unit"]), words),
            target=words.figure(float(row["target"])),
            turn=words.messages["turn"][turn],
        )


def _index(comparison: Comparison, words: Words) -> str:
    """Say the segmentation index of both runs, and on which terms it rests in both."""
    study = comparison.units[comparison.units["unit_level"] == "study"].iloc[0]
    terms = [name for name in str(study["segmentation_terms"]).split(";") if name]
    if not terms:
        return words.say("line", "index_none")
    before, after = (
        words.number(float(study[f"segmentation_index_{date}"]), decimals=3) for date in ("before", "after")
    )
    named = words.messages["list"]["between"].join(words.messages["index_term"][name] for name in terms)
    return words.say("line", "index", before=before, after=after, terms=named)


def _ranks(comparison: Comparison, words: Words) -> Iterator[str]:
    rows = comparison.units
    townships = rows[rows["unit_level"] == "township"]
    names = {str(row["unit_id"]): _name(row, words) for _at, row in townships.iterrows()}
    if len(names) > 1 and not len(comparison.ranks):
        yield words.say("line", "ranks_none")
    for row in comparison.ranks.head(SHOWN).to_dict("records"):
        yield words.say("line", "rank", name=names[str(row["unit_id"])], other=names[str(row["other_id"])])
    if len(comparison.ranks) > SHOWN:
        more = words.number(len(comparison.ranks) - SHOWN)
        yield words.say("line", "ranks_more", number=more)


def _value(value: float, unit: str, words: Words) -> str:
    """Write a component."""
    if unit == "min":
        return words.measure(value, unit, decimals=1)
    return words.number(value, decimals=0 if unit == "count" else 3)


def _part(change: str, persons: float, places: float, words: Words) -> str:
    """Write people whom a change befell, and their places."""
    told = words.say("places", "one" if places == 1.0 else "other", number=words.number(places))
    word = words.messages["change"][change]
    return words.say("line", "part", word=word, persons=words.number(persons), places=told)


def _name(row: pd.Series, words: Words) -> str:
    return pick(names_of(row.to_dict()), words.language) or str(row["unit_id"])
