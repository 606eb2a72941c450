"""Which roads are open to a mode and in which direction: tags, and the rules of the file access.toml."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spatial.arrays import BoolArray, FloatArray, ObjectArray
from spatial.errors import ContractError, first_of
from spatial.inputs.road_tags import STRETCHES, CodedTag, RoadLines, coded
from spatial.plain_text import shipped_toml

# Tags of roads: absent columns are untagged, letters are small, lists are split; each value is judged once.

_SEPARATOR = re.compile(r"[;|]")


@dataclass(frozen=True, eq=False)
class TagValues:
    """One tag of every road."""

    codes: NDArray[np.int32]  # shape (n_roads,), position of the value in `texts`; -1 where untagged
    texts: tuple[str, ...]  # values that come up; one may stand here twice

    @property
    def is_tagged(self) -> BoolArray:
        """Which roads have the tag."""
        return self.codes >= 0

    def is_in(self, values: Collection[str]) -> BoolArray:
        """Tell where the tag has one of several values."""
        return self.fits(lambda text: text in values)

    def fits(self, test: Callable[[str], bool]) -> BoolArray:
        """Tell where the tag passes a test."""
        return self._spread([test(text) for text in self.texts], False, np.bool_)

    def has_any(self, values: frozenset[str]) -> BoolArray:
        """Tell where any member of the tag's list is one of several values."""
        return self.fits(lambda text: not values.isdisjoint(members(text)))

    def numbers(self, read: Callable[[str], float]) -> FloatArray:
        """Read the tag as numbers; NaN where untagged."""
        return self._spread([read(text) for text in self.texts], np.nan, np.float64)

    def objects(self) -> ObjectArray:
        """Write the tag out; None where untagged."""
        return self._spread(list(self.texts), None, object)

    def or_else(self, other: TagValues) -> TagValues:
        """Take another tag where this one is absent."""
        if not other.texts:
            return self
        shifted = np.where(other.codes >= 0, other.codes + len(self.texts), -1)
        return TagValues(np.where(self.codes >= 0, self.codes, shifted).astype(np.int32), self.texts + other.texts)

    def _spread(self, values: list[Any], untagged: Any, kind: Any) -> NDArray[Any]:
        table = np.empty(len(values) + 1, dtype=kind)
        table[:-1] = values
        table[-1] = untagged  # where code -1 points
        spread: NDArray[Any] = table[self.codes]
        return spread


def tag_values(roads: pd.DataFrame | RoadLines, name: str) -> TagValues:
    """Read one tag of every road in small letters without blanks around; untagged where empty."""
    found = _written(roads, name)
    texts = [(f"{value:g}" if isinstance(value, float) else str(value)).strip().lower() for value in found.texts]
    if all(text and text != "nan" for text in texts):
        return TagValues(found.codes, tuple(texts))
    code = np.array([*(row if text and text != "nan" else -1 for row, text in enumerate(texts)), -1])
    return TagValues(code[found.codes].astype(np.int32), tuple(texts))


def class_values(roads: pd.DataFrame | RoadLines) -> TagValues:
    """Read the class of every road."""
    found = _written(roads, "road_class")
    return TagValues(found.codes, found.texts)


def classes_of(text: str) -> list[str]:
    """Split the class of a road whose stretches have several."""
    return [word for word in (part.strip() for part in _SEPARATOR.split(text)) if word]


def number_values(roads: pd.DataFrame | RoadLines, name: str, *, above_zero: bool = False) -> FloatArray:
    """Read a column of numbers of every road, each exactly as it is written; NaN where there is none."""
    found = _written(roads, name)
    numbers = [as_number(text) for text in found.texts]
    is_wrong = [
        not ((number > 0 if above_zero else number >= 0) and number < np.inf)
        and str(text).strip().lower() not in {"", "nan", "none", "<na>"}
        for text, number in zip(found.texts, numbers, strict=True)
    ]
    if any(is_wrong):
        rows = np.array([*is_wrong, False])[found.codes]
        least, shown = "above 0" if above_zero else "of at least 0", first_of(np.array(found.texts)[is_wrong])
        problem = (
            f"{name}: no number {least} but {shown} in {int(rows.sum())} roads such as "
            f"{first_of(road_ids(roads)[rows])}; correct them, and leave out what is not known"
        )
        raise ContractError("roads", [problem])
    return TagValues(found.codes, found.texts).numbers(as_number)


def road_ids(roads: pd.DataFrame | RoadLines) -> ObjectArray:
    """Take the id of every road."""
    return roads.road_id if isinstance(roads, RoadLines) else roads["road_id"].to_numpy(dtype=object)


def _written(roads: pd.DataFrame | RoadLines, name: str) -> CodedTag:
    if isinstance(roads, RoadLines):
        return roads.tag(name)
    if name not in roads.columns:
        return CodedTag(np.full(len(roads), -1, dtype=np.int32), ())
    return coded(roads[name])


def as_number(value: object) -> float:
    """Read a number; NaN where it is none."""
    try:
        return float(str(value))
    except ValueError:
        return np.nan


def members(text: str) -> list[str]:
    """Split a list of values such as ``"asphalt;gravel"`` in small letters, without empty ones."""
    return [part for part in (item.strip().lower() for item in _SEPARATOR.split(text)) if part]


def first_present(roads: pd.DataFrame | RoadLines, names: tuple[str, ...]) -> TagValues:
    """Take the first tag that is present out of several, in the order given."""
    chosen = tag_values(roads, names[0])
    for name in names[1:]:
        chosen = chosen.or_else(tag_values(roads, name))
    return chosen


