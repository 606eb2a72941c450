"""Text out of data, made plain for the program that shows it: a terminal obeys no name, a spreadsheet runs none."""

from __future__ import annotations

import contextlib
import functools
import importlib.resources
import io
import json
import logging
import math
import re
import sys
import time
import tomllib
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from xml.etree.ElementTree import Element, tostring

from spatial.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd


CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no workbook and no XML can hold."""

FORMULA = re.compile("[\\s\u00a0]*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""
Begins what a spreadsheet may run; the last four signs are the wide forms that Chinese input methods write.

The pages' ``S.download`` has the same rule.
"""

_CELL_WITHIN = re.compile("([;\t|\r\n])(?=[\\s\u00a0]*[=+\\-@\uff1d\uff0b\uff0d\uff20])")
"""
What ends a cell where a spreadsheet separates by other signs than commas, with what it may run behind it.

There, quotes within a cell do not hold it together.
"""
_MARK_WITHIN = re.compile("([;\t|\r\n])'(?=[\\s\u00a0]*[=+\\-@\uff1d\uff0b\uff0d\uff20])")

_KEPT = {"\n", "\t", "\u00ad", "\u200c", "\u200d"}
"""Line breaks and tabs of our own; the soft hyphen and the joiners that Persian and Indic names are written with."""

_OBEYED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode categories that a terminal acts on: control and format signs, halves of pairs, separators."""


MOST_TOML_LETTERS = 5_000_000
"""Letters of a TOML file that is read: Python takes some seconds for so many."""
_TOO_LONG = f"it has more than {MOST_TOML_LETTERS:,} letters"
_MOST_BYTES_A_LETTER = 4
DEEPEST_TOML = 50
"""Tables and lists of a TOML file that stand in each other, at most."""
_MOST_BITS = 10_000
"""Of a whole number: Python refuses to write down one of more than 4,300 digits."""
_LONG_KEY = re.compile(
    rf"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{DEEPEST_TOML}}}""", re.ASCII
)
"""A key of so many names with dots between them, for which Python's reader takes the square of their number."""

_TOML_SIGNS = dict(zip("“”„«»＂‘’＇＝：:，、；", '"' * 6 + "'" * 3 + "===" + ",,,", strict=True))  # noqa: RUF001 - they are meant
"""Signs that word processors and Chinese keyboards write, or that other formats have, and what TOML has for them."""


@functools.cache
def shipped_toml(path: str) -> dict[str, Any]:
    """Read a TOML file of the package once, by its path in it; nobody writes into what is read."""
    return tomllib.loads((importlib.resources.files("spatial") / path).read_text(encoding="utf-8"))


@contextlib.contextmanager
def toml_faults(where: str, remedy: str) -> Iterator[None]:
    """Tell what keeps a file of the user's own from being read, with what to do where it is not there."""
    try:
        yield
    except OSError as error:
        raise StudyError(where, [f"cannot be read: {error.strerror or error}; {remedy}"]) from error
    except UnicodeDecodeError as error:
        raise StudyError(where, [f"is not UTF-8 at byte {error.start}; save it as UTF-8"]) from error
    except tomllib.TOMLDecodeError as error:
        raise StudyError(where, [f"is not TOML: {error}"]) from error


def toml_text(path: Path) -> str:
    """Read the text of a TOML file for `toml_table`, unless it is too large for one."""
    if path.stat().st_size > _MOST_BYTES_A_LETTER * MOST_TOML_LETTERS:
        raise tomllib.TOMLDecodeError(_TOO_LONG)
    return path.read_text(encoding="utf-8-sig")


def _toml_remedy(text: str, said: str) -> str:
    """Show the line that Python's reader stopped at, with what to write there where its sign tells it."""
    at, lines = re.search(r"line (\d+), column (\d+)\)$", said), text.split("\n")
    # Without a place it read to the end: for the value of the last line, or to close the last single quote.
    last = text.rindex("'") + 1 if '"\'"' in said else len(text.rstrip())
    number = int(at[1]) - 1 if at else text.count("\n", 0, last)
    line, sign = lines[number], lines[number][int(at[2]) - 1 :][:1] if at else ""
    remedy = ""
    if plain := _TOML_SIGNS.get(sign if sign != ":" or "'='" in said else ""):
        remedy = f"; write {plain} for {sign}"
    elif sign.isspace() and not sign.isascii():
        remedy = "; write a plain space for the wide or hard one"
    elif sign == "," and "newline" in said:
        remedy = "; write a decimal point for the comma"
    elif "given twice" in said:
        remedy = "; keep one, and put all keys of a table under one heading; entries of a list stand under [[…]] each"
    elif "\\" in line:
        remedy = "; write paths with / or in single quotes, 'office\\villages.xlsx'"
    elif re.match("Invalid value|Illegal character|Found invalid|Expected newline|Expected \"'", said):
        remedy = '; text stands between two equal quotation marks, name = "Oakham"; true and false are written small'
    return f": {line.strip()[:80]}{remedy}"


