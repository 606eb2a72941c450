"""The score of a study as all sinks tell it, as records and in words, and what nobody knows of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.messages import Words
from spatial.norms.evaluation import PEOPLE_AT_MOST
from spatial.norms.measuring import NOTHING_MAPPED
from spatial.reporting.disclosure import SUPPRESSED
from spatial.reporting.wording import columns_told, plain, records_of, with_names
from spatial.score.composite import lack_shares
from spatial.score.ranking import CLAIM, MAX_PAIRS, RANKS, RankDoubts
from spatial.score.towns import why_no_area
from spatial.tables.words import ISSUE_EFFECTS, NAMES, PILLARS, PLAIN_TEXT, SETTLEMENT, STUDY, TOWNSHIP

LEAST_PILLARS = 2
"""Measured pillars without which a level says no more than its one pillar does; it is then not shown."""
LEAST_PLACES = 10
"""Settlements of a study or township without which its level hangs on each single one; it is then not shown."""
FEW_PILLARS, FEW_PLACES = "few_pillars", "few_places"

REASONS = ("no_data", "not_asked", "not_defined")
"""The first that any component of a pillar has tells why the pillar is missing."""
NO_DATA = REASONS[0]
NAMED = 3
"""Places without a number of people that a sentence names; of the others it says how many."""


def pillars_missing(row: Mapping[Any, Any], components: Iterable[Mapping[Any, Any]]) -> dict[str, str]:
    """Name the pillars of a unit that nothing measures, and why; what is not asked of it is not missing."""
    said = {(part["pillar"], part["component_status"]) for part in components if part["side"] == "level"}
    found = {}
    for pillar in PILLARS:
        if not pd.isna(row[f"level_{pillar}"]):
            continue
        reason = next((name for name in REASONS if (pillar, name) in said), "")
        if row["unit_level"] != "settlement" or reason == NO_DATA:
            found[pillar] = reason or NO_DATA
    return found


def level_breaks(bands: Sequence[float]) -> list[float]:
    """Begin the classes of levels, from the best down, by the bands of a study, both of which are halved."""
    low, high = bands
    return [round(value, 3) for value in ((1.0 + high) / 2.0, high, (low + high) / 2.0, low, 0.0)]


def levels_shown(scores: pd.DataFrame) -> pd.DataFrame:
    """Hide levels of fewer than two measured pillars or ten settlements; the tables hold them all the same."""
    single = scores["unit_level"].eq("settlement")
    study = scores.loc[scores["unit_level"].eq("study"), "places"].max()
    places = scores["places"].mask(single, single.sum() if pd.isna(study) else study)
    pillars = scores[[f"level_{name}" for name in PILLARS]].notna().sum(axis=1)
    hidden = _hidden(scores["integration_level"], pillars, places)
    names = ("integration_level", "integration_level_arithmetic", "level_low", "level_high")
    ranks = ("median_rank", "low_rank", "high_rank")
    gone = {name: scores[name].mask(hidden.ne("")) for name in (*names, *ranks) if name in scores}
    if "level_band" in scores:
        gone["level_band"] = scores["level_band"].mask(hidden.ne(""), "unknown")
    if "rank_status" in scores:
        ranked = hidden.ne("") & scores["rank_status"].eq("ranked")
        gone["rank_status"] = scores["rank_status"].mask(ranked, "not_ranked")
    return scores.assign(**gone, level_hidden=hidden)


def pairs_shown(pairs: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Keep the pairs of townships whose levels are both shown."""
    gone = scores.loc[scores["unit_level"].eq("township") & scores["level_hidden"].ne(""), "unit_id"]
    return pairs.loc[~pairs["unit_id"].isin(gone) & ~pairs["other_id"].isin(gone)]


def changes_shown(units: pd.DataFrame) -> pd.DataFrame:
    """Take away the changes of levels that nobody is shown, by the same rule, in what two runs have in common."""
    dates = ("before", "after")
    single, study = units["unit_level"].eq("settlement"), units["unit_level"].eq("study")
    least = pd.concat([units[f"places_{date}"] for date in dates], axis=1).min(axis=1)
    whole = least[study].min() if study.any() else single.sum()
    pillars = units["common_pillars"].astype("str").str.split(";").map(lambda names: len([n for n in names if n]))
    hidden = _hidden(units["level_before"].fillna(units["level_after"]), pillars, least.mask(single, whole))
    names = [f"{name}_{date}" for name in ("level", "low_rank", "high_rank") for date in dates]
    gone = {name: units[name].mask(hidden.ne("")) for name in (*names, "level_change", "ln_change")}
    return units.assign(**gone, level_hidden=hidden)


