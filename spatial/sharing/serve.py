"""
A service on this machine of what an audience gets of a study: OGC API Features and Coverages, by pygeoapi, read-only.

pygeoapi's own provider for Parquet takes a box for one that holds a feature whole, and imports a client of a cloud's
storage (s3fs); its pages fetch scripts from the web. So tables are read here, and documents are JSON.
"""

from __future__ import annotations

import html
import json
import logging
import math
import re
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset
import shapely
from flask import Flask, Response, abort, request
from pygeoapi import api as core
from pygeoapi.api import coverages, itemtypes
from pygeoapi.openapi import get_oas
from pygeoapi.provider.base import BaseProvider, ProviderInvalidQueryError, ProviderItemNotFoundError
from werkzeug.exceptions import HTTPException
from werkzeug.serving import make_server

from spatial.crs import Bounds
from spatial.errors import StoreError
from spatial.interruption import has_stopped
from spatial.messages import Words
from spatial.plain_text import CONTROL
from spatial.sharing.package import TYPES, TYPES_HELD, Release, box_of, cloud_optimised, has_boxes, shared_frame
from spatial.sharing.records import PackageMeta, licences
from spatial.store import write_table
from spatial.tables import TABLES
from spatial.tables.words import UNKNOWN

ITEM = "item_id"
"""Column of a served table that names its rows: its key, or the number of the row."""
PAGE, LONGEST_PAGE = 1_000, 10_000
"""Features of an answer: where nobody asks for a number, and at most."""
EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - refused: links have to name one
LONGITUDE_LATITUDE = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
STANDARDS = "http://www.opengis.net/spec/"
CONFORMS = [
    *(f"{STANDARDS}ogcapi-common-1/1.0/conf/{part}" for part in ("core", "landing-page", "json", "oas30")),
    f"{STANDARDS}ogcapi-common-2/1.0/conf/collections",
    *(f"{STANDARDS}ogcapi-features-1/1.0/conf/{part}" for part in ("core", "oas30", "geojson")),
    *(f"{STANDARDS}ogcapi-features-3/1.0/conf/{part}" for part in ("queryables", "queryables-query-parameters")),
    f"{STANDARDS}ogcapi-features-5/1.0/conf/schemas",
    *(f"{STANDARDS}ogcapi-coverages-1/1.0/conf/{part}" for part in ("core", "geodata-coverage", "coverage-bbox")),
]
"""What the service does of the standards; pygeoapi lists writing and pages too."""
OF_FEATURES = frozenset(("bbox-crs", "crs", "limit", "offset", "resulttype", "skipGeometry"))
ASKED = OF_FEATURES | {"f", "lang", "bbox", "properties"}
"""What an address may ask for beside the columns of a table; anything else is refused: no slip is overlooked."""
ONE_OF = {"f": ("json", "GTiff"), "resulttype": ("results", "hits"), "skipGeometry": ("true", "false")}
"""Words that pygeoapi would take for another one if they were misspelt."""
OFFSET = re.compile(r"[?&]offset=(\d+)")
NOT_OFFERED = ("text/html", "application/ld+json")
"""Kinds of documents of pygeoapi that are not served."""


