"""The look of the engine's results: areas within reach, catchments, certainty, the wet season, measures, cells."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from spatial.qgis.looks_results import people_size, status_marker, unscored
from spatial.qgis.palette import BASE, CERTAINTY, GAP, REACH, TINTS, WET, ramp
from spatial.qgis.styles import Category, Style, categorised, name_expression, single
from spatial.qgis.symbols import fill, ground_square, labels, marker, rgba, symbol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from spatial.qgis.meta import Messages

__all__ = [
    "catchments_look",
    "cells_look",
    "certainty_look",
    "isochrones_look",
    "measure_bounds",
    "measure_look",
    "wet_look",
]

CATCHMENT_LABEL_SCALE = 60_000
"""Catchments are named when the map is closer than 1 to this."""

AREA_OPACITY = 0.62
"""Of isochrones: of the layer, not of each ring, since the rings lie on one another."""

SLOWER_MIN = {"little": 5.0, "more": 15.0}
"""Classes of minutes lost in the wet, by the most minutes of each, inclusive."""

TINT_OPACITY = 0.3
"""Of the fill of a catchment."""

CLASSES = 5
PEOPLE = 10_000.0
"""A share of a facility a person is told a myriad of people."""

LARGEST_FIRST = 'coalesce("population_persons", 0)'


def isochrones_look(frame: pd.DataFrame, words: Messages) -> Style:
    """
    Show the ground within reach: the nearer the darker, the largest area below.

    Parameters
    ----------
    frame : DataFrame
        The layer, with ``cutoff_min``.
    words : Messages
        For the legend.

    Returns
    -------
    Style
        One sequence in which lightness alone tells the order; translucent as a whole.
    """
    cutoffs = sorted(set(frame["cutoff_min"]))
    categories = [
        Category(
            (f"{cutoff:g}",),
            words.text("areas", "within", minutes=f"{cutoff:g}"),
            symbol("fill", fill(colour, outline=BASE["blank"], width=0.15)),
            kind="double",
        )
        for cutoff, colour in zip(cutoffs, ramp(REACH, len(cutoffs)), strict=True)
    ]
    return Style(categorised("cutoff_min", categories, order='"cutoff_min"'), opacity=AREA_OPACITY)


def catchments_look(frame: pd.DataFrame, words: Messages) -> Style:
    """
    Show which facility is nearest: outlines, with pale fills that differ between neighbours.

    Parameters
    ----------
    frame : DataFrame
        The layer, with ``tint``.
    words : Messages
        For the language of names.

    Returns
    -------
    Style
        Named by the facility when near.
    """
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
        labelling=labels(shown, size=8) if name else None,
        display=name or '"facility_id"',
    )


def certainty_look(column: str, frame: pd.DataFrame, words: Messages) -> Style:
    """
    Show whether settlements are within a threshold in every run, larger with more people.

    Parameters
    ----------
    column : str
        Column of the class.
    frame : DataFrame
        The settlements' layer.
    words : Messages
        For the legend.

    Returns
    -------
    Style
        Pale, middle and dark; what is never measured is striped.
    """
    size = people_size("population_persons", smallest=1.4, largest=5.5)
    categories = [
        Category(
            (name,),
            words.text("how_sure", name),
            symbol("marker", marker(colour, size=1.8, outline=(BASE["town"], 0.2), size_expression=size)),
        )
        for name, colour in CERTAINTY.items()
    ]
    unknown = status_marker("not_measurable", size)
    categories.append(Category(("unknown",), words.text("how_sure", "unknown"), unknown))
    return _scored(f'"{column}"', categories, frame, words)


def _scored(chosen: str, categories: Sequence[Category], frame: pd.DataFrame, words: Messages) -> Style:
    """Finish a look of settlements: places that serve and are not scored stay faint, small places lie on top."""
    expression = f"CASE WHEN \"in_study\" THEN coalesce({chosen}, 'unknown') END"
    every = [*categories, unscored(words)]
    return Style(
        categorised(expression, every, order=LARGEST_FIRST), display=name_expression(frame, words.language)
    )


def wet_look(stem: str, frame: pd.DataFrame, words: Messages) -> Style:
    """
    Show what the wet season takes, larger with more people.

    Parameters
    ----------
    stem : str
        What the columns of the service begin with.
    frame : DataFrame
        The settlements' layer.
    words : Messages
        For the legend.

    Returns
    -------
    Style
        Quiet where nothing changes, darker with more minutes, darkest where the service is lost.
    """
    size = people_size("population_persons", smallest=1.4, largest=5.5)
    status, slower = f'"{stem}_wet_status"', f'"{stem}_slower_min"'
    least, most = SLOWER_MIN["little"], SLOWER_MIN["more"]
    chosen = (
        f"CASE WHEN {status} <> 'slower' THEN {status} WHEN {slower} <= {least:g} THEN 'little' "
        f"WHEN {slower} <= {most:g} THEN 'more' WHEN {slower} > {most:g} THEN 'much' END"
    )
    categories = [
        Category(
            (name,),
            words.text("wet", name, little=f"{least:g}", more=f"{most:g}"),
            symbol("marker", marker(colour, size=1.8, outline=(BASE["town"], 0.15), size_expression=size)),
        )
        for name, colour in WET.items()
    ]
    categories.append(
        Category(("not_served",), words.text("wet", "not_served"), status_marker("not_applicable", size))
    )
    categories.append(
        Category(("unknown",), words.text("wet", "unknown"), status_marker("not_measurable", size))
    )
    return _scored(chosen, categories, frame, words)


def measure_bounds(values: pd.Series[float], classes: int = CLASSES) -> list[float]:
    """
    Bound the classes of a measure by quantiles of what is above 0.

    Parameters
    ----------
    values : Series of float
        NaN and 0 belong to no class.
    classes : int
        How many there are at most.

    Returns
    -------
    list of float
        The upper bound of every class but the last, inclusive, rising, of three digits; fewer where many places share
        a value.

    Examples
    --------
    >>> measure_bounds(pd.Series([0.0, 1.0, 2.0, 3.0, 4.0]), 2)
    [2.5]
    """
    above = values[values > 0].to_numpy()
    if len(above) == 0:
        return []
    raw = np.quantile(above, np.linspace(0, 1, classes + 1)[1:-1])
    bounds = sorted({float(f"{bound:.3g}") for bound in raw})
    return [bound for bound in bounds if (above <= bound).any() and (above > bound).any()]


def measure_look(column: str, unit: str, frame: pd.DataFrame, words: Messages) -> Style:
    """
    Show a measure in classes of equally many settlements: more is darker, larger with more people.

    Parameters
    ----------
    column : str
        Column of the value.
    unit : str
        Its unit; what is told a person is shown for 10,000 people.
    frame : DataFrame
        The settlements' layer.
    words : Messages
        For the legend.

    Returns
    -------
    Style
        A ring where nothing is reached, stripes where there is no value.
    """
    size = people_size("population_persons", smallest=1.4, largest=5.5)
    bounds = measure_bounds(frame.loc[frame["in_study"], column])
    names = [f"class {number}" for number in range(len(bounds) + 1)]
    cases = "".join(
        f" WHEN \"{column}\" <= {bound!r} THEN '{name}'" for bound, name in zip(bounds, names, strict=False)
    )
    chosen = f"CASE WHEN \"{column}\" <= 0 THEN 'nothing'{cases} WHEN \"{column}\" IS NOT NULL THEN '{names[-1]}' END"
    looks = zip(names, _class_labels(bounds, unit, words), ramp(REACH, len(names))[::-1], strict=True)
    categories = [
        Category(
            (name,),
            label,
            symbol("marker", marker(colour, size=1.8, outline=(BASE["town"], 0.2), size_expression=size)),
        )
        for name, label, colour in looks
    ]
    nothing = marker(BASE["blank"], size=1.8, outline=(GAP["beyond"], 0.5), size_expression=size)
    categories.append(Category(("nothing",), words.text("measure", "nothing"), symbol("marker", nothing)))
    unknown = status_marker("not_measurable", size)
    categories.append(Category(("unknown",), words.text("measure", "no_value"), unknown))
    return _scored(chosen, categories, frame, words)


def _class_labels(bounds: Sequence[float], unit: str, words: Messages) -> list[str]:
    per_person = unit.endswith(" per person")
    factor = PEOPLE if per_person else 1.0
    told = (
        words.text("measure", "per_people", unit=words.unit(unit.removesuffix(" per person")))
        if per_person
        else words.unit(unit)
    )
    edges = [f"{bound * factor:.3g}" for bound in bounds]
    if not edges:
        return [words.text("measure", "any", unit=told)]
    middle = [
        words.text("measure", "between", low=low, high=high, unit=told) for low, high in pairwise(edges)
    ]
    return [
        words.text("measure", "first", high=edges[0], unit=told),
        *middle,
        words.text("measure", "last", low=edges[-1], unit=told),
    ]


def cells_look(stem: str, cutoffs_min: Sequence[float], frame: pd.DataFrame, words: Messages) -> Style:
    """
    Show cells of people by travel time.

    Parameters
    ----------
    stem : str
        What the columns of the service begin with.
    cutoffs_min : sequence of float
        Upper bounds of the classes, inclusive.
    frame : DataFrame
        The layer; its cells are drawn as wide as they are.
    words : Messages
        For the legend.

    Returns
    -------
    Style
        The sequence of isochrones up to the last cutoff, the sequence of gaps beyond.
    """
    minutes, status = f'"{stem}_min"', f'"{stem}_reach_status"'
    bounds = [f"{bound:g}" for bound in sorted(set(cutoffs_min))]
    side = float(frame["cell_width_m"].max()) if "cell_width_m" in frame.columns else 0.0
    cases = " ".join(f"WHEN {minutes} <= {bound} THEN '{bound}'" for bound in bounds)
    chosen = (
        f"CASE {cases} WHEN {minutes} > {bounds[-1]} THEN 'beyond' "
        f"WHEN {status} NOT IN ('unknown', 'not_snapped') THEN 'none' END"
    )
    looks = dict(zip(bounds, ramp(REACH, len(bounds)), strict=True))
    labelled = {bound: words.text("areas", "within", minutes=bound) for bound in bounds}
    labelled |= {name: words.text("cells", name, minutes=bounds[-1]) for name in ("beyond", "none")}
    looks |= {"beyond": GAP["beyond"], "none": GAP["none"]}
    categories = [
        Category((name,), labelled[name], symbol("marker", ground_square(colour, side)))
        for name, colour in looks.items()
    ]
    blank = symbol("marker", ground_square(BASE["place"], side))
    categories.append(Category((), words.text("cells", "unknown"), blank))
    return Style(categorised(chosen, categories), opacity=0.85)
