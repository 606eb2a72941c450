"""Words of the table `sign_off`: one TOML file a language."""

from __future__ import annotations

import importlib.resources
import tomllib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from spatial.planning.wording import languages, wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spatial.planning.wording import Wording

__all__ = ["SignOffWords", "sign_off_words"]

FALLBACK = "en"


@dataclass(frozen=True)
class SignOffWords:
    """
    The words of one language.

    Parameters
    ----------
    messages : mapping of str to mapping of str to str
        Section, key, text.
    results : Wording
        Writes numbers as the language does.
    """

    messages: Mapping[str, Mapping[str, str]]
    results: Wording

    def item(self, kind: str, of: str, name: Callable[[str, str], str]) -> str:
        """
        Name a row.

        Parameters
        ----------
        kind, of : str
            As in the table.
        name : callable
            Gives kind and id the name of a service, road class, mode or norm.

        Returns
        -------
        str
            Such as "Facilities: hospital".
        """
        return self.messages["kind"][kind].format(of=name(kind, of) if of else "")

    def causes(self, codes: str) -> str:
        """
        Say the likely causes.

        Parameters
        ----------
        codes : str
            As in the column `likely_causes`.

        Returns
        -------
        str
            Sentences joined by ``; ``; empty for none. A code without words is said as it is.
        """
        parts = [code.partition(":") for code in codes.split(";") if code]
        return "; ".join(
            self._cause(code, number).format(number=self.results.number(int(number)) if number else "")
            for code, _, number in parts
        )

    def _cause(self, code: str, number: str) -> str:
        known = self.messages["cause"]
        return (known.get(f"{code}_one") if number == "1" else None) or known.get(code, code)

    def status(self, status: str) -> str:
        """
        Say a status.

        Parameters
        ----------
        status : str
            ok, look or unknown.

        Returns
        -------
        str
            In this language.
        """
        return self.messages["status"][status]

    def unit(self, unit: str) -> str:
        """
        Say a unit.

        Parameters
        ----------
        unit : str
            As in the table.

        Returns
        -------
        str
            In this language.
        """
        return self.messages["unit"].get(unit, unit)


@cache
def sign_off_words(language: str) -> SignOffWords:
    """
    Load the words of a language.

    Parameters
    ----------
    language : str
        A code such as ``zh``; English where there is no file of it.

    Returns
    -------
    SignOffWords
        Its words.
    """
    folder = importlib.resources.files("spatial.planning.sign_off").joinpath("messages")
    file = folder.joinpath(f"{language}.toml")
    chosen = file if file.is_file() else folder.joinpath(f"{FALLBACK}.toml")
    results = wording(language if language in languages() else FALLBACK)
    return SignOffWords(tomllib.loads(chosen.read_text(encoding="utf-8")), results)
