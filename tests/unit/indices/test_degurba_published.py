"""Degree of Urbanisation: toys of the rules as published, each with an answer known by hand."""

import numpy as np
import pytest

import spatial as sp
from spatial.errors import ContractError
from spatial.indices.degurba import DEGURBA_RULES, DegurbaRules

NOBODY_NOWHERE = np.zeros((3, 3), dtype=bool)


def _read(text: str) -> np.ndarray:
    return np.array([[0 if mark == "_" else int(mark) for mark in row] for row in text.split("/")])


def _town(shape: tuple[int, int], rows: slice, columns: slice, persons: float) -> np.ndarray:
    grid = np.zeros(shape)
    grid[rows, columns] = persons
    return grid


@pytest.mark.parametrize(("no_land", "codes"), [("dense", [12, 10]), ("whole_cell", [11, 10])])
def test_people_without_land_are_dense_unless_asked_otherwise(no_land: str, codes: list[int]) -> None:
    rules = DegurbaRules(no_land=no_land)
    assert sp.degree_of_urbanisation([[3.0, 0.0]], land_share=[[0.0, 0.0]], rules=rules).tolist() == [codes]


def test_a_harbour_without_land_belongs_to_the_village_beside_it() -> None:
    codes = sp.degree_of_urbanisation([[600.0, 10.0, 10.0]], land_share=[[1.0, 0.0, 1.0]])
    assert codes.tolist() == [[13, 13, 11]]


@pytest.mark.parametrize(("built", "code"), [(0.1995, 3), (0.1994, 1)])
def test_built_up_shares_are_rounded_to_a_thousandth_of_the_land(built: float, code: int) -> None:
    persons = _town((7, 8), slice(1, 6), slice(1, 6), 2100.0)
    land = np.ones_like(persons)
    land[:, 6] = 0.5
    works = np.zeros_like(persons)
    works[3, 6] = built * 0.5
    rules = DegurbaRules(built_up_share=0.2)
    codes = sp.degree_of_urbanisation(persons, level=1, land_share=land, built_share=works, rules=rules)
    assert codes[3, 6] == code


def test_a_hole_is_enclosed_by_sides_and_may_touch_the_outside_at_a_corner() -> None:
    area = np.ones((3, 3))
    assert sp.fill_holes(_read("111/1_1/11_"), area).tolist() == _read("111/111/11_").tolist()
    assert sp.fill_holes(_read("11_/1_1/_11"), area).tolist() == _read("11_/1_1/_11").tolist()


def test_people_of_a_filled_hole_count_for_the_size_of_a_centre_that_is_tested_last() -> None:
    # 8 x 6,100 = 48,800 persons stand around 1,400, who are too few for a dense cell and make 50,200 of them.
    persons = _town((5, 5), slice(1, 4), slice(1, 4), 6100.0)
    persons[2, 2] = 1400.0
    for size_test, cells in (("before", 0), ("after", 9)):
        codes = sp.degree_of_urbanisation(persons, level=1, rules=DegurbaRules(size_test=size_test))
        assert (codes == 3).sum() == cells


def test_a_lake_within_a_centre_is_filled_though_water_never_joins_by_majority() -> None:
    persons = _town((7, 7), slice(1, 6), slice(1, 6), 2500.0)
    persons[3, 3] = 0.0
    land = np.where(persons > 0.0, 1.0, 0.0)
    codes = sp.degree_of_urbanisation(persons, level=1, land_share=land, rules=DegurbaRules(majority="R2023A"))
    assert codes[3, 3] == 3
    assert codes[0, 0] == 0


@pytest.mark.parametrize(("people_at_the_side", "middle"), [(0.0, 1), (1.0, 0)])
def test_the_newer_majority_counts_only_neighbours_with_land_or_people(people_at_the_side: float, middle: int) -> None:
    land = np.array([[1.0, 0.3, 0.3], [1.0, 1.0, 0.3], [1.0, 1.0, 1.0]])
    persons = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, people_at_the_side], [1.0, 1.0, 1.0]])
    empty = (land < 0.5) & (persons == 0.0)
    grown = sp.majority_smoothing(_read("___/___/111"), never=NOBODY_NOWHERE, ignored=empty)
    # three of five neighbours are a majority, three of six are none
    assert grown.tolist() == _read("___/___/111" if not middle else "___/_1_/111").tolist()


