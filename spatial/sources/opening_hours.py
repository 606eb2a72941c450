"""Opening hours as they are written: OpenStreetMap's syntax in its common forms, and plain words in three languages."""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from opening_hours import OpeningHours, State, validate

from spatial.sources.tag_rules import fold

__all__ = ["Hours", "read_hours"]

WEEK_H = 168.0
_ALWAYS = re.compile(
    r"(24[/x]7|(7j/7[,;-]?)?24(h|hrs|hours?|heures?|小时)((/|sur)(24|7|7j)h?)?([,;-]?(7j/7|7days))?|全天候?(24小时)?|24小时(营业|开放|值班|服务))"
)
_DAYS = (
    ("mo", "mon", "monday", "lu", "lun", "lundi", "周一", "星期一"),
    ("tu", "tue", "tues", "tuesday", "ma", "mar", "mardi", "周二", "星期二"),
    ("we", "wed", "wednesday", "me", "mer", "mercredi", "周三", "星期三"),
    ("th", "thu", "thur", "thurs", "thursday", "je", "jeu", "jeudi", "周四", "星期四"),
    ("fr", "fri", "friday", "ve", "ven", "vendredi", "周五", "星期五"),
    ("sa", "sat", "saturday", "sam", "samedi", "周六", "星期六"),
    ("su", "sun", "sunday", "di", "dim", "dimanche", "周日", "周天", "星期日", "星期天"),
)
_NAMES = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_WORDS = {word: name for name, words in zip(_NAMES, _DAYS, strict=True) for word in words}
_WORDS |= dict.fromkeys(("daily", "everyday", "tljours", "tlj", "touslesjours", "每天", "每日"), "Mo-Su")
_WORDS |= dict.fromkeys(("off", "closed", "ferme", "休息"), "off")
_WORDS |= {"ph": "PH", "sh": "SH"}
_WORD = re.compile(rf"(?<![a-z])({'|'.join(sorted(_WORDS, key=len, reverse=True))})(?![a-z])\.?")
_HOUR = re.compile(r"(?<!\d)(\d{1,2})[h时点](\d{2})?(?!\d)")
_TOLD = re.compile(r"(-\d{1,2}:\d\d|off|24/7)$")
"""How each rule must end: days alone do not say when."""

_UNREAD = re.compile(r"dawn|sunrise|sunset|dusk|[+\"]")
"""What follows the sun, has no end or carries a comment."""

_FIRST, _WEEKS = datetime(2024, 1, 1), 53  # noqa: DTZ001 - local time of nowhere
"""Weeks of a leap year that begins on a Monday: opening hours that differ among them have no weekly hours."""


@dataclass(frozen=True)
class Hours:
    """What was read of opening hours."""

    # hours open in a week without holidays, 0-168; NaN where the text could not be read
    weekly_h: float = np.nan

    @property
    def open_all_day(self) -> str | None:
        """
        Whether it never closes.

        Returns yes or no; None where the text could not be read.
        """
        if np.isnan(self.weekly_h):
            return None
        return "yes" if self.weekly_h >= WEEK_H else "no"


@functools.lru_cache(maxsize=4096)  # lists say the same hours again and again
def read_hours(text: str) -> Hours:
    """
    Read opening hours.

    The syntax is OpenStreetMap's, read by opening-hours-py; hours and days may also be written in plain English, French
    or Chinese (``lundi-vendredi 8h-12h30, 14h-17h``, ``周一至周五 8:00-17:00``). Holidays (``PH``, ``SH``) are passed
    over. Words such as ``24/7``, ``24h/24`` and ``全天`` mean that it never closes. What changes with months, weeks or
    the sun, has no end or holds at times only is not read, nor are days without a time.

    Examples
    --------
    >>> read_hours("Mo-Fr 08:00-17:00; Sa 8:00-12:00").weekly_h
    49.0
    >>> read_hours("周一至周五 8:00-17:00").weekly_h, read_hours("24h/24").open_all_day
    (45.0, 'yes')
    """
    plain = _plain(text)
    if _ALWAYS.fullmatch(plain.replace(" ", "")):
        return Hours(WEEK_H)
    rules = [rule.strip() for rule in _in_osm_syntax(plain).split(";") if rule.strip()]
    written = "; ".join(rules)
    is_told = bool(rules) and all(_TOLD.search(rule) for rule in rules) and not _UNREAD.search(plain)
    if not is_told or not validate(written):
        return Hours()
    week = timedelta(days=7)
    last = _FIRST + _WEEKS * week
    open_min = [0] * _WEEKS
    for start, end, state, _ in OpeningHours(written).intervals(_FIRST, last):
        if state == State.UNKNOWN:
            return Hours()
        until = last if end is None else min(end, last)
        while state == State.OPEN and start < until:
            row = (start - _FIRST) // week
            stop = min(until, _FIRST + (row + 1) * week)
            open_min[row] += int((stop - start).total_seconds()) // 60
            start = stop  # noqa: PLW2901 - the rest lies in the next week
    return Hours(open_min[0] / 60.0) if len(set(open_min)) == 1 else Hours()


def _plain(text: str) -> str:
    plain = fold(unicodedata.normalize("NFKC", text)).replace("\n", ";")
    for sign in ("\u2013", "\u2014", "~", "至", "到"):
        plain = plain.replace(sign, "-")
    for sign in ("、", "&", " et ", " and "):
        plain = plain.replace(sign, ",")
    plain = re.sub(r"\s*([-,:;])\s*", r"\1", plain)
    plain = re.sub(r"(?<=[a-z.]) (a|au|to) (?=[a-z\d])", "-", plain)
    return re.sub(r"(?<=[\dh]) ?(a|to) ?(?=\d)", "-", plain).strip()


def _in_osm_syntax(plain: str) -> str:
    """Days, ``off`` and hours as OpenStreetMap writes them."""
    named = _WORD.sub(lambda found: _WORDS[found[1]], plain.replace("tous les jours", "tlj"))
    timed = _HOUR.sub(lambda found: f"{found[1]}:{found[2] or '00'}", named)
    return re.sub(r"(?<=[a-zH]):?(?=\d)", " ", timed)
