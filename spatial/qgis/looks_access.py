"""The look of measures of access, areas within reach, certainty, the wet season, scenarios, response."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from spatial.messages import Words
from spatial.qgis.looks_results import VILLAGE_SIZE, area, cases, classed, dots, marked, said, scored, spans, unmeasured
from spatial.qgis.styles import (
    BASE,
    CHANGE,
    GAP,
    LAST_MILE,
    REACH,
    SHARES,
    TINTS,
    WET,
    Category,
    Style,
    categorised,
    classes,
    fill,
    ground_square,
    labels,
    line,
    marker,
    name_expression,
    ramp,
    rgba,
    single,
    symbol,
)

# The look of the engine's results: areas within reach, catchments, certainty, the wet season, cells.

CATCHMENT_LABEL_SCALE = 60_000
"""Catchments are named when the map is closer than 1 to this."""

AREA_OPACITY = 0.62
"""Of isochrones: of the layer, not of each ring, since the rings lie on one another."""

SLOWER_MIN = {"little": 5.0, "more": 15.0}
"""Classes of minutes lost in the wet, by the most minutes of each, inclusive."""

TINT_OPACITY = 0.3
"""Of the fill of a catchment."""

WIDTHS_MIN = (5.0, 15.0, 30.0)
"""Classes of minutes between best and worst, by the most minutes of each, inclusive."""

RURAL_LEAST = {"most": 0.95, "many": 0.9, "some": 0.75, "half": 0.5, "few": 0.0}
"""Classes of the Rural Access Index, by the least share of each."""


def isochrones_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show the ground within reach: the nearer the darker, the largest area below."""
    cutoffs = sorted(set(frame["cutoff_min"]))
    categories = [
        Category(
            (f"{cutoff:g}",),
            words.say("areas", "within", minutes=words.figure(cutoff)),
            symbol("fill", fill(colour, outline=BASE["blank"], width=0.15)),
            kind="double",
        )
        for cutoff, colour in zip(cutoffs, ramp(REACH, len(cutoffs)), strict=True)
    ]
    return Style(categorised("cutoff_min", categories, order='"cutoff_min"'), opacity=AREA_OPACITY)


def catchments_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show which facility is nearest: outlines, with pale fills that differ between neighbours."""
    colours = ", ".join(f"'{rgba(colour, TINT_OPACITY)}'" for colour in TINTS)
    area = fill(
        TINTS[0],
        outline=BASE["boundary"],
        width=0.22,
        alpha=TINT_OPACITY,
        colour_expression=f'array_get(array({colours}), "tint")',
    )
    name = name_expression(frame, words.language)
    shown = f"CASE WHEN @map_scale < {CATCHMENT_LABEL_SCALE} THEN {name} END"
    return Style(
        single(symbol("fill", area)),
        labelling=labels(shown, size=8, on_areas=True) if name else None,
        display=name or '"facility_id"',
    )


def width_look(stem: str, frame: pd.DataFrame, words: Words) -> Style:
    """Show how many minutes lie between best and worst, larger with more people."""
    low, width, sure = f'"{stem}_low_min"', f'"{stem}_width_min"', f'"{stem}_how_sure"'
    bounds = [f"{bound:g}" for bound in WIDTHS_MIN]
    chosen = (
        f"CASE {cases(width, '<=', {f'to {bound}': bound for bound in bounds})} "
        f"WHEN {width} > {bounds[-1]} THEN 'more' WHEN {low} IS NOT NULL THEN 'sometimes' "
        f"WHEN {sure} <> 'unknown' THEN 'never' END"
    )
    labelled = {
        f"to {high}": words.say("width", "first" if low == "0" else "between", low=low, high=high)
        for low, high in pairwise(["0", *bounds])
    }
    labelled |= said(words, "width", ("more", "sometimes"), low=bounds[-1])
    categories = [
        *dots(labelled, WET.values()),
        marked("never", words.say("width", "never"), status="not_applicable"),
        marked("unknown", words.say("how_sure", "unknown")),
    ]
    return scored(chosen, categories, frame, words)


def rural_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show the lower bound of the Rural Access Index of areas, with both bounds as label."""
    # Rounded towards 0, so that a label never stands in a class that begins above it.
    lower, upper = 'floor("rai_lower" * 100)', 'floor("rai_upper" * 100)'
    least = {name: f"{bound:g}" for name, bound in RURAL_LEAST.items()}
    chosen = cases('"rai_lower"', ">=", least)
    looks = {name: area(colour) for name, colour in zip(RURAL_LEAST, SHARES.values(), strict=True)}
    categories = classed("rural", words, looks | {"unknown": unmeasured()}, unknown=())
    text = f"CASE WHEN {lower} = {upper} THEN {lower} || ' %' ELSE {lower} || '–' || {upper} || ' %' END"  # noqa: RUF001 - a range
    return classes(f"CASE {chosen} END", categories, frame, words, label=text)


