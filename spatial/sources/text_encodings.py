"""Tell the encoding of text from its bytes, where a study asks for it with ``encoding = "auto"``."""

from __future__ import annotations

import codecs
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["AUTO", "guess_encoding", "guess_table_encoding", "is_surely_utf8", "table_text"]

AUTO = "auto"
"""Declared in place of an encoding."""

_MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_COMMON_SHARE = 0.9
_LAST_ASCII = 127
_CHANCE_CHINESE, _CHANCE_LATIN = 6, 2
"""So many letters beyond ASCII that read as UTF-8 are no chance: two of GBK may, as in 联通."""


def guess_encoding(data: bytes) -> str:
    """
    Tell the encoding of text.

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
    """Tell the encoding of a dBASE table, such as the attributes of a Shapefile, from its field names and records."""
    return guess_encoding(table_text(file))


def table_text(file: Path) -> bytes:
    """Take the field names and records of a dBASE table."""
    data = file.read_bytes()
    start = struct.unpack_from("<H", data, 8)[0] if len(data) >= 32 else len(data)
    names = [data[place : place + 11].split(b"\0")[0] for place in range(32, start - 1, 32)]
    return b" ".join([*names, data[start:].replace(b"\0", b" ")])


def is_surely_utf8(data: bytes, declared: str) -> bool:
    """
    Whether text is UTF-8 though another encoding is declared, in which it would read as nonsense.

    Examples
    --------
    >>> is_surely_utf8("石桥村、柳河镇".encode(), "gb18030"), is_surely_utf8("联通".encode("gbk"), "gb18030")
    (True, False)
    """
    name = codecs.lookup(declared).name
    if name.startswith(("utf", "ascii")):
        return False
    try:
        beyond = sum(ord(letter) > _LAST_ASCII for letter in data.decode("utf-8"))
    except UnicodeDecodeError:
        return False
    return beyond >= (_CHANCE_CHINESE if name.startswith("gb") else _CHANCE_LATIN)


def _is_chinese(data: bytes) -> bool:
    try:
        beyond = [letter for letter in data.decode("gb18030") if ord(letter) > 127]
    except UnicodeDecodeError:
        return False
    common = sum(
        len(code) == 2 and code[1] >= 0xA1 for code in (letter.encode("gb18030") for letter in beyond)
    )
    return bool(beyond) and common >= _COMMON_SHARE * len(beyond)
