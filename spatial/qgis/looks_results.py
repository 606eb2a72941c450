"""The look of results, score and plans, and of what carries them: roads, water, boundaries, network and checks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple
from xml.etree.ElementTree import Element

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.messages import Words, locale_of
from spatial.qgis.layer import QgisMeta, service_name
from spatial.qgis.styles import (
    ACCENT,
    BASE,
    CERTAINTY,
    CHANGE,
    CLUSTERS,
    DEGURBA,
    GAP,
    INK,
    LAST_MILE,
    PLAN,
    QUALITATIVE,
    REACH,
    ROADS,
    SEASON,
    SHARES,
    STATUS,
    Category,
    Grown,
    Style,
    categorised,
    classes,
    faded_outside,
    fill,
    hatch,
    labels,
    line,
    marker,
    middle_of_line,
    name_expression,
    number,
    points,
    ramp,
    single,
    symbol,
)
from spatial.reporting.disclosure import SUPPRESSED
from spatial.reporting.score import level_breaks

# The look of what carries the results: roads, water, boundaries, network and checks.

MINOR_ROADS_SCALE = 500_000
"""Minor roads are drawn when the map is closer than 1 to this."""
MAIN_ROADS = ("motorway", "trunk", "primary", "motorway_link", "trunk_link", "primary_link")
LOCAL_MAIN_ROADS = ("secondary", "tertiary", "secondary_link", "tertiary_link", "unclassified", "road")


def classed(section: str, words: Words, looks: Mapping[str, Element], **values: tuple[str, ...]) -> list[Category]:
    """Class features by name; `values` are what belongs to a class, where it is not its name alone."""
    shown = {name: symbol("line", look) if look.tag == "layer" else look for name, look in looks.items()}
    return [Category(values.get(name, (name,)), words.say(section, name), look) for name, look in shown.items()]


def roads_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show roads in three greys by class; minor ones when near, so that a county is not drawn full of tracks."""
    looks = {
        "major": line(ROADS["major"], width=0.6),
        "middle": line(ROADS["middle"], width=0.4),
        "ferry": line(BASE["shore"], width=0.35, dash="1.6;1.2"),
        "minor": line(ROADS["minor"], width=0.25, drawn_if=f"@map_scale < {MINOR_ROADS_SCALE}"),
    }
    if "ferry" not in set(frame["road_class"]):
        del looks["ferry"]
    values = {"major": MAIN_ROADS, "middle": LOCAL_MAIN_ROADS, "minor": ()}
    return Style(categorised("road_class", classed("roads", words, looks, **values)))


def edges_look(words: Words) -> Style:
    """Show pieces of road by whether they are passable in every season."""
    looks = {
        "yes": line(SEASON["yes"], width=0.4),
        "unknown": line(SEASON["unknown"], width=0.35),
        "no": line(SEASON["no"], width=0.4, dash="1.8;1.0"),
    }
    return Style(categorised("all_season", classed("season", words, looks)))


def snaps_look(words: Words) -> Style:
    """Show the lines that join places to the network."""
    looks = {
        "ok": line(INK, width=0.25, dash="0.6;0.8"),
        "far": line(STATUS["not_met"], width=0.5, dash="1.2;0.8"),
        "none": line(GAP["none"], width=0.5),
    }
    return Style(categorised("snap_status", classed("snap", words, looks)))


