"""The look of plans: what to do in ink, numbered in order, above whom it serves and who is still left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatial.qgis.looks_results import area, unmeasured
from spatial.qgis.styles import (
    BASE,
    INK,
    PLAN,
    STATUS,
    Category,
    Grown,
    Style,
    categorised,
    labels,
    line,
    marker,
    middle_of_line,
    name_expression,
    number,
    single,
    symbol,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    import geopandas as gpd
    import pandas as pd

    from spatial.messages import Words

SITE, SIZED, BRIDGE = "open_site", "open_site_sized", "build_link_water"
ROOM = ("share_room", "enlarge_site", SIZED, "close_site")
"""Kinds of actions that are drawn in their own way; the others are thick lines."""


def actions_look(frame: gpd.GeoDataFrame, words: Words) -> Style:
    """Show actions in ink with their numbers: sites as discs, links and roads as thick lines, bridges dashed."""

    def look(kind: str) -> Element:
        size = 5.0 if kind == SITE else 4.2
        text = number('"step"', size=0.64 * size, colour=BASE["blank"])
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
    categories = [Category((kind,), words.say("plan_action", kind), look(kind)) for kind in kinds]
    # A name on a link would hide its number.
    named = labels('"place"', size=9.0, colour=INK) if SITE in kinds else None
    return Style(categorised(chosen, categories), labelling=named, display='"place"')


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
    categories = [
        Category((name,), words.say(section, name), look) for name, look in symbols.items() if name in present
    ]
    renderer = categorised("outcome", categories, order='coalesce("persons", 0)', sizes=sizes)
    return Style(renderer, display=name_expression(frame, words.language))
