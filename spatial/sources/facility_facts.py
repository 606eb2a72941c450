"""What a list says of a facility beside its place: level, unit of its capacity, opening hours, and who may use it."""

from __future__ import annotations

import functools
import importlib.resources
import re
import tomllib
import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.crs import WGS84
from spatial.errors import ContractError, first_of
from spatial.sources.columns import text_column
from spatial.sources.findings import Finding, findings_frame
from spatial.sources.notes import Note, add_notes
from spatial.sources.opening_hours import read_hours
from spatial.sources.service_facts import groups_of, joint_service, service_by_day, service_of_level
from spatial.sources.tag_rules import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import geopandas as gpd

    from spatial.sources.services import Vocabulary
    from spatial.study import TableSource

__all__ = ["fact_findings", "level_of", "read_facts", "service_by_level", "who_may_use"]

ALL, MEMBERS = "all", "members"
OPEN_TO = ("all", "units", "group", "members")
_PARTS = re.compile(r"[;|/、]")
_UNITS = re.compile(r"\s*[;,|、]\s*")


@functools.cache
def _words() -> dict[str, dict[str, str]]:
    text = (
        importlib.resources.files("spatial.inputs")
        .joinpath("facility_words.toml")
        .read_text(encoding="utf-8")
    )
    return {
        kind: {_plain(word): key for key, words in table.items() for word in (key, *words)}
        for kind, table in tomllib.loads(text).items()
    }


def _plain(text: str) -> str:
    return " ".join("".join(sign if sign.isalnum() else " " for sign in fold(text)).split())


def level_of(text: str) -> str | None:
    """
    Read the level of a facility.

    Examples
    --------
    >>> level_of("Hôpital de district"), level_of("卫生室")
    ('district_hospital', 'health_post')
    """
    return _words()["level"].get(_plain(text))


def who_may_use(text: str) -> tuple[str, ...]:
    """
    Read who may use a facility.

    Returns all, members, or names of groups: elderly, disabled, children, women, military, any other word as
    written.

    Examples
    --------
    >>> who_may_use("Personnes âgées; membres")
    ('elderly', 'members')
    """
    known = _words()["eligibility"]
    parts = [part.strip() for part in _PARTS.split(unicodedata.normalize("NFKC", text)) if part.strip()]
    return tuple(dict.fromkeys(known.get(_plain(part), part) for part in parts))


def service_by_level(service: str, level: str, vocabulary: Vocabulary) -> str | None:
    """
    Say which service a facility of some level offers.

    Examples
    --------
    >>> from spatial.sources.services import load_services
    >>> service_by_level("hospital", "regional_hospital", load_services())
    'district_hospital'
    """
    made = service_of_level(level, vocabulary)
    return service if made is None else joint_service(service, made, vocabulary)


def read_facts(frame: gpd.GeoDataFrame, source: TableSource, vocabulary: Vocabulary) -> None:
    """Read the columns level, capacity_unit, opening_hours, eligibility and eligible_units, in place."""
    if "open_to" in frame.columns and not {"eligibility", "eligible_units"} & set(frame.columns):
        problem = "open_to: is made from eligibility and eligible_units; where it says who may use a facility, write "
        raise ContractError(f"facilities {source.path}", [f'{problem}eligibility = "open_to" in columns'])
    if "capacity_unit" in frame.columns or source.capacity_unit is not None:
        own = frame["capacity_unit"] if "capacity_unit" in frame.columns else source.capacity_unit
        frame["capacity_unit"] = text_column(pd.Series(own, index=frame.index, dtype="str"))
    readers: dict[str, Callable[[gpd.GeoDataFrame, Vocabulary], Iterator[Note]]] = {
        "level": _read_levels,
        "opening_hours": _read_opening,
        "eligibility": _read_eligibility,
    }
    for column, reader in readers.items():
        if column in frame.columns or (column == "eligibility" and "eligible_units" in frame.columns):
            add_notes(frame, list(reader(frame, vocabulary)))


