"""SLD beside QML: the classes and colours that QGIS reads from either are the same, feature by feature."""

from __future__ import annotations

import sqlite3
from xml.etree.ElementTree import fromstring

import pytest

from spatial.messages import Words
from spatial.qgis import write_geopackage, write_raster
from spatial.qgis.sld import Expression, equals, holds, sld
from spatial.qgis.styles import Category, Style, categorised, line, symbol

SE, OGC = "{http://www.opengis.net/se}", "{http://www.opengis.net/ogc}"
IN_RULE = ("Name", "Description", "Filter", "ElseFilter", "MaxScaleDenominator", "PointSymbolizer", "LineSymbolizer")
IN_RULE += ("PolygonSymbolizer", "TextSymbolizer", "RasterSymbolizer")
"""What a rule holds, in the order of the schema."""


def parsed(text):
    """Parse what this package wrote."""
    return fromstring(text)  # noqa: S314 - as said


@pytest.fixture(scope="module")
def package(county, county_meta, tmp_path_factory):
    path = tmp_path_factory.mktemp("sld") / "county.gpkg"
    made = write_geopackage(county, name="county", crs="EPSG:32648", languages=["en"], meta=county_meta)
    path.write_bytes(made.content)
    return path


def as_in_qml(answer):
    """Hold what QGIS found; ground outside the study area has no way to be said in SLD."""
    faults = {name: found for name, found in answer.items() if not found["read"] or found["differ"]}
    assert set(faults) <= {"study_area"}, faults
    assert all(found["labels"][0] == found["labels"][1] for found in answer.values())


@pytest.mark.qgis
def test_classes_colours_and_labels_are_those_of_the_qml(in_qgis, package):
    answer = in_qgis("read_sld_in_qgis.py", package).found
    assert len(answer) > 20
    as_in_qml(answer)


@pytest.mark.qgis
@pytest.mark.trial
def test_every_look_of_a_full_project_is_that_of_its_qml(in_qgis, sample_run, go_on_from, tmp_path):
    import spatial as sp  # noqa: PLC0415 - slow to import

    text = sp.sample_study().replace('languages = ["en", "zh"]', 'languages = ["en", "zh", "fr"]')
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    folder = go_on_from(sample_run, tmp_path)
    study = sp.Study.from_toml(tmp_path / "study.toml", raw=sample_run / "raw").replace(qgis={"project": "full"})
    results = sp.run(study, processed=folder / "processed", maps=folder / "maps")
    answer = in_qgis("read_sld_in_qgis.py", results.folder / "sample.gpkg").found
    assert len(answer) > 100
    as_in_qml(answer)


def test_rules_have_the_order_of_the_schema_and_filters_two_sides(package):
    with sqlite3.connect(package) as file:
        texts = [text for (text,) in file.execute("SELECT styleSLD FROM layer_styles")]
    for text in texts:
        root = parsed(text)
        assert root.get("version") == "1.1.0"
        for rule in root.iter(f"{SE}Rule"):
            order = [IN_RULE.index(one.tag.rpartition("}")[2]) for one in rule]
            assert order == sorted(order)
        for kind in ("And", "Or"):
            assert all(len(one) > 1 for one in root.iter(f"{OGC}{kind}"))


def test_a_raster_has_the_classes_of_its_qml_and_a_bound_belongs_to_the_class_below(population):
    raster = write_raster(population, name="people", unit="persons", title="People", words=Words("en", "qgis"))
    held = {item.name: item.content.decode() for item in raster.artifacts if not item.name.endswith(".tif")}
    items = list(parsed(held["people.qml"].split("\n", 1)[1]).iter("item"))
    (classes,) = parsed(held["people.sld"]).iter(f"{SE}Categorize")
    assert classes.get("thresholdsBelongTo") == "preceding"
    assert [one.text for one in classes.iter(f"{SE}Value")] == [one.get("color") for one in items]
    assert [one.text for one in classes.iter(f"{SE}Threshold")] == [one.get("value") for one in items[:-1]]


@pytest.mark.parametrize(
    ("expression", "value", "told"),
    [
        ('"a"', "x", "a = x"),
        ("CASE WHEN \"a\" <= 5 THEN 'near' WHEN \"a\" <= 9 THEN 'far' END", "far", "(a > 5 or a null) and a <= 9"),
        ("coalesce(\"a\", 'unknown')", "unknown", "a = unknown or a null"),
        ('"a" || \' \' || "b"', "city core", "a = city and b = core"),
        ("CASE WHEN \"s\" NOT IN ('u') THEN 'none' END", "none", "(s <> u or s null) and not s null"),
        ('CASE WHEN "in" THEN "a" END', "x", "in like and a = x"),
        ("CASE WHEN \"a\" = 'x' AND false THEN 'y' ELSE \"a\" END", "z", "a = z"),
    ],
)
def test_classes_of_expressions_are_comparisons(expression, value, told):
    def said(node):
        if node.kind in ("and", "or"):
            texts = [f"({said(one)})" if one.kind == "or" else said(one) for one in node.parts]
            return f" {node.kind} ".join(texts)
        if node.kind == "not":
            return f"not {said(node.parts[0])}"
        other = [node.parts[1].text] if len(node.parts) > 1 else []
        return " ".join([node.parts[0].text, node.kind, *other])

    assert said(equals(Expression(expression).read(), value)).replace("((", "(") == told


def test_what_is_unknown_is_neither_within_a_limit_nor_beyond_it():
    within = Expression('"a" <= 5').read()
    assert {one.kind for one in holds(within, is_so=False).parts} == {">", "null"}


def test_hostile_names_are_text():
    name = "<a> & \"b\" 'c'"
    style = Style(categorised("x", [Category((name,), name, symbol("line", line("#000000", width=1.0)))]))
    root = parsed(sld(style, name=name, title=name))
    assert [one.text for one in root.iter(f"{OGC}Literal")] == [name]
    assert {one.text for one in root.iter(f"{SE}Title")} == {name}
