"""The study file that ``spatial init`` writes: every key with its description and default."""

from __future__ import annotations

import json
import types
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from pydantic import BaseModel

from spatial.study import Study, TableSource

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pydantic.fields import FieldInfo

__all__ = ["inner_model", "study_template"]

HEAD = """\
# A study: what is studied, from which files, against which norms.
# Lines that begin with '#' are optional and show the default. Paths are relative to the raw root (--raw, data/raw).
# Check it before any work:  spatial check STUDY        Run it:  spatial run STUDY
"""


def study_template(name: str) -> str:
    """Write a study file with every key explained."""
    given = {
        "name": json.dumps(name),
        "title": '{ en = "My county" }',
        "as_of": "2026-01-01",
        "sources.osm.path": '"my-county/extract.osm.pbf"',
    }
    return HEAD + "\n".join(_section(Study, "", given)) + "\n"


def _section(
    model: type[BaseModel], prefix: str, given: dict[str, str], known: Collection[str] = ()
) -> Iterator[str]:
    nested: list[tuple[str, type[BaseModel], FieldInfo, bool]] = []
    for key, field in model.model_fields.items():
        if field.exclude or key in known:
            continue
        inner, many = inner_model(field.annotation)
        if inner is not None:
            nested.append((key, inner, field, many))
            continue
        path = f"{prefix}{key}"
        mark = "" if path in given else "# "
        value = given.get(path) or _default(field)
        yield f"{mark}{field.alias or key} = {value}  # {field.description}"
    for key, inner, field, many in nested:
        path = f"{prefix}{key}"
        named = any(item == path or item.startswith(f"{path}.") for item in given)
        bracket = f"[[{path}]]" if many else f"[{path}]"
        about = field.description or (inner.__doc__ or "").strip().split("\n")[0]
        yield f"\n{'' if named else '# '}{bracket}  # {about}"
        if issubclass(inner, TableSource) and path != "sources.settlements":
            yield "#   keys as in [sources.settlements]"
            yield from _section(inner, f"{path}.", given, TableSource.model_fields)
            continue
        yield from _section(inner, f"{path}.", given)


def inner_model(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """
    Find the options model inside an annotation.

    Returns the model, or None; and whether the key holds a list of them.
    """
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    if get_origin(annotation) in {Union, types.UnionType, tuple}:
        many = get_origin(annotation) is tuple
        for part in get_args(annotation):
            found, _ = inner_model(part)
            if found is not None:
                return found, many
    return None, False


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True) if not field.is_required() else None
    if value is None:
        return '"..."'
    if isinstance(value, dict):
        return "{}"
    return json.dumps(list(value) if isinstance(value, tuple) else value)
