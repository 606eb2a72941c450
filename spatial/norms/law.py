"""The register of norms, a CSV that the user owns, and the law: which of them bind a study."""

from __future__ import annotations

import csv
import datetime as dt
import importlib.resources
import io
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from spatial.access.options import numbers
from spatial.errors import ContractError, SourceError, StudyError, faults_at, first_of, of_kind, refuse
from spatial.outlines import require_frame
from spatial.plain_text import shipped_toml
from spatial.study.score import Adoption, Confirmation, NormChoices
from spatial.tables.words import NORM_CLASS

Row = dict[str, str]

WHERE = "norm register"
"""What messages call a register that is no file."""

_TABLE = shipped_toml("norms/register_columns.toml")
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
ROADS = "roads"
"""Stands for every kind of road in `inventory`."""


def split_list(value: object) -> tuple[str, ...]:
    """Read the members of a list as registers write it, without blanks, in the order written."""
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
    refuse(where, problems)
    lacking = [name for name in OPTIONAL if name not in header]
    header += lacking
    rows = [row | dict.fromkeys(lacking, "") for row in rows]
    more = [{_named(name): value for name, value in row.items()} for row in added]
    rows += [{name: str(row.get(name, "")) for name in header} for row in more]
    problems = _id_problems(rows)
    problems += [f"norm {row['norm_id']!r}, {fault}" for row in rows for fault in _row_faults(row)]
    problems += _reference_problems(rows, services)
    refuse(where, problems)
    columns: dict[str, Any] = {}
    for name in header:
        cells = [row[name] for row in rows]
        if name in NUMBERS:
            columns[name] = np.array([float(cell) if cell else math.nan for cell in cells])
        elif name == "read_in_original":
            columns[name] = np.array([cell == "yes" for cell in cells], dtype=bool)
        else:
            columns[name] = pd.array([cell or None for cell in cells], dtype="str")
    return pd.DataFrame(columns)


def _named(column: str) -> str:
    return "norm_id" if column == "id" else column


def with_norm_id(register: pd.DataFrame) -> pd.DataFrame:
    """Name the column of ids as every table names it."""
    has_own = "id" in register.columns and "norm_id" not in register.columns
    return register.rename(columns={"id": "norm_id"}) if has_own else register


def norm_id_of(norm: Mapping[str, Any]) -> str:
    """Name a norm of a summary, that of an earlier version too."""
    return str(norm["norm_id"] if "norm_id" in norm else norm["id"])


def refuse_faulty_register(register: pd.DataFrame) -> None:
    """Refuse a frame of norms that cannot be judged."""
    require_frame(WHERE, register, kinds="a DataFrame; see load_register")
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
        problems += faults_at(f"{name}: no text in {len(other)} row(s)", other, "; write dates as 2030-12-31")
    lost = [number for number, row in enumerate(rows, start=1) if not row["norm_id"]]
    problems += faults_at("norm_id: missing in row(s)", lost, "; give each norm its own")
    if not problems:
        words = [name for name in VALUES if name in JUDGED and name != "read_in_original"]
        for row in rows:
            faults = [*_word_faults(row, words), *_number_faults(row), *_measure_faults(row), *_date_faults(row)]
            problems += [f"norm {row['norm_id']!r}, {fault}" for fault in faults]
    refuse(WHERE, problems)


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
    # Spreadsheets save a semicolon between cells where the comma is the decimal sign.
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    lines = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
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
            f"put texts with {delimiter!r} in quotation marks"
        )
        raise SourceError(message)
    rows = [dict(zip(header, (cell.strip() for cell in line), strict=True)) for _number, line in cells]
    return _File(where, header, rows)


def _id_problems(rows: list[Row]) -> list[str]:
    if not rows:
        return ["no norm in it; add a row, or leave the register key out to use the packaged one"]
    ids = [row["norm_id"] for row in rows]
    repeated = sorted({name for name in ids if name and ids.count(name) > 1})
    return faults_at("norm_id: used more than once:", repeated, "; give each norm its own")


