"""Nothing that a user can set, meet or read goes undocumented."""

import ast
import builtins
import importlib.util
import inspect
import re
import sys
import typing
from pathlib import Path

import pytest

import spatial
from spatial import errors
from spatial.cli import cli
from spatial.drafting.study_file import inner_model, study_template
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
        assert typing.get_args(value) or value.__doc__ or name == "TABLES"


def test_what_an_analyst_begins_with_stands_first(reference) -> None:
    first = reference.topics()[0]
    assert first.title == "Quick start"
    assert {"Study", "run", "read_results", "travel_times", "cost_to_closest", "plot_access"} <= set(first.names)
    assert len(reference.topics()) >= 10


# Arrays, frames and graphs of other libraries, and what is an array by another name.
OTHERS = {
    *dir(builtins), *dir(typing), *("pd", "np", "gpd", "nx", "folium", "pyproj", "sparse", "dt", "Path", "Executor"),
    *("NDArray", "ArrayLike", "FloatArray", "IntArray", "BoolArray", "Callable", "Mapping", "Sequence", "Iterable"),
    *("Iterator", "Collection", "Hashable", "Affine", "Axes", "BaseGeometry"),
    "Ground",  # of `inspect_file`: made by the package, from a folder
}  # fmt: skip


def test_every_type_in_the_signature_of_a_public_function_is_public() -> None:
    hidden = {}
    for name in spatial.__all__:
        value = getattr(spatial, name)
        told = value.__annotations__.values() if inspect.isfunction(value) else ()
        trees = [node for text in told for node in ast.walk(ast.parse(str(text), mode="eval"))]
        types = {node.id for node in trees if isinstance(node, ast.Name)} - OTHERS - set(spatial.__all__)
        if types:
            hidden[name] = types
    assert hidden == {}


def test_every_command_is_in_the_reference(reference) -> None:
    page = reference.commands_page()
    assert all(f"## `spatial {name}`" in page for name in cli.commands)