# Which roads are open to a mode, and in which direction, by the rules of the file access.toml.

FERRY = "ferry"
"""Road class of ferries."""
_NO = ("no", "false", "0")


_RULES = "network/access.toml"


@dataclass(frozen=True, eq=False)
class Openness:
    """Which roads a mode may use; the arrays hold one value a road."""

    # open in the drawn direction, and against it; both False where the road is closed
    forward: BoolArray
    backward: BoolArray
    # ``""`` where open; ``"access"``, ``"area"``, ``"motorroad"`` or ``"reversible"`` where closed
    reason: ObjectArray


def _mode_rules(mode: str) -> dict[str, Any]:
    rules = shipped_toml(_RULES)[mode]
    return {**shipped_toml(_RULES)[rules["like"]], **rules} if "like" in rules else rules


def openness_of_roads(roads: pd.DataFrame | RoadLines, *, mode: str) -> Openness:
    """Apply the access and oneway rules of a mode; whether a class is open at all is the speed table's affair."""
    shared, rules = shipped_toml(_RULES), _mode_rules(mode)
    keys = tuple(rules["keys"])
    # Of stretches one behind the other, one that is closed closes the road, and each needs its own permission.
    closed = first_present(roads, keys).fits(
        lambda text: any(part in shared["closed"] for part in text.split(STRETCHES))
    )
    own_permit = tag_values(roads, keys[0]).fits(
        lambda text: all(part in shared["permitted"] for part in text.split(STRETCHES))
    )
    closed = closed | (class_values(roads).is_in(rules.get("by_permission", ())) & ~own_permit)
    area = tag_values(roads, "area").is_in(["yes"]) & (not rules.get("areas", False))
    motorroad = tag_values(roads, "motorroad").is_in(["yes"]) & (not rules.get("motorroads", True))
    oneway = first_present(roads, tuple(rules["oneway"]))
    only_forward = oneway.is_in(shared["oneway_forward"])
    if rules.get("implied_oneway", False):
        implied = tag_values(roads, "junction").has_any(frozenset(shared["implied_oneway_junctions"]))
        implied = implied | class_values(roads).is_in(shared["implied_oneway_classes"])
        only_forward = only_forward | (implied & ~oneway.is_tagged)
    reasons = {
        "area": area,
        "motorroad": motorroad,
        "access": closed,
        "reversible": oneway.is_in(shared["oneway_closed"]),
    }
    reason = np.select(list(reasons.values()), list(reasons), "").astype(object)
    is_open = reason == ""
    return Openness(~oneway.is_in(shared["oneway_backward"]) & is_open, ~only_forward & is_open, reason)


def is_unknown_oneway(roads: pd.DataFrame | RoadLines, *, mode: str) -> dict[str, BoolArray]:
    """Tell which roads have a word of direction that says nothing; they are open both ways."""
    rules = shipped_toml(_RULES)
    lists = ("oneway_forward", "oneway_backward", "oneway_closed", "oneway_both")
    known = {word for name in lists for word in rules[name]}
    tag = first_present(roads, tuple(_mode_rules(mode)["oneway"]))
    found = {word: tag.is_in([word]) for word in sorted({*tag.texts} - known)}
    return {word: rows for word, rows in found.items() if rows.any()}


def known_classes() -> frozenset[str]:
    """List the classes that are known without a speed table."""
    return frozenset((FERRY, *shipped_toml(_RULES)["closed_classes"]))


def is_bridge(roads: pd.DataFrame | RoadLines) -> BoolArray:
    """Tell which roads are bridges."""
    tag = tag_values(roads, "bridge")
    return tag.is_tagged & ~tag.is_in(_NO)


def is_tunnel(roads: pd.DataFrame | RoadLines) -> BoolArray:
    """Tell which roads are tunnels or passages through buildings."""
    tag = tag_values(roads, "tunnel")
    return tag.is_tagged & ~tag.is_in(_NO)


def is_snappable(roads: pd.DataFrame | RoadLines) -> BoolArray:
    """Tell which roads can be entered anywhere along them."""
    controlled = class_values(roads).is_in([*shipped_toml(_RULES)["controlled_classes"], FERRY])
    controlled = controlled | tag_values(roads, "motorroad").is_in(["yes"])
    return ~(controlled | is_bridge(roads) | is_tunnel(roads))


def passes_barrier(barriers: pd.DataFrame, *, mode: str) -> BoolArray:
    """Tell which barriers on roads let a mode pass."""
    rules = _mode_rules(mode)
    kinds = barriers["tagged"].astype(object) if "tagged" in barriers else pd.Series("", barriers.index)
    opened = kinds.isin(rules["open_barriers"]) if "open_barriers" in rules else ~kinds.isin(rules["closed_barriers"])
    access = first_present(barriers, tuple(rules["keys"]))
    return np.where(access.is_tagged, ~access.is_in(shipped_toml(_RULES)["closed"]), opened.to_numpy(dtype=bool))


def restriction_binds(restrictions: pd.DataFrame, *, mode: str) -> BoolArray:
    """Tell which turn restrictions bind a mode."""
    rules = _mode_rules(mode)
    kinds = {*rules["keys"], mode} - {"access"}
    bound = np.full(len(restrictions), bool(rules.get("turns", False)))
    if "applies_to" in restrictions:
        named = restrictions["applies_to"]
        bound &= (named.isna() | named.isin(kinds)).to_numpy(dtype=bool)
    if "not_to" in restrictions:
        spared = [not kinds.isdisjoint(members(str(text))) for text in restrictions["not_to"].fillna("")]
        bound &= ~np.array(spared, dtype=bool)
    return bound
