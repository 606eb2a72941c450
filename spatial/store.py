"""The only door to the processed folder: GeoParquet, GeoTIFF and files, written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import itertools
import json
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from spatial.errors import SpatialError, StoreError, first_of
from spatial.interruption import stop_if_told
from spatial.rasters import Raster
from spatial.tables import TABLES, Field

if TYPE_CHECKING:
    import pandas as pd
    from affine import Affine
    from pyproj import CRS

    from spatial.arrays import FloatArray


ENDINGS = (".parquet", ".tif", ".json")
"""Of tables, rasters and the summary."""
LOCK_NAME = ".lock"
LOCKED_BYTE = 1 << 30
"""The byte of the lock that Windows holds, far behind what is written there."""
MOST_TOLD_OF_HOLDER = 300
BASIS = "population_basis"
PEOPLED_RASTERS = frozenset({"population"})
WORKED_IN = (".gpkg", ".qgz")
"""Endings of outputs that people open, and may save."""
GPKG_HEADER = 100
"""Bytes of a GeoPackage that change when it is opened: SQLite counts there who wrote, and how."""
TEMPORARY = ".spatial-"
"""Begins the name of a file that is being written; a killed run may leave one."""
SETTLED_NS = 50_000_000
"""A file written less than this before it was hashed may be written again without another time stamp (50 ms)."""
SEAL = "sha256_of_the_rest"
"""Key of a record that holds the checksum of all its other keys."""
PUT_ASIDE = "old"
"""Name of what a new folder takes the place of, until it has."""
KEPT_BYTES = 60_000_000
"""Files of tables and rasters that a run reads once and keeps; what is beyond is read again where it is wanted."""

LARGE_BYTES = 20_000_000
"""Of tables larger than this, what was needed to read them is handed back at once: their reader keeps as much again."""
THREADED_BYTES = 1_000_000
"""Files of tables larger than this are read by several threads."""
GROUP_ROWS, COVERED_ROWS = 1_048_576, 65_536
"""Rows of a group of a table, as pyarrow cuts them, and of one in Hilbert order."""


@dataclass(frozen=True)
class Artifact:
    """A file that a stage made, not yet on disk."""

    name: str  # file name relative to the folder that it belongs in, with forward slashes
    content: bytes  # all of it

    def __post_init__(self) -> None:
        """Refuse a name that leaves its folder."""
        parts = Path(self.name).parts
        if not self.name or Path(self.name).is_absolute() or ".." in parts:
            raise StoreError(f"{self.name!r} is not a file name inside the output folder")


_REMEDIES = {
    errno.ENOSPC: "the disk is full; free some space and run again, finished stages are kept",
    errno.EDQUOT: "the quota is used up; free some space and run again, finished stages are kept",
    errno.EFBIG: "the largest size of a file that is allowed here is used up; raise it (ulimit -f) and run again, "
    "finished stages are kept",
    errno.EROFS: "the file system is read-only; choose another folder with --processed, --maps or --out",
    errno.EACCES: "no permission to write there, or a program such as Excel or QGIS holds it open; close it there, "
    "or choose another folder with --processed, --maps or --out",
    errno.ENOTDIR: "a file is in the way of a folder; move it or choose another folder",
    errno.EEXIST: "a file is in the way of a folder; move it or choose another folder",
}
_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
"""Faults of a disk, whoever meets them: those of temporary files of a library among them."""
_SAID_FULL = re.compile("no space left|disk is full|disk full|disk i/o error", re.IGNORECASE)
"""What SQLite and GDAL say, which tell in words only what the system told them."""


def _store_error(error: OSError, path: Path) -> StoreError:
    remedy = _REMEDIES.get(error.errno or 0, error.strerror or str(error))
    return StoreError(f"{path}: cannot be written: {remedy}")


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Tell what the system says of writing there as an error of the store."""
    try:
        yield
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise _store_error(error, path) from error


