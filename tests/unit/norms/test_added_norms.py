"""Norms that a study adds to the register: judged as all others, checked as all others."""

import datetime as dt
from types import SimpleNamespace

import pytest

from spatial.errors import ContractError
from spatial.norms.law import NormRules, applicable_norms
from spatial.stages.policy import register_of
from spatial.study import NormAddition, NormOptions

GIVEN = {
    "id": "OURS-20",
    "service": "any_medical_point",
    "threshold": 20,
    "fail_point": 40,
    "norm_class": "mandatory",
    "instrument": "rule",
    "read_in_original": True,
    "supersedes": ["CN-HEALTH-15MIN-2027"],
    "source": "County rules 2026, section 4",
    "why": "Ours",
    "by": "Planning Office",
    "on": dt.date(2026, 1, 1),
}


def options(**changes):
    norms = NormOptions(add=(NormAddition.model_validate(GIVEN | changes),))
    return SimpleNamespace(norms=norms, jurisdictions=("CN-51",), services_file="")


def judged(chosen):
    rules = NormRules(jurisdictions=chosen.jurisdictions)
    return applicable_norms(register_of(chosen), as_of=dt.date(2026, 6, 30), rules=rules).set_index("norm_id")


def test_an_added_norm_gates_and_takes_the_place_of_another() -> None:
    binding = judged(options())
    ours = binding.loc["OURS-20"]
    assert (ours["threshold"], ours["target_share"], ours["unit"], ours["jurisdiction"]) == (20, 1.0, "min", "CN-51")
    assert ours["gates"]
    assert binding.loc["CN-HEALTH-15MIN-2027", "in_force"] == "superseded"
    assert "added by Planning Office, 2026-01-01" in ours["source_title"]
    assert ours["norm_justification"] == "Ours"


def test_an_added_norm_that_nobody_read_is_no_gate_and_says_why() -> None:
    ours = judged(options(read_in_original=False)).loc["OURS-20"]
    assert not ours["gates"]
    assert "not_read_in_original" in ours["no_gate"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id": "GL-PHC-1H"}, "used more than once: 'GL-PHC-1H'"),
        ({"supersedes": ["NONE"]}, "'NONE' is not in the register"),
        ({"fail_point": 10}, "must be above the threshold 20"),
        ({"mode": "sledge"}, "mode: 'sledge'"),
        ({"supersedes": ["OURS-20"]}, "in a circle"),
    ],
)
def test_a_faulty_addition_is_refused_with_its_fault(changes: dict, words: str) -> None:
    with pytest.raises(ContractError, match=words):
        register_of(options(**changes))
