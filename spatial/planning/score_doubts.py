"""Units that known issues of the sources forbid to rank or to compare."""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from spatial.integration.pillars.ranking import MAX_PAIRS, RankDoubts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["doubted_units", "issue_records", "rank_doubts"]

SHORTEST = {True: 4, False: 2}
"""Letters that a name needs to be looked for in a text, in Latin letters and in others."""
COMPARISON, RANKING, PLAIN = "comparison", "ranking", "plain_text"
_OTHER_SCRIPT = re.compile(r"[^\x00-\u024f]+")
_RUN = re.compile(r"[^\s\d()]+(?:\s+[^\s\d()]+)*")


def doubted_units(
    issues: pd.DataFrame, boundaries: pd.DataFrame | None, units: Sequence[str]
) -> list[dict[str, Any]]:
    """
    Find the units of study that known issues forbid to rank or to compare.

    An issue that is declared in a table forbids what it says, of the areas that it names. An issue in plain text, which
    cannot say so, forbids to compare the areas that it names side by side, wherever it names two or more.

    Examples
    --------
    >>> areas = {"boundary_id": ["a", "b", "c"], "name": ["Alba", "Borga", "Cave"]}
    >>> table = gpd.GeoDataFrame(areas, geometry=gpd.points_from_xy([0, 1, 2], [0, 0, 0]).buffer(0.1))
    >>> told = {"path": "p.tif", "number": 1, "issue": "Interchanged", "issue_kind": "declared", "affects": ""}
    >>> issues = pd.DataFrame([told | {"forbids": "comparison", "areas": "Alba;Borga"}])
    >>> doubted_units(issues, table, ["a", "b", "c"])[0]["without_rank"]
    ['a', 'b']
    """
    if len(units) < 2:
        return []
    found = []
    for row in issues.to_dict("records"):
        plain = row["issue_kind"] == PLAIN
        forbids = [COMPARISON] if plain else _split(row["forbids"])
        declared, unknown = _declared(_split(row["areas"]), boundaries, units)
        areas = _side_by_side(str(row["issue"]), boundaries, units) if plain else declared
        if not forbids or (plain and len(areas) < 2):
            continue
        everywhere = not plain and not row["areas"]
        held = list(units) if everywhere else [unit for area in areas for unit in area]
        told = {name: row[name] for name in ("path", "number", "issue")}
        found.append(
            told
            | {
                "forbids": forbids,
                "areas": areas,
                "unknown_areas": unknown,
                "without_rank": sorted(set(held)),
            }
        )
    return found


def rank_doubts(
    doubts: Sequence[Mapping[str, Any]], units: Sequence[str], township_of: Mapping[str, str | None]
) -> RankDoubts:
    """
    Tell which townships and settlements have no rank, and which pairs of townships are not compared.

    Examples
    --------
    >>> doubt = {"forbids": ["comparison"], "areas": [["a"], ["b"]], "without_rank": ["a", "b"]}
    >>> held = rank_doubts([doubt], ["a", "b", "c"], {"v": "a", "w": "c"})
    >>> sorted(held.pairs), sorted(held.units["settlement"])
    ([('a', 'b'), ('b', 'a')], ['v'])
    """
    townships = frozenset(unit for doubt in doubts for unit in doubt["without_rank"])
    places = frozenset(place for place, township in township_of.items() if township in townships)
    pairs = set()
    if len(units) <= MAX_PAIRS:
        for doubt in doubts:
            forbidden = _forbidden(doubt)
            pairs |= {pair for pair in combinations(units, 2) if forbidden(*pair)}
    return RankDoubts(
        {"township": townships, "settlement": places},
        frozenset(pairs) | frozenset((other, one) for one, other in pairs),
    )