def toml_table(text: str) -> dict[str, Any]:
    """Read TOML, and refuse as no TOML what no person writes: nesting, sizes and numbers that fill time and memory."""
    if len(text) > MOST_TOML_LETTERS:
        raise tomllib.TOMLDecodeError(_TOO_LONG)
    too_deep = "brackets stand in brackets, or keys in keys, too deeply"
    if _LONG_KEY.search(text):
        raise tomllib.TOMLDecodeError(too_deep)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = re.sub(r"^(Cannot|Duplicate) .*(?= \(at )", "given twice", str(error))
        raise tomllib.TOMLDecodeError(f"{said}{_toml_remedy(text, said)}") from error
    except RecursionError as error:
        raise tomllib.TOMLDecodeError(too_deep) from error
    except ValueError as error:
        raise tomllib.TOMLDecodeError("a number has too many digits") from error
    level: list[Any] = [values]
    for _ in range(DEEPEST_TOML):
        inner = (held.values() if isinstance(held, dict) else held for held in level)
        found = [value for several in inner for value in several]
        if any(isinstance(value, int) and value.bit_length() > _MOST_BITS for value in found):
            raise tomllib.TOMLDecodeError("a number has too many digits")
        level = [value for value in found if isinstance(value, dict | list)]
        if not level:
            return values
    raise tomllib.TOMLDecodeError(too_deep)


def printable(text: str) -> str:
    """Write what a terminal would obey instead of showing as an escape; all that can be read stays as it is."""
    if text.isprintable():
        return text
    return "".join(
        sign
        if sign in _KEPT or unicodedata.category(sign) not in _OBEYED
        else sign.encode("unicode_escape", "surrogatepass").decode("ascii")
        for sign in text
    )


def ids_apart(known: Iterable[str], sign: str = " ") -> Callable[[str], list[str]]:
    """Take ids apart that were joined by a sign, such as blanks, though some hold it: the longest known counts."""
    holding = {name for name in known if sign in name}
    most = max((name.count(sign) + 1 for name in holding), default=1)

    def apart(text: str) -> list[str]:
        words, found, at = text.split(sign), list[str](), 0
        while at < len(words):
            longest = (number for number in range(most, 1, -1) if sign.join(words[at : at + number]) in holding)
            number = min(next(longest, 1), len(words) - at)
            found.append(sign.join(words[at : at + number]))
            at += number
        return [name for name in found if name]

    return apart


SCREEN_ROWS, SCREEN_COLUMNS = 32, 80
"""What a message of the terminal fits into, unless all of it is asked for."""


def display_width(text: str) -> int:
    """Count the columns that a text takes in a terminal, a cell or a line of a print, two for a Chinese sign."""
    return len(text) if text.isascii() else sum(1 + (unicodedata.east_asian_width(sign) in "WF") for sign in text)


def padded(text: str, width: int) -> str:
    """Fill a text up to a width of the terminal, behind it where the width is negative."""
    blank = " " * (abs(width) - display_width(text))
    return f"{text}{blank}" if width < 0 else f"{blank}{text}"


LABEL_COLUMNS = 14
"""What stands before a path takes so many columns of the terminal."""


def labelled(label: str, value: object) -> str:
    """Put a label before a path, as wide as the others."""
    return f"{padded(label, -LABEL_COLUMNS)}{value}"


def shortened(text: str, width: int) -> str:
    """Cut a text that takes more columns than there are."""
    plain = " ".join(text.split())
    if display_width(plain) <= width:
        return plain
    kept = ""
    for sign in plain:
        if display_width(kept + sign) > width - 3:
            break
        kept += sign
    return kept + "..."


_BROKEN_BEHIND = re.compile(r" *[“‘（《]*(?:[^ \u2e80-\uffef]+|[\u2e80-\uffef])[、。，；：？！）”’》…]*")  # noqa: RUF001 - as Chinese has them
"""What stays on one line: what is between blanks, or a Chinese sign with the signs that close behind it."""


