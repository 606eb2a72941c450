"""The look of the score: levels, the gap index, failed gates, clusters, types of settlements, towns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from spatial.qgis.looks_results import (
    LARGEST_FIRST,
    VILLAGE_SIZE,
    area,
    cases,
    classed,
    dots,
    marked,
    patterned,
    said,
    scored,
    unmeasured,
)
from spatial.qgis.styles import (
    BASE,
    DEGURBA,
    INK,
    REACH,
    SHARES,
    STATUS,
    Category,
    Grown,
    Style,
    categorised,
    fill,
    hatch,
    labels,
    line,
    marker,
    name_expression,
    ramp,
    single,
    symbol,
)

if TYPE_CHECKING:
    import pandas as pd

    from spatial.messages import Words


MOST_INDEX = {"all": 0.05, "most": 0.1, "many": 0.2, "half": 0.4}
"""Classes of the segmentation index, by the highest of each, inclusive; more is the last class."""

LEAST_FULCRUM = {"most": 0.2, "many": 0.1, "some": 0.05, "few": 0.0}
"""Classes of the fulcrum index, by the least of each, inclusive."""

LEAST_COMPLETE = {"all": 1.0, "most": 0.9, "many": 0.75, "half": 0.5, "few": 0.0}
"""Classes of functional completeness, by the least of each, inclusive."""

TOWN_SIZE = Grown("population_persons", smallest=2.6, largest=6.5)


def least_levels(low: float, high: float) -> dict[str, float]:
    """
    Class levels by the bands of a study, both of which are halved, as on its pages.

    Examples
    --------
    >>> least_levels(0.5, 0.8)
    {'all': 0.9, 'most': 0.8, 'many': 0.65, 'half': 0.5, 'few': 0.0}
    """
    least = ((1.0 + high) / 2.0, high, (low + high) / 2.0, low, 0.0)
    return {name: round(value, 3) for name, value in zip(SHARES, least, strict=True)}


def level_fill_look(frame: pd.DataFrame, words: Words, least: Mapping[str, float]) -> Style:
    """Show the integration level of areas, with the level as label."""
    chosen = _classed('"integration_level"', least)
    return _graduated(chosen, _at_least("level", least, words), "integration_level", frame, words)


def gap_index_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show the segmentation index of areas, with the index as label."""
    column = '"segmentation_index"'
    edges = [bound_text(most, words) for most in MOST_INDEX.values()]
    labelled = {"all": words.say("gap_index", "first", high=edges[0])}
    for name, low, high in zip(list(MOST_INDEX)[1:], edges, edges[1:], strict=False):
        labelled[name] = words.say("gap_index", "between", low=low, high=high)
    labelled["few"] = words.say("gap_index", "last", low=edges[-1])
    most = {name: f"{bound:g}" for name, bound in MOST_INDEX.items()}
    chosen = f"CASE {cases(column, '<=', most)} WHEN {column} IS NOT NULL THEN 'few' END"
    return _graduated(chosen, labelled, "segmentation_index", frame, words)


def gates_look(frame: pd.DataFrame, words: Words) -> Style:
    """Mark areas by their mandatory norms, so that the mark can lie over any other look."""
    failed, passed = STATUS["not_met"], STATUS["met"]
    looks = {
        "fail": symbol("fill", fill("", outline=failed, width=0.9), hatch(failed, distance=3.2, width=0.35)),
        "unknown": patterned("not_measurable", angle=135.0),
        "pass": symbol("fill", fill("", outline=passed, width=0.6)),
        "none_applicable": patterned("not_applicable"),
    }
    categories = classed("gates", words, looks)
    return Style(
        categorised("coalesce(\"mandatory_status\", 'unknown')", categories),
        labelling=labels("nullif(replace(\"failed_gates\", ';', '\\n'), '')", size=8, on_areas=True),
        display=name_expression(frame, words.language),
    )


