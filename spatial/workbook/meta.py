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
    """
    What every sheet prints about the study.

    Parameters
    ----------
    title : mapping of str to str
        Title by language.
    as_of : date
        The date on which norms are judged.
    status : str
        draft, internal or public.
    languages : tuple of str
        The first one leads; sentences and sheet names are in it alone.
    population_basis : str
        resident, registered or modelled.
    synthetic : bool
        True for made-up ground.
    note : mapping of str to str
        A sentence by language.
    map_approval : str
        Approval number of the maps; empty where none is given.
    approval_wanted : bool
        Whether the outputs are public maps that need such a number and have none.
    services : mapping of str to mapping of str to str
        Names by language, by service.
    """

    title: Mapping[str, str]
    as_of: dt.date
    status: str
    languages: tuple[str, ...]
    population_basis: str
    synthetic: bool = False
    note: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    map_approval: str = ""
    approval_wanted: bool = False
    services: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class BookWords:
    """
    The words of one language.

    Parameters
    ----------
    language : str
        Its code.
    messages : mapping of str to mapping of str to str
        Section, key, text.
    results : Wording
        Words for statuses, reasons and numbers.
    sign_off : SignOffWords
        Words of the table `sign_off`.
    """

    language: str
    messages: Mapping[str, Mapping[str, str]]
    results: Wording
    sign_off: SignOffWords

    def say(self, section: str, key: str, **values: object) -> str:
        """
        Say one message.

        Parameters
        ----------
        section, key : str
            Which one.
        **values : object
            What its braces hold.

        Returns
        -------
        str
            The text.
        """
        return self.messages[section][key].format(**values)


def book_words(language: str, services: Mapping[str, Mapping[str, str]]) -> BookWords:
    """
    Load the words of a language.

    Parameters
    ----------
    language : str
        A code such as ``zh``; English where there is no file of it.
    services : mapping of str to mapping of str to str
        Names by language, by service.

    Returns
    -------
    BookWords
        Its words.
    """
    names = {service: said[language] for service, said in services.items() if language in said}
    results = wording(language if language in worded() else FALLBACK, names=names)
    return BookWords(language, _load(language), results, sign_off_words(language))


@cache
def _load(language: str) -> dict[str, dict[str, str]]:
    folder = importlib.resources.files("spatial.workbook").joinpath("messages")
    file = folder.joinpath(f"{language}.toml")
    chosen = file if file.is_file() else folder.joinpath(f"{FALLBACK}.toml")
    return tomllib.loads(chosen.read_text(encoding="utf-8"))