class ParquetLayer(BaseProvider):  # type: ignore[misc,unused-ignore]
    """A table for pygeoapi, of which the columns and the rows are read that somebody asks for."""

    def __init__(self, definition: dict[str, Any]) -> None:
        super().__init__(definition)
        self.table = pyarrow.dataset.dataset(self.data, format="parquet")
        self._fields = {name: dict(told) for name, told in definition["columns"].items()}

    def get_fields(self) -> dict[str, dict[str, Any]]:
        """Name the columns with their types, titles and units."""
        return self._fields

    def query(  # noqa: PLR0913 - as pygeoapi calls it
        self,
        *,
        offset: int = 0,
        limit: int = PAGE,
        resulttype: str = "results",
        bbox: Sequence[float] = (),
        properties: Sequence[Sequence[str]] = (),
        select_properties: Sequence[str] = (),
        skip_geometry: bool = False,
        **_: Any,
    ) -> dict[str, Any]:
        """Answer with the features that touch a box and have some values, from one on."""
        wanted = pc.scalar(True)
        for name, text in properties:
            wanted &= pc.field(name) == self._value(name, text)
        names = self.table.schema.names
        shape = "geometry" in names
        shown = [name for name in self._fields if not select_properties or name in select_properties]
        columns = [ITEM, *shown, *(["geometry"] if shape and (bbox or not skip_geometry) else [])]
        if bbox and not shape:
            rows = self.table.head(0, columns=columns)
            matched = 0
        elif bbox:
            flat = [float(number) for number in bbox]  # of six numbers two are heights, which no table has
            if any(map(math.isnan, flat)):
                raise ProviderInvalidQueryError(user_msg="bbox values must be numbers")
            west, south, east, north = flat if len(flat) == 4 else (*flat[:2], *flat[3:5])
            is_across = west > east  # the 180th meridian
            if "bbox" in names:  # the covering of GeoParquet 1.1: row groups that lie elsewhere are not read
                begins, ends = pc.field("bbox", "xmin") <= east, pc.field("bbox", "xmax") >= west
                wanted &= (begins | ends) if is_across else (begins & ends)
                wanted &= (pc.field("bbox", "ymin") <= north) & (pc.field("bbox", "ymax") >= south)
            near = self.table.to_table(columns=columns, filter=wanted)
            # A box around a road or an area may be touched where the road or the area is not.
            sides = [(west, 180.0), (-180.0, east)] if is_across else [(west, east)]
            box = shapely.union_all([shapely.box(start, south, end, north) for start, end in sides])
            touched = shapely.intersects(shapely.from_wkb(near["geometry"]), box)
            near = near.filter(pyarrow.array(touched))
            matched = len(near)
            rows = near.slice(min(offset, matched), limit)
        else:
            matched = self.table.count_rows(filter=wanted)
            offset = min(offset, matched)  # Arrow takes no larger one than fits into 64 bits
            rows = self.table.head(offset + limit, columns=columns, filter=wanted).slice(offset)
        features = [] if resulttype == "hits" else self._features(rows, with_shape=shape and not skip_geometry)
        return {
            "type": "FeatureCollection",
            "features": features,
            "numberMatched": matched,
            "numberReturned": len(features),
        }

    def get(self, identifier: str, **_: Any) -> dict[str, Any]:
        """Answer with one feature."""
        names = self.table.schema.names
        columns = [ITEM, *self._fields, *(["geometry"] if "geometry" in names else [])]
        rows = self.table.to_table(columns=columns, filter=pc.field(ITEM) == identifier)
        if not len(rows):
            raise ProviderItemNotFoundError(user_msg="no such item")
        return self._features(rows.slice(0, 1), with_shape="geometry" in names)[0]

    def _value(self, name: str, text: str) -> Any:
        """Read what a column shall be equal to."""
        kind = self._fields[name]["type"]
        try:
            if kind == "boolean":
                return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
            return text if kind == "string" else np.int64(text).item() if kind == "integer" else float(text)
        except (KeyError, ValueError, OverflowError) as error:
            raise ProviderInvalidQueryError(user_msg=f"{name} is of type {kind}") from error

    @staticmethod
    def _features(rows: pa.Table, *, with_shape: bool) -> list[dict[str, Any]]:
        shapes: Sequence[str | None] = [None] * len(rows)
        if with_shape:
            shapes = shapely.to_geojson(shapely.from_wkb(rows["geometry"]))
        plain = rows.drop_columns([name for name in ("geometry",) if name in rows.column_names]).to_pylist()
        return [
            {
                "type": "Feature",
                "id": row.pop(ITEM),
                "geometry": None if shape is None else json.loads(shape),
                "properties": {
                    name: None if isinstance(value, float) and not math.isfinite(value) else value
                    for name, value in row.items()
                },
            }
            for row, shape in zip(plain, shapes, strict=True)
        ]