def last_mile_lines_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show the straight lines of the last mile by class."""
    present = set(frame["last_mile_class"])
    looks = {
        name: symbol("line", line(BASE["town"], width=0.9), line(colour, width=0.6))
        for name, colour in LAST_MILE.items()
        if name in present
    }
    categories = classed("last_mile", words, looks)
    return classes("last_mile_class", categories, frame, words)


class Minutes(NamedTuple):
    """Classes of minutes."""

    chosen: str  # the expression that gives the class
    labels: dict[str, str]  # by class
    colours: list[str]  # in the same order


def _by_minutes(
    minutes: str, status: str, bounds_min: Iterable[float], words: Words, section: str = "areas"
) -> Minutes:
    """Class by minutes within bounds, beyond the last of them, and no way at all."""
    bounds = [f"{bound:g}" for bound in sorted(set(bounds_min))]
    chosen = (
        f"CASE {cases(minutes, '<=', {bound: bound for bound in bounds})} "
        f"WHEN {minutes} > {bounds[-1]} THEN 'beyond' WHEN {status} <> 'unknown' THEN 'none' END"
    )
    labelled = {bound: words.say(section, "within", minutes=words.figure(float(bound))) for bound in bounds}
    farther = "cells" if section == "areas" else section
    labelled |= said(words, farther, ("beyond", "none"), minutes=words.figure(float(bounds[-1])))
    # Of the response of crews the last shade of reach stays free.
    near = ramp(REACH, len(bounds) + (section == "response"))[: len(bounds)]
    return Minutes(chosen, labelled, [*near, GAP["beyond"], GAP["none"]])


def wet_look(stem: str, frame: pd.DataFrame, words: Words) -> Style:
    """Show what the wet season takes, larger with more people."""
    status, slower = f'"{stem}_wet_status"', f'"{stem}_slower_min"'
    least, most = SLOWER_MIN["little"], SLOWER_MIN["more"]
    chosen = (
        f"CASE WHEN {status} <> 'slower' THEN {status} WHEN {slower} <= {least:g} THEN 'little' "
        f"WHEN {slower} <= {most:g} THEN 'more' WHEN {slower} > {most:g} THEN 'much' END"
    )
    labelled = said(words, "wet", WET, little=words.figure(least), more=words.figure(most))
    categories = [
        *dots(labelled, WET.values(), rim=0.15),
        marked("not_served", words.say("wet", "not_served"), status="not_applicable"),
        marked("unknown", words.say("wet", "unknown")),
    ]
    return scored(chosen, categories, frame, words)


def cells_look(stem: str, cutoffs_min: Sequence[float], frame: pd.DataFrame, words: Words) -> Style:
    """Show cells of people by travel time."""
    side = float(frame["cell_width_m"].max()) if "cell_width_m" in frame.columns else 0.0
    chosen, labelled, colours = _by_minutes(f'"{stem}_min"', f'"{stem}_reach_status"', cutoffs_min, words)
    categories = [
        Category((name,), label, symbol("marker", ground_square(colour, side)))
        for (name, label), colour in zip(labelled.items(), colours, strict=True)
    ]
    blank = symbol("marker", ground_square(BASE["place"], side))
    categories.append(Category((), words.say("cells", "unknown"), blank))
    return Style(categorised(chosen, categories), opacity=0.85)


DRAWN_CUTOFFS_MIN = (15.0, 30.0, 60.0)
"""Classes of minutes of layers that are made of drawn ones, for which no study says others."""


def minutes_look(_frame: pd.DataFrame, words: Words) -> Style:
    """Show points by minutes to the nearest, where no study tells people and cutoffs."""
    columns = ('"travel_time_min"', '"reach_status"')
    chosen, labelled, colours = _by_minutes(*columns, DRAWN_CUTOFFS_MIN, words)
    categories = [_point(name, label, colour) for (name, label), colour in zip(labelled.items(), colours, strict=True)]
    return Style(categorised(chosen, [*categories, _point("", words.say("cells", "unknown"), BASE["place"])]))


def drawn_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show points by what a drawn scenario changes within the cutoff of each service."""
    minutes = " / ".join(words.figure(cutoff) for cutoff in sorted(set(frame["cutoff_min"])))
    labelled = said(words, "change", ("gained", "lost"), minutes=minutes)
    categories = [_point(name, label, CHANGE[name]) for name, label in labelled.items()]
    same = _point("", words.say("change", "unchanged"), CHANGE["same"])
    return classes("class_change", [*categories, same], frame, words)


