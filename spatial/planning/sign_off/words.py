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
    """The words of one language."""

    messages: Mapping[str, Mapping[str, str]]  # section, key, text
    results: Wording  # writes numbers as the language does

    def item(self, kind: str, of: str, name: Callable[[str, str], str]) -> str:
        """Name a row."""
        return self.messages["kind"][kind].format(of=name(kind, of) if of else "")

    def causes(self, codes: str) -> str:
        """
        Say the likely causes.

        Returns sentences joined by ``; ``; empty for none. A code without words is said as it is.
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
        """Say a status."""
        return self.messages["status"][status]

    def unit(self, unit: str) -> str:
        """Say a unit."""
        return self.messages["unit"].get(unit, unit)


@cache
def sign_off_words(language: str) -> SignOffWords:
    """Load the words of a language."""
    folder = importlib.resources.files("spatial.reporting").joinpath("sign_off_messages")
    file = folder.joinpath(f"{language}.toml")
    chosen = file if file.is_file() else folder.joinpath(f"{FALLBACK}.toml")
    results = wording(language if language in languages() else FALLBACK)
    return SignOffWords(tomllib.loads(chosen.read_text(encoding="utf-8")), results)
