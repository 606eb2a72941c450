"""The workbook as bytes that are the same for the same results."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook

from spatial.store import Artifact
from spatial.workbook.content import Content
from spatial.workbook.meta import BookMeta, book_words
from spatial.workbook.sheets import add_sheet, add_styles

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["build_workbook"]

NAME = "results.xlsx"
PROPERTIES = "docProps/core.xml"
PACKED_AT = (1980, 1, 1, 0, 0, 0)
UNIX, READABLE = 3, 0o644 << 16
MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")


def build_workbook(
    tables: Mapping[str, pd.DataFrame], *, summary: Mapping[str, Any], register: pd.DataFrame, meta: BookMeta
) -> Artifact:
    """Write the results as a workbook."""
    book = Workbook(write_only=True)
    add_styles(book)
    words = tuple(book_words(language, meta.services) for language in meta.languages)
    for sheet in Content(tables, summary, register, meta, words).sheets():
        add_sheet(book, sheet)
    noon = dt.datetime.combine(meta.as_of, dt.time(12))
    book.properties.creator = "spatial"
    book.properties.title = meta.title.get(meta.languages[0]) or next(iter(meta.title.values()))
    book.properties.created = noon
    packed = io.BytesIO()
    book.save(packed)
    return Artifact(NAME, _stable(packed.getvalue(), f"{noon.isoformat()}Z"))


def _stable(content: bytes, modified: str) -> bytes:
    """Pack again without the time of day."""
    stable = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stable, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            part = old.read(name)
            if name == PROPERTIES:
                part = MODIFIED.sub(rb"\g<1>" + modified.encode() + rb"\g<2>", part)
            entry = zipfile.ZipInfo(name, PACKED_AT)
            entry.compress_type, entry.create_system, entry.external_attr = (
                zipfile.ZIP_DEFLATED,
                UNIX,
                READABLE,
            )
            new.writestr(entry, part)
    return stable.getvalue()
