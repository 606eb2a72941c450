"""What a study says of itself, and its records: Frictionless, RO-Crate, STAC, ISO 19139, citation, licences."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, register_namespace

from spatial.crs import Bounds
from spatial.messages import Words
from spatial.plain_text import one_line, xml_text
from spatial.reporting.wording import source_fact
from spatial.tables.words import UNKNOWN

PACKAGE_FILE = "datapackage.json"
"""The file by which a folder is known as a package."""
LICENCES_FILE = "LICENCES.md"
SHARE_ALIKE = re.compile(r"odbl|\bcc[- ]by(-nc)?-sa|share[- ]?alike|\bgpl", re.IGNORECASE)
"""Licences under which what is derived from a source must be passed on."""


@dataclass(frozen=True, eq=False)
class PackageMeta:
    """What a study says about itself, beside its tables."""

    name: str  # short name of the study
    title: Mapping[str, str]  # title by language
    as_of: dt.date  # the date on which norms are judged; also the time stamp of every file
    audience: str  # for whom it was cut: internal or public
    languages: Sequence[str]  # the first one is that of the records
    # the account of the sources: path, origin, licence, vintage and address of each, `UNKNOWN` where nobody says it
    sources: Sequence[Mapping[str, str]]
    issues: Mapping[str, Sequence[str]]  # known issues of the sources by language, a line each
    population_basis: str = "modelled"  # how people are counted, none where nobody is
    synthetic: bool = False  # true for made-up ground
    note: Mapping[str, str] = field(default_factory=dict)  # a sentence by language that every output carries
    publisher: str = ""  # whose package it is; empty where the study does not say
    contact: str = ""  # address for questions
    version: str = ""  # of this software
    k: int = 0  # below which numbers of people are hidden; 0 where none is
    left_out: Mapping[str, Sequence[str]] = field(default_factory=dict)  # sentences by language on norms kept back

    @property
    def package_name(self) -> str:
        """Name of the package: the study and for whom it is."""
        return f"{self.name}-{self.audience}"

    @property
    def words(self) -> Words:
        """Words of the records."""
        return Words(self.languages[0], "sharing")

    def headline(self, words: Words) -> str:
        """Title the package in a language."""
        return words.say("package", "title", title=words.pick(self.title))

    def audience_text(self, words: Words) -> str:
        """Say for whom the package is, and what is left out of it."""
        said = words.say("audience", self.audience, number=self.k)
        return words.say("package", "pause").join([said, *self.left_out.get(words.language, ())])

    def said(self, words: Words) -> str:
        """Say in a few sentences what it is, for whom, and what to know before using it."""
        basis = words.of("qgis").say("project", f"basis_{self.population_basis}")
        parts = [
            words.say("package", "abstract", date=words.date(self.as_of), basis=basis),
            self.audience_text(words),
            words.of("pages").say("study", "synthetic") if self.synthetic else "",
            words.pick(self.note) if self.note else "",
        ]
        return words.say("package", "pause").join(part for part in parts if part)


@dataclass(frozen=True, eq=False)
class SharedFile:
    """A file of a package."""

    path: str  # in the package, with forward slashes
    title: str  # for people, in the language of the records
    media_type: str
    schema: dict[str, Any] = field(default_factory=dict)  # its columns as Frictionless says them; empty for none
    profile: Mapping[str, Any] = field(default_factory=dict)  # of a raster: what STAC says of it


PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
CRATE = "https://w3id.org/ro/crate/1.1"
GMD, GCO = "http://www.isotc211.org/2005/gmd", "http://www.isotc211.org/2005/gco"
CODES = "http://standards.iso.org/iso/19139/resources/gmxCodelists.xml"
SPDX_NAME = re.compile(r"[A-Za-z0-9.+-]+")
"""A licence that goes by a short name, such as CC-BY-4.0."""
STAC_VERSION = "1.1.0"
EXTENSIONS = [
    "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
]
MARKUP = re.compile(r"([\\`*_\[\]<>])")
"""Signs that Markdown obeys."""
LONG_CODES = {"en": "eng", "fr": "fre", "zh": "chi"}
"""Languages by the codes of ISO 639-2; others keep theirs."""


def json_bytes(value: Any) -> bytes:
    """Write a record as JSON."""
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "replace")


def data_package(folder: Path, files: Sequence[SharedFile], meta: PackageMeta) -> bytes:
    """Describe a package as Frictionless does (Data Package, version 2.0), with the size and the hash of each file."""
    resources = []
    for file in files:
        content = (folder / file.path).read_bytes()
        stem, _, form = file.path.rpartition("/")[2].rpartition(".")
        told: dict[str, Any] = {"name": stem if file.schema else f"{stem}-{form}", "path": file.path}
        told |= {"title": file.title, "mediatype": file.media_type, "format": form}
        told |= {"bytes": len(content), "hash": f"sha256:{hashlib.sha256(content).hexdigest()}"}
        told |= {"type": "table", "encoding": "utf-8-sig", "schema": file.schema} if file.schema else {"type": "file"}
        resources.append(told)
    licences = [
        {"name": name} if SPDX_NAME.fullmatch(name) and name != UNKNOWN else {"path": LICENCES_FILE, "title": name}
        for name in _licences(meta)
    ]
    sources = []
    for source in meta.sources:
        told = {"title": source["origin"], "version": source["vintage"]}
        sources.append(told | ({"path": source["address"]} if "://" in source["address"] else {}))
    package: dict[str, Any] = {
        "$schema": PROFILE,
        "name": meta.package_name,
        "title": meta.headline(meta.words),
        "titles": {language: meta.headline(Words(language, "sharing")) for language in meta.languages},
        "description": meta.said(meta.words),
        "version": meta.as_of.isoformat(),
        "audience": meta.audience,
        **({"suppressed_below": meta.k} if meta.k else {}),
        "licenses": licences,
        "sources": sources,
    }
    if meta.publisher:
        publisher = {"title": meta.publisher, "roles": ["publisher"]}
        package["contributors"] = [publisher | ({"email": meta.contact} if "@" in meta.contact else {})]
    return json_bytes(package | {"resources": resources})


def ro_crate(folder: Path, files: Sequence[SharedFile], meta: PackageMeta, box: Bounds | None) -> bytes:
    """Describe a package as an RO-Crate 1.1: its files, whose it is, what it is made of and with."""
    software = {"@id": "#spatial", "@type": "SoftwareApplication", "name": "spatial", "softwareVersion": meta.version}
    graph: list[dict[str, Any]] = [software]
    if meta.publisher:
        graph.append({"@id": "#publisher", "@type": "Organization", "name": meta.publisher})
    sources = []
    for at, source in enumerate(meta.sources, start=1):
        told = {"@id": f"#source-{at}", "@type": "CreativeWork", "name": source["origin"]}
        sources.append(told | {"license": source["licence"], "version": source["vintage"]})
    graph += sources
    place = []
    if box is not None:
        west, south, east, north = box
        place = [{"@id": "#place", "@type": "Place", "geo": {"@id": "#box"}}]
        graph += [*place, {"@id": "#box", "@type": "GeoShape", "box": f"{south},{west} {north},{east}"}]
    # The record tells of no size of its own.
    described = [
        {
            "@id": file.path,
            "@type": "File",
            "name": file.title,
            "encodingFormat": file.media_type,
            "contentSize": str((folder / file.path).stat().st_size),
        }
        for file in files
    ]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "identifier": meta.package_name,
        "name": meta.headline(meta.words),
        "description": meta.said(meta.words),
        "datePublished": meta.as_of.isoformat(),
        "license": {"@id": LICENCES_FILE},
        "conditionsOfAccess": meta.audience_text(meta.words),
        "inLanguage": list(meta.languages),
        "isBasedOn": [{"@id": source["@id"]} for source in sources],
        "hasPart": [{"@id": file["@id"]} for file in described],
    }
    root |= {"publisher": {"@id": "#publisher"}} if meta.publisher else {}
    root |= {"spatialCoverage": {"@id": "#place"}} if place else {}
    made = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": meta.words.say("package", "made_with"),
        "instrument": {"@id": "#spatial"},
        "result": {"@id": "./"},
    }
    own: dict[str, Any] = {"@id": "ro-crate-metadata.json", "@type": "CreativeWork"}
    own |= {"conformsTo": {"@id": CRATE}, "about": {"@id": "./"}}
    return json_bytes({"@context": f"{CRATE}/context", "@graph": [own, root, *described, *graph, made]})


def iso_record(meta: PackageMeta, box: Bounds | None, method: str) -> bytes:
    """Describe a package for catalogues of spatial data: ISO 19115:2003 as XML by ISO 19139, in the schema's order."""
    register_namespace("gmd", GMD)
    register_namespace("gco", GCO)

    def put(parent: Element, path: str, text: str | None = None) -> Element:
        """Append a path of elements, of which the last may hold a text."""
        for name in path.split("/"):
            parent = SubElement(parent, f"{{{GMD}}}{name}")
        if text is not None:
            SubElement(parent, f"{{{GCO}}}CharacterString").text = text
        return parent

    def code(parent: Element, path: str, kind: str, value: str) -> None:
        told = {"codeList": f"{CODES}#{kind}", "codeListValue": value}
        SubElement(put(parent, path), f"{{{GMD}}}{kind}", told).text = value

    def party(parent: Element, path: str) -> None:
        responsible = put(parent, f"{path}/CI_ResponsibleParty")
        put(responsible, "organisationName", meta.publisher or meta.words.say("package", "no_publisher"))
        if "@" in meta.contact:
            put(responsible, "contactInfo/CI_Contact/address/CI_Address/electronicMailAddress", meta.contact)
        code(responsible, "role", "CI_RoleCode", "pointOfContact")

    words, language = meta.words, LONG_CODES.get(meta.languages[0], meta.languages[0])
    root = Element(f"{{{GMD}}}MD_Metadata")
    put(root, "fileIdentifier", meta.package_name)
    put(root, "language", language)
    code(root, "characterSet", "MD_CharacterSetCode", "utf8")
    code(root, "hierarchyLevel", "MD_ScopeCode", "dataset")
    party(root, "contact")
    SubElement(put(root, "dateStamp"), f"{{{GCO}}}Date").text = meta.as_of.isoformat()
    put(root, "metadataStandardName", "ISO 19115:2003/19139")
    put(root, "metadataStandardVersion", "1.0")
    identifier = put(root, "referenceSystemInfo/MD_ReferenceSystem/referenceSystemIdentifier/RS_Identifier")
    put(identifier, "code", "4326")
    put(identifier, "codeSpace", "EPSG")
    data = put(root, "identificationInfo/MD_DataIdentification")
    citation = put(data, "citation/CI_Citation")
    put(citation, "title", meta.headline(words))
    date = put(citation, "date/CI_Date")
    SubElement(put(date, "date"), f"{{{GCO}}}Date").text = meta.as_of.isoformat()
    code(date, "dateType", "CI_DateTypeCode", "creation")
    put(data, "abstract", meta.said(words))
    party(data, "pointOfContact")
    legal = put(data, "resourceConstraints/MD_LegalConstraints")
    put(legal, "useLimitation", meta.audience_text(words))
    code(legal, "useConstraints", "MD_RestrictionCode", "otherRestrictions")
    for line in licence_lines(meta, words):
        put(legal, "otherConstraints", line)
    security = put(data, "resourceConstraints/MD_SecurityConstraints")
    code(security, "classification", "MD_ClassificationCode", "unclassified" if meta.k else "restricted")
    code(data, "spatialRepresentationType", "MD_SpatialRepresentationTypeCode", "vector")
    put(data, "language", language)
    SubElement(put(data, "topicCategory"), f"{{{GMD}}}MD_TopicCategoryCode").text = "planningCadastre"
    if box is not None:
        extent = put(data, "extent/EX_Extent/geographicElement/EX_GeographicBoundingBox")
        sides = ("westBoundLongitude", "eastBoundLongitude", "southBoundLatitude", "northBoundLatitude")
        west, south, east, north = box
        for side, value in zip(sides, (west, east, south, north), strict=True):
            SubElement(put(extent, side), f"{{{GCO}}}Decimal").text = f"{value:.7f}"
    quality = put(root, "dataQualityInfo/DQ_DataQuality")
    code(quality, "scope/DQ_Scope/level", "MD_ScopeCode", "dataset")
    put(quality, "lineage/LI_Lineage/statement", method)
    indent(root, " ")
    text = xml_text(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def citation(meta: PackageMeta) -> bytes:
    """Say how a package is cited (Citation File Format 1.2.0); a text in double quotes of JSON is one of YAML too."""
    author = meta.publisher or meta.words.say("package", "no_publisher")
    told = {
        "cff-version": "1.2.0",
        "type": "dataset",
        "message": meta.words.say("package", "cite"),
        "title": meta.headline(meta.words),
        "abstract": meta.said(meta.words),
        "version": meta.as_of.isoformat(),
        "date-released": meta.as_of.isoformat(),
    }
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in told.items()]
    lines += ["authors:", f"  - name: {json.dumps(author, ensure_ascii=False)}"]
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def licence_lines(meta: PackageMeta, words: Words) -> list[str]:
    """Carry the licence of each source, and say what it asks of whoever passes the package on."""
    said = words.of("results")
    lines = []
    for source in meta.sources:
        facts = {key: one_line(source_fact(source[key], said)) for key in ("origin", "path", "licence", "vintage")}
        lines.append(words.say("licence", "line", **facts))
    names = _licences(meta)
    shared = [one_line(name) for name in names if SHARE_ALIKE.search(name)]
    lines += [words.say("licence", "share_alike", licence=name) for name in shared]
    return [*lines, words.say("licence", "unknown")] if UNKNOWN in names else lines


