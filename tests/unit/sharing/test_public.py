"""What the public gets of a run, taken apart: no small group, no withheld facility, no name and no path in any file."""

import re
import sqlite3
import struct
import tomllib
import zipfile
from dataclasses import replace

import numpy as np
import openpyxl
import pandas as pd
import pytest

from spatial.reporting.disclosure import PARTS, SUPPRESSED, cut, fit_for_sinks, people_as_sums, told_to
from spatial.results import Results, read_results
from spatial.stages import share
from spatial.stages.share import _public, share_check, share_package
from spatial.study import Study
from spatial.tables import TABLES
from tests.page_blocks import blocks_of, data_of, piece_of

K = 10
PEOPLE = ("persons_in_scope", *PARTS)
GROUPS = ("population_persons", "elderly_persons", "disabled_persons", "children_persons")
WITHHELD = "elderly_care"
LOOKED_AT = ("index", "townships", "gap-bus_stop", "gap-hospital")
"""Pages of which every number is read; the others are made of the same blocks."""


@pytest.fixture(scope="module")
def study(sample_run):
    from spatial.sample import sample_study  # noqa: PLC0415 - as the run does

    values = tomllib.loads(sample_study())
    values["outputs"]["languages"] = ["en", "zh"]
    values["sharing"] = {"withhold_facilities": [WITHHELD], "k": K}
    return Study.from_dict(values, raw=sample_run / "raw")


@pytest.fixture(scope="module")
def results(sample_run):
    return read_results(sample_run / "processed" / "sample")


class Closed(Results):
    """A run of which only its sources and norms can be read, the latter with wrong numbers of people."""

    def __init__(self, results):
        super().__init__(results.folder)
        self._open = {"norms": results.norms.assign(**dict.fromkeys(PEOPLE, 3.0))}
        self._open |= {
            "facilities": results.facilities[["service", "source"]],
            "counts": results.counts[["source", "item"]],
        }
        self._open |= {name: getattr(results, name) for name in ("provenance", "known_issues")}

    def __getattr__(self, name):
        if name not in self._open:
            raise AssertionError(f"a sink of the public reads {name} of the run")
        return self._open[name]


@pytest.fixture(scope="module")
def public(study, results, tmp_path_factory):
    """The edition for the public, whose pages, sheets and layers are made while the run itself is closed to them."""
    folder, make = tmp_path_factory.mktemp("shared") / "sample-public", share._sinks
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(share, "_sinks", lambda what, of: make(replace(what, results=Closed(what.results)), of))
        list(share_package(study, results, folder, audience="public"))
    return folder


def _column(blocks, packed):
    """A column of a page, as its script reads it."""
    kind = np.dtype({"f4": "<f4", "u1": "u1", "u4": "<u4", "i4": "<i4"}[packed["kind"]])
    planes = np.frombuffer(piece_of(blocks, packed["data"]), "u1").reshape(kind.itemsize, packed["n"])
    return np.frombuffer(planes.T.tobytes(), kind)


def _texts(blocks, packed):
    return piece_of(blocks, packed["text"]).decode("utf-8").split("\n")


def _from_pages(folder):
    """Numbers of people on every page, by table, key and column."""
    found = {}
    for name in LOOKED_AT:
        page = folder / "pages" / f"{name}.html"
        data, blocks = data_of(page), blocks_of(page)
        for norm in data.get("norms", ()):
            for column in PEOPLE if "study" in norm else ():
                found["norm_results", ("study", "study", norm["id"]), column] = norm["study"][column]
        places = data.get("places")
        if places and "population" in places:
            ids = _texts(blocks, places["id"])
            for column in GROUPS:
                packed = places["population"] if column == "population_persons" else places["groups"].get(column)
                if packed:
                    for place, value in zip(ids, _column(blocks, packed).tolist(), strict=True):
                        found["settlements", (place,), column] = value
        for row in ((data.get("answer") or {}).get("matrix") or {"rows": ()})["rows"]:
            for norm, cell in row["cells"].items():
                for column in ("persons_unserved", "persons_in_scope"):
                    found["norm_results", ("township", row["unit_id"], norm), column] = cell[column]
        for finding in (data.get("answer") or {}).get("findings", ()):
            for place in finding["first"]:
                found["settlements", (place["settlement_id"],), "population_persons"] = place["persons"]
    return found


def _from_layers(folder):
    """Numbers of people in every layer of the GeoPackage that has the key of a table."""
    found = {}
    with sqlite3.connect(folder / "sample.gpkg") as file:
        layers = [name for (name,) in file.execute("SELECT table_name FROM gpkg_contents")]
        for layer in layers:
            rows = pd.read_sql(f'SELECT * FROM "{layer}"', file)  # noqa: S608 - a layer of ours
            for name in ("norm_results", "gaps", "settlements"):
                key = list(TABLES[name].key)
                for column in set(rows) & {*PEOPLE, *GROUPS} & set(TABLES[name].by_name):
                    if set(key) <= set(rows):
                        for at, value in zip(rows[key].itertuples(index=False, name=None), rows[column], strict=True):
                            found[name, at, column] = value
    return found


