"""The norm register: a CSV that the user owns, with the legal model of every norm in its columns."""

from __future__ import annotations

import csv
import datetime as dt
import importlib.resources
import io
import math
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from spatial.access.options import numbers
from spatial.errors import ContractError, SourceError, first_of
from spatial.tables.words import NORM_CLASS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence


Row = dict[str, str]

WHERE = "norm register"
"""What messages call a register that is no file."""

_TABLE = tomllib.loads(
    importlib.resources.files("spatial.norms").joinpath("register_columns.toml").read_text(encoding="utf-8")
)
COLUMNS = tuple(_TABLE)
"""Columns of a register file, in order. Frames call the first one `norm_id`, as a file may. Others travel along."""
OPTIONAL = tuple(name for name in COLUMNS if _TABLE[name].get("optional"))
"""Columns that a file may lack; they are blank then."""
JUDGED = tuple("norm_id" if name == "id" else name for name in COLUMNS if _TABLE[name].get("judged"))
"""Columns without which no norm can be judged; a frame of one's own may lack the others."""
VALUES: Mapping[str, Sequence[str]] = {
    name: NORM_CLASS if name == "norm_class" else column["values"]
    for name, column in _TABLE.items()
    if name == "norm_class" or "values" in column
}
"""The only words that a column may hold."""
NUMBERS = ("threshold", "target_share", "fail_point")
REQUIRED_VALUES = ("norm_id", "service", "stat_unit", "unit", "jurisdiction", "source_title")
MODES = ("any", "walk", "cycle", "ebike", "motorcycle", "drive", "emergency", "bus")
UNIT_OF_METRIC = {
    "dist_m": "m",
    "network_dist_m": "m",
    "time_min": "min",
    "roundtrip_time_min": "min",
    "persons_per_facility": "persons",
}
DEONTIC_OF_CLASS = {"mandatory": "obliges", "guiding": "guides", "authorised": "authorises"}
LONGEST_NORM_MIN = 24 * 60.0
EVERYWHERE = "GLOBAL"
"""The jurisdiction of norms that are watched all over the world and bind nobody by themselves."""
STATED_BY_THE_STUDY = "stated_by_the_study"
"""What the class of a norm rests on that a study added."""
SEASON_ROADS = frozenset({"all_season_road", "all_weather_road"})
"""Words for the road that can be used all year, which the last mile knows of."""


def split_list(value: object) -> tuple[str, ...]:
    """
    Read a list as registers write it.

    Returns the members in the order written, without blanks.

    Examples
    --------
    >>> split_list("bank| market")
    ('bank', 'market')
    """
    if not isinstance(value, str):
        return ()
    return tuple(part.strip() for part in value.split("|") if part.strip())


def load_register(
    path: str | Path | None = None, *, added: Sequence[Mapping[str, str]] = (), services: Collection[str] | None = None
) -> pd.DataFrame:
    """
    Read a norm register and check every row of it.

    Parameters
    ----------
    path : str or Path or None
        A CSV file in UTF-8 with the columns of `COLUMNS`, where `norm_id` will do for `id` and those of `OPTIONAL` may
        be missing; None for the register that comes with the package.
    added : sequence of mapping of str to str
        Further rows, by column as in the file; checked with it. Columns that they do not name are blank.
    services : collection of str, optional
        Words for services that bundles may name beside roads and the single services of the register; those of the
        packaged vocabulary by default.

    Returns
    -------
    DataFrame
        One row a norm, by `norm_id`, in the order of the file. `threshold` (in the row's `unit`), `target_share` (0-1)
        and `fail_point` are floats, `read_in_original` is a flag, all else is text; blank is NaN. Dates are ISO text.

    Raises
    ------
    SourceError
        Where the file cannot be read as a CSV in UTF-8.
    ContractError
        Where the register is faulty; every fault with its norm and column.

    Examples
    --------
    >>> register = load_register()
    >>> register.set_index("norm_id").loc["GL-ROAD-RAI", "threshold"]
    np.float64(2000.0)
    """
    where, header, rows = _read(path)
    problems = [f"{name}: the column is missing" for name in map(_named, COLUMNS) if name not in (*header, *OPTIONAL)]
    repeated = sorted({name for name in header if header.count(name) > 1})
    problems += [f"{name}: the column is there twice" for name in repeated]
    if problems:
        raise ContractError(where, problems)
    lacking = [name for name in OPTIONAL if name not in header]
    header += lacking
    rows = [row | dict.fromkeys(lacking, "") for row in rows]
    more = [{_named(name): value for name, value in row.items()} for row in added]
    rows += [{name: str(row.get(name, "")) for name in header} for row in more]
    problems = _id_problems(rows)
    problems += [f"norm {row['norm_id']!r}, {fault}" for row in rows for fault in _row_faults(row)]
    problems += _reference_problems(rows, services)
    if problems:
        raise ContractError(where, problems)
    columns: dict[str, pd.Series] = {}
    for name in header:
        cells = [row[name] for row in rows]
        if name in NUMBERS:
            columns[name] = pd.Series([float(cell) if cell else math.nan for cell in cells], dtype="float64")
        elif name == "read_in_original":
            columns[name] = pd.Series([cell == "yes" for cell in cells], dtype="bool")
        else:
            columns[name] = pd.Series([cell or None for cell in cells], dtype="str")
    return pd.DataFrame(columns)


