"""The page "Can I sign this?": totals beside official ones, what was filled in, and what hangs on one record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from spatial.cartography.book import PageBook, study_block
from spatial.cartography.document import SIGN_OFF, plain_document
from spatial.cartography.norms import service_note
from spatial.cartography.places import by_language
from spatial.planning.plain import plain
from spatial.planning.sign_off import sign_off_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spatial.cartography.rows import Rows

__all__ = ["sign_off_block", "sign_off_counts", "sign_off_page"]

TOTALS = ("people", "villages", "facilities", "road_km")
SERVICES = ("facilities", "missing_facilities")
SHARE, UNITS = "share", "units"
VERDICTS = ("ok", "look", "unknown", "undeclared")
ANY_MODE = (None, "", "any")
COUNTED = ("facilities", "in_list", "on_map", "matched", "official", "missing_at_most")
ESTIMATED = ("estimated", "estimated_lower", "estimated_upper")
EVERYBODY, NO_UNIT = "everybody", "no_unit"
SHOWN_UNITS = 6
Entry = dict[str, Any]


def sign_off_page(book: PageBook, rows: Rows, *, title: str) -> bytes:
    """Write the page."""
    data = study_block(book, rows) | {"sign": sign_off_block(book)}
    data["messages"] = {language: {**texts, **_words(language)} for language, texts in book.words.items()}
    return plain_document(data, title=title, language=book.language, parts=SIGN_OFF)


def sign_off_counts(table: pd.DataFrame) -> dict[str, int]:
    """
    Count the rows by verdict.

    Examples
    --------
    >>> rows = {"kind": ["people", "villages", "gates"], "status": ["ok", "unknown", "ok"]}
    >>> sign_off_counts(pd.DataFrame(rows | {"official": [10.0, float("nan"), float("nan")]}))
    {'ok': 1, 'look': 0, 'unknown': 0, 'undeclared': 1}
    """
    verdicts = [_verdict(row) for row in table.to_dict("records") if row["kind"] != "gates"]
    return {name: verdicts.count(name) for name in VERDICTS}


def sign_off_block(book: PageBook) -> Entry:
    """Gather what the page shows."""
    table = book.tables["sign_off"]
    told = [_entry(row, book) for row in table.to_dict("records")]
    return {
        "counts": sign_off_counts(table),
        "tolerance": book.meta.tolerance_share,
        "limit": book.meta.imputed_share,
        "totals": [entry for entry in told if entry["kind"] in TOTALS],
        "shares": [entry for entry in told if entry["unit"] == SHARE],
        "gates": [
            _gate(entry, row, book)
            for entry, row in zip(told, table.to_dict("records"), strict=True)
            if entry["kind"] == "gate"
        ],
        "units": [entry for entry in told if entry["unit"] == UNITS],
        "largest": list(_largest(book)),
        "inventory": _inventory(book, told),
    }


def _verdict(row: Mapping[Any, Any]) -> str:
    undeclared = row["kind"] in TOTALS and row["status"] == "unknown" and pd.isna(row["official"])
    return "undeclared" if undeclared else str(row["status"])


def _entry(row: Mapping[Any, Any], book: PageBook) -> Entry:
    numbers = {name: plain(row[name]) for name in ("ours", "official", "difference", "difference_share")}
    texts = {name: str(row[name]) for name in ("kind", "of", "unit", "source")}
    return {
        **texts,
        **numbers,
        "verdict": _verdict(row),
        "names": _names(str(row["of"]), book) if row["kind"] in SERVICES else {},
        "causes": _causes(row["likely_causes"]),
    }


def _causes(codes: str) -> list[list[Any]]:
    parts = [code.partition(":") for code in codes.split(";") if code]
    return [[code, float(number) if number else None] for code, _, number in parts]


def _largest(book: PageBook) -> Iterator[Entry]:
    """Pick the units whose people, as the results use them, differ most from the official number."""
    totals, bounds = book.tables.get("unit_totals"), _by_id(book.tables.get("boundaries"), "boundary_id")
    if totals is None:
        return
    rows = totals.loc[(totals["group"] == EVERYBODY) & (totals["unit_id"] != NO_UNIT)]
    rows = rows.assign(size=rows["residual_persons"].abs()).dropna(subset=["size"])
    for row in rows.sort_values(["size", "unit_id"], ascending=[False, True]).to_dict("records")[
        :SHOWN_UNITS
    ]:
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


def _names(service: str, book: PageBook) -> dict[str, str]:
    """Name a service as the pages do; a row that the user named goes by its own word."""
    return dict(book.meta.names.get(service) or service_note(service, book.meta, book.words).names)


def _gate(entry: Entry, row: Mapping[Any, Any], book: PageBook) -> Entry:
    norm = next((norm for norm in book.norms.norms if norm["id"] == entry["of"]), None)
    listed = str(row["records"]).split()
    return entry | {"norm": norm, "listed": list(_records(listed, norm, book))}


def _records(ids: Sequence[str], norm: Mapping[str, Any] | None, book: PageBook) -> Iterator[Entry]:
    """Say what each record is called, and how many people it concerns."""
    settlements = book.shapes("settlements").set_index("settlement_id")
    facilities = _by_id(book.tables["facilities"], "facility_id")
    units = _by_id(book.tables.get("boundaries"), "boundary_id")
    persons = settlements["population_persons"].where(settlements["in_study"])
    for name in ids:
        if name in settlements.index:
            yield _record(name, "settlement", settlements, float(persons[name]))
        elif name in facilities.index:
            yield _record(name, "facility", facilities, _nearest_persons(name, norm, persons, book))
        elif name in units.index:
            inside = settlements.get("township_id", pd.Series(dtype=object)) == name
            yield _record(name, "unit", units, float(persons[inside].sum(min_count=1)))
        else:
            yield {"id": name, "what": "study", "names": {}, "persons": None}


def _record(name: str, what: str, table: pd.DataFrame, persons: float) -> Entry:
    return {"id": name, "what": what, "names": _names_in(table, name), "persons": plain(persons)}


def _by_id(table: pd.DataFrame | None, key: str) -> pd.DataFrame:
    return pd.DataFrame() if table is None else pd.DataFrame(table).set_index(key)


def _names_in(table: pd.DataFrame, name: str) -> dict[str, str]:
    return by_language(table.filter(regex="^name").loc[name].to_dict())


def _nearest_persons(
    facility: str, norm: Mapping[str, Any] | None, persons: pd.Series, book: PageBook
) -> float:
    """Add up the people for whom it is the nearest by the norm's service and mode; NaN where none is."""
    if norm is None:
        return float("nan")
    results, access = book.tables["norm_results"], book.tables["access"]
    service = results.loc[results["norm_id"] == norm["id"], "service"].iloc[0]
    answering = [
        name
        for name in access["service"].unique()
        if service in (name, *service_note(name, book.meta, book.words).register)
    ]
    rows = access.loc[access["service"].isin(answering) & access["facility_id"].notna()]
    if norm["mode"] not in ANY_MODE:
        rows = rows.loc[rows["mode"] == norm["mode"]]
    order = ["travel_time_min", "facility_id"]
    nearest = rows.sort_values(order, kind="stable").drop_duplicates("settlement_id")
    users = nearest.loc[nearest["facility_id"] == facility, "settlement_id"]
    return float(persons.reindex(users).sum(min_count=1))


def _inventory(book: PageBook, told: Sequence[Entry]) -> list[Entry]:
    """Say for each service how much of its inventory is known: by the table, else by what the study declares."""
    table = book.tables.get("inventory")
    if table is None:
        services = [entry["of"] for entry in told if entry["kind"] == "facilities"]
        known = book.meta.inventory
        return [
            {"of": name, "names": _names(name, book), "known": known[name]}
            for name in services
            if name in known
        ]
    return [
        {
            "of": row["service"],
            "names": _names(str(row["service"]), book),
            "known": row["declared"],
            **({name: plain(row[name]) for name in (*COUNTED, *ESTIMATED)} if _is_estimated(row) else {}),
        }
        for row in table.sort_values("service", kind="stable").to_dict("records")
    ]


def _is_estimated(row: Mapping[Any, Any]) -> bool:
    """Tell whether an official count or the comparison of list and map speaks for the service."""
    return bool(pd.notna(row["official"]) or pd.notna(row["estimated"]))


def _words(language: str) -> dict[str, str]:
    """Take the words of the table, so that page and workbook say the same."""
    sections = sign_off_words(language).messages
    return {
        f"sign_{section}.{key}": text
        for section, entries in sections.items()
        for key, text in entries.items()
    }
