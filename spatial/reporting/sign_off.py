"""Can I sign this? Our totals against official ones, what was imputed, and gates that hang on one record."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import shapely

from spatial.crs import METRES_A_KM
from spatial.messages import Words
from spatial.norms.evaluation import SHARE_TOLERANCE
from spatial.norms.law import with_norm_id
from spatial.norms.measuring import PRESENCE, modes_for
from spatial.study.outputs import OfficialOptions, OfficialTotal
from spatial.study.region import basis_differs
from spatial.tables import TABLES
from spatial.tables.words import EVERYBODY, NO_UNIT

# How large a share of the facilities may be missing, as rows of the table that is signed.


def missing_shares(inventory: pd.DataFrame | None) -> Iterator[tuple[str, float, str]]:
    """Say of every service whose completeness is estimated what share may be missing."""
    rows = [] if inventory is None else inventory.to_dict("records")
    for row in rows:
        if row["basis"] in {"official", "capture_recapture"}:
            low = row["completeness_lower"]
            yield row["service"], 1.0 - low if low <= 1.0 else math.nan, f"missing_by_{row['basis']}"
        elif row["basis"] == "declared" and row.get("official", math.nan) > row["facilities"]:
            share = 1.0 - row["facilities"] / row["official"]
            yield row["service"], share, f"declared_complete_officially:{math.ceil(row['official'])}"
        elif row["basis"] == "declared" and row["estimated_lower"] > row["facilities"]:
            share = 1.0 - row["facilities"] / row["estimated_upper"]
            yield row["service"], share, f"declared_complete_but:{math.ceil(row['estimated_lower'])}"


# Gates that hang on one record: those whose result turns if a single settlement or facility is another.

TIMES = "time_min"
AGREE = 1e-6
"""Shares that are added up again must agree with the table to this."""


class HungGate(NamedTuple):
    """One gate, and the records that it hangs on."""

    norm_id: str  # the norm
    gate: str  # pass, fail or unknown, as it stands
    # ids of settlements, townships and facilities, those of most weight and then of most people first; None
    # where it cannot be told
    records: tuple[str, ...] | None
    wants_all: bool  # whether the norm asks for every place, so that each place decides


def gates_on_one_record(norm_results: pd.DataFrame, access: pd.DataFrame, register: pd.DataFrame) -> list[HungGate]:
    """Find the gates that turn with one place or facility more or less; `records` is None where nobody can tell."""
    rules = {str(norm_id): rule for norm_id, rule in with_norm_id(register).set_index("norm_id").iterrows()}
    study = norm_results.loc[norm_results["unit_level"] == "study"].set_index("norm_id")
    gates = study.loc[study["gate"].isin(["pass", "fail", "unknown"])].sort_index()
    below = norm_results.loc[norm_results["norm_id"].isin(gates.index) & (norm_results["unit_level"] != "study")]
    return [
        HungGate(
            str(norm_id),
            str(row["gate"]),
            _records(row, below, access, rules[str(norm_id)]),
            row["target_share"] >= 1.0,
        )
        for norm_id, row in gates.iterrows()
    ]


def _records(study: pd.Series, below: pd.DataFrame, access: pd.DataFrame, rule: pd.Series) -> tuple[str, ...] | None:
    """List the records that one gate hangs on; None where it cannot be told."""
    if study["gate"] == "unknown":
        return None
    rows = below.loc[below["norm_id"] == study.name]
    levels = set(rows["unit_level"])
    if not levels:
        return ("study",) if _count_moves(study, study["gate"]) else ()
    level = "settlement" if "settlement" in levels else "township"
    rows = rows.loc[rows["unit_level"] == level]
    what = str(study["share_of"])
    weights = rows[f"{what}_in_scope"].fillna(0.0).to_numpy(dtype=float)
    whole, target = float(study[f"{what}_in_scope"]), float(study["target_share"])
    status = rows["status"].to_numpy(dtype=object)
    passed = study["gate"] == "pass"
    sides = {"met": "served_share_lower", "not_met": "served_share_upper"}
    side = "met" if passed else "not_met"
    share = float(study[sides[side]])
    told = float(weights[status == side].sum()) / whole if whole > 0 else np.nan
    if not abs((share if passed else 1.0 - share) - told) <= AGREE:
        return None
    room = (share - target if passed else target - share) * whole
    able = status == side
    if level == "township" and rule["metric"] == PRESENCE:
        able &= np.array([_count_moves(row, study["gate"]) for _, row in rows.iterrows()], dtype=bool)
    slack = SHARE_TOLERANCE * max(whole, 1.0)
    turns = able & (weights > room + slack if passed else weights >= room - slack)
    found = dict(zip(rows["unit_id"][turns], weights[turns], strict=True))
    if passed and rule["metric"] == TIMES and level == "settlement":
        # The weight of the places that each facility alone serves within the norm.
        served = pd.Series(weights, index=rows["unit_id"].to_numpy())[able]
        ways = access.loc[(access["service"] == study["service"]) & access["settlement_id"].isin(served.index)]
        mode = rule.get("mode")
        ways = ways.loc[
            ways["mode"].isin(modes_for(mode if isinstance(mode, str) else "", sorted(set(access["mode"]))))
        ]
        columns = [["settlement_id", f"{which}facility_id", f"{which}travel_time_min"] for which in ("", "second_")]
        pairs = pd.concat([ways[names].set_axis(["place", "facility", "minutes"], axis=1) for names in columns])
        within = pairs.loc[pairs["facility"].notna() & (pairs["minutes"] <= study["threshold"])]
        within = within.drop_duplicates(["place", "facility"])
        only = within.loc[~within.duplicated("place", keep=False)]
        lost = only["place"].map(served).groupby(only["facility"].to_numpy(), sort=True).sum()
        found |= {str(name): float(weight) for name, weight in lost[lost > room + slack].items()}
    persons = dict(zip(rows["unit_id"], rows["persons_in_scope"].fillna(0.0), strict=True))
    return tuple(str(name) for name in sorted(found, key=lambda name: (-found[name], -persons.get(name, 0.0), name)))


def _count_moves(row: pd.Series, gate: str) -> bool:
    """Tell whether one facility more or less moves a count across its threshold."""
    value, threshold = float(row["value"]), float(row["threshold"])
    return value - 1.0 < threshold <= value if gate == "pass" else value < threshold <= value + 1.0


# Our totals beside the official ones, with what is known that may explain a difference.

LOST = frozenset({"outside", "too_far", "no_path", "set_aside"})
"""Items of the account whose people were given to no settlement."""
VAGUE_CLASSES = frozenset({"road", "unclassified"})
ONEWAY = frozenset({"yes", "-1", "true", "1"})
VILLAGE = "village"
FERRY = "ferry"

Causes = tuple[tuple[str, float], ...]
"""Codes with a number each; NaN where there is none to say."""
Row = dict[str, Any]


def _row(kind: str, of: str, unit: str, ours: float, status: str, **more: object) -> Row:
    blank = dict.fromkeys(("official", "difference", "difference_share"), math.nan)
    empty = dict.fromkeys(("likely_causes", "source", "records"), "")
    same = {
        "item": f"{kind}:{of}" if of else kind,
        "kind": kind,
        "of": of,
        "unit": unit,
        "ours": ours,
        "status": status,
    }
    return {**blank, **empty, **same, **more}


def _total(  # noqa: PLR0913 - what is told of a total, and of the official one
    official: OfficialOptions,
    declared: OfficialTotal | None,
    *,
    kind: str,
    of: str = "",
    unit: str,
    ours: float,
    fewer: Causes = (),
    more: Causes = (),
    other_basis: str = "",
) -> Row:
    """
    Hold one of our totals, NaN where unknown, against the official one as it is declared.

    `fewer` and `more` may explain that ours is less, or more; codes whose number is 0 explain nothing. `other_basis` is
    whom the official number counts where ours counts others, so that no difference is told.
    """
    if declared is None:
        return _row(kind, of, unit, ours, "unknown")
    told: Row = {"official": declared.value, "source": declared.source}
    causes = [
        code if math.isnan(number) else f"{code}:{number:.0f}"
        for code, number in (fewer if ours < declared.value else more)
        if number
    ] or ["none_known"]
    status = "unknown"
    if other_basis and not math.isnan(ours):
        told["likely_causes"] = f"official_{other_basis};{causes[-1]}"
    elif not math.isnan(ours):
        difference = ours - declared.value
        is_close = abs(difference) <= official.tolerance_share * declared.value
        status, told["likely_causes"] = ("ok", "") if is_close else ("look", ";".join(causes))
        told["difference"] = difference
        told["difference_share"] = difference / declared.value if declared.value else math.nan
    return _row(kind, of, unit, ours, status, **told)


def people_total(tables: Mapping[str, pd.DataFrame], official: OfficialOptions, basis: str) -> Row:
    """Add up the people of the study area. Returns NaN where nobody's number is known."""
    settlements, account = tables["settlements"], tables["population_account"]
    mine = settlements["in_study"].to_numpy(dtype=bool)
    persons = settlements["population_persons"]
    lost = account.loc[account["item"].isin(LOST)]
    modelled = (f"basis_{basis}", math.nan)
    fewer: Causes = (
        ("people_not_allocated", float(lost["persons"].sum())),
        ("places_without_people", float(persons[mine].isna().sum())),
        ("people_in_buffer", float(persons[~mine].sum())),
        modelled,
    )
    counts = "" if official.people is None else official.people.counts
    return _total(
        official,
        official.people,
        kind="people",
        unit="persons",
        ours=float(persons[mine].sum(min_count=1)),
        fewer=fewer,
        more=(modelled,),
        other_basis=counts if basis_differs(basis, counts) else "",
    )