def refuse_file_in_the_way(folder: Path) -> None:
    """Refuse a file where a folder is to be, before the work that it is for."""
    near = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    if near.is_file():
        raise _store_error(NotADirectoryError(errno.ENOTDIR, ""), near)


def disk_fault(error: BaseException) -> StoreError | None:
    """Tell an error of Python or of a library that the disk is to blame for in words; None for any other."""
    try:
        folder = Path(tempfile.gettempdir())
    except FileNotFoundError:
        folder = Path(os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 - named, not used
    if isinstance(error, FileNotFoundError) and not isinstance(error, StoreError) and not os.access(folder, os.W_OK):
        return StoreError(f"{folder}: no temporary file can be written there; name another folder as TMPDIR")
    if isinstance(error, OSError) and not isinstance(error, SpatialError) and error.errno in _OF_THE_DISK:
        return _store_error(error, Path(error.filename or folder))
    told = None if isinstance(error, SpatialError) else _SAID_FULL.search(str(error))
    if told is not None:
        return StoreError(f"{folder}: {_REMEDIES[errno.ENOSPC]}, or name another folder as TMPDIR ({told[0]})")
    return None


@contextlib.contextmanager
def replace(path: Path, *, by_way_of: Path | None = None) -> Iterator[Path]:
    """Give a temporary path, beside `path` or `by_way_of`, that takes its place at once if the block succeeds."""
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=TEMPORARY, suffix=path.suffix, dir=by_way_of or path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.chmod(0o644)
            stop_if_told()
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def work_folder(near: Path, name: str) -> Iterator[Path]:
    """Give a temporary folder for the work `name`, and clear away killed ones, whose lock went with their process."""
    prefix = f"{TEMPORARY}{name[:100]}-"  # of longer names the file system may not take what is put before and behind
    mine = re.compile(re.escape(prefix) + r"\w{8}")
    for left in sorted(near.iterdir()):
        is_killed = False
        if left.is_dir() and mine.fullmatch(left.name):
            with contextlib.suppress(StoreError), locked(left):
                is_killed = True
                if (left / PUT_ASIDE).exists() and not (near / name).exists():
                    (left / PUT_ASIDE).replace(near / name)  # killed between taking the old one away and the new one in
        if is_killed:
            shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=near) as folder, locked(Path(folder)):
        yield Path(folder)


@contextlib.contextmanager
def replace_files(folder: Path) -> Iterator[Path]:
    """Give an empty folder whose files take their places in `folder` together, if the block succeeds."""
    near = folder if folder.exists() else folder.parent
    with _writing(folder):
        near.mkdir(parents=True, exist_ok=True)
        with work_folder(near, folder.name) as work:
            new = work / "new"
            new.mkdir()
            yield new
            stop_if_told()
            folder.mkdir(exist_ok=True)
            files = sorted(new.iterdir())
            in_the_way = [file.name for file in files if (folder / file.name).is_dir()]
            if in_the_way:
                raise StoreError(f"{folder}: a folder stands where {first_of(in_the_way)} belongs; move it")
            for file in files:
                file.replace(folder / file.name)


