"""The look of results, and of what carries them: roads, water, boundaries, network and checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatial.qgis.meta import service_name
from spatial.qgis.styles import (
    ACCENT,
    BASE,
    GAP,
    INK,
    LAST_MILE,
    QUALITATIVE,
    ROADS,
    SEASON,
    SHARES,
    STATUS,
    Category,
    Style,
    categorised,
    faded_outside,
    fill,
    hatch,
    labels,
    line,
    marker,
    name_expression,
    points,
    single,
    symbol,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from xml.etree.ElementTree import Element

    import pandas as pd

    from spatial.messages import Words
    from spatial.qgis.meta import QgisMeta


# The look of what carries the results: roads, water, boundaries, network and checks.

MAIN_ROADS = ("motorway", "trunk", "primary", "motorway_link", "trunk_link", "primary_link")
LOCAL_MAIN_ROADS = ("secondary", "tertiary", "secondary_link", "tertiary_link", "unclassified", "road")


def _line_categories(looks: Sequence[tuple[tuple[str, ...], str, Element]]) -> list[Category]:
    return [Category(values, label, symbol("line", look)) for values, label, look in looks]


def roads_look(words: Words) -> Style:
    """Show roads in three greys by class."""
    looks = [
        (MAIN_ROADS, words.say("roads", "major"), line(ROADS["major"], width=0.6)),
        (LOCAL_MAIN_ROADS, words.say("roads", "middle"), line(ROADS["middle"], width=0.4)),
        (("ferry",), words.say("roads", "ferry"), line(BASE["shore"], width=0.35, dash="1.6;1.2")),
        ((), words.say("roads", "minor"), line(ROADS["minor"], width=0.25)),
    ]
    return Style(categorised("road_class", _line_categories(looks)))


def edges_look(words: Words) -> Style:
    """Show pieces of road by whether they are passable in every season."""
    looks = [
        (("yes",), words.say("season", "yes"), line(SEASON["yes"], width=0.4)),
        (("unknown",), words.say("season", "unknown"), line(SEASON["unknown"], width=0.35)),
        (("no",), words.say("season", "no"), line(SEASON["no"], width=0.4, dash="1.8;1.0")),
    ]
    return Style(categorised("all_season", _line_categories(looks)))


def snaps_look(words: Words) -> Style:
    """Show the lines that join places to the network."""
    looks = [
        (("ok",), words.say("snap", "ok"), line(INK, width=0.25, dash="0.6;0.8")),
        (("far",), words.say("snap", "far"), line(STATUS["not_met"], width=0.5, dash="1.2;0.8")),
        (("none",), words.say("snap", "none"), line(GAP["none"], width=0.5)),
    ]
    return Style(categorised("snap_status", _line_categories(looks)))


def boundaries_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show boundaries thin and dark."""
    outline = symbol("fill", fill("", outline=BASE["boundary"], width=0.18))
    return Style(single(outline), opacity=0.8, display=name_expression(frame, words.language))


def water_look(geometry: str) -> Style:
    """Show water."""
    if geometry == "Polygon":
        return Style(single(symbol("fill", fill(BASE["water"], outline=BASE["shore"], width=0.12))))
    if geometry == "LineString":
        return Style(single(symbol("line", line(BASE["shore"], width=0.5))))
    return Style(single(symbol("marker", marker(BASE["water"], size=1.4, outline=(BASE["shore"], 0.2)))))


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
    ring = marker("", size=4.0, outline=(colour, 0.7))
    halo = marker("", size=4.0, outline=(BASE["blank"], 1.3))
    return Style(single(symbol("marker", halo, ring)))


# The look of results: settlements, gaps, townships, facilities and routes.

VILLAGE_LABEL_SCALE = 60_000
"""Villages are named when the map is closer than 1 to this."""

LEAST_SHARES = {"all": 1.0, "most": 0.9, "many": 0.75, "half": 0.5, "few": 0.0}
"""Classes of the share of people within a norm, by the least share of each, inclusive."""

FACILITY_SHAPES = ("square", "diamond", "pentagon", "cross_fill", "triangle", "hexagon", "star", "octagon")