def boundaries_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show boundaries thin and dark."""
    outline = symbol("fill", fill("", outline=BASE["boundary"], width=0.26))
    return Style(single(outline), opacity=0.8, display=name_expression(frame, words.language))


def water_look(geometry: str) -> Style:
    """Show water."""
    if geometry == "Polygon":
        return Style(single(symbol("fill", fill(BASE["water"], outline=BASE["shore"], width=0.12))))
    if geometry == "LineString":
        return Style(single(symbol("line", line(BASE["shore"], width=0.5))))
    return Style(single(symbol("marker", marker(BASE["water"], size=1.4, outline=BASE["shore"]))))


def study_area_look() -> Style:
    """Fade the ground outside the study area."""
    veil = symbol("fill", fill(BASE["outside"], outline=BASE["boundary"], width=0.35, alpha=0.6))
    return Style(faded_outside(veil))


def finding_look(geometry: str, position: int) -> Style:
    """Show what a check found."""
    colour = QUALITATIVE[position % len(QUALITATIVE)]
    if geometry == "Polygon":
        return Style(single(symbol("fill", fill("", outline=colour, width=0.4), hatch(colour))))
    if geometry == "LineString":
        return Style(single(symbol("line", line(BASE["blank"], width=1.3), line(colour, width=0.8))))
    ring = marker("", size=4.0, outline=colour, width=0.7)
    halo = marker("", size=4.0, outline=BASE["blank"], width=1.3)
    return Style(single(symbol("marker", halo, ring)))


# What looks of results share: settlements as dots whose area grows with people, areas, and what nobody knows.

VILLAGE_LABEL_SCALE = 60_000
"""Villages are named when the map is closer than 1 to this."""

NEAR_MISS_MIN = 5.0
"""Beyond a norm by no more than this is a near miss, as in the table of gaps; minutes."""

MEASURED = ("min", "m")
"""Units of norms that say how far; all others say what there must be."""

LEAST_SHARES = {"all": 1.0, "most": 0.9, "many": 0.75, "half": 0.5, "few": 0.0}
"""Classes of the share of people within a norm, by the least share of each, inclusive."""

FACILITY_SHAPES = ("square", "diamond", "pentagon", "cross_fill", "triangle", "hexagon", "star", "octagon")


WITHHELD_MM = 3.5
"""Size of a settlement of which the public is not told how many people."""
VILLAGE_SIZE = Grown("population_persons", smallest=1.4, largest=5.5)
"""Size of a settlement where its class is told by colour."""
LARGEST_FIRST = 'coalesce("population_persons", 0)'


def said(words: Words, section: str, names: Iterable[str], **values: object) -> dict[str, str]:
    """Label classes as the messages do."""
    return {name: words.say(section, name, **values) for name in names}


def spans(section: str, edges: Sequence[str], words: Words, **values: str) -> list[str]:
    """Label the classes below, between and above some bounds."""
    between = [words.say(section, "between", low=low, high=high, **values) for low, high in pairwise(edges)]
    ends = words.say(section, "first", high=edges[0], **values), words.say(section, "last", low=edges[-1], **values)
    return [ends[0], *between, ends[1]]


def cases(column: str, comparison: str, bounds: Mapping[str, object]) -> str:
    """Write the cases of an expression that classes a column by its bounds, the first that holds."""
    return " ".join(f"WHEN {column} {comparison} {bound} THEN '{name}'" for name, bound in bounds.items())


def dots(
    labels: Mapping[str, str], colours: Iterable[str], *, size: Grown = VILLAGE_SIZE, rim: float = 0.2
) -> list[Category]:
    """Class settlements by colour."""
    return [
        Category(
            (name,),
            label,
            symbol(
                "marker", marker(colour, size=1.8, outline=BASE["town"], width=rim, size_expression=size.expression)
            ),
        )
        for (name, label), colour in zip(labels.items(), colours, strict=True)
    ]


def marked(name: str, label: str, *, status: str = "not_measurable", size: Grown = VILLAGE_SIZE) -> Category:
    """Class settlements of which nobody knows, or that have no way; without a name all others."""
    return Category((name,) if name else (), label, status_marker(status, size))


def status_marker(status: str, size: Grown) -> Element:
    """Show a point of which nothing is told: a ring where nothing applies, stripes where nobody knows."""
    colour = STATUS[status]
    blank = marker(BASE["blank"], size=1.8, outline=colour, width=0.4, size_expression=size.expression)
    if status == "not_applicable":
        return symbol("marker", blank)
    stripe = marker(colour, size=1.8, shape="line", outline=colour, width=0.4, size_expression=size.expression)
    return symbol("marker", blank, stripe)


def scored(
    chosen: str, categories: Sequence[Category], frame: pd.DataFrame, words: Words, size: Grown = VILLAGE_SIZE
) -> Style:
    """Finish a look of settlements: places that serve and are not scored are not drawn, small places lie on top."""
    expression = f"CASE WHEN \"in_study\" THEN coalesce({chosen}, 'unknown') END"
    return classes(expression, categories, frame, words, order=LARGEST_FIRST, circles=size.legend(words))


def area(colour: str, *patterns: Element, alpha: float = 0.75) -> Element:
    """Show an area, with patterns above its colour."""
    return symbol("fill", fill(colour, alpha=alpha, outline=BASE["boundary"]), *patterns)


def patterned(status: str, *, angle: float = 45.0, alpha: float = 1.0) -> Element:
    """Show an area of which nothing is told: dots where nothing applies, stripes where nobody knows."""
    if status == "not_applicable":
        return area("", points(STATUS[status], distance=2.8, size=0.7), alpha=alpha)
    return area("", hatch(STATUS[status], distance=2.2, width=0.22, angle=angle), alpha=alpha)


def unmeasured() -> Element:
    """Show an area of which nobody knows the number that its neighbours are coloured by."""
    return area("", hatch(STATUS["not_measurable"], distance=2.2), alpha=1.0)


# The look of results: settlements, gaps, townships, facilities and routes.


def names_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show settlements as quiet dots with their names: towns always, villages when near."""
    sizes = {"city": 2.6, "county_seat": 2.4, "town": 1.9, "village": 1.0}
    looks = {
        tier: symbol("marker", marker(BASE["place" if tier == "village" else "town"], size=size))
        for tier, size in sizes.items()
        if tier in set(frame["tier"])
    }
    name = name_expression(frame, words.language)
    shown = f"CASE WHEN \"tier\" <> 'village' OR @map_scale < {VILLAGE_LABEL_SCALE} THEN {name} END"
    # Names may lie on the dots of villages, so that they find room beside the circles of people.
    named = labels(shown, kept_off=0.0) if name else None
    return Style(categorised("tier", classed("tiers", words, looks)), labelling=named, display=name)


