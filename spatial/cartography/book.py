"""What all pages of a study share, and how much one page carries."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd

from spatial.cartography.known_issues import issue_entries
from spatial.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    import pandas as pd

    from spatial.cartography.meta import PageMeta
    from spatial.cartography.norms import NormBook
    from spatial.cartography.rows import Rows
    from spatial.rasters import Raster

__all__ = [
    "DETAILS",
    "FACT_SHEET_FILE",
    "SCORE_FILE",
    "SCORE_MAP",
    "SIGN_OFF_FILE",
    "Detail",
    "PageBook",
    "study_block",
]

SIGN_OFF_FILE = "sign-off.html"
SCORE_FILE = "score.html"
SCORE_MAP = "score_map"
"""Key of the map of integration among the files of the map pages, beside the services."""
FACT_SHEET_FILE = "fact-sheet.html"
OWN_WORDS = (
    "sign.",
    "road.",
    "score.",
    "fact.",
    "component.",
    "flow_kind.",
    "flow_unit.",
    "segmentation_term.",
)
KEPT_WORDS = ("sign.title", "sign.count_")


@dataclass(frozen=True)
class Detail:
    """How much a page carries."""

    routes: bool  # ways to the nearest facility, and times to other destinations
    extras: bool  # second nearest facility, names of edges, norms of other services
    minor_roads: bool  # minor roads of the base map
    relief: bool  # the shade of the relief, where the study has elevation
    tolerance_m: float  # how far a drawn line may leave the true one


DETAILS = (
    Detail(routes=True, extras=True, minor_roads=True, relief=True, tolerance_m=12.0),
    Detail(routes=False, extras=True, minor_roads=True, relief=True, tolerance_m=25.0),
    Detail(routes=False, extras=False, minor_roads=False, relief=False, tolerance_m=60.0),
)
"""From all to least: the first that keeps the budget is taken."""


@dataclass(frozen=True)
class PageBook:
    """What all pages of a study share."""

    tables: Mapping[str, pd.DataFrame]  # by the names of `spatial.tables`
    meta: PageMeta  # what every page prints
    summary: Mapping[str, Any]  # shares filled in and known issues
    norms: NormBook  # norms and results
    words: Mapping[str, Mapping[str, str]]  # messages by language
    files: Mapping[str, str]  # page by service
    relief: Raster | None = None  # elevation in metres
    # blocks that pages carry whatever their settlements, so that each is encoded once
    kept: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def language(self) -> str:
        """The language shown first."""
        return next(iter(self.words))

    @functools.cached_property
    def access(self) -> dict[tuple[str, str], pd.DataFrame]:
        """The table `access` in its parts."""
        parts = self.tables["access"].groupby(["service", "mode"], sort=True)
        return {(str(service), str(mode)): part for (service, mode), part in parts}

    @property
    def known_issues(self) -> list[dict[str, Any]]:
        """Known issues of the sources."""
        told = self.summary.get("known_issues", ())
        return list(self.once("known issues", lambda: issue_entries(told, self.words, self.meta.names)))

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Make a block the first time that it is asked for, and give the same one after."""
        if key not in self.kept:
            self.kept[key] = make()
        return self.kept[key]

    def shapes(self, name: str) -> gpd.GeoDataFrame:
        """Give a table with geometry."""
        frame = self.tables[name]
        if not isinstance(frame, gpd.GeoDataFrame):
            raise ContractError(name, ["geometry: the table has none; make a GeoDataFrame of it"])
        return frame


def study_block(book: PageBook, rows: Rows, *, more_words: tuple[str, ...] = ()) -> dict[str, Any]:
    """Say what is studied."""
    meta = book.meta
    return {
        "language": book.language,
        "messages": {language: _common(texts, more_words) for language, texts in book.words.items()},
        "study": {
            "name": meta.study,
            "title": dict(meta.title),
            "as_of": meta.as_of,
            "status": meta.status,
            "basis": meta.population_basis,
            "rescaled": "population_factor" in rows.settlements,
            "synthetic": meta.synthetic,
            "note": dict(meta.note),
            "people": rows.has_people,
            "approval": meta.map_approval,
            "approval_wanted": meta.approval_wanted,
        },
        "sign_off": SIGN_OFF_FILE if "sign_off" in book.tables else None,
        "score_file": SCORE_FILE if "scores" in book.tables else None,
        "fact_sheet": FACT_SHEET_FILE if "scores" in book.tables else None,
        "sources": [
            {name: getattr(source, name) for name in ("path", "origin", "licence", "vintage", "issue")}
            for source in meta.sources
        ],
        "issues": list(book.summary.get("issues", ())),
        "known_issues": book.known_issues,
        "imputed": _imputed(book.summary, meta),
        "certainty": book.summary.get("certainty"),
        "rural_access": book.summary.get("rural_access"),
    }


def _common(texts: Mapping[str, str], more: tuple[str, ...]) -> dict[str, str]:
    """Leave out the words of single pages, which would weigh on every map."""
    return {
        key: text
        for key, text in texts.items()
        if not key.startswith(OWN_WORDS) or key.startswith(KEPT_WORDS + more)
    }


def _imputed(summary: Mapping[str, Any], meta: PageMeta) -> dict[str, float]:
    """Shares of what was not observed but filled in, for the mode of the headlines."""
    network = summary.get("network", {})
    mode = next((name for name in meta.modes if name in network), None)
    shares = (
        {}
        if mode is None
        else {
            "speed": network[mode].get("imputed_speed_share"),
            "season": network[mode].get("unknown_season_share"),
        }
    )
    people = summary.get("population", {})
    if people.get("persons") is not None and people.get("places"):
        shares["population"] = people["places_without_population"] / people["places"]
    return {name: float(share) for name, share in shares.items() if share is not None}