def _hidden(level: pd.Series, pillars: pd.Series, places: pd.Series) -> pd.Series:
    """Say why a level is not shown; nothing of what nobody measured."""
    why = np.select([level.isna(), pillars < LEAST_PILLARS, places < LEAST_PLACES], ["", FEW_PILLARS, FEW_PLACES], "")
    return pd.Series(why, index=level.index, dtype="str")


def gates_unjudged(row: Mapping[Any, Any]) -> int:
    """Count the gates in force that are neither passed nor known to fail."""
    return int(row["gates_in_force"]) - int(row["gates_passed"]) - len(split_codes(row["failed_gates"]))


def is_unmapped(norm: Mapping[Any, Any]) -> bool:
    """Tell whether a norm asks for a service of which nothing is mapped and whose list nobody declared complete."""
    return NOTHING_MAPPED in str(norm["reason"]).split(";")


def conditions_of(judged_if: object) -> list[tuple[str, int]]:
    """Read the tiers, and how many people the largest known place of each has, under which a norm is judged."""
    parts = [code.split(":") for code in split_codes(judged_if) if code.startswith(f"{PEOPLE_AT_MOST}:")]
    return [(tier, int(persons)) for _, tier, persons in parts]


def people_missing(norm_id: str, results: pd.DataFrame, settlements: pd.DataFrame) -> dict[str, Any] | None:
    """Say whose people nobody knows, of those that a norm asks about; None for none, or where nobody is known."""
    own = results.loc[
        (results["norm_id"] == norm_id) & (results["unit_level"] == "settlement") & (results["places_in_scope"] > 0),
        ["unit_id", "persons_in_scope"],
    ]
    without = own["persons_in_scope"].isna()
    if SUPPRESSED.name in results:  # withheld, and not unknown
        without &= results.loc[own.index, SUPPRESSED.name] == ""
    # Of most norms nobody is missing: places are looked up only for the others.
    if not without.any():
        return None
    inside = own["unit_id"].isin(settlements["settlement_id"])
    ids = sorted(own.loc[without & inside, "unit_id"].astype(str))
    if not ids or without[inside].all():
        return None
    names = ["settlement_id", *(name for name in NAMES if name in settlements)]
    told = settlements.loc[settlements["settlement_id"].isin(ids[:NAMED]), names].set_index("settlement_id")
    first = [{"id": place, **{name: plain(text) for name, text in told.loc[place].items()}} for place in ids[:NAMED]]
    return {"places": len(ids), "first": first}


# What holds a unit back most: its obstacle degrees, over all components of its level.

_UNIT = ["unit_level", "unit_id"]


def held_back(components: pd.DataFrame, weights: Mapping[str, float] | None = None) -> pd.DataFrame:
    """
    Share out what each unit lacks among the measured components of its level, each unit's largest first.

    A pillar's weight is spread evenly over its components, so that one of four counts no more than one of two. The
    shares, `obstacle_degree`, sum to 1, or are all 0 where a unit lacks nothing.
    """
    rows = components.loc[(components["side"] == "level") & components["value"].notna()].reset_index(drop=True)
    of_pillar = weights or dict.fromkeys(rows["pillar"], 1.0)
    weight = pd.Series([of_pillar.get(name, 0.0) for name in rows["pillar"]], index=rows.index, dtype="float64")
    weight = weight / rows.groupby([*_UNIT, "pillar"])["component"].transform("size")
    rows["obstacle_degree"] = np.nan
    for _, part in rows.groupby(_UNIT, sort=False):
        own = weight[part.index].to_numpy()
        if own.sum() > 0:
            degrees = lack_shares(part["value"].clip(0.0, 1.0).to_numpy(), own / own.sum())
            rows.loc[part.index, "obstacle_degree"] = degrees
    order = [*_UNIT, "obstacle_degree", "pillar", "component"]
    return rows.sort_values(order, ascending=[True, True, False, True, True]).reset_index(drop=True)


