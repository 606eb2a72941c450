"""The page "How integrated are we?": levels and gaps of the study and its townships, and its map."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.cartography.basemap import pack_lines
from spatial.cartography.document import pack, pack_words, page_document
from spatial.cartography.map_layers import class_layer
from spatial.cartography.page_data import SCORE_MAP, PageBook, Rows, once, study_block
from spatial.cartography.places import by_language, parts_of
from spatial.messages import Words
from spatial.reporting.answer import begin_text, finding_text
from spatial.reporting.score import (
    gates_unjudged,
    held_back,
    hidden_text,
    hidden_townships_text,
    level_breaks,
    pillars_missing,
    split_codes,
)
from spatial.reporting.wording import columns_told, plain, road_text
from spatial.score.ranking import CLAIM
from spatial.score.towns import why_no_area
from spatial.study.score import GapTargets
from spatial.tables.words import ACCESS_CLUSTER, PILLARS, STUDY, TOWNSHIP

# Why a component of the score is not defined somewhere: which of the things that it compares are not there.

BOTH = frozenset({"urban", "rural"})
_CLASSES = frozenset({"theil_between_share", "gap_ratio", "difference", "coverage_gap"})
_BEYOND = ("dissimilarity", "information")
_TOWNS = frozenset({"hierarchy_completeness", "incomplete_towns"})


@dataclass(frozen=True)
class Undefined:
    """What the units of one level have."""

    classes: Mapping[str, frozenset[str]]  # official classes of the settlements of each unit
    townships: int  # how many townships have a score

    @classmethod
    def of(cls, tables: Mapping[str, pd.DataFrame], level: str) -> Undefined:
        """Look at the tables."""
        rows = tables["settlements"]
        rows = rows.loc[rows["in_study"].astype(bool)] if "in_study" in rows else rows
        known = rows.get("official_class", pd.Series(None, rows.index, dtype=object))
        whole = pd.Series("study", rows.index)
        parts = known.groupby(rows.get("township_id", whole) if level == "township" else whole, sort=True)
        classes = {str(name): frozenset(part.dropna().astype(str)) for name, part in parts}
        return cls(classes, int((tables["scores"]["unit_level"] == "township").sum()))

    def reason(self, unit: str, part: Mapping[Any, Any]) -> dict[str, str]:
        """Give the code of why a component is not defined; empty where it is, or nothing here tells."""
        if part["component_status"] != "not_defined":
            return {}
        name = str(part["component"])
        if name in _CLASSES:
            return {} if self.classes.get(unit, frozenset()) >= BOTH else {"why": "no_classes"}
        if name in _TOWNS:
            return {"why": "no_asked_towns"}
        if name == "gates_spread":
            return {"why": "no_gates"}
        if name.startswith(_BEYOND):
            return {"why": "few_townships" if self.townships < len(BOTH) else "all_alike"}
        return {}


# What the page of the score says of town and country: types of townships, functional urban areas, towns.

CENTRES, TOWNS, COUNTRY = (30,), (23, 22, 21), (13, 12, 11)
Entry = dict[str, Any]


def types_block(book: PageBook) -> Entry | None:
    """Gather types of the study and townships, urban areas and figures on towns; None where nothing is classified."""
    types = book.tables.get("unit_types")
    if types is None or not len(types):
        return None
    named = _named(book)
    units = []
    for row in sorted(types.to_dict("records"), key=lambda row: (row["unit_level"] != "study", str(row["unit_id"]))):
        unit = str(row["unit_id"])
        shares = {
            name: plain(sum(float(row[f"share_{code}"]) for code in codes))
            for name, codes in (("centres", CENTRES), ("towns", TOWNS), ("country", COUNTRY))
        }
        units.append(
            {
                "id": unit,
                "names": by_language(named.loc[unit].to_dict() if unit in named.index else {"name": row["name"]}),
                "study": row["unit_level"] == "study",
                "type": int(row["degurba_level2"]),
                "basis": str(row["basis"]),
                "reason": str(row["basis_reason"]),
                **shares,
                "official_urban": plain(row["official_urban_share"]),
                "official_rural": plain(row["official_rural_share"]),
                "differ": plain(row["differ_persons"]),
            }
        )
    areas, system = book.tables.get("functional_areas"), book.tables.get("town_system")
    groups = () if areas is None else areas.sort_values("unit_id", kind="stable").groupby("fua_id", sort=True)
    return {
        "units": units,
        "areas": [
            {
                "id": str(area),
                "method": str(rows["fua_method"].iloc[0]),
                "minutes": plain(rows["within_min"].iloc[0]),
                "city": rows.loc[rows["fua_part"] == "city", "unit_id"].astype(str).tolist(),
                "others": rows.loc[rows["fua_part"] != "city", "unit_id"].astype(str).tolist(),
                "persons": plain(rows["population_persons"].sum(min_count=1)),
            }
            for area, rows in groups
        ],
        "no_area": why_no_area(types),
        "system": [
            {"measure": str(row["measure"]), "value": plain(row["value"]), "towns": int(row["towns_counted"])}
            for row in ([] if system is None else system.to_dict("records"))
        ],
    }


def _named(book: PageBook) -> pd.DataFrame:
    """Give the names of units, by id."""
    bounds = book.tables.get("boundaries")
    return pd.DataFrame() if bounds is None else pd.DataFrame(bounds).set_index("boundary_id").filter(regex="^name")


# What the map of integration shows: levels of settlements and townships, clusters of access, towns by fulcrum.

_LEVELS = ("level_5", "level_4", "level_3", "level_2", "level_1", "unknown")
_CLUSTERS = {
    "good": "cluster_good",
    "good_among_bad": "cluster_good_among_bad",
    "none": "cluster_none",
    "bad_among_good": "cluster_bad_among_good",
    "bad": "cluster_bad",
    "unknown": "unknown",
}
_TOWN_LAYERS = ("fulcrum_high", "fulcrum_middle", "fulcrum_low", "fulcrum_none")
_NO_LEVEL = 255
_PERCENT = 100.0


def score_layers(rows: Rows, book: PageBook) -> list[dict[str, Any]]:
    """Show the level of each settlement, those of its pillars, clusters of access, and towns by their fulcrum."""
    scores = rows.align(_of_places(book), key="unit_id")
    mode = book.meta.modes[0]
    columns = {"": "integration_level", **{pillar: f"level_{pillar}" for pillar in PILLARS}}
    layers = [
        class_layer(_level_classes(scores[column], book), "level", _LEVELS, always=5, mode=mode)
        | {"pillar": pillar, "breaks": level_breaks(book.meta.level_bands)}
        for pillar, column in columns.items()
        if scores[column].notna().any()
    ]
    clusters, towns = book.tables.get("access_clusters"), book.tables.get("towns")
    if clusters is not None:
        found = rows.align(clusters)["cluster"].fillna("unknown").map(_CLUSTERS)
        classes = [_CLUSTERS[name] for name in ACCESS_CLUSTER if name != "none"]
        order = sorted([*classes, "cluster_none"], key=list(_CLUSTERS.values()).index)
        layers.append(class_layer(found, "clusters", order, always=5, mode=mode))
    if towns is not None and towns["fulcrum_index"].notna().any():
        # Put towns in thirds by their fulcrum index; other places, and towns without one, are none.
        index = towns.set_index("settlement_id")["fulcrum_index"].dropna()
        lower, upper = index.quantile([1 / 3, 2 / 3])
        values = index.reindex(rows.ids).to_numpy(dtype=np.float64)
        thirds = pd.Series(
            np.select(
                [np.isnan(values), values >= upper, values >= lower],
                [_TOWN_LAYERS[3], _TOWN_LAYERS[0], _TOWN_LAYERS[1]],
                _TOWN_LAYERS[2],
            )
        )
        layers.append(class_layer(thirds, "fulcrum", _TOWN_LAYERS, always=4, mode=mode))
    return layers


def units_block(book: PageBook, tolerance_m: float) -> dict[str, Any] | None:
    """Encode outlines and classes of townships by their level; None where none with a level has an outline."""
    bounds = book.tables.get("boundaries")
    if not isinstance(bounds, gpd.GeoDataFrame):
        return None
    scores = book.tables["scores"]
    townships = scores.loc[scores["unit_level"] == "township"].set_index("unit_id")
    levels = townships["integration_level"]
    if not levels.notna().any():
        return None
    own = bounds.loc[bounds["boundary_id"].isin(levels.index) & bounds.geometry.notna() & ~bounds.geometry.is_empty]
    if not len(own):
        return None
    own = gpd.GeoDataFrame(own.sort_values("boundary_id", kind="stable").reset_index(drop=True))
    classes = _level_classes(levels.reindex(own["boundary_id"]), book)
    without = bounds["is_unit"].astype(bool) & ~bounds["boundary_id"].isin(levels.index)
    return {
        "classes": list(_LEVELS),
        "breaks": level_breaks(book.meta.level_bands),
        "pillars": sum(bool(townships[f"level_{pillar}"].notna().any()) for pillar in PILLARS),
        "all_pillars": len(PILLARS),
        "without": int(without.sum()),
        "code": pack_words(classes, _LEVELS),
        "lines": pack_lines(own.geometry, tolerance_m=tolerance_m, rings=True),
    }


def place_levels_block(rows: Rows, book: PageBook) -> dict[str, Any] | None:
    """Encode the level of each settlement and its pillars in hundredths, 255 unknown; None without scores."""
    if "scores" not in book.tables:
        return None
    scores = rows.align(_of_places(book), key="unit_id")
    columns = {"all": "integration_level", **{pillar: f"level_{pillar}" for pillar in PILLARS}}
    hundredths = {name: (scores[column] * _PERCENT).round() for name, column in columns.items()}
    return {
        name: pack(values.fillna(_NO_LEVEL).astype(np.int64), "u1")
        for name, values in hundredths.items()
        if values.notna().any()
    }


def _of_places(book: PageBook) -> pd.DataFrame:
    scores = book.tables["scores"]
    return scores.loc[scores["unit_level"] == "settlement"]


def _level_classes(levels: pd.Series, book: PageBook) -> pd.Series:
    """Take the first class whose beginning is reached, inclusive."""
    values = levels.to_numpy(dtype=np.float64)
    reached = [np.isnan(values), *(values >= start for start in level_breaks(book.meta.level_bands))]
    return pd.Series(np.select(reached, ["unknown", *_LEVELS[:-1]], "level_1"))


# The page "How integrated are we?": levels and gaps of the study and its townships, and what holds each back.

SHOWN_TOWNS = 8
KEPT_OBSTACLES = 3
SHOWN_FINDINGS = 3
TOLD = columns_told("pages")


def score_page(
    book: PageBook, rows: Rows, *, files: Mapping[str, str] | None = None, max_bytes: float = math.inf
) -> bytes:
    """Write the page; ``files`` leads from services to their pages."""
    score = score_block(book)
    answer = book.summary.get("answer") or {"findings": ()}
    data = study_block(book, rows) | {
        "score": score | {"whole": True},
        "has_map": SCORE_MAP in book.files,
        "holds": [
            {
                "file": (files or {}).get(str(finding["service"])),
                "norm": finding["norm_id"],
                "text": {language: finding_text(finding, Words(language)) for language in book.words},
                "begin": {language: begin_text(finding, Words(language)) for language in book.words},
            }
            for finding in answer["findings"][:SHOWN_FINDINGS]
        ],
        "gains": most_to_gain(score["townships"], parts_of(book.tables, book.meta.modes[0])),
    }
    data["messages"] = dict(book.words)
    content = page_document(data, "score")
    if len(content) <= max_bytes:
        return content
    brief = [
        unit | {"parts": sorted(unit["parts"], key=lambda part: -part.get("obstacle", 0.0))[:KEPT_OBSTACLES]}
        for unit in score["townships"]
    ]
    data["score"] = score | {"whole": False, "townships": brief}
    return page_document(data, "score")


def score_answer(book: PageBook) -> Entry | None:
    """Gather what one sentence on the study's integration is made of; None where the study has no score."""
    score = book.summary.get("score")
    if score is None:
        return None
    results = {norm["id"]: norm["study"] for norm in book.norms.norms}
    pillars = score["pillars"].values()
    return {
        "mandatory_status": score["gates"]["mandatory_status"],
        "level_band": "unknown" if score["level_hidden"] else score["level_band"],
        "gap_band": score["gap_band"],
        "gaps_met": score["gaps_met"],
        "gaps_measured": score["gaps_measured"],
        "gaps_targeted": sum(gap["target"] is not None for part in pillars for gap in part["gaps"]),
        "gates_in_force": score["gates"]["in_force"],
        "failed": [
            {"norm": norm, **(_beyond(results[norm]) if norm in results else {})} for norm in score["gates"]["failed"]
        ],
        "pillars_measured": sum(part["level"] is not None for part in pillars),
        "missing": [{"pillar": pillar, "reason": reason} for pillar, reason in score["missing_reasons"].items()],
        "hidden": hidden_names(book, score["level_hidden"]),
    }


