"""Proposals as TOML: what is sure as it is, guesses commented out below a line that says what to decide."""

from __future__ import annotations

import json
import re
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from spatial.sources.inspection import Proposal, Setting

__all__ = [
    "DECIDE",
    "SUGGESTION",
    "WIDTH",
    "comment",
    "decision_lines",
    "open_decisions",
    "toml_block",
    "toml_value",
]

DECIDE = "# DECIDE:"
SUGGESTION = "# SUGGESTION:"
WIDTH = 100
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_block(proposal: Proposal) -> list[str]:
    """Write a proposal as lines of a study file."""
    bracket = f"[[{proposal.section}]]" if proposal.is_list else f"[{proposal.section}]"
    lines = [bracket, *(line for setting in proposal.settings for line in _lines(setting))]
    if not proposal.is_suggestion:
        return lines
    return [f"{SUGGESTION} remove the first # of each line to use it", *(f"# {line}" for line in lines)]


def _lines(setting: Setting) -> Iterator[str]:
    if not setting.is_decided:
        yield from comment(DECIDE, setting.reason)
        yield from (f"# {line}" for line in _assignments(setting) if setting.key)
        return
    if not setting.key:
        yield from comment("#", setting.reason)
        return
    lines = _assignments(setting)
    if len(lines) == 1 and setting.reason and len(lines[0]) + len(setting.reason) + 4 <= WIDTH:
        lines = [f"{lines[0]}  # {_printable(setting.reason)}"]
    elif setting.reason:
        yield from comment("#", setting.reason)
    yield from lines


def _assignments(setting: Setting) -> list[str]:
    """Write a setting; words of values each on a line of their own, so that lines can be added."""
    if setting.key.startswith("values.") and isinstance(setting.value, dict):
        return [
            f"{setting.key}.{_key(str(word))} = {toml_value(ours)}" for word, ours in setting.value.items()
        ]
    return [f"{setting.key} = {toml_value(setting.value)}"]


def comment(mark: str, text: str) -> Iterator[str]:
    """Wrap a remark into comment lines."""
    plain = _printable(text)
    for number, line in enumerate(textwrap.wrap(plain, WIDTH - len(mark) - 1) or [""]):
        yield f"{mark} {line}" if not number else f"#   {line}"


def _printable(text: str) -> str:
    """Leave out what a comment of TOML may not hold."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def toml_value(value: Any) -> str:
    """Write a value as TOML."""
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(str(key))} = {toml_value(item)}" for key, item in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml_value(item) for item in value)}]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(text: str) -> str:
    return text if _BARE.fullmatch(text) else _text(text)


def open_decisions(text: str) -> list[tuple[int, str]]:
    """Find what a study file still leaves to decide."""
    found, section = [], ""
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if stripped.startswith("["):
            section = stripped.split("#")[0].strip()
        if stripped.upper().startswith(DECIDE):
            parts = [stripped[len(DECIDE) :].strip()]
            for later in lines[number:]:
                if not later.startswith("#   "):
                    break
                parts.append(later[1:].strip())
            where = f"{section} " if section else ""
            found.append((number, where + " ".join(parts)))
    return found


def decision_lines(path: Path) -> Iterator[str]:
    """Say what a study file still leaves to decide."""
    try:
        found = open_decisions(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        return
    if found:
        yield f"{path}: {len(found)} thing(s) to decide; uncomment or correct the line below, then delete the mark:"
    for number, text in found:
        yield f"  line {number}: {text}"
