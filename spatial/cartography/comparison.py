"""What changed between two runs: one page that a planner decides with, its numbers and its map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.cartography.basemap import ground, pack_points
from spatial.cartography.document import codes, names_block, pack, pack_texts, page_document, space_order
from spatial.cartography.page_data import page_texts
from spatial.cartography.places import by_language
from spatial.crs import degrees_drawn
from spatial.messages import Words, languages
from spatial.reporting.comparison import CHANGES, shown_comparison, turn_told, unmatched
from spatial.reporting.score import hidden_text, levels_shown
from spatial.reporting.wording import StudyMeta, norm_name, pick, plain
from spatial.score.comparison.changes import Comparison
from spatial.study.score import GapTargets
from spatial.tables.words import ACCESS_CHANGE, PILLARS, STUDY, TIERS, TOWNSHIP

# The numbers of a comparison as its page carries them: pillars, components, people, gates, townships, dates.

DATES = ("before", "after")
ANY = "any"
FLOOR = 0.01
"""What a component of 0 counts as in a geometric mean (INDICATORS, 4.3)."""
Block = dict[str, Any]


def study_row(comparison: Comparison) -> Block | None:
    """Gather level, segmentation index and gates at both dates for the headline; None where the study has no row."""
    rows = comparison.units[comparison.units["unit_level"] == STUDY]
    if not len(rows):
        return None
    row = rows.iloc[0]
    gates, why = comparison.gates[comparison.gates["unit_level"] == STUDY], row.get("level_hidden")
    return {
        "level": _both(row, "level"),
        "hidden": {language: hidden_text(why, Words(language)) for language in languages() if why},
        "ln_change": plain(row["ln_change"]),
        "index": _both(row, "segmentation_index"),
        "people": _both(row, "population_persons"),
        "status": [str(row[f"mandatory_status_{date}"]) for date in DATES],
        "gates": [
            [int((gates[f"gate_{date}"] == "pass").sum()), int((gates[f"gate_{date}"] != "none_applicable").sum())]
            for date in DATES
        ],
    }


def pillars_block(comparison: Comparison) -> list[Block]:
    """Tell the level of each pillar at both dates, where common, and what it adds to the change of the log level."""
    table = comparison.components
    mine = table[(table["unit_level"] == STUDY) & (table["side"] == "level") & table["contribution"].notna()]
    rows = comparison.units[comparison.units["unit_level"] == STUDY]
    made = []
    for pillar in PILLARS:
        parts = mine[mine["pillar"] == pillar]
        levels = [
            plain(float(np.exp(np.log(parts[f"value_{date}"].clip(lower=FLOOR)).mean()))) if len(parts) else None
            for date in DATES
        ]
        given = rows.iloc[0][f"contribution_{pillar}"] if len(rows) else np.nan
        made.append({"pillar": pillar, "level": levels, "contribution": plain(given)})
    return made


def components_block(comparison: Comparison) -> list[Block]:
    """List the components and gaps of the study that either run measured."""
    table = comparison.components
    known = table["value_before"].notna() | table["value_after"].notna()
    made = []
    for row in table[(table["unit_level"] == STUDY) & known].to_dict("records"):
        name, _, kind = str(row["component"]).partition(":")
        asked = GapTargets().of(name)
        made.append(
            {
                "name": name,
                "kind": kind,
                **{key: str(row[key]) for key in ("pillar", "side", "unit")},
                "value": _both(row, "value"),
                "persons": _both(row, "persons"),
                "contribution": plain(row["contribution"]),
                "target": plain(row["target"]),
                "at_least": asked is not None and asked[1],
                "turn": turn_told(row),
            }
        )
    return made


def people_block(comparison: Comparison) -> Block:
    """Count who gained and who lost."""
    table = comparison.people[comparison.people["unit_level"] == STUDY]
    norms: list[Block] = []
    for norm, rows in table[table["norm_id"] != ANY].groupby("norm_id", sort=True):
        counted = _changes(rows)
        if {"gained", "lost"} & set(counted):
            norms.append({"norm": str(norm), "changes": counted})
    # Those by which most people gained or lost first.
    norms.sort(key=lambda entry: -sum(entry["changes"].get(name, [0, None])[1] or 0.0 for name in ("gained", "lost")))
    return {"any": _changes(table[table["norm_id"] == ANY]), "norms": norms}


def gates_block(comparison: Comparison) -> list[Block]:
    """List the mandatory norms that turned, the study's first."""
    rows = comparison.units[comparison.units["unit_level"] != "settlement"].to_dict("records")
    names = {(str(row["unit_level"]), str(row["unit_id"])): by_language(row) for row in rows}
    turned = comparison.gates[comparison.gates["turn"] != "same"]
    level = turned["unit_level"].ne(STUDY)
    ordered = turned.assign(last=level).sort_values(["last", "norm_id", "unit_id"])
    return [
        {
            "norm": str(row["norm_id"]),
            "unit_level": str(row["unit_level"]),
            "unit": str(row["unit_id"]),
            "names": names.get((str(row["unit_level"]), str(row["unit_id"])), {}),
            "gate": [str(row[f"gate_{date}"]) for date in DATES],
            "turn": str(row["turn"]),
            "same_terms": bool(row["same_terms"]),
            "persons": _both(row, "persons_unserved"),
        }
        for row in ordered.to_dict("records")
    ]


