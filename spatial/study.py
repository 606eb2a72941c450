"""The study: what is studied, from which sources, against which norms. A TOML file becomes a frozen, checked object."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from spatial.errors import StudyError

__all__ = [
    "AccessOptions",
    "Adoption",
    "Confirmation",
    "NetworkOptions",
    "NormOptions",
    "OsmSource",
    "OutputOptions",
    "PopulationOptions",
    "RasterSource",
    "Region",
    "Sources",
    "Study",
    "TableSource",
    "Tiers",
]

Mode = Literal["walk", "cycle", "ebike", "motorcycle", "drive", "emergency"]
Datum = Literal["wgs84", "gcj02", "bd09"]
Inventory = Literal["complete", "partial", "unknown"]
Basis = Literal["resident", "registered", "modelled"]
Status = Literal["draft", "internal", "public"]


def _unrepeated(items: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(items)) < len(items):
        raise ValueError("name each one once")
    return items


def _positive(numbers: tuple[float, ...]) -> tuple[float, ...]:
    if min(numbers, default=1.0) <= 0:
        raise ValueError("every number must be above 0")
    return numbers


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)


class Region(_Model):
    """
    The study area and the units that results are summed over.

    Without any key the study area is all that the sources hold.
    """

    admin_level: int | None = Field(
        None, ge=1, le=12, description="Study area = boundaries of this level (with `names`: only those)"
    )
    names: tuple[str, ...] = Field(
        (), description="Names of the boundaries of `admin_level` that make the study area"
    )
    bbox: tuple[float, float, float, float] | None = Field(
        None, description="Study area as west, south, east, north in degrees"
    )
    buffer_km: float = Field(
        30.0, ge=0, description="Ground beyond the study area that serves but is not scored"
    )
    unit_levels: tuple[int, ...] = Field(
        (),
        description="Admin levels of the townships, most wanted first: the next fills what the first leaves",
    )
    unit_tolerance_m: float = Field(
        1000.0, ge=0, description="A place this near to a unit, and in none, belongs to it (coasts)"
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.bbox is not None and self.admin_level is not None:
            raise ValueError("give either bbox or admin_level, not both")
        if self.names and self.admin_level is None:
            raise ValueError("names need admin_level")
        if self.bbox is not None and not (self.bbox[0] < self.bbox[2] and self.bbox[1] < self.bbox[3]):
            raise ValueError("bbox must be west, south, east, north with west < east and south < north")
        if self.bbox is not None and not (
            max(map(abs, self.bbox[::2])) <= 180 and max(map(abs, self.bbox[1::2])) <= 90
        ):
            raise ValueError("bbox must be degrees, longitude before latitude: west, south, east, north")
        return self


class OsmSource(_Model):
    """An OpenStreetMap extract."""

    path: str = Field(description="File below the raw root: .osm.pbf, .osm, .osm.gz or .osm.bz2")
    inventory: Inventory = Field("unknown", description="Whether every facility is mapped")
    settlements: bool = Field(True, description="Read settlements from it")
    facilities: bool = Field(True, description="Read facilities from it")
    roads: bool = Field(True, description="Read roads from it")
    boundaries: bool = Field(True, description="Read boundaries from it")


class TableSource(_Model):
    """A table of the user's own: CSV, GeoPackage, GeoJSON, Shapefile, FlatGeobuf or GeoParquet."""

    path: str = Field(description="File below the raw root")
    layer: str | None = Field(None, description="Layer of a GeoPackage")
    columns: dict[str, str] = Field(
        default_factory=dict, description="Our column = the file's column, such as population_persons = 'POP'"
    )
    values: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="For a column of ours: the file's value = our value"
    )
    encoding: str = Field("utf-8", description="Text encoding of a CSV or Shapefile")
    delimiter: str = Field(",", min_length=1, max_length=1, description="Delimiter of a CSV")
    longitude: str | None = Field(None, description="Column of longitude or easting, for a CSV")
    latitude: str | None = Field(None, description="Column of latitude or northing, for a CSV")
    crs: str | None = Field(None, description="CRS of the coordinates where the file does not say it")
    datum: Datum = Field("wgs84", description="wgs84, or a shifted Chinese datum: gcj02, bd09")
    inventory: Inventory = Field("unknown", description="Whether every facility is in it")
    service: str | None = Field(None, description="Service of every row, where the file has no such column")


