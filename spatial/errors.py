"""The errors that `spatial` raises, each of them also the builtin that fits.

::

    SpatialError                              exit code 1
    |-- StudyError(ValueError)                2   the study file is wrong; every fault with its key
    |-- DataError                             3
    |   |-- ContractError(ValueError)         3   a table breaks its contract; .table, .problems
    |   |-- CrsError(ValueError)              3   no CRS, or degrees where metres are needed
    |   `-- SourceError(OSError)              3   a source is missing, damaged or not what it claims to be
    |-- InfeasibleError(ValueError)           4   a plan cannot meet its constraint; .bound says what can
    |-- NetworkError(ValueError)              5   an empty network, or nothing can be snapped
    |-- StoreError(OSError)                   6   unwritable, full, locked
    |-- WorkersError(ConnectionError)         7   workers or their scheduler are lost, or do not answer
    |-- StageError                            exit code of its cause; names the stage
    |                                         70  where the cause is no SpatialError: ours to mend
    `-- MissingDependencyError(ImportError)   1   names the extra to install

Exit code 70 is an error that nobody raised on purpose: a fault of the package, or of a library that it uses. The
command line names the stage, and the file where it is known, and says what to send so that it is mended; ``--debug``,
before the command or behind it, shows the traceback. 130 is an interruption: finished stages are kept.

A message says what, where (first ids and a count) and what to do. Every error survives pickling, so that it can
cross a process pool.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import TypeVar

__all__ = [
    "UNFORESEEN", "ContractError", "CrsError", "DataError", "InfeasibleError", "MissingDependencyError",
    "NetworkError", "SourceError", "SpatialError", "StageError", "StoreError", "StudyError", "WorkersError",
    "faults_at", "first_of", "of_kind", "refuse",
]  # fmt: skip


Given = TypeVar("Given")

UNFORESEEN = 70
"""Exit code of an error that no line of this package raises on purpose (EX_SOFTWARE of sysexits.h)."""


MOST_TOLD = 200
"""Problems of one study or table that are told; the others are counted."""


def first_of(ids: Iterable[object], *, limit: int = 5) -> str:
    """Name the first few ids and count the rest, for an error message."""
    items = list(ids)
    named = ", ".join(repr(_plain(item)) for item in items[:limit])
    dots = ", ..." if len(items) > limit else ""
    return f"{named}{dots} ({len(items)} in all)"


def _listed(problems: Sequence[str], word: str) -> str:
    """Count problems by a word for one, and tell each on its own line; of very many the first and how many more."""
    lines = [f"  - {problem}" for problem in problems[:MOST_TOLD]]
    more = [f"  ... and {len(problems) - MOST_TOLD:,} more"] if len(problems) > MOST_TOLD else []
    return "\n".join([f"{len(problems)} {word}{'' if len(problems) == 1 else 's'}", *lines, *more])


def _plain(item: object) -> object:
    """Give numbers of numpy, alone or in pairs, as the user wrote them."""
    if isinstance(item, tuple):
        return tuple(_plain(part) for part in item)
    return getattr(item, "item", lambda: item)()


class SpatialError(Exception):
    """Any error that this package raises on purpose."""

    exit_code: int = 1


class StudyError(SpatialError, ValueError):
    """
    The study file is wrong.

    Parameters
    ----------
    where : str
        The study file, or what stands for it.
    problems : sequence of str
        Every fault, each beginning with the key it is about.
    """

    exit_code = 2

    def __init__(self, where: str, problems: Sequence[str]) -> None:
        self.where = where
        self.problems = tuple(problems)
        super().__init__(where, self.problems)

    def __str__(self) -> str:
        """Return every fault on a line of its own."""
        return f"{self.where}: {_listed(self.problems, 'fault')}"


class DataError(SpatialError):
    """The data are not what the work needs."""

    exit_code = 3


class ContractError(DataError, ValueError):
    """
    A table breaks its contract.

    Parameters
    ----------
    table : str
        The table's name, with its file where there is one.
    problems : sequence of str
        Every breach: column, what is wrong, first ids, count, remedy.
    """

    def __init__(self, table: str, problems: Sequence[str]) -> None:
        self.table = table
        self.problems = tuple(problems)
        super().__init__(table, self.problems)

    def __str__(self) -> str:
        """Return every breach on a line of its own."""
        return f"table {self.table}: {_listed(self.problems, 'problem')}"


def refuse(where: str, problems: Sequence[str], error: type[ContractError | StudyError] = ContractError) -> None:
    """Raise all problems at once, each once, where there is any."""
    if problems:
        raise error(where, list(dict.fromkeys(problems)))


def faults_at(told: str, ids: Iterable[object], remedy: str = "", *, limit: int = 5) -> list[str]:
    """Word a fault with the first of those that have it, for `refuse`; nothing where none has."""
    items = list(ids)
    return [f"{told} {first_of(items, limit=limit)}{remedy}"] if items else []


def of_kind(name: str, given: Given, *kinds: type, required: bool = False) -> Given:
    """Return an object of options as it is given, or None where none is required; refuse what is no such object."""
    if isinstance(given, kinds) or (given is None and not required):
        return given
    wanted = " or ".join(kind.__name__ for kind in kinds) + ("" if required else ", or leave it out")
    raise ContractError("options", [f"{name}: is a {type(given).__name__}; give {wanted}"])


class _SaidError(Exception):
    """Tells its message as given, without the errno form of OSError."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)

    def __str__(self) -> str:
        """Return the message."""
        return self.message


