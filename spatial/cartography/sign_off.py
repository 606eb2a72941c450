"""Printed pages: "Can I sign this?" and the fact sheet of a study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from spatial.cartography.answer import actions_block, answer_block, answer_map
from spatial.cartography.document import page_document
from spatial.cartography.page_data import PageBook, Rows, study_block, township_count
from spatial.cartography.places import by_language, parts_of
from spatial.cartography.score import most_to_gain, score_block
from spatial.messages import Words
from spatial.norms.measuring import modes_for
from spatial.reporting.plans import place_ids_apart, progress_records
from spatial.reporting.score import split_codes
from spatial.reporting.sign_off import fingerprint
from spatial.reporting.wording import plain
from spatial.tables.words import EVERYBODY, FIELD_CHECK, NO_UNIT

# The fact sheet of a study: one page to decide on, and overleaf both numbers of each pillar, gates and norms.

NORMS = 3
Entry = dict[str, Any]


def fact_sheet_page(book: PageBook, rows: Rows) -> bytes:
    """Write the page."""
    answer, actions = answer_block(book, rows, {}), actions_block(book, rows)
    score = score_block(book) if "scores" in book.tables else {"townships": [], "doubts": []}
    townships = score["townships"]
    parts = parts_of(book.tables, book.meta.modes[0])
    study = {key: value for key, value in score.items() if key not in ("townships", "towns", "alike")}
    # Put known issues beside a township that they leave without a rank.
    gains = most_to_gain(townships, parts)
    mine = [known for known in score["doubts"] if gains and gains["id"] in known["without_rank"]]
    matrix, signed = answer["matrix"] if answer else None, book.tables.get("sign_off")
    own = [norm for norm in book.norms.norms if norm["headline"]]
    first = {finding["norm_id"] for finding in answer["findings"]} if answer else set()
    data = study_block(book, rows) | {
        "messages": dict(book.words),
        "answer": answer,
        # Of all townships the sheet tells the first alone.
        "worst": matrix["rows"][0] if matrix else None,
        "map": answer_map(book, rows, answer) if answer else None,
        "actions": actions,
        "plans": sum(bool(plan["actions"]) for plan in book.plans),
        "norms": [norm for norm in own if norm["id"] in first],
        "sign_counts": None if signed is None else sign_off_counts(signed),
        "declared": 0 if signed is None else int(signed["official"].notna().sum()),
        "score": study if "scores" in book.tables else None,
        "headlines": own[:NORMS],
        "townships": len(townships) or (len(matrix["rows"]) if matrix else 0),
        "drawn": township_count(book, rows),
        "gains": (gains | {"doubts": mine} if gains and mine else gains),
        "parts": len(set(parts.values())),
        "last": surely_last(townships) if len(set(parts.values())) < 2 else None,
        "settlements": len(rows.ids),
        "persons": float(rows.settlements["population_persons"].sum()) if rows.has_people else None,
    }
    return page_document(data, "fact_sheet")


def surely_last(townships: Sequence[Mapping[str, Any]]) -> Entry | None:
    """Find the township that is among the last even at its best rank; None where fewer than two are ranked."""
    ranked = [unit for unit in townships if unit["low_rank"] is not None]
    if len(ranked) < 2:
        return None
    last = max(ranked, key=lambda unit: (unit["low_rank"], unit["median_rank"], unit["id"]))
    return {key: last[key] for key in ("id", "names", "median_rank", "low_rank", "high_rank")}


# The page "Can I sign this?": totals beside official ones, what was filled in, and what hangs on one record.

TOTALS = ("people", "villages", "facilities", "road_km")
SERVICES = ("facilities", "missing_facilities")
SHARE, UNITS = "share", "units"
VERDICTS = ("ok", "look", "remark", "unknown", "undeclared")
COUNTED = ("facilities", "in_list", "on_map", "matched", "official", "missing_at_most")
ESTIMATED = ("estimated", "estimated_lower", "estimated_upper")
SHOWN_UNITS = 6


def sign_off_page(book: PageBook, rows: Rows) -> bytes:
    """Write the page."""
    data = study_block(book, rows) | {"sign": sign_off_block(book)}
    # With the words of the table, so that page and workbook say the same.
    data["messages"] = {
        language: {
            **texts,
            **{
                f"sign_{section}.{key}": text
                for section, entries in Words(language, "sign_off").messages.items()
                for key, text in entries.items()
            },
            **{f"sign.found_{code}": Words(language, "qgis").say("edit_words", code) for code in FIELD_CHECK},
        }
        for language, texts in book.words.items()
    }
    return page_document(data, "sign_off")


def sign_off_counts(table: pd.DataFrame) -> dict[str, int]:
    """Count the rows by verdict."""
    verdicts = [_verdict(row) for row in table.to_dict("records") if row["kind"] != "gates"]
    return {name: verdicts.count(name) for name in VERDICTS}


def sign_off_block(book: PageBook) -> Entry:
    """Gather what the page shows."""
    table = book.tables["sign_off"]
    norms = {norm["id"]: norm for norm in book.norms.norms}
    told: list[Entry] = []
    apart = place_ids_apart(book.tables)
    for row in table.to_dict("records"):
        entry = {
            **{name: str(row[name]) for name in ("item", "kind", "of", "unit", "source")},
            **{name: plain(row[name]) for name in ("ours", "official", "difference", "difference_share")},
            "verdict": _verdict(row),
            "names": book.names(str(row["of"])) if row["kind"] in SERVICES else {},
            "causes": _causes(row["likely_causes"]),
        }
        if row["kind"] == "gate":
            norm = norms.get(str(row["of"]))
            entry |= {"norm": norm, "listed": list(_listed(apart(str(row["records"])), norm, book))}
        told.append(entry)
    checks = book.tables.get("field_checks", pd.DataFrame({"is_confirmed": []}))
    waiting = checks.loc[~checks["is_confirmed"].astype(bool)]
    facilities = _by_id(book.tables["facilities"], "facility_id")
    settlements = _by_id(book.tables["settlements"], "settlement_id")
    # How much of each inventory is known: by the table, else by what the study declares.
    lists, known = book.tables.get("inventory"), book.meta.inventory
    inventory: list[Entry] = []
    for row in () if lists is None else lists.sort_values("service", kind="stable").to_dict("records"):
        counted = pd.notna(row["official"]) or pd.notna(row["estimated"])
        inventory.append(
            {
                "of": row["service"],
                "names": book.names(str(row["service"])),
                "known": row["declared"],
                **{name: plain(row[name]) for name in (*COUNTED, *ESTIMATED) if counted},
            }
        )
    # A list that is declared complete and holds none makes norms fail: whoever signs is told of it.
    access = book.tables["access"]
    there = set(access.loc[access["reach_status"] != "no_facility", "service"])
    empty = sorted(name for name in book.meta.services if name not in there and known.get(name) == "complete")
    if lists is not None:
        inventory += [{"of": name, "names": book.names(name), "known": "complete", "is_empty": True} for name in empty]
        # So does one whose facilities all lie outside the study.
        around = {*book.tables["facilities"]["service"]} - {*lists["service"], *empty}
        complete = sorted(name for name in around if known.get(name) == "complete")
        inventory += [{"of": name, "names": book.names(name), "known": "complete"} for name in complete]
    if lists is None:
        services = [entry["of"] for entry in told if entry["kind"] == "facilities" and entry["of"] in known]
        inventory = [{"of": name, "names": book.names(name), "known": known[name]} for name in services]
    return {
        "counts": sign_off_counts(table),
        "fingerprint": fingerprint(table),
        "rows": {row["item"]: [plain(row["ours"]), plain(row["official"])] for row in table.to_dict("records")},
        "tolerance": book.meta.tolerance_share,
        "limit": book.meta.imputed_share,
        "totals": [entry for entry in told if entry["kind"] in TOTALS],
        "shares": [entry for entry in told if entry["unit"] == SHARE],
        "gates": [entry for entry in told if entry["kind"] == "gate"],
        "units": [entry for entry in told if entry["unit"] == UNITS],
        "largest": list(_largest(book)),
        "inventory": inventory,
        # What somebody found on site that nobody has confirmed, so that no number follows from it yet.
        "checks": [
            {
                **{name: plain(row[name]) for name in ("check_id", "name", "found", "observed_min", "note")},
                "names": _names_in(facilities, row["facility_id"]) if row["facility_id"] in facilities.index else {},
                "near": _names_in(settlements, row["settlement_id"]),
            }
            for row in waiting.to_dict("records")
        ],
        "built": [
            {**row, "norm": norms.get(str(row["norm_id"]))}
            for row in progress_records(book.tables)
            if row["state"] == "built"
        ],
    }


def _verdict(row: Mapping[Any, Any]) -> str:
    undeclared = row["kind"] in TOTALS and row["status"] == "unknown" and pd.isna(row["official"])
    return "undeclared" if undeclared else str(row["status"])


def _causes(codes: str) -> list[list[Any]]:
    parts = [code.partition(":") for code in split_codes(codes)]
    return [[code, float(number) if number else None] for code, _, number in parts]


def _largest(book: PageBook) -> Iterator[Entry]:
    """Pick the units whose people, as the results use them, differ most from the official number."""
    totals, bounds = book.tables.get("unit_totals"), _by_id(book.tables.get("boundaries"), "boundary_id")
    if totals is None:
        return
    rows = totals.loc[(totals["group"] == EVERYBODY) & (totals["unit_id"] != NO_UNIT)]
    rows = rows.assign(size=rows["residual_persons"].abs()).dropna(subset=["size"])
    rows = rows.sort_values(["size", "unit_id"], ascending=[False, True]).head(SHOWN_UNITS)
    for row in rows.to_dict("records"):
        ours, official = float(row["our_persons"]), float(row["official_persons"])
        yield {
            "name": row["unit"] or row["unit_code"] or row["unit_id"],
            "names": _names_in(bounds, row["unit_id"]) if row["unit_id"] in bounds.index else {},
            "unit": "persons",
            "ours": plain(ours),
            "official": plain(official),
            "difference": plain(ours - official),
            "difference_share": plain((ours - official) / official) if official else None,
            "verdict": row["status"],
            "causes": _causes(row["likely_causes"]),
            "factor": plain(row["factor"]) if row["scaling"] == "scaled" else None,
            "source": "",
        }


def _listed(ids: Sequence[str], norm: Mapping[str, Any] | None, book: PageBook) -> Iterator[Entry]:
    """Say what each record that a gate hangs on is called, and how many people it concerns."""
    settlements = _by_id(book.tables["settlements"], "settlement_id")
    facilities = _by_id(book.tables["facilities"], "facility_id")
    units = _by_id(book.tables.get("boundaries"), "boundary_id")
    persons = settlements["population_persons"].where(settlements["in_study"])
    for name in ids:
        if name in settlements.index:
            what, table, concerned = "settlement", settlements, float(persons[name])
        elif name in facilities.index:
            what, table, concerned = "facility", facilities, _nearest_persons(name, norm, persons, book)
        elif name in units.index:
            inside = settlements.get("township_id", pd.Series(dtype=object)) == name
            what, table, concerned = "unit", units, float(persons[inside].sum(min_count=1))
        else:
            yield {"id": name, "what": "study", "names": {}, "persons": None}
            continue
        yield {"id": name, "what": what, "names": _names_in(table, name), "persons": plain(concerned)}


def _nearest_persons(facility: str, norm: Mapping[str, Any] | None, persons: pd.Series, book: PageBook) -> float:
    """Add up the people for whom it is the nearest by the norm's service and mode; NaN where none is."""
    if norm is None:
        return float("nan")
    results, access = book.tables["norm_results"], book.tables["access"]
    service = results.loc[results["norm_id"] == norm["id"], "service"].iloc[0]
    answering = [name for name in access["service"].unique() if book.note(name).answers(service)]
    rows = access.loc[access["service"].isin(answering) & access["facility_id"].notna()]
    rows = rows.loc[rows["mode"].isin(modes_for(norm["mode"] or "", sorted(set(access["mode"]))))]
    order = ["travel_time_min", "facility_id"]
    nearest = rows.sort_values(order, kind="stable").drop_duplicates("settlement_id")
    users = nearest.loc[nearest["facility_id"] == facility, "settlement_id"]
    return float(persons.reindex(users).sum(min_count=1))


def _by_id(table: pd.DataFrame | None, key: str) -> pd.DataFrame:
    return pd.DataFrame() if table is None else pd.DataFrame(table).set_index(key)


def _names_in(table: pd.DataFrame, name: str) -> dict[str, str]:
    return by_language(table.filter(regex="^name").loc[name].to_dict())