class RasterSource(_Model):
    """One or more raster files that together cover the study area."""

    paths: tuple[str, ...] = Field(
        description="GeoTIFF or zipped .hgt files below the raw root", min_length=1
    )
    nodata: float | None = Field(
        None,
        allow_inf_nan=True,
        description="Value of cells without data, where the file does not say it",
    )

    @model_validator(mode="before")
    @classmethod
    def _one_path(cls, value: Any) -> Any:
        if isinstance(value, dict) and "path" in value and "paths" not in value:
            return {**{key: item for key, item in value.items() if key != "path"}, "paths": [value["path"]]}
        return value


class Sources(_Model):
    """Where the data come from. Paths are relative to the raw root."""

    osm: OsmSource | None = Field(None, description="OpenStreetMap extract")
    settlements: TableSource | None = Field(
        None, description="Settlements of the user's own, instead of those of the extract"
    )
    facilities: tuple[TableSource, ...] = Field(
        (), description="Facilities of the user's own, beside those of the extract"
    )
    roads: TableSource | None = Field(
        None, description="Roads of the user's own, instead of those of the extract"
    )
    boundaries: TableSource | None = Field(
        None, description="Boundaries of the user's own, instead of those of the extract"
    )
    flows: TableSource | None = Field(None, description="Observed flows between settlements")
    population: RasterSource | None = Field(None, description="Population raster, persons per cell")
    elevation: RasterSource | None = Field(None, description="Digital elevation model, metres")
    landcover: RasterSource | None = Field(None, description="Land cover")

    @field_validator("facilities", mode="before")
    @classmethod
    def _one_table(cls, value: Any) -> Any:
        return (value,) if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.osm is None and self.settlements is None:
            raise ValueError(
                "no settlements: name an extract in [sources.osm] or a table in [sources.settlements]"
            )
        if self.osm is None and self.roads is None:
            raise ValueError("no roads: name an extract in [sources.osm] or a table in [sources.roads]")
        return self


class Tiers(_Model):
    """Which place tags belong to which tier."""

    city: tuple[str, ...] = Field(("city",), description="Place tags of cities")
    county_seat: tuple[str, ...] = Field((), description="Place tags, or names, of county seats")
    town: tuple[str, ...] = Field(("town",), description="Place tags of towns")
    village: tuple[str, ...] = Field(("village", "hamlet"), description="Place tags of villages")
    urban: tuple[str, ...] = Field(
        (), description="Tiers that count as urban where no official class is known"
    )


class PopulationOptions(_Model):
    """How people are counted."""

    basis: Basis = Field("modelled", description="resident, registered or modelled: printed on every output")
    max_distance_m: float = Field(
        5000.0,
        gt=0,
        description="A populated cell further than this from every settlement and road is reported as too far",
    )
    min_known_share: float = Field(
        0.9,
        ge=0,
        le=1,
        description="Without a raster: share of settlements that must have a population for people to be counted",
    )


class NetworkOptions(_Model):
    """The travel graph and how places are joined to it."""

    modes: Annotated[tuple[Mode, ...], AfterValidator(_unrepeated)] = Field(
        ("drive", "walk"), min_length=1, description="Modes to build; the first is the one that headlines use"
    )
    speeds: str = Field(
        "osrm_like",
        description="Speed preset (osrm_like, rural_cn, conservative) or a TOML file below the raw root",
    )
    speed_factor: float = Field(1.0, gt=0, description="Multiplies every speed on the network")
    ferries: bool = Field(False, description="Whether ferries carry travellers")
    candidates: int = Field(5, ge=1, le=20, description="How many nearest edges compete as the way in")
    max_snap_m: float = Field(
        5000.0, gt=0, description="A place further than this from every edge is not snapped"
    )
    min_component_km: float = Field(
        5.0, ge=0, description="Shorter components are reported and not snapped to"
    )
    walk_km_h: float = Field(5.0, gt=0, description="Speed of the walk to and from the network")
    detour: float = Field(1.3, ge=1, description="Length of that walk over its straight line")