def wrapped(text: str, width: int) -> list[str]:
    """Break a text into lines of so many columns of the terminal, at blanks and between Chinese signs."""
    lines = [""]
    for part in _BROKEN_BEHIND.findall(text):
        if lines[-1] and display_width(lines[-1] + part) > width:
            lines.append("")
        lines[-1] += part if lines[-1] else part.lstrip(" ")
    return lines


def screen_rows(text: str) -> int:
    """Count the rows that a line takes in a terminal of 80 columns."""
    return max(1, -(-display_width(text) // SCREEN_COLUMNS))


def first_screen(lines: Iterable[str], more: Callable[[int], str], *, rows: int = SCREEN_ROWS) -> list[str]:
    """Take the lines that fit a screen, and say how many there are more and how to see them."""
    every = list(lines)
    taken = [screen_rows(line) for line in every]
    if sum(taken) <= rows:
        return every
    shown, left = 0, rows - 1
    while taken[shown] <= left:
        left -= taken[shown]
        shown += 1
    return [*every[:shown], more(len(every) - shown)]


def one_line(text: str) -> str:
    """As `printable`, of text that is one line: a name cannot begin another."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


_PLAINER = {"\u00a0": " ", "\u202f": " ", "\u2011": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u00d7": "x"}
_PLAINER |= {
    "\u2018": "'",
    "\u2019": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u2026": "...",
    "\u2264": "<=",
    "\u2265": ">=",
}
"""Spaces, dashes, quotation marks and signs that the terminal of one country lacks, and what is read as the same."""


def plainer(error: UnicodeError) -> tuple[str, int]:
    """Write what an encoding lacks by a plainer sign, else by its number; a handler of errors for `codecs`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    told = [_PLAINER.get(sign) or sign.encode("ascii", "backslashreplace").decode("ascii") for sign in signs]
    return "".join(told), error.end


def spreadsheet_text(text: str) -> str:
    """Mark text that a spreadsheet would run as a formula, and leave out what no cell can hold."""
    plain = CONTROL.sub("\ufffd", text)
    return f"'{plain}" if FORMULA.match(plain) else plain


def from_spreadsheet(text: str) -> str:
    """Take the apostrophes off that `csv_text` puts."""
    plain = _MARK_WITHIN.sub(r"\1", text)
    return plain[1:] if plain.startswith("'") and FORMULA.match(plain[1:]) else plain


def xml_text(root: Element) -> str:
    """Write XML whose texts hold no sign that XML cannot."""
    for item in root.iter():
        item.text, item.tail = (text and CONTROL.sub("\ufffd", text) for text in (item.text, item.tail))
        for name, text in item.attrib.items():
            item.attrib[name] = CONTROL.sub("\ufffd", text)
    return tostring(root, encoding="unicode")


def html_table(title: str, rows: Mapping[str, object]) -> str:
    """Write a title and a few facts as a notebook shows them."""
    cells = (f"<tr><td>{escape(key)}</td><td>{escape(str(value))}</td></tr>" for key, value in rows.items())
    return f"<b>{escape(title)}</b><table>{''.join(cells)}</table>"


def csv_text(text: str) -> str:
    """As `spreadsheet_text`, of a cell of a CSV, which a spreadsheet may cut in two."""
    return _CELL_WITHIN.sub(r"\1'", spreadsheet_text(text))


def csv_bytes(frame: pd.DataFrame, *, numbers: Collection[str] = ()) -> bytes:
    """Write a table as the CSV that spreadsheets open: UTF-8 with its mark, and no text that they would run."""
    safe = frame.copy()
    for name in frame.columns:
        if name not in numbers and (frame[name].dtype == object or str(frame[name].dtype) in {"str", "string"}):
            safe[name] = frame[name].map(lambda cell: csv_text(cell) if isinstance(cell, str) else cell)
    safe.columns = [csv_text(str(name)) for name in frame.columns]
    return safe.to_csv(index=False, lineterminator="\n").encode("utf-8-sig", errors="replace")


_BARE = re.compile("[A-Za-z0-9_-]+")


def toml_value(value: Any) -> str:
    """Write a value as TOML."""
    if isinstance(value, dict):
        inner = ", ".join(f"{toml_key(str(key))} = {toml_value(item)}" for key, item in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml_value(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=not isinstance(value, str)).replace("\x7f", "\\u007f")


def toml_key(text: str) -> str:
    """Write a key as TOML: bare where it may be."""
    return text if _BARE.fullmatch(text) else toml_value(text)


def quoted(path: object) -> str:
    """Write a path as it is typed in a command: between quotes where it holds a blank or a sign that a shell reads."""
    return f'"{path}"' if re.search(r"[^\w./\\:+=,@%~-]", str(path)) else str(path)


class FewOfAKind(logging.Filter):
    """Let each message through once, and few that differ in their numbers only: sixty services warn of the same."""

    def __init__(self, most: int = 2) -> None:
        super().__init__()
        self.most = most
        self.said: dict[str, set[str]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a message is new, and of a kind of which few were said."""
        if record.levelno >= logging.ERROR:
            return True
        kind = f"{record.name} {getattr(record, 'kind', record.msg)}"
        text, said = record.getMessage(), self.said.setdefault(kind, set())
        if text in said or len(said) >= self.most:
            return False
        said.add(text)
        if len(said) == self.most:
            record.msg, record.args, record.is_last = f"{text} (spatial -v shows all of this kind)", (), True
        return True


WORDED = "worded"
"""Attribute of a line of the log that may be said in another language: a function that takes its words."""


class PlainFormatter(logging.Formatter):
    """Write a line of the log so that no name in it is obeyed by the terminal or begins a line of its own."""

    words: Callable[[], Any] | None = None  # makes those of the language of the study, once that is known

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - as logging has it
        """Format the message."""
        if self.words is not None and (worded := getattr(record, WORDED, None)) is not None:
            words = self.words()
            more = f" ({words.say('warning', 'more')})" if hasattr(record, "is_last") else ""
            record.message = worded(words) + more
        return one_line(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        """Format the message and, where there is one, its traceback."""
        return printable(super().format(record))


def log_handler(stream: TextIO | None = None, *, is_full: bool = False) -> logging.Handler:
    """Write the log of a command, few lines of a kind unless all are asked for."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(PlainFormatter("%(levelname)s %(name)s: %(message)s"))
    if not is_full:
        handler.addFilter(FewOfAKind())
    return handler


@contextlib.contextmanager
def log_of_its_own() -> Iterator[io.StringIO]:
    """Keep the log of one of several works apart: in the language of each, and few lines of a kind of each."""
    root, kept = logging.getLogger(), io.StringIO()
    before, root.handlers = root.handlers, [log_handler(kept, is_full=root.isEnabledFor(logging.INFO))]
    try:
        yield kept
    finally:
        root.handlers = before


def word_log(words: Callable[[], Any]) -> None:
    """Let lines of the log be in some words from here on, where they may be; these are made when a line is."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, PlainFormatter):
            handler.formatter.words = words


LEAST_SHARE, LEAST_S = 0.02, 5.0
"""Of a run: before so much is done, or so many seconds are over, nothing is said of how long the rest takes."""
LINE_S = 60.0
"""Seconds between two lines of progress where nobody watches a bar: a short run has none."""


@contextlib.contextmanager
def progress_bar(left: Callable[[str], str] = "about {} left".format) -> Iterator[Callable[[float, str], None]]:
    """Show a bar that takes a fraction and a message, with the time that is left; in a file, a line now and then."""
    begun = said = time.monotonic()

    def rest(fraction: float) -> str:
        from tqdm import tqdm  # noqa: PLC0415 - as long as finding that nothing is to be done

        over = time.monotonic() - begun
        known = LEAST_SHARE <= fraction < 1.0 and over >= LEAST_S
        return left(tqdm.format_interval(over * (1.0 - fraction) / fraction)) if known else ""

    def write(fraction: float, message: str) -> None:
        nonlocal said
        if time.monotonic() - said >= LINE_S:
            said = time.monotonic()
            done = f"{math.floor(100 * fraction)}\u00a0%"
            sys.stderr.write(one_line(", ".join(filter(None, (message, done, rest(fraction))))) + "\n")
            sys.stderr.flush()

    if not sys.stderr.isatty():
        yield write
        return
    from tqdm import tqdm  # noqa: PLC0415 - as above

    with tqdm(total=100, bar_format="{l_bar}{bar}| {elapsed} {unit}", unit="", leave=False) as bar:

        def report(fraction: float, message: str) -> None:
            bar.unit = rest(fraction) or bar.unit
            bar.set_description_str(f"{one_line(message):<44.44}", refresh=False)
            bar.update(max(0.0, round(100 * fraction) - bar.n))

        yield report