def _read_levels(frame: gpd.GeoDataFrame, vocabulary: Vocabulary) -> Iterator[Note]:
    written = text_column(frame["level"])
    levels = written.map(level_of, na_action="ignore")
    unknown = (written.notna() & levels.isna()).to_numpy()
    frame["level"] = levels.where(levels.notna(), written).astype("str")
    services, against = frame["service"].tolist(), np.zeros(len(frame), dtype=bool)
    for row in np.flatnonzero(levels.notna()):
        made = service_by_level(services[row], levels.iloc[row], vocabulary)
        against[row] = made is None
        services[row] = made or services[row]
    changed = (pd.Series(services, index=frame.index) != frame["service"]).to_numpy()
    frame["service"] = pd.Series(services, index=frame.index, dtype="str")
    yield _note(frame, "facilities whose service their level says", changed, "service by level")
    yield _note(
        frame,
        "levels that are not known",
        unknown,
        f"level not known: {first_of(written[unknown].unique(), limit=5)}; it says nothing of the service, "
        "translate it in values.level",
    )
    yield _note(
        frame,
        "levels that are not of the service",
        against,
        "level and service contradict each other, the service holds",
    )


def _read_opening(frame: gpd.GeoDataFrame, vocabulary: Vocabulary) -> Iterator[Note]:
    written = text_column(frame["opening_hours"])
    hours = [read_hours(text) if isinstance(text, str) else None for text in written]
    frame["opening_hours"] = written
    frame["weekly_hours_h"] = pd.Series(
        [np.nan if item is None else item.weekly_h for item in hours], index=frame.index, dtype="float64"
    )
    always = [None if item is None else item.open_all_day for item in hours]
    frame["open_all_day"] = pd.Series(always, index=frame.index, dtype="str")
    unread = (written.notna() & frame["weekly_hours_h"].isna()).to_numpy()
    shown = first_of(written[unread].unique(), limit=3)
    detail = f"opening hours kept as text, not understood ({shown})"
    yield _note(frame, "opening hours that were not read", unread, detail)
    closes = (frame["open_all_day"] == "no").to_numpy()
    wider = [
        service_by_day(service, vocabulary) if shut else service
        for service, shut in zip(frame["service"], closes, strict=True)
    ]
    changed = (pd.Series(wider, index=frame.index) != frame["service"]).to_numpy()
    frame["service"] = pd.Series(wider, index=frame.index, dtype="str")
    yield _note(
        frame,
        "facilities that close and so lose a service",
        changed,
        "not open around the clock, so counted for the wider service",
    )


def _read_eligibility(frame: gpd.GeoDataFrame, vocabulary: Vocabulary) -> Iterator[Note]:
    nothing = pd.Series(None, index=frame.index, dtype="str")
    written = text_column(frame["eligibility"]) if "eligibility" in frame.columns else nothing
    units = text_column(frame["eligible_units"]) if "eligible_units" in frame.columns else nothing
    users = [who_may_use(text) if isinstance(text, str) else () for text in written]
    lists = [
        ";".join(_UNITS.split(unicodedata.normalize("NFKC", text).strip())) if isinstance(text, str) else ""
        for text in units
    ]
    rows = zip(users, lists, frame["service"], strict=True)
    open_to = [_open_to(words, named, groups_of(service, vocabulary)) for words, named, service in rows]
    frame["eligibility"] = pd.Series(
        ["; ".join(words) or None for words in users], index=frame.index, dtype="str"
    )
    frame["eligible_units"] = pd.Series(
        [named.strip() or None for named in lists], index=frame.index, dtype="str"
    )
    frame["open_to"] = pd.Series(open_to, index=frame.index, dtype="str")
    for word, detail in (
        ("members", "for members alone, counted for nobody"),
        ("group", "for a group alone, counted for nobody else"),
        ("units", "for some units alone, counted for nobody else"),
    ):
        yield _note(
            frame,
            f"facilities open to {word} only",
            np.array([item == word for item in open_to], dtype=bool),
            detail,
        )


def _open_to(users: tuple[str, ...], units: str, own: frozenset[str]) -> str:
    """Say to whom it is open; that a school is for children is no restriction."""
    if users and ALL not in users and not own & set(users):
        return MEMBERS if set(users) == {MEMBERS} else "group"
    return "units" if units.strip() else ALL


def _note(frame: gpd.GeoDataFrame, item: str, rows: np.ndarray, detail: str) -> Note:
    named = first_of(frame["facility_id"][rows], limit=3) if rows.any() else ""
    return Note(item, int(rows.sum()), f"{detail}: {named}")


def fact_findings(facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Name the facilities that not everybody may use."""
    found = []
    if "open_to" in facilities.columns:
        for row in facilities.loc[facilities["open_to"].isin(OPEN_TO[1:])].to_dict("records"):
            users = row["eligibility"] if row["open_to"] != "units" else f"units {row['eligible_units']}"
            detail = f"{row['service']}: for {users} only, not counted for others"
            found.append(Finding("restricted_facility", str(row["facility_id"]), detail, row["geometry"]))
    return findings_frame(found, crs=facilities.crs or WGS84)
