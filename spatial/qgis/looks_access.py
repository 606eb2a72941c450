"""The look of measures of access, areas within reach, certainty, the wet season, scenarios, response."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from spatial.qgis.looks_results import VILLAGE_SIZE, status_marker, unscored
from spatial.qgis.styles import (
    BASE,
    CERTAINTY,
    CHANGE,
    GAP,
    LAST_MILE,
    REACH,
    SHARES,
    STATUS,
    TINTS,
    WET,
    Category,
    Style,
    categorised,
    fill,
    ground_square,
    hatch,
    labels,
    line,
    marker,
    name_expression,
    ramp,
    rgba,
    single,
    symbol,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    import pandas as pd

    from spatial.messages import Words


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

LARGEST_FIRST = 'coalesce("population_persons", 0)'


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


def certainty_look(column: str, frame: pd.DataFrame, words: Words) -> Style:
    """Show whether settlements are within a threshold in every run, larger with more people."""
    size = VILLAGE_SIZE
    categories = [
        Category(
            (name,),
            words.say("how_sure", name),
            sized(colour, size),
        )
        for name, colour in CERTAINTY.items()
    ]
    unknown = status_marker("not_measurable", size)
    categories.append(Category(("unknown",), words.say("how_sure", "unknown"), unknown))
    return scored(f'"{column}"', categories, frame, words)


def width_look(stem: str, frame: pd.DataFrame, words: Words) -> Style:
    """Show how many minutes lie between best and worst, larger with more people."""
    size = VILLAGE_SIZE
    low, width, sure = f'"{stem}_low_min"', f'"{stem}_width_min"', f'"{stem}_how_sure"'
    bounds = [f"{bound:g}" for bound in WIDTHS_MIN]
    cases = " ".join(f"WHEN {width} <= {bound} THEN 'to {bound}'" for bound in bounds)
    chosen = (
        f"CASE {cases} WHEN {width} > {bounds[-1]} THEN 'more' WHEN {low} IS NOT NULL THEN 'sometimes' "
        f"WHEN {sure} <> 'unknown' THEN 'never' END"
    )
    edges = ["0", *bounds]
    labelled = {
        f"to {high}": words.say("width", "first" if low == "0" else "between", low=low, high=high)
        for low, high in pairwise(edges)
    }
    labelled |= {name: words.say("width", name, low=bounds[-1]) for name in ("more", "sometimes")}
    categories = [
        Category((name,), label, sized(colour, size))
        for (name, label), colour in zip(labelled.items(), WET.values(), strict=True)
    ]
    categories.append(
        Category(("never",), words.say("width", "never"), status_marker("not_applicable", size))
    )
    categories.append(
        Category(("unknown",), words.say("how_sure", "unknown"), status_marker("not_measurable", size))
    )
    return scored(chosen, categories, frame, words)


def off_road_look(stem: str, cutoffs_min: Sequence[float], frame: pd.DataFrame, words: Words) -> Style:
    """Show settlements by minutes over open ground, larger with more people."""
    size = VILLAGE_SIZE
    chosen, looks = _by_minutes(f'"{stem}_off_road_min"', f'"{stem}_off_road_status"', cutoffs_min, words)
    categories = [Category((name,), label, sized(colour, size)) for name, label, colour in looks]
    unknown = status_marker("not_measurable", size)
    categories.append(Category(("unknown",), words.say("cells", "unknown"), unknown))
    return scored(chosen, categories, frame, words)


def rural_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show the lower bound of the Rural Access Index of areas, with both bounds as label."""
    lower, upper = 'round("rai_lower" * 100)', 'round("rai_upper" * 100)'
    cases = " ".join(f"WHEN \"rai_lower\" >= {least:g} THEN '{name}'" for name, least in RURAL_LEAST.items())
    chosen = f"CASE {cases} END"
    categories = [
        Category(
            (name,),
            words.say("rural", name),
            symbol("fill", fill(colour, alpha=0.75, outline=BASE["boundary"])),
        )
        for name, colour in zip(RURAL_LEAST, SHARES.values(), strict=True)
    ]
    nobody = symbol("fill", fill("", outline=BASE["boundary"]), hatch(STATUS["not_measurable"], distance=2.2))
    categories.append(Category((), words.say("rural", "unknown"), nobody))
    text = f"CASE WHEN {lower} = {upper} THEN {lower} || ' %' ELSE {lower} || '–' || {upper} || ' %' END"  # noqa: RUF001 - a range
    return Style(
        categorised(chosen, categories),
        labelling=labels(text, size=9, on_areas=True),
        display=name_expression(frame, words.language),
    )


