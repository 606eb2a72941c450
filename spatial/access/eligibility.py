"""Who may use a facility: the one rule that access, measures and norms keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd

from spatial.inputs.unit_codes import unit_key, unit_prefixes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spatial.arrays import BoolArray, IntArray


Facilities = TypeVar("Facilities", bound=pd.DataFrame)

CLOSED_TO_MOST = ("group", "members")
UNITS = "units"
_PLACE = ("unit_code", "township_id", "township", "settlement_id")


@dataclass(frozen=True)
class Eligible:
    """Which facilities the people of each settlement may use."""

    # shape (n,), the kind of each settlement: those of a kind may use the same facilities
    kinds: IntArray
    allowed: BoolArray  # shape (number of kinds, m), for each kind, which facilities it may use

    def among(self, members: IntArray) -> Iterator[tuple[IntArray, BoolArray]]:
        """Split the settlements by which of some facilities they may use."""
        if self.allowed[:, members].all():
            yield members, np.ones(len(self.kinds), dtype=bool)
            return
        choices, of_kind = np.unique(self.allowed[:, members], axis=0, return_inverse=True)
        choice = of_kind.reshape(-1)[self.kinds]
        for number in np.unique(choice):
            yield members[choices[number]], choice == number


def is_for_everybody(facilities: pd.DataFrame) -> BoolArray:
    """Tell which facilities are not kept for members or a group."""
    if "open_to" not in facilities:
        return np.ones(len(facilities), dtype=bool)
    return ~facilities["open_to"].isin(CLOSED_TO_MOST).to_numpy(dtype=bool)


def is_for_some_units(facilities: pd.DataFrame) -> BoolArray:
    """Tell which facilities are kept for the people of some units."""
    limited = np.zeros(len(facilities), dtype=bool)
    limited[_limited(facilities)] = True
    return limited


def open_for_group(facilities: Facilities, group: str) -> Facilities:
    """Open the facilities that are for a group to it."""
    if "open_to" not in facilities or "eligibility" not in facilities:
        return facilities
    users = facilities["eligibility"].fillna("").str.split(";")
    theirs = users.map(lambda words: group in [word.strip() for word in words]).to_numpy(dtype=bool)
    opened = pd.Series("all", index=facilities.index, dtype="str")
    if "eligible_units" in facilities:
        opened = opened.mask(facilities["eligible_units"].notna(), UNITS)
    return facilities.assign(open_to=facilities["open_to"].mask(theirs, opened))


def eligible_by_unit(settlements: pd.DataFrame, facilities: pd.DataFrame) -> Eligible:
    """
    Say which facilities the people of each settlement may use, as far as their units decide.

    A facility whose `open_to` is units serves settlements that lie in one of its `eligible_units`: by `unit_code` (a
    longer code lies in the unit of a shorter one), `township_id`, `township` or `settlement_id`. A settlement without
    any of these is in no unit.
    """
    everyone = np.ones((1, len(facilities)), dtype=bool)
    limited = _limited(facilities)
    if not len(limited):
        return Eligible(np.zeros(len(settlements), dtype=np.int64), everyone)
    units = [_named(text) for text in facilities["eligible_units"].to_numpy(dtype=object)[limited]]
    known = set().union(*units)
    places = [frozenset(place & known) for place in _places(settlements)]
    numbers = {place: number for number, place in enumerate(dict.fromkeys(places))}
    allowed = np.repeat(everyone, max(len(numbers), 1), axis=0)
    for place, number in numbers.items():
        allowed[number, limited] = [bool(place & named) for named in units]
    return Eligible(np.array([numbers[place] for place in places], dtype=np.int64), allowed)


def unknown_units(settlements: pd.DataFrame, units: Sequence[str]) -> list[str]:
    """Name those of some units, as `eligible_units` may name them, that no settlement lies in."""
    known = set().union(*_places(settlements))
    return [unit for unit in units if _word(unit) not in known]


def lies_in(places: pd.DataFrame, units: Sequence[str]) -> BoolArray:
    """Tell which places lie in one of some units, as `eligible_units` may name them."""
    named = {_word(unit) for unit in units}
    return np.array([bool(place & named) for place in _places(places)], dtype=bool)


def share_with_units(facilities: Facilities, units: Sequence[str], among: BoolArray) -> Facilities:
    """
    Open facilities that are kept for some of a list of units to the people of all of them.

    >>> kept = pd.DataFrame({"open_to": ["units", "units", "all"], "eligible_units": ["t1", "t3", None]})
    >>> share_with_units(kept, ["t1", "t2"], np.array([True, True, True]))["eligible_units"].fillna("").tolist()
    ['t1;t2', 't3', '']
    """
    if "eligible_units" not in facilities:
        return facilities
    # Whoever serves a county serves its townships too.
    theirs = {part for unit in units for part in unit_prefixes(_word(unit))}
    texts = facilities["eligible_units"].copy()
    for row in _limited(facilities)[among[_limited(facilities)]]:
        named = _named(texts.iloc[row])
        if named & theirs:
            texts.iloc[row] = ";".join([texts.iloc[row], *(unit for unit in units if _word(unit) not in named)])
    return facilities.assign(eligible_units=texts)


def serves_where_it_stands(facilities: pd.DataFrame) -> BoolArray:
    """Tell which facilities the people of the place where they stand may use."""
    serves = is_for_everybody(facilities)
    limited = _limited(facilities)
    if len(limited):
        rows = facilities.iloc[limited]
        named = [_named(text) for text in rows["eligible_units"].to_numpy(dtype=object)]
        serves[limited] = [bool(place & units) for place, units in zip(_places(rows), named, strict=True)]
    return serves


def _limited(facilities: pd.DataFrame) -> IntArray:
    if "open_to" not in facilities or "eligible_units" not in facilities:
        return np.array([], dtype=np.int64)
    return np.flatnonzero(facilities["open_to"] == UNITS).astype(np.int64)


def _named(text: object) -> set[str]:
    return {_word(part) for part in text.split(";") if part.strip()} if isinstance(text, str) else set()


def _places(frame: pd.DataFrame) -> list[set[str]]:
    """Everything that each row's unit may be called."""
    places: list[set[str]] = [set() for _ in range(len(frame))]
    for column in _PLACE:
        if column not in frame:
            continue
        for place, value in zip(places, frame[column].to_numpy(dtype=object), strict=True):
            if isinstance(value, str) and value.strip():
                key = _word(value)
                place.update(unit_prefixes(key) if column == "unit_code" else (key,))
    return places


def _word(text: str) -> str:
    return unit_key(text.strip())
