"""Which roads are open to a mode, and in which direction, by the rules of the file access.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.network.rules.tags import class_values, first_present, members, tag_values
from spatial.sources.road_tags import STRETCHES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.sources.road_lines import RoadLines

__all__ = [
    "Openness",
    "is_bridge",
    "is_snappable",
    "is_tunnel",
    "is_unknown_oneway",
    "known_classes",
    "openness_of_roads",
    "passes_barrier",
    "restriction_binds",
]

FERRY = "ferry"
"""Road class of ferries."""
_NO = ("no", "false", "0")


@dataclass(frozen=True, eq=False)
class Openness:
    """Which roads a mode may use; the arrays hold one value a road."""

    # open in the drawn direction, and against it; both False where the road is closed
    forward: NDArray[np.bool_]
    backward: NDArray[np.bool_]
    # ``""`` where open; ``"access"``, ``"area"``, ``"motorroad"`` or ``"reversible"`` where closed
    reason: NDArray[np.object_]


@cache
def _rules() -> dict[str, Any]:
    return tomllib.loads(
        resources.files("spatial.network").joinpath("access.toml").read_text(encoding="utf-8")
    )


def _mode_rules(mode: str) -> dict[str, Any]:
    rules = _rules()[mode]
    return {**_rules()[rules["like"]], **rules} if "like" in rules else rules


def openness_of_roads(roads: pd.DataFrame | RoadLines, *, mode: str) -> Openness:
    """
    Apply the access and oneway rules of a mode.

    Whether the class of a road is open at all is the speed table's affair.
    """
    shared, rules = _rules(), _mode_rules(mode)
    keys = tuple(rules["keys"])
    # Of stretches one behind the other, one that is closed closes the road, and each needs its own permission.
    closed = first_present(roads, keys).fits(lambda text: _any_stretch(text, shared["closed"]))
    own_permit = tag_values(roads, keys[0]).fits(
        lambda text: all(part in shared["permitted"] for part in text.split(STRETCHES))
    )
    closed = closed | (class_values(roads).is_in(rules.get("by_permission", ())) & ~own_permit)
    area = tag_values(roads, "area").is_in(["yes"]) & (not rules.get("areas", False))
    motorroad = tag_values(roads, "motorroad").is_in(["yes"]) & (not rules.get("motorroads", True))
    forward, backward, reversible = _oneway(roads, rules)
    reason = np.select(
        [area, motorroad, closed, reversible], ["area", "motorroad", "access", "reversible"], ""
    ).astype(object)
    is_open = reason == ""
    return Openness(forward & is_open, backward & is_open, reason)


def _any_stretch(text: str, values: list[str]) -> bool:
    return any(part in values for part in text.split(STRETCHES))


def is_unknown_oneway(roads: pd.DataFrame | RoadLines, *, mode: str) -> dict[str, NDArray[np.bool_]]:
    """Tell which roads have a word of direction that says nothing; they are open both ways."""
    rules = _rules()
    lists = ("oneway_forward", "oneway_backward", "oneway_closed", "oneway_both")
    known = {word for name in lists for word in rules[name]}
    tag = first_present(roads, tuple(_mode_rules(mode)["oneway"]))
    found = {word: tag.is_in([word]) for word in sorted({*tag.texts} - known)}
    return {word: rows for word, rows in found.items() if rows.any()}


def known_classes() -> frozenset[str]:
    """List the classes that are known without a speed table."""
    return frozenset((FERRY, *_rules()["closed_classes"]))


def _oneway(
    roads: pd.DataFrame | RoadLines, rules: dict[str, Any]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    shared = _rules()
    tag = first_present(roads, tuple(rules["oneway"]))
    only_forward = tag.is_in(shared["oneway_forward"])
    if rules.get("implied_oneway", False):
        implied = tag_values(roads, "junction").has_any(frozenset(shared["implied_oneway_junctions"]))
        implied = implied | class_values(roads).is_in(shared["implied_oneway_classes"])
        only_forward = only_forward | (implied & ~tag.is_tagged)
    only_backward = tag.is_in(shared["oneway_backward"])
    return ~only_backward, ~only_forward, tag.is_in(shared["oneway_closed"])


def is_bridge(roads: pd.DataFrame | RoadLines) -> NDArray[np.bool_]:
    """Tell which roads are bridges."""
    tag = tag_values(roads, "bridge")
    return tag.is_tagged & ~tag.is_in(_NO)


def is_tunnel(roads: pd.DataFrame | RoadLines) -> NDArray[np.bool_]:
    """Tell which roads are tunnels or passages through buildings."""
    tag = tag_values(roads, "tunnel")
    return tag.is_tagged & ~tag.is_in(_NO)


def is_snappable(roads: pd.DataFrame | RoadLines) -> NDArray[np.bool_]:
    """Tell which roads can be entered anywhere along them."""
    controlled = class_values(roads).is_in([*_rules()["controlled_classes"], FERRY])
    controlled = controlled | tag_values(roads, "motorroad").is_in(["yes"])
    return ~(controlled | is_bridge(roads) | is_tunnel(roads))


def passes_barrier(barriers: pd.DataFrame, *, mode: str) -> NDArray[np.bool_]:
    """Tell which barriers on roads let a mode pass."""
    rules = _mode_rules(mode)
    kinds = barriers["tagged"].astype(object) if "tagged" in barriers else pd.Series("", barriers.index)
    opened = (
        kinds.isin(rules["open_barriers"])
        if "open_barriers" in rules
        else ~kinds.isin(rules["closed_barriers"])
    )
    access = first_present(barriers, tuple(rules["keys"]))
    return np.where(access.is_tagged, ~access.is_in(_rules()["closed"]), opened.to_numpy(dtype=bool))


def restriction_binds(restrictions: pd.DataFrame, *, mode: str) -> NDArray[np.bool_]:
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