def people_size(column: str, *, smallest: float, largest: float) -> str:
    """Write a size whose area grows with people."""
    grown = f'{largest - smallest:g} * sqrt(min(coalesce("{column}", 0), 10000) / 10000)'
    return f"{smallest:g} + {grown}"


VILLAGE_SIZE = people_size("population_persons", smallest=1.4, largest=5.5)
"""Size of a settlement where its class is told by colour."""


def status_marker(status: str, size: str) -> Element:
    """Show a point by norm status."""
    colour = STATUS[status]
    blank = marker(BASE["blank"], size=1.6, outline=(colour, 0.4), size_expression=size)
    if status == "not_applicable":
        return symbol("marker", blank)
    if status == "not_measurable":
        stroke = marker(colour, size=1.6, shape="line", outline=(colour, 0.4), angle=45, size_expression=size)
        return symbol("marker", blank, stroke)
    return symbol("marker", marker(colour, size=1.8, size_expression=size))


def unscored(words: Words) -> Category:
    """Show places that serve and are not scored."""
    faint = symbol("marker", marker(ROADS["minor"], size=1.2, outline=(ROADS["middle"], 0.2)))
    return Category((), words.say("status", "unscored"), faint)


def settlements_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show settlements by their worst norm status, larger with more people."""
    size = people_size("population_persons", smallest=1.3, largest=5.5)
    categories = [
        Category((status,), words.say("status", status), status_marker(status, size)) for status in STATUS
    ]
    categories.append(unscored(words))
    order = 'coalesce("population_persons", 0)'
    return Style(
        categorised("norm_status", categories, order=order), display=name_expression(frame, words.language)
    )


def names_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show settlements as quiet dots with their names: towns always, villages when near."""
    sizes = {"city": 2.6, "county_seat": 2.4, "town": 1.9, "village": 1.0}
    categories = [
        Category(
            (tier,),
            words.say("tiers", tier),
            symbol("marker", marker(BASE["place" if tier == "village" else "town"], size=size)),
        )
        for tier, size in sizes.items()
        if tier in set(frame["tier"])
    ]
    name = name_expression(frame, words.language)
    shown = f"CASE WHEN \"tier\" <> 'village' OR @map_scale < {VILLAGE_LABEL_SCALE} THEN {name} END"
    return Style(categorised("tier", categories), labelling=labels(shown) if name else None, display=name)


def last_mile_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show settlements by their way to an all-season road, larger with more people."""
    size = people_size("population_persons", smallest=1.5, largest=5.5)
    categories = [
        Category(
            (name,),
            words.say("last_mile", name),
            symbol("marker", marker(colour, size=1.8, outline=(BASE["town"], 0.15), size_expression=size)),
        )
        for name, colour in LAST_MILE.items()
    ]
    categories.append(Category((), words.say("last_mile", "unknown"), status_marker("not_measurable", size)))
    order = 'coalesce("population_persons", 0)'
    return Style(
        categorised("last_mile_class", categories, order=order),
        display=name_expression(frame, words.language),
    )


def gap_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show gaps by how far beyond the norm they are, larger with more people."""
    size = people_size("persons_unserved", smallest=2.0, largest=7.5)
    categories = []
    present = set(frame["gap_class"])
    mapped = [name for name in GAP if f"{name}_mapped" in present]
    measured = [name for name in GAP if name in present or not mapped]
    for name in measured:
        look = symbol("marker", marker(GAP[name], size=2.5, size_expression=size))
        categories.append(Category((name,), words.say("gap", name), look))
    for name in mapped:
        label = words.say("gap", "mapped", label=words.say("gap", name))
        look = symbol(
            "marker",
            marker(GAP[name], size=2.5, size_expression=size),
            marker(BASE["blank"], size=0.8, size_expression=f"({size}) * 0.28", outline=(BASE["blank"], 0)),
        )
        categories.append(Category((f"{name}_mapped",), label, look))
    if "mobile_service" in present:
        look = symbol(
            "marker", marker(BASE["blank"], size=2.5, size_expression=size, outline=(GAP["beyond"], 0.5))
        )
        categories.append(Category(("mobile_service",), words.say("gap", "mobile_service"), look))
    categories.append(Category((), words.say("gap", "unknown"), status_marker("not_measurable", size)))
    name = name_expression(frame, words.language)
    return Style(categorised("gap_class", categories, order='coalesce("persons_unserved", 0)'), display=name)