def put_layers(release: Release, folder: Path) -> dict[str, dict[str, Any]]:
    """Write what a release holds into a folder, and describe each table and raster as pygeoapi's resources do."""
    meta = release.meta
    said = {language: Words(language, "sharing") for language in meta.languages}
    licence = sorted({source["licence"] for source in meta.sources} - {UNKNOWN})
    keywords = sorted({meta.name, meta.audience, *licence})
    made: dict[str, dict[str, Any]] = {}
    boxes: dict[str, Bounds | None] = {}
    for name in release.names:
        frame = shared_frame(release.table(name))
        boxes[name] = box_of([frame.total_bounds] if isinstance(frame, gpd.GeoDataFrame) and len(frame) else [])
        columns = _columns(name, frame, meta.words)
        path = folder / f"{name}.parquet"
        # Names of the rows: their key, with slashes between its parts, or their number where these repeat.
        keys = [frame[column] for column in TABLES[name].key if column in frame]
        named = bool(keys) and len(frame) > 0 and not any(key.isna().any() for key in keys)
        parts = zip(*(key.astype("str") for key in keys), strict=True)
        items = pd.Series(["/".join(part) for part in parts] if named else [""], dtype="str")
        if items.duplicated().any() or (items == "").any():
            items = pd.Series(range(1, len(frame) + 1), dtype="int64").astype("str")
        listed = frame.assign(**{ITEM: items.set_axis(frame.index)})
        write_table(path, name, listed, release.notes(name), covering=has_boxes(frame))
        made[name] = {
            "title": {language: _plain(words.title(TABLES[name].title)) for language, words in said.items()},
            "providers": [
                {
                    "type": "feature",
                    "name": f"{__name__}.{ParquetLayer.__name__}",
                    "data": str(path),
                    "id_field": ITEM,
                    "columns": columns,
                    "crs": [LONGITUDE_LATITUDE],
                    "storage_crs": LONGITUDE_LATITUDE,
                }
            ],
        }
    for raster in release.rasters():
        file, content = cloud_optimised(raster, meta)
        path = folder / f"{raster.name}.tif"
        path.write_bytes(content)
        # A table may have the name of a raster; addresses tell them apart.
        name = raster.name if raster.name not in made else f"{raster.name}_raster"
        boxes[name] = file.profile["box"]
        made[name] = {
            "title": {language: _plain(words.say("raster", raster.name)) for language, words in said.items()},
            "providers": [
                {
                    "type": "coverage",
                    "name": "rasterio",
                    "data": str(path),
                    "format": {"name": "GTiff", "mimetype": "image/tiff; application=geotiff"},
                }
            ],
        }
    whole = box_of([box for box in boxes.values() if box is not None]) or Bounds(-180.0, -90.0, 180.0, 90.0)
    description = {language: _plain(meta.said(words)) for language, words in said.items()}
    for name, told in made.items():
        told |= {
            "type": "collection",
            "description": description,
            "keywords": keywords,
            "links": [],
            "extents": {"spatial": {"bbox": list(boxes[name] or whole), "crs": LONGITUDE_LATITUDE}},
        }
    return made


def _columns(name: str, frame: pd.DataFrame, words: Words) -> dict[str, dict[str, Any]]:
    """Describe the columns of a table as JSON Schema does."""
    told = {}
    for column, values in frame.items():
        if column == "geometry":
            continue
        known, kind = TABLES[name].field(str(column)), TYPES_HELD.get(values.dtype.kind, "string")
        if known is not None and known.kind != "list":
            kind = TYPES[known.kind]
        told[str(column)] = {"type": kind}
        if known is not None:
            facts: dict[str, Any] = {
                "title": words.title(known.title),
                "description": words.about(known.description),
                "x-ogc-unit": known.unit,
                "enum": [value for value in known.values if value],
            }
            told[str(column)] |= {key: value for key, value in facts.items() if value}
    return told


def _plain(text: str) -> str:
    """Take signs out of a text that no document may have."""
    return CONTROL.sub("", text)


