"""The study: what is studied, from which sources, against which norms. A TOML file becomes a frozen, checked object."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, TypeAdapter, ValidationError, field_validator, model_validator

from spatial.errors import StudyError
from spatial.messages import FALLBACK, Words, languages
from spatial.plain_text import html_table, toml_faults, toml_table, toml_text
from spatial.study.access import (
    AccessOptions,
    AreaOptions,
    MeasureOptions,
    NetworkOptions,
    OffRoadOptions,
    UncertaintyOptions,
)
from spatial.study.base import ByLanguage, FilePath, Model, faults_of, one_in_a_list, option, section, unrepeated
from spatial.study.outputs import OfficialFacilities, OfficialOptions, OutputOptions, QgisOptions, SharingOptions
from spatial.study.plans import PlanningOptions, PlanOptions
from spatial.study.region import PopulationOptions, Region, Tiers
from spatial.study.scenarios import CalibrationOptions, EmergencyOptions, File, ScenarioOptions, crew_columns
from spatial.study.score import Adoption, Confirmation, NormAddition, NormOptions, ScoreOptions
from spatial.study.sources import (
    ControlPoint,
    Inventory,
    LocalGrid,
    MergeOptions,
    OfficialUnits,
    PlacingOptions,
    PlainTable,
    RoadSource,
    Sources,
    TableSource,
)

__all__ = [
    "Adoption", "Confirmation", "ControlPoint", "LocalGrid", "MergeOptions", "NormAddition", "NormOptions",
    "OfficialFacilities", "OfficialOptions", "OfficialUnits", "PlacingOptions", "Region", "RoadSource",
    "ScoreOptions", "Study", "TableSource", "Tiers",
]  # fmt: skip


def changed(before: dict[str, Any], changes: Mapping[str, Any], model: Model) -> dict[str, Any]:
    """Put changes into options as a study file has them; a mapping that names a section changes within it."""
    values = dict(before)
    for key, change in changes.items():
        held = getattr(model, key, None)
        if isinstance(change, Mapping) and isinstance(held, Model):
            values[key] = changed(before.get(key, {}), change, held)
        else:
            values[key] = change
    return values


class Study(Model):
    """What is studied: build one with `Study.from_toml` or `Study.from_dict`; it never changes afterwards."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$",
        description="Short name: small letters, digits, - and _; names the output folders",
    )
    title: ByLanguage = Field(description="Title by language, such as {en = 'Comoros', zh = '科摩罗'}", min_length=1)
    as_of: dt.date = Field(description="The date on which norms are judged")
    jurisdictions: tuple[str, ...] = option(
        (), "Whose norms bind, most specific first, such as ['CN-51']; parents and GLOBAL are inherited"
    )
    synthetic: bool = option(False, "True for made-up ground: every page says so")
    note: ByLanguage = option({}, "A sentence by language that every page carries")
    working_crs: str | None = option(None, "Projected CRS in metres; the UTM zone of the middle by default")
    region: Region = section(Region)
    sources: Sources
    placing: PlacingOptions = section(PlacingOptions)
    merge: MergeOptions = section(MergeOptions)
    corrections: File = option(
        None,
        "File of points that correct facilities, as the layer corrections of the QGIS project holds them: correction "
        "(closed, moved, capacity, missing), facility_id, service, name, capacity",
    )
    field_checks: File = option(
        None,
        "File of points of what was found on site, as the layer field_checks of the QGIS project holds them: "
        "facility_id, subject, found (as_mapped, otherwise, not_there, moved, not_reached), is_confirmed, "
        "observed_min, note",
    )
    services_file: FilePath | None = option(None, "A services file of the user's own below the raw root")
    inventory: dict[str, Inventory] = option(
        {}, "Whether every facility of a service is known: complete, partial or unknown"
    )
    tiers: Tiers = section(Tiers)
    population: PopulationOptions = section(PopulationOptions)
    network: NetworkOptions = section(NetworkOptions)
    access: AccessOptions = section(AccessOptions)
    measures: MeasureOptions = section(MeasureOptions)
    areas: AreaOptions = section(AreaOptions)
    off_road: OffRoadOptions = section(OffRoadOptions)
    uncertainty: UncertaintyOptions = section(UncertaintyOptions)
    calibration: CalibrationOptions = section(CalibrationOptions)
    scenarios: tuple[ScenarioOptions, ...] = option(
        (), "Changes on the roads or of the facilities whose gains and losses are counted"
    )
    planning: PlanningOptions = section(PlanningOptions)
    plans: tuple[PlanOptions, ...] = option((), "Plans to draw instead of those for the norms that fail")
    emergency: tuple[EmergencyOptions, ...] = option((), "Response of crews; one table, or a list of them")
    norms: NormOptions = section(NormOptions)
    score: ScoreOptions = section(ScoreOptions)
    official: OfficialOptions = section(OfficialOptions)
    outputs: OutputOptions = section(OutputOptions)
    qgis: QgisOptions = section(QgisOptions)
    sharing: SharingOptions = section(SharingOptions)
    raw: Path = option(Path("data/raw"), "Raw root; the command line's --raw sets it", exclude=True)

    @field_validator("name")
    @classmethod
    def _names_a_folder(cls, name: str) -> str:
        if re.fullmatch("con|prn|aux|nul|com[0-9]|lpt[0-9]", name):
            raise ValueError("Windows keeps this name for a device, and makes no folder of it; choose another")
        return name

    _one_table = field_validator("scenarios", "plans", "emergency", mode="before")(one_in_a_list)

    @field_validator("scenarios", "plans", "emergency")
    @classmethod
    def _each_once(cls, items: tuple[Any, ...]) -> tuple[Any, ...]:
        unrepeated(tuple(getattr(item, "name", None) or item.service for item in items))
        unrepeated(tuple(part.name for item in items if isinstance(item, PlanOptions) for part in item.parts))
        return items

    @model_validator(mode="after")
    def _units_declared(self) -> Self:
        by_units = [name for name, group in self.population.groups.items() if group.share == "units"]
        asking = ["population.rescale_to"] if self.population.rescale_to else []
        asking += [f"population.groups.{name}" for name in by_units]
        if asking and self.sources.official_units is None:
            raise ValueError(f"{', '.join(asking)} = 'units' needs the table [sources.official_units]")
        return self

    @model_validator(mode="after")
    def _candidates_given(self) -> Self:
        asked = {"planning": self.planning.candidates}
        asked |= {f"plans.{item.name}": item.candidates for item in self.plans if item.candidates is not None}
        lacking = {f"{key}.candidates": self.planning.lacking(names) for key, names in asked.items()}
        if any(lacking.values()):
            raise ValueError("; ".join(f"{key} needs {', '.join(keys)}" for key, keys in lacking.items() if keys))
        return self

    @model_validator(mode="after")
    def _costs_given(self) -> Self:
        asking = [f"plans.{item.name}.budget" for item in self.plans if item.budget is not None]
        if asking and self.planning.costs is None:
            raise ValueError(
                f'{", ".join(asking)}: needs what actions cost; write [planning.costs] with currency = "yuan" and, as '
                "far as plans need them, open = { primary_care = 1_200_000 }, link_km = 900_000, road_km = 400_000"
            )
        return self

    @model_validator(mode="before")
    @classmethod
    def _basis_of_lists(cls, values: Any) -> Any:
        """Call people modelled by themselves only where a raster models them."""
        if not isinstance(values, dict) or not isinstance(values.get("sources"), dict):
            return values
        people = values.get("population", {})
        if values["sources"].get("population") is not None or not isinstance(people, dict) or "basis" in people:
            return values
        return {**values, "population": {**people, "basis": "listed"}}

    @classmethod
    def from_dict(cls, values: dict[str, Any], *, raw: str | Path = "data/raw", where: str = "study") -> Study:
        """
        Build a study from a mapping, as a notebook does, frozen and checked; a StudyError has every fault and its key.

        `raw` is the folder that the paths of sources are relative to, and `where` what messages call it.
        """
        if "raw" in values:
            raise StudyError(where, ["raw: unknown key; give the raw root as --raw FOLDER or raw=..."])
        try:
            return cls.model_validate({**values, "raw": Path(raw)})
        except ValidationError as error:
            raise StudyError(where, faults_of(error, "study")) from error

    @classmethod
    def from_toml(cls, path: str | Path, *, raw: str | Path = "data/raw") -> Study:
        """
        Read a study file, frozen and checked; no source is opened; a StudyError has every fault and its key.

        `raw` is the folder that the paths of sources are relative to.
        """
        file = Path(path)
        with toml_faults(str(file), "`spatial init` writes a new one"):
            values = toml_table(toml_text(file))
        study = cls.from_dict(values, raw=raw, where=str(file))
        edits = study.qgis.edits
        own = str(file.parent / (f"{study.name}-edits.gpkg" if edits is None else edits)) if edits != "" else ""
        return study.model_copy(update={"qgis": study.qgis.model_copy(update={"edits": own})})

    def replace(self, *, raw: str | Path | None = None, **changes: Any) -> Study:
        """
        Make a study that differs in some keys, checked anew as a whole.

        Of the changes, by key of the study, a dict changes those keys of a section that it names, also in sections
        within, and leaves the others; anything else takes the place of what was there, lists and ``title`` as a whole.
        This study stays as it is. A StudyError has every fault and its key.

        Examples
        --------
        >>> study = Study.from_dict({"name": "a", "title": {"en": "A"}, "as_of": "2026-01-01",
        ...                          "sources": {"osm": {"path": "a.osm.pbf"}}, "access": {"max_time_min": 90}})
        >>> other = study.replace(access={"cutoffs_min": [10, 20]}, network={"modes": ["walk"]})
        >>> other.access.cutoffs_min, other.access.max_time_min, study.access.cutoffs_min
        ((10.0, 20.0), 90.0, (15.0, 30.0, 60.0))
        """
        values = changed(self.model_dump(exclude={"raw"}, exclude_unset=True), changes, self)
        return type(self).from_dict(values, raw=self.raw if raw is None else raw, where=f"study {self.name}")

    def __repr__(self) -> str:
        """Say in one line which study it is."""
        named = ", ".join(sorted(name for name, source in self.sources if source))
        return (
            f"<Study {self.name}: {self.title_in('en')!r}, {self.as_of}; by {', '.join(self.network.modes)}; {named}>"
        )

    __str__ = __repr__

    def _repr_html_(self) -> str:
        """Show in a notebook what differs from the defaults."""
        told = self.model_dump(mode="json", exclude={"raw", "name", "title", "sources"}, exclude_defaults=True)
        rows = {
            "sources": ", ".join(sorted(name for name, source in self.sources if source)),
            "raw": self.raw.as_posix(),
        }
        return html_table(f"Study {self.name}: {self.title_in('en')}", rows | told)

    def raw_path(self, path: str) -> Path:
        """Where a source of the study lies: below the raw root, or as it is written if absolute."""
        return self.raw / path

    @property
    def columns_named(self) -> dict[str, tuple[str, ...]]:
        """Columns of settlements and facilities that keys beside `sources` name: they stay without `keep_columns`."""
        people = [self.measures.demand, *(group.column for group in self.measures.groups)]
        score = [self.score.functional_areas.employed_column, self.score.rank_column]
        return {
            "settlements": tuple(sorted({name for name in (*people, *score) if name})),
            "facilities": tuple(sorted(set(crew_columns(self.emergency)))),
        }

    def own_files(self) -> dict[str, str]:
        """Files of the user's own that stages read beside the sources: paths as written, by key in the study file."""
        named = {"services_file": self.services_file, "placing.decisions": self.placing.decisions}
        named |= {f"placing.postcodes.{number}": path for number, path in enumerate(self.placing.postcodes)}
        named |= {"merge.decisions": self.merge.decisions, "planning.actions": self.planning.actions}
        named |= {"norms.register": self.norms.register_file, "planning.site_rules": self.planning.site_rules}
        named |= {"planning.costs.file": self.planning.costs.file if self.planning.costs else None}
        named |= {
            f"{key}.speeds": path if path.endswith(".toml") else None
            for key, path in (("network", self.network.speeds), ("off_road", self.off_road.speeds))
        }
        tables = {"calibration.observed": self.calibration.observed, "corrections": self.corrections}
        tables["field_checks"] = self.field_checks
        tables |= {f"planning.{name}": getattr(self.planning, name) for name in ("idle", "points")}
        tables |= {f"planning.constraints.{number}": area for number, area in enumerate(self.planning.constraints)}
        own = {f"sources.{key}": table for key, table in self.sources.by_key.items() if isinstance(table, PlainTable)}
        for scenario in self.scenarios:
            for key in ("close_file", "new_roads", "new_facilities"):
                tables[f"scenarios.{scenario.name}.{key}"] = getattr(scenario, key)
        named |= {key: table.path for key, table in tables.items() if table is not None}
        named |= {
            f"{key}.values_file": table.values_file
            for key, table in {**own, **tables}.items()
            if table is not None and str(table.values_file).endswith(".toml")
        }
        return {key: path for key, path in named.items() if path}

    def title_in(self, language: str) -> str:
        """Title in a language, such as ``"zh"``, or in the first one there is."""
        return self.title.get(language) or next(iter(self.title.values()))