@contextlib.contextmanager
def replace_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder that takes the place of `folder` and all that is in it, if the block succeeds."""
    with _writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with work_folder(folder.parent, folder.name) as work:
            new, old = work / "new", work / PUT_ASIDE
            new.mkdir()
            yield new
            for path in sorted(new.rglob("*")):
                if path.is_file():
                    with path.open("rb+") as file:
                        os.fsync(file.fileno())
            stop_if_told()
            if folder.exists():
                folder.replace(old)
            try:
                new.replace(folder)
            except OSError:
                if old.exists():
                    old.replace(folder)
                raise


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for one run until its process ends, however it ends; the file names the holder to others."""
    path = folder / LOCK_NAME
    with _writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    with file:
        try:
            try:
                import fcntl  # noqa: PLC0415 - not on Windows
            except ImportError:
                import msvcrt  # noqa: PLC0415 - Windows only

                file.seek(LOCKED_BYTE)  # others may read what stands before it
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
            else:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = ""
            with contextlib.suppress(OSError):
                file.seek(0)
                holder = file.read(MOST_TOLD_OF_HOLDER).decode("utf-8", "replace")
            by = f" ({' '.join(holder.split())})" if holder else ""
            raise StoreError(
                f"{folder}: another run is writing here{by}; wait for it, or choose another folder with --processed"
            ) from error
        # Only to be read: on a full disk the folder is held without it.
        with contextlib.suppress(OSError):
            file.truncate(0)
            began = time.strftime("%Y-%m-%d %H:%M:%S")
            words = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:120]
            file.write(f"process {os.getpid()} on {platform.node()}, since {began}: {words}\n".encode(errors="replace"))
            file.flush()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                file.truncate(0)


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed run was writing; to be called while the folder is locked."""
    for path in sorted(folder.glob(f"{TEMPORARY}*")):
        with _writing(path):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """Checksum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def body_of(path: Path) -> str:
    """Checksum of what a file holds, without what changes when somebody opens it."""
    with path.open("rb") as file:
        file.seek(GPKG_HEADER if path.suffix == ".gpkg" else 0)
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep_changed(path: Path, content: bytes, last: str) -> Path | None:
    """Put a file aside, as ``NAME.DAY.bak``, that somebody saved since its body was `last`; None without one."""
    if not path.is_file():
        return None
    start = GPKG_HEADER if path.suffix == ".gpkg" else 0
    if body_of(path) in {last, hashlib.sha256(memoryview(content)[start:]).hexdigest()}:
        return None
    day = time.strftime("%Y-%m-%d", time.localtime(path.stat().st_mtime))
    endings = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
    kept = next(name for end in endings if not (name := path.with_name(f"{path.name}.{day}{end}.bak")).exists())
    with _writing(path):
        path.rename(kept)
    return kept


