"""The look of what carries the results: roads, water, boundaries, network and checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatial.qgis.palette import BASE, GAP, INK, QUALITATIVE, ROADS, SEASON, STATUS
from spatial.qgis.styles import Category, Style, categorised, faded_outside, name_expression, single
from spatial.qgis.symbols import fill, hatch, line, marker, symbol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    import pandas as pd

    from spatial.qgis.meta import Messages

__all__ = [
    "boundaries_look",
    "edges_look",
    "finding_look",
    "roads_look",
    "snaps_look",
    "study_area_look",
    "water_look",
]

MAIN_ROADS = ("motorway", "trunk", "primary", "motorway_link", "trunk_link", "primary_link")
LOCAL_MAIN_ROADS = ("secondary", "tertiary", "secondary_link", "tertiary_link", "unclassified", "road")


def _line_categories(looks: Sequence[tuple[tuple[str, ...], str, Element]]) -> list[Category]:
    return [Category(values, label, symbol("line", look)) for values, label, look in looks]


def roads_look(words: Messages) -> Style:
    """Show roads in three greys by class."""
    looks = [
        (MAIN_ROADS, words.text("roads", "major"), line(ROADS["major"], width=0.6)),
        (LOCAL_MAIN_ROADS, words.text("roads", "middle"), line(ROADS["middle"], width=0.4)),
        (("ferry",), words.text("roads", "ferry"), line(BASE["shore"], width=0.35, dash="1.6;1.2")),
        ((), words.text("roads", "minor"), line(ROADS["minor"], width=0.25)),
    ]
    return Style(categorised("road_class", _line_categories(looks)))


def edges_look(words: Messages) -> Style:
    """Show pieces of road by whether they are passable in every season."""
    looks = [
        (("yes",), words.text("season", "yes"), line(SEASON["yes"], width=0.4)),
        (("unknown",), words.text("season", "unknown"), line(SEASON["unknown"], width=0.35)),
        (("no",), words.text("season", "no"), line(SEASON["no"], width=0.4, dash="1.8;1.0")),
    ]
    return Style(categorised("all_season", _line_categories(looks)))


def snaps_look(words: Messages) -> Style:
    """Show the lines that join places to the network."""
    looks = [
        (("ok",), words.text("snap", "ok"), line(INK, width=0.25, dash="0.6;0.8")),
        (("far",), words.text("snap", "far"), line(STATUS["not_met"], width=0.5, dash="1.2;0.8")),
        (("none",), words.text("snap", "none"), line(GAP["none"], width=0.5)),
    ]
    return Style(categorised("snap_status", _line_categories(looks)))


def boundaries_look(frame: pd.DataFrame, words: Messages) -> Style:
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
