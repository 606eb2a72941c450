"""Rasters as cloud-optimised GeoTIFF with statistics, unit and overviews, and their look beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

import numpy as np
import rasterio
import rasterio.crs
import rasterio.shutil
from rasterio.io import MemoryFile

from spatial.errors import ContractError
from spatial.plain_text import xml_text
from spatial.qgis.sld import raster_sld
from spatial.qgis.styles import BASE, QGIS_VERSION, SHARES, constants
from spatial.store import Artifact

if TYPE_CHECKING:
    import pyproj

    from spatial.messages import Words
    from spatial.rasters import Raster


OPACITY = "0.8"
BLOCK = 256
"""Cells on a side of a tile; overviews begin at rasters larger than one."""

SPEEDS_KM_H = (20.0, 5.0, 4.0, 3.0, 2.0, 1.0)
"""Classes of friction, by the least speed of each."""

BREAKS = {
    "persons": (1.0, 5.0, 20.0, 100.0, 500.0),
    "min": (15.0, 30.0, 60.0, 120.0),
    "min/m": tuple(0.06 / speed for speed in SPEEDS_KM_H),
}
"""Upper bounds of the classes, by unit; values above the last make one class more."""

RAMPS = {
    "persons": ("#f3ece4", "#e3d2c0", "#cdb096", "#ab8467", "#7d563f", "#4d2f22"),
    "min": tuple(SHARES.values()),
    "min/m": ("#fbfbe8", "#e9eebb", "#c6dc92", "#93bf74", "#5b9a5c", "#2d6f48", "#103f2c"),
}


@dataclass(frozen=True, eq=False)
class QgisRaster:
    """A raster as the project shows it."""

    name: str  # stem of its files
    title: str  # for people
    crs: pyproj.CRS  # its own: rasters are never resampled
    pipe: Element  # its look
    artifacts: tuple[Artifact, ...]  # the GeoTIFF, and the QML and SLD beside it
    group: str = "base"  # where the project shows it
    shelf: str = ""  # sub-group in the group; empty for none


def write_raster(raster: Raster, *, name: str, unit: str, title: str, words: Words, basis: str = "") -> QgisRaster:
    """Write a raster as a cloud-optimised GeoTIFF with its look."""
    if not np.isfinite(raster.values).any():
        raise ContractError(name, ["has no cell with data: leave the raster out"])
    rows, columns = raster.values.shape
    profile = {
        "driver": "GTiff",
        "height": rows,
        "width": columns,
        "count": 1,
        "dtype": "float64",
        "crs": rasterio.crs.CRS.from_wkt(raster.crs.to_wkt()),
        "transform": raster.transform,
        "nodata": float("nan"),
    }
    tiled = {"COMPRESS": "DEFLATE", "PREDICTOR": "YES", "BLOCKSIZE": str(BLOCK), "STATISTICS": "YES"}
    tiled |= {"OVERVIEW_RESAMPLING": "AVERAGE", "NUM_THREADS": "1"}
    with MemoryFile() as plain, MemoryFile(ext=".tif") as cloud:
        with plain.open(**profile) as target:
            target.write(np.where(np.isfinite(raster.values), raster.values, np.nan), 1)
            target.set_band_unit(1, unit)
            target.set_band_description(1, title)
            if basis and unit == "persons":
                target.update_tags(population_basis=basis)
        with plain.open() as source:
            rasterio.shutil.copy(source, cloud.name, driver="COG", **tiled)
        content = bytes(cloud.getbuffer())
    # Upper bound, label and colour of each class; no colour where there is nobody.
    breaks = BREAKS[unit]
    colours = RAMPS[unit]
    bounds = [*breaks, float("inf")]
    result = [(0.0, words.say("raster", "nobody"), "")] if unit == "persons" else []
    for position, high in enumerate(bounds):
        low = bounds[position - 1] if position else 0.0
        key = f"{unit}_first" if position == 0 else f"{unit}_last" if position == len(breaks) else unit
        told = [0.06 / bound if unit == "min/m" and bound else bound for bound in (low, high)]
        label = words.say("raster", key, low=words.figure(min(told)), high=words.figure(max(told)))
        result.append((high, label, colours[position]))
    least, most = (f"{found:.17g}" for found in (np.nanmin(raster.values), np.nanmax(raster.values)))
    pipe = Element("pipe")
    shown = f"type=singlebandpseudocolor band=1 opacity={OPACITY} alphaBand=-1"
    shown += f" classificationMin={least} classificationMax={most}"
    renderer = SubElement(pipe, "rasterrenderer", constants(shown))
    SubElement(renderer, "rasterTransparency")
    ramp = constants(f"colorRampType=DISCRETE classificationMode=2 clip=0 minimumValue={least} maximumValue={most}")
    shader = SubElement(SubElement(renderer, "rastershader"), "colorrampshader", ramp)
    for value, label, colour in result:
        item = {"value": f"{value:g}", "label": label, "color": colour or BASE["blank"]}
        SubElement(shader, "item", item | {"alpha": "255" if colour else "0"})
    SubElement(pipe, "brightnesscontrast", {"brightness": "0", "contrast": "0"})
    SubElement(pipe, "huesaturation", {"saturation": "0"})
    SubElement(pipe, "rasterresampler")
    root = Element("qgis", {"version": QGIS_VERSION, "styleCategories": "Symbology|Rendering"})
    root.append(pipe)
    text = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + xml_text(root)
    plain = raster_sld(result, name=name, title=title, opacity=float(OPACITY))
    artifacts = tuple(
        Artifact(f"{name}.{ending}", held)
        for ending, held in (("tif", content), ("qml", text.encode("utf-8")), ("sld", plain.encode("utf-8")))
    )
    return QgisRaster(name, title, raster.crs, pipe, artifacts)