class _Hashed(NamedTuple):
    """What a file was like when it was hashed."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    sha256: str


class Checksums:
    """
    SHA-256 of files, each hashed again only when its size, one of its time stamps or its inode has changed.

    Anybody can set back a time stamp, but not when the file was last changed in whatever way. A file hashed right after
    it was written, or of the future, is not remembered: a second change would not show.
    """

    NAME = ".checksums.json"

    def __init__(self, store: Store, *, verify: bool = False) -> None:
        self._store = store
        kept = {} if verify else (store.read_record(self.NAME) or {})
        self._known = {path: _Hashed(*facts) for path, facts in kept.items()}

    def of(self, path: Path) -> str:
        """Return the checksum of a file."""
        facts, name = path.stat(), str(path.absolute())
        known = self._known.get(name)
        stamps = (facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)
        if known is not None and known[:4] == stamps:
            return known.sha256
        began = time.time_ns()
        found = _Hashed(*stamps, sha256_of(path))
        if began - max(facts.st_mtime_ns, facts.st_ctime_ns) > SETTLED_NS:
            self._known[name] = found
        return found.sha256

    def save(self) -> None:
        """Keep them for the next run, those of files that are gone left out."""
        kept = {name: list(facts) for name, facts in self._known.items() if Path(name).is_file()}
        self._store.write_record(self.NAME, kept)


class Store:
    """The processed folder of one study."""

    def __init__(self, folder: Path, population_basis: str = "", *, keeps: bool = False) -> None:
        self.folder = Path(folder)
        self.population_basis = population_basis
        self._kept: dict[str, pd.DataFrame] | None = {} if keeps else None
        self._sizes: dict[str, int] = {}
        self._derived: dict[tuple[Sequence[str], str], Any] = {}

    def path_of(self, name: str) -> Path | None:
        """Find the file of a table, a raster or the summary. Returns None where it has not been written."""
        for ending in ENDINGS:
            path = self.folder / f"{name}{ending}"
            if path.is_file():
                return path
        return None

    def read(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame | Raster:
        """Read a table or raster, or some columns; ``unit_level!=settlement`` leaves out rows of that value."""
        if self._kept is not None and name in self._kept:
            return _lent(self._kept[name], columns)
        path = self.path_of(name)
        if path is None:
            raise StoreError(f"{self.folder}: no {name}; run the study first, or ask for it there: spatial run STUDY")
        import rasterio  # noqa: PLC0415 - only what reads and writes needs it
        from pyproj import CRS  # noqa: PLC0415 - as above

        try:
            if self._kept is None:  # a run knows what it reads by its manifests
                self.refuse_changed(path)
            found = path.stat()
            if path.suffix == ".tif":
                with rasterio.open(path) as file:
                    transform, crs = file.transform, CRS.from_wkt(file.crs.to_wkt())
                    sides = {"rows": file.height, "columns": file.width}
                if self._kept is None:
                    return Raster(_cells(path, found), transform, crs, name)
                # A run reads cells where they are looked at, each time anew: many a stage takes relief and seldom
                # needs it, and a grid that is kept is the largest thing in memory.
                fetch = functools.partial(_cells, path, found)
                return _Unread.of(transform, crs, name, fetch, **sides)
            # Of what is wanted without some rows all would be held: those of settlements, where towns are asked for.
            is_kept = (
                self._kept is not None
                and sum(self._sizes.values()) + found.st_size <= KEPT_BYTES
                and not _parts_of(columns)[1]
            )
            value = _read_table(path, None if is_kept else columns)
            if self._kept is None or not is_kept:
                return value
            self._kept[name], self._sizes[name] = value, found.st_size
            return _lent(value, columns)
        except StoreError:
            raise
        except (OSError, ValueError, KeyError, rasterio.errors.RasterioError) as error:
            raise _damaged(path, error) from error

    def keep_only(self, names: Collection[str]) -> None:
        """Let go of kept tables that nobody reads any more: a country's would stand beside all that follows."""
        for name in [name for name in self._kept or () if name not in names]:
            self._forget(name)

    def _forget(self, name: str) -> None:
        if self._kept is not None and self._kept.pop(name, None) is not None:
            del self._sizes[name]
            self._derived = {key: made for key, made in self._derived.items() if name not in key[0]}

    def rows_of(self, name: str) -> int:
        """Count the rows of a table without reading them; 0 where it is not there."""
        import pyarrow.parquet as pq  # noqa: PLC0415 - as above

        path = self.path_of(name)
        return 0 if path is None else int(pq.read_metadata(path).num_rows)

    def refuse_changed(self, path: Path) -> None:
        """Refuse a file that is not what the last finished run here made: one bit of it may be another number."""
        record = self.read_json("run.json")
        stages = record.get("stages") if isinstance(record, dict) else None
        for facts in stages.values() if isinstance(stages, dict) else ():
            made = facts.get("files") if isinstance(facts, dict) else None
            last = made.get(path.name) if isinstance(made, dict) else None
            if last is not None and path.is_file() and self._checksums.of(path) != last:
                raise StoreError(
                    f"{path}: is not what the last finished run made: another one is at work or was interrupted, or "
                    "somebody changed it; run the study again: spatial run STUDY"
                )

    @functools.cached_property
    def _checksums(self) -> Checksums:
        return Checksums(self)

    def derived(self, tables: Sequence[str], what: str, make: Callable[[], Any]) -> Any:
        """Make what follows from tables as they were read, or hand it out again as long as these are kept."""
        key = (tuple(tables), what)
        if key in self._derived:
            return self._derived[key]
        value = make()
        if self._kept is not None and self._kept.keys() >= set(tables):
            self._derived[key] = value
        return value

    def write(self, name: str, value: pd.DataFrame | Raster | dict[str, Any]) -> Path:
        """Write a table, checked against its contract, a raster or the summary."""
        if isinstance(value, dict):
            text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
            return self.write_file(Artifact(f"{name}.json", text.encode("utf-8")))
        self._forget(name)
        if isinstance(value, Raster):
            path = self.folder / f"{name}.tif"
            tags = self._notes(counts_people=name in PEOPLED_RASTERS)
            import rasterio  # noqa: PLC0415 - as above
            import rasterio.crs  # noqa: PLC0415
            import rasterio.io  # noqa: PLC0415

            rows, columns = value.values.shape
            # In memory: of a disk that is full when it closes a file, GDAL tells nobody.
            with replace(path) as temporary, rasterio.io.MemoryFile() as memory:
                with memory.open(
                    driver="GTiff",
                    width=columns,
                    height=rows,
                    count=1,
                    dtype="float64",
                    crs=rasterio.crs.CRS.from_wkt(value.crs.to_wkt()),
                    transform=value.transform,
                    nodata=float("nan"),
                    # As tables are packed: a fifth of the time of DEFLATE with a predictor, and a fifth more bytes.
                    compress="ZSTD",
                    zstd_level=1,
                    sparse_ok=True,
                    tiled=True,
                ) as file:
                    file.write(value.values[None], [1])  # a band alone would be copied first
                    file.update_tags(**tags)
                temporary.write_bytes(memory.getbuffer())
            return path
        if name in TABLES:
            TABLES[name].check(value)
        counts = name in TABLES and TABLES[name].counts_people
        path = self.folder / f"{name}.parquet"
        with replace(path) as temporary:
            write_table(temporary, name, value, self._notes(counts_people=counts))
        return path

    def _notes(self, *, counts_people: bool) -> dict[str, str]:
        return {BASIS: self.population_basis} if counts_people and self.population_basis else {}

    def write_file(self, artifact: Artifact, folder: Path | None = None) -> Path:
        """Write a file that a stage made."""
        path = (folder or self.folder) / artifact.name
        with replace(path) as temporary:
            temporary.write_bytes(artifact.content)
        return path

    def write_json(self, name: str, value: Any, *, keeps_order: bool = False) -> Path:
        """Write a JSON file, with sorted keys where their order says nothing."""
        text = json.dumps(value, indent=1, sort_keys=not keeps_order, ensure_ascii=False, default=str) + "\n"
        return self.write_file(Artifact(name, text.encode("utf-8")))

    def read_json(self, name: str) -> Any | None:
        """Read a JSON file of this folder; None where it is missing or is no JSON, as after a crash of the machine."""
        try:
            return json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None

    def write_record(self, name: str, value: dict[str, Any]) -> Path:
        """Write a JSON object with its own checksum, for what the runner decides by."""
        return self.write_json(name, value | {SEAL: _seal(value)})

    def read_record(self, name: str) -> dict[str, Any] | None:
        """Read such an object; None where it is missing, cut off or changed in any sign."""
        found = self.read_json(name)
        if not isinstance(found, dict):
            return None
        seal = found.pop(SEAL, None)
        return found if seal == _seal(found) else None

    def remove(self, path: Path) -> None:
        """Remove an output that is no longer made."""
        with _writing(path):
            path.unlink(missing_ok=True)