class Scale(NamedTuple):
    """The colours of settlements by classes that a column holds, and what is said of those without one."""

    colours: Mapping[str, str]  # by class
    unknown: str  # section of the messages that says what nobody knows
    rim: float = 0.2  # mm
    has_none: bool = False  # whether some have no way at all


SCALES = {
    "last_mile": Scale(LAST_MILE, "last_mile", rim=0.15),
    "how_sure": Scale(CERTAINTY, "how_sure"),
    "change": Scale(CHANGE, "cells", has_none=True),
    "cluster": Scale(CLUSTERS, "cluster"),
}
"""By the section of the messages that says the classes."""


def scale_look(section: str, column: str, frame: pd.DataFrame, words: Words, **values: object) -> Style:
    """Show settlements by the class that a column holds, larger with more people."""
    scale = SCALES[section]
    categories = dots(said(words, section, scale.colours, **values), scale.colours.values(), rim=scale.rim)
    if scale.has_none:
        categories.append(marked("none", words.say(section, "none"), status="not_applicable"))
    categories.append(marked("unknown", words.say(scale.unknown, "unknown")))
    return scored(f'"{column}"', categories, frame, words)


def gap_look(frame: pd.DataFrame, words: Words, *, below: int = 0) -> Style:
    """Show who is beyond one norm by how far, larger with more people; a diamond where few (`below`) are hidden."""
    size = Grown("persons_unserved", smallest=2.0, largest=7.5)
    first = frame.iloc[0]
    threshold, unit = float(first["threshold"]), str(first["unit"])
    is_measured = unit in MEASURED
    near = threshold + NEAR_MISS_MIN if unit == MEASURED[0] else threshold
    bounds = {"low": near, "near": near, "twice": max(2.0 * threshold, near)}
    told = {name: words.limit(value, unit) for name, value in bounds.items()}
    present = set(frame["gap_class"])
    # One expression for all, since QGIS draws circles in the legend only where every class grows in the same way.
    is_hidden = withheld(frame, "persons_unserved")
    grown = f"CASE WHEN {is_hidden} THEN {WITHHELD_MM:g} ELSE {size.expression} END" if is_hidden else size.expression
    categories = []
    for name in GAP:
        for ending, rim in (("", BASE["blank"]), ("_mapped", INK)):
            if f"{name}{ending}" not in present:
                continue
            outline = marker(
                GAP[name],
                size=2.5,
                outline=rim,
                width=0.35,
                size_expression=grown,
                shape=f"CASE WHEN {is_hidden} THEN 'diamond' ELSE 'circle' END" if is_hidden else "circle",
            )
            # Of a norm of less than five minutes whoever is narrowly beyond may be beyond twice the norm.
            told_as = "over" if name == "far" and near > 2.0 * threshold else name
            label = words.say("gap", told_as if is_measured else "without", **told)
            shown = words.say("gap", "mapped", label=label) if ending else label
            categories.append(Category((f"{name}{ending}",), shown, symbol("marker", outline)))
    if "mobile_service" in present:
        ring = marker(BASE["blank"], size=2.5, size_expression=grown, outline=GAP["beyond"], width=0.5)
        label = words.say("gap", "mobile_service")
        categories.append(Category(("mobile_service",), label, symbol("marker", ring)))
    if is_hidden:
        # No feature is of this class: it says in the legend what the shape means, whatever the colour.
        diamond = marker(BASE["blank"], size=2.5, shape="diamond", outline=BASE["town"], size_expression=grown)
        withheld_label = words.say("status", "withheld", number=below)
        categories.append(Category(("withheld",), withheld_label, symbol("marker", diamond)))
    order = 'coalesce("persons_unserved", 0)'
    return classes("gap_class", categories, frame, words, order=order, circles=size.legend(words, grown))