class CrsError(DataError, ValueError):
    """No coordinate reference system, or degrees where metres are needed."""


class SourceError(_SaidError, DataError, OSError):
    """
    A source is missing, damaged or not what it claims to be.

    Parameters
    ----------
    message : str
        What is wrong with which file, and the remedy.
    """


class InfeasibleError(SpatialError, ValueError):
    """
    A plan cannot meet its constraint.

    Parameters
    ----------
    message : str
        Which constraint cannot be met, and why.
    bound : float, optional
        The best value that can be met.
    """

    exit_code = 4

    def __init__(self, message: str, bound: float | None = None) -> None:
        self.message = message
        self.bound = bound
        super().__init__(message, bound)

    def __str__(self) -> str:
        """Return the message with the bound."""
        return self.message if self.bound is None else f"{self.message} (the best possible is {self.bound:g})"


class NetworkError(SpatialError, ValueError):
    """An empty network, or nothing that can be snapped to it."""

    exit_code = 5


class StoreError(_SaidError, SpatialError, OSError):
    """
    The processed folder cannot be written, is full or is locked.

    Parameters
    ----------
    message : str
        What could not be done, where, and the remedy.
    """

    exit_code = 6


class WorkersError(_SaidError, SpatialError, ConnectionError):
    """
    Workers of a cluster or their scheduler are lost, do not answer or are others than they must be.

    Parameters
    ----------
    message : str
        What is lost, where, and how to go on.
    """

    exit_code = 7


class StageError(SpatialError):
    """
    A stage of the pipeline failed.

    Parameters
    ----------
    stage : str
        The stage's name.
    message : str
        The message of the cause.
    exit_code : int
        The exit code of the cause; `UNFORESEEN` where that is an error of a library, or a fault of this package.
    """

    def __init__(self, stage: str, message: str, exit_code: int = 1) -> None:
        self.stage = stage
        self.message = message
        self.exit_code = exit_code
        super().__init__(stage, message, exit_code)

    def __str__(self) -> str:
        """Return the message behind the stage's name."""
        return f"stage {self.stage}: {self.message}"


class MissingDependencyError(SpatialError, ImportError):
    """
    An optional dependency is not installed.

    Parameters
    ----------
    package : str
        What is missing.
    extra : str
        The extra that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        self.package = package
        self.extra = extra
        super().__init__(package, extra)

    def __str__(self) -> str:
        """Return the command that mends it."""
        return f"{self.package} is not installed: pip install 'spatial-integration[{self.extra}]'"


def file_of(error: BaseException) -> Path | None:
    """Find the file that was being read in what the lines of the package that the error came through hold."""
    named = getattr(error, "filename", None)
    if isinstance(named, str):
        return Path(named)
    package = Path(__file__).parent
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        if str(frame.f_globals.get("__name__", "")).startswith("spatial."):
            for value in (frame.f_locals.get("path"), frame.f_locals.get("file")):
                if isinstance(value, Path) and value.is_file() and not value.is_relative_to(package):
                    return value
    return None


def unforeseen_lines(error: BaseException, where: str, shown: str) -> list[str]:
    """Tell an error that no line raises on purpose: what, in which file, what to send us, how to see the traceback."""
    where = f"stage {error.stage}" if isinstance(error, StageError) else where
    cause = error.__cause__ if isinstance(error, StageError) and error.__cause__ else error
    said = " ".join(str(cause).split())
    told = [f"error: {where}: {type(cause).__name__}" + (f": {said}" if said else "")]
    file = file_of(cause)
    if file is not None:
        told.append(f"file: {file}")
    # Where there is no room for a library itself, the system says so in words of its own.
    is_full = any(words in said for words in ("failed to map segment", "Cannot allocate memory"))
    if is_full or isinstance(cause, MemoryError | BrokenExecutor):
        told.append(
            "The memory of this machine did not suffice. Close other programs, take a smaller region, a smaller "
            "buffer_km or coarser rasters, or run it on a machine with more memory; finished stages are kept."
        )
    elif isinstance(cause, UnicodeEncodeError) and "surrogates" in cause.reason:
        told.append(
            "A path holds letters that the locale of this terminal does not know. Set PYTHONUTF8=1, or a locale "
            "such as LC_ALL=C.UTF-8, and try again."
        )
    else:
        told.append(
            "This is a fault of spatial or of a library that it uses: it is ours to mend, not yours. Please send us "
            "this message, the study file, what `spatial --version` says, and what this shows:"
        )
        told.append(shown)
    return told