# Units that known issues of the sources forbid to rank or to compare.

SHORTEST_LATIN, SHORTEST_OTHER = 4, 2
"""Letters that a name needs to be looked for in a text, in Latin letters and in others."""
COMPARISON, RANKING = ISSUE_EFFECTS
_OTHER_SCRIPT = re.compile(r"[^\x00-\u024f]+")
_RUN = re.compile(r"[^\s\d()]+(?:\s+[^\s\d()]+)*")


def doubted_units(issues: pd.DataFrame, boundaries: pd.DataFrame | None, units: Sequence[str]) -> list[dict[str, Any]]:
    """
    Find the units of study that known issues forbid to rank or to compare.

    An issue that is declared in a table forbids what it says, of the areas that it names. An issue in plain text, which
    cannot say so, forbids to compare the areas that it names side by side, wherever it names two or more.
    """
    if len(units) < 2:
        return []
    found = []
    for row in issues.to_dict("records"):
        is_plain, text = row["issue_kind"] == PLAIN_TEXT, str(row["issue"])
        forbids = [COMPARISON] if is_plain else split_codes(row["forbids"])
        # The units in each area that is named by its code or name.
        declared = {}
        for name in split_codes(row["areas"]):
            if isinstance(boundaries, gpd.GeoDataFrame):
                inside = _areas(boundaries, units, called=name)
                declared[name] = sorted(set().union(*inside))
            else:
                declared[name] = sorted({name} & set(units))
        areas = [area for area in declared.values() if area]
        if is_plain:
            # Those that a plain text names, those within others apart.
            areas = []
            if isinstance(boundaries, gpd.GeoDataFrame):
                told = _areas(boundaries, units, told_in=text)
                named = [area for area in told if 0 < len(area) < len(units)]
                inner = [area for area in named if any(set(area) < set(other) for other in named)]
                areas = [area for at, area in enumerate(named) if area not in [*inner, *named[:at]]]
        if not forbids or (is_plain and len(areas) < 2):
            continue
        everywhere = not is_plain and not row["areas"]
        held = list(units) if everywhere else [unit for area in areas for unit in area]
        found.append(
            {
                **{name: row[name] for name in ("path", "number", "issue")},
                "forbids": forbids,
                "areas": areas,
                "unknown_areas": [name for name, area in declared.items() if not area],
                "without_rank": sorted(set(held)),
            }
        )
    return found


def rank_doubts(
    doubts: Sequence[Mapping[str, Any]], units: Sequence[str], township_of: Mapping[str, str | None]
) -> RankDoubts:
    """Tell which townships and settlements have no rank, and which pairs of townships are not compared."""
    townships = frozenset(unit for doubt in doubts for unit in doubt["without_rank"])
    places = frozenset(place for place, township in township_of.items() if township in townships)
    pairs: set[tuple[str, str]] = set()
    for doubt in doubts if len(units) <= MAX_PAIRS else ():
        held, areas = set(doubt["without_rank"]), [set(area) for area in doubt["areas"]]
        if RANKING in doubt["forbids"]:
            pairs |= {(one, other) for one, other in combinations(units, 2) if one in held or other in held}
        if COMPARISON in doubt["forbids"]:
            # Without areas no two of its units; with one area none of it with the others; else none across areas.
            for one, other in combinations(units, 2):
                across = any((one in a and other in b) or (one in b and other in a) for a, b in combinations(areas, 2))
                apart = len(areas) == 1 and (one in held) != (other in held)
                if across or apart or (not areas and one in held and other in held):
                    pairs.add((one, other))
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
                **{name: row[name] for name in ("path", "issue", "issue_kind", "notice", "notice_values")},
                "affects": split_codes(row["affects"]),
                "forbids": list(doubt.get("forbids", split_codes(row["forbids"]))),
                "areas": split_codes(row["areas"]),
                "without_rank": list(doubt.get("without_rank", ())),
                "unknown_areas": list(doubt.get("unknown_areas", ())),
            }
        )
    return found