def last_mile_lines_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show the straight lines of the last mile by class."""
    present = set(frame["last_mile_class"])
    categories = [
        Category(
            (name,),
            words.say("last_mile", name),
            symbol("line", line(BASE["town"], width=0.9), line(colour, width=0.6)),
        )
        for name, colour in LAST_MILE.items()
        if name in present
    ]
    return Style(categorised("last_mile_class", categories), display=name_expression(frame, words.language))


def sized(colour: str, size: str) -> Element:
    """Build a dot of a class."""
    return symbol("marker", marker(colour, size=1.8, outline=(BASE["town"], 0.2), size_expression=size))


def _by_minutes(
    minutes: str, status: str, cutoffs_min: Sequence[float], words: Words
) -> tuple[str, list[tuple[str, str, str]]]:
    """Class by minutes: the expression, and the name, label and colour of each class."""
    bounds = [f"{bound:g}" for bound in sorted(set(cutoffs_min))]
    cases = " ".join(f"WHEN {minutes} <= {bound} THEN '{bound}'" for bound in bounds)
    chosen = (
        f"CASE {cases} WHEN {minutes} > {bounds[-1]} THEN 'beyond' "
        f"WHEN {status} NOT IN ('unknown', 'not_snapped') THEN 'none' END"
    )
    near = [
        (bound, words.say("areas", "within", minutes=words.figure(float(bound))), colour)
        for bound, colour in zip(bounds, ramp(REACH, len(bounds)), strict=True)
    ]
    far = [
        (name, words.say("cells", name, minutes=words.figure(float(bounds[-1]))), GAP[name])
        for name in ("beyond", "none")
    ]
    return chosen, [*near, *far]


def scored(chosen: str, categories: Sequence[Category], frame: pd.DataFrame, words: Words) -> Style:
    """Finish a look of settlements: places that serve and are not scored stay faint, small places lie on top."""
    expression = f"CASE WHEN \"in_study\" THEN coalesce({chosen}, 'unknown') END"
    every = [*categories, unscored(words)]
    return Style(
        categorised(expression, every, order=LARGEST_FIRST), display=name_expression(frame, words.language)
    )


def wet_look(stem: str, frame: pd.DataFrame, words: Words) -> Style:
    """Show what the wet season takes, larger with more people."""
    size = VILLAGE_SIZE
    status, slower = f'"{stem}_wet_status"', f'"{stem}_slower_min"'
    least, most = SLOWER_MIN["little"], SLOWER_MIN["more"]
    chosen = (
        f"CASE WHEN {status} <> 'slower' THEN {status} WHEN {slower} <= {least:g} THEN 'little' "
        f"WHEN {slower} <= {most:g} THEN 'more' WHEN {slower} > {most:g} THEN 'much' END"
    )
    categories = [
        Category(
            (name,),
            words.say("wet", name, little=words.figure(least), more=words.figure(most)),
            symbol("marker", marker(colour, size=1.8, outline=(BASE["town"], 0.15), size_expression=size)),
        )
        for name, colour in WET.items()
    ]
    categories.append(
        Category(("not_served",), words.say("wet", "not_served"), status_marker("not_applicable", size))
    )
    categories.append(
        Category(("unknown",), words.say("wet", "unknown"), status_marker("not_measurable", size))
    )
    return scored(chosen, categories, frame, words)


def cells_look(stem: str, cutoffs_min: Sequence[float], frame: pd.DataFrame, words: Words) -> Style:
    """Show cells of people by travel time."""
    side = float(frame["cell_width_m"].max()) if "cell_width_m" in frame.columns else 0.0
    chosen, looks = _by_minutes(f'"{stem}_min"', f'"{stem}_reach_status"', cutoffs_min, words)
    categories = [
        Category((name,), label, symbol("marker", ground_square(colour, side)))
        for name, label, colour in looks
    ]
    blank = symbol("marker", ground_square(BASE["place"], side))
    categories.append(Category((), words.say("cells", "unknown"), blank))
    return Style(categorised(chosen, categories), opacity=0.85)


# The look of measures of access: classes of equally many settlements.

CLASSES = 5
PEOPLE = 10_000.0
"""A share of a facility a person is told for so many people."""


def measure_bounds(values: pd.Series[float], classes: int = CLASSES) -> list[float]:
    """
    Bound the classes of a measure by quantiles of what is above 0, or by its values where they are few.

    Examples
    --------
    >>> import pandas as pd
    >>> measure_bounds(pd.Series([0.0, 1.0, 2.0, 3.0, 4.0]), 2)
    [2.5]
    >>> measure_bounds(pd.Series([0.0, 2.0, 2.0, 11.0]), 2)
    [2.0]
    """
    above = values[values > 0].to_numpy()
    if len(above) == 0:
        return []
    distinct = np.unique(above)
    few = len(distinct) <= classes
    raw = distinct[:-1] if few else np.quantile(above, np.linspace(0, 1, classes + 1)[1:-1])
    bounds = sorted({_three_digits(float(bound)) for bound in raw})
    return [bound for bound in bounds if (above <= bound).any() and (above > bound).any()]


def _three_digits(value: float) -> float:
    """Round up to three digits, so that a bound never falls below the value that it came from."""
    rounded = float(f"{value:.3g}")
    if math.isclose(rounded, value, rel_tol=1e-9):
        return max(rounded, value)
    step = float(10.0 ** (math.floor(math.log10(value)) - 2))
    return rounded if rounded > value else float(f"{rounded + step:.3g}")


def measure_look(column: str, unit: str, frame: pd.DataFrame, words: Words) -> Style:
    """Show a measure in classes of equally many settlements: more is darker, larger with more people."""
    size = VILLAGE_SIZE
    values = frame.loc[frame["in_study"], column]
    bounds = measure_bounds(values)
    names = [f"class {number}" for number in range(len(bounds) + 1)]
    cases = "".join(
        f" WHEN \"{column}\" <= {bound!r} THEN '{name}'" for bound, name in zip(bounds, names, strict=False)
    )
    chosen = f"CASE WHEN \"{column}\" <= 0 THEN 'nothing'{cases} WHEN \"{column}\" IS NOT NULL THEN '{names[-1]}' END"
    looks = zip(names, _class_labels(values, bounds, unit, words), ramp(REACH, len(names))[::-1], strict=True)
    categories = [Category((name,), label, sized(colour, size)) for name, label, colour in looks if label]
    nothing = marker(BASE["blank"], size=1.8, outline=(GAP["beyond"], 0.5), size_expression=size)
    categories.append(Category(("nothing",), words.say("measure", "nothing"), symbol("marker", nothing)))
    unknown = status_marker("not_measurable", size)
    categories.append(Category(("unknown",), words.say("measure", "no_value"), unknown))
    return scored(chosen, categories, frame, words)


def _class_labels(values: pd.Series[float], bounds: Sequence[float], unit: str, words: Words) -> list[str]:
    per_person = unit.endswith(" per person")
    factor = PEOPLE if per_person else 1.0
    told = (
        words.say("measure", "per_people", unit=words.unit(unit.removesuffix(" per person")))
        if per_person
        else words.unit(unit)
    )

    def shown(value: float) -> str:
        return words.figure(float(f"{value * factor:.3g}"))

    edges = [shown(bound) for bound in bounds]
    if not edges:
        above = values[values > 0]
        if above.empty:
            return [""]
        low, high = shown(above.min()), shown(above.max())
        return [words.say("measure", "only" if low == high else "between", low=low, high=high, unit=told)]
    middle = [words.say("measure", "between", low=low, high=high, unit=told) for low, high in pairwise(edges)]
    return [
        words.say("measure", "first", high=edges[0], unit=told),
        *middle,
        words.say("measure", "last", low=edges[-1], unit=told),
    ]


# The look of scenarios and of the response of crews.


def change_look(column: str, cutoff_min: float, frame: pd.DataFrame, words: Words) -> Style:
    """Show who gains and who loses by a scenario, larger with more people."""
    size = VILLAGE_SIZE
    categories = [
        Category((name,), words.say("change", name, minutes=words.figure(cutoff_min)), sized(colour, size))
        for name, colour in CHANGE.items()
    ]
    categories.append(Category(("none",), words.say("change", "none"), status_marker("not_applicable", size)))
    unknown = status_marker("not_measurable", size)
    categories.append(Category(("unknown",), words.say("cells", "unknown"), unknown))
    return scored(f'"{column}"', categories, frame, words)


def response_look(stem: str, targets_min: Sequence[float], frame: pd.DataFrame, words: Words) -> Style:
    """Show settlements by the shortest response target that is met, larger with more people."""
    size = VILLAGE_SIZE
    response, status = f'"{stem}_response_min"', f'"{stem}_response_status"'
    bounds = [f"{target:g}" for target in sorted(set(targets_min))]
    cases = " ".join(f"WHEN {response} <= {bound} THEN '{bound}'" for bound in bounds)
    chosen = (
        f"CASE {cases} WHEN {response} > {bounds[-1]} THEN 'beyond' "
        f"WHEN {status} NOT IN ('unknown', 'not_snapped') THEN 'none' END"
    )
    categories = [
        Category(
            (bound,),
            words.say("response", "within", minutes=words.figure(float(bound))),
            sized(colour, size),
        )
        for bound, colour in zip(bounds, ramp(REACH, len(bounds) + 1), strict=False)
    ]
    categories += [
        Category(
            (name,),
            words.say("response", name, minutes=words.figure(float(bounds[-1]))),
            sized(GAP[name], size),
        )
        for name in ("beyond", "none")
    ]
    unknown = status_marker("not_measurable", size)
    categories.append(Category(("unknown",), words.say("cells", "unknown"), unknown))
    return scored(chosen, categories, frame, words)
