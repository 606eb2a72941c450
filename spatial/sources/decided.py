"""Files in which a person decided, as spreadsheets save them: a comma or a semicolon between fields, or a workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from spatial.plain_text import from_spreadsheet
from spatial.sources.delimited import read_delimited
from spatial.sources.files import local_file
from spatial.sources.text_encodings import AUTO, guess_encoding
from spatial.sources.workbooks import read_workbook

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_decided"]

_WORKBOOKS = {".xlsx", ".xlsm", ".xls"}
_DELIMITERS = (",", ";", "\t")


def read_decided(path: Path, *, what: str) -> pd.DataFrame:
    """
    Read a file of decisions as text.

    Returns text columns, without the apostrophes that the program put before formulas; an empty cell is
    missing.
    """
    if path.suffix.lower() in _WORKBOOKS:
        return _as_written(read_workbook(path, header_row=1, total_words=(), what=what))
    data = local_file(path, what=what).read_bytes()
    header = data.decode(guess_encoding(data), errors="replace").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=header.count)
    return _as_written(read_delimited(path, encoding=AUTO, delimiter=delimiter, what=what))


def _as_written(frame: pd.DataFrame) -> pd.DataFrame:
    """Take off the apostrophes by which the program kept ids and names from being run as formulas."""
    written = frame.copy()
    for name, column in frame.items():
        cells = [from_spreadsheet(cell) if isinstance(cell, str) else cell for cell in column]
        written[name] = pd.Series(cells, index=frame.index, dtype=column.dtype)
    return written