def split_codes(joined: object) -> list[str]:
    """Take a cell of codes apart; nothing of a missing one."""
    return [part for part in joined.split(";") if part] if isinstance(joined, str) else []


def _areas(
    boundaries: gpd.GeoDataFrame, units: Sequence[str], *, called: str = "", told_in: str = ""
) -> list[list[str]]:
    """Give the units in each boundary that has this code or name, or whose name stands in a text."""
    found = []
    own = boundaries.loc[boundaries["boundary_id"].isin(units)].sort_values("boundary_id", kind="stable")
    points = own.geometry.representative_point()
    ids = own["boundary_id"].astype(str)
    named = pd.DataFrame(boundaries).filter(regex="^name").to_dict("records")
    for row, key, outline in zip(named, boundaries["boundary_id"], boundaries.geometry, strict=True):
        # Where letters of two scripts stand in one name, the part in each is a name too.
        texts = {value for value in row.values() if isinstance(value, str) and value}
        parts = {part.group() for text in texts for part in _RUN.finditer(_OTHER_SCRIPT.sub(" ", text))}
        names = {name.strip() for name in texts | parts} - {""}
        # In Latin letters a name stands in a text as a word of its own.
        told = any(
            len(name) >= SHORTEST_OTHER and name in told_in
            if _OTHER_SCRIPT.search(name)
            else len(name) >= SHORTEST_LATIN and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", told_in)
            for name in names
        )
        if told or called in {str(key), *names}:
            inside = ids.eq(str(key))
            if outline is not None and not outline.is_empty:
                inside |= points.within(outline)
            found.append(sorted(ids[inside]))
    return found


URBAN, RURAL, UNKNOWN = "urban", "rural", "unknown"
TOLD = columns_told("score")


def summarise_score(
    tables: Mapping[str, pd.DataFrame], weights: Mapping[str, float] | None = None
) -> dict[str, Any] | None:
    """Put the score of the study on one page."""
    if "scores" not in tables or "score_components" not in tables:
        return None
    scores, shown, pairs = tables["scores"], levels_shown(tables["scores"]), tables.get("rank_pairs")
    study = _unit(tables, STUDY, STUDY, weights, shown["level_hidden"])
    if study is None:
        return None
    # Townships, and the two that are told apart most surely.
    rows = scores.loc[scores["unit_level"] == TOWNSHIP].set_index("unit_id")
    found = told_apart(shown, None if pairs is None else pairs_shown(pairs, shown))
    apart = None
    if found is not None:
        first, last, probability = found
        names = ("name", "integration_level", *RANKS)
        ends = {
            end: {"id": unit, **{name: plain(rows.loc[unit][name]) for name in names}}
            for end, unit in (("first", first), ("last", last))
        }
        apart = with_names({**ends, "probability_before": probability}, tables.get("boundaries"))
    townships = {
        "townships": len(rows),
        "with_level": int(rows["integration_level"].notna().sum()),
        "level_shown": int(shown.loc[shown["unit_level"] == TOWNSHIP, "integration_level"].notna().sum()),
        "without_rank": int(rows["rank_status"].eq("in_doubt").sum()),
        "told_apart": apart,
    }
    people = tables["settlements"].set_index("settlement_id")["population_persons"]
    # People by the official class, by the Degree of Urbanisation, and by both where they differ.
    classes = None
    if "settlement_types" in tables:
        types = tables["settlement_types"]
        frame = pd.DataFrame(
            {
                "official": types["official_class"].astype(object).fillna(UNKNOWN),
                "degurba": types["degurba_class"].astype(object).fillna(UNKNOWN),
                "degurba_codes": types["degurba_code"],
                "persons": people.reindex(types["settlement_id"]).to_numpy(),
            }
        )
        differ = frame.loc[types["classes_differ"].astype(bool)]
        classes = {
            **{
                column: {str(name): _counted(part) for name, part in frame.groupby(column, sort=True)}
                for column in ("official", "degurba", "degurba_codes")
            },
            "differ": {
                **_counted(differ),
                "official_rural_degurba_urban": _counted(differ.loc[differ["official"] == RURAL]),
                "official_urban_degurba_rural": _counted(differ.loc[differ["official"] == URBAN]),
            },
        }
    # Clusters of access, and the places that nobody is near to.
    clusters = None
    if "access_clusters" in tables:
        table = tables["access_clusters"].sort_values("settlement_id", kind="stable")
        frame = table.assign(persons=people.reindex(table["settlement_id"]).to_numpy())
        lonely = frame.loc[frame["cluster_status"] == "no_neighbours", "settlement_id"]
        clusters = {
            **{
                told: {str(name): _counted(part) for name, part in frame.groupby(column, sort=True)}
                for told, column in (("clusters", "cluster"), ("statuses", "cluster_status"))
            },
            "without_neighbours": sorted(lonely.astype(str)),
        }
    # Norms that make up access, and why each other one is left out.
    norms = None
    if "score_norms" in tables:
        table = tables["score_norms"]
        inside, never = (table[name].astype(bool) for name in ("in_access", "never_known_to_fail"))
        left = table.loc[~inside, ["norm_id", "service", "reason", "persons_unknown"]]
        norms = {
            "in_access": table.loc[inside, "norm_id"].astype(str).tolist(),
            "never_known_to_fail": table.loc[never, "norm_id"].astype(str).tolist(),
            "left_out": records_of(left),
        }
    return {**study, "townships": townships, "classes": classes, "clusters": clusters, "norms": norms}