def _point(name: str, label: str, colour: str) -> Category:
    look = marker(colour, size=2.4, outline=BASE["town"], width=0.2)
    return Category((name,) if name else (), label, symbol("marker", look))


# The look of measures of access: classes of equally many settlements.

CLASSES = 5
PEOPLE = 10_000.0
"""A share of a facility a person is told for so many people."""


def measure_bounds(values: pd.Series[float], classes: int = CLASSES) -> list[float]:
    """Bound the classes of a measure by quantiles of what is above 0, or by its values where they are few."""
    above = values[values > 0].to_numpy()
    if len(above) == 0:
        return []
    distinct = np.unique(above)
    few = len(distinct) <= classes
    raw = distinct[:-1] if few else np.quantile(above, np.linspace(0, 1, classes + 1)[1:-1])
    bounds = set()
    for value in map(float, raw):
        # Round up to three digits, so that a bound never falls below the value that it came from.
        rounded = float(f"{value:.3g}")
        if math.isclose(rounded, value, rel_tol=1e-9):
            rounded = max(rounded, value)
        elif rounded < value:
            rounded = float(f"{rounded + 10.0 ** (math.floor(math.log10(value)) - 2):.3g}")
        bounds.add(rounded)
    return [bound for bound in sorted(bounds) if (above <= bound).any() and (above > bound).any()]


def measure_look(column: str, unit: str, frame: pd.DataFrame, words: Words) -> Style:
    """Show a measure in classes of equally many settlements: more is darker, larger with more people."""
    values = frame.loc[frame["in_study"], column]
    bounds = measure_bounds(values)
    names = [f"class {number}" for number in range(len(bounds) + 1)]
    upper = {name: repr(bound) for name, bound in zip(names, bounds, strict=False)}
    value = f'"{column}"'
    within = f" {cases(value, '<=', upper)}" if upper else ""
    chosen = f"CASE WHEN {value} <= 0 THEN 'nothing'{within} WHEN {value} IS NOT NULL THEN '{names[-1]}' END"
    # Where the unit is of something a person, it is told for so many people.
    per_person = unit.endswith(" per person")
    factor, told = 1.0, words.unit(unit)
    if per_person:
        factor = PEOPLE
        told = words.say("measure", "per_people", unit=words.unit(unit.removesuffix(" per person")))

    def shown(value: float) -> str:
        return words.figure(float(f"{value * factor:.3g}"))

    edges, above = [shown(bound) for bound in bounds], values[values > 0]
    told_classes = spans("measure", edges, words, unit=told) if edges else []
    if len(above) and not edges:
        low, high = shown(above.min()), shown(above.max())
        told_classes = [words.say("measure", "only" if low == high else "between", unit=told, low=low, high=high)]
    colours = ramp(REACH, len(names))[::-1][: len(told_classes)]
    categories = dots(dict(zip(names, told_classes, strict=False)), colours)
    nothing = marker(BASE["blank"], size=1.8, outline=GAP["beyond"], width=0.5, size_expression=VILLAGE_SIZE.expression)
    categories.append(Category(("nothing",), words.say("measure", "nothing"), symbol("marker", nothing)))
    categories.append(marked("unknown", words.say("measure", "no_value")))
    return scored(chosen, categories, frame, words)


# The look of scenarios and of the response of crews.


def reached_look(
    minutes: str, status: str, bounds_min: Sequence[float], frame: pd.DataFrame, words: Words, *, section: str = "areas"
) -> Style:
    """Show settlements by minutes, over open ground or of crews within their targets, larger with more people."""
    chosen, labelled, colours = _by_minutes(f'"{minutes}"', f'"{status}"', bounds_min, words, section)
    return scored(chosen, [*dots(labelled, colours), marked("unknown", words.say("cells", "unknown"))], frame, words)
