"""Texts of the pages by language: one TOML file a language, so that another language is one more file."""

from __future__ import annotations

import datetime as dt
import functools
import re
from typing import TYPE_CHECKING

from babel.dates import format_date

from spatial.cartography.places import PACKS
from spatial.messages import Words, locale_of
from spatial.reporting.wording import columns_told
from spatial.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence


_TOLD = (
    "component",
    "factor",
    "flow_kind",
    "made",
    "measure_kind",
    "profile_kind",
    "profile_status",
    "reason",
    "segmentation_term",
    "speed_status",
    "term",
    "unit_of",
)
"""Sections of `results` that pages use as well."""


def messages(chosen: Sequence[str]) -> dict[str, dict[str, str]]:
    """Read the messages of some languages."""
    return {language: _read(language) for language in chosen}


@functools.cache
def _read(language: str) -> dict[str, str]:
    words = Words(language)
    # Patterns of dates are written with braces, and the months as they stand in them.
    patterns = words.messages["date"]
    month = re.findall("M+", patterns["other"])[0]
    slots = {month: "{month}", "d": "{day}", "y": "{year}"}
    days = {
        form: "".join(slots.get(part, part.strip("'")) for part in re.findall("'[^']*'|M+|.", pattern))
        for form, pattern in patterns.items()
    }
    first = (dt.date(2000, number, 1) for number in range(1, 13))
    months = {str(day.month): format_date(day, month, locale_of(language)) for day in first}
    told = {section: words.messages[section] for section in _TOLD} | {"date": days, "months": months}
    pages = {"page": {"locale": language}} | dict(words.of("pages").messages)
    # Columns that a card has no words of its own for go by their title; minutes and metres have their unit in the row.
    columns = [TABLES["access"].by_name[name] for name in columns_told("access")["card"]]
    titles = {item.name: words.title(item.title, "" if item.unit in PACKS else item.unit) for item in columns}
    pages["place"] = titles | dict(pages["place"])
    return {
        f"{section}.{key}": text
        for section, entries in (pages | dict(sorted(told.items()))).items()
        for key, text in entries.items()
    }
