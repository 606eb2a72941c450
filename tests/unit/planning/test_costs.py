"""Costs of actions in a file: what it says, and what it may not say."""

import re
import tomllib
from pathlib import Path

import pytest

import spatial as sp
from spatial.errors import StudyError
from spatial.planning.action_list import load_costs

GUIDE = Path(__file__).parents[3] / "docs" / "plans.md"


def written(tmp_path, *rows, head="action,service,cost"):
    path = tmp_path / "costs.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def test_a_file_gives_sites_and_units_by_service_and_kilometres_for_all(tmp_path):
    rows = (
        "open_site,clinic,30",
        "open_site,school,80.5",
        "enlarge_site,clinic,0",
        "build_link,,9e5",
        "upgrade_road,,4e5",
    )
    found = load_costs(written(tmp_path, *rows))
    assert found == {
        "open": {"clinic": 30.0, "school": 80.5},
        "unit": {"clinic": 0.0},
        "link_km": 900_000.0,
        "road_km": 400_000.0,
    }


def test_a_kilometre_may_cost_more_than_a_road_is_long():
    # As the guide has them, in yuan: 900,000 and 400,000 for a kilometre.
    shown = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (costs,) = (tomllib.loads(block)["planning"] for block in shown if "link_km = 900_000" in block)
    stated = sp.Study.from_dict({**tomllib.loads(sp.sample_study()), "planning": costs}).planning.costs
    assert (stated.link_km, stated.road_km) == (900_000.0, 400_000.0)
    with pytest.raises(StudyError, match=r"planning\.link_km: must be at most 100,000"):
        sp.Study.from_dict({**tomllib.loads(sp.sample_study()), "planning": {"link_km": 900_000}})


def test_all_faults_of_a_file_are_told_with_their_lines(tmp_path):
    rows = ("open_site,,5", "paint,clinic,5", "build_link,clinic,5", "open_site,a,-1", "upgrade_road,,0",
            "open_site,b,x", "open_site,c,1", "open_site,c,2", "open_site,d,")  # fmt: skip
    with pytest.raises(StudyError) as caught:
        load_costs(written(tmp_path, *rows))
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "action", "service", "service", "cost", "action and service",
    ]  # fmt: skip
    told = str(caught.value)
    for lines in ("'line 3'", "'line 2'", "'line 4'", "'line 5', 'line 6', 'line 7'", "'line 9'"):
        assert lines in told


def test_a_file_without_its_columns_or_that_is_none_is_refused(tmp_path):
    with pytest.raises(StudyError, match="cost: the column is missing"):
        load_costs(written(tmp_path, "open_site,clinic", head="action,service"))
    with pytest.raises(StudyError, match="cannot be read as CSV"):
        load_costs(tmp_path / "nowhere.csv")