def _named(column: str) -> str:
    return "norm_id" if column == "id" else column


def with_norm_id(register: pd.DataFrame) -> pd.DataFrame:
    """Name the column of ids as every table names it."""
    has_own = "id" in register.columns and "norm_id" not in register.columns
    return register.rename(columns={"id": "norm_id"}) if has_own else register


def norm_id_of(norm: Mapping[str, Any]) -> str:
    """Name a norm of a summary."""
    return str(norm["norm_id"] if "norm_id" in norm else norm["id"])


def refuse_faulty_register(register: pd.DataFrame) -> None:
    """Refuse a frame of norms that cannot be judged, where it does not come from `load_register` as it is."""
    if not isinstance(register, pd.DataFrame):
        raise ContractError(WHERE, [f"is a {type(register).__name__}, must be a DataFrame; see load_register"])
    register = with_norm_id(register)
    missing = [name for name in JUDGED if name not in register.columns]
    if missing:
        raise ContractError(WHERE, [f"{name}: the column is missing" for name in missing])
    # As a file would have them; blank where a value is missing.
    texts = register[list(JUDGED)].astype(object)
    cells = texts.where(texts.notna(), "").astype(str).to_numpy(dtype=object)
    rows: list[Row] = [dict(zip(JUDGED, line, strict=True)) for line in cells]
    problems = _id_problems(rows)
    for name in NUMBERS:
        try:
            numbers(WHERE, name, register[name])
        except ContractError as fault:
            problems += fault.problems
    for name in ("valid_from", "valid_to"):
        other = [str(value) for value in register[name].dropna() if not isinstance(value, str)]
        if other:
            problems.append(f"{name}: no text in {len(other)} row(s) {first_of(other)}; write dates as 2030-12-31")
    lost = [number for number, row in enumerate(rows) if not row["norm_id"]]
    if lost:
        problems.append(f"norm_id: missing in row(s) {first_of(lost)}; give each norm its own")
    if not problems:
        words = [name for name in VALUES if name in JUDGED and name != "read_in_original"]
        for row in rows:
            faults = [*_word_faults(row, words), *_number_faults(row), *_date_faults(row)]
            problems += [f"norm {row['norm_id']!r}, {fault}" for fault in faults]
    if problems:
        raise ContractError(WHERE, problems)


class _File(NamedTuple):
    """A register as it was read; `where` is what messages call it."""

    where: str
    header: list[str]
    rows: list[Row]


def _read(path: str | Path | None) -> _File:
    """Read the rows of a register, the packaged one where no path is given."""
    where = WHERE if path is None else str(Path(path))
    try:
        if path is None:
            packaged = importlib.resources.files("spatial.norms").joinpath("norms.csv")
            text = packaged.read_text(encoding="utf-8")
        else:
            text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        message = f"norm register {where}: cannot be read ({error.strerror or error}); name an existing CSV file"
        raise SourceError(message) from error
    except UnicodeDecodeError as error:
        message = f"norm register {where}: not UTF-8 at byte {error.start}; save the file as CSV in UTF-8"
        raise SourceError(message) from error
    lines = csv.reader(io.StringIO(text), strict=True)
    try:
        header = [name.strip() for name in next(lines, [])]
        cells = [(lines.line_num, line) for line in lines if any(cell.strip() for cell in line)]
    except csv.Error as error:
        message = f"norm register {where}: not a CSV near line {lines.line_num} ({error}); export it again"
        raise SourceError(message) from error
    if "norm_id" not in header:
        header = [_named(name) for name in header]
    ragged = [number for number, line in cells if len(line) != len(header)]
    if ragged:
        message = (
            f"norm register {where}: line(s) {first_of(ragged)} do not have {len(header)} cells as the header does; "
            "put texts with commas in quotation marks"
        )
        raise SourceError(message)
    rows = [dict(zip(header, (cell.strip() for cell in line), strict=True)) for _number, line in cells]
    return _File(where, header, rows)


def _id_problems(rows: list[Row]) -> list[str]:
    if not rows:
        return ["no norm in it; add a row, or leave the register key out to use the packaged one"]
    ids = [row["norm_id"] for row in rows]
    repeated = sorted({name for name in ids if name and ids.count(name) > 1})
    return [f"norm_id: used more than once: {first_of(repeated)}; give each norm its own"] if repeated else []


