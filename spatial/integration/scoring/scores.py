"""What every function of this room reads: scores between 0 and 1, and weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.access.options import numbers
from spatial.errors import ContractError, first_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["read_scores", "read_weights"]

ROUNDING = 1e-9
"""A score this little outside 0-1 is a rounding, and is put on the bound."""


def read_scores(name: str, values: ArrayLike, *, unknown: bool = False) -> FloatArray:
    """Read scores."""
    scores = numbers("scores", name, values)
    outside = (scores < -ROUNDING) | (scores > 1.0 + ROUNDING)
    problems = []
    if bool(outside.any()):
        at = _where(outside)
        problems.append(
            f"{name}: outside 0-1 at {len(at)} place(s) {first_of(at)}; score with fixed goalposts first"
        )
    if not unknown and bool(np.isnan(scores).any()):
        at = _where(np.isnan(scores))
        problems.append(f"{name}: NaN at {len(at)} place(s) {first_of(at)}; leave these out first")
    if problems:
        raise ContractError("scores", problems)
    return np.clip(scores, 0.0, 1.0)


def read_weights(weights: ArrayLike | None, count: int) -> FloatArray:
    """Read weights."""
    if weights is None:
        return np.full(count, 1.0 / max(count, 1))
    given = np.atleast_1d(numbers("scores", "weights", weights)).ravel()
    if len(given) != count:
        raise ContractError("scores", [f"weights: {len(given)} for {count} columns"])
    if not bool(np.isfinite(given).all()) or bool((given < 0.0).any()) or not given.sum() > 0.0:
        raise ContractError("scores", ["weights: must be finite, 0 or more, and not all 0"])
    return np.asarray(given / given.sum(), dtype=np.float64)


def _where(mask: NDArray[np.bool_]) -> list[str]:
    return [",".join(str(int(part)) for part in at) for at in np.argwhere(np.atleast_1d(mask))]