def licences(meta: PackageMeta) -> bytes:
    """Write the licences of the sources in the languages of the study."""
    parts = [
        "\n".join([f"# {words.say('licence', 'heading')}\n", *_list(licence_lines(meta, words))])
        for words in (Words(language, "sharing") for language in meta.languages)
    ]
    return ("\n\n".join(parts) + "\n").encode("utf-8", "replace")


def first_page(files: Sequence[SharedFile], meta: PackageMeta) -> bytes:
    """Say in the languages of the study what the package is, for whom, what lies where, and what is left out."""
    kinds = {part for file in files for part in (file.path.partition("/")[0], file.path.rpartition(".")[2])}
    parts = []
    for language in meta.languages:
        words = Words(language, "sharing")
        issues = [one_line(text) for text in meta.issues[language]]
        lines = [f"# {meta.headline(words)}\n", meta.said(words), f"\n## {words.say('package', 'contents')}\n"]
        told = [text for name, text in words.messages["contents"].items() if name in kinds]
        # Rasters alone are items of a STAC catalogue.
        records = words.say("package", "records" if "rasters" in kinds else "records_no_rasters")
        lines += [f"- {text}" for text in (*told, records, words.say("package", "cite"))]
        lines += [f"\n## {words.say('licence', 'heading')}\n", *_list(licence_lines(meta, words))]
        if issues:
            lines += [f"\n## {words.of('qgis').say('project', 'issues')}\n", *_list(issues)]
        parts.append("\n".join(lines))
    return ("\n\n".join(parts) + "\n").encode("utf-8", "replace")


