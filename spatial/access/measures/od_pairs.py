"""The door of the measures: frames of pairs, settlements and facilities become checked numbers."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spatial.access.measures.decays import Decay
from spatial.access.measures.id_positions import id_positions
from spatial.access.measures.kernels_pairs import APART, BAD, NOT_ALL_COUNT, TWICE, examine_pairs
from spatial.access.measures.links import Links
from spatial.access.options import numbers
from spatial.access.place_checks import check_table
from spatial.access.places import asked_for, existing
from spatial.compiled import read_only
from spatial.errors import ContractError, first_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spatial.sources.services import Vocabulary

__all__ = ["Pairs", "read_pairs", "require_columns", "require_decay", "require_within", "statuses"]

_log = logging.getLogger(__name__)

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int32]
LongArray: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of n settlements and m facilities of one service, by position, each pair once and with finite minutes."""

    # the rows that the positions mean: all settlements, and the existing facilities of the service
    settlements: pd.DataFrame
    facilities: pd.DataFrame
    service: str  # the service as it was asked for, or several joined by ``+``
    # modes of the pairs joined by ``+``; the fastest of them counts. Empty where the pairs name none
    mode: str
    links: Links  # positions of settlement and facility, in the order of settlements
    minutes: FloatArray  # shape (pairs,), 0 or more, finite
    cutoff_min: float  # minutes at which the pairs end, where that is known; inf otherwise

    @property
    def origin(self) -> LongArray:
        """Position of the settlement of each pair."""
        return self.links.origin

    @property
    def destination(self) -> IntArray:
        """Position of the facility of each pair."""
        return self.links.destination

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of settlements and of facilities."""
        return self.links.shape


def read_pairs(
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
) -> Pairs:
    """Check the frames and turn ids into positions."""
    require_columns("od", od, ("from_id", "to_id", "travel_time_min"))
    if "group" in od and len(od["group"].unique()) > 1:
        raise ContractError(
            "od", ["group: pairs of several groups; choose those of one, od[od['group'] == ...]"]
        )
    origins = _index("settlements", settlements, "settlement_id")
    goals = _index("facilities", facilities, "facility_id")
    require_columns("facilities", facilities, ("service",))
    asked = asked_for(service, facilities, vocabulary=vocabulary)
    i, j = id_positions(_ids("od", od, "from_id"), origins), id_positions(_ids("od", od, "to_id"), goals)
    minutes = np.ascontiguousarray(numbers("od", "travel_time_min", od["travel_time_min"]))
    chosen = existing(facilities.assign(_at=np.arange(len(facilities))))  # type: ignore[arg-type]
    chosen = chosen.loc[chosen["service"].isin(asked.kinds).to_numpy(dtype=bool)]
    position = np.full(len(facilities), -1, dtype=np.int32)
    position[chosen["_at"].to_numpy()] = np.arange(len(chosen))
    modes = od["mode"].array if "mode" in od else None
    shape = (len(origins), len(chosen))
    state, start = _examined((i, j, minutes), position, shape)
    if state == BAD:
        _refuse_pairs(od, (i, j), minutes)
    j = position[j] if len(chosen) < len(facilities) else j
    if state & (NOT_ALL_COUNT | APART):
        rows = np.flatnonzero(np.isfinite(minutes) & (j >= 0))
        rows = rows[np.argsort(i[rows], kind="stable")] if state & APART else rows
        i, j, minutes = i[rows], j[rows], minutes[rows]
        modes = None if modes is None else modes[rows]
        state, start = _examined((i, j, minutes), _all(len(chosen)), shape)
    if state & TWICE:
        key = i * np.int64(max(len(chosen), 1)) + j
        _check_once(key, modes, (origins, pd.Index(chosen["facility_id"])))
        fastest = _fastest(key, minutes)
        i, j, minutes = i[fastest], j[fastest], minutes[fastest]
        _, start = _examined((i, j, minutes), _all(len(chosen)), shape)
    return Pairs(
        settlements=settlements,
        facilities=chosen.drop(columns="_at"),
        service=asked.name,
        mode="+".join(
            [] if modes is None else sorted({str(mode) for mode in pd.unique(modes) if not pd.isna(mode)})
        ),
        links=Links(start, j, shape),
        minutes=minutes,
        cutoff_min=float(od.attrs.get("cutoff_min", np.inf)),
    )


def _examined(
    pairs: tuple[IntArray, IntArray, FloatArray], position: IntArray, shape: tuple[int, int]
) -> tuple[int, LongArray]:
    """Tell the state of the pairs, and where those of each place start."""
    start, latest = np.empty(shape[0] + 1, dtype=np.int64), np.full(shape[1], -1, dtype=np.int32)
    i, j, minutes = pairs
    return examine_pairs((i, j, read_only(minutes)), position, (start, latest)), start


def _all(m: int) -> IntArray:
    """Say that all of m facilities count."""
    return np.arange(m, dtype=np.int32)


def require_columns(table: str, frame: pd.DataFrame, columns: Iterable[str]) -> None:
    """Refuse a frame that lacks columns."""
    check_table(frame, table)
    missing = [f"{name}: no such column" for name in columns if name not in frame]
    if missing:
        raise ContractError(table, missing)


def _ids(table: str, frame: pd.DataFrame, key: str) -> pd.Series:
    """Refuse ids that pandas makes no index of: only every second number above 2048 is one of them."""
    if frame[key].dtype == np.float16:
        raise ContractError(
            table, [f"{key}: float16 cannot tell large ids apart; convert with astype('int64')"]
        )
    return frame[key]


def _index(table: str, frame: pd.DataFrame, key: str) -> pd.Index:
    require_columns(table, frame, (key,))
    index: pd.Index = pd.Index(_ids(table, frame, key))
    problems = []
    if index.hasnans:
        problems.append(f"{key}: {int(frame[key].isna().sum())} are missing")
    if not index.is_unique:
        problems.append(f"{key}: not unique: {first_of(index[index.duplicated()].unique())}")
    if problems:
        raise ContractError(table, problems)
    return index


def _refuse_pairs(od: pd.DataFrame, positions: tuple[IntArray, IntArray], minutes: FloatArray) -> NoReturn:
    problems = []
    for column, table, found in zip(
        ("from_id", "to_id"), ("settlements", "facilities"), positions, strict=True
    ):
        if bool((found < 0).any()):
            strange = od.loc[found < 0, column].unique()
            problems.append(f"{column}: in no row of {table}: {first_of(strange)}")
    for what, wrong in (
        ("NaN; give no row, or inf, for a pair without a way", np.isnan(minutes)),
        ("negative", minutes < 0.0),
    ):
        if bool(wrong.any()):
            rows = od.loc[wrong, ["from_id", "to_id"]].itertuples(index=False, name=None)
            problems.append(f"travel_time_min: {what}: {first_of(list(rows))}")
    raise ContractError("od", problems)


def _check_once(key: LongArray, modes: NDArray[np.object_] | None, ids: tuple[pd.Index, pd.Index]) -> None:
    rows = pd.DataFrame({"key": key, "mode": "" if modes is None else modes})
    doubled = np.unique(key[rows.duplicated().to_numpy()])
    if len(doubled):
        i, j = np.divmod(doubled, len(ids[1]))
        named = list(zip(ids[0][i].tolist(), ids[1][j].tolist(), strict=True))
        raise ContractError("od", [f"from_id, to_id: twice in one mode: {first_of(named)}"])


def _fastest(key: LongArray, minutes: FloatArray) -> LongArray:
    """Choose the row of the fastest mode of each pair."""
    order = np.lexsort((minutes, key))
    return np.asarray(order[np.append(True, np.diff(key[order]) > 0)])


def require_within(pairs: Pairs, cutoff_min: float, *, what: str) -> None:
    """Refuse a catchment that reaches further than the pairs do."""
    if np.isfinite(cutoff_min) and cutoff_min > pairs.cutoff_min:
        raise ContractError(
            "od",
            [f"{what}: {cutoff_min:g} min, but the pairs end at {pairs.cutoff_min:g} min; make longer ones"],
        )


def require_decay(pairs: Pairs, decay: Decay) -> None:
    """Refuse what is no decay or reaches further than the pairs do, and tell where they cut it short."""
    if not isinstance(decay, Decay):
        raise ContractError(
            "options", [f"decay: is a {type(decay).__name__}; make one with decay_gaussian(20) or the like"]
        )
    require_within(pairs, decay.cutoff_min, what="decay")
    if np.isinf(decay.cutoff_min) and np.isfinite(pairs.cutoff_min):
        left = float(decay(pairs.cutoff_min))
        _log.warning("the pairs end at %g min, where %s is still %.3g", pairs.cutoff_min, decay, left)


def statuses(pairs: Pairs, reached: NDArray[np.bool_]) -> pd.Series[str]:
    """Say why a settlement has the value that it has."""
    n, m = pairs.shape
    status = np.zeros(n, dtype=np.int64)
    if not reached.all():
        status = np.select([reached, np.diff(pairs.links.start) > 0], [0, 1], 2 if m else 3)
    words = pd.array(["reached", "beyond_cutoff", "no_pair", "no_facility"], dtype="str")
    return pd.Series(words.take(status))