def village_total(settlements: pd.DataFrame, official: OfficialOptions) -> Row:
    """Count the villages of the study area."""
    mine, village = settlements["in_study"], settlements["tier"] == VILLAGE
    small = 0
    if "place" in settlements:
        small = int((mine & village & settlements["place"].notna() & (settlements["place"] != VILLAGE)).sum())
    fewer: Causes = (
        ("places_of_other_tiers", float((mine & ~village).sum())),
        ("villages_in_buffer", float((~mine & village).sum())),
    )
    ours = float((mine & village).sum())
    told: dict[str, Any] = {"fewer": fewer, "more": (("natural_villages", float(small)),)}
    return _total(official, official.villages, kind="villages", unit="places", ours=ours, **told)


def facility_totals(
    tables: Mapping[str, pd.DataFrame], official: OfficialOptions, inventory: Mapping[str, str]
) -> Iterator[Row]:
    """Count the existing facilities of the study area, by service."""
    facilities, findings = tables["facilities"], tables["findings_read"]
    existing = facilities["status"] == "existing"
    service = facilities["service"]
    of_kept = facilities.set_index("facility_id")["service"]
    merged = findings.loc[findings["kind"] == "merged_duplicate", "other_id"].map(of_kept)
    doubtful = findings.loc[findings["kind"] == "ambiguous_duplicate", "other_id"].map(of_kept)
    mapped = set(service[existing & facilities["in_study"]])
    for name in sorted(mapped | set(official.facilities)):
        declared = official.facilities.get(name)
        kinds = list((declared.services if declared else ()) or (name,))
        chosen = service.isin(kinds)
        known = {inventory.get(kind, "unknown") for kind in kinds}
        gap = next((word for word in ("unknown", "partial") if word in known), "")
        fewer: Causes = (
            *(((f"inventory_{gap}", math.nan),) if gap else ()),
            ("merged_duplicates", float(merged.isin(kinds).sum())),
            ("facilities_in_buffer", float((chosen & existing & ~facilities["in_study"]).sum())),
            ("not_existing", float((chosen & ~existing & facilities["in_study"]).sum())),
        )
        more: Causes = (("duplicates_left_apart", float(doubtful.isin(kinds).sum())),)
        ours = float((chosen & existing & facilities["in_study"]).sum())
        told: dict[str, Any] = {"of": name, "unit": "facilities", "ours": ours, "fewer": fewer, "more": more}
        yield _total(official, declared, kind="facilities", **told)


