"""What the workbook says about the study beside its tables."""

from __future__ import annotations

import importlib.resources
import tomllib
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from spatial.planning.sign_off import sign_off_words
from spatial.planning.wording import languages as worded
from spatial.planning.wording import wording

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from spatial.planning.sign_off import SignOffWords
    from spatial.planning.wording import Wording

__all__ = ["BookMeta", "BookWords", "book_words"]

FALLBACK = "en"


@dataclass(frozen=True)
class BookMeta:
    """What every sheet prints about the study."""

    title: Mapping[str, str]  # title by language
    as_of: dt.date  # the date on which norms are judged
    status: str  # draft, internal or public
    languages: tuple[str, ...]  # the first one leads; sentences and sheet names are in it alone
    population_basis: str  # resident, registered or modelled
    synthetic: bool = False  # true for made-up ground
    note: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # A sentence by language
    map_approval: str = ""  # approval number of the maps; empty where none is given
    approval_wanted: bool = False  # whether the outputs are public maps that need such a number and have none
    # names by language, by service
    services: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class BookWords:
    """The words of one language."""

    language: str  # its code
    messages: Mapping[str, Mapping[str, str]]  # section, key, text
    results: Wording  # words for statuses, reasons and numbers
    sign_off: SignOffWords  # words of the table `sign_off`

    def say(self, section: str, key: str, **values: object) -> str:
        """Say one message."""
        return self.messages[section][key].format(**values)


def book_words(language: str, services: Mapping[str, Mapping[str, str]]) -> BookWords:
    """Load the words of a language."""
    names = {service: said[language] for service, said in services.items() if language in said}
    results = wording(language if language in worded() else FALLBACK, names=names)
    return BookWords(language, _load(language), results, sign_off_words(language))


@cache
def _load(language: str) -> dict[str, dict[str, str]]:
    folder = importlib.resources.files("spatial.workbook").joinpath("messages")
    file = folder.joinpath(f"{language}.toml")
    chosen = file if file.is_file() else folder.joinpath(f"{FALLBACK}.toml")
    return tomllib.loads(chosen.read_text(encoding="utf-8"))
