"""Any study file becomes a study or a StudyError that names every fault, and a study survives being written down."""

import datetime as dt
import json
import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from pydantic import BaseModel

from spatial.drafting.study_file import inner_model, study_template
from spatial.errors import MOST_TOLD, StudyError
from spatial.study import Study
from tests.effort import tried

QUICK = tried(150, suppress_health_check=[HealthCheck.too_slow])

BASE = {
    "name": "valley",
    "title": {"en": "Valley"},
    "as_of": dt.date(2026, 1, 1),
    "sources": {"osm": {"path": "valley.osm.pbf"}},
}

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.integers(-(10**30), 10**30) | st.floats()
scalars = text | numbers | st.booleans() | st.dates() | st.datetimes() | st.times()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=6
)


def _likely(annotation, depth=0):
    """Tables with the keys of the study's own schema, some of them with the wrong thing inside."""
    model, many = inner_model(annotation)
    if model is None:
        return st.sampled_from(["drive", "EPSG:4326", 1, 0.5, [], ["en"], {}, "2026-01-01", True]) | values
    table = st.fixed_dictionaries(
        {},
        optional={
            (field.alias or key): _likely(field.annotation, depth + 1)
            for key, field in model.model_fields.items()
            if not field.exclude
        },
    )
    return st.lists(table, max_size=2) | table if many else table | values


def _build(mapping):
    """A study, or the faults of one; any other exception fails the test."""
    try:
        return Study.from_dict(mapping)
    except StudyError as error:
        return error


def _is_study_or_faults(result):
    if isinstance(result, Study):
        return True
    assert result.exit_code == 2
    assert result.problems
    assert all(isinstance(problem, str) and ": " in problem for problem in result.problems)
    # Of very many the first are told, and the others counted.
    return all(problem in str(result) for problem in result.problems[:MOST_TOLD])


@given(mapping=_likely(Study))
@QUICK
def test_any_mapping_is_a_study_or_an_error_that_lists_its_faults(mapping):
    assert _is_study_or_faults(_build(mapping if isinstance(mapping, dict) else {"name": mapping}))


@given(mapping=st.dictionaries(st.sampled_from(sorted(Study.model_fields)) | text, values, max_size=5))
@QUICK
def test_a_spoilt_key_of_a_good_study_is_an_error_or_another_study(mapping):
    assert _is_study_or_faults(_build({**BASE, **mapping}))


@given(content=st.binary(max_size=80) | text.map(str.encode) | st.just(study_template("valley").encode()))
@QUICK
def test_any_bytes_as_a_study_file_are_a_study_or_an_error_of_ours(content):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "study.toml"
        file.write_bytes(content)
        try:
            result = Study.from_toml(file)
        except StudyError as error:
            result = error
        assert isinstance(result, Study) or str(file) in str(result)


FAULTS = {
    "name": "No Capitals Please",
    "as_of": "yesterday",
    "colour": "red",
    "working_crs": 4326,
    "region.buffer_km": -1,
    "region.admin_level": 13,
    "sources.osm.path": 7,
    "sources.osm.inventory": "some",
    "sources.population.paths": [],
    "tiers.hamlet": ["hamlet"],
    "population.basis": "guessed",
    "network.modes": ["teleport"],
    "network.walk_km_h": math.nan,
    "network.detour": 0.5,
    "access.cutoffs_min": [30, -30],
    "access.max_time_min": math.inf,
    "norms.confirm": [{"norm": "CN-COUNTY-60", "by": "", "on": "2026-01-01"}],
    "outputs.status": "secret",
    "outputs.languages": ["en", "en"],
    "inventory.hospital": "perhaps",
}
"""A fault by the key it is about."""


def _planted(keys):
    study = {**BASE, "sources": {"osm": {"path": "valley.osm.pbf"}}}
    for key in keys:
        *tables, last = key.split(".")
        place = study
        for name in tables:
            place = place.setdefault(name, {})
        place[last] = FAULTS[key]
    return study


@given(keys=st.sets(st.sampled_from(sorted(FAULTS)), min_size=1))
@QUICK
def test_every_planted_fault_is_listed_and_no_other(keys):
    error = _build(_planted(sorted(keys)))
    assert isinstance(error, StudyError)
    named = [problem.split(": ")[0] for problem in error.problems]
    assert len(named) == len(keys), error
    for key in keys:
        assert sum(name == key or name.startswith(f"{key}.") for name in named) == 1, (key, named)


@pytest.mark.parametrize("key", ["name", "title", "as_of", "sources"])
def test_a_key_that_is_left_out_is_named(key):
    error = _build({name: value for name, value in BASE.items() if name != key})
    assert isinstance(error, StudyError)
    assert error.problems == (f"{key}: missing",)


words = text.filter(lambda word: word and "\0" not in word)  # which no path can hold
good = st.fixed_dictionaries(
    {
        "name": st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True),
        "title": st.dictionaries(st.sampled_from(["en", "zh", "fr"]), words, min_size=1),
        "as_of": st.dates(),
        "sources": st.fixed_dictionaries(
            {"osm": st.fixed_dictionaries({"path": words}, optional={"facilities": st.booleans()})},
            optional={
                "facilities": st.lists(
                    st.fixed_dictionaries(
                        {"path": words},
                        optional={
                            "columns": st.dictionaries(words, words, max_size=3),
                            "datum": st.sampled_from(["wgs84", "gcj02", "bd09"]),
                        },
                    ),
                    max_size=2,
                ),
                "population": st.fixed_dictionaries(
                    {"paths": st.lists(words, min_size=1, max_size=2)},
                    optional={"nodata": st.floats(allow_nan=False, allow_infinity=False)},
                ),
            },
        ),
    },
    optional={
        "synthetic": st.booleans(),
        "inventory": st.dictionaries(words, st.sampled_from(["complete", "partial", "unknown"]), max_size=3),
        "network": st.fixed_dictionaries(
            {}, optional={"speed_factor": st.floats(0.1, 10), "candidates": st.integers(1, 20)}
        ),
        "access": st.fixed_dictionaries(
            {"cutoffs_min": st.lists(st.floats(1, 1000), min_size=1, max_size=4, unique=True)}
        ),
        "norms": st.fixed_dictionaries({"register": words}),
    },
)


def _toml(value):
    """A value as TOML: JSON but for inline tables, dates and the one character that JSON leaves as it is."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, dt.date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


@given(mapping=good)
@QUICK
def test_a_study_survives_being_written_down(mapping):
    study = Study.from_dict(mapping)
    assert Study.from_dict(study.model_dump(mode="json", by_alias=True)) == study
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "study.toml"
        file.write_text("\n".join(f"{key} = {_toml(value)}" for key, value in mapping.items()), encoding="utf-8")
        read = Study.from_toml(file)
        assert read.qgis.edits == str(Path(folder) / f"{study.name}-edits.gpkg")  # beside the file
        assert read.model_copy(update={"qgis": study.qgis}) == study


def test_the_template_is_a_study_and_names_every_key():
    template = study_template("valley")

    def keys(model: type[BaseModel]):
        for key, field in model.model_fields.items():
            if not field.exclude:
                yield field.alias or key
                inner, _ = inner_model(field.annotation)
                if inner is not None:
                    yield from keys(inner)

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "study.toml"
        file.write_text(template, encoding="utf-8")
        assert Study.from_toml(file).name == "valley"
    assert [key for key in sorted(set(keys(Study))) if key not in template] == []