def road_totals(
    tables: Mapping[str, pd.DataFrame], official: OfficialOptions, inventory: Mapping[str, str]
) -> Iterator[Row]:
    """Measure the roads inside the study area, by class."""
    roads = tables["roads"]
    classes = roads["road_class"].to_numpy(dtype=object)
    # Length of each line inside the areas; only lines across the border are cut.
    lines = roads.geometry.to_numpy()
    areas = tables["study_area"].geometry.to_numpy()
    area = shapely.union_all(areas)
    shapely.prepare(area)
    length = shapely.length(lines)
    whole = shapely.covers(area, lines)
    cut = ~whole & shapely.intersects(area, lines)
    inside = np.where(whole, length, 0.0)
    inside[cut] = shapely.length(shapely.intersection(lines[cut], area))
    inside_km = inside / METRES_A_KM
    outside_km = shapely.length(roads.geometry.to_numpy()) / METRES_A_KM - inside_km
    oneway = roads["oneway"].isin(list(ONEWAY)).to_numpy() if "oneway" in roads else np.zeros(len(roads), bool)
    vague_km = float(inside_km[np.isin(classes, list(VAGUE_CLASSES))].sum())
    gap = inventory.get("roads", "unknown")
    for name in sorted((set(classes[inside_km > 0]) - {FERRY}) | set(official.road_km)):
        declared = official.road_km.get(name)
        kinds = list((declared.classes if declared else ()) or (name,))
        chosen = np.isin(classes, kinds)
        missing = len([kind for kind in kinds if kind not in classes])
        fewer: Causes = (
            ("classes_not_read", float(missing)),
            *(((f"inventory_{gap}", math.nan),) if gap != "complete" else ()),
            ("km_of_vague_class", 0.0 if VAGUE_CLASSES & set(kinds) else vague_km),
            ("km_outside", float(outside_km[chosen].sum().round())),
        )
        more: Causes = (("km_oneway", float(inside_km[chosen & oneway].sum().round())),)
        ours = float(inside_km[chosen].sum())
        told: dict[str, Any] = {"of": name, "unit": "km", "ours": ours, "fewer": fewer, "more": more}
        yield _total(official, declared, kind="road_km", **told)