class AccessOptions(_Model):
    """Which times are computed."""

    services: tuple[str, ...] = Field(
        (), description="Services to compute; empty for every one that has a facility or that a norm asks for"
    )
    cutoffs_min: Annotated[tuple[float, ...], AfterValidator(_unrepeated), AfterValidator(_positive)] = Field(
        (15.0, 30.0, 60.0), min_length=1, description="Minutes within which facilities are counted, inclusive"
    )
    max_time_min: float = Field(240.0, gt=0, description="Beyond this a facility counts as beyond the cutoff")
    direction: Literal["to_facility", "from_facility"] = Field("to_facility", description="Who travels")


class Confirmation(_Model):
    """A named person or office has read the clause of a norm in the original, so that it may gate."""

    norm: str = Field(description="Id in the register")
    by: str = Field(min_length=1, description="Who read it")
    on: dt.date = Field(description="When")


class Adoption(_Model):
    """The study adopts an authorised or guiding norm, with its own threshold or share where it says so."""

    norm: str = Field(description="Id in the register")
    by: str = Field(min_length=1, description="Who adopted it")
    on: dt.date = Field(description="When")
    threshold: float | None = Field(
        None, description="Threshold in the norm's unit, instead of the register's"
    )
    target_share: float | None = Field(
        None, ge=0, le=1, description="Target share, instead of the register's"
    )


class NormOptions(_Model):
    """Which norms bind the study."""

    register_file: str | None = Field(
        None,
        alias="register",
        description="A register of the user's own below the raw root, instead of the shipped one",
    )
    only: tuple[str, ...] = Field((), description="Evaluate these norms only; empty for all that apply")
    headline: tuple[str, ...] = Field(
        (), description="Norms whose result opens the page, in order; empty to let the register decide"
    )
    confirm: tuple[Confirmation, ...] = Field(
        (), description="Clauses read in the original by a named office"
    )
    adopt: tuple[Adoption, ...] = Field((), description="Norms that the study adopts")
    level: Literal["national", "province", "county"] = Field(
        "county",
        description="The level at which the study stands, for norms whose share holds at one level only",
    )


class OutputOptions(_Model):
    """What is written."""

    crs: str | None = Field(None, description="CRS of the GeoPackage; the working CRS by default")
    languages: Annotated[tuple[str, ...], AfterValidator(_unrepeated)] = Field(
        ("en",), min_length=1, description="Languages of the pages, the first one shown first"
    )
    status: Status = Field("draft", description="draft, internal or public: printed on every page")
    max_page_mb: float = Field(20.0, gt=0, description="Pages above this are simplified, then split")


