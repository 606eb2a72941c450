"""What a stage declares: what it reads, what it makes and which options of the study it takes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from spatial.errors import SpatialError
from spatial.rasters import Raster
from spatial.store import Artifact
from spatial.study import PlannedStudy as Keys
from spatial.study import Study

if TYPE_CHECKING:
    import pandas as pd

    Derived = Callable[[Sequence[str], str, Callable[[], Any]], Any]
    StageFunction = Callable[..., "Mapping[str, Value | list[Artifact]]"]
else:
    Keys = object  # a type checker sees the keys of a study

Value: TypeAlias = "pd.DataFrame | Raster | dict[str, Any]"
Progress: TypeAlias = "Callable[[float, str], None]"


EVERYTHING = tuple(key for key in Study.model_fields if key != "raw")
"""All keys of a study, for what looks at it as a whole."""


def silent(_fraction: float, _part: str) -> None:
    """Report no progress; parts of a stage are told by their ids, such as a mode or a service, the whole by none."""


class Late:
    """The function of a stage, imported when it is called, so that what has nothing to do imports nothing."""

    def __init__(self, module: str, name: str) -> None:
        self.__module__ = module
        self.__qualname__ = name

    def load(self) -> StageFunction:
        """Import the function."""
        function: StageFunction = getattr(import_module(self.__module__), self.__qualname__)
        return function

    def __call__(self, **tables_and_options: Any) -> Any:
        """Import the function and call it."""
        return self.load()(**tables_and_options)


_READERS = frozenset({"sources", "scenario", "scenarios"})
"""Keys of which a stage that reads lists of the user's own declares one."""


@dataclass(frozen=True)
class Asked:
    """What stages take of keys of the study through one function, whose result stands for the keys."""

    function: Late  # takes the options and the `offered` services
    keys: tuple[str, ...]  # what it may look at


@dataclass(frozen=True)
class Stage:
    """A plain function with a declaration."""

    name: str  # the stage's name
    # takes each table and raster that it reads as the parameter of that name, ``options`` and ``progress``; returns
    # what it makes by name, and files as a list of `Artifact` under the key ``"files"``
    function: StageFunction
    # tables and rasters it takes from earlier stages; a trailing ``?`` marks one that may be absent
    reads: tuple[str, ...] = ()
    # tables and rasters it returns; a trailing ``?`` marks one that may be absent
    makes: tuple[str, ...] = ()
    # keys of the study that it may look at: a section, or with a dot one key of it. Others are refused, so that the
    # fingerprint is complete
    options: tuple[str, ...] = ()
    files: Literal["processed", "maps"] | None = None  # the folder that its files belong in
    reads_raw: bool = False  # whether it opens raw files, whose checksums then belong to its fingerprint
    # whether it takes its inputs from the folder of the run that this one is built on
    reads_base: bool = False
    # what it takes of keys that it does not declare, as JSON values of these keys and of what there is: they may change
    # without it, and it does not run again
    asks: Asked | None = None
    # what it takes of the time of a first run beside other stages, by which its progress is told
    share: float = 1.0
    # columns that it takes of tables of which it takes some, none of a table that it does without: a country's need not
    # be read whole. Or a function that says so of the tables that are there, by the options and what counts rows.
    columns: Mapping[str, tuple[str, ...]] | Late = field(default_factory=dict)


def make_anew(_tables: Sequence[str], _what: str, make: Callable[[], Any]) -> Any:
    """Make what follows from tables, keeping nothing."""
    return make()


class Options(Keys):
    """The part of a study, or of a section of it, that a stage has declared."""

    def __init__(self, study: Study, keys: tuple[str, ...], derived: Derived = make_anew, *, section: str = "") -> None:
        self._study = study
        self._keys = keys
        self._section = section
        # Makes what several stages of a run take from the same tables, such as a graph, but once.
        self.derived = derived

    def __getattr__(self, key: str) -> Any:
        """Return a declared option and refuse any other."""
        if key.startswith("_"):
            raise AttributeError(key)
        value, single = getattr(self._study, key), tuple(name for name in self._keys if name.startswith(f"{key}."))
        if key in self._keys:
            return value
        if single:
            return Options(value, tuple(name.removeprefix(f"{key}.") for name in single), section=f"{key}.")
        named = ", ".join(f"{self._section}{known}" for known in self._keys)
        raise SpatialError(f"the stage has not declared the option '{self._section}{key}'; it takes {named}")

    @property
    def columns_named(self) -> dict[str, tuple[str, ...]]:
        """Name the columns of lists that keys of the study name, whichever keys are declared."""
        return self._study.columns_named

    def beyond(self, keys: tuple[str, ...]) -> Options:
        """Look at other keys, in the function of `Stage.asks` alone: its result stands for them in the fingerprint."""
        return Options(self._study, keys, self.derived)

    def raw_path(self, path: str) -> Path:
        """Where a small file of the user's own lies, such as a register of norms."""
        return self._study.raw_path(path)

    def declared_study(self) -> Study:
        """Return the study with every option that was not declared at its default."""
        blank = {"name": "study", "title": {"en": "study"}, "as_of": dt.date.min}
        fields = type(self._study).model_fields
        undeclared = [key for key in fields if key not in self._keys and key not in {"raw", "sources"}]
        defaults = {
            key: blank[key] if key in blank else fields[key].get_default(call_default_factory=True)
            for key in undeclared
        }
        return self._study.model_copy(update=defaults)

    def dump(self) -> dict[str, Any]:
        """Return the declared options as JSON values."""
        # A section that is declared whole wins over single keys of it.
        include: dict[str, Any] = {key: True for key in self._keys if "." not in key}
        for section, _, key in (key.partition(".") for key in self._keys if "." in key):
            if include.setdefault(section, set()) is not True:
                include[section].add(key)
        dumped: dict[str, Any] = self._study.model_dump(mode="json", include=include)
        return dumped | ({"columns_named": self.columns_named} if _READERS.intersection(self._keys) else {})
