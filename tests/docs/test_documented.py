"""Nothing that a user can set, meet or read goes undocumented."""

import ast
import functools
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest

import spatial
from spatial import errors
from spatial.cli import cli
from spatial.drafting.study_file import inner_model, study_template
from spatial.messages import Words
from spatial.study import Study
from spatial.tables import TABLES

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("docs_reference", DOCS / "reference.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _fields(model):
    for field in model.model_fields.values():
        if field.exclude:
            continue
        inner, _ = inner_model(field.annotation)
        if inner is not None:
            yield from _fields(inner)
        else:
            yield model, field


def test_every_study_key_has_a_description() -> None:
    bare = [f"{model.__name__}: {field}" for model, field in _fields(Study) if not field.description]
    assert bare == []


def test_every_study_key_is_in_the_template_that_init_writes() -> None:
    text = study_template("x")
    for _, field in _fields(Study):
        assert field.description in text


def test_every_option_of_every_command_has_a_help_text() -> None:
    bare = [
        f"{name} {parameter.name}"
        for name, command in cli.commands.items()
        for parameter in command.params
        if parameter.param_type_name == "option" and not parameter.help
    ]
    assert bare == []


def test_every_command_says_what_it_does() -> None:
    assert all(command.help for command in cli.commands.values())


def test_every_column_has_a_title_and_measures_carry_their_unit_in_the_name() -> None:
    endings = {"min": "_min", "m": "_m", "km": "_km", "km/h": "_km_h"}
    for table in TABLES.values():
        for field in table.fields:
            assert field.title, f"{table.name}.{field.name}"
            if field.unit in endings:
                assert field.name.endswith(endings[field.unit]), f"{table.name}.{field.name}"


def test_every_table_is_in_the_data_dictionary(reference) -> None:
    page = reference.tables_page()
    assert all(f"## `{name}`" in page for name in TABLES)


def test_every_sheet_of_the_workbook_is_told_on_the_page_of_signing() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", (DOCS / "sign-off.md").read_text(encoding="utf-8"), re.MULTILINE)
    told = {sheet for row in rows for sheet in row.split(", ")}
    assert set(Words("en").of("workbook").messages["sheet"].values()) - told == set()


def test_every_table_of_plans_is_told_on_their_page() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", (DOCS / "plans.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert {name for name in TABLES if name.startswith("plan")} - told == set()


def test_every_error_is_in_the_tree() -> None:
    for name in errors.__all__:
        if name.endswith("Error"):
            assert name in errors.__doc__


def test_every_public_name_is_documented(reference) -> None:
    pages = [reference.topic_page(topic) for topic in reference.topics()]
    for name in spatial.__all__:
        # On the page of one topic, as an object that other pages refer to; and in the list of all.
        assert [page.count(f"## `sp.{name}`\n") for page in pages].count(1) == 1, name
        assert sum(len(re.findall(rf"{{py:\w+}} spatial\.{name}\b[(\n]", page)) for page in pages) == 1, name
        assert f"`sp.{name} <spatial.{name}>`" in reference.api_page()
        value = getattr(spatial, name)
        assert get_args(value) or value.__doc__ or name == "TABLES"


def test_every_measure_is_told_on_the_page_of_measures(reference) -> None:
    (topic,) = (topic for topic in reference.topics() if topic.title == "Measures and decays")
    told = (DOCS / "measures.md").read_text(encoding="utf-8")
    assert [name for name in topic.names if name[0].islower() and not re.search(rf"\b{name}\b", told)] == []


def test_every_public_function_is_told_on_a_page_that_people_read(reference) -> None:
    told = "\n".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))
    functions = {name for topic in reference.topics() for name in topic.names if name[0].islower()}
    assert sorted(functions - set(re.findall(r"\w+", told))) == []


def test_what_an_analyst_begins_with_stands_first(reference) -> None:
    first = reference.topics()[0]
    assert first.title == "Quick start"
    assert {"Study", "run", "read_results", "travel_times", "cost_to_closest", "plot_access"} <= set(first.names)
    assert len(reference.topics()) >= 10