PLAN_NAME, BY_PLAN = "plan-", "plan:"
"""How the scenario that a plan is begins, and how it is asked for."""
PLANS_FILE = "plans.toml"
"""Plans of a run as scenarios; no stage reads it, so that a new plan makes nothing run again."""
BETWEEN = "--"
"""Stands between the names of study and scenario in the name of a run."""


class PlannedStudy(Study):
    """A study under one of its scenarios (see `planned_study`), which its title says; it has none to try."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,130}$",
        description="Names of the study and of the scenario; names the output folders",
    )
    scenario: ScenarioOptions | None = option(None, "The scenario that the run is of")
    study: str = option("", "Name of the study that holds the scenario")

    def own_files(self) -> dict[str, str]:
        """Files of the user's own that stages read beside the sources, those of the scenario among them."""
        if self.scenario is None:
            return super().own_files()
        whole = super(PlannedStudy, self.model_copy(update={"scenarios": (self.scenario,)})).own_files()
        return {key.replace("scenarios.", "scenario.", 1): path for key, path in whole.items()}


def planned_study(study: Study, scenario: str, plans: Path | None = None) -> PlannedStudy:
    """Put a study under one of its scenarios, or under a plan of its last run, ``plan:NAME`` of the file of plans."""
    items, where = list(study.scenarios), "write it under [[scenarios]]"
    wanted = scenario
    if scenario.startswith(BY_PLAN):
        wanted = PLAN_NAME + scenario.removeprefix(BY_PLAN)
        where = "a run without --scenario draws plans for norms that fail"
        try:
            told = toml_table(toml_text(plans)) if plans is not None and plans.is_file() else {}
            items = TypeAdapter(list[ScenarioOptions]).validate_python(told.get("scenarios", []))
        except (OSError, ValueError) as error:  # no TOML, no text, or no scenarios
            raise StudyError(
                str(plans), [f"is no file of plans any more ({error}); delete it and run again"]
            ) from error
    known = {item.name: item for item in items}
    if wanted not in known:
        mine = [name.removeprefix(PLAN_NAME) if wanted != scenario else name for name in known]
        there = f"it has {', '.join(mine)}" if mine else f"it has none; {where}"
        raise StudyError(study.name, [f"scenarios: the study has no scenario {scenario!r}; {there}"])
    item = known[wanted]
    values = {key: getattr(study, key) for key in Study.model_fields}
    if item.season is not None:
        values["network"] = study.network.model_copy(update={"season": item.season})
    title, note = {}, {}
    for language in dict.fromkeys([*study.title, *languages()]):
        words = Words(language if language in languages() else FALLBACK)
        named = item.title.get(language) or next(iter(item.title.values()), item.name)
        title[language] = words.say("study", "scenario_title", title=study.title_in(language), scenario=named)
        said = words.say("study", "scenario_note", name=item.name, study=study.name)
        own = study.note.get(language) or next(iter(study.note.values()), "")
        note[language] = f"{said} {own}".strip()
    values |= {
        "name": f"{study.name}{BETWEEN}{item.name}",
        "title": title,
        "note": note,
        "scenarios": (),
        "scenario": item,
        "study": study.name,
    }
    return PlannedStudy.model_validate(values)
