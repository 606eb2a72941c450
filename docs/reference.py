"""Write the reference pages from the code: tables, study keys, commands, errors, public names."""

from __future__ import annotations

import contextlib
import inspect
from pathlib import Path

import click
from pydantic import BaseModel

import spatial
from spatial import errors
from spatial.cli import cli
from spatial.drafting.study_file import inner_model
from spatial.study import Study
from spatial.tables import TABLES


def write_reference(folder: Path) -> None:
    """Write every page of the reference."""
    folder.mkdir(exist_ok=True)
    pages = {
        "tables.md": tables_page(),
        "study.md": study_page(),
        "commands.md": commands_page(),
        "errors.md": errors_page(),
        "api.md": api_page(),
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
        parts.append(f"\n## `{table.name}`: {table.title}\n\nKey: {', '.join(table.key)}. Geometry: {geometry}.\n\n")
        parts.append("| column | title | kind | unit | may be missing | description |\n|---|---|---|---|---|---|\n")
        for field in table.fields:
            values = f" One of: {', '.join(field.values)}." if field.values else ""
            missing = "yes" if field.nullable else "no"
            missing += "" if field.required else " (optional column)"
            parts.append(
                f"| `{field.name}` | {_cell(field.title)} | {field.kind} | {field.unit} | {missing} | "
                f"{_cell(field.description + values)} |\n"
            )
    return "".join(parts)


def _keys(model: type[BaseModel], prefix: str = "") -> list[tuple[str, str, str]]:
    rows = []
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        key = f"{prefix}{field.alias or name}"
        inner, many = inner_model(field.annotation)
        if inner is not None:
            about = field.description or (inner.__doc__ or "").strip().split("\n")[0]
            rows.append((key + ("[]" if many else ""), "", about))
            rows += _keys(inner, key + ("[]." if many else "."))
            continue
        default = "required" if field.is_required() else repr(field.get_default(call_default_factory=True))
        rows.append((key, default, field.description or ""))
    return rows


def study_page() -> str:
    """Write the list of study keys."""
    head = "# Keys of the study file\n\n`spatial init` writes a file with all of them.\n\n"
    table = "| key | default | what it is |\n|---|---|---|\n"
    rows = [
        f"| `{key}` | {_cell(f'`{default}`' if default else '')} | {_cell(about)} |\n"
        for key, default, about in _keys(Study)
    ]
    return head + table + "".join(rows)


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


def api_page() -> str:
    """Write the public names with their docstrings."""
    parts = ["# Public names\n\n`import spatial as sp`; each is imported when first used.\n"]
    for name in spatial.__all__:
        value = getattr(spatial, name)
        parts.append(f"\n## `sp.{name}`\n")
        if callable(value):
            with contextlib.suppress(ValueError):  # some classes show no signature
                parts.append(f"\n```python\n{name}{inspect.signature(value)}\n```\n")
            parts.append(f"\n```text\n{inspect.getdoc(value)}\n```\n")
    return "".join(parts)