def _area(colour: str, *, alpha: float) -> Element:
    return fill(colour, alpha=alpha, outline=BASE["boundary"], width=0.2)


def status_fill_look(column: str, frame: pd.DataFrame, words: Words) -> Style:
    """Show areas by norm status."""
    looks = {
        "met": symbol("fill", _area(STATUS["met"], alpha=0.3)),
        "not_met": symbol("fill", _area(STATUS["not_met"], alpha=0.3)),
        "not_applicable": _patterned_fill("not_applicable"),
        "not_measurable": _patterned_fill("not_measurable"),
    }
    categories = [Category((name,), words.say("status", name), look) for name, look in looks.items()]
    return Style(categorised(column, categories), display=name_expression(frame, words.language))


def share_fill_look(stem: str, frame: pd.DataFrame, words: Words) -> Style:
    """Show areas by the share of people beyond a norm."""
    status, share = f"{stem}_status", f'"{stem}_share"'
    mapped = bool((frame[status] == "not_measurable").any())
    looks = {name: symbol("fill", _area(colour, alpha=0.75)) for name, colour in SHARES.items()}
    labelled = {name: words.say("shares", name) for name in SHARES}
    if mapped:
        labelled = {name: words.say("gap", "mapped", label=label) for name, label in labelled.items()}
    categories = [Category((name,), labelled[name], look) for name, look in looks.items()]
    categories += [
        Category((name,), words.say("status", name), _patterned_fill(name))
        for name in ("not_applicable", "not_measurable")
    ]
    cases = " ".join(f"WHEN {share} >= {least:g} THEN '{name}'" for name, least in LEAST_SHARES.items())
    chosen = (
        f"CASE WHEN \"{status}\" IS NULL OR \"{status}\" = 'not_applicable' THEN 'not_applicable' "
        f"WHEN {share} IS NULL THEN 'not_measurable' {cases} END"
    )
    return Style(categorised(chosen, categories), display=name_expression(frame, words.language))


def _patterned_fill(status: str) -> Element:
    if status == "not_applicable":
        return symbol("fill", _area("", alpha=0.0), points(STATUS[status], distance=2.8, size=0.7))
    return symbol("fill", _area("", alpha=0.0), hatch(STATUS[status], distance=2.2, width=0.22))


def facilities_look(
    frame: pd.DataFrame, words: Words, meta: QgisMeta, *, only: Collection[str] | None = None
) -> Style:
    """Show facilities by service."""
    categories = []
    for position, service in enumerate(sorted(set(frame["service"]))):
        if only is not None and service not in only:
            continue
        colour = QUALITATIVE[position % len(QUALITATIVE)]
        shape = FACILITY_SHAPES[(position + position // len(QUALITATIVE)) % len(FACILITY_SHAPES)]
        look = symbol("marker", marker(colour, size=2.4, shape=shape, outline=(BASE["blank"], 0.25)))
        categories.append(Category((service,), service_name(service, words, meta), look))
    return Style(categorised("service", categories), display=name_expression(frame, words.language))


def routes_look(frame: pd.DataFrame, words: Words, meta: QgisMeta) -> Style:
    """Show ways to the nearest facility by service."""
    looks = [
        Category(
            (service,),
            service_name(service, words, meta),
            symbol("line", line(QUALITATIVE[position % len(QUALITATIVE)], width=0.5, alpha=0.35)),
        )
        for position, service in enumerate(sorted(set(frame["service"])))
    ]
    return Style(categorised("service", looks))


def flows_look() -> Style:
    """Show flows as straight lines, wider with more volume."""
    return Style(single(symbol("line", line(ACCENT, width=0.5, alpha=0.35))))