def _row_faults(row: Row) -> Iterator[str]:
    """Name what is wrong with a row of a file."""
    yield from (f"{name}: blank" for name in REQUIRED_VALUES if not row[name])
    yield from _word_faults(row, VALUES)
    wrong = [mode for mode in row["mode"].split("+") if row["mode"] and mode not in MODES]
    if wrong:
        yield f"mode: {row['mode']!r} must be blank or one of {', '.join(MODES)}, joined by + for a way in parts"
    yield from _number_faults(row)
    unit = UNIT_OF_METRIC.get(row["metric"])
    if unit and row["unit"] and row["unit"] != unit:
        yield f"unit: {row['metric']} is measured in {unit}, found {row['unit']!r}; convert the threshold"
    threshold = _number(row["threshold"])
    if unit == "min" and threshold is not None and threshold > LONGEST_NORM_MIN:
        yield f"threshold: {threshold:g} minutes is more than a day; is it in seconds?"
    presence = row["metric"] == "presence_in_unit"
    if presence and row["direction"] in VALUES["direction"] and row["direction"] != "presence":
        yield f"direction: presence_in_unit needs presence, found {row['direction']!r}"
    if unit and row["direction"] == "presence":
        yield f"direction: {row['metric']} needs max or min, found 'presence'"
    wanted = DEONTIC_OF_CLASS.get(row["norm_class"])
    if wanted and row["deontic"] in VALUES["deontic"] and row["deontic"] != wanted:
        yield f"deontic: a {row['norm_class']} norm {wanted}, found {row['deontic']!r}"
    yield from _date_faults(row)


def _word_faults(row: Row, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if row[name] not in VALUES[name]:
            yield f"{name}: {row[name]!r} is not one of {', '.join(VALUES[name])}"


def _number_faults(row: Row) -> Iterator[str]:
    for name in NUMBERS:
        if row[name] and _number(row[name]) is None:
            yield f"{name}: {row[name]!r} is not a number"
        elif name != "fail_point" and not row[name]:
            yield f"{name}: blank"
    share, threshold, fail = (_number(row[name]) for name in ("target_share", "threshold", "fail_point"))
    if share is not None and not 0 < share <= 1:
        yield f"target_share: {share:g} is not a share above 0 and at most 1"
    if threshold is not None and threshold <= 0:
        yield f"threshold: {threshold:g} is not above 0"
    if threshold is None or fail is None:
        return
    if row["direction"] == "max" and fail <= threshold:
        yield f"fail_point: {fail:g} must be above the threshold {threshold:g}"
    if row["direction"] in {"min", "presence"} and fail >= threshold:
        yield f"fail_point: {fail:g} must be below the threshold {threshold:g}"


def _date_faults(row: Row) -> Iterator[str]:
    dates = {}
    for name in ("valid_from", "valid_to"):
        try:
            dates[name] = dt.date.fromisoformat(row[name]) if row[name] else None
        except ValueError:
            yield f"{name}: {row[name]!r} is not a date such as 2030-12-31"
    start, end = dates.get("valid_from"), dates.get("valid_to")
    if start and end and start > end:
        yield f"valid_to: {end} lies before valid_from {start}"


def _reference_problems(rows: list[Row], services: Collection[str] | None) -> list[str]:
    """Name norms that supersede what is not there, or each other, and members of bundles that are no service."""
    successors = {row["norm_id"]: split_list(row["supersedes"]) for row in rows}
    problems = [
        f"norm {name!r}, supersedes: {other!r} is not in the register"
        for name, older in successors.items()
        for other in older
        if other not in successors
    ]
    circular = []
    for name, older in successors.items():
        followed, waiting = set(), list(older)
        while waiting:
            item = waiting.pop()
            if item not in followed:
                followed.add(item)
                waiting += successors.get(item, ())
        circular += [name] if name in followed else []
    if circular:
        told = f"{first_of(sorted(circular))}; keep one direction"
        problems.append(f"supersedes: norms supersede each other in a circle: {told}")
    # A member that nobody knows would make its norm unmeasurable in silence.
    bundles = {row["norm_id"]: split_list(row["bundle_members"]) for row in rows}
    if not any(bundles.values()):
        return problems
    from spatial.inputs.services import load_services  # noqa: PLC0415 - read only where there are bundles
    from spatial.norms.evidence import load_road_words  # noqa: PLC0415 - it reads registers itself

    known = {row["service"] for row in rows if not bundles[row["norm_id"]]} | SEASON_ROADS | set(load_road_words())
    known.update(load_services().register_words if services is None else services)
    for name, members in bundles.items():
        strange = [member for member in members if member not in known]
        if strange:
            problems.append(
                f"norm {name!r}, bundle_members: {first_of(strange)} is no service; write words of the vocabulary "
                "(services.toml, register or proxy_for), parted by |"
            )
    return problems


def _number(text: str) -> float | None:
    if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None
