"""What small functions of the room give, by an example each whose answer a reader works out in the head."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spatial.people.population import fill_group, groups_of, scale_to_units, sums_by_unit


def test_groups_of_names_the_groups_whose_people_a_table_of_settlements_has() -> None:
    assert groups_of(pd.DataFrame(columns=["population_persons", "elderly_persons"])) == ["elderly"]


def test_fill_group_takes_the_people_of_a_group_from_the_list() -> None:
    found = fill_group(np.array([3.0, np.nan]), np.array([9.0, 4.0]), size=2)
    assert found.persons.tolist() == [3.0, 4.0]
    assert found.source.tolist() == ["observed", "raster"]


def test_sums_by_unit_adds_up_the_known_people_by_unit() -> None:
    assert (
        str(sums_by_unit(np.array([1.0, np.nan, 2.0, np.nan]), np.array([0, 0, 0, 1]), 3).tolist()) == "[3.0, nan, 0.0]"
    )


def test_scale_to_units_scales_the_people_of_every_units_settlements_to_its_official_number() -> None:
    found = scale_to_units(
        np.array([60.0, 40.0, 7.0]),
        np.array([0, 0, -1]),
        np.array([150.0]),
        in_study=np.ones(3, dtype=bool),
        max_factor=2.0,
    )
    assert found.status.tolist() == ["scaled"]
    assert found.applied.tolist() == [1.5, 1.5, 1.0]
