"""
What an audience may see: tables and columns of its class, and no number of people from which few can be told.

Numbers of people that are released are sums over settlements. Those from 1 to below k are hidden, and so many others
that no hidden number can be told from the released ones to within k. An audit asks of each, by linear programming, how
small and how large it can be where all that is released holds (Fischetti and Salazar, 2000, Journal of the American
Statistical Association 95, 916-928).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, permutations
from typing import Any, NamedTuple

import highspy
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from spatial.arrays import BoolArray, FloatArray
from spatial.errors import ContractError, refuse
from spatial.planning.plans import Silent
from spatial.tables import TABLES
from spatial.tables.contract import PERSONS, Field

AUDIENCES = {"internal": frozenset({"open", "internal", "restricted"}), "public": frozenset({"open"})}
"""Audiences, and the classes of tables and columns that each sees."""
SUPPRESSED = Field(
    "suppressed",
    "text",
    "Suppressed",
    "Columns of this row whose number of people is hidden, with blanks between them; empty where none is. "
    "A hidden number is not 0.",
)
"""Column of tables for the public."""
PARTS = ("persons_served", "persons_unserved", "persons_unknown")
"""Numbers that the people in scope of a norm consist of."""
TOLERANCE = 1e-6
"""Persons by which sums of the same numbers may differ."""
MOST_TOGETHER = 4
"""Groups that are looked at together for whether nobody belongs to two of them."""
SAME_SHARE = 1e-9
"""Of a share, by which it may differ from place to place and still be one, since numbers are computed."""
MOST_AT_HOME = 50
"""Unknowns up to which a row is looked at before those of a whole study, and problems are made one."""
LOOKS = 20
"""Times that all hidden numbers are moved at once, before those that hardly moved are asked for one by one."""


@dataclass(frozen=True, eq=False)
class Cut:
    """Tables as an audience sees them, and what was kept from it."""

    tables: Mapping[str, pd.DataFrame]
    left_out: Mapping[str, str]  # class of each table that was left out
    columns_left_out: Mapping[str, Sequence[str]]  # of each table that is shown
    small: int = 0  # numbers from 1 to below k that were hidden, each counted once wherever it stands
    beside: int = 0  # numbers that were hidden so that these are not found from the others
    least_width: float = np.inf  # the smallest interval, in persons, that a hidden number can be told to
    rows_left_out: Mapping[str, int] = field(default_factory=dict)  # of each table, for facilities that are withheld
    norms_left_out: frozenset[str] = frozenset()  # on large places: whom they ask about would tell a hidden number


class Cell(NamedTuple):
    """A number in a table."""

    table: str
    row: int
    column: str


@dataclass(eq=False)
class PeopleAsSums:
    """Released numbers as sums of unknowns, one unknown for the people of a settlement or of a group in it."""

    values: list[float] = field(default_factory=list)  # of the unknowns
    least: list[float] = field(default_factory=list)  # what everybody knows them to be at least
    sums: dict[frozenset[int], float] = field(default_factory=dict)  # numbers by the unknowns that they add up
    cells: dict[frozenset[int], list[Cell]] = field(default_factory=lambda: defaultdict(list))
    # sums that are known to be the same
    equal: list[tuple[frozenset[int], frozenset[int]]] = field(default_factory=list)
    # unknowns with their weights that are known to be no more than a number
    at_most: list[tuple[dict[int, float], float]] = field(default_factory=list)
    # unknowns that everybody knows to be a share of another one, by it
    share_of: dict[int, tuple[int, float]] = field(default_factory=dict)
    sized: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))  # norms that tell the size of a place

    def unknown(self, value: float, least: float = 0.0) -> int:
        """Add an unknown whose true number is given, and name it."""
        self.values.append(value)
        self.least.append(least)
        return len(self.values) - 1

    def put(self, of: Iterable[int], cell: Cell) -> None:
        """Note that a cell of a table is the sum of some unknowns."""
        key = frozenset(of)
        self.sums[key] = float(sum(self.values[item] for item in sorted(key)))
        self.cells[key].append(cell)


def cut(
    tables: Mapping[str, pd.DataFrame],
    audience: str,
    *,
    k: int,
    measured_in: Mapping[str, str] | None = None,
    sizes: Mapping[str, float] | None = None,
) -> Cut:
    """
    Cut tables to an audience: its classes alone, and for the public no number that tells of fewer than k people.

    `measured_in` gives the unit of norms: what is measured in persons, or in a unit that is not given, stays. `sizes`
    gives the people that a place has at least where a norm asks about large ones alone; such a norm is left out where
    its answers would tell a hidden number.
    """
    classes = AUDIENCES[audience]
    left_out = {name: TABLES[name].sharing for name in tables if TABLES[name].sharing not in classes}
    shown, columns = {}, {}
    for name, frame in tables.items():
        if name in left_out:
            continue
        table = TABLES[name]
        kept = [
            column
            for column in frame.columns
            if column == "geometry" or "internal" in classes or table.sharing_of(str(column)) in classes
        ]
        # Rows in the order of their keys: the order of a run may tell which number is larger.
        ordered = frame.sort_values(list(table.key)) if audience == "public" else frame
        shown[name] = ordered[kept].reset_index(drop=True)
        columns[name] = [str(column) for column in frame.columns if column not in kept]
    if "internal" in classes:
        return Cut(shown, left_out, columns)
    numbers, unexplained = people_as_sums(shown, sizes)
    hidden = {key for key, value in numbers.sums.items() if TOLERANCE < value < k - TOLERANCE}
    small = len(hidden)
    # Hide further numbers, the smallest first, until each hidden one is told to no less than k.
    holding: dict[int, list[frozenset[int]]] = defaultdict(list)
    for key in numbers.sums:
        for item in key:
            holding[item].append(key)
    compared: dict[int, list[Iterable[int]]] = defaultdict(list)
    for row in [*(low | high for low, high in numbers.equal), *(row.keys() for row, _ in numbers.at_most)]:
        for item in row:
            compared[item].append(row)
    alike = {item: {item} for item in range(len(numbers.values))}
    for item, (of, _) in numbers.share_of.items():
        alike[of].add(item)
        alike[item] = alike[of]
    order = {key: (value, sorted(key)) for key, value in numbers.sums.items()}
    # A number that is safe stays so: what is hidden later only makes intervals wider.
    told: dict[frozenset[int], _Told] = {}
    while True:
        waiting = {key for key in hidden if key not in told or told[key].width < k - TOLERANCE}
        told |= told_to(numbers, hidden, waiting, float(k))
        unsafe = sorted((key for key in waiting if told[key].width < k - TOLERANCE), key=order.__getitem__)
        if not unsafe:
            break
        count = len(hidden)
        for key in unsafe:
            # What is known of each unknown by itself, or by one that it is a share of or that is a share of it.
            alone = [
                [one for other in alike[item] if (one := frozenset({other})) in numbers.sums and one not in hidden]
                for item in key
            ]
            binding = [one for one in told[key].binding if one not in hidden]
            if all(alone):
                hidden.add(min((one for each in alone for one in each), key=order.__getitem__))
            elif len(binding) < len(told[key].binding):
                continue  # one that bound it was just hidden for another number, which may be enough
            elif binding:
                hidden.add(min(binding, key=order.__getitem__))
            else:
                # What is known among groups tells it: hide what is known of the same unknowns, else of those that
                # these are compared with, and so on.
                linked, around, reached = set(key), set[frozenset[int]](), set(key)
                while reached and not around:
                    reached = {other for item in reached for row in compared[item] for other in row} - linked
                    linked |= reached
                    around = {one for item in linked for one in holding[item] if one not in hidden}
                if around:
                    hidden.add(min(around, key=order.__getitem__))
                elif len(hidden) == count:
                    of_large = {norm for item in linked for one in alike[item] for norm in numbers.sized[one]}
                    if of_large:
                        rest = {
                            name: frame.loc[~frame["norm_id"].isin(of_large)]
                            for name, frame in tables.items()
                            if name in {"norm_results", "gaps"}
                        }
                        again = cut({**tables, **rest}, audience, k=k, measured_in=measured_in, sizes=sizes)
                        return replace(again, norms_left_out=again.norms_left_out | of_large)
                    where = ", ".join(f"{one.table}.{one.column}" for one in numbers.cells[key])
                    raise ContractError("disclosure", [f"{where}: told by what nobody can hide; choose a smaller k"])
    width = min((one.width for one in told.values()), default=np.inf)
    withheld: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for cell in [*unexplained, *(cell for key in hidden for cell in numbers.cells[key])]:
        withheld[cell.table][cell.row].append(cell.column)
    for name, frame in shown.items():
        if not any(_is_people(name, str(column)) for column in frame):
            continue
        said, rows_of = [""] * len(frame), defaultdict(list)
        made = frame.copy()
        # How many people a facility has is a number of people that no sum of settlements says.
        if name == "gaps" and "unit" in made:
            made[["value", "excess"]] = made[["value", "excess"]].mask(made["unit"] == PERSONS)
        if name == "norm_results" and "value" in made:
            units = [(measured_in or {}).get(str(norm), PERSONS) for norm in made["norm_id"]]
            made["value"] = made["value"].mask(np.array(units) == PERSONS)
        for at, names in withheld[name].items():
            said[at] = " ".join(sorted(set(names)))
            for column in names:
                rows_of[column].append(at)
        for column, rows in rows_of.items():
            made.loc[rows, column] = np.nan
        shown[name] = made.assign(**{SUPPRESSED.name: pd.Series(said, index=made.index, dtype="str")})
    return Cut(shown, left_out, columns, small, len(hidden) - small, width)


@dataclass(frozen=True)
class Withheld:
    """Facilities that are not told, and all that leads to them."""

    facilities: frozenset[str] = frozenset()  # services as the facilities have them
    ways: frozenset[str] = frozenset()  # services for which one of these facilities may be the nearest
    norms: frozenset[str] = frozenset()  # norms on them, which are told by township and for the study


def without_facilities(made: Cut, withheld: Withheld) -> Cut:
    """Leave out of tables that were cut where facilities are, and whatever tells of each village how far they are."""
    tables, rows_left_out = dict(made.tables), {}
    on_norm = tables["norm_results"]["norm_id"].isin(withheld.norms)
    left_out = {
        "facilities": tables["facilities"]["service"].isin(withheld.facilities),
        "access": tables["access"]["service"].isin(withheld.ways),
        "norm_results": on_norm & (tables["norm_results"]["unit_level"] == "settlement"),
        "gaps": tables["gaps"]["norm_id"].isin(withheld.norms),
    }
    for name, rows in left_out.items():
        if rows.any():
            tables[name], rows_left_out[name] = tables[name].loc[~rows].reset_index(drop=True), int(rows.sum())
    return replace(made, tables=tables, rows_left_out=rows_left_out)


def fit_for_sinks(shown: Mapping[str, pd.DataFrame], norm_results: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """
    Give tables that were cut the columns that pages, sheets and layers read, each made from what was left or empty.

    Of a norm in a unit all numbers of people are hidden where one is, so that no sentence tells a part without its
    base.
    """
    tables = {}
    for name, frame in shown.items():
        absent = [item for item in TABLES[name].fields if item.required and item.name not in frame]
        empty = {item.name: pd.Series(np.nan, frame.index, dtype="float64") for item in absent if item.kind == "number"}
        tables[name] = frame.assign(**empty)
    norms, people = tables["norm_results"], ["persons_in_scope", *PARTS]
    is_hidden = norms[SUPPRESSED.name] != ""
    norms.loc[is_hidden, people] = np.nan
    counted = norms["share_of"].where(norms["share_of"] == "places", "persons")
    served, unserved = (
        norms[f"persons_{side}"].where(counted == "persons", norms[f"places_{side}"]) for side in ("served", "unserved")
    )
    share = (served / (served + unserved)).where(served + unserved > 0.0)
    key = list(TABLES["norm_results"].key)
    may_be_all = norms[key].merge(norm_results[[*key, "served_share_upper"]], on=key, how="left")["served_share_upper"]
    tables["norm_results"] = norms.assign(
        served_share=share,
        served_share_lower=share,
        served_share_upper=share.mask((may_be_all >= 1.0).to_numpy() & share.notna(), 1.0),
        **{SUPPRESSED.name: np.where(is_hidden, " ".join([*people, "served_share"]), "")},
    )
    gaps = tables["gaps"].sort_values(["persons_unserved", "settlement_id"], ascending=[False, True], kind="stable")
    tables["gaps"] = gaps.assign(rank=np.arange(1, len(gaps) + 1, dtype="int64")).sort_index()
    return tables


def people_withheld(settlements: pd.DataFrame) -> pd.Series[bool]:
    """Say of which settlements the public is not told how many people live there; of none in tables of the office."""
    if SUPPRESSED.name not in settlements:
        return pd.Series(data=False, index=settlements.index)
    return settlements[SUPPRESSED.name].str.contains("population_persons")


def people_as_sums(
    shown: Mapping[str, pd.DataFrame], sizes: Mapping[str, float] | None = None
) -> tuple[PeopleAsSums, list[Cell]]:
    """
    Write every released number of people as a sum of unknowns, and find what is known to hold among these.

    Returns the cells, too, that are no sum of what their settlements have: nobody can audit these.
    """
    numbers, unexplained = PeopleAsSums(), []
    row: Any  # of frames whose columns the data dictionary names
    settlements = shown["settlements"]
    place = {str(key): at for at, key in enumerate(settlements["settlement_id"])}
    count = len(place)
    # People by group: for each, its number in every settlement; NaN where nobody knows it.
    groups: list[FloatArray] = []
    columns = [name for name in settlements if _is_people("settlements", str(name))]
    groups += [settlements[name].to_numpy(dtype=np.float64) for name in columns]
    complete = len(groups)
    norms = shown.get("norm_results", pd.DataFrame({"unit_level": [], "norm_id": []}))
    by_place = norms.loc[norms["unit_level"] == "settlement"]
    group_of: dict[str, int] = {}
    for norm, rows in by_place.groupby("norm_id", sort=True):
        scope = np.zeros(count)
        scope[[place[key] for key in rows["unit_id"]]] = rows["persons_in_scope"].fillna(0.0)
        inside = scope > 0.0
        for at, people in enumerate(groups):
            both = inside & (people > 0.0)
            if both.any() and np.array_equal(scope[both], people[both]) and (at >= complete or (both == inside).all()):
                groups[at] = people if at < complete else np.maximum(people, scope)
                group_of[str(norm)] = at
                break
        else:
            group_of[str(norm)] = len(groups)
            groups.append(scope)
    # A true 0 is told, so that of a group in whole persons there is at least one wherever a number is hidden.
    least = [float((np.nan_to_num(people) % 1.0 == 0.0).all()) for people in groups]
    unknowns = [
        {at: numbers.unknown(value, one) for at, value in enumerate(people) if value > 0.0}
        for people, one in zip(groups, least, strict=True)
    ]
    for name, own in zip(columns, unknowns, strict=False):
        for at, item in own.items():
            numbers.put([item], Cell("settlements", at, str(name)))
    # What holds in every settlement is taken to be known: a group is a share of another, or several make up another.
    filled = [np.nan_to_num(people) for people in groups]
    for low, a in enumerate(filled):
        for high, b in enumerate(filled):
            # A group that is estimated is the same share of another one everywhere.
            both = (a > 0.0) & (b > 0.0)
            if low < high and both.sum() > 1 and (both == ((a > 0.0) | (b > 0.0))).all():
                share = b[both] / a[both]
                for at, item in unknowns[low].items() if np.ptp(share) <= SAME_SHARE * share.max() else ():
                    of, part = numbers.share_of.get(item, (item, 1.0))
                    numbers.share_of.setdefault(unknowns[high][at], (of, part * float(share[0])))
    # Groups that nobody belongs to two of, such as by age, are together no more than all who live there.
    within = [[a is b or ((a <= b).all() and not (a >= b).all()) for b in filled] for a in filled]
    facts: list[tuple[float, tuple[int, ...], int]] = []  # by the people of a group beyond those of several in it
    for whole, c in enumerate(filled):
        groups_in = [one for one, a in enumerate(filled) if one != whole and (a <= c).all() and (a > 0.0).any()]
        for several in (some for size in range(1, MOST_TOGETHER + 1) for some in combinations(groups_in, size)):
            together = np.sum([filled[one] for one in several], axis=0)
            if len(several) > 1 and np.allclose(together, c):
                for at, item in unknowns[whole].items():
                    made_of = frozenset(unknowns[one][at] for one in several if at in unknowns[one])
                    numbers.equal.append((made_of, frozenset({item})))
            elif (together <= c + TOLERANCE).all():
                facts.append((float((c - together).sum()), several, whole))
    # What follows from another fact, of larger groups in a smaller one, is left out: it leaves fewer people beyond.
    kept: list[tuple[tuple[int, ...], int]] = []
    for _, several, whole in sorted(facts):
        if any(
            within[one][whole] and all(within[low][high] for low, high in zip(several, some, strict=True))
            for others, one in kept
            for some in permutations(others, len(several))
        ):
            continue
        kept.append((several, whole))
        for at, item in unknowns[whole].items():
            members = {unknowns[one][at]: 1.0 for one in several if at in unknowns[one]}
            if members:
                numbers.at_most.append((members | {item: -1.0}, 0.0))
    # People of a norm by settlement: all of the group there, or a part of it, which is an unknown of its own.
    township = settlements["township_id"].to_numpy() if "township_id" in settlements else np.full(count, None)
    sums: dict[tuple[str, str, str, str], set[int]] = defaultdict(set)
    values: dict[tuple[str, str, str, str], float] = defaultdict(float)
    unserved: dict[tuple[str, str], set[int]] = {}
    everybody = dict(zip(columns, unknowns, strict=False)).get("population_persons", {})
    for row in by_place.itertuples():
        norm, at = str(row.norm_id), place[str(row.unit_id)]
        # Whether a norm on large places asks about one tells on which side of their size it is.
        if at in everybody and (size := (sizes or {}).get(norm, 0.0)):
            item = everybody[at]
            numbers.sized[item].add(norm)
            if row.persons_in_scope > 0.0:
                numbers.least[item] = max(numbers.least[item], size)
            elif numbers.values[item] < size:
                numbers.at_most.append(({item: 1.0}, size))
        all_there = {unknowns[group_of[norm]][at]} if row.persons_in_scope > 0.0 else set()
        found: dict[str, set[int]] = {"persons_in_scope": all_there}
        for column in PARTS:
            value = getattr(row, column)
            if not value > 0.0:
                found[column] = set()
            elif abs(value - row.persons_in_scope) <= TOLERANCE:
                found[column] = all_there
            else:
                found[column] = {numbers.unknown(value, least[group_of[norm]] * (value % 1.0 == 0.0))}
        parts = frozenset(item for column in PARTS for item in found[column])
        if all_there and parts and parts != all_there:
            numbers.equal.append((parts, frozenset(all_there)))
        unserved[norm, str(row.unit_id)] = found["persons_unserved"]
        for column, items in found.items():
            value = getattr(row, column)
            if items:
                numbers.put(items, Cell("norm_results", row.Index, column))
            for level, unit in (("study", ""), ("township", str(township[at]))):
                sums[level, unit, norm, column] |= items
                values[level, unit, norm, column] += max(0.0, value)
    for row in norms.loc[norms["unit_level"] != "settlement"].itertuples():
        unit, norm = ("" if row.unit_level == "study" else str(row.unit_id)), str(row.norm_id)
        known: dict[str, set[int]] = {}
        for column in ("persons_in_scope", *PARTS):
            value, key = getattr(row, column), (row.unit_level, unit, norm, column)
            if not value > 0.0:
                continue
            if abs(values[key] - value) > TOLERANCE * max(1.0, value):
                unexplained.append(Cell("norm_results", row.Index, column))
                continue
            known[column] = sums[key]
            numbers.put(sums[key], Cell("norm_results", row.Index, column))
        # A verdict on a share of people tells on which side of the target they are, whatever those that were not
        # measured may turn; that none can be given tells that these may turn it.
        if getattr(row, "share_of", "") != "persons" or not row.target_share >= 0.0:
            continue
        share = row.target_share
        told = {
            "met": [(share - 1.0, share, share)],
            "not_met": [(1.0 - share, -share, 1.0 - share)],
            "not_measurable": [(1.0 - share, -share, -share), (share - 1.0, share, share - 1.0)],
        }
        verdicts = sorted({row.status, getattr(row, "status_as_mapped", row.status)})
        for weights in dict.fromkeys(weights for verdict in verdicts for weights in told.get(verdict, [])):
            side = {
                item: weight for column, weight in zip(PARTS, weights, strict=True) for item in known.get(column, ())
            }
            total = sum(weight * numbers.values[item] for item, weight in side.items())
            if total <= TOLERANCE and max(side.values(), default=0.0) > 0.0:
                numbers.at_most.append((side, 0.0))
    for row in shown.get("gaps", pd.DataFrame()).itertuples():
        value, items = row.persons_unserved, unserved.get((str(row.norm_id), str(row.settlement_id)), set())
        if not value > 0.0:
            continue
        if abs(sum(numbers.values[item] for item in items) - value) > TOLERANCE * max(1.0, value):
            unexplained.append(Cell("gaps", row.Index, "persons_unserved"))
            continue
        numbers.put(items, Cell("gaps", row.Index, "persons_unserved"))
    counted = {
        (name, str(column)) for name, frame in shown.items() for column in frame if _is_people(name, str(column))
    }
    audited = {("settlements", str(name)) for name in columns} | {("gaps", "persons_unserved")}
    audited |= {("norm_results", column) for column in ("persons_in_scope", *PARTS)}
    unseen = [f"{table}.{column} counts people and is not audited" for table, column in sorted(counted - audited)]
    refuse("disclosure", unseen)
    return numbers, unexplained


def _is_people(table: str, column: str) -> bool:
    known = TABLES[table].field(column)
    return known is not None and known.unit == PERSONS


class _Told(NamedTuple):
    """To what interval a hidden number can be told, in persons, and the released numbers that bind it."""

    width: float
    binding: Sequence[frozenset[int]] = ()


def told_to(
    numbers: PeopleAsSums, hidden: set[frozenset[int]], asked: set[frozenset[int]], k: float
) -> dict[frozenset[int], _Told]:
    """
    Say to what interval, in persons, hidden numbers can be told from the released ones; from k on, at least k.

    Unknowns of the same sums are exchanged for each other; where that does not reach k, linear programming says it.
    """
    values = np.array(numbers.values)
    known: dict[int, list[frozenset[int]]] = {}  # unknowns that are told alone, by the released numbers that tell them
    for key in numbers.sums:
        if len(key) == 1 and key not in hidden:
            (item,) = key
            known.setdefault(numbers.share_of.get(item, (item,))[0], []).append(key)
    known |= {item: known[of] for item, (of, _) in numbers.share_of.items() if of in known}

    def open_in(row: Mapping[int, float]) -> dict[int, float]:
        """Weigh the unknowns of a row that are not known, shares by what they are of."""
        weights: dict[int, float] = defaultdict(float)
        for item, weight in row.items():
            if item not in known:
                of, share = numbers.share_of.get(item, (item, 1.0))
                weights[of] += share * weight
        return {item: weight for item, weight in weights.items() if weight}

    free = [item for item in range(len(values)) if item not in known and item not in numbers.share_of]
    column_of = {item: at for at, item in enumerate(free)}
    rows: list[tuple[dict[int, float], float, bool]] = []  # weights, right side, whether it is an equation
    seen: dict[frozenset[int], int] = {}
    # Released numbers that each row says; those that say the upper end of an unknown, by its place from -1 down.
    sources: dict[int, list[frozenset[int]]] = defaultdict(list)
    for key in numbers.sums:
        inside = key.difference(known)
        if key in hidden or not inside:
            continue
        if inside not in seen:
            seen[inside] = len(rows)
            weights = open_in(dict.fromkeys(inside, 1.0))
            rows.append((weights, sum(weight * values[item] for item, weight in weights.items()), True))
        sources[seen[inside]].append(key)
    told = [({**dict.fromkeys(low, 1.0), **dict.fromkeys(high, -1.0)}, 0.0, True) for low, high in numbers.equal]
    told += [(row, limit, False) for row, limit in numbers.at_most]
    upper = np.full(len(free), np.inf)
    for row, limit, is_equation in told:
        inside_row = open_in(row)
        told_by = [key for item in row if item in known for key in known[item]]
        rest = limit - sum(weight * values[item] for item, weight in row.items() if item in known)
        # A share that differs in its last digit from place to place makes no equation impossible.
        rest = sum(weight * values[item] for item, weight in inside_row.items()) if is_equation else rest
        if len(inside_row) == 1 and not is_equation and next(iter(inside_row.values())) > 0.0:
            ((item, weight),) = inside_row.items()
            at = column_of[item]
            if rest / weight < upper[at]:
                upper[at], sources[-1 - at] = rest / weight, told_by
        elif inside_row and (is_equation or rest < 0.0 or max(inside_row.values()) > 0.0):
            sources[len(rows)] = told_by
            rows.append((inside_row, rest, is_equation))
    # Unknowns in the same rows with the same weights can be exchanged, and nobody sees it.
    true = values[free]
    columns: list[list[tuple[int, float]]] = [[] for _ in free]
    floor = np.array(numbers.least)[free]
    for item, (of, share) in numbers.share_of.items():
        if of not in known:
            floor[column_of[of]] = max(floor[column_of[of]], numbers.least[item] / share)
    least, most = floor.copy(), upper.copy()
    pairs = []
    for at, (row, limit, is_equation) in enumerate(rows):
        if not is_equation and sorted(row.values()) == [-1.0, 1.0]:
            # A group and its people, both unknown: while one moves the other stands still.
            low, high = (column_of[item] for item in sorted(row, key=row.__getitem__, reverse=True))
            most[low], least[high] = min(most[low], true[high] + limit), max(least[high], true[low] - limit)
            pairs.append((low, high))
            continue
        if not is_equation and len(row) > 1 and set(row.values()) <= {-1.0, 1.0}:
            # Several groups and their people: each may move by its share of what all of them may together.
            share = (limit - sum(weight * true[column_of[item]] for item, weight in row.items())) / len(row)
            for item, weight in row.items():
                at_item = column_of[item]
                if weight > 0.0:
                    most[at_item] = min(most[at_item], true[at_item] + share)
                else:
                    least[at_item] = max(least[at_item], true[at_item] - share)
            continue
        for item, weight in row.items():
            columns[column_of[item]].append((at, weight))
    alike: dict[tuple[tuple[int, float], ...], list[int]] = defaultdict(list)
    for at, column in enumerate(columns):
        alike[tuple(column)].append(at)
    width_of = np.zeros(len(free))
    for members in alike.values():
        below, above = true[members] - least[members], most[members] - true[members]
        down = np.minimum(below, above.sum() - above) if np.isfinite(above).all() else below.copy()
        if np.isinf(above).sum() == 1:
            # The only one without a bound can fall as far as the others may rise.
            lone = int(np.flatnonzero(np.isinf(above))[0])
            down[lone] = min(below[lone], np.delete(above, lone).sum())
        up = np.minimum(above, below.sum() - below)
        if not columns[members[0]]:
            down, up = below, above
        width_of[members] = down + up
    for low, high in pairs:
        if columns[low] == columns[high]:
            width_of[[low, high]] = 0.0
    matrix = sparse.csr_matrix(
        (
            np.array([weight for row, _, _ in rows for weight in row.values()], dtype=np.float64),
            (
                [at for at, (row, _, _) in enumerate(rows) for _ in row],
                [column_of[item] for row, _, _ in rows for item in row],
            ),
        ),
        shape=(len(rows), len(free)),
    )
    limits = np.array([limit for _, limit, _ in rows])
    equations = np.array([is_equation for _, _, is_equation in rows], dtype=bool)
    found: dict[frozenset[int], _Told] = {}
    questions = []
    for key in (one for one in numbers.sums if one in asked):
        inside_at = {column_of[item]: weight for item, weight in open_in(dict.fromkeys(key, 1.0)).items()}
        width = sum(weight * width_of[at] for at, weight in inside_at.items()) if len(inside_at) == 1 else 0.0
        if width >= k:
            found[key] = _Told(float(width))
        else:
            questions.append((key, inside_at))
    shape = (len(questions), len(free))
    at_row = [number for number, (_, inside_at) in enumerate(questions) for _ in inside_at]
    at_column = [at for _, inside_at in questions for at in inside_at]
    weighed = [weight for _, inside_at in questions for weight in inside_at.values()]
    sums = sparse.csr_matrix((weighed, (at_row, at_column)), shape=shape)
    at_home = np.array([len(row) for row, _, _ in rows]) <= MOST_AT_HOME
    for is_kept in (*([at_home] if at_home.any() else []), np.ones_like(at_home)):
        # Rows and unknowns that have to do with each other make a problem of their own, small ones together.
        at_rows, at_columns = (ends[is_kept[matrix.nonzero()[0]]] for ends in matrix.nonzero())
        ends = (at_rows, at_columns + len(rows))
        graph = sparse.csr_matrix((np.ones(len(at_rows)), ends), shape=(len(rows) + len(free),) * 2)
        links = sparse.csgraph.connected_components(graph, directed=False)[1].astype(np.intp)
        links = (np.cumsum(np.bincount(links)) // MOST_AT_HOME)[links]
        row_part, free_part = np.where(is_kept, links[: len(rows)], -1), links[len(rows) :]
        waiting = [question for question, (key, _) in enumerate(questions) if key not in found]
        questions, sums = [questions[question] for question in waiting], sums[waiting]
        parts: dict[int, _Part] = {}
        for part in np.unique(free_part[sums.nonzero()[1]]).tolist():
            own, mine = np.flatnonzero(row_part == part), np.flatnonzero(free_part == part)
            facts = _Facts(matrix[own][:, mine], limits[own], equations[own], floor[mine], upper[mine])
            parts[part] = _Part(sums[:, mine], facts, np.concatenate([own, -1 - mine]), true[mine])
            if is_kept.all():
                parts[part].look_around(k)
        for question, (key, inside_at) in enumerate(questions):
            in_parts = [parts[part] for part in sorted({int(free_part[at]) for at in inside_at})]
            least_width = sum(part.seen(question) for part in in_parts)
            if least_width >= k and is_kept.all():
                found[key] = _Told(least_width)
                continue
            answers = [part.width_of(question) for part in in_parts]
            binding = sorted(set[int]().union(*(held for _, held in answers)))
            width = float(sum(width for width, _ in answers))
            # What few rows tell to within k, all of them do.
            if is_kept.all() or width < k - TOLERANCE:
                found[key] = _Told(width, [one for at in binding for one in sources.get(at, ())])
    return found


class _Facts(NamedTuple):
    """What is known of the unknowns of a part: their weighted sums are within limits."""

    weights: sparse.csr_matrix  # shape (facts, unknowns)
    limits: FloatArray  # shape (facts,)
    equations: BoolArray  # shape (facts,); whether it is the limit and not only within it
    lower: FloatArray  # shape (unknowns,)
    upper: FloatArray  # shape (unknowns,)


class _Part:
    """
    Unknowns that have to do with each other, and how far hidden sums of them were seen to move from the true numbers.

    An answer of the solver for one sum shows a value of every other, and is a good beginning for the next.
    """

    def __init__(self, sums: sparse.csr_matrix, facts: _Facts, rows: NDArray[np.intp], true: FloatArray) -> None:
        own = np.flatnonzero(sums.getnnz(axis=1))
        self.sums, self.facts, self.rows = sums[own], facts, rows
        self.place = {question: at for at, question in enumerate(own.tolist())}
        self.low, self.high = np.zeros(len(own)), np.zeros(len(own))
        weights, model = sparse.hstack([facts.weights, -facts.weights], "csr"), highspy.HighsLp()
        model.num_row_, model.num_col_ = weights.shape
        model.col_cost_, model.col_lower_ = np.zeros(2 * len(true)), np.zeros(2 * len(true))
        model.col_upper_ = np.maximum(np.concatenate([facts.upper - true, true - facts.lower]), 0.0)
        room = np.maximum(facts.limits - facts.weights @ true, 0.0) + TOLERANCE
        model.row_lower_, model.row_upper_ = np.where(facts.equations, 0.0, [np.full(len(room), -np.inf), room])
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = weights.indptr.astype(np.int32)
        model.a_matrix_.index_ = weights.indices.astype(np.int32)
        model.a_matrix_.value_ = weights.data
        self.highs = Silent()  # type: ignore[no-untyped-call]  # of a package without types
        # The primal simplex: an answer stays a possible one for the next question, whatever that asks.
        for name, value in {"threads": 1, "random_seed": 0, "simplex_strategy": 4}.items():
            self.highs.setOptionValue(name, value)
        self.highs.setOptionValue("presolve", "off")
        self.highs.passModel(model)

    def least(self, aim: FloatArray) -> tuple[float, set[int]]:
        """Say how far a weighted sum of the unknowns can fall, -inf without end, and which released numbers bind it."""
        self.highs.changeColsCost(2 * len(aim), np.arange(2 * len(aim), dtype=np.int32), np.concatenate([aim, -aim]))
        self.highs.run()
        status = self.highs.getModelStatus()
        if status == highspy.HighsModelStatus.kUnbounded:
            return -np.inf, set()
        if status != highspy.HighsModelStatus.kOptimal:
            raise ContractError("disclosure", [f"the audit found no answer: {status.name}"])
        answer = self.highs.getSolution()
        rises, falls = np.array(answer.col_value).reshape(2, -1)
        # A price of a rise that is below 0 is that of the upper end of its unknown.
        prices = np.array([*answer.row_dual, *np.minimum(answer.col_dual[: len(aim)], 0.0)])
        said = self.sums @ (rises - falls)
        self.low, self.high = np.minimum(self.low, said), np.maximum(self.high, said)
        return float(aim @ (rises - falls)), set(self.rows[np.abs(prices) > TOLERANCE].tolist())

    def look_around(self, k: float) -> None:
        """Move all sums that were not yet seen to be as wide as k at once, each up or down by chance."""
        random = np.random.default_rng(0)
        for _ in range(LOOKS):
            narrow = np.flatnonzero(self.high - self.low < k)
            if len(narrow) <= LOOKS:
                return
            aim = random.choice([-1.0, 1.0], len(narrow)) @ self.sums[narrow]
            self.least(aim)
            self.least(-aim)

    def seen(self, question: int) -> float:
        """Say how far a sum was seen to move."""
        return float(self.high[self.place[question]] - self.low[self.place[question]])

    def width_of(self, question: int) -> tuple[float, set[int]]:
        """Say to what interval a sum can be told, inf where it has no end, and which released numbers bind it."""
        aim = self.sums[self.place[question]].toarray()[0]
        (low, below), (high, above) = self.least(aim), self.least(-aim)
        return -high - low, below | above
