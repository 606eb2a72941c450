"""Opening hours as they are written: OpenStreetMap's syntax in its common forms, and plain words in three languages."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import numpy as np

from spatial.sources.tag_rules import fold

__all__ = ["Hours", "read_hours"]

DAY_MIN, WEEK_MIN = 24 * 60, 7 * 24 * 60
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
_EVERY = ("daily", "everyday", "tljours", "tlj", "touslesjours", "每天", "每日")
_NUMBER_OF = {word: day for day, words in enumerate(_DAYS) for word in words}
_CLOSED = ("off", "closed", "ferme", "休息")
_HOLIDAYS = ("ph", "sh")
_CLOCK = r"(\d{1,2})(?::|h|时|点)(\d{2})?"
_SPAN = re.compile(rf"{_CLOCK}-{_CLOCK}")
_TIMES = re.compile(rf"{_SPAN.pattern}(?:,{_SPAN.pattern})*")

Span = tuple[int, int]


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


def read_hours(text: str) -> Hours:
    """
    Read opening hours.

    Rules are separated by ``;``: days (``Mo-Fr``, ``Sa,Su``, ``lundi-vendredi``, ``周一至周五``; every day where none
    is named), then one or more spans of time (``08:00-17:00``, ``8h-12h30,14h-17h``), or ``off``. A later rule replaces
    an earlier one on its days. A span that ends before it begins goes past midnight. Holidays (``PH``, ``SH``) are
    passed over. Words such as ``24/7``, ``24h/24`` and ``全天`` mean that it never closes. Months, weeks, sunrise, open
    ends and comments are not read.

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
    week: dict[int, list[Span]] = {}
    rules = [rule.strip() for rule in plain.split(";") if rule.strip()]
    for rule in rules:
        read = _rule(rule)
        if read is None:
            return Hours()
        days, spans = read
        week |= dict.fromkeys(days, spans)
    return Hours(_open_min(week) / 60.0) if rules and week else Hours()


def _plain(text: str) -> str:
    plain = fold(unicodedata.normalize("NFKC", text)).replace("\n", ";")
    for sign in ("\u2013", "\u2014", "~", "至", "到"):
        plain = plain.replace(sign, "-")
    for sign in ("、", "&", " et ", " and "):
        plain = plain.replace(sign, ",")
    plain = re.sub(r"\s*([-,:;])\s*", r"\1", plain)
    plain = re.sub(r"(?<=[a-z.]) (a|au|to) (?=[a-z\d])", "-", plain)
    return re.sub(r"(?<=[\dh]) ?(a|to) ?(?=\d)", "-", plain).strip()


def _rule(rule: str) -> tuple[list[int], list[Span]] | None:
    """Days and spans of one rule; None where it is not understood."""
    match = re.search(rf"(?:^|(?<=[^\d])){_CLOCK}-", rule)
    closed = next((word for word in _CLOSED if rule.endswith(word)), None)
    if match is None and closed is None:
        return None
    cut = match.start() if match is not None else len(rule) - len(closed or "")
    days = _days(rule[:cut])
    if days is None:
        return None
    if match is None:
        return days, []
    times = rule[cut:].replace(" ", "")
    if not _TIMES.fullmatch(times):
        return None
    spans = [_span(*found.groups()) for found in _SPAN.finditer(times)]
    return None if None in spans else (days, [span for span in spans if span is not None])


def _days(text: str) -> list[int] | None:
    words = text.replace(" ", "").replace(".", "").strip(",:")
    if words in {"", *_EVERY}:
        return list(range(7))
    days: list[int] = []
    for part in words.split(","):
        if part in _HOLIDAYS:
            continue
        ends = [_NUMBER_OF.get(end) for end in part.split("-")]
        if None in ends or len(ends) > 2:
            return None
        first, last = ends[0], ends[-1]
        assert first is not None
        assert last is not None
        days += [day % 7 for day in range(first, last + 1 if last >= first else last + 8)]
    return days


def _span(hour: str, minute: str | None, end_hour: str, end_minute: str | None) -> Span | None:
    start, end = int(hour) * 60 + int(minute or 0), int(end_hour) * 60 + int(end_minute or 0)
    if int(minute or 0) > 59 or int(end_minute or 0) > 59 or start > DAY_MIN or end > 2 * DAY_MIN:
        return None
    return start, end if end > start else end + DAY_MIN


def _open_min(week: dict[int, list[Span]]) -> int:
    """Count the minutes of a week in which it is open; spans that overlap count once."""
    minutes = np.zeros(WEEK_MIN, dtype=bool)
    for day, spans in week.items():
        for start, end in spans:
            minutes[np.arange(day * DAY_MIN + start, day * DAY_MIN + end) % WEEK_MIN] = True
    return int(minutes.sum())