def _row_faults(row: Row) -> Iterator[str]:
    """Name what is wrong with a row of a file."""
    yield from (f"{name}: blank" for name in REQUIRED_VALUES if not row[name])
    yield from _word_faults(row, VALUES)
    wrong = [mode for mode in row["mode"].split("+") if row["mode"] and mode not in MODES]
    if wrong:
        yield f"mode: {row['mode']!r} must be blank or one of {', '.join(MODES)}, joined by + for a way in parts"
    yield from _number_faults(row)
    yield from _measure_faults(row)
    wanted = DEONTIC_OF_CLASS.get(row["norm_class"])
    if wanted and row["deontic"] in VALUES["deontic"] and row["deontic"] != wanted:
        yield f"deontic: a {row['norm_class']} norm {wanted}, found {row['deontic']!r}"
    yield from _date_faults(row)


def _measure_faults(row: Row) -> Iterator[str]:
    """Name what of unit and direction does not go with what is measured."""
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


def _word_faults(row: Row, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if row[name] not in VALUES[name]:
            yield f"{name}: {row[name]!r} is not one of {', '.join(VALUES[name])}"


def _number_faults(row: Row) -> Iterator[str]:
    for name in NUMBERS:
        if row[name] and _number(row[name]) is None:
            yield f"{name}: {row[name]!r} is not a number, such as 0.8 or 5000"
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
            dates[name] = None
        # Dates are held against each other as text, which 20301231 and 2030-W01-1 are not fit for.
        if row[name] and str(dates[name]) != row[name]:
            yield f"{name}: {row[name]!r} is not a date such as 2030-12-31"
    start, end = dates["valid_from"], dates["valid_to"]
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
    told = "supersedes: norms supersede each other in a circle:"
    problems += faults_at(told, sorted(circular), "; keep one direction")
    # A member that nobody knows would make its norm unmeasurable in silence.
    bundles = {row["norm_id"]: split_list(row["bundle_members"]) for row in rows}
    if not any(bundles.values()):
        return problems
    from spatial.inputs.services import load_services  # noqa: PLC0415 - read only where there are bundles

    known = {row["service"] for row in rows if not bundles[row["norm_id"]]} | SEASON_ROADS | set(load_road_words())
    known.update(load_services().register_words if services is None else services)
    for name, members in bundles.items():
        strange = [member for member in members if member not in known]
        remedy = " is no service; write words of the vocabulary (services.toml, register or proxy_for), parted by |"
        problems += faults_at(f"norm {name!r}, bundle_members:", strange, remedy)
    return problems


def _number(text: str) -> float | None:
    if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


# Which norms bind a study, on its date and at its level, and which of them gate: the legal model of the register.

GATING_INSTRUMENTS = frozenset({"law", "regulation", "rule", "mandatory_standard", "binding_plan_indicator"})
FOREVER = "9999-12-31"
COUNTRY = re.compile("[A-Z]{2}")
"""How codes of countries are written (ISO 3166-1)."""


class NormRules(NormChoices):
    """What a study decides about norms. The defaults decide nothing: only worldwide norms, nothing confirmed."""

    jurisdictions: tuple[str, ...] = Field(
        (),
        description="Whose norms bind, such as ('CN-51',). Parents (CN) and GLOBAL are inherited; a country that the "
        "register has no norms of has those of GLOBAL",
    )
    class_by_tier: Mapping[str, str] = Field(
        default_factory=dict,
        description="'urban' or 'rural' for each tier of settlement, used only where a settlement has no official "
        "class. A tier that is not named leaves the class unknown, and the place not measured for urban and rural "
        "norms",
    )
    stat_columns: Mapping[str, str] = Field(
        default_factory=dict,
        description="The settlements' column that counts a register's statistical unit, such as {'children_6_11': "
        "'children_persons'}. A column named <stat_unit>_persons is found without it",
    )
    exempt: Mapping[str, frozenset[str]] = Field(
        default_factory=dict,
        description="For a norm, the settlements or townships that it does not ask anything of (a joint clinic, "
        "'conditions do not allow')",
    )
    village_radius_m: float = Field(
        2000.0,
        description="A facility stands in the administrative village whose settlement is nearest, at most this far, "
        "inclusive. 2,000 m is the reach within which Chinese practice counts a village as served (register, "
        "CN-BUS-2KM)",
    )
    max_time_min: float = Field(
        math.inf,
        allow_inf_nan=True,
        description="How far the access table searched; beyond it a norm with a longer threshold is not measurable",
    )


@dataclass(frozen=True)
class Norm:
    """One row of the register as it binds a study; the columns of `applicable_norms` in Python's own types."""

    id: str  # as in the register; `mode` is empty where none is needed
    service: str
    metric: str
    mode: str
    direction: str
    unit: str
    stat_unit: str
    scope: str
    norm_class: str
    role: str
    threshold: float  # in `unit`, inclusive
    target_share: float  # 0-1
    fail_point: float  # in `unit`: where a place scores nothing; NaN for none
    bundle: tuple[str, ...]  # services that must all be within the threshold; empty for a single service
    in_force: str  # on the study's date
    not_graded: str  # why totals are reported but not judged; empty where they are
    gates: bool  # whether it is a gate
    no_gate: str  # why a mandatory norm is no gate
    duty_bearer: str = ""  # who must act, as the register writes it; empty where its text does not say
    opens_page: bool = True  # no norm whose text is known from memory alone does, unless the study names it
    is_chosen: bool = False  # the study states or adopts it


def applicable_norms(register: pd.DataFrame, *, as_of: dt.date, rules: NormRules | None = None) -> pd.DataFrame:
    """
    Pick the norms that bind a study and say of each whether it is in force, graded, and a gate.

    A mandatory norm is a gate only if its role is standard, its instrument is a law, regulation, rule, mandatory
    standard or binding plan indicator, it is in force on `as_of`, its share applies at the study's level, and its
    clause was read in the original, by the register's author or by an office that the study names.

    Parameters
    ----------
    register : DataFrame
        As `load_register` returns it.
    as_of : date
        The date on which norms are judged; the last day of validity counts as valid.
    rules : NormRules, optional
        What the study decides.

    Returns
    -------
    DataFrame
        The binding rows in order of `norm_id` with the study's thresholds and shares, and the columns `in_force`,
        `not_graded`, `gates`, `no_gate`, `headline` (flag: may open a page; rows from memory may
        not unless the study names them), `headline_rank` (the study's order; NaN for none), `adopted_by`, `adopted_on`,
        `confirmed_by`, `confirmed_on`, `register_threshold`, `register_target_share`. Reasons are codes, joined by
        ``;``, a detail after ``:``.

    Raises
    ------
    StudyError
        With every norm that the study names and that is unknown, does not bind it, or cannot be adopted; and for words
        that are no jurisdiction.
    ContractError
        Where the date is none or the register cannot be judged; every fault with its norm and column.

    Examples
    --------
    >>> import datetime as dt
    >>> from spatial.norms.law import load_register
    >>> binding = applicable_norms(load_register(), as_of=dt.date(2026, 1, 1))
    >>> binding["jurisdiction"].unique().tolist()
    ['GLOBAL']
    """
    rules = of_kind("rules", rules, NormRules) or NormRules()
    # Read the date of judgement, without a time of day: the last day of a norm is valid to its end.
    if not isinstance(as_of, dt.date) or pd.isna(as_of):
        raise ContractError("norms", [f"as_of: {as_of!r} is no date; give datetime.date(2030, 12, 31)"])
    day = as_of.date() if isinstance(as_of, dt.datetime) else as_of
    refuse_faulty_register(register)
    # An index may have the name of a column, numbers may be nullable, and texts categories.
    register = with_norm_id(register).reset_index(drop=True).astype(dict.fromkeys(NUMBERS, "float64"))
    adopted = {item.norm: item for item in rules.adopt}
    wanted = _inherited(rules.jurisdictions)
    home = register["jurisdiction"].astype(object).map(lambda text: bool(wanted.intersection(split_list(text))))
    binding = register.loc[home | register["norm_id"].isin(list(adopted))].copy()
    _refuse_wrong_names(register, binding, home, rules)
    # Dates are ISO text. A norm that is not yet in force supersedes none; being expired says more than superseded.
    today = day.isoformat()
    future = binding["valid_from"].astype("str").fillna("") > today
    ended = binding["valid_to"].astype("str").fillna("").replace("", FOREVER) < today
    followed = {older for text in binding.loc[~future, "supersedes"] for older in split_list(text)}
    state = pd.Series("in_force", index=binding.index, dtype="str")
    state[binding["norm_id"].isin(followed)] = "superseded"
    state[ended] = "expired"
    state[future] = "not_yet_in_force"
    binding["in_force"] = state
    if rules.only:
        binding = binding.loc[binding["norm_id"].isin(rules.only)].copy()
    binding = binding.sort_values("norm_id", kind="stable").reset_index(drop=True)
    _apply_adoptions(binding, adopted, day)
    by_norm = {item.norm: item for item in rules.confirm}
    _say_who(binding, "confirmed", [by_norm.get(name) for name in binding["norm_id"]])
    local = binding["norm_id"].isin(register.loc[home, "norm_id"])
    reasons = [
        _judge(row, rules.level, at_home=here) for row, here in zip(binding.to_dict("records"), local, strict=True)
    ]
    for name in _Reasons._fields:
        binding[name] = pd.Series([getattr(each, name) for each in reasons], dtype="str")
    binding["gates"] = (binding["norm_class"] == "mandatory") & (binding["no_gate"] == "")
    sure = (binding["in_force"] == "in_force") & (binding["confidence"] != "memory")
    place = {name: rank for rank, name in enumerate(rules.headline, start=1)}
    binding["headline"] = binding["norm_id"].isin(rules.headline) if rules.headline else sure
    binding["headline_rank"] = binding["norm_id"].map(place).astype("float64")
    return binding


def norms_of(binding: pd.DataFrame) -> list[Norm]:
    """Turn the rows of `applicable_norms` into norms."""
    texts = ("service", "metric", "mode", "direction", "unit", "stat_unit", "scope", "norm_class", "role")
    codes = ("in_force", "not_graded", "no_gate")
    return [
        Norm(
            id=row["norm_id"],
            **{name: row[name] if isinstance(row[name], str) else "" for name in (*texts, *codes)},
            threshold=float(row["threshold"]),
            target_share=float(row["target_share"]),
            fail_point=float(row["fail_point"]),
            bundle=split_list(row["bundle_members"]),
            gates=bool(row["gates"]),
            duty_bearer=_text(row.get("duty_bearer")),
            opens_page=bool(row.get("headline", True)),
            is_chosen=is_chosen(row),
        )
        for row in binding.to_dict("records")
    ]


def is_chosen(row: Mapping[Any, Any]) -> bool:
    """Tell whether the study states a norm itself, or adopts it."""
    return bool(_text(row.get("adopted_by"))) or row.get("norm_class_basis") == STATED_BY_THE_STUDY


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _inherited(jurisdictions: tuple[str, ...]) -> frozenset[str]:
    parts = [name.split("-") for name in jurisdictions]
    parents = {"-".join(part[:length]) for part in parts for length in range(1, len(part) + 1)}
    return frozenset(parents | {EVERYWHERE})


def jurisdictions_of(register: pd.DataFrame) -> list[str]:
    """List the jurisdictions that norms of a register are of."""
    return sorted({place for text in register["jurisdiction"] for place in split_list(text)})


def jurisdictions_without_norms(register: pd.DataFrame, asked: Iterable[str]) -> list[str]:
    """Pick the jurisdictions of which, and of whose parents, a register has no norm."""
    own = {*jurisdictions_of(register)} - {EVERYWHERE}
    return [name for name in asked if name != EVERYWHERE and not _inherited((name,)) & own]


def _refuse_wrong_names(register: pd.DataFrame, binding: pd.DataFrame, home: pd.Series, rules: NormRules) -> None:
    known, bound = set(register["norm_id"]), set(binding["norm_id"])
    named = {
        "norms.only": rules.only,
        "norms.headline": rules.headline,
        "norms.confirm": tuple(item.norm for item in rules.confirm),
        "norms.adopt": tuple(item.norm for item in rules.adopt),
        "norms.exempt": tuple(rules.exempt),
    }
    problems = []
    # Words that are no jurisdiction of the register, below none of it, and no code of a country either.
    lacking = jurisdictions_without_norms(register, rules.jurisdictions)
    strange = [name for name in lacking if not COUNTRY.fullmatch(name.partition("-")[0])]
    remedy = "write the two letters of the country (CN), its parts after a hyphen (CN-51), or a jurisdiction of the"
    there = ", ".join(jurisdictions_of(register))
    problems += faults_at("jurisdictions:", strange, f" is none; {remedy} register: {there}")
    for key, names in named.items():
        unknown = [name for name in names if name not in known]
        problems += faults_at(f"{key}: not in the register:", unknown)
        foreign = [name for name in names if name in known and name not in bound]
        remedy = "; add it to jurisdictions or adopt the norm"
        problems += faults_at(f"{key}: of another jurisdiction:", foreign, remedy)
        repeated = sorted({name for name in names if names.count(name) > 1})
        problems += faults_at(f"{key}: named twice:", repeated)
    mandatory = set(register.loc[home & (register["norm_class"] == "mandatory"), "norm_id"])
    binding_anyway = [item.norm for item in rules.adopt if item.norm in mandatory]
    problems += faults_at("norms.adopt: mandatory, binds without being adopted:", binding_anyway)
    odd = sorted(f"{tier} = {name}" for tier, name in rules.class_by_tier.items() if name not in {"urban", "rural"})
    problems += faults_at("class_by_tier: neither urban nor rural:", odd)
    refuse("norms", problems, StudyError)


def _apply_adoptions(binding: pd.DataFrame, adopted: Mapping[str, Adoption], as_of: dt.date) -> None:
    binding["register_threshold"] = binding["threshold"]
    binding["register_target_share"] = binding["target_share"]
    items = [adopted.get(name) for name in binding["norm_id"]]
    _say_who(binding, "adopted", items)
    binding["is_adopted"] = [item is not None and item.on <= as_of for item in items]
    problems = []
    for row, item in enumerate(items):
        if item is None or item.on > as_of:
            continue
        if item.threshold is not None:
            threshold, fail = item.threshold, float(binding["fail_point"].iloc[row])
            told = f"norms.adopt: {item.norm}: the threshold {threshold:g}"
            is_most = binding["direction"].iloc[row] == "max"
            if not threshold > 0:
                problems.append(f"{told} is not above 0")
            elif fail <= threshold if is_most else fail >= threshold:
                problems.append(f"{told} must be {'below' if is_most else 'above'} the fail point {fail:g}")
            binding.loc[row, "threshold"] = item.threshold
        if item.target_share is not None:
            if not 0 < item.target_share <= 1:
                problems.append(f"norms.adopt: {item.norm}: the target share must be above 0 and at most 1")
            binding.loc[row, "target_share"] = item.target_share
            binding.loc[row, "target_share_basis"] = "source"
            binding.loc[row, "share_applies_at"] = "study"
    refuse("norms", problems, StudyError)


def _say_who(binding: pd.DataFrame, what: str, items: Sequence[Adoption | Confirmation | None]) -> None:
    """Name the office behind each norm, and the day."""
    days = [item.on.isoformat() if item else None for item in items]
    binding[f"{what}_by"] = pd.Series([item.by if item else None for item in items], dtype="str")
    binding[f"{what}_on"] = pd.Series(days, dtype="str")


class _Reasons(NamedTuple):
    """Why a norm is not graded, and why a mandatory one is no gate: codes joined by ``;``, empty where it is."""

    not_graded: str
    no_gate: str


def _judge(row: Mapping[Any, object], level: str, *, at_home: bool) -> _Reasons:
    mandatory = row["norm_class"] == "mandatory"
    if row["in_force"] != "in_force":
        state = _text(row["in_force"])
        return _Reasons(state, state if mandatory else "")
    adopted, share = bool(row["is_adopted"]), _text(row["share_applies_at"])
    misplaced = share not in {"study", "unit", level}
    grade = {
        "duty_trigger": row["role"] == "duty_trigger",
        "not_adopted": (row["norm_class"] == "authorised" or not at_home) and not adopted,
        "status_level": row["role"] == "status_level" and not adopted,
        f"share_applies_at:{share}": misplaced,
    }
    gate = {
        "other_jurisdiction": not at_home,
        f"role:{row['role']}": row["role"] != "standard",
        f"instrument:{row['instrument']}": row["instrument"] not in GATING_INSTRUMENTS,
        f"share_applies_at:{share}": misplaced,
        "not_read_in_original": not (row["read_in_original"] or _text(row["confirmed_by"])),
    }
    return _Reasons(
        ";".join(code for code, holds in grade.items() if holds),
        ";".join(code for code, holds in gate.items() if holds and mandatory),
    )


@dataclass(frozen=True)
class RoadWord:
    """What a word of the register means in a road's tags."""

    column: str  # the column that tells: ``surface`` or ``road_class``
    yes: frozenset[str]  # values that make the road one, and values that do not; any other leaves it open
    no: frozenset[str]
    proxy: bool  # whether the tags only stand in for what the norm asks
    link_distance_m: float  # A place is linked within this straight distance, inclusive


def load_road_words() -> dict[str, RoadWord]:
    """Read what the register's words for roads mean."""
    values = dict(shipped_toml("norms/norms_roads.toml"))
    distance = float(values.pop("link_distance_m"))
    return {
        name: RoadWord(word["column"], frozenset(word["yes"]), frozenset(word["no"]), bool(word["proxy"]), distance)
        for name, word in values.items()
    }
