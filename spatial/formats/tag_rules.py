"""Rules on OpenStreetMap tags, as services.toml writes them: ``amenity=hospital & emergency=yes``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

_TEST = re.compile(r"(?P<key>[^=!~\s]+)\s*(?P<how>!=|=|~)\s*(?P<value>.+)")
_RANGE = re.compile(r"(\d)-(\d)")


@dataclass(frozen=True)
class TagTest:
    """
    One test on one tag.

    Parameters
    ----------
    key : str
        The tag's key.
    how : str
        One of the values, none of the values, or text that a pattern finds.
    values : frozenset of str
        The values; empty with ``=`` for any value.
    pattern : str
        Regular expression of ``~``, without accents and in small letters.
    """

    key: str
    how: Literal["=", "!=", "~"]
    values: frozenset[str] = frozenset()
    pattern: str = ""

    def matches(self, tags: Mapping[str, str]) -> bool:
        """Tell whether the tags of an element pass the test."""
        value = tags.get(self.key)
        if value is None:
            return self.how == "!="
        if self.how == "~":
            return re.search(self.pattern, fold(value)) is not None
        if not self.values:
            return True
        found = not self.values.isdisjoint(tag_values(value))
        return found if self.how == "=" else not found


@dataclass(frozen=True)
class TagRule:
    """
    Tests that must all pass.

    Parameters
    ----------
    text : str
        As written.
    tests : tuple of TagTest
        In the order written.
    """

    text: str
    tests: tuple[TagTest, ...]

    @property
    def key(self) -> str:
        """The key that an element must have, by which elements are found."""
        return next(test.key for test in self.tests if test.how == "=")

    def matches(self, tags: Mapping[str, str]) -> bool:
        """Tell whether the tags of an element pass every test."""
        return all(test.matches(tags) for test in self.tests)


def parse_rule(text: str) -> TagRule:
    """Read a rule, such as ``amenity=clinic|doctors & name~osteopath``."""
    tests = []
    for part in text.split("&"):
        found = _TEST.fullmatch(part.strip())
        if found is None:
            raise ValueError(
                f"the rule {text!r} cannot be read at {part.strip()!r}; write key=a|b, key!=a|b or key~pattern"
            )
        key, how, value = found["key"], found["how"], found["value"].strip()
        if how == "~":
            pattern = fold(value)
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"the rule {text!r} has no regular expression after ~: {error}") from error
            tests.append(TagTest(key, "~", pattern=pattern))
        else:
            words = [] if value == "*" else [item.strip() for item in value.split("|") if item.strip()]
            tests.append(TagTest(key, "=" if how == "=" else "!=", frozenset(words)))
    if not any(test.how == "=" for test in tests):
        raise ValueError(f"the rule {text!r} needs at least one test key=value")
    return TagRule(text, tuple(tests))


def tag_values(value: str) -> list[str]:
    """Split a tag's value into its members: ``0; 1-3`` has four."""
    if value.isalpha():
        return [value]
    members: list[str] = []
    for item in (part.strip() for part in value.split(";")):
        span = _RANGE.fullmatch(item)
        members += [str(digit) for digit in range(int(span[1]), int(span[2]) + 1)] if span else [item]
    return members


def fold(text: str) -> str:
    """Write text in small letters and without accents, for comparison."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


_MODES = ("vehicle", "motor_vehicle", "motorcar", "motorcycle", "bicycle", "foot")
_ACCESS = ("access", *_MODES, "emergency", "motorroad")
_ONEWAY = ("oneway", *(f"oneway:{mode}" for mode in _MODES))
_MAXSPEED = ("maxspeed", "maxspeed:forward", "maxspeed:backward")
_SPEED = (*_MAXSPEED, "surface", "smoothness", "tracktype", "duration", "interval")
_SHAPE = ("junction", "area", "bridge", "tunnel", "ford", "service", "construction", "lanes", "width", "layer")
SEASON_TAGS = ("seasonal", "winter_road", "ice_road")
"""Tags of roads that are not there all the year, whatever their value but no."""
ROAD_TAGS = ("name", "ref", *_ACCESS, *_ONEWAY, *_SPEED, *_SHAPE, *SEASON_TAGS)
"""Tags that become columns, with ``_`` for ``:``."""