def test_cells_beyond_the_edge_of_the_grid_count_against_a_majority() -> None:
    # three of eight belong to the cluster, five lie beyond the edge
    assert sp.majority_smoothing(_read("11/_1"), ignored=np.zeros((2, 2), dtype=bool)).tolist() == [[1, 1], [0, 1]]


def test_clusters_meet_without_merging_and_a_cell_between_joins_neither() -> None:
    assert sp.majority_smoothing(_read("11_22/11_22/11_22")).tolist() == _read("11_22/11_22/11_22").tolist()


def test_a_cell_joins_in_rounds_so_that_a_bay_closes_from_its_end() -> None:
    assert sp.majority_smoothing(_read("11111/1____/1111_")).tolist() == _read("11111/1111_/1111_").tolist()


@pytest.mark.parametrize(("persons", "code"), [(2500.0, 22), (2499.0, 13)])
def test_the_newer_semi_dense_cluster_needs_two_and_a_half_thousand(persons: float, code: int) -> None:
    grid = [[0.0, persons, 0.0]]
    assert sp.degree_of_urbanisation(grid, rules="2024")[0, 1] == code
    assert sp.degree_of_urbanisation(grid, rules="2021")[0, 1] == 13
    assert sp.degree_of_urbanisation(grid, level=1, rules="2024")[0, 1] == 1


def test_newer_semi_dense_cells_touch_at_sides() -> None:
    assert (sp.degree_of_urbanisation(np.diag([1250.0, 1250.0]), rules="2024") == 22).sum() == 0
    assert (sp.degree_of_urbanisation([[1250.0, 1250.0]], rules="2024") == 22).sum() == 2
    assert (sp.degree_of_urbanisation([[1601.0, 899.0]], rules="2024") == 22).sum() == 0


def test_works_make_a_dense_cluster_at_level_two_and_stay_rural_at_level_one() -> None:
    persons = _town((5, 9), slice(1, 3), slice(1, 3), 1500.0)
    works = np.zeros_like(persons)
    works[1, 3:6] = 0.5
    options = {"built_share": works, "rules": "R2022A"}
    assert sp.degree_of_urbanisation(persons, **options)[1, 3:6].tolist() == [23, 23, 23]
    assert sp.degree_of_urbanisation(persons, level=1, **options)[1, 3:6].tolist() == [1, 1, 1]


def test_what_is_not_known_of_land_and_buildings_counts_as_none_where_nobody_lives() -> None:
    codes = sp.degree_of_urbanisation(
        [[0.0, np.nan, 60.0]], land_share=[[np.nan, np.nan, 1.0]], built_share=[[0.0, np.nan, np.nan]]
    )
    assert codes.tolist() == [[10, 10, 12]]


def test_published_rules_go_by_name() -> None:
    rng = np.random.default_rng(3)
    persons = rng.choice([0.0, 60.0, 350.0, 1000.0, 1600.0, 9000.0], (20, 20))
    built = rng.random((20, 20))
    for name, rules in DEGURBA_RULES.items():
        by_name = sp.degree_of_urbanisation(persons, built_share=built, rules=name)
        assert (by_name == sp.degree_of_urbanisation(persons, built_share=built, rules=rules)).all()
    assert (sp.degree_of_urbanisation(persons) == sp.degree_of_urbanisation(persons, rules="2021")).all()
    assert DEGURBA_RULES["R2023A_V1_0"] == DEGURBA_RULES["R2023A"].model_copy(update={"semi_dense": "manual"})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rules": "R2019A"}, "must be one of '2021'"),
        ({"rules": "R2023A"}, "built_share: is missing"),
        ({"land_share": [[np.nan, 1.0]]}, "unknown where people live, at '0,0'"),
        ({"land_share": [[250_000.0, 1e6]]}, "divide square metres"),
        ({"built_share": [[-0.1, 0.0]]}, "built_share: must be between 0 and 1"),
        ({"cell_area_km2": np.nan}, "cell_area_km2: must be above 0"),
    ],
)
def test_layers_that_do_not_fit_the_rules_are_refused(options: dict, words: str) -> None:
    with pytest.raises(ContractError, match=words):
        sp.degree_of_urbanisation([[5.0, 0.0]], **options)
