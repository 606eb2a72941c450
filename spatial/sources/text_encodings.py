"""Tell the encoding of text from its bytes, where a study asks for it with ``encoding = "auto"``."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["AUTO", "guess_encoding", "guess_table_encoding"]

AUTO = "auto"
"""Declared in place of an encoding."""

_MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_COMMON_SHARE = 0.9


def guess_encoding(data: bytes) -> str:
    """
    Tell the encoding of text.

    Parameters
    ----------
    data : bytes
        All of it.

    Returns
    -------
    str
        By its byte order mark; ``utf-8`` where it reads as that; ``gb18030`` where it reads as that and nearly all
        characters beyond ASCII are common Chinese ones, whose two bytes are both high; else ``cp1252``, which is
        Latin-1 with the signs that Windows adds.

    Examples
    --------
    >>> [guess_encoding(text.encode(code)) for text, code in (("石桥", "gbk"), ("Domoni, Ségou", "latin-1"))]
    ['gb18030', 'cp1252']
    """
    for mark, name in _MARKS.items():
        if data.startswith(mark):
            return name
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030" if _is_chinese(data) else "cp1252"
    return "utf-8"


def guess_table_encoding(file: Path) -> str:
    """
    Tell the encoding of a dBASE table, such as the attributes of a Shapefile, from its field names and records.

    Parameters
    ----------
    file : Path
        The .dbf.

    Returns
    -------
    str
        As `guess_encoding`.
    """
    data = file.read_bytes()
    start = struct.unpack_from("<H", data, 8)[0] if len(data) >= 32 else len(data)
    names = [data[place : place + 11].split(b"\0")[0] for place in range(32, start - 1, 32)]
    return guess_encoding(b" ".join([*names, data[start:].replace(b"\0", b" ")]))


def _is_chinese(data: bytes) -> bool:
    try:
        beyond = [letter for letter in data.decode("gb18030") if ord(letter) > 127]
    except UnicodeDecodeError:
        return False
    common = sum(
        len(code) == 2 and code[1] >= 0xA1 for code in (letter.encode("gb18030") for letter in beyond)
    )
    return bool(beyond) and common >= _COMMON_SHARE * len(beyond)