def _beyond(row: Mapping[Any, Any]) -> Entry:
    """People and places beyond a mandatory norm that failed, with all whom it asks about."""
    return {
        "share_of": str(row["share_of"]),
        **{
            f"{what}{end}": plain(row[f"{what}_{side}"])
            for what in ("persons", "places")
            for end, side in (("", "unserved"), ("_total", "in_scope"), ("_unknown", "unknown"))
        },
    }


def hidden_names(book: PageBook, why: str) -> dict[str, str]:
    """Say in each language of the pages why a level is not shown."""
    return {language: hidden_text(why, Words(language)) for language in book.words} if why else {}


def score_block(book: PageBook) -> Entry:
    """Gather what the page shows, once for all pages."""
    return once(book.kept, "score block", lambda: _score_block(book))


def _score_block(book: PageBook) -> Entry:
    tables, score = book.tables, book.summary.get("score") or {}
    parts = tables["score_components"]
    shown = parts.loc[parts["unit_level"].isin([STUDY, TOWNSHIP])]
    found = held_back(shown, book.meta.pillar_weights)
    keys = found[["unit_level", "unit_id", "pillar", "component"]].itertuples(index=False, name=None)
    degrees = dict(zip(keys, found["obstacle_degree"], strict=True))
    study, townships = (list(_units(book, level, degrees)) for level in (STUDY, TOWNSHIP))
    hidden = sum(bool(unit["hidden"]) for unit in townships)
    flows = tables.get("flow_balances", pd.DataFrame({"unit_level": [], "kind": []}))
    flows = flows.loc[flows["unit_level"] == STUDY].sort_values("kind", kind="stable")
    variance = tables.get("score_variance", pd.DataFrame({"unit_level": [], "variance_share": [], "factor": []}))
    variance = variance.loc[(variance["unit_level"] == TOWNSHIP) & variance["variance_share"].notna()]
    # What ranks hang on is told where there are any.
    if sum(unit["median_rank"] is not None for unit in townships) < 2:
        variance = variance.iloc[:0]
    variance = variance.sort_values(["variance_share", "factor"], ascending=[False, True])
    # How many norms make up access, the others by reason, and those that nowhere are known to fail.
    access = score.get("norms")
    left: dict[str, list[str]] = {}
    for entry in sorted(access["left_out"] if access else (), key=lambda one: (one["reason"], one["norm_id"])):
        left.setdefault(entry["reason"], []).append(entry["norm_id"])
    never = sorted(access["never_known_to_fail"]) if access else []
    # Norms that the page names: gates that failed, those by which gaps are told, and those left out of access.
    units = study + townships
    named = {entry["norm"] for unit in units for entry in unit["failed"]}
    details = (part["detail"] for unit in units for part in unit["parts"] if "detail" in part)
    named |= {name for detail in details for name in detail.split(";")}
    named |= {*never, *(norm for norms in left.values() for norm in norms)}
    told: tuple[str, ...] = ("id", "service", "names", "titles", "metric", "mode", "unit", "threshold", "norm_class")
    told += ("stat_unit", "scope")
    return {
        "bands": list(book.meta.level_bands),
        "pillars": list(PILLARS),
        "study": study[0] if study else None,
        "townships": townships,
        "hidden": {language: hidden_townships_text(hidden, Words(language)) for language in book.words if hidden},
        "doubts": [known for known in book.known_issues if known["without_rank"]],
        **_pairs(tables.get("rank_pairs"), [unit["id"] for unit in townships]),
        "flows": [
            {"kind": str(row["kind"]), **{name: plain(row[name]) for name in TOLD["flows"]}}
            for row in flows.to_dict("records")
        ],
        "towns": list(_towns(book)),
        "clusters": (score.get("clusters") or {}).get("clusters", {}),
        "types": types_block(book),
        "variance": [
            {"factor": str(row["factor"]), "share": float(row["variance_share"])} for row in variance.to_dict("records")
        ],
        "norms": {norm["id"]: {key: norm[key] for key in told} for norm in book.norms.norms if norm["id"] in named},
        "in_access": len(access["in_access"]) if access else None,
        "left_out": left,
        "never_fail": never,
    }


