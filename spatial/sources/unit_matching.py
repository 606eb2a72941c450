"""Rows of a table of units matched with the units of a study: by code, else by name; and settlements with both."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.sources.names import name_scores
from spatial.sources.placing_ground import names_of, texts
from spatial.sources.unit_codes import unit_key, unit_prefixes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from spatial.study import PlacingOptions

__all__ = ["NO_UNIT", "MatchedUnits", "match_units"]

NO_UNIT = "no_unit"
"""Id of the row of settlements that belong to no unit."""

_SLACK = 1e-9


@dataclass(frozen=True, eq=False)
class MatchedUnits:
    """Units of the study beside the rows of an official table."""

    # A row a unit: `unit_id`, `unit` (its name, empty without one), `unit_code`, `matched_by` (unit_code,
    # name or none), `match_score` (0-1; NaN where no names were compared), `boundary` (position among the
    # boundaries, -1 without one), `official` (position in the official table, -1 without a row) and `fault`
    # (empty, or why an official row has no unit of ours: not_found, ambiguous_name, total_of_others)
    units: pd.DataFrame
    home: NDArray[np.intp]  # shape (n,), position in `units` that each settlement belongs to; -1 for none
    # shape (n,), settlements whose code names another official unit than the one that they lie in
    strayed: NDArray[np.bool_]


def match_units(
    official: pd.DataFrame, settlements: pd.DataFrame, boundaries: pd.DataFrame, *, options: PlacingOptions
) -> MatchedUnits:
    """
    Match the rows of an official table with the units of the study, and settlements with both.

    A row is matched with a unit by code; else, where one of the two has no code, by the same name, or by one alike with
    the similarity and the lead of `placing`, each unit once. A settlement belongs to the longest code of the table that
    its own `unit_code` begins with, else to the unit that it lies in. A row whose code begins the code of another row
    is a total of others: it counts nobody.
    """
    work = _Work(official, _our_units(settlements, boundaries), options)
    work.by_code()
    work.by_same_name()
    work.by_name()
    units, row_of = work.units()
    home, strayed = _homes(settlements, units, work.keys, row_of)
    by_code = np.unique(home[home >= len(work.ours)])
    units.loc[by_code, ["matched_by", "fault"]] = ["unit_code", ""]
    return MatchedUnits(units, home, strayed)


def _our_units(settlements: pd.DataFrame, boundaries: pd.DataFrame) -> pd.DataFrame:
    """Boundaries, and units that settlements name but that have no boundary; in the order of their ids."""
    ids = texts(boundaries, "boundary_id")
    frame = pd.DataFrame({"unit_id": ids, "code": texts(boundaries, "unit_code")}, dtype="str")
    frame["names"] = pd.Series(names_of(boundaries), dtype=object)
    frame["boundary"] = np.arange(len(ids))
    named: dict[str, str] = {}
    for township_id, name in zip(*_units_of(settlements), strict=True):
        if township_id and township_id not in set(ids):
            named[township_id] = max(named.get(township_id, ""), name)
    bare = pd.DataFrame({"unit_id": list(named), "code": ""}, dtype="str")
    bare["names"] = pd.Series([(name,) if name else () for name in named.values()], dtype=object)
    bare["boundary"] = -1
    both = pd.concat([frame, bare], ignore_index=True)
    return both.sort_values("unit_id", kind="stable").reset_index(drop=True)


def _units_of(settlements: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Id and name of the unit of each settlement; the name is its id where it has no other."""
    names = texts(settlements, "township")
    ids = texts(settlements, "township_id")
    return [unit or name for unit, name in zip(ids, names, strict=True)], names