def townships_block(comparison: Comparison) -> list[Block]:
    """List the townships, those whose level rose most first."""
    units = comparison.units[comparison.units["unit_level"] == TOWNSHIP]
    people = comparison.people[(comparison.people["unit_level"] == TOWNSHIP) & (comparison.people["norm_id"] == ANY)]
    counted = {str(unit): _changes(rows) for unit, rows in people.groupby("unit_id", sort=False)}
    ordered = units.sort_values(["level_change", "unit_id"], ascending=[False, True], kind="stable")
    return [
        {
            "id": str(row["unit_id"]),
            "names": by_language(row),
            "county": plain(row.get("county")),
            "presence": str(row["presence"]),
            "people": _both(row, "population_persons"),
            "places": [int(row[f"places_{date}"]) for date in DATES],
            "level": _both(row, "level"),
            "change": plain(row["level_change"]),
            "changes": counted.get(str(row["unit_id"]), {}),
            "status": [str(row[f"mandatory_status_{date}"]) for date in DATES],
            "ranks": [[plain(row[f"{end}_rank_{date}"]) for end in ("low", "high")] for date in DATES],
        }
        for row in ordered.to_dict("records")
    ]


def left_out_block(comparison: Comparison) -> Block:
    """List the norms that make up access in one run only, or on other terms."""
    table = comparison.norms[~comparison.norms["in_level"]]
    made, neither = [], 0
    for row in table.to_dict("records"):
        reasons = [part.partition(":")[::2] for part in str(row["reason"]).split(";") if part]
        runs = {detail for _, detail in reasons if detail}
        if {comparison.before, comparison.after} <= runs:
            neither += 1
            continue
        made.append(
            {
                "norm": str(row["norm_id"]),
                "reasons": [list(reason) for reason in reasons],
                "threshold": _both(row, "threshold"),
            }
        )
    return {"norms": made, "neither": neither}


def dates_block(trajectory: pd.DataFrame | None) -> list[Block]:
    """Tell the study at each of more than two dates. Returns a run each, in order; empty for two runs."""
    if trajectory is None or not len(trajectory) or trajectory["position"].max() <= len(DATES):
        return []
    shown = levels_shown(trajectory)
    study = shown[shown["unit_level"] == STUDY].sort_values("position")
    return [
        {
            "run": str(row["run"]),
            "as_of": str(row["as_of"]),
            "level": plain(row["integration_level"]),
            "beyond": plain(row["unserved_persons"]),
            "gates": [int(row["gates_passed"]), int(row["gates_in_force"])],
        }
        for row in study.to_dict("records")
    ]


def _both(row: Any, name: str) -> list[Any]:
    return [plain(row[f"{name}_{date}"]) for date in DATES]


def _changes(rows: pd.DataFrame) -> Block:
    """Count places and people by change, in the order of the contract."""
    known = {str(row["change"]): row for row in rows.to_dict("records")}
    date = {"gone": "before"}
    return {
        change: [plain(known[change][f"{what}_{date.get(change, 'after')}"]) for what in ("places", "persons")]
        for change in ACCESS_CHANGE
        if change in known
    }


# The map of a comparison: every settlement of either run with its change, and the ground below.

MANY_ROADS = 60_000
FINE_M, COARSE_M = 25.0, 60.0
"""How far drawn lines may leave the true ones: with few roads, and with many."""
_PAD = 0.04
"""Ground shown around the settlements, as a share of their extent."""