def _units(book: PageBook, level: str, degrees: Mapping[tuple[str, ...], float]) -> Iterator[Entry]:
    """Tell the level, gaps and gates of the study or of each township, and what holds it back."""
    scores, parts, results = (
        book.tables[name].loc[book.tables[name]["unit_level"] == level]
        for name in ("scores", "score_components", "norm_results")
    )
    by_unit: dict[str, list[dict[Any, Any]]] = {}
    for part in parts.to_dict("records"):
        by_unit.setdefault(str(part["unit_id"]), []).append(part)
    beyond = {
        (str(row["unit_id"]), str(row["norm_id"])): _beyond(row)
        for row in results.loc[results["gate"] == "fail"].to_dict("records")
    }
    named, undefined = _named(book).to_dict("index"), Undefined.of(book.tables, level)
    targets = GapTargets()
    for row in scores.sort_values(["median_rank", "unit_id"], kind="stable").to_dict("records"):
        unit = str(row["unit_id"])
        own_parts = by_unit.get(unit, [])
        told_parts = []
        for part in own_parts:
            name, _, kind = str(part["component"]).partition(":")
            detail, asked = str(part["detail"]), targets.of(name)
            is_road = name == "robust_coverage" and detail
            told = {
                "name": name,
                "kind": kind,
                **{key: str(part[key]) for key in TOLD["component_texts"]},
                **{key: plain(part.get(key)) for key in TOLD["component_numbers"]},
                "at_least": asked is not None and asked[1],
                "detail": detail,
                "detail_names": {
                    language: road_text(detail, book.tables, Words(language), with_id=False) for language in book.words
                }
                if is_road
                else dict(book.note(detail).names),
                "obstacle": plain(degrees.get((level, unit, str(part["pillar"]), str(part["component"])))),
            }
            told = {key: value for key, value in told.items() if value is not None and value not in ("", {})}
            told_parts.append(told | undefined.reason(unit, part))
        names = by_language(named.get(unit, {}))
        missing = pillars_missing(row, own_parts)
        yield {
            "id": unit,
            "names": names or by_language({"name": row["name"]}),
            **{name: plain(row[name]) for name in TOLD["unit_numbers"]},
            **{name: str(row[name]) for name in TOLD["unit_words"]},
            "in_doubt": row["rank_status"] == "in_doubt",
            "hidden": hidden_names(book, str(row.get("level_hidden", ""))),
            "levels": {pillar: plain(row[f"level_{pillar}"]) for pillar in PILLARS},
            "pillars_measured": sum(pd.notna(row[f"level_{pillar}"]) for pillar in PILLARS),
            "missing": [{"pillar": pillar, "reason": reason} for pillar, reason in missing.items()],
            "gates_unjudged": gates_unjudged(row),
            "failed": [{"norm": norm, **beyond.get((unit, norm), {})} for norm in split_codes(row["failed_gates"])],
            "gaps_targeted": sum(part["side"] == "gap" and pd.notna(part["target"]) for part in own_parts),
            "terms": split_codes(row["segmentation_terms"]),
            "parts": told_parts,
        }