@functools.cache
def names_of(module: str) -> dict[str, Any]:
    """Names of a module, those that only type checkers import among them."""
    loaded = importlib.import_module(module)
    found = dict(vars(loaded))
    for node in ast.parse(Path(str(loaded.__file__)).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            exec(compile(ast.Module(node.body, []), module, "exec"), found)  # noqa: S102 - imports of the package
    return found


def classes_in(annotation: Any, names: dict[str, Any]) -> Iterator[type]:
    """List the classes that an annotation names, in its brackets and behind other names too."""
    if isinstance(annotation, str):
        for node in ast.walk(ast.parse(annotation, mode="eval")):
            if isinstance(node, ast.Name):
                yield from classes_in(names.get(node.id), names)
    elif inspect.isclass(annotation) and not get_args(annotation):
        yield annotation
    elif get_origin(annotation) is not Literal:
        for part in get_args(annotation):
            yield from classes_in(getattr(part, "__forward_arg__", part), names)


def annotations_of(value: Any) -> Iterator[tuple[str, Any, str]]:
    """List what a function takes and returns, or what a class holds and its public methods take and return."""
    owners = [one for one in value.__mro__ if one.__module__.startswith("spatial.")] if inspect.isclass(value) else []
    for owner in owners:
        for key, told in vars(owner).get("__annotations__", {}).items():
            if not key.startswith("_"):
                yield owner.__module__, told, f"{value.__name__}.{key}"
        for key, item in vars(owner).items():
            inner = (
                getattr(item, "__func__", None) or getattr(item, "fget", None) or getattr(item, "func", None) or item
            )
            if inspect.isfunction(inner) and not key.startswith("_"):
                yield from annotations_of(inner)
    if inspect.isfunction(value):
        inner = inspect.unwrap(value)
        for key, told in inner.__annotations__.items():
            yield inner.__module__, told, f"{inner.__qualname__}({key})"


def test_every_type_that_a_public_name_takes_holds_or_returns_is_public() -> None:
    public = {getattr(spatial, name) for name in spatial.__all__ if inspect.isclass(getattr(spatial, name))}
    hidden = {
        f"{where}: {kind.__module__}.{kind.__name__}"
        for name in spatial.__all__
        for module, told, where in annotations_of(getattr(spatial, name))
        for kind in classes_in(told, names_of(module))
        if kind.__module__.startswith("spatial.") and kind not in public
    }
    assert sorted(hidden) == []


def test_a_type_behind_another_name_and_in_brackets_is_found() -> None:
    names = {"Many": dict[str, tuple[spatial.Region, ...]], "Study": spatial.Study, "Kind": Literal["Study"]}
    assert set(classes_in("list[Many] | Study", names)) == {str, spatial.Region, spatial.Study}
    assert list(classes_in("Kind", names)) == []


def test_every_command_is_in_the_reference(reference) -> None:
    page = reference.commands_page()
    assert all(f"## `spatial {name}`" in page for name in cli.commands)


def test_what_contributors_are_sent_to_is_there() -> None:
    root, kinds = DOCS.parent, "csv|js|md|py|pyi|toml"
    text = " ".join((root / "CONTRIBUTING.md").read_text(encoding="utf-8").split())
    files = [
        *root.glob("*.*"),
        *(path for top in ("docs", "spatial", "tests", "tools") for path in (root / top).rglob("*.*")),
    ]
    there = {
        told: [path for path in files if path.as_posix().endswith(f"/{told}")]
        for told in re.findall(rf"`([\w/]+\.(?:{kinds}))`", text)
    }
    assert {told for told, paths in there.items() if not paths} == set()
    named = re.findall(rf"`(\w+)` in `([\w/]+\.(?:{kinds}))`", text)
    assert ("_rows", "spatial/access/nearest.py") in named
    for name, told in named:
        assert any(name in path.read_text(encoding="utf-8") for path in there[told]), f"{name} in {told}"
