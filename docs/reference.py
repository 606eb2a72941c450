"""Write the reference pages from the code: tables, study keys, commands, errors, public names."""

from __future__ import annotations

import inspect
import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, get_args

import click
from pydantic import BaseModel

import spatial
from spatial import errors
from spatial.cli import cli
from spatial.drafting.study_file import inner_model
from spatial.study import Study
from spatial.study.sources import PlainTable, RasterSource, TableSource
from spatial.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable


def write_reference(folder: Path) -> None:
    """Write every page of the reference."""
    folder.mkdir(exist_ok=True)
    pages = {
        "tables.md": tables_page(),
        "study.md": study_page(),
        "commands.md": commands_page(),
        "errors.md": errors_page(),
        "api.md": api_page(),
        **{f"{topic.page}.md": topic_page(topic) for topic in topics()},
    }
    for name, text in pages.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def tables_page() -> str:
    """Write the data dictionary."""
    parts = ["# Data dictionary\n\nEvery table between stages; NaN is unknown and a status column says why.\n"]
    for table in TABLES.values():
        geometry = table.geometry or "none"
        parts.append(
            f"\n## `{table.name}`: {table.title}\n\nKey: {', '.join(table.key)}. Geometry: {geometry}. "
            f"[Class](../sharing.md#what-leaves): {table.sharing}.\n\n"
        )
        parts.append("| column | title | kind | unit | may be missing | description |\n|---|---|---|---|---|---|\n")
        for field in table.fields:
            values = f" One of: {', '.join(field.values)}." if field.values else ""
            values += f" Class: {field.sharing}." if field.sharing else ""
            missing = "yes" if field.nullable else "no"
            missing += "" if field.required else " (optional column)"
            parts.append(
                f"| `{field.name}` | {_cell(field.title)} | {field.kind} | {field.unit} | {missing} | "
                f"{_cell(field.description + values)} |\n"
            )
    return "".join(parts)


FILES: dict[str, type[BaseModel]] = {
    "A file with places or lines": TableSource,
    "A table": PlainTable,
    "A raster": RasterSource,
}
"""What many keys take, the special before the general: told once, behind the sections."""


def _link(title: str) -> str:
    return f"[{title[0].lower()}{title[1:]}](#{title.lower().replace(' ', '-')})"


def _keys(model: type[BaseModel], prefix: str = "", told: Collection[str] = ()) -> list[tuple[str, str, str]]:
    """List the keys of a model but those that are told elsewhere: key, default, what it is."""
    rows = []
    for name, field in model.model_fields.items():
        if field.exclude or name in told:
            continue
        key = f"{prefix}{field.alias or name}"
        inner, many = inner_model(field.annotation)
        if inner is not None:
            about = (field.description or (inner.__doc__ or "").strip().split("\n")[0]).removesuffix(".")
            kind = next((title for title, base in FILES.items() if issubclass(inner, base)), None)
            rows.append((key + ("[]" if many else ""), "", about if kind is None else f"{about}: {_link(kind)}"))
            rows += _keys(inner, key + ("[]." if many else "."), FILES[kind].model_fields if kind else ())
            continue
        default = "required" if field.is_required() else repr(field.get_default(call_default_factory=True))
        rows.append((key, default, field.description or ""))
    return rows


def study_page() -> str:
    """Write the keys of a study section by section, and once those of files that many keys take."""
    table = "| key | default | what it is |\n|---|---|---|\n"
    parts = [
        "# Keys of the study file\n\n`spatial init` writes a file with all of them. Keys with `[]` may be repeated.\n"
    ]

    def add(head: str, keys: Iterable[tuple[str, str, str]]) -> None:
        rows = [
            f"| `{key}` | {_cell(f'`{default}`' if default else '')} | {_cell(about)} |\n"
            for key, default, about in keys
        ]
        parts.append(f"\n{head}{table}{''.join(rows)}")

    for head, keys in itertools.groupby(
        _keys(Study), key=lambda row: re.split(r"[.\[]", row[0])[0] if row[1] == "" or "." in row[0] else ""
    ):
        add(f"## `{head}`\n\n" if head else "", keys)
    for title, base in FILES.items():
        wider = next((other for other, one in FILES.items() if one is not base and issubclass(base, one)), None)
        more = f"Beside these keys those of {_link(wider)}.\n\n" if wider else ""
        add(f"## {title}\n\n{more}", _keys(base, told=FILES[wider].model_fields if wider else ()))
    return "".join(parts)


def commands_page() -> str:
    """Write the help of every command."""
    parts = ["# Commands\n"]
    for name, command in sorted(cli.commands.items()):
        context = click.Context(command, info_name=f"spatial {name}")
        parts.append(f"\n## `spatial {name}`\n\n```text\n{command.get_help(context)}\n```\n")
    return "".join(parts)


def errors_page() -> str:
    """Write the error tree."""
    return f"# Errors and exit codes\n\n```text\n{inspect.getdoc(errors)}\n```\n"


class Topic(NamedTuple):
    """Public names that belong together."""

    title: str
    about: str
    names: list[str]

    @property
    def page(self) -> str:
        """Name of its page."""
        return f"api-{re.sub('[^a-z]+', '-', self.title.lower())}"


def topics() -> list[Topic]:
    """Read the topics of the public names off the stub."""
    stub = Path(spatial.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    parts = re.split(r"^# == (.+) ==\n# (.+)\n", stub, flags=re.MULTILINE)[1:]
    found = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return [Topic(title, about, re.findall(r" as (\w+)$", lines, re.MULTILINE)) for title, about, lines in found]


def api_page() -> str:
    """Write the list of public names by topic."""
    parts = ["# Public names\n\n`import spatial as sp`; each is imported when first used.\n"]
    for topic in topics():
        names = ", ".join(f"{{py:obj}}`sp.{name} <spatial.{name}>`" for name in topic.names)
        parts.append(f"\n## [{topic.title}]({topic.page}.md)\n\n{topic.about}\n\n{names}\n")
    listed = "\n".join(topic.page for topic in topics())
    return "".join(parts) + f"\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n"


def topic_page(topic: Topic) -> str:
    """Write the names of a topic with their docstrings, each an object that other pages can refer to."""
    parts = [f"# {topic.title}\n\n{topic.about}\n"]
    for name in topic.names:
        value = getattr(spatial, name)
        kind = "class" if inspect.isclass(value) else "function" if inspect.isfunction(value) else "data"
        shown = _signature(value) if kind == "function" else ""
        words = ", ".join(map(str, get_args(value)))
        told = f"One of: {words}." if words else "" if kind == "data" else inspect.getdoc(value)
        parts.append(f"\n## `sp.{name}`\n\n`````{{py:{kind}}} spatial.{name}{shown}\n\n````text\n{told}\n````\n`````\n")
    return "".join(parts)


def _signature(function: Callable[..., object]) -> str:
    """Write a signature whose annotations are as in the source."""
    found = inspect.signature(function)
    shown, star = [], False
    for parameter in found.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            shown.append("*")
            star = True
        kept = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        default = "" if parameter.default is parameter.empty else f"={_plain(parameter.default)}"
        shown.append(f"{kept}{parameter.name}{default}")
    return f"({', '.join(shown)})"


def _plain(value: object) -> str:
    """Write a default; one that is no plain value by its name."""
    plain = isinstance(value, str | int | float | bool | None | tuple)
    return repr(value) if plain else getattr(value, "name", "...")
