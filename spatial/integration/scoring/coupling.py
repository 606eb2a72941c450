"""Coupling coordination: whether systems stand high together (Wang et al. 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from spatial.access.labels import paired
from spatial.errors import ContractError
from spatial.integration.scoring.scores import read_scores, read_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["Coupling", "coupling_coordination"]


@dataclass(frozen=True)
class Coupling:
    """
    How systems stand to each other.

    Parameters
    ----------
    u : ndarray of float64, (..., systems)
        The systems, as given: a high coupling of low systems is balance at a low level.
    coupling : ndarray of float64
        C, 0-1: how alike they are.
    level : ndarray of float64
        T, 0-1: how high they are.
    coordination : ndarray of float64
        ``D = sqrt(C T)``, 0-1.
    """

    u: FloatArray
    coupling: FloatArray
    level: FloatArray
    coordination: FloatArray


def coupling_coordination(
    u: ArrayLike, form: Literal["wang", "standard"] = "wang", *, weights: ArrayLike | None = None
) -> Coupling:
    """
    Measure how well systems are coordinated, such as access in town and in the country.

    Parameters
    ----------
    u : array_like, (systems,) or (units, systems)
        Two or more systems, 0-1 by fixed goalposts. NaN = unknown.
    form : {'wang', 'standard'}
        The corrected coupling, which spreads over 0-1, or geometric by arithmetic mean, which crowds near 1.
    weights : array_like, optional
        One a system, for the level; equal by default.

    Returns
    -------
    Coupling
        C, T and D beside the systems; NaN where one system is unknown; C = 0 where all are 0.

    Raises
    ------
    ContractError
        For numbers outside 0-1, fewer than two systems, or an unknown form.

    Notes
    -----
    Standard: ``C = (prod U)^(1/n) / mean U``. Corrected: ``C = sqrt((1 - sum_{i>j} |U_i - U_j| / (n (n - 1) / 2)) *
    (prod U_i / max U)^(1 / (n - 1)))``, each U divided by the largest before the product.

    Examples
    --------
    >>> pair = coupling_coordination([0.8, 0.2])
    >>> round(float(pair.coupling), 7), float(pair.level), round(float(pair.coordination), 7)
    (0.3162278, 0.5, 0.3976354)
    """
    if form not in ("wang", "standard"):
        raise ContractError("scores", [f"form: is {form!r}, must be wang or standard"])
    u, weights = paired("scores", u=(u, "units systems"), weights=(weights, "systems"))
    systems = np.atleast_1d(read_scores("u", u, unknown=True))
    n = systems.shape[-1]
    if n < 2:
        raise ContractError("scores", [f"u: {n} system(s); coupling needs two or more"])
    level = systems @ read_weights(weights, n)
    most = systems.max(axis=-1)
    some = most > 0.0
    coupling = _standard(systems) if form == "standard" else _wang(systems, np.where(some, most, 1.0))
    coupling = np.where(np.isnan(most), np.nan, np.where(some, coupling, 0.0))
    return Coupling(systems, coupling, level, np.sqrt(coupling * level))


def _standard(u: FloatArray) -> FloatArray:
    mean = u.mean(axis=-1)
    geometric = np.prod(u ** (1.0 / u.shape[-1]), axis=-1)
    ratio = np.divide(geometric, mean, out=np.zeros_like(mean), where=mean > 0.0)
    return np.asarray(np.minimum(1.0, ratio), dtype=np.float64)


def _wang(u: FloatArray, most: FloatArray) -> FloatArray:
    n = u.shape[-1]
    ordered = np.sort(u, axis=-1)
    apart = ordered @ (2.0 * np.arange(n) - n + 1.0) / (n * (n - 1) / 2.0)
    alike = np.prod((u / most[..., None]) ** (1.0 / (n - 1)), axis=-1)
    return np.asarray(np.sqrt(np.clip((1.0 - apart) * alike, 0.0, 1.0)), dtype=np.float64)
