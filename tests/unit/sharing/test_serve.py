"""What is served is what the run holds and the audience may see; nothing can be written, and nothing stays behind."""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely

from spatial.errors import MissingDependencyError, StoreError
from spatial.results import Results, read_results
from spatial.sharing.package import Release
from spatial.sharing.records import PackageMeta
from spatial.stages.share import release_for, share_serve
from spatial.study import Study

ADDRESS = "http://127.0.0.1:5000"
ROOT = Path(__file__).parents[3]
BAD_STORE = 6
# pygeoapi asks for the time in a way that Python 3.12 warns of.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pygeoapi", "ignore::DeprecationWarning:pygeofilter")


def _client(release, folder):
    from spatial.sharing.serve import application, put_layers  # noqa: PLC0415 - slow to import, for these tests alone

    folder.mkdir(parents=True, exist_ok=True)
    layers = put_layers(release, folder)
    app = application(layers, release.meta, ADDRESS)
    app.testing = True
    return app.test_client()


def _get(client, place, status=200, **headers):
    answer = client.get(place, base_url=ADDRESS, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json


def _everything(client, name, **asked):
    """Follow the links from page to page, as a client does."""
    query = "&".join(f"{key}={value}" for key, value in asked.items())
    place, found = f"/collections/{name}/items?{query}", []
    while place:
        page = _get(client, place)
        found += page["features"]
        place = next((link["href"] for link in page["links"] if link["rel"] == "next"), "").removeprefix(ADDRESS)
        assert page["features"] or not place
    return found


@pytest.fixture(scope="module")
def sample(sample_run):
    """The finished run of the small sample county, and its study."""
    from spatial.sample import sample_study  # noqa: PLC0415 - as the run does

    study = Study.from_dict(tomllib.loads(sample_study()), raw=sample_run / "raw")
    return study, read_results(sample_run / "processed" / "sample")


@pytest.fixture(scope="module")
def client(sample, tmp_path_factory):
    """The service of all that the office sees."""
    return _client(release_for(*sample, "internal"), tmp_path_factory.mktemp("served"))


def _made(frame, tmp_path, name="roads", **facts):
    """Serve one frame, whatever a run would have made."""
    told = {"title": {"en": "A county"}, "languages": ["en"], "sources": [], "issues": {"en": []}} | facts
    meta = PackageMeta("made", as_of=pd.Timestamp("2026-01-01").date(), audience="internal", **told)
    return _client(Release(Results(tmp_path), meta, {name: frame}), tmp_path / "served")


@pytest.mark.slow
def test_every_table_and_raster_is_served_with_all_its_rows(client, sample):
    _, results = sample
    listed = {item["id"]: item for item in _get(client, "/collections")["collections"]}
    assert set(listed) == set(results.names)
    for name in results.names:
        value = getattr(results, name)
        if not isinstance(value, pd.DataFrame):
            continue
        hits = _get(client, f"/collections/{name}/items?resulttype=hits")
        assert (hits["numberMatched"], hits["features"]) == (len(value), [])
        fields = _get(client, f"/collections/{name}/queryables")["properties"]
        assert set(fields) >= {str(column) for column in value.columns if column != "geometry"}, name
    west, south, east, north = listed["settlements"]["extent"]["spatial"]["bbox"][0]
    assert [west, south, east, north] == pytest.approx(results.settlements.to_crs(4326).total_bounds, abs=1e-6)


@pytest.mark.slow
def test_a_raster_is_served_as_it_was_made(client, sample):
    _, results = sample
    answer = client.get("/collections/friction/coverage?f=GTiff", base_url=ADDRESS)
    assert answer.status_code == 200
    with rasterio.MemoryFile(answer.data) as memory, memory.open() as file:
        np.testing.assert_array_equal(file.read(1), results.friction.values)
        assert file.crs.to_epsg() == results.friction.crs.to_epsg()
    west, south, east, north = _get(client, "/collections/friction")["extent"]["spatial"]["bbox"][0]
    middle = f"{(west + east) / 2 - 0.01},{(south + north) / 2 - 0.01},{(west + east) / 2},{(south + north) / 2}"
    for nowhere in ("0,0,1,1", f"{east - 0.1},{south},-170,{north}", "1,2,3", f"{west},{south},0,{east},{north},9"):
        fault = _get(client, f"/collections/friction/coverage?f=GTiff&bbox={nowhere}", 400)
        assert fault["description"].startswith("bbox: ")
    part = client.get(f"/collections/friction/coverage?f=GTiff&bbox={middle}", base_url=ADDRESS)
    with rasterio.MemoryFile(part.data) as memory, memory.open() as file:
        assert 0 < file.width * file.height < results.friction.values.size / 4
        # Where the box lies, which is no rectangle in metres, each cell is the cell of the whole raster there.
        whole, cells = results.friction, file.read(1)
        column, row = (round(number) for number in ~whole.transform * (file.transform.c, file.transform.f))
        there = whole.values[row : row + file.height, column : column + file.width]
        inside = np.isfinite(cells)
        assert inside.mean() > 0.8
        np.testing.assert_array_equal(cells[inside], there[inside])


@pytest.mark.slow
def test_pages_hold_every_row_once_in_the_same_order(client, sample):
    _, results = sample
    one_by_one = _everything(client, "settlements", limit=17)
    assert sorted(item["id"] for item in one_by_one) == sorted(results.settlements["settlement_id"])
    assert one_by_one == _everything(client, "settlements", limit=1000)
    # The last page ends with the last row: no link leads to an empty one.
    whole = _get(client, f"/collections/settlements/items?limit={len(results.settlements)}")
    assert "next" not in {link["rel"] for link in whole["links"]}


@pytest.mark.slow
def test_a_box_finds_what_touches_it(client, sample):
    _, results = sample
    for name in ("settlements", "roads", "boundaries"):
        frame = getattr(results, name).to_crs(4326)
        west, south, east, north = frame.total_bounds
        box = (west + 0.3 * (east - west), south + 0.4 * (north - south), west + 0.6 * (east - west), north)
        found = _everything(client, name, bbox=",".join(map(str, box)), limit=5000)
        touching = frame[frame.intersects(shapely.box(*box))]
        assert 0 < len(found) == len(touching) < len(frame) or name == "boundaries"
        assert {item["id"] for item in found} == set(touching[name[:-1].replace("boundarie", "boundary") + "_id"])


def test_a_road_around_a_box_does_not_touch_it(tmp_path):
    corner = shapely.LineString([(104.0, 30.0), (104.0, 31.0), (105.0, 31.0)])
    roads = gpd.GeoDataFrame({"road_id": ["a"]}, geometry=[corner], crs=4326)
    client = _made(roads, tmp_path)
    assert _get(client, "/collections/roads/items?bbox=104.5,30.2,104.6,30.3")["numberMatched"] == 0
    assert _get(client, "/collections/roads/items?bbox=103.9,30.2,104.6,30.3")["numberMatched"] == 1


def test_a_box_across_the_180th_meridian_and_one_with_heights_find_what_lies_there(tmp_path):
    points = {"fiji": (178.0, -18.0), "taveuni": (-179.9, -16.8), "samoa": (-172.0, -13.6), "kenya": (37.0, -1.0)}
    frame = gpd.GeoDataFrame(
        {"road_id": list(points)}, geometry=gpd.points_from_xy(*np.transpose(list(points.values()))), crs=4326
    )
    client = _made(frame, tmp_path)

    def ids(box):
        return {item["id"] for item in _get(client, f"/collections/roads/items?bbox={box}")["features"]}

    assert ids("177,-20,-175,-10") == {"fiji", "taveuni"}
    assert ids("170,-20,10,-180,-10,50") == {"fiji"}
    assert ids("-175,-20,0,40,0,900") == {"samoa", "kenya"}
    # Of a parameter that stands twice one would be overlooked.
    _get(client, "/collections/roads/items?road_id=fiji&road_id=kenya", 400)


@pytest.mark.slow
def test_columns_are_filters_and_a_slip_is_no_answer(client, sample):
    _, results = sample
    norms = results.norm_results
    one = norms["norm_id"].iloc[0]
    found = _everything(client, "norm_results", norm_id=one, limit=5000)
    assert len(found) == (norms["norm_id"] == one).sum() > 0
    assert _everything(client, "settlements", in_study="true", limit=5000) == [
        item for item in _everything(client, "settlements", limit=5000) if item["properties"]["in_study"]
    ]
    shown = _get(client, "/collections/settlements/items?properties=tier&skipGeometry=true&limit=1")["features"][0]
    assert (set(shown["properties"]), shown["geometry"]) == ({"tier"}, None)
    slips = ["teir=town", "filter=tier='town'", "sortby=tier", "in_study=perhaps", "q=x", "limit=0", "bbox=1,2"]
    # Of the other word everything would be the answer.
    for slip in (*slips, "resulttype=hit", "skipGeometry=yes", "bbox=nan,0,1,2"):
        assert client.get(f"/collections/settlements/items?{slip}", base_url=ADDRESS).status_code == 400, slip
    for slip in ("bbox-crs=http://www.opengis.net/def/crs/EPSG/0/3857", "crs=x", "limit=1", "bbox=-inf,-90,inf,90"):
        _get(client, f"/collections/friction/coverage?f=GTiff&{slip}", 400)
    _get(client, f"/collections/plan_actions/items?step={2**63}", 400)
    for box in ("", "bbox=-180,-90,180,90&"):  # beyond the end is nothing, however far
        assert _get(client, f"/collections/settlements/items?{box}offset={2**63 - 1}")["features"] == []


def test_an_item_is_found_by_its_id_whatever_is_in_it(tmp_path):
    hostile = ["a/b", "../../etc", "<script>alert(1)</script>", "%2e%2e?f=html#x", "县 里", "'; DROP TABLE x; --"]
    points = [shapely.Point(104 + at / 10, 30) for at in range(len(hostile))]
    frame = gpd.GeoDataFrame(
        {"road_id": hostile, "length_m": [1.0, np.nan, np.inf, 4.0, 5.0, 6.0]}, geometry=points, crs=4326
    )
    client = _made(frame, tmp_path, title={"en": "<img src=x onerror=alert(1)>\u0001"})
    for place in _get(client, "/collections/roads/items")["features"]:
        quoted = re.sub(r"[^A-Za-z0-9]", lambda sign: "".join(f"%{byte:02X}" for byte in sign[0].encode()), place["id"])
        assert _get(client, f"/collections/roads/items/{quoted}")["properties"] == place["properties"]
    told = {item["id"]: item["properties"]["length_m"] for item in _get(client, "/collections/roads/items")["features"]}
    assert (told["a/b"], told["../../etc"], told["<script>alert(1)</script>"]) == (1.0, None, None)
    page = client.get("/", base_url=ADDRESS, headers={"Accept": "text/html"})
    assert "<img" not in page.text
    assert "&lt;img" in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert _get(client, "/collections/roads/items/no-such", 404)["code"] == "NotFound"


def test_rows_of_several_keys_are_named_by_all_of_them_and_repeated_ones_by_number(tmp_path):
    access = pd.DataFrame({"settlement_id": ["s1", "s1"], "service": ["a", "b"], "mode": ["walk", "walk"]})
    client = _made(access, tmp_path, "access")
    assert [item["id"] for item in _everything(client, "access")] == ["s1/a/walk", "s1/b/walk"]
    assert _get(client, "/collections/access/items/s1/b/walk")["properties"]["service"] == "b"
    assert _get(client, "/collections/access/items?bbox=1,1,2,2")["numberMatched"] == 0
    client = _made(access.assign(service="a"), tmp_path, "access")
    assert [item["id"] for item in _everything(client, "access")] == ["1", "2"]


def test_nothing_can_be_written_and_no_page_of_another_name_can_read(tmp_path):
    from spatial.sharing.serve import CONFORMS  # noqa: PLC0415 - as above

    client = _made(pd.DataFrame({"settlement_id": ["s1"], "service": ["a"], "mode": ["walk"]}), tmp_path, "access")
    rules = list(client.application.url_map.iter_rules())
    assert {method for rule in rules for method in rule.methods} == {"GET", "HEAD", "OPTIONS"}
    for method in ("post", "put", "delete", "patch"):
        for place in ("/", "/collections", "/collections/access/items", "/collections/access/items/s1/a/walk"):
            assert getattr(client, method)(place, base_url=ADDRESS, json={}).status_code == 405
    assert "create-replace-delete" not in json.dumps(CONFORMS)
    described = _get(client, "/openapi")["paths"]
    assert {method for path in described.values() for method in path} <= {"get", "options", "parameters"}
    assert client.get("/collections", base_url="http://elsewhere.example:5000").status_code == 403
    for place in ("/collections/nope", "/collections/nope/items", "/nope", "/collections/..%2f..%2fetc"):
        assert client.get(place, base_url=ADDRESS).status_code == 404
    assert client.get("/collections?f=html", base_url=ADDRESS).status_code == 400
    assert "html" not in json.dumps(_get(client, "/collections/access")["links"])


@pytest.mark.slow
def test_the_public_gets_its_tables_alone_and_hidden_numbers_stay_hidden(sample, tmp_path):
    release = release_for(*sample, "public")
    client = _client(release, tmp_path / "public")
    listed = {item["id"] for item in _get(client, "/collections")["collections"]}
    assert listed == set(release.cut) | {"friction", "off_road_min"}
    for name in ("cells", "cell_access", "flows", "nodes", "population"):
        assert client.get(f"/collections/{name}/items", base_url=ADDRESS).status_code == 404
    shown = release.cut["settlements"]
    assert set(_get(client, "/collections/settlements/items?limit=1")["features"][0]["properties"]) == {
        str(column) for column in shown.columns if column != "geometry"
    }
    hidden = shown[shown["suppressed"].str.contains("population_persons", na=False)]
    for row in hidden.head(3).itertuples():
        told = _get(client, f"/collections/settlements/items/{row.settlement_id}")["properties"]
        assert told["population_persons"] is None
    assert "Not for publication" not in _get(client, "/")["description"]


@pytest.mark.slow
def test_titles_and_descriptions_are_in_the_languages_of_the_study(client):
    titles = {language: _get(client, f"/collections/settlements?lang={language}")["title"] for language in ("en", "zh")}
    assert titles["en"] == "Settlements"
    assert titles["zh"] != titles["en"]
    described = _get(client, "/?lang=zh")
    assert re.search(r"[\u4e00-\u9fff]", described["title"] + described["description"])
    assert _get(client, "/collections/settlements")["links"][0]["rel"] == "license"
    assert client.get("/licences", base_url=ADDRESS).text.startswith("# ")
    assert _get(client, "/collections/access/schema")["properties"]["travel_time_min"]["x-ogc-unit"] == "min"


def test_a_missing_library_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygeoapi", None)
    monkeypatch.delitem(sys.modules, "spatial.sharing.serve")
    with pytest.raises(MissingDependencyError, match=r"pygeoapi is not installed.*\[share\]"):
        share_serve(Release(None, None), host="127.0.0.1", port=0, say=print)


@pytest.mark.slow
@pytest.mark.qgis
def test_gdal_and_qgis_read_a_service_that_leaves_nothing_behind(tiny_done, in_qgis, serving, tmp_path):
    arguments = [tiny_done.save(), "--raw", tiny_done.raw, "--processed", tiny_done.processed]
    results = read_results(tiny_done.processed / "tiny")
    (tmp_path / "temporary").mkdir()
    before = sorted(tiny_done.folder.rglob("*"))
    with serving([*arguments, "--port", 0], tmp_path / "temporary") as address:
        places = pyogrio.read_dataframe(f"OAPIF:{address}", layer="settlements")
        order = places.set_index("settlement_id").loc[results.settlements["settlement_id"]]
        there = results.settlements.to_crs(4326).geometry
        assert shapely.equals_exact(order.geometry.to_numpy(), there.to_numpy(), 1e-7).all()
        assert order["population_persons"].tolist() == pytest.approx(results.settlements["population_persons"].tolist())
        assert pyogrio.read_info(f"OAPIF:{address}", layer="access")["features"] == len(results.access)
        few = pyogrio.read_dataframe(f"OAPIF:{address}", layer="settlements", bbox=tuple(places.iloc[:1].total_bounds))
        assert places["settlement_id"].iloc[0] in set(few["settlement_id"])
        assert len(few) < len(places)
        # The port is taken: a second service says so, and makes nothing.
        port = address.rpartition(":")[2]
        second = subprocess.run(
            [sys.executable, "-m", "spatial", "share", "serve", *map(str, arguments), "--port", port],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (second.returncode, port in second.stderr, "--port" in second.stderr) == (BAD_STORE, True, True)
        told = [
            f"pagingEnabled='default' url='{address}' typename='{name}'" for name in ("settlements", "roads", "access")
        ]
        assert in_qgis("open_in_qgis.py", "OAPIF", *told).found == [
            {"valid": True, "rows": len(results.settlements), "shape": "Point", "said": ""},
            {"valid": True, "rows": len(results.roads), "shape": "Line", "said": ""},
            {"valid": True, "rows": len(results.access), "shape": "No geometry", "said": ""},
        ]
    assert list((tmp_path / "temporary").iterdir()) == []
    assert sorted(tiny_done.folder.rglob("*")) == before


@pytest.mark.parametrize(("host", "said"), [("0.0.0.0", "every address"), ("192.0.2.1", "--host")])  # noqa: S104
def test_an_address_that_cannot_be_asked_is_refused_before_any_work(host, said, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    meta = PackageMeta("made", {"en": "A"}, pd.Timestamp("2026-01-01").date(), "internal", ["en"], [], {"en": []})
    with pytest.raises(StoreError, match=said):
        share_serve(Release(Results(tmp_path), meta, {}), host=host, port=0, say=print)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named_and_nothing_is_left(tiny_done, command, tmp_path, monkeypatch):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"reason: mounting is not allowed here: {mounted.stderr.decode().strip()}")
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    try:
        words = ("--raw", tiny_done.raw, "--processed", tiny_done.processed, "--port", 0)
        outcome = command("share", "serve", tiny_done.save(), *words)
        assert outcome.code == BAD_STORE, outcome
        assert "TMPDIR" in outcome.err
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.trial
def test_it_serves_from_an_environment_with_the_extra_alone(tiny_done, serving, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "clean"], check=True)
    python = tmp_path / "clean" / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt", f"{ROOT}[share]"]
    subprocess.run(pip, check=True, capture_output=True)
    arguments = [tiny_done.save(), "--raw", tiny_done.raw, "--processed", tiny_done.processed, "--port", 0]
    with serving(arguments, tmp_path / "temporary", python) as address:
        assert len(pyogrio.read_dataframe(f"OAPIF:{address}", layer="settlements")) == 8