@dataclass(eq=False)
class _Work:
    """Official rows while they are matched with units."""

    official: pd.DataFrame
    ours: pd.DataFrame
    options: PlacingOptions
    by: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keys = [unit_key(code) for code in texts(self.official, "unit_code")]
        self.names = names_of(self.official)
        above = {prefix for key in self.keys if key for prefix in unit_prefixes(key)[1:]}
        self.sums = np.array([key in above for key in self.keys], dtype=bool)
        self.codes = [unit_key(code) for code in self.ours["code"]]
        self.found = np.full(len(self.ours), -1, dtype=np.intp)
        self.score = np.full(len(self.ours), np.nan)
        self.by = ["none"] * len(self.ours)
        self.ambiguous = np.zeros(len(self.official), dtype=bool)

    def by_code(self) -> None:
        """Match by the unit's code, or by its id where it has no code."""
        row_of = {key: row for row, key in enumerate(self.keys) if key and not self.sums[row]}
        told = [code or unit_key(unit) for code, unit in zip(self.codes, self.ours["unit_id"], strict=True)]
        for unit, key in enumerate(told):
            if told.count(key) == 1 and key in row_of:
                self.found[unit], self.by[unit] = row_of[key], "unit_code"

    def by_same_name(self) -> None:
        """Match what is called the very same, as long as the name is told once on either side."""
        rows, free = self._left()
        theirs = _single({row: self.names[row] for row in rows})
        ours = _single({unit: self.ours["names"].iloc[unit] for unit in free})
        for name in sorted(theirs.keys() & ours.keys()):
            row, unit = theirs[name], ours[name]
            is_free = self.found[unit] < 0 and row not in self.found
            if is_free and not (self.keys[row] and self.codes[unit]):
                self.found[unit], self.score[unit], self.by[unit] = row, 1.0, "name"

    def _left(self) -> tuple[list[int], list[int]]:
        """Rows and units that have not been matched."""
        matched = set(self.found.tolist())
        rows = [row for row in range(len(self.official)) if not self.sums[row] and row not in matched]
        return rows, np.flatnonzero(self.found < 0).tolist()

    def by_name(self) -> None:
        """Match what is left by a name that is alike; two rows that want one unit alike get none."""
        rows, free = self._left()
        if not rows or not free:
            return
        scores = name_scores([self.names[row] for row in rows], [self.ours["names"].iloc[n] for n in free])
        told = np.array([bool(self.keys[row]) for row in rows])
        coded = np.array([bool(self.codes[unit]) for unit in free])
        scores[told[:, None] & coded[None, :]] = 0.0
        wishes: dict[int, list[tuple[float, int]]] = {}
        for number, row in enumerate(rows):
            order = np.argsort(-scores[number], kind="stable")[:2]
            best = float(scores[number, order[0]])
            lead = best - (float(scores[number, order[1]]) if len(order) > 1 else 0.0)
            if best >= self.options.name_min - _SLACK:
                if lead < self.options.margin - _SLACK:
                    self.ambiguous[row] = True
                else:
                    wishes.setdefault(free[order[0]], []).append((best, row))
        for unit, wishing in wishes.items():
            self._judge(unit, sorted(wishing, reverse=True))

    def _judge(self, unit: int, wishing: list[tuple[float, int]]) -> None:
        """Give a unit to the row that is most like it; the others are not found."""
        if len(wishing) > 1 and wishing[0][0] - wishing[1][0] < self.options.margin - _SLACK:
            self.ambiguous[[row for _, row in wishing]] = True
            return
        self.score[unit], self.found[unit] = wishing[0]
        self.by[unit] = "name"

    def units(self) -> tuple[pd.DataFrame, dict[int, int]]:
        """List every unit once, and say where each official row is in the list."""
        official_ids = texts(self.official, "official_id")
        matched = set(self.found.tolist())
        left = sorted(set(range(len(self.official))) - matched, key=official_ids.__getitem__)
        taken = {*self.ours["unit_id"], NO_UNIT}
        left_ids = [
            f"official:{official_ids[row]}" if official_ids[row] in taken else official_ids[row]
            for row in left
        ]
        faults = [
            "total_of_others" if self.sums[row] else "ambiguous_name" if self.ambiguous[row] else "not_found"
            for row in left
        ]
        theirs = [
            names_of_row[0] if names_of_row else "" for names_of_row in (self.names[row] for row in left)
        ]
        ours = [names[0] if names else "" for names in self.ours["names"]]
        codes = [
            code or (self.keys[row] if row >= 0 else "")
            for code, row in zip(self.codes, self.found.tolist(), strict=True)
        ]
        more, none = len(left), ["none"] * len(left)
        frame = pd.DataFrame(
            {
                "unit_id": pd.Series([*self.ours["unit_id"], *left_ids], dtype="str"),
                "unit": pd.Series([*ours, *theirs], dtype="str"),
                "unit_code": pd.Series([*codes, *(self.keys[row] for row in left)], dtype="str"),
                "matched_by": pd.Series([*self.by, *none], dtype="str"),
                "match_score": np.r_[self.score, np.full(more, np.nan)],
                "boundary": np.r_[self.ours["boundary"].to_numpy(dtype=np.intp), np.full(more, -1)],
                "official": np.r_[self.found, np.array(left, dtype=np.intp)],
                "fault": pd.Series([""] * len(self.ours) + faults, dtype="str"),
            }
        )
        return frame, {row: place for place, row in enumerate(frame["official"].tolist()) if row >= 0}


def _single(names: Mapping[int, Sequence[str]]) -> dict[str, int]:
    """Who bears each name, of those that only one bears; widths and capitals make no difference."""
    bearers: dict[str, set[int]] = {}
    for bearer, called in names.items():
        for name in called:
            bearers.setdefault(unicodedata.normalize("NFKC", name).casefold().strip(), set()).add(bearer)
    return {name: next(iter(who)) for name, who in bearers.items() if name and len(who) == 1}


def _homes(
    settlements: pd.DataFrame, units: pd.DataFrame, keys: list[str], row_of: dict[int, int]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Give every settlement its unit: by its code, else where it lies."""
    sums = set(units.loc[units["fault"] == "total_of_others", "official"])
    by_key = {key: row_of[row] for row, key in enumerate(keys) if key and row not in sums}
    place_of = {unit: place for place, unit in enumerate(units["unit_id"])}
    official = units["official"].to_numpy()
    home = np.full(len(settlements), -1, dtype=np.intp)
    strayed = np.zeros(len(settlements), dtype=bool)
    for number, (code, unit) in enumerate(
        zip(texts(settlements, "unit_code"), _units_of(settlements)[0], strict=True)
    ):
        lies = place_of.get(unit, -1) if unit else -1
        named = (
            next((by_key[key] for key in unit_prefixes(unit_key(code)) if key in by_key), -1) if code else -1
        )
        home[number] = named if named >= 0 else lies
        strayed[number] = named >= 0 and lies >= 0 and official[lies] >= 0 and named != lies
    return home, strayed
