"""The raster that travels between stages: values with a transform and a CRS, no file behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from affine import Affine

from spatial.errors import ContractError, CrsError

if TYPE_CHECKING:
    import numpy as np
    import pyproj
    from numpy.typing import ArrayLike, NDArray


STRIP_CELLS = 2**20
"""So many cells are looked at together where a whole raster may be too large."""


def unmasked(values: ArrayLike) -> NDArray[np.float64]:
    """Take an array as float64, with NaN where it is masked."""
    import numpy as np  # noqa: PLC0415 - the runner knows rasters without a library

    try:
        if isinstance(values, np.ma.MaskedArray):
            return np.ma.filled(values.astype(np.float64), np.nan)
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as fault:
        raise ContractError("values", [f"hold what is no number ({fault})"]) from None


@dataclass(frozen=True, eq=False)
class Raster:
    """
    A single band with its place on the ground.

    Parameters
    ----------
    values : ndarray of float64, shape (rows, columns)
        NaN where there is no data. Other numbers become float64, and masked cells NaN.
    transform : affine.Affine
        From (column, row) to (easting, northing) or (longitude, latitude) of a cell's upper left corner.
    crs : pyproj.CRS
        The CRS of the transform; a code such as "EPSG:32750", or what rasterio reads, becomes one.
    name : str
        What it is, for messages.

    Raises
    ------
    ContractError
        Where the values are not in rows and columns.
    CrsError
        Where there is no CRS, or what is given is none.
    """

    values: NDArray[np.float64]
    transform: Affine
    crs: pyproj.CRS
    name: str = "raster"

    def __post_init__(self) -> None:
        """Take the values as float64, with NaN where they are masked."""
        values = unmasked(self.values)
        if values.ndim != 2:
            raise ContractError(
                self.name, [f"shape {values.shape}: rows and columns are needed, of one band: file.read(1)"]
            )
        object.__setattr__(self, "values", values)
        if type(self.crs).__module__.partition(".")[0] != "pyproj":
            import pyproj  # noqa: PLC0415 - as above

            try:
                object.__setattr__(self, "crs", pyproj.CRS.from_user_input(self.crs))
            except pyproj.exceptions.CRSError as error:
                raise CrsError(
                    f"{self.name}: {self.crs!r} is no CRS; give that of the transform, such as 'EPSG:32750'"
                ) from error

    def __repr__(self) -> str:
        """Say what it is in one line."""
        return f"<Raster {self.name}: {' x '.join(map(str, self.shape))} cells, {self.crs.to_string()}>"

    @property
    def total(self) -> float:
        """Sum of all cells with data, in float64 whatever the type of the file."""
        import numpy as np  # noqa: PLC0415 - as above

        return float(np.nansum(self.values, dtype=np.float64))

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and of columns."""
        rows, columns = self.values.shape
        return rows, columns

    def _part(self, rows: slice, columns: slice) -> NDArray[np.float64]:
        return self.values[rows, columns]

    def block_means(self, rows: slice, columns: slice, by: int) -> NDArray[np.float64]:
        """Average whole blocks of `by` rows and columns, strip by strip; one with a cell without data has no mean."""
        import numpy as np  # noqa: PLC0415 - as above

        first, last, _ = rows.indices(self.shape[0])
        across = len(range(*columns.indices(self.shape[1]))) // by
        step, end = max(1, STRIP_CELLS // self.shape[1] // by) * by, first + (last - first) // by * by
        means = [np.zeros((0, across))]
        for row in range(first, end, step):
            cells = self._part(slice(row, min(row + step, end)), columns)[:, : across * by]
            blocks = (cells[down::by, right::by] for down, right in np.ndindex(by, by))
            means.append(sum(blocks, np.zeros((len(cells) // by, across))) / by**2)
        return np.vstack(means)

    def cell_centres(
        self, rows: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Find the middles of cells, by row and column from the upper left, in the CRS of the raster."""
        a, b, c, d, e, f = self.transform[:6]
        column, row = columns + 0.5, rows + 0.5
        return a * column + b * row + c, d * column + e * row + f
