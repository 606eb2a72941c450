"""Codes of administrative units: county, township and village of a Chinese code, urban or rural, and the rest."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from spatial.errors import first_of
from spatial.formats.columns import read_texts, row_items, row_labels, text_column
from spatial.formats.notes import Note, add_notes

if TYPE_CHECKING:
    import geopandas as gpd


PLAN_CLASSES = ("cluster", "suburban", "protected", "relocate", "other")
"""How a village is classed by its plan; a village that relocates gets mobile service, not sites."""

LEVELS = {6: "county", 9: "township", 12: "village"}
"""Level of a Chinese unit by the digits of its code without closing zeros."""

STATISTICAL_DIGITS = 17
"""12 digits of the unit, 2 of its urban or rural attribute, 3 of its urban or rural class (statistical code)."""

MIN_PREFIX = 4
_SERIAL = re.compile(r"[A-Z]\d{8}", re.ASCII)
"""Codes that are numbered through and do not nest, such as E04000647 of the Office for National Statistics."""

_ROUNDED = re.compile(r"\d+(\.\d+)?[eE]\+?\d+")
_CLASSES = {**dict.fromkeys(("111", "112", "121", "122", "123"), "urban"), **dict.fromkeys(("210", "220"), "rural")}
"""Class of the last three digits, from 111 (main urban area) to 220 (village)."""


def unit_key(code: str) -> str:
    """
    Write a unit code in its shortest form.

    >>> unit_key("533325101000"), unit_key("53332510120322220"), unit_key("e02003954")
    ('533325101', '533325101203', 'E02003954')
    """
    text = "".join(unicodedata.normalize("NFKC", code).split()).upper()
    if text.isdigit() and len(text) == STATISTICAL_DIGITS:
        text = text[:12]
    if text.isdigit() and len(text) in LEVELS:
        while len(text) > min(LEVELS) and text.endswith("000"):
            text = text[:-3]
    return text


def unit_level_of(code: str) -> str | None:
    """Read the level of a Chinese unit off its code: county, township or village; None of any other code."""
    key = unit_key(code)
    return LEVELS.get(len(key)) if key.isdigit() else None


def unit_prefixes(key: str) -> tuple[str, ...]:
    """
    List the units that a unit is part of by its code alone, itself first.

    >>> unit_prefixes("533325101203")
    ('533325101203', '533325101', '533325')
    """
    if key.isdigit() and len(key) in LEVELS:
        return tuple(key[:size] for size in sorted(LEVELS, reverse=True) if size <= len(key))
    if _SERIAL.fullmatch(key):
        return (key,)
    if key[:1].isalpha() and len(key) > MIN_PREFIX and any(sign.isdigit() for sign in key):
        return tuple(key[:size] for size in range(len(key), MIN_PREFIX - 1, -1))
    return (key,)


def carry_units(frame: gpd.GeoDataFrame, problems: list[str], *, key: str) -> None:
    """Read the columns of units that a table may have, in place."""
    if "unit_code" in frame.columns:
        text = text_column(frame["unit_code"]).str.strip()
        text = text.where(text != "")
        rounded = text.fillna("").str.fullmatch(_ROUNDED)
        if rounded.any():
            problems.append(
                f"unit_code: rounded by a spreadsheet for {first_of(row_labels(frame, key)[rounded])}, such as "
                f"{first_of(text[rounded].drop_duplicates(), limit=2)}; format the column as text and "
                "enter the codes again"
            )
        plain = text.map(lambda code: "".join(unicodedata.normalize("NFKC", code).split()), na_action="ignore").astype(
            "str"
        )
        long = plain.fillna("").str.fullmatch(rf"\d{{{STATISTICAL_DIGITS}}}")
        frame["unit_code"] = plain.where(~long, plain.str[:12]).astype("str")
        if "unit_level" not in frame.columns:
            levels = frame["unit_code"].map(unit_level_of, na_action="ignore")
            if levels.notna().any():
                frame["unit_level"] = levels.astype("str")
        if key == "settlement_id" and long.any():
            classes = plain[long].str[14:].map(_CLASSES)
            unknown = classes.isna()
            if unknown.any():
                labels = row_labels(frame, key)[long][unknown]
                shown = first_of(plain[long][unknown].str[14:].drop_duplicates().sort_values(), limit=3)
                problems.append(
                    f"unit_code: no urban or rural class in the last three digits of {first_of(labels)}, such as "
                    f"{shown}; they must be 111, 112, 121, 122, 123, 210 or 220"
                )
            read = classes.reindex(frame.index).astype("str")
            if "official_class" in frame.columns:  # what the list says comes before the digits
                stated = text_column(frame["official_class"])
                read = stated.where(stated.notna(), read)
            frame["official_class"] = read
    read_texts(frame, ["unit_level"])
    if "village_plan_class" in frame.columns:
        classes = text_column(frame["village_plan_class"])
        wrong = (classes.notna() & ~classes.isin(PLAN_CLASSES)).to_numpy(dtype=bool)
        if wrong.any():
            shown = first_of(classes[wrong].drop_duplicates().sort_values(), limit=5)
            problems.append(
                f"village_plan_class: unknown value(s) {shown} for {first_of(row_labels(frame, key)[wrong])}; known "
                f"are {', '.join(PLAN_CLASSES)}: translate them in values.village_plan_class"
            )
        frame["village_plan_class"] = classes
    if key == "settlement_id" and "official_class" in frame.columns:
        classes = text_column(frame["official_class"])
        unclassed = (classes.fillna("").str.strip() == "").to_numpy(dtype=bool)
        where, item = row_items(frame, key, unclassed), "places whose official class is unknown"
        add_notes(frame, [Note("unclassed", int(unclassed.sum()), {"where": where}, item)])
