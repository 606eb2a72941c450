"""Classes of units and of catchments: boundaries, ties and what is missing."""

import math

import numpy as np
import pytest

import spatial as sp
from spatial.errors import ContractError


def _unit(people: dict[int, float], rules: str = "2024", **options: object) -> tuple[int, int]:
    table = sp.degurba_units(list(people), list(people.values()), ["a"] * len(people), rules=rules, **options)
    return int(table.loc[0, "level1"]), int(table.loc[0, "level2"])


@pytest.mark.parametrize(
    ("people", "classes"),
    [
        ({30: 50, 11: 50}, (3, 30)),
        ({30: 49, 23: 1, 11: 50}, (2, 23)),
        ({30: 49, 22: 1, 11: 50}, (2, 21)),
        ({22: 50, 12: 50}, (2, 21)),
        ({22: 51, 12: 49}, (2, 22)),
        ({22: 49, 12: 51}, (1, 12)),
        ({21: 49, 13: 1, 12: 50}, (1, 13)),
        ({21: 48, 13: 1, 12: 51}, (1, 12)),
        ({12: 50, 11: 50}, (1, 11)),
        ({13: 25, 21: 25, 11: 50}, (1, 13)),
    ],
)
def test_half_of_the_people_is_enough_for_all_but_rural(people: dict[int, float], classes: tuple[int, int]) -> None:
    assert _unit(people) == classes


@pytest.mark.parametrize(
    ("people", "classes"),
    [
        ({23: 20, 22: 20, 21: 39, 13: 21}, (2, 23)),
        ({23: 19, 22: 21, 21: 39, 13: 21}, (2, 22)),
        ({23: 20, 22: 20, 21: 40, 13: 20}, (2, 21)),
        ({13: 40, 12: 40, 11: 20}, (1, 13)),
        ({13: 20, 12: 40, 11: 40}, (1, 12)),
        ({13: 30, 12: 30, 11: 40}, (1, 11)),
    ],
)
def test_the_largest_share_decides_by_the_rules_of_2021(people: dict[int, float], classes: tuple[int, int]) -> None:
    assert _unit(people, rules="2021") == classes


def test_rounding_moves_no_unit_over_a_boundary() -> None:
    # 0.1 + 0.2 is more than 0.3 to the computer
    assert _unit({30: 0.3, 13: 0.1, 12: 0.2}) == (3, 30)
    assert _unit({22: 0.3, 13: 0.1, 12: 0.2}) == (2, 21)
    assert _unit({23: 0.1, 22: 0.2, 21: 0.3}, rules="2021") == (2, 21)


def test_a_unit_without_people_on_land_goes_by_area_of_land() -> None:
    assert _unit({13: 0, 11: 0, 10: 0}, cell_area_km2=[2, 1, 50]) == (1, 13)
    assert _unit({13: math.nan, 11: 0, 10: 5}, cell_area_km2=[1, 2, 50]) == (1, 11)
    assert _unit({10: 5}) == (0, 10)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sp.degurba_units([30.5], [1], ["a"]), "no codes of level 2: 30.5"),
        (lambda: sp.degurba_units([math.nan], [1], ["a"]), "no codes of level 2"),
        (lambda: sp.degurba_units([30], [math.inf], ["a"]), "infinite"),
        (lambda: sp.degurba_units([30, 11], [1, 1], ["a", "a"], cell_area_km2=[1, 1, 1]), "3 for 2 cells"),
        (lambda: sp.degurba_units([30], [1], ["a"], cell_area_km2=[math.nan]), "must be known"),
        (lambda: sp.catchment_classes([[5]], [1e5], own_centre=[1]), "there are 1 centres"),
        (lambda: sp.catchment_classes([[5]], [1e5], own_centre=[-2]), "-1 = in none"),
        (lambda: sp.catchment_classes([[5]], [1e5], own_centre=[math.nan]), "own_centre: unknown at place"),
        (lambda: sp.catchment_classes([[5]], [1e5], is_town=[math.nan]), "is_town: unknown at place"),
    ],
)
def test_codes_areas_and_centres_that_are_none_are_refused(call: object, words: str) -> None:
    with pytest.raises(ContractError, match=words):
        call()


@pytest.mark.parametrize(
    ("minutes", "code"),
    [(0, 11), (60, 11), (60.001, 18), (120, 18), (120.001, 25), (180, 25), (180.001, 30), (math.inf, 30)],
)
def test_bands_of_time_end_inclusively(minutes: float, code: int) -> None:
    assert sp.catchment_classes([[minutes]], [3e5]).tolist() == [code]


@pytest.mark.parametrize(
    ("people", "code"),
    [(5e6, 8), (4_999_999, 9), (1e6, 9), (5e5, 10), (2.5e5, 11), (1e5, 12), (5e4, 13), (2e4, 14), (19_999, 30)],
)
def test_sizes_of_centres_begin_inclusively(people: float, code: int) -> None:
    assert sp.catchment_classes([[10]], [people]).tolist() == [code]


def test_places_outside_are_classified_where_there_is_no_centre_at_all() -> None:
    codes = sp.catchment_classes(np.zeros((2, 0)), [], own_centre=[-1, -1], is_town=[False, True])
    assert codes.tolist() == [30, 29]


def test_the_nearest_centre_of_a_size_counts_and_equal_bands_go_to_the_larger() -> None:
    assert sp.catchment_classes([[170, 55, 60]], [3e5, 3e5, 6e6]).tolist() == [8]
    assert sp.catchment_classes([[61, 60]], [6e6, 2e4]).tolist() == [14]


def test_the_catchment_of_every_place_is_the_first_of_all_bands_and_sizes() -> None:
    rng = np.random.default_rng(4)
    times = rng.choice([5.0, 60.0, 61.0, 120.0, 150.0, 180.0, 181.0, np.inf], (200, 6))
    people = [6e6, 2e6, 3e5, 3e5, 6e4, 9e3]
    size = [1, 2, 4, 4, 6, None]
    codes = sp.catchment_classes(times, people)
    for row, code in zip(times, codes, strict=True):
        found = [
            (math.ceil(t / 60) - 1, rank) for t, rank in zip(row, size, strict=True) if rank is not None and t <= 180
        ]
        assert code == (30 if not found else 7 + 7 * min(found)[0] + min(found)[1])