def application(layers: Mapping[str, dict[str, Any]], meta: PackageMeta, address: str) -> Flask:
    """Make the service: pygeoapi's answers to what reads, and nothing that writes."""
    texts = {language: Words(language, "sharing") for language in meta.languages}
    office = meta.publisher or meta.words.say("package", "no_publisher")
    link, heading = f"{address}/licences", {code: words.say("licence", "heading") for code, words in texts.items()}
    licence = {"type": "text/markdown", "rel": "license", "title": heading, "href": link}
    config = {
        "server": {
            "url": address,
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": list(meta.languages),
            "limits": {"default_items": PAGE, "max_items": LONGEST_PAGE, "on_exceed": "throttle"},
            "map": {"url": "", "attribution": ""},
        },
        "logging": {"level": "CRITICAL"},
        "metadata": {
            "identification": {
                "title": {language: _plain(words.pick(meta.title)) for language, words in texts.items()},
                "description": {language: _plain(meta.said(words)) for language, words in texts.items()},
                "keywords": {language: [meta.name, meta.audience] for language in texts},
                "keywords_type": "theme",
                "terms_of_service": link,
                "url": address,
            },
            "license": {"name": meta.words.say("licence", "heading"), "url": link},
            "provider": {"name": office, "url": address},
            "contact": {"name": office, "email": meta.contact} if meta.contact else {"name": office},
        },
        "resources": {name: told | {"links": [licence]} for name, told in layers.items()},
    }
    described = get_oas(config)  # of pygeoapi as it could be: with jobs, which can be deleted
    own = {"", "collections", "conformance", "openapi"}
    described["paths"] = {path: told for path, told in described["paths"].items() if path.split("/")[1] in own}
    service = core.API(config, described)
    app = Flask(__name__, static_folder=None)
    hosts = {address.partition("//")[2], f"localhost:{address.rpartition(':')[2]}"}

    def answer(function: Callable[..., Any], *given: str, also: Sequence[str] = ()) -> Response:
        unknown = sorted(set(request.args) - ASKED - set(also))
        if unknown:
            abort(400, f"not asked for like that: {', '.join(unknown)}")
        twice = sorted(key for key in request.args if len(request.args.getlist(key)) > 1)
        if twice:
            abort(400, f"asked for more than once: {', '.join(twice)}")
        for key, known in ONE_OF.items():
            if request.args.get(key, known[0]) not in known:
                abort(400, f"{key}: {' or '.join(known)}")
        request.environ["HTTP_ACCEPT"] = "application/json"
        headers, status, content = function(service, core.APIRequest.from_flask(request, service.locales), *given)
        if isinstance(content, str):
            content = _without_pages(content)
        return Response(content, status, headers)

    @app.before_request
    def only_by_its_own_address() -> None:
        # A page elsewhere that gives its own name this machine's address would read what is served here.
        if request.host not in hosts:
            abort(403, f"ask {address}")

    @app.errorhandler(HTTPException)
    def told(error: HTTPException) -> Response:
        fault = {"code": error.name, "description": error.description}
        return Response(json.dumps(fault, ensure_ascii=False), error.code, mimetype="application/json")

    @app.after_request
    def obeyed_by_no_browser(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.get("/")
    def front() -> Response:
        offered = ["application/json", "text/html"]
        if "f" not in request.args and request.accept_mimetypes.best_match(offered) == "text/html":
            language = request.accept_languages.best_match(list(texts)) or meta.languages[0]
            return Response(_front_page(layers, meta, address, texts[language]), mimetype="text/html")
        return answer(core.landing_page)

    @app.get("/licences")
    def sources() -> Response:
        return Response(licences(meta), mimetype="text/markdown")

    @app.get("/conformance")
    def conformance() -> Response:
        return Response(json.dumps({"conformsTo": CONFORMS}), mimetype="application/json")

    for path, function in (
        ("/openapi", core.openapi_),
        ("/collections", core.describe_collections),
        ("/collections/<name>", core.describe_collections),
        ("/collections/<name>/schema", core.get_collection_schema),
        ("/collections/<name>/queryables", itemtypes.get_collection_queryables),
    ):
        app.add_url_rule(path, path, lambda function=function, **given: answer(function, *given.values()))

    @app.get("/collections/<name>/items")
    def items(name: str) -> Response:
        columns = layers[name]["providers"][0].get("columns", {}) if name in layers else {}
        return answer(itemtypes.get_collection_items, name, also=list(columns))

    @app.get("/collections/<name>/items/<path:item>")
    def item(name: str, item: str) -> Response:
        return answer(itemtypes.get_collection_item, name, item)

    @app.get("/collections/<name>/coverage")
    def coverage(name: str) -> Response:
        # pygeoapi takes a box elsewhere, of six numbers or across the 180th meridian for a fault of its own.
        box, asked = layers[name]["extents"]["spatial"]["bbox"] if name in layers else [], request.args.get("bbox")
        if overlooked := sorted(OF_FEATURES & set(request.args)):
            abort(400, f"asked for of features alone: {', '.join(overlooked)}")
        if asked is not None and box:
            try:
                west, south, east, north = (float(number) for number in asked.split(","))
            except ValueError:
                west = south = east = north = math.nan
            if not all(map(math.isfinite, (west, south, east, north))):
                abort(400, "bbox: give four numbers, west,south,east,north in degrees")
            if not (max(west, box[0]) < min(east, box[2]) and max(south, box[1]) < min(north, box[3])):
                abort(400, f"bbox: nothing of {name} lies there; it spans {', '.join(f'{each:.6g}' for each in box)}")
        return answer(coverages.get_collection_coverage, name, also=["subset"])

    return app


def _without_pages(content: str) -> str:
    """Take out of a document the links to what is not served, and the one to a page that nothing is on."""
    document = json.loads(content)
    if not isinstance(document, dict):
        return content
    for part in [document, *document.get("collections", [])]:
        if isinstance(part.get("links"), list):
            part["links"] = [
                link
                for link in part["links"]
                if link.get("type") not in NOT_OFFERED
                and link.get("rel", "").rpartition("/")[2] not in {"processes", "job-list", "tiling-schemes"}
                and not (
                    link.get("rel") == "next" and int(OFFSET.findall(link["href"])[0]) >= document["numberMatched"]
                )
            ]
    return json.dumps(document, ensure_ascii=False)


def _front_page(layers: Mapping[str, dict[str, Any]], meta: PackageMeta, address: str, words: Words) -> str:
    """Write the page for whoever types the address into a browser: what is served, and how QGIS reads it."""
    rows = []
    for name, told in layers.items():
        kind = told["providers"][0]["type"]
        place = f"{address}/collections/{name}/" + ("items" if kind == "feature" else "coverage?f=GTiff")
        title = html.escape(told["title"][words.language])
        rows.append(f'<tr><td><a href="{html.escape(place)}">{html.escape(name)}</a></td><td>{title}</td></tr>')
    text = {key: html.escape(words.say("serve", key, address=address)) for key in ("in_qgis", "layer", "holds")}
    style = "body{font:15px/1.5 system-ui,sans-serif;margin:24px auto;max-width:720px;padding:0 16px;color:#222}"
    style += "h1{font-size:20px}td,th{text-align:left;padding:2px 24px 2px 0;vertical-align:top}a{color:#0b5394}"
    parts = [
        f'<!doctype html><html lang="{words.language}"><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{html.escape(words.pick(meta.title))}</title><style>{style}</style>",
        f"<h1>{html.escape(words.pick(meta.title))}</h1><p>{html.escape(meta.said(words))}</p>",
        f"<p>{text['in_qgis']}</p>",
        f'<p><a href="{address}/licences">{html.escape(words.say("licence", "heading"))}</a></p>',
        f"<table><tr><th>{text['layer']}</th><th>{text['holds']}</th></tr>{''.join(rows)}</table></html>",
    ]
    return _plain("".join(parts))


def serve(release: Release, folder: Path, *, host: str, port: int, ready: Callable[[str, Sequence[str]], None]) -> None:
    """Serve a release until it is told to end, from copies in the caller's folder; port 0 is any that is free."""
    if host in EVERYWHERE:
        raise StoreError(f"{host} is every address of this machine; name with --host the one that others ask")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as door:
        try:
            # Taken before any work; on Windows the same option would let two services have one port.
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(sys.platform != "win32"))
            door.bind((host, port))
            door.listen(64)
        except (OSError, OverflowError) as error:
            cause = getattr(error, "strerror", None) or str(error)
            raise StoreError(
                f"{host}:{port}: nothing can be served there ({cause}); name another with --port, or --host"
            ) from error
        address = f"http://[{host}]" if ":" in host else f"http://{host}"
        address += f":{door.getsockname()[1]}"
        layers = put_layers(release, folder)
        app = application(layers, release.meta, address)
        for library in ("werkzeug", "pygeoapi"):  # a line for every request, and for whatever clients leave out
            logging.getLogger(library).setLevel(logging.CRITICAL)
        server = make_server(host, port, app, threaded=True, fd=door.fileno())
        ready(address, list(layers))
        server.serve_forever()  # it takes an interruption for its end
        has_stopped()