def _from_sheets(folder):
    """Numbers of people on the sheets of norms and of villages that fail, by the ids beside them."""
    found = {}
    for path in sorted(folder.glob("*.xlsx")):
        book = openpyxl.load_workbook(path, read_only=True)
        for sheet in (sheet for sheet in book if sheet.title in {"Norms by township", "Villages failing"}):
            rows = list(sheet.iter_rows(values_only=True))
            for name in ("norm_results", "gaps"):
                heads = {f"{field.title} ({field.unit})" if field.unit else field.title: field.name
                         for field in TABLES[name].fields}  # fmt: skip
                told = [[str(cell).partition("\n")[0] for cell in row] for row in rows[:6]]
                at = next((n for n, row in enumerate(told) if "Norm" in row), None)
                if at is None:
                    continue
                columns = {heads[head]: n for n, head in enumerate(told[at]) if head in heads}
                if name == "norm_results" and {"unit_id", "norm_id"} <= set(columns):
                    for row in rows[at + 1 :]:
                        level = "study" if row[columns["unit_id"]] == "study" else "township"
                        for column in set(columns) & set(PEOPLE):
                            key = (level, row[columns["unit_id"]], row[columns["norm_id"]])
                            found[name, key, column] = row[columns[column]]
                if name == "gaps" and {"settlement_id", "norm_id", "persons_unserved"} <= set(columns):
                    for row in rows[at + 1 :]:
                        key = (row[columns["settlement_id"]], row[columns["norm_id"]])
                        found[name, key, "persons_unserved"] = row[columns["persons_unserved"]]
    return found


@pytest.mark.slow
def test_all_numbers_of_all_sinks_together_tell_of_no_small_group(public, results):
    # Every number of people of pages, sheets, layers and tables, and the audit over all of them at once.
    cut_tables = {name: pd.read_csv(public / "csv" / f"{name}.csv") for name in ("settlements", "norm_results", "gaps")}
    sinks = {"pages": _from_pages(public), "layers": _from_layers(public), "sheets": _from_sheets(public)}
    sinks["tables"] = {
        (name, tuple(map(str, row[: len(TABLES[name].key)])), column): row[-1]
        for name, frame in cut_tables.items()
        for column in set(frame) & {*PEOPLE, *GROUPS}
        for row in frame[[*TABLES[name].key, column]].itertuples(index=False, name=None)
    }
    assert all(len(found) > 100 for found in sinks.values()), {name: len(found) for name, found in sinks.items()}
    released = {
        cell
        for found in sinks.values()
        for cell, value in found.items()
        if isinstance(value, int | float) and np.isfinite(value)
    }
    open_columns = {
        name: [item.name for item in TABLES[name].fields if TABLES[name].sharing_of(item.name) == "open"]
        for name in cut_tables
    }
    truth = {
        name: getattr(results, name).sort_values(list(TABLES[name].key)).reset_index(drop=True) for name in cut_tables
    }
    truth = {name: frame[[item for item in open_columns[name] if item in frame]] for name, frame in truth.items()}
    numbers, unexplained = people_as_sums(truth)

    def name_of(cell):
        row = truth[cell.table].iloc[cell.row]
        return cell.table, tuple(map(str, row[list(TABLES[cell.table].key)])), cell.column

    assert not {name_of(cell) for cell in unexplained} & released
    hidden = {key for key, cells in numbers.cells.items() if not any(name_of(cell) in released for cell in cells)}
    small = {key for key, value in numbers.sums.items() if 1e-6 < value < K - 1e-6}
    assert small
    assert small <= hidden
    told = told_to(numbers, hidden, small, float(K))
    assert min(one.width for one in told.values()) >= K - 1e-5
    # What the sinks show is true: the same number as the run has.
    for found in sinks.values():
        for (name, key, column), value in found.items():
            if (name, key, column) in released and name == "settlements":
                own = truth[name].loc[truth[name]["settlement_id"] == key[0], column]
                assert value == pytest.approx(float(own.iloc[0]), rel=1e-6)


def test_of_the_run_itself_the_sinks_take_no_number_of_people(results):
    tables = {name: getattr(results, name) for name in results.names if name in TABLES}
    made = cut(tables, "public", k=K)
    told = [fit_for_sinks(made.tables, norms)["norm_results"] for norms in (results.norms, Closed(results).norms)]
    pd.testing.assert_frame_equal(*told)
    assert told[0].loc[told[0][SUPPRESSED.name] != "", list(PEOPLE)].isna().all(axis=None)


def _every_byte(folder):
    """Each file, and each file packed in it, as text."""
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        content = path.read_bytes()
        yield path.name, content
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                for name in packed.namelist():
                    yield f"{path.name}/{name}", packed.read(name)
        if path.stem in LOOKED_AT:
            yield f"{path.name}, its blocks", b"".join(blocks_of(content))