def withheld(frame: pd.DataFrame, column: str) -> str:
    """Write the expression that holds where a number of people is not told; empty where all are."""
    if SUPPRESSED.name not in frame or not frame[SUPPRESSED.name].fillna("").str.split().map(set).ge({column}).any():
        return ""
    return f"array_contains(string_to_array(\"{SUPPRESSED.name}\", ' '), '{column}')"


def share_fill_look(stem: str, frame: pd.DataFrame, words: Words, *, below: int = 0, places: bool = False) -> Style:
    """Show areas by the share beyond a norm; what would tell of fewer than `below` has dots on grey."""
    status, share = f"{stem}_status", f'"{stem}_share"'
    labelled = said(words, "shares", SHARES)
    if places:
        labelled["all"] = words.say("shares", "all_places")
    if (frame[status] == "not_measurable").any():
        labelled = {name: words.say("gap", "mapped", label=label) for name, label in labelled.items()}
    categories = [Category((name,), labelled[name], area(colour)) for name, colour in SHARES.items()]
    others = {name: patterned(name, alpha=0.0) for name in ("not_applicable", "not_measurable")}
    categories += classed("status", words, others)
    is_hidden = f"{share} IS NULL AND \"{status}\" IN ('met', 'not_met')"
    if below and (frame[f"{stem}_share"].isna() & frame[status].isin(["met", "not_met"])).any():
        dotted = area(BASE["outside"], points(BASE["town"], distance=2.2, size=0.5), alpha=1.0)
        categories.append(Category(("withheld",), words.say("status", "withheld", number=below), dotted))
    least = {name: f"{bound:g}" for name, bound in LEAST_SHARES.items()}
    chosen = (
        f"CASE WHEN \"{status}\" IS NULL OR \"{status}\" = 'not_applicable' THEN 'not_applicable' "
        f"WHEN {is_hidden} THEN 'withheld' WHEN {share} IS NULL THEN 'not_measurable' {cases(share, '>=', least)} END"
    )
    return classes(chosen, categories, frame, words)


