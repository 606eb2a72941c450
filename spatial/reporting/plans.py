"""Plans as records: what each does where, whom it brings within and who is left, for page, terminal and summary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.planning.agenda import PLAN_TABLES, ROOM_TABLES
from spatial.reporting.wording import names_of, pick, plain

if TYPE_CHECKING:
    import numpy.typing as npt

Record = dict[str, Any]
Names = dict[str, str]

NEAR_MIN = 5.0
"""Who is at most so many minutes beyond misses narrowly, as on the maps of gaps."""
BETWEEN = "\u2013"
"""Joins the names of the ends of a link."""
_OF_PARTS = (
    "plan_id", "service", "names", "norm_id", "question", "stat_unit", "counted", "shown", "share_before",
    "share_after", "plan_status", "cost",
)  # fmt: skip
"""What a plan of several services tells of each of its parts."""
SIDES = ("within", "gained", "beyond", "unknown")


def plan_records(
    tables: Mapping[str, pd.DataFrame],
    *,
    services: Mapping[str, Mapping[str, str]] | None = None,
    titles: Mapping[str, Mapping[str, str]] | None = None,
    metrics: Mapping[str, str] | None = None,
) -> list[Record]:
    """
    Gather the plans of a study in their order, each with its actions, curve, options and lists by township.

    All names are by language. `shown` has whole `persons` (None where nobody's number is known) and `places` for each
    side, such that parts add up to `today` (who is beyond today) and to `all`; so do those of actions and townships.
    ``metrics`` says what each norm measures, so that a way there and back is called that.

    >>> plan_records({})
    []
    """
    if "plans" not in tables or not len(tables["plans"]):
        return []
    own = {name: pd.DataFrame(tables[name].drop(columns="geometry", errors="ignore")) for name in PLAN_TABLES}
    parts = {name: dict(iter(own[name].groupby("plan_id", sort=False))) for name in PLAN_TABLES[1:]}
    rooms = {name: pd.DataFrame(tables[name]) for name in ROOM_TABLES if name in tables}
    told = [own["plan_actions"]["place_id"], own["plan_options"]["where"]]
    told += [frame[key] for frame in rooms.values() for key in ("settlement_id", "facility_id") if key in frame]
    named = names_of_places(tables, {part for text in pd.concat(told).dropna() for part in str(text).split()})
    settlements, township_of = tables.get("settlements"), pd.Series(dtype=object)
    if settlements is not None and "township_id" in settlements:
        township_of = pd.DataFrame(settlements).set_index("settlement_id")["township_id"].dropna()
    records = []
    for row in own["plans"].sort_values("rank", kind="stable").to_dict("records"):
        record = {str(key): plain(value) for key, value in row.items()}
        mine = {name: by_plan.get(row["plan_id"], own[name].iloc[:0]) for name, by_plan in parts.items()}
        record["names"] = dict((services or {}).get(str(row["service"]), {}))
        record["metric"] = (metrics or {}).get(str(row["norm_id"]), "")
        record["title"] = dict((titles or {}).get(str(row["plan_id"]), {}))
        record["shown"] = {
            what: None if record[f"{what}_within"] is None else _sides(record, what) for what in ("persons", "places")
        }
        record["actions"] = _actions(mine["plan_actions"], record, named)
        record["curve"] = _told(mine["plan_curve"].sort_values("number"))
        # Where another plan acts that this one does not, and the other way round.
        chosen = [action["place_id"] for action in record["actions"]]
        record["options"] = [
            entry
            | {
                "instead": [
                    {"names": named.get(place, {}), "township_names": named.get(str(township_of.get(place)), {})}
                    for place in where
                    if place not in chosen
                ],
                "not": [action for action in record["actions"] if action["place_id"] not in where],
            }
            for entry in _told(mine["plan_options"].sort_values("option"))
            for where in [str(entry["where"]).split()]
        ]
        people = mine["plan_people"]
        is_place = people["unit_level"] == "settlement"
        people = people.assign(unit=people["unit_id"].where(~is_place, people["unit_id"].map(township_of)).fillna(""))
        record["left"] = _left(people, record, named)
        gained = _some_of(people, "gained", ["gained"])
        record["gained_in"] = _by_township(gained, record["shown"], "gained", named)
        if "plan_owners" in tables:
            owners = pd.DataFrame(tables["plan_owners"])
            record["owners"] = _told(owners.loc[owners["plan_id"] == row["plan_id"]])
        if row["question"] == "matching":
            mine = {name: frame.loc[frame["plan_id"] == row["plan_id"]] for name, frame in rooms.items()}
            # Say from where each facility takes whom, and where one more unit of capacity would serve more.
            of_facility = mine["plan_capacity"].set_index("facility_id")
            for action in record["actions"]:
                rows = mine["plan_matches"].loc[mine["plan_matches"]["action_id"] == action["action_id"]]
                rows = rows.sort_values(["persons", "settlement_id"], ascending=[False, True], kind="stable")
                action["takes"] = [
                    {
                        "names": named.get(home, {}),
                        "township_names": named.get(str(township_of.get(home)), {}),
                        "persons": whole,
                    }
                    for home, whole in zip(
                        rows["settlement_id"], whole_parts(rows["persons"], action["shown"]["persons"]), strict=True
                    )
                ]
                action["more_room"] = plain(of_facility["more_persons"][action["place_id"]])
            short = of_facility.loc[of_facility["more_persons"] > 0.0]
            short = short.sort_values(["more_persons", "capacity_persons"], ascending=False, kind="stable")
            record["short_of_room"] = [
                {"names": named.get(name, {}), "township_names": {}, "persons": more, "unit": unit}
                for name, more, unit in zip(
                    short.index, short["more_persons"].tolist(), short["capacity_unit"].map(plain), strict=True
                )
            ]
        records.append(record)
    for record in records:
        if record.get("together") is not None:
            record["together_title"] = dict((titles or {}).get(record["together"], {}))
            record["parts"] = [
                {key: part[key] for key in _OF_PARTS} | {"sites": len(part["actions"])}
                for part in records
                if part.get("together") == record["together"]
            ]
    return records


def progress_records(tables: Mapping[str, pd.DataFrame]) -> list[Record]:
    """
    Gather what people wrote of actions that are no mere proposal, and whether what was built kept its promise.

    >>> progress_records({})
    []
    """
    progress = tables.get("plan_progress")
    if progress is None:
        return []
    rows = _told(progress.loc[progress["state"] != "proposed"].drop(columns="plan_id"))
    named = names_of_places(tables, {part for row in rows for part in _ends(row)})
    return [row | {"names": _place_names(_ends(row), row, named)} for row in rows]


def _ends(progress: Record) -> list[str]:
    """Read where an action is from its id, which is that of its plan and of its place, or of the ends of a link."""
    return str(progress["action_id"]).partition("/")[2].split()


def whole_parts(parts: npt.ArrayLike, total: int) -> list[int]:
    """
    Round parts so that they add up to their rounded total: up, where most is lost by rounding down.

    >>> whole_parts([1.4, 1.4, 0.2], 3)
    [2, 1, 0]
    """
    exact = np.asarray(parts, dtype=np.float64)
    whole = np.floor(exact).astype(np.int64)
    lacking = max(0, total - int(whole.sum()))
    whole[np.argsort(whole - exact, kind="stable")[:lacking]] += 1
    return [int(value) for value in whole]


def _sides(record: Mapping[str, Any], what: str) -> dict[str, int]:
    """Round who stands where: those gained and those beyond today are said alone, and the rest follows from them."""
    exact = {side: float(record[f"{what}_{side}"] or 0.0) for side in SIDES}
    found = {side: round(exact[side]) for side in ("gained", "unknown")}
    found["today"] = round(exact["gained"] + exact["beyond"])
    found["all"] = round(sum(exact.values()))
    found["beyond"] = found["today"] - found["gained"]
    found["within"] = found["all"] - found["today"] - found["unknown"]
    return found


def _actions(rows: pd.DataFrame, record: Record, named: Mapping[str, Names]) -> list[Record]:
    """List the actions in their order, with whole people and places that add up to those of the plan."""
    rows = rows.sort_values("step", kind="stable")
    whole = {
        what: whole_parts(rows[f"{what}_gained"], shown["gained"])
        for what, shown in record["shown"].items()
        if shown is not None
    }
    found = []
    for at, entry in enumerate(_told(rows)):
        names = _place_names(str(entry["place_id"]).split(), entry, named)
        township = named.get(str(entry["township_id"])) or names_of({"name": entry["township"]})
        shown = {what: whole[what][at] if what in whole else None for what in record["shown"]}
        found.append(entry | {"names": names, "township_names": township, "shown": shown})
    return found


def _some_of(people: pd.DataFrame, side: str, outcomes: Sequence[str]) -> pd.DataFrame:
    """Choose the places of a side, and of these the people: all of them, or those of whom room is told."""
    if f"{side}_persons" not in people:
        return people.loc[people["outcome"].isin(outcomes)]
    some = people[f"{side}_persons"]
    chosen = people.assign(persons=some.fillna(people["persons"]))
    return chosen.loc[np.where(some.isna(), people["outcome"].isin(outcomes), some > 0.0)]


def _left(people: pd.DataFrame, record: Record, named: Mapping[str, Names]) -> list[Record]:
    """Say by township who is still beyond, how far at least and at most, and who of them misses narrowly."""
    left = _some_of(people, "beyond", ["beyond", "none_reached"])
    over = left["after_value"] - record["threshold"]
    left = left.assign(near=(over > 0.0) & (over <= NEAR_MIN) & (record["unit"] == "min"))
    found = _by_township(left, record["shown"], "beyond", named)
    for entry in found:
        rows = left.loc[left["unit"] == (entry["township_id"] or "")]
        near = rows.loc[rows["near"]]
        persons = plain(near["persons"].sum(min_count=1))
        entry |= {
            "low": plain(rows["after_value"].min()),
            "high": plain(rows["after_value"].max()),
            "none_reached": int((rows["outcome"] == "none_reached").sum()),
            "near": {
                "persons": None if persons is None else min(entry["persons"], round(persons)),
                "places": len(near),
            },
        }
    return found


def _by_township(rows: pd.DataFrame, shown: Mapping[str, Any], side: str, named: Mapping[str, Names]) -> list[Record]:
    """Count people and places of one side by township, most people first, in whole people that add up."""
    grouped = rows.groupby("unit", sort=True)["persons"].agg(["sum", "size"])
    people = shown["persons"]
    persons = [None] * len(grouped) if people is None else whole_parts(grouped["sum"], people[side])
    found = [
        {"township_id": name or None, "names": named.get(str(name), {}), "persons": whole, "places": int(size)}
        for name, size, whole in zip(grouped.index, grouped["size"], persons, strict=True)
    ]
    return sorted(found, key=lambda entry: (-(entry["persons"] or 0), -entry["places"], entry["township_id"] or ""))


def _told(rows: pd.DataFrame) -> list[Record]:
    return [
        {str(key): plain(value) for key, value in row.items() if key != "plan_id"} for row in rows.to_dict("records")
    ]


def _place_names(ids: Sequence[str], row: Record, named: Mapping[str, Names]) -> Names:
    """
    Name where a row is by the places of these ids, a link by its ends; as it is written where one has no name.

    >>> _place_names(["a", "b"], {}, {"a": {"und": "云溪"}, "b": {"und": "马渡"}})["und"].split(BETWEEN)
    ['云溪', '马渡']
    """
    ends = [named.get(place, {}) for place in ids]
    if not ends or not all(ends):
        return names_of({"name": row["place"]})
    return {language: BETWEEN.join(pick(end, language) for end in ends) for language in sorted(set().union(*ends))}


def names_of_places(tables: Mapping[str, pd.DataFrame], wanted: Iterable[str]) -> dict[str, Names]:
    """Gather names by id: of the places asked for, and of all units."""
    found, wanted = unit_names(tables), set(wanted)
    for name, key in (("facilities", "facility_id"), ("settlements", "settlement_id")):
        table = tables.get(name)
        if table is not None:
            rows = pd.DataFrame(table).filter(regex=f"^({key}|name.*)$")
            found |= {str(row[key]): names_of(row) for row in rows.loc[rows[key].isin(wanted)].to_dict("records")}
    return found


def unit_names(tables: Mapping[str, pd.DataFrame]) -> dict[str, Names]:
    """
    Name units by language as their boundaries do, else as their settlements do.

    >>> unit_names({"settlements": pd.DataFrame({"township_id": ["t"], "township": ["马渡乡"]})})
    {'t': {'und': '马渡乡'}}
    """
    found: dict[str, Names] = {}
    settlements, boundaries = tables.get("settlements"), tables.get("boundaries")
    if settlements is not None and {"township_id", "township"} <= set(settlements):
        written = settlements[["township_id", "township"]].dropna().drop_duplicates("township_id")
        found = {str(unit): names_of({"name": name}) for unit, name in written.itertuples(index=False)}
    if boundaries is not None:
        rows = pd.DataFrame(boundaries).filter(regex="^(boundary_id|name.*)$").to_dict("records")
        found |= {str(row["boundary_id"]): names for row in rows if (names := names_of(row))}
    return found