def _list(lines: Sequence[str]) -> list[str]:
    """Write lines as a list of Markdown in which no text of a source is a link, an image or HTML."""
    return ["- " + MARKUP.sub(r"\\\1", line) for line in lines]


def _licences(meta: PackageMeta) -> list[str]:
    return sorted({source["licence"] or UNKNOWN for source in meta.sources})


def stac_documents(files: Sequence[SharedFile], meta: PackageMeta, box: Bounds) -> Mapping[str, bytes]:
    """Describe rasters as a SpatioTemporal Asset Catalog (STAC 1.1), by path: a collection and an item a raster."""
    stamp = f"{meta.as_of.isoformat()}T00:00:00Z"
    own = {"stac_version": STAC_VERSION, "id": meta.package_name}
    links = [{"rel": "root", "href": "./collection.json", "type": "application/json"}]
    links += [{"rel": "license", "href": f"../{LICENCES_FILE}", "type": "text/markdown"}]
    made = {}
    for file in (one for one in files if one.profile):
        stem = file.path.rpartition("/")[2].removesuffix(".tif")
        links.append({"rel": "item", "href": f"./{stem}/{stem}.json", "type": "application/geo+json"})
        west, south, east, north = file.profile["box"]
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        back = {"href": "../collection.json", "type": "application/json"}
        item = {
            "type": "Feature",
            "stac_version": STAC_VERSION,
            "stac_extensions": EXTENSIONS,
            "id": stem,
            "collection": meta.package_name,
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "bbox": file.profile["box"],
            "properties": {"datetime": stamp, "title": file.title, **file.profile["projection"]},
            "links": [{"rel": rel, **back} for rel in ("root", "parent", "collection")],
            "assets": {
                "data": {
                    "href": f"../../{file.path}",
                    "type": file.media_type,
                    "title": file.title,
                    "roles": ["data"],
                    "bands": [file.profile["band"]],
                }
            },
        }
        made[f"stac/{stem}/{stem}.json"] = json_bytes(item)
    collection = own | {
        "type": "Collection",
        "title": meta.headline(meta.words),
        "description": meta.said(meta.words),
        "license": "other",
        "keywords": [meta.audience],
        "extent": {"spatial": {"bbox": [box]}, "temporal": {"interval": [[stamp, stamp]]}},
        "links": links,
    }
    if meta.publisher:
        collection["providers"] = [{"name": meta.publisher, "roles": ["producer"]}]
    made["stac/collection.json"] = json_bytes(collection)
    return made