def map_block(comparison: Comparison, runs: Sequence[Mapping[str, pd.DataFrame]]) -> dict[str, Any]:
    """Encode the settlements of both runs and the ground below; `places` is None where no settlement has a point."""
    norm_ids = sorted(str(norm) for norm in comparison.norms["norm_id"])
    frame = _located(comparison, runs)
    if frame is None:
        return {"places": None, "norm_ids": norm_ids, "base": [], "middle": [0.0, 0.0], "bounds": None}
    box = frame.geometry.to_crs(degrees_drawn(frame.crs)).total_bounds
    span = np.maximum(box[2:] - box[:2], 0.01) * _PAD
    (west, south), (east, north) = box[:2] - span, box[2:] + span
    many = len(runs[0].get("roads", ())) > MANY_ROADS
    # Encode each settlement with its change, its township and its county.
    people = frame["population_persons_after"].where(frame["presence"] != "gone", frame["population_persons_before"])
    nothing = pd.Series(None, index=frame.index, dtype=object)
    township, county = (frame.get(name, nothing) for name in ("township_id", "county"))
    townships, counties = (sorted(units.dropna().unique()) for units in (township, county))
    number = {norm: str(at) for at, norm in enumerate(norm_ids)}
    # Named as the boundaries of a run name them, else as the settlements do.
    written = pd.DataFrame({"unit": township, "name": frame.get("township", nothing)}).dropna()
    first = written.groupby("unit")["name"].first()
    return {
        "places": {
            **pack_points(frame.geometry),
            "id": pack_texts(frame["unit_id"]),
            "names": names_block(frame),
            "population": pack(people.fillna(-1.0), "f4"),
            "tier": pack(np.maximum(codes(frame["tier"], TIERS), 0), "u1"),
            "tiers": list(TIERS),
            "change": pack(np.maximum(codes(frame["access_change"], CHANGES), 0), "u1"),
            "changes": list(CHANGES),
            "level_before": pack(frame["level_before"], "f4"),
            "level_after": pack(frame["level_after"], "f4"),
            **{
                name: pack_texts(
                    ";".join(number[norm] for norm in str(norms).split(";") if norm in number)
                    for norms in frame[f"norms_{name}"]
                )
                for name in ("gained", "lost")
            },
            "township": pack(codes(township, townships), "i4"),
            "townships": [
                {
                    "id": unit,
                    "names": by_language({"name": first.get(unit, unit)})
                    | by_language(_boundary("boundary_id", unit, runs)),
                }
                for unit in townships
            ],
            "county": pack(codes(county, counties), "i4"),
            "counties": [
                {"names": by_language({"name": str(name)} | _boundary("name", str(name), runs))} for name in counties
            ],
        },
        "norm_ids": norm_ids,
        "base": ground(runs[0], tolerance_m=COARSE_M if many else FINE_M, minor=False),
        "middle": [round(float(south + north) / 2, 5), round(float(west + east) / 2, 5)],
        "bounds": [[round(float(south), 5), round(float(west), 5)], [round(float(north), 5), round(float(east), 5)]],
    }


def _located(comparison: Comparison, runs: Sequence[Mapping[str, pd.DataFrame]]) -> gpd.GeoDataFrame | None:
    """Give the settlements of the comparison their points, of the later run where it has them."""
    units = comparison.units[comparison.units["unit_level"] == "settlement"]
    tables = [run["settlements"] for run in runs]
    placed = [table for table in tables if isinstance(table, gpd.GeoDataFrame) and table.crs is not None]
    crs = placed[0].crs if placed else None
    if crs is None:
        return None
    known = [
        gpd.GeoDataFrame(
            {"unit_id": table["settlement_id"].astype(str), "tier": table["tier"]}, geometry=table.geometry.to_crs(crs)
        )
        for table in placed
    ]
    points = gpd.GeoDataFrame(pd.concat(known).drop_duplicates("unit_id"))
    points = points[points.geometry.notna() & ~points.geometry.is_empty]
    located = points.merge(units.astype({"unit_id": "str"}), on="unit_id").sort_values("unit_id", kind="stable")
    if not len(located):
        return None
    degrees = located.geometry.to_crs(degrees_drawn(crs))
    return gpd.GeoDataFrame(located.iloc[space_order(degrees.x, degrees.y)].reset_index(drop=True))


def _boundary(column: str, value: str, runs: Sequence[Mapping[str, pd.DataFrame]]) -> dict[Any, Any]:
    tables = [pd.DataFrame(run["boundaries"]) for run in runs if "boundaries" in run]
    return next((row for one in tables for row in one[one[column].astype(str) == value].to_dict("records")), {})


