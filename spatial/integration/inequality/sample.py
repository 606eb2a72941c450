"""What every measure of inequality reads: a good and the people who have it, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatial.access.labels import paired
from spatial.access.options import numbers
from spatial.errors import ContractError, first_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["Sample", "read_sample"]


@dataclass(frozen=True)
class Sample:
    """The places that count."""

    # A good, 0 or more; of the places whose good and people are known and that have people
    access: FloatArray
    share: FloatArray  # their share of the people; sums to 1
    kept: NDArray[np.bool_]  # which of the places given these are
    n_total: int  # places given; with both known; with one unknown
    n_valid: int
    n_nan: int
    pop_total: float  # people given; of places with both known
    pop_valid: float

    @property
    def mean(self) -> float:
        """
        Mean access of a person.

        Returns NaN where nobody counts.
        """
        return float(self.share @ self.access) if len(self.access) else float("nan")

    @property
    def defined(self) -> bool:
        """Whether relative inequality has a meaning."""
        return bool(self.mean > 0.0)


def read_sample(access: ArrayLike, population_persons: ArrayLike | None = None) -> Sample:
    """Read a good and the people who have it."""
    access, population_persons = paired(
        "inequality", access=(access, "places"), population_persons=(population_persons, "places")
    )
    value = np.atleast_1d(numbers("inequality", "access", access)).ravel()
    people = (
        np.ones_like(value)
        if population_persons is None
        else np.atleast_1d(numbers("inequality", "population_persons", population_persons)).ravel()
    )
    _refuse(value, people)
    valid = ~np.isnan(value) & ~np.isnan(people)
    kept = valid & (people > 0.0)
    total = float(people[valid].sum())
    return Sample(
        value[kept],
        people[kept] / total if total > 0.0 else people[kept],
        kept,
        len(value),
        int(valid.sum()),
        int((~valid).sum()),
        float(np.nansum(people)),
        total,
    )


def _refuse(value: FloatArray, people: FloatArray) -> None:
    if len(value) != len(people):
        raise ContractError(
            "inequality", [f"population_persons: {len(people)} for {len(value)} values of access"]
        )
    problems = []
    for name, column, remedy in (
        ("access", value, "times are bads, and may be endless: make scores of 0-1 of them first"),
        ("population_persons", people, "people are 0 or more; NaN where unknown"),
    ):
        wrong = np.flatnonzero((column < 0.0) | np.isinf(column))
        if len(wrong):
            problems.append(
                f"{name}: negative or infinite in {len(wrong)} row(s) {first_of(wrong)}; {remedy}"
            )
    if problems:
        raise ContractError("inequality", problems)