def place_score(
    settlement: str,
    township: str | None,
    tables: Mapping[str, pd.DataFrame],
    weights: Mapping[str, float] | None = None,
) -> dict[str, Any] | None:
    """Tell the score of one settlement and of its township."""
    if "scores" not in tables or "score_components" not in tables:
        return None
    hidden = levels_shown(tables["scores"])["level_hidden"]
    place = _unit(tables, SETTLEMENT, settlement, weights, hidden)
    if place is None:
        return None
    types = tables.get("settlement_types", pd.DataFrame({"settlement_id": []}))
    row = next(iter(types.loc[types["settlement_id"] == settlement].to_dict("records")), {})
    known = ("official_class", "degurba_code", "degurba_class", "classes_differ")
    return {
        "place": place,
        "township": None if township is None else _unit(tables, TOWNSHIP, township, weights, hidden),
        **{name: plain(row.get(name)) for name in known},
    }


def told_apart(scores: pd.DataFrame, pairs: pd.DataFrame | None) -> tuple[str, str, float] | None:
    """Find the two townships that can be told apart, ranks furthest apart, and how surely; None below `CLAIM`."""
    if pairs is None or not len(pairs):
        return None
    rank = scores.loc[scores["unit_level"] == TOWNSHIP].set_index("unit_id")["median_rank"]
    sure = pairs.loc[pairs["probability_before"] >= CLAIM]
    last, first = (rank.reindex(sure[name]).to_numpy(dtype=np.float64) for name in ("other_id", "unit_id"))
    sure = sure.assign(apart=last - first).dropna(subset=["apart"])
    if not len(sure):
        return None
    best = sure.sort_values(
        ["apart", "probability_before", "unit_id", "other_id"], ascending=[False, False, True, True]
    ).iloc[0]
    return str(best["unit_id"]), str(best["other_id"]), float(best["probability_before"])


