"""What users draw in QGIS: the layers of their own file, and what the study becomes with them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from spatial.messages import Words, languages
from spatial.plain_text import shipped_toml
from spatial.study import Study
from spatial.study.plans import ConstraintSource
from spatial.study.scenarios import ScenarioOptions
from spatial.study.sources import TableSource
from spatial.tables.words import CONSTRAINT_EFFECT, CONSTRAINT_KIND, FIELD_CHECK

SCENARIO = "own-edits"
"""Name of the scenario that roads, closures and sites of the user's file are."""

CORRECTIONS = ("closed", "missing", "moved", "capacity")
"""What is said of a facility: it has closed, is missing on the map, stands elsewhere, holds something else."""
CORRECTED_BY = {"not_there": "closed", "moved": "moved"}
"""Corrections that checks of facilities are, once somebody confirms them."""


@dataclass(frozen=True)
class EditField:
    """A column of a layer that users fill in."""

    name: str
    kind: Literal["text", "number", "flag", "date", "photo"] = "text"
    words: str | tuple[str, ...] = ()  # the codes that it may have, or where they come from: services, road_class
    is_needed: bool = False
    default: str = ""  # expression of QGIS
    must: str = ""  # expression of QGIS that holds


@dataclass(frozen=True)
class EditLayer:
    """A layer that users draw in."""

    name: str
    geometry: Literal["Point", "LineString", "Polygon"]
    fields: tuple[EditField, ...]

    @property
    def columns(self) -> tuple[EditField, ...]:
        """Its fields between those that every layer has."""
        return (
            EditField("edit_id", is_needed=True, default="uuid('WithoutBraces')"),
            *self.fields,
            EditField("is_used", "flag", default="true"),
            EditField("note"),
            EditField("photo", "photo"),
            EditField("made_by", default="@user_account_name"),
            EditField("made_on", "date", default="to_date(now())"),
        )


_CODES = {
    "corrections": CORRECTIONS,
    "constraint_kind": CONSTRAINT_KIND,
    "constraint_effect": CONSTRAINT_EFFECT,
    "field_check": FIELD_CHECK,
}
EDIT_LAYERS = tuple(
    EditLayer(
        name,
        layer["geometry"],
        tuple(
            EditField(**field | {"words": _CODES.get(field.get("words"), field.get("words", ()))})
            for field in layer["fields"]
        ),
    )
    for name, layer in shipped_toml("study/edit_layers.toml").items()
)
"""The layers of the file, in the order of the project."""


def is_drawn_in(path: Path) -> bool:
    """Tell whether any layer of the file holds something; one that cannot be asked is to be read, which says why."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=0.2)) as file:
            return any(file.execute(f'SELECT 1 FROM "{layer.name}" LIMIT 1').fetchone() for layer in EDIT_LAYERS)  # noqa: S608 - names of our own
    except (sqlite3.Error, UnicodeDecodeError):  # the second of a message of SQLite about bytes that are no text
        return True


def with_edits(study: Study, files: Mapping[str, str]) -> Study:
    """Put what users drew into a study; `files` are what was read of each layer that is not empty."""
    tables = {name: TableSource(path=path) for name, path in files.items()}
    own = {"new_roads": "new_roads", "closures": "close_file", "candidate_sites": "new_facilities"}
    given: dict[str, Any] = {key: tables[name] for name, key in own.items() if name in tables}
    changes: dict[str, Any] = {}
    if given and SCENARIO not in {item.name for item in study.scenarios}:
        title = {language: Words(language).say("study", "own_edits") for language in languages()}
        drawn = ScenarioOptions(name=SCENARIO, title=title, **given)
        changes["scenarios"] = (*study.scenarios, drawn)
    planning: dict[str, Any] = {}
    if "candidate_sites" in tables and study.planning.points is None:
        planning["points"] = tables["candidate_sites"]
        planning["candidates"] = tuple(dict.fromkeys((*study.planning.candidates, "list")))
    if "constraints" in tables:
        drawn_areas = ConstraintSource(path=files["constraints"])
        planning["constraints"] = (*study.planning.constraints, drawn_areas)
    if planning:
        changes["planning"] = study.planning.model_copy(update=planning)
    changes |= {name: tables[name] for name in ("corrections", "field_checks") if name in tables}
    return study.model_copy(update=changes) if changes else study
