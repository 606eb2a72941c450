"""The workbook: results as sheets that an office opens, filters, prints and signs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from spatial.messages import Words
from spatial.store import Artifact
from spatial.workbook.content import Content
from spatial.workbook.sheets import BookMeta, pack_book

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
        sheets = Content(tables, summary, register, meta, words).sheets()
        content = pack_book(sheets, title=words.pick(meta.title), language=language, as_of=meta.as_of)
        name = NAME if language == meta.languages[0] else NAME_IN.format(language=language)
        books.append(Artifact(name, content))
    return books