@pytest.mark.slow
def test_no_withheld_facility_no_column_no_path_and_no_signer_stands_in_any_file(public, study, results, sample_run):
    facilities = results.facilities
    own = facilities["service"] == WITHHELD
    assert own.any()
    others = {*facilities.loc[~own, "name"], *facilities.loc[~own, "facility_id"]}
    withheld = facilities.loc[own & ~facilities["name"].isin(others) & ~facilities["facility_id"].isin(others)].head(4)
    assert len(withheld) == 4
    secret = {*withheld["facility_id"], *withheld["name"]}
    secret |= {"registered_persons", "resident_persons", "Planning Office of Yunxi", "found_in", "merged_from"}
    secret |= {str(sample_run), str(sample_run.parent), "@user_account_name", *results.provenance["sha256"]}
    points = [struct.pack("<dd", point.x, point.y) for point in withheld.geometry]
    for name, content in _every_byte(public):
        found = [text for text in secret if text.encode() in content]
        assert not found, f"{name} holds {found[:3]}"
        assert not any(point in content for point in points), f"{name} holds where a withheld facility is"
    norms = pd.read_csv(public / "csv" / "norm_results.csv")
    on_it = norms.loc[norms["service"] == WITHHELD]
    assert set(on_it["unit_level"]) <= {"study", "township"}
    access = pd.read_csv(public / "csv" / "access.csv")
    assert WITHHELD not in set(access["service"])


@pytest.mark.slow
def test_what_is_withheld_says_so_in_every_sink_and_is_neither_0_nor_empty(public):
    norms = pd.read_csv(public / "csv" / "norm_results.csv")
    hidden = norms.loc[(norms["unit_level"] == "township") & norms[SUPPRESSED.name].notna()]
    book = openpyxl.load_workbook(public / "results.xlsx", read_only=True)
    said = [row for sheet in book for row in sheet.iter_rows(values_only=True) if "withheld" in row]
    assert len(said) >= len(hidden) > 0
    readme = (public / "README.md").read_text("utf-8")
    assert "for the public withheld, never 0" in readme
    assert "`.qgz` opens in QGIS" in readme
    index = data_of(public / "pages" / "index.html")
    assert index["study"]["below"] == K
    withheld = [norm["id"] for norm in index["norms"] if norm["study"]["withheld"]]
    assert withheld
    assert all(norm["study"][column] is None for norm in index["norms"] for column in PEOPLE if norm["id"] in withheld)
    assert "withheld" in index["messages"]["en"]["study.withheld"]
    assert "fewer than 10" in index["study"]["note"]["en"]
    assert "不足10人" in index["study"]["note"]["zh"]
    with sqlite3.connect(public / "sample.gpkg") as file:
        assert file.execute("SELECT count(*) FROM settlements WHERE suppressed <> ''").fetchone()[0] > 0
        # A circle grows with no number that may be withheld, unless what is withheld has a mark of its own.
        for table, qml in file.execute("SELECT f_table_name, styleQML FROM layer_styles").fetchall():
            for column in set(re.findall(r'coalesce\((?:&quot;|")(\w+)(?:&quot;|"), 0\), 10000', qml)):
                hidden = file.execute(f"SELECT count(*) FROM {table} WHERE suppressed LIKE '%{column}%'")  # noqa: S608 - names of layers are plain
                assert hidden.fetchone()[0] == 0 or "diamond" in qml


@pytest.mark.slow
def test_check_says_what_would_leave_of_all_sinks_and_what_of_facilities_stays(study, results, monkeypatch):
    shown = _public(study, results)
    monkeypatch.setattr("spatial.stages.share._public", lambda *_: shown)
    said = "\n".join(share_check(study, results))
    assert "pages, workbook and QGIS project: made of these tables alone" in said
    assert "that lead to facilities of elderly care" in said
    named = next(line for line in said.splitlines() if "files named as sources" in line)
    assert "settlements.csv" in named
    assert "/" not in named
    assert "Audit: from all that leaves together, no suppressed number can be told to less than" in said
    # What nothing bounds is told by no number.
    monkeypatch.setattr("spatial.stages.share._public", lambda *_: replace(shown, least_width=np.inf))
    assert "no suppressed number can be told to within any number of persons" in "\n".join(share_check(study, results))


def test_a_service_that_nobody_knows_cannot_be_withheld(study):
    from spatial.errors import StudyError  # noqa: PLC0415 - here alone
    from spatial.stages.policy import check_policy  # noqa: PLC0415 - as above

    wrong = study.replace(sharing={"withhold_facilities": ["elderly_care", "shelterr"]})
    with pytest.raises(StudyError, match=r"sharing\.withhold_facilities: unknown 'shelterr'"):
        check_policy(wrong)


def test_of_sources_the_public_gets_no_database_and_no_sum_of_a_file(results):
    # Who knows all of a list but one number tries that one until the sum of the file is right.
    address = "postgresql://gis@db.county.example/county"
    told = results.provenance.assign(address=[address, *results.provenance["address"][1:]])

    tables = share._sources_told({"provenance": told, "known_issues": results.known_issues})
    assert "sha256" not in tables["provenance"]
    assert tables["provenance"]["address"].to_list() == ["unknown", *told["address"][1:]]