def level_look(frame: pd.DataFrame, words: Words, least: Mapping[str, float]) -> Style:
    """Show the level of settlements, larger with more people."""
    labelled = _at_least("level", least, words)
    categories = dots({name: labelled[name] for name in SHARES}, SHARES.values())
    categories.append(marked("unknown", words.say("level", "unknown")))
    return scored(_classed('"integration_level"', least), categories, frame, words)


def types_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show settlements by the Degree of Urbanisation, with the official class beside it."""
    keys = ["degurba_code", "official_class", "classes_differ"]
    scoped = frame.loc[frame["in_study"].astype(bool) & frame["degurba_code"].notna(), keys]
    found = {
        (int(code), official if isinstance(official, str) else "", bool(differ))
        for code, official, differ in scoped.itertuples(index=False)
    }
    categories = []
    for code, official, differ in sorted(found, key=lambda one: (-one[0], one[2], one[1])):
        if code not in DEGURBA:
            continue
        value = f"{code} {official} {'differ' if differ else 'same'}"
        kind = words.say("degurba", str(code))
        key = f"{official or 'unknown'}{'_differs' if differ else ''}"
        label = words.say("degurba", key, kind=kind, code=str(code))
        look = marker(
            DEGURBA[code],
            size=1.8,
            shape="square" if official == "urban" else "circle",
            outline=INK if differ else BASE["town"],
            width=0.6 if differ else 0.15,
            size_expression=VILLAGE_SIZE.expression,
        )
        categories.append(Category((value,), label, symbol("marker", look)))
    categories.append(marked("unknown", words.say("degurba", "unknown_type")))
    chosen = (
        'CASE WHEN "degurba_code" > 0 THEN "degurba_code" || \' \' || coalesce("official_class", \'\') || '
        "CASE WHEN \"classes_differ\" THEN ' differ' ELSE ' same' END END"
    )
    return scored(chosen, categories, frame, words)


def unit_types_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show the Degree of Urbanisation of areas, with the people whom it classes otherwise than officially as label."""
    found = {int(code) for code in frame["degurba_level2"].dropna()}
    categories = [
        Category(
            (str(code),),
            words.say("unit_type", "kind", kind=words.say("unit_type", str(code)), code=str(code)),
            area(colour),
        )
        for code, colour in DEGURBA.items()
        if code in found
    ]
    categories.append(Category((), words.say("unit_type", "unknown"), unmeasured()))
    told = 'CASE WHEN "differ_persons" >= 0.5 THEN \'≠ \' || format_number("differ_persons", 0) END'
    return Style(
        categorised('CASE WHEN "degurba_level2" > 0 THEN to_string("degurba_level2") END', categories),
        labelling=labels(told, size=9, on_areas=True),
        display=name_expression(frame, words.language),
    )


def functional_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show functional urban areas, with the name of the area as label."""
    city, zone = DEGURBA[30], DEGURBA[22]
    stripes = hatch(INK, distance=2.6, width=0.25)
    looks = {
        "fua city": area(city),
        "fua commuting_zone": area(zone, alpha=0.6),
        "fua enclave": area(zone, alpha=0.25),
        "fua_proxy city": area(city, stripes),
        "fua_proxy catchment": area(zone, stripes, alpha=0.4),
    }
    found = {f"{method} {part}" for method, part in zip(frame["fua_method"], frame["fua_part"], strict=True)}
    present = {value.replace(" ", "_"): look for value, look in looks.items() if value in found}
    values = {value.replace(" ", "_"): (value,) for value in looks}
    categories = classed("functional", words, present | {"none": area("", alpha=1.0)}, **values, none=())
    return Style(
        categorised('"fua_method" || \' \' || "fua_part"', categories),
        labelling=labels('CASE WHEN "fua_part" = \'city\' THEN "fua_name" END', size=9, on_areas=True),
        display=name_expression(frame, words.language),
    )


def fulcrum_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show towns by how far they are a fulcrum between village and county seat, with name and index."""
    labelled = _at_least("fulcrum", LEAST_FULCRUM, words)
    colours = ramp(REACH, len(LEAST_FULCRUM) + 1)[: len(LEAST_FULCRUM)]
    categories = dots(labelled, colours, size=TOWN_SIZE)
    categories.append(marked("", words.say("fulcrum", "none"), status="not_applicable", size=TOWN_SIZE))
    chosen = _classed('"fulcrum_index"', LEAST_FULCRUM)
    return _towns(chosen, categories, unambiguous("fulcrum_index", chosen), frame, words)


