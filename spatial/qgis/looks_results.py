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
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from xml.etree.ElementTree import Element

    import pandas as pd

    from spatial.messages import Words
    from spatial.qgis.meta import QgisMeta


# The look of what carries the results: roads, water, boundaries, network and checks.

MAIN_ROADS = ("motorway", "trunk", "primary", "motorway_link", "trunk_link", "primary_link")
LOCAL_MAIN_ROADS = ("secondary", "tertiary", "secondary_link", "tertiary_link", "unclassified", "road")


def _lines(section: str, words: Words, looks: Mapping[str, Element], **values: tuple[str, ...]) -> list[Category]:
    """Class lines by name; `values` are what belongs to a class, where it is not its name alone."""
    return [
        Category(values.get(name, (name,)), words.say(section, name), symbol("line", look))
        for name, look in looks.items()
    ]


def roads_look(words: Words) -> Style:
    """Show roads in three greys by class."""
    looks = {
        "major": line(ROADS["major"], width=0.6),
        "middle": line(ROADS["middle"], width=0.4),
        "ferry": line(BASE["shore"], width=0.35, dash="1.6;1.2"),
        "minor": line(ROADS["minor"], width=0.25),
    }
    values = {"major": MAIN_ROADS, "middle": LOCAL_MAIN_ROADS, "minor": ()}
    return Style(categorised("road_class", _lines("roads", words, looks, **values)))


def edges_look(words: Words) -> Style:
    """Show pieces of road by whether they are passable in every season."""
    looks = {
        "yes": line(SEASON["yes"], width=0.4),
        "unknown": line(SEASON["unknown"], width=0.35),
        "no": line(SEASON["no"], width=0.4, dash="1.8;1.0"),
    }
    return Style(categorised("all_season", _lines("season", words, looks)))


def snaps_look(words: Words) -> Style:
    """Show the lines that join places to the network."""
    looks = {
        "ok": line(INK, width=0.25, dash="0.6;0.8"),
        "far": line(STATUS["not_met"], width=0.5, dash="1.2;0.8"),
        "none": line(GAP["none"], width=0.5),
    }
    return Style(categorised("snap_status", _lines("snap", words, looks)))


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

LEAST_SHARES = {"all": 1.0, "most": 0.9, "many": 0.75, "half": 0.5, "few": 0.0}
"""Classes of the share of people within a norm, by the least share of each, inclusive."""

FACILITY_SHAPES = ("square", "diamond", "pentagon", "cross_fill", "triangle", "hexagon", "star", "octagon")


def people_size(column: str, *, smallest: float, largest: float) -> str:
    """Write a size whose area grows with people."""
    grown = f'{largest - smallest:g} * sqrt(min(coalesce("{column}", 0), 10000) / 10000)'
    return f"{smallest:g} + {grown}"


VILLAGE_SIZE = people_size("population_persons", smallest=1.4, largest=5.5)
"""Size of a settlement where its class is told by colour."""
LARGEST_FIRST = 'coalesce("population_persons", 0)'


def said(words: Words, section: str, names: Iterable[str], **values: object) -> dict[str, str]:
    """Label classes as the messages do."""
    return {name: words.say(section, name, **values) for name in names}


def cases(column: str, comparison: str, bounds: Mapping[str, object]) -> str:
    """Write the cases of an expression that classes a column by its bounds, the first that holds."""
    return " ".join(f"WHEN {column} {comparison} {bound} THEN '{name}'" for name, bound in bounds.items())


def dots(
    labels: Mapping[str, str], colours: Iterable[str], *, size: str = VILLAGE_SIZE, rim: float = 0.2
) -> list[Category]:
    """Class settlements by colour."""
    return [
        Category(
            (name,),
            label,
            symbol("marker", marker(colour, size=1.8, outline=BASE["town"], width=rim, size_expression=size)),
        )
        for (name, label), colour in zip(labels.items(), colours, strict=True)
    ]


def marked(name: str, label: str, *, status: str = "not_measurable", size: str = VILLAGE_SIZE) -> Category:
    """Class settlements of which nobody knows, or that have no way; without a name all others."""
    return Category((name,) if name else (), label, status_marker(status, size))


def status_marker(status: str, size: str) -> Element:
    """Show a point by norm status."""
    colour = STATUS[status]
    blank = marker(BASE["blank"], size=1.6, outline=colour, width=0.4, size_expression=size)
    if status == "not_applicable":
        return symbol("marker", blank)
    if status == "not_measurable":
        stripe = marker(colour, size=1.6, shape="line", outline=colour, width=0.4, size_expression=size)
        return symbol("marker", blank, stripe)
    return symbol("marker", marker(colour, size=1.8, size_expression=size))


