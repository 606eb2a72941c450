"""The norms that bind a study are picked once a run, and again where anything that they depend on has changed."""

import datetime as dt
from importlib.resources import files

import pandas as pd

from spatial.runner.stage import Options
from spatial.stages.policy import binding_norms
from spatial.study import Study

KEYS = ("norms", "jurisdictions", "as_of", "tiers", "access", "services_file")
PACKAGED = files("spatial.norms").joinpath("norms.csv")


def options(raw, **changes):
    values = {
        "name": "own",
        "title": {"en": "Own"},
        "as_of": dt.date(2026, 6, 30),
        "jurisdictions": ["CN"],
        "region": {"bbox": [103.99, 29.99, 104.05, 30.05]},
        "sources": {"osm": {"path": "own.osm.pbf"}},
        "norms": {"register": "own.csv"},
    }
    return Options(Study.from_dict(values | changes, raw=raw), KEYS)


def test_a_register_that_changed_on_disk_is_read_again(tmp_path):
    file = tmp_path / "own.csv"
    file.write_bytes(PACKAGED.read_bytes())
    before = binding_norms(options(tmp_path))
    lines = PACKAGED.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.startswith("GL-PHC-1H,")), encoding="utf-8")
    assert set(before["norm_id"]) - set(binding_norms(options(tmp_path))["norm_id"]) == {"GL-PHC-1H"}


def test_another_date_and_other_jurisdictions_are_judged_anew(tmp_path):
    (tmp_path / "own.csv").write_bytes(PACKAGED.read_bytes())
    now = binding_norms(options(tmp_path)).set_index("norm_id")["in_force"]
    then = binding_norms(options(tmp_path, as_of=dt.date(2024, 6, 30))).set_index("norm_id")["in_force"]
    assert (then["CN-5G-VILLAGE-90"], now["CN-5G-VILLAGE-90"]) == ("in_force", "expired")
    abroad = set(binding_norms(options(tmp_path, jurisdictions=[]))["norm_id"])
    assert not any(name.startswith("CN-") for name in abroad)


def test_whoever_changes_the_norms_changes_their_own_copy(tmp_path):
    (tmp_path / "own.csv").write_bytes(PACKAGED.read_bytes())
    first = binding_norms(options(tmp_path))
    kept = first.copy()
    first["threshold"] = -1.0
    pd.testing.assert_frame_equal(binding_norms(options(tmp_path)), kept)
