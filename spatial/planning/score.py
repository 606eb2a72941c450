"""The score on the study's one page, and of one settlement: levels, gaps, gates, what holds it back, how sure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.planning.held_back import held_back
from spatial.planning.plain import plain
from spatial.planning.unmeasured import gates_unjudged, levels_shown, pairs_shown, pillars_missing
from spatial.tables.words import PILLARS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CLAIM", "place_score", "summarise_score", "told_apart"]

CLAIM = 0.9
"""How probable it must be that one unit ranks before another for anybody to say so (INDICATORS, 4.4)."""
STUDY, TOWNSHIP, SETTLEMENT = "study", "township", "settlement"
URBAN, RURAL, UNKNOWN = "urban", "rural", "unknown"
_NUMBERS = (
    "integration_level",
    "integration_level_arithmetic",
    "level_low",
    "level_high",
    "level_band",
    "gap_band",
    "gaps_met",
    "gaps_measured",
    "unserved_persons",
    "known_share",
)
_RANKS = ("median_rank", "low_rank", "high_rank")
_LEVEL = (
    "component",
    "value",
    "low",
    "high",
    "persons",
    "persons_known",
    "persons_unknown",
    "detail",
    "component_status",
)
_GAP = ("component", "value", "unit", "target", "meets_target", "persons", "detail", "component_status")


def summarise_score(
    tables: Mapping[str, pd.DataFrame], weights: Mapping[str, float] | None = None
) -> dict[str, Any] | None:
    """Put the score of the study on one page."""
    if "scores" not in tables or "score_components" not in tables:
        return None
    study = _unit(tables, STUDY, STUDY, weights)
    if study is None:
        return None
    return {
        **study,
        "townships": _townships(tables),
        "classes": _classes(tables),
        "clusters": _clusters(tables),
        "norms": _norms(tables),
    }


def place_score(
    settlement: str,
    township: str | None,
    tables: Mapping[str, pd.DataFrame],
    weights: Mapping[str, float] | None = None,
) -> dict[str, Any] | None:
    """Tell the score of one settlement and of its township."""
    if "scores" not in tables or "score_components" not in tables:
        return None
    place = _unit(tables, SETTLEMENT, settlement, weights)
    if place is None:
        return None
    types = tables.get("settlement_types", pd.DataFrame({"settlement_id": []}))
    row = next(iter(types.loc[types["settlement_id"] == settlement].to_dict("records")), {})
    known = ("official_class", "degurba_code", "degurba_class", "classes_differ")
    return {
        "place": place,
        "township": None if township is None else _unit(tables, TOWNSHIP, township, weights),
        **{name: plain(row.get(name)) for name in known},
    }


def told_apart(scores: pd.DataFrame, pairs: pd.DataFrame | None) -> tuple[str, str, float] | None:
    """
    Find the two townships that can surely be told apart and whose ranks lie furthest from one another.

    Returns the first, the last, and how probable it is that the first ranks before the last; of equals the
    surest, then the first by id. None where no pair reaches `CLAIM`.
    """
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


def _norms(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any] | None:
    """Tell which norms make up access, and why each other one is left out."""
    if "score_norms" not in tables:
        return None
    table = tables["score_norms"]
    left = table.loc[~table["in_access"].astype(bool), ["norm_id", "service", "reason", "persons_unknown"]]
    return {
        "in_access": table.loc[table["in_access"].astype(bool), "norm_id"].astype(str).tolist(),
        "never_known_to_fail": table.loc[table["never_known_to_fail"].astype(bool), "norm_id"]
        .astype(str)
        .tolist(),
        "left_out": [{name: plain(value) for name, value in row.items()} for row in left.to_dict("records")],
    }


def _unit(
    tables: Mapping[str, pd.DataFrame], level: str, unit: str, weights: Mapping[str, float] | None
) -> dict[str, Any] | None:
    scores = tables["scores"]
    of_level = scores.loc[scores["unit_level"] == level]
    rows = of_level.loc[of_level["unit_id"] == unit]
    if not len(rows):
        return None
    row, parts = rows.iloc[0], tables["score_components"]
    own = parts.loc[(parts["unit_level"] == level) & (parts["unit_id"] == unit)]
    missing = pillars_missing(row.to_dict(), own)
    held = held_back(own, weights) if len(own) else own.assign(obstacle_degree=[])
    return {
        "id": unit,
        "name": plain(row["name"]),
        **{name: plain(row[name]) for name in (*_NUMBERS, *_RANKS)},
        "rank_status": str(row.get("rank_status", "")),
        "level_hidden": str(levels_shown(scores).loc[rows.index[0], "level_hidden"]),
        "ranked": int(of_level["median_rank"].notna().sum()),
        "missing_pillars": list(missing),
        "missing_reasons": missing,
        "pillars": {
            name: {
                "level": plain(row[f"level_{name}"]),
                "components": _records(own, name, "level", _LEVEL),
                "gaps": _records(own, name, "gap", _GAP),
            }
            for name in PILLARS
        },
        "segmentation": {
            "index": plain(row["segmentation_index"]),
            "terms": _split(row["segmentation_terms"]),
        },
        "gates": {
            "mandatory_status": str(row["mandatory_status"]),
            "passed": int(row["gates_passed"]),
            "in_force": int(row["gates_in_force"]),
            "failed": _split(row["failed_gates"]),
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


def _records(parts: pd.DataFrame, pillar: str, side: str, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = parts.loc[(parts["pillar"] == pillar) & (parts["side"] == side)]
    return [{name: plain(row[name]) for name in columns} for row in rows.to_dict("records")]


def _split(joined: object) -> list[str]:
    return [part for part in joined.split(";") if part] if isinstance(joined, str) else []


def _townships(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    scores = tables["scores"]
    rows = scores.loc[scores["unit_level"] == TOWNSHIP].set_index("unit_id")
    shown = levels_shown(scores)
    pairs = tables.get("rank_pairs")
    found = told_apart(shown, None if pairs is None else pairs_shown(pairs, shown))
    apart = None
    if found is not None:
        first, last, probability = found
        apart = {
            "first": _brief(rows, first),
            "last": _brief(rows, last),
            "probability_before": probability,
        }
    return {
        "townships": len(rows),
        "with_level": int(rows["integration_level"].notna().sum()),
        "level_shown": int(shown.loc[shown["unit_level"] == TOWNSHIP, "integration_level"].notna().sum()),
        "without_rank": int(rows["rank_status"].eq("in_doubt").sum()),
        "told_apart": apart,
    }


def _brief(rows: pd.DataFrame, unit: str) -> dict[str, Any]:
    names = ("name", "integration_level", *_RANKS)
    return {"id": unit, **{name: plain(rows.loc[unit][name]) for name in names}}


def _classes(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any] | None:
    """Count people by the official class, by the Degree of Urbanisation, and by both where they differ."""
    if "settlement_types" not in tables:
        return None
    types = tables["settlement_types"]
    persons = tables["settlements"].set_index("settlement_id")["population_persons"]
    frame = pd.DataFrame(
        {
            "official": types["official_class"].astype(object).fillna(UNKNOWN),
            "degurba": types["degurba_class"].astype(object).fillna(UNKNOWN),
            "code": types["degurba_code"],
            "differ": types["classes_differ"].astype(bool),
            "persons": persons.reindex(types["settlement_id"]).to_numpy(),
        }
    )
    differ = frame.loc[frame["differ"]]
    return {
        "official": {name: _counted(part) for name, part in frame.groupby("official", sort=True)},
        "degurba": {name: _counted(part) for name, part in frame.groupby("degurba", sort=True)},
        "degurba_codes": {str(code): _counted(part) for code, part in frame.groupby("code", sort=True)},
        "differ": {
            **_counted(differ),
            "official_rural_degurba_urban": _counted(differ.loc[differ["official"] == RURAL]),
            "official_urban_degurba_rural": _counted(differ.loc[differ["official"] == URBAN]),
        },
    }


def _clusters(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any] | None:
    """Count places and people in clusters of access, and name the places that nobody is near to."""
    if "access_clusters" not in tables:
        return None
    table = tables["access_clusters"]
    persons = tables["settlements"].set_index("settlement_id")["population_persons"]
    frame = table.assign(persons=persons.reindex(table["settlement_id"]).to_numpy())
    lonely = frame.loc[frame["cluster_status"] == "no_neighbours", "settlement_id"]
    return {
        "clusters": {str(name): _counted(part) for name, part in frame.groupby("cluster", sort=True)},
        "statuses": {str(name): _counted(part) for name, part in frame.groupby("cluster_status", sort=True)},
        "without_neighbours": sorted(lonely.astype(str)),
    }


def _counted(rows: pd.DataFrame) -> dict[str, Any]:
    """Count places and people; nobody in no place, not known where no place has a number."""
    return {"places": len(rows), "persons": plain(rows["persons"].sum(min_count=1)) if len(rows) else 0.0}
