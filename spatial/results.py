"""The results of a run, read back as frames."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.errors import StoreError
from spatial.plain_text import html_table
from spatial.rasters import Raster
from spatial.store import ENDINGS, Store
from spatial.tables import TABLES

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd


RASTERS = ("population", "elevation", "landcover", "friction", "off_road_min")


class Results:
    """
    The outputs of one study; every table of the data dictionary is an attribute, read when first asked for.

    Parameters
    ----------
    folder : Path
        The study's processed folder.
    maps : Path, optional
        The study's folder of pages.
    """

    settlements: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    boundaries: gpd.GeoDataFrame
    access: pd.DataFrame
    last_mile: pd.DataFrame
    norms: pd.DataFrame
    gaps: gpd.GeoDataFrame
    provenance: pd.DataFrame
    known_issues: pd.DataFrame

    def __init__(self, folder: Path, maps: Path | None = None) -> None:
        self.folder = Path(folder)
        self.maps = maps
        self._store = Store(self.folder)
        self._cache: dict[str, pd.DataFrame | Raster] = {}

    def __getattr__(self, name: str) -> Any:
        """Return a table or raster by its name; `norms` is short for `norm_results`."""
        wanted = "norm_results" if name == "norms" else name
        if name.startswith("_") or (wanted not in TABLES and wanted not in RASTERS):
            raise AttributeError(f"no result {name!r}; there are {', '.join(sorted(self.names))}")
        if wanted not in self._cache:
            self._cache[wanted] = self._store.read(wanted)
        return self._cache[wanted]

    def __dir__(self) -> list[str]:
        """List the results beside the methods, for completion in a notebook."""
        return sorted({*super().__dir__(), *self.names, "norms"})

    def __repr__(self) -> str:
        """Name the study and how much there is."""
        pages = "" if self.index_page is None else f", {self.index_page.as_posix()}"
        return f"<Results of {self.folder.name}: {len(self.names)} tables and rasters, see .names{pages}>"

    def _repr_html_(self) -> str:
        """List the tables with their titles in a notebook."""
        titled = {name: TABLES[name].title if name in TABLES else "raster" for name in self.names}
        return html_table(f"Results of {self.folder.name}", titled)

    @property
    def names(self) -> list[str]:
        """Names of the tables and rasters that are there, in the order in which the pipeline makes them."""
        there = {path.stem for ending in ENDINGS for path in self.folder.glob(f"*{ending}") if path.is_file()}
        return [name for name in (*TABLES, *RASTERS) if name in there]

    @property
    def summary(self) -> dict[str, Any]:
        """The headline numbers, as in ``summary.json``; a StoreError where they are not there or damaged."""
        if not (self.folder / "summary.json").is_file():
            raise StoreError(f"{self.folder}: no summary.json; run the study first: spatial run STUDY")
        return self._object("summary.json")

    @property
    def record(self) -> dict[str, Any]:
        """What ran, with which options and libraries; a StoreError where ``run.json`` is missing or damaged."""
        return self._object("run.json")

    @property
    def stages(self) -> pd.DataFrame:
        """What each stage took when it last ran, in order, with its most memory and rows written; NaN for none."""
        import pandas as pd  # noqa: PLC0415 - keeps `spatial status` fast

        columns = ["ran", "seconds", "memory_mb", "rows", "reason"]
        table = pd.DataFrame.from_dict(self.record.get("stages", {}), orient="index").reindex(columns=columns)
        figures = dict.fromkeys(("seconds", "memory_mb", "rows"), float)
        return table.astype(figures).rename_axis("stage").reset_index()

    def _object(self, name: str) -> dict[str, Any]:
        """Read a JSON file that holds an object."""
        self._store.refuse_changed(self.folder / name)
        found = self._store.read_json(name)
        if not isinstance(found, dict):
            raise StoreError(f"{self.folder}: {name} is missing or damaged; run the study again: spatial run STUDY")
        return found

    @property
    def index_page(self) -> Path | None:
        """The page to open first; None where no pages were written."""
        page = None if self.maps is None else self.maps / "index.html"
        return page if page is not None and page.is_file() else None


def read_results(folder: str | Path, *, maps: str | Path | None = None) -> Results:
    """
    Open the results of a run.

    Parameters
    ----------
    folder : str or Path
        The study's processed folder, such as ``data/processed/sample``.
    maps : str or Path, optional
        The study's folder of pages.

    Returns
    -------
    Results
        Frames by name.

    Raises
    ------
    StoreError
        Where the folder holds no run.
    """
    path = Path(folder)
    if not (path / "run.json").is_file():
        raise StoreError(f"{path}: no run here (no run.json); run the study first: spatial run STUDY")
    return Results(path, Path(maps) if maps is not None else None)