def facilities_look(frame: pd.DataFrame, words: Words, meta: QgisMeta, *, only: Collection[str] | None = None) -> Style:
    """Show facilities by service."""
    categories = []
    for position, service in enumerate(sorted(set(frame["service"]))):
        if only is not None and service not in only:
            continue
        colour = QUALITATIVE[position % len(QUALITATIVE)]
        shape = FACILITY_SHAPES[(position + position // len(QUALITATIVE)) % len(FACILITY_SHAPES)]
        look = symbol("marker", marker(colour, size=2.4, shape=shape, outline=BASE["blank"], width=0.25))
        categories.append(Category((service,), service_name(service, words, meta), look))
    return classes("service", categories, frame, words)


def routes_look() -> Style:
    """Show ways to the nearest facility of one service, darker where many share a road."""
    return Style(single(symbol("line", line(ACCENT, width=0.5, alpha=0.3))))


def flows_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show flows of one kind as straight lines, wider and on top with more volume."""
    values = frame["volume"].to_numpy()
    steps = {float(f"{bound:.1g}") for bound in np.quantile(values, (0.5, 0.8, 0.95))}
    bounds = [bound for bound in sorted(steps) if values.min() < bound < values.max()]
    names = [f"to {bound:g}" for bound in bounds]
    edges = [words.figure(bound) for bound in bounds]
    told = spans("flow", edges, words) if bounds else [words.say("flow", "all")]
    widths = ((0.15, 0.25), (0.35, 0.45), (0.8, 0.7), (1.5, 0.85))[4 - len(told) :]
    categories = [
        Category((name,), label, symbol("line", line(ACCENT, width=width, alpha=alpha)))
        for name, label, (width, alpha) in zip([*names, "more"], told, widths, strict=True)
    ]
    within = cases('"volume"', "<=", {name: f"{bound:g}" for name, bound in zip(names, bounds, strict=True)})
    chosen = f"CASE {within} ELSE 'more' END" if bounds else "'more'"
    # The widest last: QGIS draws in falling order of what is sorted by.
    return Style(categorised(chosen, categories, order='-"volume"'))


# The look of plans: what to do in ink, numbered in order, above whom it serves and who is still left out.

SITE, SIZED, BRIDGE = "open_site", "open_site_sized", "build_link_water"
ROOM = ("share_room", "enlarge_site", SIZED, "close_site")
"""Kinds of actions that are drawn in their own way; the others are thick lines."""


def actions_look(frame: gpd.GeoDataFrame, words: Words) -> Style:
    """Show actions in ink with their numbers: sites as discs, links and roads as thick lines, bridges dashed."""

    def look(kind: str) -> Element:
        size = 5.0 if kind == SITE else 4.2
        # By its name: a legend beside a township of the atlas would take what stands there in that column's place.
        step = "coalesce(attribute($currentfeature, 'step'), 1)"
        text = number(step, size=0.64 * size, colour=BASE["blank"])
        disc = symbol("marker", marker(INK, size=size, width=0.5), text)
        if kind == SITE:
            return disc
        if kind in ROOM:  # a line to each settlement that it takes people of
            return symbol("line", line(BASE["blank"], width=0.9), line(INK, width=0.4))
        halo, ink = line(BASE["blank"], width=2.0), line(INK, width=1.2, dash="3;1.4" if kind == BRIDGE else "")
        return symbol("line", halo, ink, middle_of_line(disc))

    is_bridge = (frame["action"] == "build_link") & frame["crosses_water"]
    # A site whose size is planned has a line to each settlement, too.
    is_sized = (frame["action"] == SITE) & (frame.geom_type != "Point")
    kinds = sorted(frame["action"].mask(is_bridge, BRIDGE).mask(is_sized, SIZED).unique())
    chosen = (
        f"CASE WHEN \"action\" = 'build_link' AND \"crosses_water\" THEN '{BRIDGE}' "
        f"WHEN \"action\" = '{SITE}' AND {'true' if is_sized.any() else 'false'} THEN '{SIZED}' "
        'ELSE "action" END'
    )
    categories = classed("plan_action", words, {kind: look(kind) for kind in kinds})
    # A name on a link would hide its number.
    named = labels('"place"', size=9.0, colour=INK) if SITE in kinds else None
    return Style(categorised(chosen, categories), labelling=named, display='"place"')


def ranked_look() -> Style:
    """Show chosen sites as discs with their rank."""
    size = 5.0
    text = number('"rank"', size=0.64 * size, colour=BASE["blank"])
    return Style(single(symbol("marker", marker(INK, size=size, width=0.5), text)))


def stops_look() -> Style:
    """Show where a mobile service stops as squares with the day in them."""
    size = 4.2
    square = marker(BASE["blank"], size=size, shape="square", outline=INK, width=0.35)
    day = number('"day"', size=0.64 * size, colour=INK)
    return Style(
        single(symbol("marker", square, day)), labelling=labels('"place"', size=8.0, colour=INK), display='"place"'
    )


def people_look(section: str, frame: pd.DataFrame, words: Words) -> Style:
    """Show settlements by what a plan does for them, larger with more people; those within already are small."""
    size = Grown("persons", smallest=1.8, largest=6.5)
    # One expression for all, since QGIS draws circles in the legend only where every class grows in the same way.
    grown = f"({size.expression}) * CASE WHEN \"outcome\" = 'within' THEN 0.5 ELSE 1 END"
    looks = {
        "gained": marker(PLAN["gained"], size=2.5, size_expression=grown),
        "beyond": marker(PLAN["beyond"], size=2.5, size_expression=grown),
        "none_reached": marker(BASE["blank"], size=2.5, outline=PLAN["beyond"], width=0.6, size_expression=grown),
        "within": marker(PLAN["within"], size=2.5, width=0.1, size_expression=grown),
    }
    symbols = {name: symbol("marker", look) for name, look in looks.items()}
    stripe = marker(STATUS["not_measurable"], size=2.5, shape="line", width=0.4, size_expression=grown)
    symbols["unknown"] = symbol("marker", marker(BASE["blank"], size=2.5, width=0.4, size_expression=grown), stripe)
    return _by_outcome(symbols, section, frame, words, size.legend(words, grown))


def units_look(section: str, frame: pd.DataFrame, words: Words) -> Style:
    """Show townships by what a plan does for them."""
    symbols = {name: area(colour, alpha=0.55) for name, colour in PLAN.items()}
    return _by_outcome(symbols | {"unknown": unmeasured()}, section, frame, words)


def _by_outcome(
    symbols: dict[str, Element], section: str, frame: pd.DataFrame, words: Words, sizes: Sequence[Element] = ()
) -> Style:
    """Class units by outcome, in the order of the legend; those of few people lie on top."""
    present = set(frame["outcome"])
    categories = classed(section, words, {name: look for name, look in symbols.items() if name in present})
    return classes("outcome", categories, frame, words, order='coalesce("persons", 0)', circles=sizes)


MOST_INDEX = {"all": 0.05, "most": 0.1, "many": 0.2, "half": 0.4}
"""Classes of the segmentation index, by the highest of each, inclusive; more is the last class."""

LEAST_FULCRUM = {"most": 0.2, "many": 0.1, "some": 0.05, "few": 0.0}
"""Classes of the fulcrum index, by the least of each, inclusive."""

LEAST_COMPLETE = {"all": 1.0, "most": 0.9, "many": 0.75, "half": 0.5, "few": 0.0}
"""Classes of functional completeness, by the least of each, inclusive."""

TOWN_SIZE = Grown("population_persons", smallest=2.6, largest=6.5)


def least_levels(low: float, high: float) -> dict[str, float]:
    """Class levels by the bands of a study, as on its pages."""
    return dict(zip(SHARES, level_breaks((low, high)), strict=True))


def level_fill_look(frame: pd.DataFrame, words: Words, least: Mapping[str, float]) -> Style:
    """Show the integration level of areas, with the level as label."""
    chosen = _classed('"integration_level"', least)
    return _graduated(chosen, _at_least("level", least, words), "integration_level", frame, words)


def gap_index_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show the segmentation index of areas, with the index as label."""
    column = '"segmentation_index"'
    told = spans("gap_index", [bound_text(most, words) for most in MOST_INDEX.values()], words)
    labelled = dict(zip([*MOST_INDEX, "few"], told, strict=True))
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
    chosen = "coalesce(\"mandatory_status\", 'unknown')"
    failing = "nullif(replace(\"failed_gates\", ';', '\\n'), '')"
    return classes(chosen, classed("gates", words, looks), frame, words, label=failing, size=8)


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
    told = f"CASE WHEN \"differ_persons\" >= 0.5 THEN '≠ ' || {written('differ_persons', '0', words)} END"
    chosen = 'CASE WHEN "degurba_level2" > 0 THEN to_string("degurba_level2") END'
    return classes(chosen, categories, frame, words, label=told)


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
    named = 'CASE WHEN "fua_part" = \'city\' THEN "fua_name" END'
    return classes('"fua_method" || \' \' || "fua_part"', categories, frame, words, label=named)


def fulcrum_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show towns by how far they are a fulcrum between village and county seat, with name and index."""
    labelled = _at_least("fulcrum", LEAST_FULCRUM, words)
    colours = ramp(REACH, len(LEAST_FULCRUM) + 1)[: len(LEAST_FULCRUM)]
    categories = dots(labelled, colours, size=TOWN_SIZE)
    categories.append(marked("", words.say("fulcrum", "none"), status="not_applicable", size=TOWN_SIZE))
    chosen = _classed('"fulcrum_index"', LEAST_FULCRUM)
    return _towns(chosen, categories, unambiguous("fulcrum_index", chosen, words), frame, words)


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


def written(column: str, decimals: str, words: Words) -> str:
    """Write a number as the language of the project does, not as that of who opens it."""
    return f"format_number(\"{column}\", {decimals}, '{locale_of(words.language)}')"


def unambiguous(column: str, chosen: str, words: Words) -> str:
    """Write two decimals of a number, or four where two would be of another class than that of its colour."""
    rounded = chosen.replace(f'"{column}"', f'round("{column}", 2)')
    return written(column, f"CASE WHEN ({rounded}) IS ({chosen}) THEN 2 ELSE 4 END", words)


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
    return classes(chosen, categories, frame, words, label=unambiguous(column, chosen, words))