def _seal(value: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def _lent(value: pd.DataFrame, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Hand out what is kept so that nobody changes it: frames copy what is written to."""
    lent = value
    named, unwanted = _parts_of(columns)
    for name, left_out in unwanted:
        lent = lent.loc[lent[name] != left_out].reset_index(drop=True)
    lent = lent[[name for name in lent if name in named]] if named else lent
    lent = value.copy(deep=False) if lent is value else lent
    return _with_categories(lent) if CATEGORIES in (columns or ()) else lent


CATEGORIES = "texts=categories"
"""Among the columns that a stage takes: texts are categories in the order of texts, which a country has room for."""


def _with_categories(frame: pd.DataFrame) -> pd.DataFrame:
    """Hold each text once: those that are categories already are brought into order."""
    import pandas as pd  # noqa: PLC0415 - only what reads and writes needs it

    for name in frame:
        if isinstance(frame[name].dtype, pd.CategoricalDtype):
            frame[name] = frame[name].cat.set_categories(sorted(frame[name].cat.categories))
        elif isinstance(frame[name].dtype, pd.StringDtype):
            frame[name] = frame[name].astype("category")
    return frame


def _parts_of(columns: Sequence[str] | None) -> tuple[list[str], list[list[str]]]:
    """Tell columns that are wanted, all where there are none, from values of which rows are not."""
    parts = [item.split("!=") for item in columns or () if item != CATEGORIES]
    return [name for name, *value in parts if not value], [part for part in parts if len(part) > 1]


class _Unread(Raster):
    """A raster whose values are read when they are first looked at: many a stage takes relief and seldom needs it."""

    _fetch: Callable[..., FloatArray]

    @classmethod
    def of(
        cls, transform: Affine, crs: CRS, name: str, fetch: Callable[..., FloatArray], *, rows: int, columns: int
    ) -> Raster:
        raster = cls.__new__(cls)
        vars(raster).update(transform=transform, crs=crs, name=name, _fetch=fetch, _rows=rows, _columns=columns)
        return raster

    @property
    def shape(self) -> tuple[int, int]:
        return vars(self)["_rows"], vars(self)["_columns"]

    @functools.cached_property
    def values(self) -> FloatArray:
        return self._fetch()

    def _part(self, rows: slice, columns: slice) -> FloatArray:
        return super()._part(rows, columns) if "values" in vars(self) else self._fetch(rows, columns)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process as a raster with values."""
        return Raster, (self.values, self.transform, self.crs, self.name)


def _cells(path: Path, found: os.stat_result, rows: slice = slice(None), columns: slice = slice(None)) -> FloatArray:
    """Read cells of the raster that was found: those of another one would not fit its place."""
    import rasterio  # noqa: PLC0415 - only what reads and writes needs it

    try:
        now = path.stat()
        if (now.st_mtime_ns, now.st_size) != (found.st_mtime_ns, found.st_size):
            raise StoreError(f"{path}: another run wrote it again meanwhile; run once more")
        with rasterio.open(path) as file:
            row, row_end, _ = rows.indices(file.height)
            column, column_end, _ = columns.indices(file.width)
            cells: FloatArray = file.read(1, out_dtype="float64", window=((row, row_end), (column, column_end)))
            return cells
    except (OSError, rasterio.errors.RasterioError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> StoreError:
    return StoreError(f"{path}: is damaged ({error}); delete it and run the study again")


def column_notes(known: Field) -> dict[str, str]:
    """Say what a column is, as the data dictionary does."""
    return {"title": known.title, "description": known.description, "unit": known.unit}


def write_table(
    path: Path,
    name: str,
    frame: pd.DataFrame,
    file_notes: dict[str, str],
    *,
    told: Callable[[Field], dict[str, str]] = column_notes,
    covering: bool = False,
) -> None:
    """Write a table, with what is `told` of columns; `covering` lets readers skip groups of rows elsewhere."""
    import geopandas as gpd  # noqa: PLC0415 - only what reads and writes needs it
    import pandas as pd  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415
    from pyarrow import feather  # noqa: PLC0415

    # A file has the same bytes whichever way pandas holds texts.
    texts = {column: kind for column, kind in frame.dtypes.items() if isinstance(kind, pd.StringDtype)}
    held = {
        column: pd.StringDtype("python", text.na_value) for column, text in texts.items() if text.storage != "python"
    }
    plain = frame.reset_index(drop=True).astype(held)
    if isinstance(plain, gpd.GeoDataFrame):
        # What says that a column is geometry is geopandas' own, which it writes into files alone: into Parquet with
        # boxes, else into Arrow's own format, which is read as it stands.
        file = pa.BufferOutputStream()
        if covering:
            plain.to_parquet(file, index=False, compression=None, schema_version="1.1.0", write_covering_bbox=True)
            table = pq.ParquetFile(file.getvalue()).read()
        else:
            plain.to_feather(file, index=False, compression="uncompressed")
            table = feather.read_table(pa.BufferReader(file.getvalue()))
    else:
        table = pa.Table.from_pandas(plain, preserve_index=False)
    schema = table.schema
    groups = (table.slice(first, GROUP_ROWS) for first in range(0, max(len(table), 1), GROUP_ROWS))
    for index, field in enumerate(schema):
        if pa.types.is_list(field.type):  # Parquet's own name of what a list holds
            schema = schema.set(index, field.with_type(pa.list_(pa.field("element", field.type.value_type))))
        known = TABLES[name].field(field.name) if name in TABLES else None
        if known is not None:
            schema = schema.set(index, schema.field(index).with_metadata(told(known)))
    attrs = {"PANDAS_ATTRS": json.dumps(plain.attrs)} if plain.attrs else {}
    schema = schema.with_metadata({**(schema.metadata or {}), **attrs, **file_notes})
    # Pages depend on where the chunks of a column end, which tables that are put together have many of.
    rows = COVERED_ROWS if covering else None
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for group in groups:
            writer.write_table(group.cast(schema).combine_chunks(), row_group_size=rows)


def _read_table(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a table or some columns as geopandas does, but parse its CRS once: it is the same in all tables."""
    import geopandas as gpd  # noqa: PLC0415 - as above
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    named, unwanted = _parts_of(columns)
    # Threads take longer to begin than a small table takes to read.
    in_threads = path.stat().st_size > THREADED_BYTES
    with contextlib.ExitStack() as opened:
        file = opened.enter_context(pq.ParquetFile(path))  # pandas would open it as a folder of many files
        schema = file.schema_arrow
        names = [name for name in schema.names if name in named or not named]
        has_categories = CATEGORIES in (columns or ())
        kinds = {name: schema.field(name).type for name in names if has_categories}
        texts = [name for name, kind in kinds.items() if pa.types.is_string(kind) or pa.types.is_large_string(kind)]
        if unwanted:
            beside = [(name, "!=", value) for name, value in unwanted]
            table = pq.read_table(path, columns=names, filters=beside, read_dictionary=texts, use_threads=in_threads)
            table = table.combine_chunks()
        elif texts:
            file = opened.enter_context(pq.ParquetFile(path, read_dictionary=texts))
            table = file.read(names, use_threads=in_threads)
        else:
            table = file.read(names, use_threads=in_threads)
    metadata = table.schema.metadata or {}
    geo = json.loads(metadata.get(b"geo", b'{"columns": {}}'))
    order = list(table.slice(0, 0).to_pandas(use_threads=False).columns) if geo["columns"] else []
    shapes = [name for name in order if name in geo["columns"]]  # none where it is not read
    # A piece at a time, and columns freed as they are converted: a country's table is never there twice.
    pieces = {name: [shapely.from_wkb(np.array(part)) for part in table[name].chunks] for name in shapes}
    table = table.drop(shapes)
    is_large = table.nbytes > LARGE_BYTES
    frame = table.to_pandas(self_destruct=True, use_threads=in_threads)
    del table
    if is_large:
        pa.default_memory_pool().release_unused()
    for name in shapes:
        lines = np.concatenate([np.empty(0, dtype=object), *pieces[name]])
        crs = _crs_of(json.dumps(geo["columns"][name]["crs"]))
        frame.insert(order.index(name), name, gpd.GeoSeries(lines, index=frame.index, crs=crs))
    frame.attrs = json.loads(metadata.get(b"PANDAS_ATTRS", b"{}"))
    frame = _with_categories(frame) if has_categories else frame
    return gpd.GeoDataFrame(frame, geometry=geo["primary_column"]) if shapes else frame


@functools.lru_cache(maxsize=8)
def _crs_of(text: str) -> CRS | None:
    from pyproj import CRS  # noqa: PLC0415 - as above

    return None if text == "null" else CRS.from_json(text)
