"""The embedded sample county: made-up, packed with the package; nothing is downloaded."""

from __future__ import annotations

import importlib.resources
import tempfile
import zipfile
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, get_args

from spatial.errors import SourceError
from spatial.store import replace

__all__ = ["SampleForm", "sample_study", "write_sample_county", "write_sample_study"]


SampleForm = Literal["open", "bureau"]
"""open: an OpenStreetMap extract and plain tables; bureau: the files that a Chinese county's bureaus have."""


def write_sample_county(
    folder: Path | str, *, form: SampleForm = "open", seed: int | None = None, villages: int | None = None
) -> list[Path]:
    """
    Unpack the raw files of the embedded sample county: made-up ground, people and roads, declared as such.

    Nothing is downloaded. The files are read by the study that `sample_study` returns for the same form, whose paths
    begin with ``sample/`` or ``bureau/``: write to the folder of that name in ``data/raw``.

    Parameters
    ----------
    folder : Path or str
        Where to write; it is made if it is not there. Files of the same names are replaced, each at once.
    form : {'open', 'bureau'}
        open: an OpenStreetMap extract and plain tables. bureau: the same county as a Chinese county's bureaus keep it:
        workbooks with GCJ-02 coordinates and sums, a road survey without common vertices and other shapefiles in GBK,
        a list of clinics without coordinates, and a page of the yearbook.
    seed : None
        The package holds one county. The generator of others lies in ``tools/sample_county`` of the source repository.
    villages : None
        As `seed`: the county has 400.

    Returns
    -------
    list of Path
        open: sample.osm.pbf, settlements.csv, facilities.csv, flows.csv; bureau: the files with Chinese names; and
        population.tif, elevation.tif, landcover.tif, source.toml in both.

    Raises
    ------
    ValueError
        In an unknown form, or with a seed or a number of villages.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [file.name for file in write_sample_county(folder)][:2]
    ['sample.osm.pbf', 'settlements.csv']
    """
    named = {"seed": seed, "villages": villages}
    asked = " and ".join(f"{name} = {value!r}" for name, value in named.items() if value is not None)
    if asked:
        raise ValueError(
            f"{asked}: the package holds one county, of 400 villages; leave this out, or make another county in a "
            "checkout of the source repository: python -m tools.sample_county FOLDER --villages 80 --seed 7"
        )
    archive = _packaged(form, "zip")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with (
        archive.open("rb") as file,
        zipfile.ZipFile(file) as packed,
        tempfile.TemporaryDirectory(prefix=".sample-", dir=folder) as new,
    ):
        names = packed.namelist()
        if any(name == ".." or name != Path(name).name for name in names):
            raise SourceError(f"{archive}: a packed file leaves its folder; install the package again")
        packed.extractall(new)
        for name in names:
            (Path(new) / name).replace(folder / name)
            # An encoding that an older shapefile declared would be taken for that of the new one, which declares none.
            if name.endswith(".shp"):
                (folder / name).with_suffix(".cpg").unlink(missing_ok=True)
    return [folder / name for name in names]


def sample_study(form: SampleForm = "open") -> str:
    """
    Return the study file of the sample county.

    Parameters
    ----------
    form : {'open', 'bureau'}
        As in `write_sample_county`.

    Returns
    -------
    str
        TOML text; its paths begin with ``sample/``, or ``bureau/`` in the form of a county's bureaus.

    Raises
    ------
    ValueError
        In an unknown form.

    Examples
    --------
    >>> "synthetic = true" in sample_study()
    True
    """
    return _packaged(form, "toml").read_text(encoding="utf-8")


def write_sample_study(folder: Path, *, form: SampleForm) -> Path:
    """Write the study into the folder of its files, never over one that somebody may have changed; returns its path."""
    file = folder / "study.toml"
    if not file.exists():
        with replace(file) as temporary:
            temporary.write_text(sample_study(form), encoding="utf-8", newline="\n")
    return file


def _packaged(form: str, ending: str) -> Traversable:
    """Name a file of the package, once it is sure that there is such a form."""
    if form not in get_args(SampleForm):
        raise ValueError(f"form: {form!r} is not one of {', '.join(get_args(SampleForm))}")
    return importlib.resources.files("spatial.sample").joinpath(f"{form}.{ending}")
