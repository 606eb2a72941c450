"""The workbook: results as sheets that an office opens, filters, prints and signs."""

from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook

from spatial.messages import Words
from spatial.plain_text import CONTROL
from spatial.store import Artifact
from spatial.workbook.content import Content
from spatial.workbook.sheets import BookMeta, add_sheet, add_styles, stable_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["BookMeta", "build_workbooks"]

NAME, NAME_IN = "results.xlsx", "results.{language}.xlsx"
"""Names of the workbook in the first language of the study, and of those in its others."""


def build_workbooks(
    tables: Mapping[str, pd.DataFrame], *, summary: Mapping[str, Any], register: pd.DataFrame, meta: BookMeta
) -> list[Artifact]:
    """Write the results as workbooks, one a language, the same bytes for the same results."""
    books = []
    for language in meta.languages:
        names = {name: said[language] for name, said in meta.services.items() if language in said}
        words = Words(language, "workbook", names=names)
        book = Workbook(write_only=True)
        add_styles(book)
        for sheet in Content(tables, summary, register, meta, words).sheets():
            add_sheet(book, sheet)
        noon = dt.datetime.combine(meta.as_of, dt.time(12))
        book.properties.creator = "spatial"
        book.properties.language = language
        book.properties.title = CONTROL.sub("\ufffd", words.pick(meta.title))
        book.properties.created = noon
        packed = io.BytesIO()
        book.save(packed)
        name = NAME if language == meta.languages[0] else NAME_IN.format(language=language)
        books.append(Artifact(name, stable_bytes(packed.getvalue(), f"{noon.isoformat()}Z")))
    return books
