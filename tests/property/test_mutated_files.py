"""Files of every kind with bytes changed, cut or doubled: each is read, or refused by an error of the package."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.effort import tried
from tools.fuzz import HOWS, KINDS, SHAPED, misshape, mutate, read_all

KEPT = Path(__file__).parents[1] / "data" / "mutated"
"""Files that once ended in an error of a library; the name begins with the kind that they are read as."""


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """A folder for each kind, with a whole file of it."""
    made = {}
    for kind, (_, write, _) in KINDS.items():
        folder = tmp_path_factory.mktemp(kind)
        made[kind] = (folder, write(folder))
    return made


MUTATIONS = st.lists(
    st.tuples(st.sampled_from(HOWS), st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)),
    min_size=1,
    max_size=4,
)
FIXED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_file_is_read_by_every_reader(kind, seeds):
    """Else the readers would refuse what is changed in it for what it was before."""
    folder, data = seeds[kind]
    told = read_all(kind, folder, data)
    assert [text for text in told if kind != "record"] == []
    assert all("source(s) of the run are not below" in text for text in told)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
@tried(60, suppress_health_check=FIXED, deadline=20_000)
@given(changes=MUTATIONS)
def test_a_mutated_file_is_read_or_refused_in_words(kind, seeds, changes):
    folder, data = seeds[kind]
    read_all(kind, folder, mutate(data, changes))


@pytest.mark.parametrize("kind", SHAPED)
@tried(60, suppress_health_check=FIXED, deadline=20_000)
@given(chance=st.randoms(use_true_random=False))
def test_tables_with_wrong_things_in_them_are_read_or_refused_in_words(kind, seeds, chance):
    folder, data = seeds[kind]
    read_all(kind, folder, misshape(kind, data, chance))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(file.name for file in KEPT.iterdir()))
def test_a_file_that_once_ended_in_an_error_of_a_library_is_refused_in_words(name, seeds):
    kind = name.partition("-")[0]
    read_all(kind, seeds[kind][0], (KEPT / name).read_bytes())
