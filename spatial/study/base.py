"""What all options have in common, whether a study file or a call states them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from inspect import cleandoc
from math import inf
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from spatial.errors import ContractError
from spatial.messages import in_languages

LETTERS_OF_KEY = 80
"""How much of a key, or of a value, is told."""
LARGEST = {"_min": 525_600.0, "_km_h": 1000.0, "_m": 1e8, "_km": 1e5, "_factor": 1e6, "nodata": inf, "": 1e15}
"""Largest numbers by the end of their key: a year, no road's speed, twice round the Earth; any other."""
LEAST_SPEED = 0.01
"""Least speed, and least factor on one, but for 0: ten metres an hour. Times of less than that are no numbers."""
_GROUP_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TAKEN = ("population", "official", "listed")


def unrepeated(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """Refuse a list that names something twice."""
    twice = [repr(item) for item, number in Counter(items).items() if number > 1]
    if twice:
        raise ValueError(f"name each one once; more than once: {', '.join(twice)}")
    return items


def _on_every_system(path: str) -> str:
    if "\0" in path:
        raise ValueError("holds a NUL, which no name of a file can")
    return path.replace("\\", "/")


FilePath = Annotated[str, AfterValidator(_on_every_system)]
"""A file as a study names it; one that was written with backslashes is the same file, and told alike, everywhere."""


ByLanguage = Annotated[dict[str, str], AfterValidator(in_languages)]


def positive(numbers: tuple[float, ...]) -> tuple[float, ...]:
    """Refuse a list with a number that is not above 0."""
    if min(numbers, default=1.0) <= 0:
        raise ValueError("every number must be above 0")
    return numbers


Positive, Unrepeated = AfterValidator(positive), AfterValidator(unrepeated)
Names = Annotated[tuple[str, ...], Unrepeated]


def one_in_a_list(value: Any) -> Any:
    """Take one table for a list of one."""
    return (value,) if isinstance(value, dict) else value


def limited(number: float | None) -> float:
    """Refuse a number that sets no limit, as a call may and a study does not."""
    if number is None or not 0 < number < inf:
        raise ValueError("must be above 0 and finite")
    return number


def refuse_group_names(names: Iterable[str]) -> None:
    """Refuse names of groups of people that cannot begin the name of a column."""
    wrong = sorted(name for name in names if not _GROUP_NAME.fullmatch(name) or name in _TAKEN)
    if wrong:
        raise ValueError(
            f"{', '.join(wrong)}: a group is named with small letters, digits and _, and not {', '.join(_TAKEN)}"
        )


def refuse_text(value: Any) -> Any:
    """Refuse texts and truth values, which pydantic would read as numbers."""
    if isinstance(value, bool | str | bytes):
        raise ValueError("must be a number")  # noqa: TRY004 - pydantic collects ValueErrors
    return value


def option(default: Any, description: str, **limits: Any) -> Any:
    """Declare an option: its default, what it is, and what pydantic holds it to."""
    return Field(default, description=description, **limits)


def section(model: type[Model]) -> Any:
    """Declare a part of the options that may be left out."""
    return Field(default_factory=model)


class Model(BaseModel):
    """Frozen options of file and Python alike: faults of a study keep their keys, a call's are a `ContractError`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)
    sums_of_money: ClassVar[frozenset[str]] = frozenset()
    """Options that end in the unit that they are the price of, and are no such measure."""

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            words = re.sub(r"(?<!^)(?=[A-Z])", " ", type(self).__name__).lower()
            raise ContractError(words, faults_of(error)) from None

    @field_validator("*", mode="before")
    @classmethod
    def _no_flag(cls, value: Any, told: ValidationInfo) -> Any:
        """Refuse true and false for a number, which pydantic takes for 1 and 0."""
        numeric = {int, float, int | None, float | None}
        if isinstance(value, bool) and cls.model_fields[told.field_name or ""].annotation in numeric:
            raise ValueError("must be a number")
        return value

    @field_validator("*")
    @classmethod
    def _of_this_world(cls, value: Any, told: ValidationInfo) -> Any:
        """Refuse numbers that nothing can have; a call says that there is no limit by inf."""
        name = told.field_name or ""
        measured = "" if name in cls.sums_of_money else name
        most = next(limit for end, limit in LARGEST.items() if measured.endswith(end))
        for number in value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,):
            if isinstance(number, int | float) and most < abs(number) < inf:
                raise ValueError(f"must be at most {most:,.0f}, in size")
            is_speed = name.endswith(("_km_h", "_factor", "_factors"))
            if is_speed and isinstance(number, float) and 0 < number < LEAST_SPEED:
                raise ValueError(f"must be at least {LEAST_SPEED:g}")
        return value

    # Inside a study, pydantic makes models without calling this, so that faults are told with their whole key.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Write what each option is into the docstring, so that `help` tells what the study file tells."""
        told = "".join(
            f"\n{name}\n    {field.description}." for name, field in cls.model_fields.items() if field.description
        )
        cls.__doc__ = f"{cleandoc(cls.__doc__ or '')}\n\nParameters\n----------{told}\n"

    @classmethod
    def from_options(cls, options: Any, **more: Any) -> Self:
        """Take the options that two models share, and those that come from elsewhere."""
        shared = [name for name in cls.model_fields if name not in more and hasattr(options, name)]
        return cls(**{name: getattr(options, name) for name in shared}, **more)


_WANTED = {
    "tuple": "a list, in square brackets; or each of its tables below a line in double ones",
    "dict": "keys with values, in braces or below a line in square brackets",
    "model": "keys with values, in braces or below a line in square brackets",
    "string": "a text, in quotation marks",
    "path": "a path, in quotation marks",
    "float": "a number, without a unit or quotation marks",
    "int": "a whole number, without a unit or quotation marks",
    "bool": "true or false",
}
"""What to write where a value is of another kind, by the first word of what pydantic calls the fault."""


def faults_of(error: ValidationError, study: str = "") -> list[str]:
    """Word every fault behind its key, once (`study` for the whole): a faulty item makes a list not too short."""
    items: list[Any] = error.errors()
    within = {item["loc"][:-1] for item in items if item["loc"]}
    return [
        fault
        for item in items
        if item["type"] != "too_short" or item["loc"] not in within
        for fault in _faults(item, study)
    ]


def _faults(item: Any, study: str) -> tuple[str, ...]:
    inner = item.get("ctx", {}).get("error")
    if isinstance(inner, ContractError):  # a check of the middle has named the key and the value already
        return inner.problems
    key = ".".join(str(part)[:LETTERS_OF_KEY] for part in item["loc"]) or study
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        return (f"{key}: unknown key; `spatial init` lists every key" if study else f"{key}: unknown option",)
    if item["type"] == "missing":
        return (f"{key}: missing",)
    shown = repr(item["input"])
    if item["type"] == "too_short":
        message = f"give at least {item['ctx']['min_length']}"
    if item["type"].startswith("date"):
        message = "must be a day of the calendar, such as 2026-06-30"
    kind, _, fault = item["type"].partition("_")
    if kind in _WANTED and fault in ("type", "attributes_type", "parsing", "from_float"):
        message = f"must be {_WANTED[kind]}"
    if item["type"] == "string_pattern_mismatch":
        message = "must be small letters a-z, digits, - and _ alone, begin with a letter or digit, and be short"
    message = message.replace("Input should be", "must be")
    told = f"{key}: {message}" if key else message
    return (told + ("" if len(shown) > LETTERS_OF_KEY else f" (found {shown})"),)
