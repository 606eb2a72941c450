"""Settlement types: toys of the Degree of Urbanisation, urban-rural catchments, functional areas, town hierarchy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spatial as sp
from spatial.errors import ContractError
from spatial.indices.degurba import DegurbaRules


def _grid(rows: int, columns: int, block: np.ndarray, at: tuple[int, int] = (2, 2)) -> np.ndarray:
    grid = np.zeros((rows, columns))
    grid[at[0] : at[0] + block.shape[0], at[1] : at[1] + block.shape[1]] = block
    return grid


def _count(grid: np.ndarray, code: int, **options: object) -> int:
    return int((sp.degree_of_urbanisation(grid, level=1, **options) == code).sum())


def _read(text: str) -> np.ndarray:
    return np.array([[0 if mark == "_" else int(mark) for mark in row] for row in text.split("/")])


def test_diagonal_blocks_are_no_urban_centre_but_one_cluster() -> None:
    grid = np.zeros((8, 8))
    grid[2:4, 2:4] = grid[4:6, 4:6] = 7500
    assert (_count(grid, 3), _count(grid, 2)) == (0, 8)


def test_an_urban_centre_needs_fifty_thousand_people() -> None:
    block = np.full((5, 5), 2000.0)
    assert _count(_grid(9, 9, block), 3) == 25
    block[0, 0] = 1999
    assert (_count(_grid(9, 9, block), 3), _count(_grid(9, 9, block), 2)) == (0, 25)


def test_an_urban_cluster_holds_together_at_corners() -> None:
    assert _count(np.diag([1000.0] * 5), 2) == 5
    assert _count(np.diag([1000.0] * 4 + [999.0]), 2) == 0


def test_a_hole_in_a_small_centre_is_filled() -> None:
    block = np.full((3, 3), 6300.0)
    block[1, 1] = 0
    assert _count(_grid(7, 7, block), 3) == 9


def test_smoothing_goes_before_filling() -> None:
    ring = np.full((6, 6), 4000.0)
    ring[1:5, 1:5] = 0
    grid = _grid(10, 10, ring)
    assert _count(grid, 3) == 36
    assert _count(grid, 3, rules=DegurbaRules(order="fill_then_smooth")) == 24


def test_a_hole_of_fifteen_square_kilometres_stays_and_one_of_fourteen_does_not() -> None:
    labels = np.ones((5, 7), dtype=int)
    labels[1:4, 1:6] = 0
    assert (sp.fill_holes(labels, np.ones((5, 7))) == 0).sum() == 15
    labels = np.ones((4, 9), dtype=int)
    labels[1:3, 1:8] = 0
    assert (sp.fill_holes(labels, np.ones((4, 9))) == 0).sum() == 0
    ring = np.full((5, 7), 4000.0)
    ring[1:4, 1:6] = 0
    assert _count(_grid(9, 11, ring), 3) == 35


def test_a_notch_in_an_edge_is_filled_and_a_missing_corner_is_not() -> None:
    block = np.full((5, 5), 2500.0)
    block[0, 0] = block[0, 2] = 0
    codes = sp.degree_of_urbanisation(_grid(9, 9, block), level=1)
    assert (codes == 3).sum() == 24
    assert codes[2, 4] == 3
    assert codes[2, 2] != 3


@pytest.mark.parametrize(
    ("before", "after"),
    [("111/1__/111", "111/111/111"), ("111/1_2/111", "111/112/111"), ("112/1__/21_", "112/1__/21_")],
)
def test_the_majority_rule_as_published(before: str, after: str) -> None:
    assert sp.majority_smoothing(_read(before)).tolist() == _read(after).tolist()


def test_a_published_hole_is_filled_and_an_open_bay_is_not() -> None:
    before = _read("____111_/_222__1_/_2_22_11/_2__22__/_2222___/________/________/________")
    after = sp.fill_holes(before, np.ones((8, 8)))
    changed = [tuple(map(int, at)) for at in np.argwhere(after != before)]
    # counted from 0: the published cells (3,3), (4,3), (4,4)
    assert changed == [(2, 2), (3, 2), (3, 3)]
    assert set(after[tuple(np.transpose(changed))]) == {2}
    assert sp.fill_holes(_read("112/1_2/112"), np.ones((3, 3)))[1, 1] == 0


def test_level_two_tells_towns_villages_and_empty_ground_apart() -> None:
    grid = np.zeros((24, 24))
    grid[1:6, 1:6] = 2000  # urban centre of 50,000
    grid[1:3, 12:14] = 1500  # dense cluster of 6,000
    grid[1:3, 14:16] = 400  # suburban: touches the dense cluster
    grid[14:18, 1:6] = 300  # 6,000 people, far from both: semi-dense by the manual
    grid[14:16, 14] = 300  # 600 people: rural cluster
    grid[20, 20], grid[20, 22] = 50, 49
    codes = sp.degree_of_urbanisation(grid)
    assert [int(codes[at]) for at in ((2, 2), (1, 12), (1, 14), (15, 2), (14, 14), (20, 20), (20, 22))] == [
        30,
        23,
        21,
        22,
        13,
        12,
        11,
    ]
    ghsl = sp.degree_of_urbanisation(grid, rules=DegurbaRules(semi_dense="ghsl"))
    assert int(ghsl[15, 2]) == 21


@pytest.mark.parametrize(("gap", "code"), [(0, 21), (1, 21), (2, 22)])
def test_a_semi_dense_cluster_keeps_two_kilometres_from_a_dense_one(gap: int, code: int) -> None:
    grid = np.zeros((6, 20))
    grid[1:3, 1:3] = 1500
    grid[1:5, 3 + gap : 8 + gap] = 300 if gap else 299
    if gap == 0:
        grid[1:5, 3:8] = 300
    assert int(sp.degree_of_urbanisation(grid)[2, 5 + gap]) == code


def test_the_distance_of_semi_dense_clusters_may_be_chosen() -> None:
    grid = np.zeros((6, 20))
    grid[1:3, 1:3] = 1500
    grid[1:5, 5:10] = 300
    assert int(sp.degree_of_urbanisation(grid)[2, 7]) == 22
    assert int(sp.degree_of_urbanisation(grid, rules=DegurbaRules(semi_dense_distance_km=3.0))[2, 7]) == 21


def test_density_is_per_land_and_water_is_empty() -> None:
    persons = np.array([[200.0, 200.0, 0.0]])
    codes = sp.degree_of_urbanisation(persons, land_share=[[1.0, 0.1, 0.2]])
    # 2,000 persons a km² of land, but no cluster of 500: low density; the last has neither people nor land
    assert codes.tolist() == [[12, 12, 10]]
    narrow = sp.degree_of_urbanisation(np.full((5, 5), 1200.0), 0.8, level=1)
    assert (narrow == 2).all()  # 1,500 a km², yet 30,000 persons
    assert (sp.degree_of_urbanisation(np.full((7, 7), 1200.0), 0.8, level=1) == 3).all()


def test_built_up_cells_count_as_dense_only_where_asked() -> None:
    grid = _grid(9, 12, np.full((5, 5), 2100.0))
    built = np.zeros_like(grid)
    built[4, 7] = built[4, 8] = 0.6  # a row of works beside the town
    rules = DegurbaRules(built_up_share=0.5)
    with_works = sp.degree_of_urbanisation(grid, level=1, built_share=built, rules=rules)
    assert with_works[4, 7:9].tolist() == [3, 3]
    assert sp.degree_of_urbanisation(grid, level=1, built_share=built)[4, 7:9].tolist() == [1, 1]


def test_water_joins_no_centre_under_the_newer_majority() -> None:
    block = np.full((5, 5), 2500.0)
    block[0, 2] = 0
    grid = _grid(9, 9, block)
    land = np.ones_like(grid)
    land[2, 4] = 0.0
    assert _count(grid, 3, land_share=land) == 25
    assert _count(grid, 3, land_share=land, rules=DegurbaRules(majority="R2023A")) == 24


@given(st.integers(0, 10_000))
def test_turning_or_mirroring_a_grid_turns_its_classes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grid = rng.choice([0, 40, 60, 350, 1600, 9000], (9, 9), p=[0.2, 0.2, 0.2, 0.2, 0.1, 0.1]).astype(float)
    codes = sp.degree_of_urbanisation(grid)
    assert (sp.degree_of_urbanisation(np.rot90(grid)) == np.rot90(codes)).all()
    assert (sp.degree_of_urbanisation(grid[:, ::-1]) == codes[:, ::-1]).all()


def test_units_follow_the_rules_of_their_year() -> None:
    cells = {
        "city": [(30, 50), (13, 50)],
        "dense": [(30, 20), (23, 30), (13, 50)],
        "suburb": [(22, 40), (21, 15), (13, 45)],
        "semi": [(22, 60), (21, 40)],
        "village": [(21, 10), (13, 40), (11, 50)],
        "dispersed": [(12, 60), (11, 40)],
        "empty": [(12, 40), (11, 60)],
        "nobody": [(11, 0), (12, 0), (12, 0)],
        "sea": [(10, 0)],
    }
    rows = [(code, people, unit) for unit, parts in cells.items() for code, people in parts]
    codes, people, units = zip(*rows, strict=True)
    now = sp.degurba_units(codes, people, units).set_index("unit")
    assert now["level1"].to_dict() == {
        "city": 3,
        "dense": 2,
        "suburb": 2,
        "semi": 2,
        "village": 1,
        "dispersed": 1,
        "empty": 1,
        "nobody": 1,
        "sea": 0,
    }
    assert now["level2"].to_dict() == {
        "city": 30,
        "dense": 23,
        "suburb": 21,
        "semi": 22,
        "village": 13,
        "dispersed": 12,
        "empty": 11,
        "nobody": 12,
        "sea": 10,
    }
    assert now.loc["nobody", "by_area"]
    then = sp.degurba_units(codes, people, units, rules="2021").set_index("unit")["level2"]
    # 2021: 40 % in towns beats 15 % in suburbs; 50 % empty beats 40 % in the village
    assert (then["suburb"], then["village"]) == (22, 11)


@pytest.mark.parametrize(
    ("times", "code"),
    [
        ((50, 10, 5), 8),
        ((70, 20, 130), 11),
        ((130, 125, 119), 21),
        ((200, 190, 181), 30),
        ((61, 60, 1), 11),
        ((math.inf, 61, 30), 14),
    ],
)
def test_catchments_of_the_specification(times: tuple[float, ...], code: int) -> None:
    assert sp.catchment_classes([times], [6e6, 3e5, 3e4]).tolist() == [code]


def test_catchments_know_centres_towns_and_places_that_are_no_centre() -> None:
    codes = sp.catchment_classes(
        [[0, 300], [300, 0], [300, 300], [300, 300]], [3e5, 1e4], own_centre=[0, 1, -1, -1], is_town=[0, 1, 1, 0]
    )
    assert codes.tolist() == [4, 29, 29, 30]
    assert sp.catchment_classes(np.zeros((2, 0)), []).tolist() == [30, 30]


def test_a_county_has_catchments_of_its_own() -> None:
    tier, band = sp.local_catchment_classes(
        [[15, 10, 5], [16, 15, 40], [61, 70, 60]], ["county_seat", "central_town", "town"]
    )
    assert tier.tolist() == ["county_seat", "central_town", "town"]
    assert band.tolist() == [15.0, 15.0, 60.0]


def test_a_functional_area_takes_enclaves_and_leaves_exclaves() -> None:
    # 0 city; 1 and 2 commute; 3 does not but lies between 0, 1 and 2; 4 does not; 5 commutes from beyond 4
    border = np.zeros((6, 6))
    for a, b in ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3), (2, 4), (4, 5)):
        border[a, b] = border[b, a] = 1
    flows = np.zeros((6, 6))
    flows[[1, 2, 5], 0] = 15, 40, 60
    area = sp.functional_urban_areas(flows, [100] * 6, ["A", None, None, None, None, None], border)
    assert area.tolist() == ["A", "A", "A", "A", None, None]


def test_hierarchy_of_the_specification() -> None:
    sizes = sp.rank_size([100, 50, 33.33, 25, 20])
    assert sizes.exponent == pytest.approx(1.0, abs=1e-4)
    assert sizes.primacy_two == 2.0
    assert sizes.primacy_four == pytest.approx(100 / 108.33)
    assert math.isnan(sp.rank_size([100, 50]).exponent)
    # 8 by 4 + 2 + 2; three towns have no fourth, and towns that are alike do not fall with their rank.
    assert sp.rank_size([8, 4, 2, 2]).primacy_four == 1.0
    assert math.isnan(sp.rank_size([8, 4, 2]).primacy_four)
    assert sp.rank_size([5, 5, 5]).exponent == 0.0
    assert sp.fulcrum_index([0.25, 1.0], [0.16, 0.0]) == pytest.approx([0.2, 0.0])
    assert sp.polycentricity([5, 5, 5], form="entropy") == pytest.approx(1.0)
    assert math.copysign(1.0, sp.polycentricity([0, 8], form="entropy")) == 1.0  # 0, and not -0
    assert sp.polycentricity([0, 8], form="entropy") == 0.0
    assert math.isnan(sp.polycentricity([5]))
    table = sp.functional_completeness(
        {"a": "town", "b": "central_town", "c": "hamlet"},
        {"a": ["school", "clinic", "port"], "b": ["school"]},
        {"town": ["school", "clinic"], "central_town": ["school", "hospital", "clinic"]},
    ).set_index("town_id")
    assert table.loc["a", "completeness"] == 1.0
    assert table.loc["b", "missing"] == "clinic;hospital"
    assert math.isnan(table.loc["c", "completeness"])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sp.degree_of_urbanisation([1, 2]), "rows by columns"),
        (lambda: sp.degree_of_urbanisation([[1, -2]]), "negative or infinite at '0,1'"),
        (lambda: sp.degree_of_urbanisation([[1]], level=3), "level"),
        (lambda: sp.degree_of_urbanisation([[1]], 0.0), "above 0"),
        (lambda: sp.degree_of_urbanisation([[1]], land_share=[[1.5]]), "between 0 and 1"),
        (lambda: sp.degree_of_urbanisation([[1]], land_share=[[1, 1, 1], [1, 1, 1]]), "must fit the grid"),
        (lambda: DegurbaRules(order="other"), "order"),
        (lambda: DegurbaRules(no_land="sea"), "no_land"),
        (lambda: sp.degurba_units([99], [1], ["a"]), "no codes of level 2"),
        (lambda: sp.degurba_units([30], [1, 2], ["a"]), "1, 2, 1 cells"),
        (lambda: sp.catchment_classes([[math.nan]], [1e5]), "negative or NaN at '0,0'"),
        (lambda: sp.catchment_classes([[1, 2]], [1e5]), "1 for 2 centres"),
        (lambda: sp.local_catchment_classes([[1]], ["town"], bins_min=[30, 15]), "must rise"),
        (lambda: sp.functional_urban_areas([[0, 9], [0, 0]], [5, 5], ["A", None], np.eye(2)), "more than are employed"),
        (lambda: sp.functional_urban_areas(np.zeros((2, 2)), [5, 5], ["A"], np.eye(2)), "and 1 for 2 units"),
        (lambda: sp.functional_urban_areas(np.zeros((3, 3)), [5, 5], ["A", None], np.eye(2)), r"\(3, 3\) and 2 for 2"),
        (lambda: sp.functional_urban_areas(np.zeros((2, 2)), [5, -5], ["A", None], np.eye(2)), "below 0 or NaN"),
        (lambda: sp.rank_size([1, -1]), "below 0 or infinite"),
        (lambda: sp.polycentricity([1, -1]), "0 or more"),
        (lambda: sp.polycentricity([1, 1], form="gini"), "must be green or entropy"),
        (lambda: sp.fulcrum_index([2], [1]), "between 0 and 1"),
        (lambda: sp.fulcrum_index([1, 1], [1]), r"\(2,\), \(1,\)"),
        (lambda: sp.degurba_units([30], [1], ["a"], rules="2030"), "must be 2024 or 2021"),
        (lambda: sp.functional_completeness({"a": "town"}, {"b": []}, {}), "no town is called 'b'"),
    ],
)
def test_what_is_no_grid_town_or_time_is_refused(call: object, words: str) -> None:
    with pytest.raises(ContractError, match=words):
        call()


def test_cells_without_data_have_no_class() -> None:
    for level in (1, 2):
        codes = sp.degree_of_urbanisation(np.full((2, 3), np.nan), level=level)
        assert codes.dtype == np.int16
        assert (codes == -200).all()
        assert sp.DEGURBA_TITLES[int(codes[0, 0])] == "no data"
    row = [[np.nan, 0.0, 60.0, np.nan]]
    assert sp.degree_of_urbanisation(row, land_share=[[1.0, 1.0, 1.0, 0.2]]).tolist() == [[-200, 11, 12, 10]]
    assert sp.degree_of_urbanisation(row, level=1, land_share=[[1.0, 1.0, 1.0, 0.2]]).tolist() == [[-200, 1, 1, 0]]
    assert [sp.DEGURBA_TITLES[code] for code in (12, 10, 1, 0)] == [
        "low density rural cell",
        "water",
        "rural cell",
        "water",
    ]


def test_cells_without_data_count_as_nobody_and_inside_a_centre_they_belong_to_it() -> None:
    persons = np.full((7, 7), np.nan)
    persons[1:6, 1:6] = 2200.0
    persons[3, 3] = np.nan
    codes = sp.degree_of_urbanisation(persons, level=1)
    # 24 cells of 2,200 = 52,800 people; the hole is filled, and what lies around stays unknown
    assert (codes == 3).sum() == 25
    assert (codes == -200).sum() == 49 - 25
    zero = sp.degree_of_urbanisation(np.nan_to_num(persons), level=1)
    assert (codes[codes != -200] == zero[codes != -200]).all()


def test_units_of_cells_without_data_have_no_class_and_others_leave_them_out() -> None:
    units = sp.degurba_units([-200, -200, 30, -200, 10], [0, 0, 5, 0, 0], ["a", "a", "b", "b", "c"])
    assert units[["level1", "level2"]].to_numpy().tolist() == [[-200, -200], [3, 30], [0, 10]]
    assert units.loc[1, "share_30"] == 1.0