def most_to_gain(townships: Sequence[Mapping[str, Any]], parts: Mapping[str, int] | None = None) -> Entry | None:
    """Find the township whose people would gain most if it were brought to the level of the best one of its part."""
    known = [unit for unit in townships if unit["integration_level"] is not None]
    part_of = {unit["id"]: parts.get(unit["id"], unit["id"]) if parts else None for unit in known}
    in_order = sorted(known, key=lambda unit: (unit["integration_level"], unit["id"]))
    best_of = {part_of[unit["id"]]: unit for unit in in_order}
    # What is lacking is weighed by people, or by places where nothing is gained by that.
    for counted in ("population_persons", "places"):
        lacking = []
        for unit in known:
            best = best_of[part_of[unit["id"]]]
            if unit[counted] is not None:
                gain = unit[counted] * (best["integration_level"] - unit["integration_level"])
                lacking.append((gain, unit["id"], unit, best))
        gain, _, most, best = max(lacking, key=lambda one: one[:2], default=(0.0, "", {}, {}))
        if gain > 0.0:
            return {
                "id": most["id"],
                "names": most["names"],
                "persons": most["population_persons"] if counted == "population_persons" else None,
                "places": most["places"],
                "level": most["integration_level"],
                "best": best["integration_level"],
                "best_id": best["id"],
                "best_names": best["names"],
            }
    return None


