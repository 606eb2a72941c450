"""What a study writes, and the official totals that it is held against before anybody signs it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from spatial.study.base import Model, Names, option
from spatial.study.region import basis_told

# Official totals that the study's own are held against before anybody signs them.


class OfficialTotal(Model):
    """One official number and where it stands."""

    value: float = Field(ge=0, description="The official number")
    source: str = Field(min_length=1, description="Where it stands: publication, table, year")


class OfficialPeople(OfficialTotal):
    """Official number of people, and whose it is."""

    basis: Literal["resident", "registered"] | None = option(
        None,
        "resident or registered; without it what the source says (常住, 户籍, resident, registered). "
        "Registered people are not held against a study of those who live there, nor the other way round",
    )

    @property
    def counts(self) -> str:
        """Whose number it is, resident or registered; empty where nobody says it."""
        return self.basis or basis_told(self.source)


class OfficialFacilities(OfficialTotal):
    """Official number of facilities of one kind."""

    services: tuple[str, ...] = option((), "Services it counts; the key itself where none is named")


class OfficialRoads(OfficialTotal):
    """Official kilometres of one class of road."""

    classes: tuple[str, ...] = option(
        (), "Classes of the table `roads` that it counts; the key itself where none is named"
    )


class OfficialOptions(Model):
    """Official totals; the sheet of signatures sets ours against them."""

    tolerance_share: float = option(0.02, "A difference up to this share of the official number is ok", ge=0, lt=1)
    imputed_share: float = option(0.2, "A share of imputed speeds, surfaces or people up to this is ok", ge=0, le=1)
    people: OfficialPeople | None = option(None, "People of the study area")
    villages: OfficialTotal | None = option(None, "Villages of the study area")
    facilities: dict[str, OfficialFacilities] = option(
        {}, "By service, such as primary_school = { value = 41, source = 'Education bureau, 2025' }"
    )
    road_km: dict[str, OfficialRoads] = option(
        {}, "Kilometres by class, such as county = { value = 210, source = '...', classes = ['tertiary'] }"
    )


# What a study writes.


class QgisOptions(Model):
    """What the QGIS project and its GeoPackage hold."""

    project: Literal["slim", "full"] = option(
        "slim", "slim: layers that answer the first questions; full: every table and every look"
    )
    edits: str | None = option(
        None,
        "GeoPackage of what you draw, beside the study file; by default NAME-edits.gpkg, made where it is not there; "
        "an empty text for none",
    )


Status = Literal["draft", "internal", "public"]


class OutputOptions(Model):
    """What is written."""

    crs: str | None = option(None, "CRS of the GeoPackage; the working CRS by default")
    languages: Names = option(("en",), "Languages of the pages, the first one shown first", min_length=1)
    status: Status = option("draft", "draft, internal or public: printed on every page")
    map_approval: str | None = option(None, "Approval number of the maps, printed wherever the status is", min_length=1)
    max_page_mb: float = option(20.0, "Pages above this are simplified, then split", gt=0)
    shared: bool = option(False, "Pages are small and need shared.js beside them: for a server, or a whole folder")


class SharingOptions(Model):
    """Whose the packages are that are handed to others."""

    publisher: str = option("", "Office that hands the results out: named in citations, records and catalogues")
    contact: str = option("", "Its address for questions, such as gis@county.example")
    k: int = option(10, "In what the public gets, numbers of people from 1 to below this are hidden", ge=3)
    withhold_facilities: Names = option(
        (),
        "Services whose facilities the public is not told: neither where they are, nor times to them, nor by village "
        "how norms on them stand; these are told by township",
    )