class Study(_Model):
    """
    What is studied.

    Build one with `Study.from_toml` or `Study.from_dict`; it never changes afterwards.
    """

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$",
        description="Short name: small letters, digits, - and _; names the output folders",
    )
    title: dict[str, str] = Field(
        description="Title by language, such as {en = 'Comoros', zh = '科摩罗'}", min_length=1
    )
    as_of: dt.date = Field(description="The date on which norms are judged")
    jurisdictions: tuple[str, ...] = Field(
        (),
        description="Whose norms bind, most specific first, such as ['CN-51']; parents and GLOBAL are inherited",
    )
    synthetic: bool = Field(False, description="True for made-up ground: every page says so")
    note: dict[str, str] = Field(
        default_factory=dict, description="A sentence by language that every page carries"
    )
    working_crs: str | None = Field(
        None, description="Projected CRS in metres; the UTM zone of the middle by default"
    )
    region: Region = Field(default_factory=lambda: Region())
    sources: Sources
    services_file: str | None = Field(
        None, description="A services file of the user's own below the raw root"
    )
    inventory: dict[str, Inventory] = Field(
        default_factory=dict,
        description="Whether every facility of a service is known: complete, partial or unknown",
    )
    tiers: Tiers = Field(default_factory=lambda: Tiers())
    population: PopulationOptions = Field(default_factory=lambda: PopulationOptions())
    network: NetworkOptions = Field(default_factory=lambda: NetworkOptions())
    access: AccessOptions = Field(default_factory=lambda: AccessOptions())
    norms: NormOptions = Field(default_factory=lambda: NormOptions())
    outputs: OutputOptions = Field(default_factory=lambda: OutputOptions())
    raw: Path = Field(
        Path("data/raw"), exclude=True, description="Raw root; the command line's --raw sets it"
    )

    @classmethod
    def from_dict(
        cls, values: dict[str, Any], *, raw: str | Path = "data/raw", where: str = "study"
    ) -> Study:
        """
        Build a study from a mapping, as a notebook does.

        Parameters
        ----------
        values : dict
            The keys of a study file.
        raw : str or Path
            Folder that the sources' paths are relative to.
        where : str
            What to call it in messages.

        Returns
        -------
        Study
            Frozen and checked.

        Raises
        ------
        StudyError
            With every fault and its key.
        """
        if "raw" in values:
            raise StudyError(where, ["raw: unknown key; give the raw root as --raw FOLDER or raw=..."])
        try:
            return cls.model_validate({**values, "raw": Path(raw)})
        except ValidationError as error:
            raise StudyError(where, _faults(error)) from error

    @classmethod
    def from_toml(cls, path: str | Path, *, raw: str | Path = "data/raw") -> Study:
        """
        Read a study file.

        Parameters
        ----------
        path : str or Path
            The TOML file.
        raw : str or Path
            Folder that the sources' paths are relative to.

        Returns
        -------
        Study
            Frozen and checked; no source has been opened.

        Raises
        ------
        StudyError
            Where the file is missing, no TOML, or faulty; with every fault and its key.
        """
        file = Path(path)
        try:
            values = tomllib.loads(file.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise StudyError(
                str(file), [f"cannot be read: {error.strerror or error}; `spatial init` writes a new one"]
            ) from error
        except UnicodeDecodeError as error:
            raise StudyError(str(file), [f"is not UTF-8 at byte {error.start}; save it as UTF-8"]) from error
        except tomllib.TOMLDecodeError as error:
            raise StudyError(str(file), [f"is not TOML: {error}"]) from error
        return cls.from_dict(values, raw=raw, where=str(file))

    def raw_path(self, path: str) -> Path:
        """
        Where a source of the study lies.

        Parameters
        ----------
        path : str
            As written in the study file.

        Returns
        -------
        Path
            Below the raw root, or as it is if absolute.
        """
        return self.raw / path

    def title_in(self, language: str) -> str:
        """
        Title in a language, or in the first one there is.

        Parameters
        ----------
        language : str
            Such as ``"zh"``.

        Returns
        -------
        str
            The title.
        """
        return self.title.get(language) or next(iter(self.title.values()))


def _faults(error: ValidationError) -> list[str]:
    """Every fault once: a list whose only item is faulty is not called too short as well."""
    items = error.errors()
    within = {item["loc"][:-1] for item in items if item["loc"]}
    return [_fault(item) for item in items if item["type"] != "too_short" or item["loc"] not in within]


def _fault(item: Any) -> str:
    key = ".".join(str(part) for part in item["loc"]) or "study"
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        return f"{key}: unknown key; `spatial init` lists every key"
    if item["type"] == "missing":
        return f"{key}: missing"
    shown = repr(item["input"])
    return f"{key}: {message}" + ("" if len(shown) > 80 else f" (found {shown})")