def _unit(
    tables: Mapping[str, pd.DataFrame], level: str, unit: str, weights: Mapping[str, float] | None, hidden: pd.Series
) -> dict[str, Any] | None:
    """Tell the score of a unit; `hidden` says of each row of `scores` why its level is not shown."""
    scores = tables["scores"]
    of_level = scores.loc[scores["unit_level"] == level]
    rows = of_level.loc[of_level["unit_id"] == unit]
    if not len(rows):
        return None
    row, parts = rows.iloc[0], tables["score_components"]
    own = parts.loc[(parts["unit_level"] == level) & (parts["unit_id"] == unit)]
    held = held_back(own, weights) if len(own) else own.assign(obstacle_degree=[])
    told = own.to_dict("records")
    missing = pillars_missing(row.to_dict(), told)
    return {
        "id": unit,
        "name": plain(row["name"]),
        **{name: plain(row[name]) for name in (*TOLD["unit"], *RANKS)},
        "rank_status": str(row.get("rank_status", "")),
        "level_hidden": str(hidden[rows.index[0]]),
        "ranked": int(of_level["median_rank"].notna().sum()),
        "missing_pillars": list(missing),
        "missing_reasons": missing,
        "pillars": {
            pillar: {
                "level": plain(row[f"level_{pillar}"]),
                **{
                    key: [
                        {name: plain(part[name]) for name in TOLD[side]}
                        for part in told
                        if part["pillar"] == pillar and part["side"] == side
                    ]
                    for key, side in (("components", "level"), ("gaps", "gap"))
                },
            }
            for pillar in PILLARS
        },
        "segmentation": {"index": plain(row["segmentation_index"]), "terms": split_codes(row["segmentation_terms"])},
        "gates": {
            "mandatory_status": str(row["mandatory_status"]),
            "passed": int(row["gates_passed"]),
            "in_force": int(row["gates_in_force"]),
            "failed": split_codes(row["failed_gates"]),
            "unjudged": gates_unjudged(row.to_dict()),
        },
        "obstacles": [
            {
                name: plain(part[name])
                for name in ("pillar", "component", "obstacle_degree", "value", "persons", "detail")
            }
            for part in held.loc[held["obstacle_degree"] > 0.0].to_dict("records")
        ],
    }


def _counted(rows: pd.DataFrame) -> dict[str, Any]:
    """Count places and people; nobody in no place, not known where no place has a number."""
    return {"places": len(rows), "persons": plain(rows["persons"].sum(min_count=1)) if len(rows) else 0.0}


# What town and country are, on the one page of the study: types of townships, functional urban areas, towns.


def summarise_town_and_country(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any] | None:
    """Say what the study and its townships are."""
    if "unit_types" not in tables:
        return None
    types = tables["unit_types"]
    areas, system = tables.get("functional_areas"), tables.get("town_system")
    study = types.loc[types["unit_level"] == STUDY]
    units = types.loc[types["unit_level"] == TOWNSHIP]
    functional: dict[str, Any] = {"method": None, "within_min": None, "reason": "", "areas": []}
    if areas is None or not len(areas):
        functional["reason"] = why_no_area(types)
    else:
        functional["method"] = str(areas["fua_method"].iloc[0])
        functional["within_min"] = plain(areas["within_min"].iloc[0])
        functional["areas"] = [
            {
                "id": str(area),
                "name": plain(rows["fua_name"].iloc[0]),
                "city": sorted(rows.loc[rows["fua_part"] == "city", "unit_id"].astype(str)),
                "others": sorted(rows.loc[rows["fua_part"] != "city", "unit_id"].astype(str)),
                "persons": plain(rows["population_persons"].sum(min_count=1)),
            }
            for area, rows in areas.groupby("fua_id", sort=True)
        ]
    return {
        "study": {name: plain(study.iloc[0][name]) for name in TOLD["type"]} if len(study) else None,
        "townships": {
            str(code): {"townships": len(part), "persons": plain(part["population_persons"].sum(min_count=1))}
            for code, part in units.groupby("degurba_level2", sort=True)
        },
        "functional_areas": functional,
        "town_system": {}
        if system is None
        else {str(row["measure"]): plain(row["value"]) for row in system.to_dict("records")},
    }


# The score in words: a few lines on the study, and a few on a settlement and its township.

SHOWN = 2
"""Obstacles that a line names."""
_PEOPLE_OR_SERVICE = frozenset({"worst_group_attainment", "border_effect_min"})
TOWN_TERMS = frozenset({"theil", "gap_ratio"})
"""Terms of the segmentation index that hold town against country."""
_FLOWS = frozenset({"two_way_flow", "flow_balance"})