def unscored(words: Words) -> Category:
    """Show places that serve and are not scored."""
    faint = marker(ROADS["minor"], size=1.2, outline=ROADS["middle"])
    return Category((), words.say("status", "unscored"), symbol("marker", faint))


def scored(chosen: str, categories: Sequence[Category], frame: pd.DataFrame, words: Words) -> Style:
    """Finish a look of settlements: places that serve and are not scored stay faint, small places lie on top."""
    expression = f"CASE WHEN \"in_study\" THEN coalesce({chosen}, 'unknown') END"
    every = [*categories, unscored(words)]
    return Style(categorised(expression, every, order=LARGEST_FIRST), display=name_expression(frame, words.language))


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


def settlements_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show settlements by their worst norm status, larger with more people."""
    size = people_size("population_persons", smallest=1.3, largest=5.5)
    categories = [marked(name, label, status=name, size=size) for name, label in said(words, "status", STATUS).items()]
    renderer = categorised("norm_status", [*categories, unscored(words)], order=LARGEST_FIRST)
    return Style(renderer, display=name_expression(frame, words.language))


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
    categories = dots(said(words, "last_mile", LAST_MILE), LAST_MILE.values(), size=size, rim=0.15)
    categories.append(marked("", words.say("last_mile", "unknown"), size=size))
    renderer = categorised("last_mile_class", categories, order=LARGEST_FIRST)
    return Style(renderer, display=name_expression(frame, words.language))


def gap_look(frame: pd.DataFrame, words: Words) -> Style:
    """Show gaps by how far beyond the norm they are, larger with more people."""
    size = people_size("persons_unserved", smallest=2.0, largest=7.5)
    present = set(frame["gap_class"])
    mapped = [name for name in GAP if f"{name}_mapped" in present]
    categories = []
    for name in (name for name in GAP if name in present or not mapped):
        look = symbol("marker", marker(GAP[name], size=2.5, size_expression=size))
        categories.append(Category((name,), words.say("gap", name), look))
    for name in mapped:
        dot = marker(BASE["blank"], size=0.8, size_expression=f"({size}) * 0.28", outline=BASE["blank"], width=0)
        look = symbol("marker", marker(GAP[name], size=2.5, size_expression=size), dot)
        label = words.say("gap", "mapped", label=words.say("gap", name))
        categories.append(Category((f"{name}_mapped",), label, look))
    if "mobile_service" in present:
        ring = marker(BASE["blank"], size=2.5, size_expression=size, outline=GAP["beyond"], width=0.5)
        label = words.say("gap", "mobile_service")
        categories.append(Category(("mobile_service",), label, symbol("marker", ring)))
    categories.append(marked("", words.say("gap", "unknown"), size=size))
    renderer = categorised("gap_class", categories, order='coalesce("persons_unserved", 0)')
    return Style(renderer, display=name_expression(frame, words.language))


def status_fill_look(column: str, frame: pd.DataFrame, words: Words) -> Style:
    """Show areas by norm status."""
    looks = {name: area(STATUS[name], alpha=0.3) for name in ("met", "not_met")}
    looks |= {name: patterned(name, alpha=0.0) for name in ("not_applicable", "not_measurable")}
    categories = [Category((name,), words.say("status", name), look) for name, look in looks.items()]
    return Style(categorised(column, categories), display=name_expression(frame, words.language))


def share_fill_look(stem: str, frame: pd.DataFrame, words: Words) -> Style:
    """Show areas by the share of people beyond a norm."""
    status, share = f"{stem}_status", f'"{stem}_share"'
    labelled = said(words, "shares", SHARES)
    if (frame[status] == "not_measurable").any():
        labelled = {name: words.say("gap", "mapped", label=label) for name, label in labelled.items()}
    categories = [Category((name,), labelled[name], area(colour)) for name, colour in SHARES.items()]
    categories += [
        Category((name,), words.say("status", name), patterned(name, alpha=0.0))
        for name in ("not_applicable", "not_measurable")
    ]
    least = {name: f"{bound:g}" for name, bound in LEAST_SHARES.items()}
    chosen = (
        f"CASE WHEN \"{status}\" IS NULL OR \"{status}\" = 'not_applicable' THEN 'not_applicable' "
        f"WHEN {share} IS NULL THEN 'not_measurable' {cases(share, '>=', least)} END"
    )
    return Style(categorised(chosen, categories), display=name_expression(frame, words.language))


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
