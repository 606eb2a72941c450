"""Names of places and codes of units as they are compared: without widths, accents and words for their kind."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz import fuzz, process

from spatial.errors import first_of
from spatial.formats.columns import read_texts, row_items, row_labels, text_column
from spatial.formats.notes import Note, add_notes
from spatial.formats.tag_rules import fold
from spatial.plain_text import shipped_toml
from spatial.tables.words import NAMES

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from spatial.arrays import FloatArray


KIND_PENALTY = 0.06
"""Taken off the score of two names that say different kinds of place, such as 金顶镇 and 金顶村."""

MIN_LETTERS = 2
"""A unit or a service is only cut off where at least so many letters stay."""

REMEMBERED = 200_000
"""Names whose plain form is kept, for a settlement is compared with many rows."""

CUT_LETTERS = 3
"""A word cut short keeps so many letters at least and leaves out as many, as in Med. for Medical."""

SHARED_LETTERS = 3
"""Beside words cut short, two names share a word of so many letters at least."""

_BESIDE = re.compile(r"[/|;]")
_HAN_RUN = re.compile(r"[\u3400-\u9fff0-9]*[\u3400-\u9fff][\u3400-\u9fff0-9]*")
_AND = frozenset({"and", "et"})
_LATIN_RUN = re.compile(r"[a-zA-Z\u00c0-\u024f\u1e00-\u1eff]")
_OTHER_RUN = re.compile(r"[\u0370-\u1cff\u1f00-\u1fff]")
HAN = re.compile(r"[\u3400-\u9fff]")
_ABOVE = re.compile(
    r"^(?:.{2,}?(?:省|自治区|自治州|州|市))?(?:.{2,}?(?:自治县|县|区|旗|市))?(?:.{2,}?(?:街道|镇|乡))?(?=.{2,})"
)


@dataclass(frozen=True)
class PlaceName:
    """A name for comparison."""

    stem: str  # what is left when units, services and articles are gone
    kind: str = ""  # ``village`` or ``town`` where the name says so, else empty


def plain_words(text: str) -> str:
    """
    Write letters and digits in small letters without accents, words one blank apart.

    >>> plain_words("Poste de Santé (Domoni)")
    'poste de sante domoni'
    """
    return " ".join("".join(letter if letter.isalnum() else " " for letter in fold(text)).split())


@functools.lru_cache(maxsize=REMEMBERED)
def plain_name(name: str) -> PlaceName:
    """
    Strip a name of a place, or of a facility called by it, to what is compared; empty where only a kind is named.

    >>> plain_name("兰坪县金顶镇官坪村卫生室")
    PlaceName(stem='官坪', kind='village')
    >>> plain_name("Poste de santé de Saint-Antoine").stem == plain_name("ST. ANTOINE").stem
    True
    """
    text = unicodedata.normalize("NFKC", name).strip()
    words, plain = shipped_toml("inputs/names.toml"), plain_words(text)
    if HAN.search(text):
        # Cut the service off the end, then the units, the longest word first; then the units above off the beginning.
        letters = plain.replace(" ", "")
        services = sorted(words["services"]["zh"], key=len, reverse=True)
        stem = next((letters.removesuffix(word) for word in services if letters.endswith(word)), letters)
        suffixes = [(word, unit) for unit, listed in words["suffixes"].items() for word in listed]
        suffixes.sort(key=lambda item: len(item[0]), reverse=True)
        kind = ""
        while found := next(
            (item for item in suffixes if stem.endswith(item[0]) and len(stem) - len(item[0]) >= MIN_LETTERS), None
        ):
            stem, kind = stem.removesuffix(found[0]), kind or found[1]
        return PlaceName(_ABOVE.sub("", stem, count=1), kind)
    written = " ".join(words["short"].get(word, word) for word in plain.split())
    stem = f" {written} "
    for phrase in sorted([*words["services"]["en"], *words["services"]["fr"]], key=len, reverse=True):
        stem = stem.replace(f" {phrase} ", " ")
    units = {word: unit for unit, listed in words["units"].items() for word in listed}
    said = [units[word] for word in stem.split() if word in units]
    named = [word for word in stem.split() if word not in words["articles"]["latin"]]
    left = [word for word in named if word not in units] or named  # a place may be called by such a word alone
    return PlaceName(" ".join(left), said[0] if said else "")


def in_each_script(name: str) -> tuple[str, ...]:
    """
    Part a name written in two scripts: the name, and where it has both its words in Latin and in the other script.

    >>> in_each_script("سيما Sima"), in_each_script("Dar-Salama")
    (('سيما Sima', 'Sima', 'سيما'), ('Dar-Salama',))
    """
    if not (_LATIN_RUN.search(name) and _OTHER_RUN.search(name)) or HAN.search(name):
        return (name,)
    words = name.split()
    other = [word for word in words if _OTHER_RUN.search(word)]
    latin = [word for word in words if not _OTHER_RUN.search(word)]
    return (name, " ".join(latin), " ".join(other)) if latin else (name,)


def name_scores(rows: Sequence[Sequence[str]], places: Sequence[Sequence[str]]) -> FloatArray:
    """
    Compare the names of rows with those of places: the share of letters in common, 0-1 (Indel similarity, RapidFuzz).

    >>> name_scores([["Mitsudjé clinic"]], [["Mitsoudje"], ["Foumbouni"]]).round(2).tolist()
    [[0.94, 0.24]]
    """
    mine, row = _flat(rows)
    theirs, owner = _flat(places)
    result = np.zeros((len(rows), len(places)))
    if not mine or not theirs:
        return result
    stems = [[name.stem for name in names] for names in (mine, theirs)]
    scores = process.cdist(*stems, scorer=fuzz.ratio, dtype=np.float32)
    one, other = (np.array([name.kind for name in names]) for names in (mine, theirs))
    apart = (one != "")[:, None] & (other != "") & (one[:, None] != other)
    scores = np.maximum(scores / 100.0 - KIND_PENALTY * apart, 0.0)
    # Of several names of a row or a place the likest counts.
    at_row, first_of_row = np.unique(row, return_index=True)
    at_place, first_of_place = np.unique(owner, return_index=True)
    by_place = np.maximum.reduceat(scores, first_of_place, axis=1)
    result[np.ix_(at_row, at_place)] = np.maximum.reduceat(by_place, first_of_row, axis=0)
    return result


def _flat(groups: Sequence[Sequence[str]]) -> tuple[list[PlaceName], NDArray[np.intp]]:
    """List the plain names of all groups, each in every script, and the group of each."""
    pairs = [
        (plain, number)
        for number, names in enumerate(groups)
        for plain in dict.fromkeys(plain_name(part) for name in names for part in in_each_script(name))
        if plain.stem
    ]
    return [plain for plain, _ in pairs], np.array([number for _, number in pairs], dtype=np.intp)


@functools.lru_cache(maxsize=REMEMBERED)
def written_names(name: str) -> tuple[tuple[str, ...], ...]:
    """
    Write a facility's name as the words by which it is held against another; nothing of what it is gets lost.

    The whole name and each language of a name in two, without articles and with them; a Chinese name is one word.

    >>> written_names("St. Anne Health Ctr / 圣安妮卫生院")[1:]
    (('saint', 'anne', 'health', 'centre'), ('圣安妮卫生院',))
    """
    text = unicodedata.normalize("NFKC", name)
    parts = [text, *(_BESIDE.split(text) if _BESIDE.search(text) else ())]
    for part in tuple(parts):
        han = "".join(_HAN_RUN.findall(part))
        rest = _HAN_RUN.sub(" ", part)
        parts += [han, rest] if han and _LATIN_RUN.search(rest) else in_each_script(part)
    return tuple(dict.fromkeys(words for part in parts for words in _name_words(part)))


def same_name(one: Sequence[str], two: Sequence[str]) -> bool:
    """
    Say whether two facilities bear one name: case, accents, blanks, articles, abbreviations and languages aside.

    Words that say what a facility is count, unlike in `name_scores`: a primary school and a college of one place are
    two. Numbers must be equal.

    >>> same_name(["Oakham Medical Practice"], ["OAKHAM  Med. Practice"]), same_name(["School 1"], ["School 2"])
    (True, False)
    """
    mine = {words for name in one for words in written_names(name)}
    theirs = {words for name in two for words in written_names(name)}
    return any("".join(a) == "".join(b) or _aligned(a, b) for a in mine for b in theirs)


def _name_words(text: str) -> list[tuple[str, ...]]:
    """Plain words of a name without and with articles: spellings written out, single letters in a row as one word."""
    plain = plain_words(text)
    if HAN.search(text):
        return [(_ABOVE.sub("", plain.replace(" ", ""), count=1),)]
    words = shipped_toml("inputs/names.toml")
    joined: list[str] = []
    was_single = False
    for word in plain.split():
        is_single = len(word) == 1 and word.isalpha()
        if is_single and was_single:
            joined[-1] += word
        else:
            joined.append(word)
        was_single = is_single
    known = words["short"] | words["written"]
    told = tuple(known.get(word, word.lstrip("0") or word) for word in joined)
    left_out = {*words["articles"]["latin"], *_AND}
    return [named for named in (tuple(word for word in told if word not in left_out), told) if named]


def _aligned(one: tuple[str, ...], two: tuple[str, ...]) -> bool:
    """Hold two names against each other word by word, where a word may be cut short or several be their initials."""
    if not any(len(word) >= SHARED_LETTERS and word in two for word in one):
        return False
    if len(one) == len(two):
        pairs = [sorted(pair, key=len) for pair in zip(one, two, strict=True)]
        if all(
            short == long
            or (min(len(short), len(long) - len(short)) >= CUT_LETTERS and short.isalpha() and long.startswith(short))
            for short, long in pairs
        ):
            return True
    return _by_initials(one, two) or _by_initials(two, one)


def _by_initials(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    """Find one word of a name that is the initials of as many words of the other, as CHR is."""
    for at, word in enumerate(short):
        end = at + len(word)
        is_initials = len(word) > 1 and word == "".join(part[0] for part in long[at:end])
        if is_initials and short[:at] == long[:at] and short[at + 1 :] == long[end:]:
            return True
    return False


def names_by_row(frame: pd.DataFrame, is_name: Callable[[str], object]) -> list[tuple[str, ...]]:
    """List the different names of every row that are names indeed."""
    columns = [frame[column].tolist() for column in NAMES if column in frame.columns]
    rows = zip(*columns, strict=True) if columns else [()] * len(frame)
    return [tuple(dict.fromkeys(name for name in own if isinstance(name, str) and is_name(name))) for own in rows]


# Codes of administrative units as lists write them.

PLAN_CLASSES = ("cluster", "suburban", "protected", "relocate", "other")
"""How a village is classed by its plan; a village that relocates gets mobile service, not sites."""

LEVELS = {6: "county", 9: "township", 12: "village"}
"""Level of a Chinese unit by the digits of its code without closing zeros."""

STATISTICAL_DIGITS = 17
"""12 digits of the unit, 2 of its urban or rural attribute, 3 of its urban or rural class (statistical code)."""

MIN_PREFIX = 4
_SERIAL = re.compile(r"[A-Z]\d{8}", re.ASCII)
"""Codes that are numbered through and do not nest, such as E04000647 of the Office for National Statistics."""

ROUNDED = re.compile(r"\d+(\.\d+)?[eE]\+?\d+")
_CLASSES = {**dict.fromkeys(("111", "112", "121", "122", "123"), "urban"), **dict.fromkeys(("210", "220"), "rural")}
"""Class of the last three digits, from 111 (main urban area) to 220 (village)."""


def unit_key(code: str) -> str:
    """
    Write a unit code in its shortest form.

    >>> unit_key("533325101000"), unit_key("53332510120322220"), unit_key("e02003954")
    ('533325101', '533325101203', 'E02003954')
    """
    text = "".join(unicodedata.normalize("NFKC", code).split()).upper()
    if text.isdigit() and len(text) == STATISTICAL_DIGITS:
        text = text[:12]
    if text.isdigit() and len(text) in LEVELS:
        while len(text) > min(LEVELS) and text.endswith("000"):
            text = text[:-3]
    return text


def unit_level_of(code: str) -> str | None:
    """Read the level of a Chinese unit off its code: county, township or village; None of any other code."""
    key = unit_key(code)
    return LEVELS.get(len(key)) if key.isdigit() else None


def unit_prefixes(key: str) -> tuple[str, ...]:
    """
    List the units that a unit is part of by its code alone, itself first.

    >>> unit_prefixes("533325101203")
    ('533325101203', '533325101', '533325')
    """
    if key.isdigit() and len(key) in LEVELS:
        return tuple(key[:size] for size in sorted(LEVELS, reverse=True) if size <= len(key))
    if _SERIAL.fullmatch(key):
        return (key,)
    if key[:1].isalpha() and len(key) > MIN_PREFIX and any(sign.isdigit() for sign in key):
        return tuple(key[:size] for size in range(len(key), MIN_PREFIX - 1, -1))
    return (key,)


def carry_units(frame: gpd.GeoDataFrame, problems: list[str], *, key: str) -> None:
    """Read the columns of units that a table may have, in place."""
    if "unit_code" in frame.columns:
        text = text_column(frame["unit_code"]).str.strip()
        text = text.where(text != "")
        rounded = text.fillna("").str.fullmatch(ROUNDED)
        if rounded.any():
            problems.append(
                f"unit_code: rounded by a spreadsheet for {first_of(row_labels(frame, key)[rounded])}, such as "
                f"{first_of(text[rounded].drop_duplicates(), limit=2)}; format the column as text and "
                "enter the codes again"
            )
        plain = text.map(lambda code: "".join(unicodedata.normalize("NFKC", code).split()), na_action="ignore").astype(
            "str"
        )
        long = plain.fillna("").str.fullmatch(rf"\d{{{STATISTICAL_DIGITS}}}")
        frame["unit_code"] = plain.where(~long, plain.str[:12]).astype("str")
        if "unit_level" not in frame.columns:
            levels = frame["unit_code"].map(unit_level_of, na_action="ignore")
            if levels.notna().any():
                frame["unit_level"] = levels.astype("str")
        if key == "settlement_id" and long.any():
            classes = plain[long].str[14:].map(_CLASSES)
            unknown = classes.isna()
            if unknown.any():
                labels = row_labels(frame, key)[long][unknown]
                shown = first_of(plain[long][unknown].str[14:].drop_duplicates().sort_values(), limit=3)
                problems.append(
                    f"unit_code: no urban or rural class in the last three digits of {first_of(labels)}, such as "
                    f"{shown}; they must be 111, 112, 121, 122, 123, 210 or 220"
                )
            read = classes.reindex(frame.index).astype("str")
            if "official_class" in frame.columns:  # what the list says comes before the digits
                stated = text_column(frame["official_class"])
                read = stated.where(stated.notna(), read)
            frame["official_class"] = read
    read_texts(frame, ["unit_level"])
    if "village_plan_class" in frame.columns:
        classes = text_column(frame["village_plan_class"])
        wrong = (classes.notna() & ~classes.isin(PLAN_CLASSES)).to_numpy(dtype=bool)
        if wrong.any():
            shown = first_of(classes[wrong].drop_duplicates().sort_values(), limit=5)
            problems.append(
                f"village_plan_class: unknown value(s) {shown} for {first_of(row_labels(frame, key)[wrong])}; known "
                f"are {', '.join(PLAN_CLASSES)}: translate them in values.village_plan_class"
            )
        frame["village_plan_class"] = classes
    if key == "settlement_id" and "official_class" in frame.columns:
        classes = text_column(frame["official_class"])
        unclassed = (classes.fillna("").str.strip() == "").to_numpy(dtype=bool)
        where, item = row_items(frame, key, unclassed), "places whose official class is unknown"
        add_notes(frame, [Note("unclassed", int(unclassed.sum()), {"where": where}, item)])