def completeness_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show towns by the services of their tier that they have, with name and counts."""
    categories = dots(said(words, "complete", LEAST_COMPLETE), SHARES.values(), size=TOWN_SIZE)
    categories.append(marked("", words.say("complete", "none"), status="not_applicable", size=TOWN_SIZE))
    told = (
        'CASE WHEN "required_services" > 0 '
        'THEN to_string("present_services") || \'/\' || to_string("required_services") END'
    )
    return _towns(_classed('"completeness"', LEAST_COMPLETE), categories, told, frame, words)


def potential_look() -> Style:
    """Show modelled flows as broken lines, so that nobody takes them for observed ones."""
    return Style(single(symbol("line", line(STATUS["not_measurable"], width=0.4, dash="2;1.2", alpha=0.6))))


def _towns(chosen: str, categories: list[Category], told: str, frame: pd.DataFrame, words: Words) -> Style:
    name = name_expression(frame, words.language) or '"settlement_id"'
    shown = f"coalesce({name}, '') || coalesce(' ' || {told}, '')"
    renderer = categorised(chosen, categories, order=LARGEST_FIRST, sizes=TOWN_SIZE.legend(words))
    return Style(renderer, labelling=labels(shown, size=8), display=name)


def unambiguous(column: str, chosen: str) -> str:
    """
    Write two decimals of a number, or four where two would be of another class than the one that it is coloured by.

    Examples
    --------
    >>> print(unambiguous("level", 'CASE WHEN "level" >= 0.8 THEN 1 END'))  # doctest: +NORMALIZE_WHITESPACE
    format_number("level", CASE WHEN (CASE WHEN round("level", 2) >= 0.8 THEN 1 END) IS
      (CASE WHEN "level" >= 0.8 THEN 1 END) THEN 2 ELSE 4 END)
    """
    rounded = chosen.replace(f'"{column}"', f'round("{column}", 2)')
    return f'format_number("{column}", CASE WHEN ({rounded}) IS ({chosen}) THEN 2 ELSE 4 END)'


def _classed(column: str, least: Mapping[str, float]) -> str:
    return f"CASE {cases(column, '>=', {name: f'{value:g}' for name, value in least.items()})} END"


def _at_least(section: str, least: Mapping[str, float], words: Words) -> dict[str, str]:
    """Label classes by their bounds, the highest first, with as many decimals as the labels on the map."""
    names, bounds = list(least), [bound_text(value, words) for value in least.values()]
    labelled = {names[0]: words.say(section, "first", low=bounds[0])}
    for name, low, high in zip(names[1:-1], bounds[1:], bounds, strict=False):
        labelled[name] = words.say(section, "between", low=low, high=high)
    labelled[names[-1]] = words.say(section, "last", high=bounds[-2])
    return labelled


def bound_text(value: float, words: Words) -> str:
    """Write where a class ends: with two decimals, or with three where it has them."""
    return words.number(value, decimals=2 if round(value, 2) == value else 3)


def _graduated(chosen: str, labelled: Mapping[str, str], column: str, frame: pd.DataFrame, words: Words) -> Style:
    """Show areas by class, with the number of a column as label."""
    categories = [Category((name,), labelled[name], area(colour)) for name, colour in SHARES.items()]
    categories.append(Category((), words.say("level", "unknown"), unmeasured()))
    return Style(
        categorised(chosen, categories),
        labelling=labels(unambiguous(column, chosen), size=9, on_areas=True),
        display=name_expression(frame, words.language),
    )