def score_lines(score: Mapping[str, Any] | None, language: str = "en") -> list[str]:
    """Say the score of a study, a line each."""
    if score is None:
        return []
    words = Words(language)
    joint = words.say("score", "joint")
    lines = [_level(score, words)]
    gates = score["gates"]
    if gates["unjudged"]:
        count, total = words.number(gates["unjudged"]), words.number(gates["in_force"])
        lines.append(words.say("score", "gates_unjudged", n=gates["in_force"], count=count, total=total))
    if score["gaps_measured"]:
        index = words.number(score["segmentation"]["index"], decimals=2)
        # What the index rests on, with a word where town and country are no part of it.
        own = score["segmentation"]["terms"]
        terms = joint.join(words.say("segmentation_term", name) for name in own)
        if own and not TOWN_TERMS & set(own):
            terms = words.say("score", "gaps_no_town", terms=terms)
        told = {name: score[f"gaps_{name}"] for name in ("met", "measured")}
        told["total"] = sum(gap["target"] is not None for part in score["pillars"].values() for gap in part["gaps"])
        lines.append(words.say("score", "gaps", index=index, terms=terms, **told))
    else:
        lines.append(words.say("score", "gaps_none"))
    if score["obstacles"]:
        lines.append(words.say("score", "held", components=_obstacles(score, words)))
    townships, classes = score["townships"], score["classes"]
    if townships["level_shown"] >= SHOWN:
        count, apart = words.number(townships["level_shown"]), townships["told_apart"]
        if apart is None:
            lines.append(words.say("score", "apart_none", count=count))
        else:
            names = {end: apart[end]["name"] or apart[end]["id"] for end in ("first", "last")}
            share = words.share(apart["probability_before"])
            lines.append(words.say("score", "apart", **names, share=share, count=count))
    if classes is not None and classes["differ"]["places"]:
        differ = classes["differ"]
        lines.append(
            words.say(
                "score",
                "classes",
                persons=words.measure(differ["persons"], "persons"),
                places=words.measure(differ["places"], "places"),
                to_urban=words.number(differ["official_rural_degurba_urban"]["persons"]),
                to_rural=words.number(differ["official_urban_degurba_rural"]["persons"]),
            )
        )
    return lines


def place_score_lines(score: Mapping[str, Any] | None, words: Words) -> Iterator[str]:
    """Say the score of a settlement and of its township."""
    if score is None:
        return
    place, township = score["place"], score["township"]
    if place["integration_level"] is None:
        yield words.say("score", "place_unknown")
    elif place["level_hidden"]:
        yield hidden_text(place["level_hidden"], words)
    else:
        yield words.say("score", "place", **_numbers(place, words), pillars=_pillars(place, words))
    if place["median_rank"] is not None and not place["level_hidden"]:
        yield words.say("score", "rank", **_ranks(place, words))
    elif place["rank_status"] == "in_doubt":
        yield words.say("score", "rank_in_doubt")
    if place["obstacles"]:
        yield words.say("score", "place_lacks", components=_obstacles(place, words))
    if score["classes_differ"]:
        yield words.say(
            "score",
            "class_differs",
            official=words.term(score["official_class"]),
            degurba=words.term(score["degurba_class"]),
            code=score["degurba_code"],
        )
    if township is not None and township["integration_level"] is not None:
        name = township["name"] or township["id"]
        told = {"name": name, **_numbers(township, words)}
        if township["level_hidden"]:
            why = hidden_text(township["level_hidden"], words)
            yield words.say("score", "township_hidden", name=name, why=why)
        elif township["median_rank"] is None:
            yield words.say("score", "township_unranked", **told)
        else:
            yield words.say("score", "township", **told, **_ranks(township, words))
        if township["obstacles"]:
            yield words.say("score", "township_lacks", name=name, components=_obstacles(township, words))
        failed = township["gates"]["failed"]
        if failed:
            yield words.say("score", "township_gates", name=name, norms=words.say("score", "joint").join(failed))


def hidden_text(why: str, words: Words) -> str:
    """Say why no level is shown."""
    return words.say("score", f"hidden_{why}", pillars=LEAST_PILLARS, places=LEAST_PLACES)


def hidden_townships_text(count: int, words: Words) -> str:
    """Say of how many townships no level is shown, and why."""
    told = {"pillars": LEAST_PILLARS, "places": LEAST_PLACES}
    return words.say("score", "hidden_townships", count=words.number(count), **told)


def component_text(component: str, words: Words) -> str:
    """Name a component of a level or a gap."""
    name, _, kind = component.partition(":")
    if kind:
        return words.say("component", name, kind=words.say("flow_kind", kind))
    several = f"{name}_any"
    return words.say("component", several if several in words.messages["component"] else name)