# What units say of the people: totals outside the tolerance, people that were scaled, groups that are estimated.

PERSONS = "_persons"
OTHER_BASIS = ("official_registered", "official_resident")
"""Say of a unit that the official number counts other people."""


def unit_check(tables: Mapping[str, pd.DataFrame]) -> Iterator[Row]:
    """Count the units outside the tolerance, by group, largest difference first; NaN where none can be judged."""
    if "unit_totals" not in tables:
        return
    totals = tables["unit_totals"]
    for group in dict.fromkeys(totals["group"]):
        rows = totals[totals["group"] == group]
        units = rows[rows["unit_id"] != NO_UNIT]
        told = units[units["status"] != "unknown"]
        outside = told[told["status"] == "look"]
        largest = outside.assign(by=-outside["residual_persons"].abs()).sort_values(["by", "unit_id"])
        found = units["likely_causes"].str.split(";")
        lost = found.map(lambda codes: bool({"not_found", "ambiguous_name"} & set(codes)))
        counts = {
            "units_told": float(len(told)),
            "largest_difference": float(outside["residual_persons"].abs().max()) if len(outside) else 0.0,
            "units_without_official": float((units["official_persons"].isna()).sum()),
            "official_units_not_found": float(lost.sum()),
            "people_in_no_unit": float(rows.loc[rows["unit_id"] == NO_UNIT, "our_persons"].sum()),
            "units_not_scaled": float((~told["scaling"].isin(["scaled", "not_asked"])).sum()),
        }
        sources = rows.loc[rows["source"] != "", "source"]
        causes = [code for code in OTHER_BASIS if found.map(lambda codes, code=code: code in codes).any()]
        causes += [f"{code}:{number:.0f}" for code, number in counts.items() if number]
        yield _row(
            "units" if group == EVERYBODY else "group_units",
            "" if group == EVERYBODY else str(group),
            "units",
            float(len(outside)) if len(told) else math.nan,
            "unknown" if told.empty else "look" if len(outside) else "ok",
            likely_causes=";".join(causes),
            source=str(sources.iloc[0]) if len(sources) else "",
            records=" ".join(largest["unit_id"].astype(str).iloc[:SHOWN_RECORDS]),
        )


def rescaled_people(settlements: pd.DataFrame) -> pd.Series | None:
    """Tell whose number was scaled to the official one of the unit; None where the study asks for no scaling."""
    if "population_factor" not in settlements:
        return None
    return settlements["population_source"].str.endswith("_rescaled")


def estimated_groups(settlements: pd.DataFrame) -> Iterator[tuple[str, pd.Series, pd.Series]]:
    """Tell which people of each group are estimated."""
    for column in sorted(map(str, settlements.columns)):
        source = f"{column.removesuffix(PERSONS)}_source"
        if column.endswith(PERSONS) and column != "population_persons" and source in settlements:
            persons = settlements[column].fillna(0.0).astype(np.float64)
            yield column.removesuffix(PERSONS), persons, settlements[source] == "estimated"


def causes_text(codes: str, words: Words) -> str:
    """Say the likely causes; empty for none. A code without words is said as it is."""
    said, parts = words.of("sign_off"), [code.partition(":") for code in codes.split(";") if code]
    return (
        words.of("results")
        .say("issue", "joint")
        .join(said.say("cause", code, number=words.number(int(number)) if number else "") for code, _, number in parts)
    )