def issue_records(issues: pd.DataFrame, doubts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Tell every known issue with what it forbids here."""
    held = {(doubt["path"], doubt["number"]): doubt for doubt in doubts}
    found = []
    for row in issues.to_dict("records"):
        doubt = held.get((row["path"], row["number"]), {})
        found.append(
            {
                **{name: row[name] for name in ("path", "issue", "issue_kind")},
                "affects": _split(row["affects"]),
                "forbids": list(doubt.get("forbids", _split(row["forbids"]))),
                "areas": _split(row["areas"]),
                "without_rank": list(doubt.get("without_rank", ())),
                "unknown_areas": list(doubt.get("unknown_areas", ())),
            }
        )
    return found


def _forbidden(doubt: Mapping[str, Any]) -> Callable[[str, str], bool]:
    """Say of a pair of units whether the issue forbids to compare it."""
    held, areas = set(doubt["without_rank"]), [set(area) for area in doubt["areas"]]
    ranking, comparison = (effect in doubt["forbids"] for effect in (RANKING, COMPARISON))

    def forbidden(one: str, other: str) -> bool:
        if ranking and (one in held or other in held):
            return True
        if not comparison:
            return False
        if not areas:
            return one in held and other in held
        if len(areas) == 1:
            return (one in held) != (other in held)
        return any((one in a and other in b) or (one in b and other in a) for a, b in combinations(areas, 2))

    return forbidden


def _split(joined: object) -> list[str]:
    return [part for part in str(joined).split(";") if part]


def _declared(
    wanted: Sequence[str], boundaries: pd.DataFrame | None, units: Sequence[str]
) -> tuple[list[list[str]], list[str]]:
    """Give the units in each area that is named by its code or name, and the names that the study does not have."""
    found = {name: sorted(_units_in(name, boundaries, units)) for name in wanted}
    return [area for area in found.values() if area], [name for name, area in found.items() if not area]


def _units_in(name: str, boundaries: pd.DataFrame | None, units: Sequence[str]) -> set[str]:
    if not isinstance(boundaries, gpd.GeoDataFrame):
        return {name} & set(units)
    return set().union(*_areas(boundaries, units, lambda key, names: name == key or name in names))


def _side_by_side(text: str, boundaries: pd.DataFrame | None, units: Sequence[str]) -> list[list[str]]:
    """Give the areas that a plain text names, those within others apart."""
    if not isinstance(boundaries, gpd.GeoDataFrame):
        return []
    named = _areas(boundaries, units, lambda _key, names: any(_named(name, text) for name in names))
    areas = [area for area in named if 0 < len(area) < len(units)]
    return [area for at, area in enumerate(areas) if not any(set(area) < set(other) for other in areas)
            and area not in areas[:at]]  # fmt: skip


def _areas(
    boundaries: gpd.GeoDataFrame, units: Sequence[str], wanted: Callable[[str, set[str]], bool]
) -> Iterator[list[str]]:
    """Give the units in each boundary that is wanted by its code or names."""
    own = boundaries.loc[boundaries["boundary_id"].isin(units)].sort_values("boundary_id", kind="stable")
    points = own.geometry.representative_point()
    ids = own["boundary_id"].astype(str)
    named = pd.DataFrame(boundaries).filter(regex="^name").to_dict("records")
    for row, key, outline in zip(named, boundaries["boundary_id"], boundaries.geometry, strict=True):
        if wanted(str(key), _names(row)):
            inside = ids.eq(str(key))
            if outline is not None and not outline.is_empty:
                inside |= points.within(outline)
            yield sorted(ids[inside])


def _names(row: Mapping[Any, object]) -> set[str]:
    """Names of a row, and where letters of two scripts stand in one, the part in each."""
    texts = {value for value in row.values() if isinstance(value, str) and value}
    parts = {part.group() for text in texts for part in _RUN.finditer(_OTHER_SCRIPT.sub(" ", text))}
    return {name.strip() for name in texts | parts}


def _latin(text: str) -> bool:
    return _OTHER_SCRIPT.search(text) is None


def _named(name: str, text: str) -> bool:
    if len(name) < SHORTEST[_latin(name)]:
        return False
    if _latin(name):
        return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
    return name in text