def _pairs(table: pd.DataFrame | None, ids: list[str]) -> Entry:
    """Which townships a unit cannot be told apart from, by position in the list of units."""
    if table is None:
        return {"pairs": 0, "alike": {}}
    number = {unit: at for at, unit in enumerate(ids)}
    once = table.loc[table["unit_id"].isin(number) & table["other_id"].isin(number)]
    once = once.loc[once["unit_id"] < once["other_id"]]
    before = table.set_index(["unit_id", "other_id"])["probability_before"]
    turned = before.reindex(pd.MultiIndex.from_frame(once[["other_id", "unit_id"]])).to_numpy(dtype=float)
    unsure = once.loc[~((once["probability_before"] >= CLAIM) | (turned >= CLAIM))]
    alike: dict[str, list[int]] = {}
    for unit, other in zip(unsure["unit_id"], unsure["other_id"], strict=True):
        alike.setdefault(str(unit), []).append(number[other])
        alike.setdefault(str(other), []).append(number[unit])
    return {"pairs": len(once), "alike": {unit: sorted(alike[unit]) for unit in sorted(alike)}}


def _towns(book: PageBook) -> Iterator[Entry]:
    """List the towns on which most people depend on their way to the county seat."""
    table = book.tables.get("towns")
    if table is None:
        return
    settlements = book.shapes("settlements").set_index("settlement_id").filter(regex="^name")
    ranked = table.dropna(subset=["fulcrum_index"]).sort_values(
        ["fulcrum_index", "settlement_id"], ascending=[False, True]
    )
    for row in ranked.to_dict("records")[:SHOWN_TOWNS]:
        unit = str(row["settlement_id"])
        yield {
            "id": unit,
            "names": by_language(settlements.loc[unit].to_dict()) if unit in settlements.index else {},
            **{name: plain(row[name]) for name in TOLD["towns"]},
            "asked": int(row["required_services"]),
            "unlisted": row.get("completeness_status") == "no_complete_list",
            "missing": [{"service": name, "names": book.names(name)} for name in split_codes(row["missing_services"])],
        }