# The table `sign_off`: every total, share and gate that whoever signs the study should look at.

MODELLED = frozenset({"raster", "raster_rescaled"})
TAGGED_SPEEDS = frozenset({"maxspeed", "stated"})
SHOWN_RECORDS = 20
REMARKS = frozenset(
    {"imputed_speed", "imputed_surface", "modelled_people", "rescaled_people", "estimated_group", "gate", "gates"}
)
"""Kinds of rows that no study clears by itself: above their limit they are to be known, no more."""


def sign_off_table(
    tables: Mapping[str, pd.DataFrame],
    *,
    official: OfficialOptions,
    inventory: Mapping[str, str],
    basis: str,
    register: pd.DataFrame,
) -> pd.DataFrame:
    """Set our totals against the official ones."""
    rows = [
        people_total(tables, official, basis),
        *unit_check(tables),
        village_total(tables["settlements"], official),
        *facility_totals(tables, official, inventory),
        *road_totals(tables, official, inventory),
    ]
    missing = [("missing_facilities", *told) for told in missing_shares(tables.get("inventory"))]
    for kind, of, share, cause in [*_imputed_shares(tables), *missing]:
        above = "remark" if kind in REMARKS else "look"
        status = "unknown" if math.isnan(share) else "ok" if share <= official.imputed_share else above
        rows.append(_row(kind, of, "share", share, status, likely_causes=cause))
    gates = gates_on_one_record(tables["norm_results"], tables["access"], register)
    for gate in gates:
        cause, records = f"gate_{gate.gate}", gate.records or ()
        status = "unknown" if gate.records is None else "remark" if records else "ok"
        rows.append(
            _row(
                "gate",
                gate.norm_id,
                "records",
                math.nan if gate.records is None else float(len(records)),
                status,
                likely_causes=cause + (";target_is_all" if gate.wants_all and records else ""),
                records=" ".join(records[:SHOWN_RECORDS]),
            )
        )
    hung = sum(bool(gate.records) for gate in gates)
    all_known = bool(gates) and all(gate.records is not None for gate in gates)
    status = "remark" if hung else "ok" if all_known else "unknown"
    cause = f"gates_in_force:{len(gates)}" if gates else "no_gate"
    rows.append(_row("gates", "", "gates", float(hung), status, likely_causes=cause))
    frame = pd.DataFrame(rows)
    kinds = {field.name: field.kind for field in TABLES["sign_off"].fields}
    return frame[list(kinds)].astype({name: "float64" if kind == "number" else "str" for name, kind in kinds.items()})


def fingerprint(table: pd.DataFrame) -> str:
    """Give twelve letters for the rows of a table `sign_off` in any order, to which alone a signature belongs."""
    lines = sorted(
        f"{row['item']}\t{row['ours']:.9g}\t{row['official']:.9g}\t{row['status']}" for row in table.to_dict("records")
    )
    return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()[:12]


def _imputed_shares(tables: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, str, float, str]]:
    """Tell what share of roads and of people was filled in, as kind, of what, share and cause."""
    weighed: list[tuple[str, str, pd.Series, pd.Series]] = []
    for mode, edges in tables["edges"].groupby("mode", sort=True):
        speed = ~edges["speed_source"].isin(list(TAGGED_SPEEDS))
        weighed.append(("imputed_speed", str(mode), edges["length_m"], speed))
        weighed.append(("imputed_surface", str(mode), edges["length_m"], edges["surface"].isna()))
    scored = tables["settlements"].loc[tables["settlements"]["in_study"]]
    people = scored["population_persons"]
    persons, places = people.fillna(0.0), pd.Series(1.0, index=scored.index)
    weighed.append(("modelled_people", "", persons, scored["population_source"].isin(MODELLED)))
    weighed.append(("unknown_people", "", places, people.isna()))
    rescaled = rescaled_people(scored)
    if rescaled is not None:
        weighed.append(("rescaled_people", "", persons, rescaled))
    weighed += [("estimated_group", *group) for group in estimated_groups(scored)]
    for kind, of, weights, chosen in weighed:
        weight = weights.to_numpy(dtype=float)
        whole = float(weight.sum())
        share = float(weight[chosen.to_numpy(dtype=bool)].sum()) / whole if whole > 0 else math.nan
        yield kind, of, share, ""