# What changed between two runs: one page that a planner decides with, in every language that has messages.

PAGE_WORDS = (
    "about.", "by.", "component.", "date.", "filter.joint", "flow_kind.", "group.", "map.", "mode.", "months.",
    "norm_class.", "official.", "page.", "pillar.", "reason.", "score.", "service.", "study.", "sure.list", "term.",
    "tier.", "unit.",
)  # fmt: skip
"""Beginnings of the messages of other pages that this page needs."""


@dataclass(frozen=True, kw_only=True)
class ComparisonMeta(StudyMeta):
    """What the page prints beside the comparison; of both runs the lesser status."""

    name: str = ""  # short name of the study
    title: Mapping[str, str] = field(default_factory=dict)
    run_titles: tuple[Mapping[str, str], ...] = ({}, {})  # of both runs: that of the scenario, else of the study
    # of every norm of either run: what `norm_name` takes, `names`, `norm_class`, `stat_unit` and `scope`
    norms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    bands: tuple[float, float] = (0.5, 0.8)  # A level below the first is low, from the second on high
    # `path`, `origin`, `vintage`, `licence` and `issue` of each raw file of the later run
    sources: tuple[Mapping[str, str], ...] = ()
    # those of the later run one by one, as `issue_entries` makes them; empty where it does not tell them
    known_issues: tuple[Mapping[str, Any], ...] = ()


def comparison_page(
    comparison: Comparison,
    lines: Mapping[str, Sequence[str]],
    *,
    meta: ComparisonMeta,
    runs: Sequence[Mapping[str, pd.DataFrame]],
    trajectory: pd.DataFrame | None = None,
) -> bytes:
    """Write the page."""
    language, comparison = next(iter(lines)), shown_comparison(comparison)
    ends = (comparison.before, comparison.after)
    data = {
        "language": language,
        "messages": {code: page_words(code) for code in lines},
        "study": {
            "name": meta.name,
            "title": dict(meta.title),
            "as_of": comparison.as_of[1],
            "status": meta.status,
            "basis": meta.population_basis,
            "rescaled": False,
            "synthetic": meta.synthetic,
            "note": {},
            "people": bool(comparison.units["population_persons_after"].notna().any()),
            "approval": meta.map_approval,
            "approval_wanted": meta.approval_wanted,
        },
        "sources": [dict(source) for source in meta.sources],
        "issues": [],
        "known_issues": [dict(known) for known in meta.known_issues],
        "imputed": {},
        "score": {"bands": list(meta.bands), "norms": {}},
        "norms": {
            name: {"id": name, **norm, "titles": {code: _norm_name(norm, code) for code in lines if norm.get("metric")}}
            for name, norm in sorted(meta.norms.items())
        },
        "runs": [
            {"name": name, "as_of": date, "title": dict(title)}
            for name, date, title in zip(ends, comparison.as_of, meta.run_titles, strict=True)
        ],
        "lines": {code: list(said) for code, said in lines.items()},
        "notes": [list(note) for note in comparison.notes],
        "shared": int(comparison.norms["in_level"].sum()),
        "matched": {name: [plain(number) for number in pair] for name, pair in unmatched(comparison).items()},
        "whole": study_row(comparison),
        "pillars": pillars_block(comparison),
        "components": components_block(comparison),
        "people": people_block(comparison),
        "gates": gates_block(comparison),
        "townships": townships_block(comparison),
        "ranks": comparison.ranks[["unit_id", "other_id"]].astype(str).to_numpy().tolist(),
        "left_out": left_out_block(comparison),
        "dates": dates_block(trajectory),
        **map_block(comparison, runs),
    }
    return page_document(data, "compare", title=" → ".join(ends))


def _norm_name(norm: Mapping[str, Any], language: str) -> str:
    return norm_name(norm, Words(language, names={norm["service"]: pick(norm["names"], language)}))


def page_words(language: str) -> dict[str, str]:
    """Join the words of pages that this one needs with the comparison's own."""
    shared = {key: text for key, text in page_texts(language).items() if key.startswith(PAGE_WORDS)}
    own = Words(language, "comparison").messages
    names = {"page": "compare", "gate": "turned", "change": "change", "turn": "turn", "note": "note", "why": "why"}
    return shared | {f"{name}.{key}": text for section, name in names.items() for key, text in own[section].items()}
