"""What the checks found, one layer a kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from spatial.qgis.columns import plain_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from spatial.qgis.meta import Messages

__all__ = ["FindingLayer", "finding_layers"]

SOURCES = (
    "findings_read",
    "findings_population",
    "findings_network",
    "findings_access",
    "findings_off_road",
    "findings_scenarios",
)
FIRST = (
    "unsnapped",
    "beyond_tolerance",
    "small_component",
    "merged_duplicate",
    "ambiguous_duplicate",
    "outside_own_unit",
)
"""Kinds that lead the group; others follow by name."""

SUFFIX = {"Point": "", "LineString": "_lines", "Polygon": "_areas"}


@dataclass(frozen=True)
class FindingLayer:
    """Findings of one kind with one kind of geometry, or all of them as a table."""

    table: str  # of the layer
    title: str
    description: str
    geometry: str  # point, LineString or Polygon; empty for the table
    frame: pd.DataFrame  # in the order of ids


def finding_layers(tables: Mapping[str, pd.DataFrame], words: Messages) -> Iterator[FindingLayer]:
    """Split the findings by kind and geometry."""
    frames = [tables[name] for name in SOURCES if name in tables]
    if not frames:
        return
    together = pd.concat(frames, ignore_index=True)
    found = gpd.GeoDataFrame(together.sort_values(["kind", "finding_id"], kind="stable"))
    shape = found.geom_type.str.removeprefix("Multi")
    kinds = set(found["kind"])
    for kind in [*(name for name in FIRST if name in kinds), *sorted(kinds - set(FIRST))]:
        shown = words.text("findings", kind) if words.has("findings", kind) else kind.replace("_", " ")
        for geometry, suffix in SUFFIX.items():
            rows = found[(found["kind"] == kind) & (shape == geometry)]
            if len(rows):
                yield FindingLayer(
                    f"qa_{plain_name(kind)}{suffix}",
                    words.text("layers", "qa", kind=shown),
                    words.text("layers", "qa_text", kind=shown),
                    geometry,
                    rows.reset_index(drop=True),
                )
    table = pd.DataFrame(found.drop(columns=found.geometry.name)).reset_index(drop=True)
    yield FindingLayer(
        "findings", words.text("layers", "findings"), words.text("layers", "findings_text"), "", table
    )