def detail_text(component: str, detail: str, words: Words) -> str:
    """Say what made a component."""
    name = component.partition(":")[0]
    if not detail:
        return ""
    known = words.messages["made"]
    if name in _PEOPLE_OR_SERVICE and detail not in known:
        group, _, norms = detail.partition(";norms=")
        return (
            words.say("made", "group", n=norms, group=words.service(group), norms=norms)
            if norms
            else words.service(detail)
        )
    if name in _FLOWS:
        return words.say("flow_kind", detail)
    parts = []
    for part in detail.split(";"):
        made, _, value = part.partition("=")
        told = words.figure(float(value)) if made == "p" and value else value
        parts.append(words.say("made", made, value=told) if made in known else part)
    return words.say("score", "joint").join(parts)


def label_text(row: Mapping[Any, Any], words: Words) -> str:
    """Say the label of a unit: its level, its gaps and its gates, side by side."""
    known = sum(row[f"level_{name}"] == row[f"level_{name}"] for name in PILLARS)
    hidden = row.get("level_hidden")
    return words.say(
        "score",
        "label_hidden" if hidden else "label",
        level=hidden_text(hidden, words)
        if hidden
        else _band(str(row["level_band"]), known, int(row["missing_pillars"]), words),
        gap=words.say("gap_band", str(row["gap_band"])),
        gate=words.say("gate", str(row["mandatory_status"])),
    )


def _level(score: Mapping[str, Any], words: Words) -> str:
    if score["integration_level"] is None:
        return words.say("score", "study_unknown")
    if score["level_hidden"]:
        return hidden_text(score["level_hidden"], words)
    told = _numbers(score, words)
    pillars = _pillars(score, words)
    if not score["missing_pillars"]:
        return words.say("score", "study", **told, pillars=pillars)
    missing = words.say("score", "joint").join(
        words.say(
            "score", "missing_pillar", pillar=words.say("pillar", name), reason=words.say("component_status", reason)
        )
        for name, reason in score["missing_reasons"].items()
    )
    known = _measured(score)
    count = {"known": words.number(known), "total": words.number(known + len(score["missing_pillars"]))}
    told["band"] = _with_span(score, words.say("level_band", score["level_band"]), words)
    return words.say("score", "study_partial", **told, **count, missing=missing, pillars=pillars)


def _numbers(unit: Mapping[str, Any], words: Words) -> dict[str, str]:
    band = _band(unit["level_band"], _measured(unit), len(unit["missing_pillars"]), words)
    return {"level": words.number(unit["integration_level"], decimals=2), "band": _with_span(unit, band, words)}


def _measured(unit: Mapping[str, Any]) -> int:
    return sum(part["level"] is not None for part in unit["pillars"].values())


def _band(band: str, known: int, missing: int, words: Words) -> str:
    """Name a band, and by how many pillars where any is missing."""
    said = words.say("level_band", band)
    if not known or not missing:
        return said
    return words.say("score", "band_partial", band=said, known=words.number(known), total=words.number(known + missing))


def _with_span(unit: Mapping[str, Any], band: str, words: Words) -> str:
    """Add the ends of the interval where they read otherwise than the level."""
    low, high = (words.number(unit[f"level_{end}"], decimals=2) for end in ("low", "high"))
    return band if low == high else words.say("score", "band_span", band=band, low=low, high=high)


def _ranks(unit: Mapping[str, Any], words: Words) -> dict[str, str]:
    ranks = {"rank": "median_rank", "low": "low_rank", "high": "high_rank"}
    told = {name: words.figure(unit[key]) for name, key in ranks.items()}
    return {**told, "count": words.number(unit["ranked"])}


def _pillars(unit: Mapping[str, Any], words: Words) -> str:
    known = {name: part["level"] for name, part in unit["pillars"].items() if part["level"] is not None}
    return words.say("score", "joint").join(
        words.say("score", "pillar", pillar=words.say("pillar", name), level=words.number(value, decimals=2))
        for name, value in known.items()
    )


def _obstacles(unit: Mapping[str, Any], words: Words) -> str:
    first: Sequence[Mapping[str, Any]] = unit["obstacles"][:SHOWN]
    return words.say("score", "joint").join(
        words.say(
            "score",
            "obstacle",
            component=component_text(part["component"], words),
            share=words.share(part["obstacle_degree"]),
        )
        for part in first
    )
