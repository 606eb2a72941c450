"""The rasters of a package as a SpatioTemporal Asset Catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatial.sharing.meta import LICENCES_FILE
from spatial.sharing.records import json_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spatial.sharing.meta import Box, PackageMeta, SharedFile


STAC_VERSION = "1.1.0"
EXTENSIONS = [
    "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
]


def stac_documents(files: Sequence[SharedFile], meta: PackageMeta, box: Box) -> Mapping[str, bytes]:
    """
    Describe the rasters of a package as a SpatioTemporal Asset Catalog (STAC 1.1): a collection and an item a raster.

    Returns the content of each document by its path in the package.
    """
    rasters, stamp = [file for file in files if file.profile], f"{meta.as_of.isoformat()}T00:00:00Z"
    own = {"stac_version": STAC_VERSION, "id": meta.package_name}
    links = [{"rel": "root", "href": "./collection.json", "type": "application/json"}]
    links += [{"rel": "license", "href": f"../{LICENCES_FILE}", "type": "text/markdown"}]
    made = {}
    for file in rasters:
        stem = file.path.rpartition("/")[2].removesuffix(".tif")
        links.append({"rel": "item", "href": f"./{stem}/{stem}.json", "type": "application/geo+json"})
        place: Box = file.profile["box"]
        back = {"href": "../collection.json", "type": "application/json"}
        item = {
            "type": "Feature",
            "stac_version": STAC_VERSION,
            "stac_extensions": EXTENSIONS,
            "id": stem,
            "collection": meta.package_name,
            "geometry": {"type": "Polygon", "coordinates": [place.ring]},
            "bbox": place.numbers,
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
        "extent": {"spatial": {"bbox": [box.numbers]}, "temporal": {"interval": [[stamp, stamp]]}},
        "links": links,
    }
    if meta.publisher:
        collection["providers"] = [{"name": meta.publisher, "roles": ["producer"]}]
    made["stac/collection.json"] = json_bytes(collection)
    return made
