"""What is said of the sources, with the package's own words in one language; what a source says stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from spatial.planning.notices import issue_text, issues_by_file, source_fact
from spatial.planning.wording import languages as worded
from spatial.planning.wording import wording

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["issues_told", "provenance_told"]

FACTS = ("origin", "licence", "vintage", "address")


def provenance_told(provenance: pd.DataFrame, issues: pd.DataFrame, language: str) -> pd.DataFrame:
    """Put the package's words in the account of the sources into a language."""
    words = wording(_spoken(language))
    by_file = issues_by_file(_records(issues), words)
    faults = [
        by_file.get(path, issue) for path, issue in zip(provenance["path"], provenance["issue"], strict=True)
    ]
    facts = {name: [source_fact(str(fact), words) for fact in provenance[name]] for name in FACTS}
    return provenance.assign(**facts, issue=faults)


def issues_told(issues: pd.DataFrame, language: str) -> pd.DataFrame:
    """Put what readers noticed into a language."""
    words = wording(_spoken(language))
    said = [issue_text(record, words) for record in _records(issues)]
    return issues.assign(issue=pd.Series(said, index=issues.index, dtype="str"))


def _spoken(language: str) -> str:
    return language if language in worded() else "en"


def _records(issues: pd.DataFrame) -> Iterable[dict[str, str]]:
    for row in issues.itertuples(index=False):
        yield {"path": str(row.path), "issue": str(row.issue), "issue_kind": str(row.issue_kind)}
